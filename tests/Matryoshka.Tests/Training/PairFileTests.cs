using System.IO.Compression;
using Matryoshka.Tests.Collections;
using Matryoshka.Training;
using Xunit;

namespace Matryoshka.Tests.Training;

public class PairFileTests
{
    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{", "is not valid JSON")]
    [InlineData("[1]", "is not a JSON object")]
    [InlineData("{\"b\": \"x\"}", "has no text 'a'")]
    [InlineData("{\"a\": 3, \"b\": \"x\"}", "has no text 'a'")]
    [InlineData("{\"a\": \"x\", \"b\": \" \"}", "has an empty 'b'")]
    [InlineData("{\"a\": \"x\", \"b\": \"y\", \"score\": \"high\"}", "has a 'score' that is not a number")]
    public void A_bad_line_is_refused_by_its_number_or_skipped(string line, string problem)
    {
        using var folder = new TestFolder();
        var path = folder.At("pairs.jsonl");
        File.WriteAllLines(path, ["{\"a\": \"one\", \"b\": \"two\"}", line, "{\"a\": \"three\", \"b\": \"four\", \"score\": 0.5}"]);
        var error = Assert.Throws<InvalidFormatException>(() => PairFile.Read(path).ToList());
        Assert.Contains($"Line 2 of '{path}' {problem}", error.Message, StringComparison.Ordinal);
        var bad = new List<BadPair>();
        Assert.Equal([new("one", "two"), new("three", "four", 0.5f)], PairFile.Read(path, bad.Add));
        Assert.Equal([new BadPair(path, 2, problem)], bad);
    }

    [Fact]
    public void Gzip_is_read_by_the_name_and_a_damaged_one_is_said()
    {
        using var folder = new TestFolder();
        var path = folder.At("pairs.jsonl.gz");
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest))
            gzip.Write("{\"a\": \"one\", \"b\": \"two\"}\n"u8);
        Assert.Equal([new TrainingPair("one", "two")], PairFile.Read(path));
        File.WriteAllText(path, "this is not gzip");
        Assert.Contains("is damaged after line 0", Assert.Throws<InvalidFormatException>(() => PairFile.Read(path).ToList()).Message, StringComparison.Ordinal);
        Assert.Contains("There is no file", Assert.Throws<TrainingException>(() => PairFile.Read(folder.At("none")).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_usable_pair_ends_the_training()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder.At("empty.jsonl"), "");
        var options = SmallPairs.Options(folder.At("empty.jsonl"), folder.At("model"));
        Assert.Contains("it is empty", Assert.Throws<TrainingException>(() => StaticTrainer.Train(options)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.At("empty.jsonl"), "{}\n{}\n");
        Assert.Contains("of 2 lines the first, 1, has no text 'a'", Assert.Throws<TrainingException>(() => StaticTrainer.Train(options with { SkipBadPairs = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_cannot_be_meant_are_refused()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model"));
        void Refused(string part, StaticTrainingOptions wrong) =>
            Assert.Contains(part, Assert.ThrowsAny<MatryoshkaException>(() => StaticTrainer.Train(wrong)).Message, StringComparison.Ordinal);
        Refused("must ascend, but 16 follows 32", options with { Dimensions = [32, 16] });
        Refused("2 weights were given for 3 dimensions", options with { Weights = [1, 1] });
        Refused("The scales are 20, 30", options with { Scales = [20, 30] });
        Refused("The rate is 0;", options with { Rate = 0 });
        Refused("The batch is 1; 2 to 16384", options with { Batch = 1 });
        Refused("64 dimensions cannot be measured of a model that has 24", options with { EvaluateDimensions = [8, 64] });
        Refused("is not a judged collection", options with { Evaluate = [folder.At("nothing")] });
        Refused("at least one file", options with { Pairs = [] });
    }

    [Fact]
    public void Skipped_lines_are_counted_and_told()
    {
        using var folder = new TestFolder();
        var told = new List<BadPair>();
        var path = SmallPairs.Write(folder.At("pairs.jsonl"), "{}", "nonsense");
        var result = StaticTrainer.Train(SmallPairs.Options(path, folder.At("model")) with { SkipBadPairs = true, OnBadPair = told.Add, Steps = 2 });
        Assert.Equal(2, result.Skipped);
        Assert.Equal([129, 130], told.Select(bad => bad.Line));
        Assert.Equal(128, Assert.Single(result.Pairs).Value);
    }
}
