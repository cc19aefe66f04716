using System.Diagnostics;
using System.Globalization;
using Matryoshka.Cli.Output;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Models;

/// <summary>What a model did with a few texts.</summary>
internal sealed record ModelTrial(List<FindingJson> Findings, double TextsPerSecond, double? TokensPerSecond)
{
    // Each question is answered by the text beside it, and shares a word or two with it.
    private static readonly (string Question, string Text)[] Pairs =
    [
        ("how are log files rotated", "Log files are rotated every night; seven old files are kept and compressed."),
        ("which planet has four large moons", "The planet Jupiter has four large moons that Galileo saw in 1610."),
        ("what does a sourdough starter need", "A sourdough starter needs flour and water every day, or it dies."),
        ("when was the old bridge closed for repair", "The old bridge over the river was closed for repair in the spring of 1987."),
    ];

    private const int TimedTexts = 64;
    private const double SameVector = 0.999;

    public static async Task<ModelTrial> RunAsync(LoadedModel model, CancellationToken cancellationToken)
    {
        var (generator, dimensions) = (model.Generator, model.Recipe.Dimensions);
        async Task<float[][]> Embed(IEnumerable<string> texts, EmbeddingRole role, int? d = null)
        {
            var embeddings = await generator.GenerateAsync([.. texts], role, d is null ? null : new() { Dimensions = d }, cancellationToken).ConfigureAwait(false);
            return [.. embeddings.Select(embedding => embedding.Vector.ToArray())];
        }

        var questions = await Embed(Pairs.Select(pair => pair.Question), EmbeddingRole.Query).ConfigureAwait(false);
        var texts = await Embed(Pairs.Select(pair => pair.Text), EmbeddingRole.Document).ConfigureAwait(false);
        var findings = new List<FindingJson> { Sizes([.. questions, .. texts], dimensions), Norms([.. questions, .. texts]) };

        var alone = await Embed([Pairs[2].Text], EmbeddingRole.Document).ConfigureAwait(false);
        findings.Add(Compare("same vector alone as in a batch", Cosine(alone[0], texts[2]), SameVector));
        if (model.Recipe.QueryPrompt != model.Recipe.DocumentPrompt)
        {
            var asked = await Embed([Pairs[2].Text], EmbeddingRole.Query).ConfigureAwait(false);
            var same = Cosine(asked[0], texts[2]);
            findings.Add(new("prompts tell queries from documents", same < 0.99999, $"a text as query and as document: cosine {Number(same)}"));
        }
        findings.Add(Finds("full size", dimensions.Full, questions, texts));
        foreach (var d in Prefixes(dimensions))
        {
            findings.Add(Finds($"{d} dimensions", d, questions, texts));
            var cut = await Embed([Pairs[2].Text], EmbeddingRole.Document, d).ConfigureAwait(false);
            findings.Add(Compare($"cut to {d} as the recipe cuts", model.Recipe.BeforeTruncation == PreTruncation.None && cut[0].Length == d ? Cosine(cut[0], texts[2].AsSpan(0, d)) : cut[0].Length == d ? 1 : 0, SameVector));
        }
        var (textRate, tokenRate) = await TimeAsync(generator, cancellationToken).ConfigureAwait(false);
        return new(findings, textRate, tokenRate);
    }

    // The smallest says most; one in the middle is what people use.
    private static IEnumerable<int> Prefixes(NestedDimensions dimensions)
    {
        int[] nested = [.. dimensions.Dimensions.Where(d => d < dimensions.Full)];
        return nested.Length == 0 ? [] : ((int[])[nested[0], nested[nested.Length / 2]]).Distinct();
    }

    private static FindingJson Sizes(float[][] vectors, NestedDimensions dimensions) =>
        new("dimensions are the recipe's", Array.TrueForAll(vectors, vector => vector.Length == dimensions.Full), $"{string.Join(", ", vectors.Select(vector => vector.Length).Distinct())} of {dimensions.Full}");

    private static FindingJson Norms(float[][] vectors)
    {
        var norms = Array.ConvertAll(vectors, vector => Math.Sqrt(vector.Sum(x => (double)x * x)));
        return new("vectors have length 1", norms.All(norm => Math.Abs(norm - 1) < 1e-3), $"{Number(norms.Min())} to {Number(norms.Max())}");
    }

    private static FindingJson Compare(string check, double cosine, double least) => new(check, cosine >= least, $"cosine {Number(cosine)}");

    // A model of another language or field may miss one; chance alone finds one of four.
    private static FindingJson Finds(string size, int d, float[][] questions, float[][] texts)
    {
        var found = Enumerable.Range(0, questions.Length).Count(q =>
            Enumerable.Range(0, texts.Length).MaxBy(t => Cosine(questions[q].AsSpan(0, d), texts[t].AsSpan(0, d))) == q);
        return new($"questions find their texts at {size}", found > questions.Length / 2, $"{found} of {questions.Length}");
    }

    private static async Task<(double Texts, double? Tokens)> TimeAsync(IEmbeddingGenerator<string, Embedding<float>> generator, CancellationToken cancellationToken)
    {
        // Numbered, so that no cache has them.
        var texts = Enumerable.Range(0, TimedTexts).Select(i => string.Create(CultureInfo.InvariantCulture, $"{Pairs[i % Pairs.Length].Text} ({Stopwatch.GetTimestamp()}, {i})")).ToList();
        var started = Stopwatch.GetTimestamp();
        var answer = await generator.GenerateAsync(texts, EmbeddingRole.Document, null, cancellationToken).ConfigureAwait(false);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return (TimedTexts / seconds, answer.Usage?.InputTokenCount is { } tokens and > 0 ? tokens / seconds : null);
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        return aa > 0 && bb > 0 ? ab / Math.Sqrt(aa * bb) : 0;
    }

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
