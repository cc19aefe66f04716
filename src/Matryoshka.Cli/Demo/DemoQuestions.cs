using System.Globalization;
using System.Text.Json;

namespace Matryoshka.Cli.Demo;

/// <summary>A question and the key of the paragraph that answers it.</summary>
internal sealed record DemoQuestion(string Text, string Answer);

/// <summary>Reads the judged questions that ship beside the demonstration's paragraphs.</summary>
internal static class DemoQuestions
{
    /// <summary>Evenly spread over the collection's articles.</summary>
    public static List<DemoQuestion> Read(string folder, int count)
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Join(folder, "qrels.test.tsv")).Skip(1))
        {
            var cells = line.Split('\t');
            if (int.Parse(cells[2], CultureInfo.InvariantCulture) > 0)
                answers[cells[0]] = cells[1];
        }
        var questions = new List<DemoQuestion>(answers.Count);
        foreach (var line in File.ReadLines(Path.Join(folder, "queries.jsonl")))
        {
            using var document = JsonDocument.Parse(line);
            if (answers.TryGetValue(document.RootElement.GetProperty("_id").GetString()!, out var answer))
                questions.Add(new(document.RootElement.GetProperty("text").GetString()!, answer));
        }
        var step = Math.Max(1.0, (double)questions.Count / count);
        return [.. Enumerable.Range(0, Math.Min(count, questions.Count)).Select(i => questions[(int)(i * step)])];
    }
}
