using System.Globalization;
using Matryoshka.Cli.Output;
using Matryoshka.Training;

namespace Matryoshka.Cli.Commands;

/// <summary>Runs a training in front of a person or a program.</summary>
internal static class TrainingRun
{
    public static void Static(Session session, StaticTrainingOptions options, CancellationToken cancellationToken)
    {
        StaticTrainingResult result;
        using (var line = new TrainingLine(session))
        {
            session.Kept = $"'{options.Output}' holds what was written before";
            try
            {
                result = StaticTrainer.Train(options, line, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                session.Kept = line.Steps > 0 ? $"the checkpoint of step {Figures.Plain(line.Steps)} is in '{options.Output}': go on with --resume" : "no step was done yet";
                throw;
            }
        }
        session.Kept = null;
        if (result.Skipped > 0)
            session.Warn($"{Figures.Count(result.Skipped, "line")} held no usable pair.");
        if (session.Json)
            session.WriteJson(TrainJson.From(options.Output, result), CliJson.Shapes.TrainJson);
        else
            Write(session, options, result);
    }

    private static void Write(Session session, StaticTrainingOptions options, StaticTrainingResult result)
    {
        var prefixes = options.EvaluateDimensions ?? options.Dimensions;
        if (result.HeldOut.Count > 0)
        {
            var held = new Sheet([new("pairs held out"), .. options.Dimensions.Select(d => new Column(Figures.Plain(d), Right: true))]) { LineName = "held out" };
            held.Add([new("nDCG@10"), .. result.HeldOut.Select(value => new Cell(Fixed(value)))]);
            held.Write(session);
        }
        if (result.Collections.Count > 0)
        {
            var sheet = new Sheet([new("collection"), new("measure"), .. prefixes.Select(d => new Column(Figures.Plain(d), Right: true))]) { LineName = "quality" };
            foreach (var collection in result.Collections)
            {
                sheet.Add([new(collection.Name), new("nDCG@10"), .. collection.Prefixes.Select(prefix => new Cell(Fixed(prefix.Ndcg)))]);
                sheet.Add([new(collection.Name), new("recall@100"), .. collection.Prefixes.Select(prefix => new Cell(Fixed(prefix.Recall)))]);
            }
            sheet.Add([new("mean"), new("nDCG@10"), .. prefixes.Select((_, i) => new Cell(Fixed(result.Collections.Average(c => c.Prefixes[i].Ndcg)), CellStyle.Strong))]);
            sheet.Add([new("mean"), new("recall@100"), .. prefixes.Select((_, i) => new Cell(Fixed(result.Collections.Average(c => c.Prefixes[i].Recall)), CellStyle.Strong))]);
            sheet.Write(session);
        }
        session.Note($"'{result.Name}' is in '{options.Output}' after {Figures.Count(result.Steps, "step")} in {Figures.Seconds(result.Seconds)} ({Figures.Seconds(result.CpuSeconds)} of processor time); its int8 form in '{Path.Join(options.Output, "int8")}'. Use it with --model DIR.");
    }

    private static string Fixed(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}

/// <summary>The answer to <c>mrl train static</c>.</summary>
internal sealed record TrainJson(
    string Model, string Output, IReadOnlyDictionary<string, int> Pairs, long SkippedLines, int Steps, double Seconds, double CpuSeconds, double Loss,
    IReadOnlyList<double> HeldOut, IReadOnlyList<CollectionResult> Collections)
{
    public static TrainJson From(string output, StaticTrainingResult result)
    {
        var pairs = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (source, count) in result.Pairs)
            pairs[source] = pairs.GetValueOrDefault(source) + count;
        return new(result.Name, output, pairs, result.Skipped, result.Steps, result.Seconds, result.CpuSeconds, result.Loss, result.HeldOut, result.Collections);
    }
}
