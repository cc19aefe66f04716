using System.Text;
using System.Text.Json;
using Matryoshka.Training.Checkpoints;

namespace Matryoshka.Training.Export;

/// <summary>Writes beside a model how it came about: <c>training.json</c>, the recipe and what was measured.</summary>
internal static class TrainingRecord
{
    public static void Write(StaticTrainingOptions options, StaticTrainingResult result) =>
        WholeFile.Write(Path.Join(options.Output, "training.json"), stream =>
        {
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
            {
                json.WriteStartObject();
                Recipe(json, options);
                Outcome(json, options, result);
                json.WriteEndObject();
            }
            stream.Write(Encoding.UTF8.GetBytes("\n"));
        });

    private static void Recipe(Utf8JsonWriter json, StaticTrainingOptions options)
    {
        json.WriteStartObject("recipe");
        Numbers(json, "dimensions", options.Dimensions.Select(d => (double)d));
        if (options.Weights is { } weights)
            Numbers(json, "weights", weights);
        Numbers(json, "scales", options.Scales);
        json.WriteNumber("symmetric", options.SymmetricShare);
        json.WriteNumber("steps", options.Steps);
        json.WriteNumber("batch", options.Batch);
        json.WriteString("optimiser", options.Optimiser.ToString());
        json.WriteNumber("rate", options.Rate);
        json.WriteNumber("warmUp", options.WarmUp);
        json.WriteNumber("sourceCap", options.SourceCap);
        json.WriteNumber("initialPower", options.InitialPower);
        json.WriteNumber("initialScale", options.InitialScale);
        json.WriteString("pooling", options.Pooling.ToString());
        json.WriteNumber("kinship", options.Kinship);
        json.WriteNumber("cloze", options.Cloze);
        json.WriteNumber("sparse", options.Sparse);
        json.WriteNumber("hardNegatives", options.HardNegatives);
        json.WriteNumber("maxTokens", options.MaxTokens);
        json.WriteNumber("seed", options.Seed);
        json.WriteEndObject();
    }

    private static void Outcome(Utf8JsonWriter json, StaticTrainingOptions options, StaticTrainingResult result)
    {
        json.WriteStartObject("pairs");
        foreach (var (source, pairs) in result.Pairs)
            json.WriteNumber(source, pairs);
        json.WriteEndObject();
        json.WriteNumber("skippedLines", result.Skipped);
        json.WriteNumber("seconds", Math.Round(result.Seconds, 1));
        json.WriteNumber("cpuSeconds", Math.Round(result.CpuSeconds, 1));
        json.WriteNumber("loss", Math.Round(result.Loss, 5));
        Numbers(json, "heldOutNdcg10", result.HeldOut.Select(value => Math.Round(value, 4)));
        json.WriteStartArray("collections");
        foreach (var collection in result.Collections)
        {
            json.WriteStartObject();
            json.WriteString("name", collection.Name);
            json.WriteNumber("queries", collection.Queries);
            json.WriteNumber("documents", collection.Documents);
            Numbers(json, "dimensions", collection.Prefixes.Select(prefix => (double)prefix.Dimensions));
            Numbers(json, "ndcg10", collection.Prefixes.Select(prefix => Math.Round(prefix.Ndcg, 4)));
            Numbers(json, "recall100", collection.Prefixes.Select(prefix => Math.Round(prefix.Recall, 4)));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IEnumerable<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
