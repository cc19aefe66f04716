using Matryoshka.Tests.Collections;
using Matryoshka.Tuning;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed class TruthFileTests : IDisposable
{
    private readonly TestFolder folder = new();

    [Fact]
    public void Trec_beir_and_json_judgements_read_alike()
    {
        var trec = QrelsFile.Read(Written("q1 0 d1 2", "q1 0 d2 0", "q2 0 d3 1"));
        var beir = QrelsFile.Read(Written("query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t0", "q2\td3\t1"));
        var json = QrelsFile.Read(Written("{\"_id\": \"q1\", \"text\": \"a\", \"relevant\": {\"d1\": 2, \"d2\": 0}}", "{\"id\": \"q2\", \"text\": \"b\", \"relevant\": [\"d3\"]}", "{\"_id\": \"q3\", \"text\": \"c\"}"));
        foreach (var judgements in new[] { trec, beir, json })
        {
            Assert.Equal(["q1", "q2"], judgements.Queries);
            Assert.Equal(2, judgements["q1"]["d1"]);
            Assert.Equal(0, judgements["q1"]["d2"]);
            Assert.Equal(1, judgements["q2"]["d3"]);
            Assert.Empty(judgements["q3"]);
            Assert.Equal(3, judgements.Count);
        }
    }

    [Fact]
    public void A_pair_judged_twice_is_counted_and_the_last_grade_holds()
    {
        var judgements = QrelsFile.Read(Written("q1 0 d1 2", "q1 0 d1 0"));
        Assert.Equal((1, 1, 0), (judgements.Count, judgements.Repeated, judgements["q1"]["d1"]));
    }

    [Theory]
    [InlineData("q1 0 d1 relevant")]
    [InlineData("q1 d1")]
    [InlineData("{\"_id\": \"q1\", \"relevant\": 3}")]
    [InlineData("{\"relevant\": [\"d1\"]}")]
    [InlineData("{\"_id\": \"q1\", \"relevant\": {\"d1\": 0.5}}")]
    [InlineData("{\"_id\": ")]
    [InlineData("")]
    public void A_line_of_another_form_is_refused_with_its_number(string line)
    {
        var path = line.Length == 0 ? Written(line) : Written("q0 0 d0 1", line);
        var error = Assert.Throws<InvalidFormatException>(() => QrelsFile.Read(path));
        Assert.Contains(line.Length == 0 ? "no judgements" : "Line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_ordered_by_score_and_equal_scores_by_key_descending_whatever_its_ranks_say()
    {
        var run = TrecRunFile.Read(Written("q1 Q0 a 1 0.5 t", "q1 Q0 c 2 0.9 t", "q1 Q0 b 3 0.5 t", "q2 Q0 a 1 -1e3 t"));
        Assert.Equal(["c", "b", "a"], run["q1"]);
        Assert.Equal(["a"], run["q2"]);
    }

    // A 32-bit float cannot tell these apart, and trec_eval holds scores in one.
    [Fact]
    public void Scores_that_a_float_cannot_tell_apart_tie() =>
        Assert.Equal(["b", "a"], TrecRunFile.Read(Written("q1 Q0 a 1 0.900000001 t", "q1 Q0 b 2 0.9 t"))["q1"]);

    [Fact]
    public void A_key_that_stands_twice_in_a_run_is_refused() =>
        Assert.Contains("twice", Assert.Throws<InvalidFormatException>(() => TrecRunFile.Read(Written("q1 Q0 a 1 2 t", "q1 Q0 a 2 1 t"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("nowhere", Assert.Throws<MatryoshkaException>(() => QrelsFile.Read(folder.At("nowhere"))).Message, StringComparison.Ordinal);

    public void Dispose() => folder.Dispose();

    private string Written(params string[] lines)
    {
        var path = folder.At(Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, string.Join('\n', lines) + "\n");
        return path;
    }
}
