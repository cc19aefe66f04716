using System.Text.Json.Nodes;
using Matryoshka.Training;

namespace Matryoshka.Tests.Training;

/// <summary>Pairs made up by rule: a question about a thing, and a passage that speaks of it among other words.</summary>
internal static class SmallPairs
{
    private static readonly string[] Things = ["river", "engine", "violin", "planet", "bread", "castle", "protein", "market", "forest", "bridge", "camera", "desert", "island", "letter", "window", "garden"];

    private static readonly string[] Verbs = ["build", "measure", "paint", "repair", "describe", "sell", "clean", "cross"];

    private static readonly string[] Answers = ["made", "length", "colour", "broken", "known", "price", "washed", "over"];

    public static IEnumerable<(string A, string B)> All()
    {
        for (var thing = 0; thing < Things.Length; thing++)
            for (var verb = 0; verb < Verbs.Length; verb++)
                yield return ($"how do you {Verbs[verb]} a {Things[thing]}?", $"It is said of the old {Things[thing]} that its {Answers[verb]} was told by {Things[(thing + verb) % Things.Length]} people in the north.");
    }

    public static string Write(string path, params string[] more)
    {
        File.WriteAllLines(path, All().Select(pair => new JsonObject { ["a"] = pair.A, ["b"] = pair.B }.ToJsonString()).Concat(more));
        return path;
    }

    /// <summary>A training of a moment.</summary>
    public static StaticTrainingOptions Options(string pairs, string output) => new()
    {
        Pairs = [pairs],
        Output = output,
        Dimensions = [4, 8, 24],
        Steps = 30,
        Batch = 32,
        HeldOut = 2,
        Threads = 2,
        MaxTokens = 64,
        CheckpointEvery = TimeSpan.FromDays(1),
    };
}
