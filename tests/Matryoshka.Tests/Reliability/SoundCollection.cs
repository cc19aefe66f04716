using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>What holds of every collection, whatever happened to it before.</summary>
internal static class SoundCollection
{
    private static readonly float[] Query = SeededVectors.Of(-1);

    /// <summary>Requires that a collection verifies and holds exactly one of the states, in every way of reading it; returns that state's index.</summary>
    public static async Task<int> MatchAsync(Collection collection, IReadOnlyList<Model> states, string context)
    {
        var match = await HoldsAsync(collection, states, context);
        var problems = await collection.VerifyAsync();
        Assert.True(problems.Count == 0, $"{context}: {string.Join('\n', problems)}");
        Assert.Equal(states[match].Records.Count, await collection.CountAsync());
        await SearchesAsync(collection, states[match], context);
        return match;
    }

    /// <summary>Requires that a collection lists exactly one of the states; returns that state's index.</summary>
    public static async Task<int> HoldsAsync(Collection collection, IReadOnlyList<Model> states, string context)
    {
        var found = await Observed.ReadAsync(collection);
        var differences = states.Select(state => state.Difference(found)).ToList();
        var match = differences.IndexOf(null);
        Assert.True(match >= 0, $"{context}: {found.Records.Count} records match none of {states.Count} states: {string.Join("; or ", differences)}");
        return match;
    }

    /// <summary>Opens what a crash left, requires one of the states, and that the next write works and removes what no commit names.</summary>
    public static async Task<int> RecoversAsync(string directory, IReadOnlyList<Model> states, string context)
    {
        using var collection = Collection.Open(directory, SeededVectors.Open);
        var match = await MatchAsync(collection, states, context);
        var next = Operation.Versioned("written after the crash", 1);
        await collection.UpsertAsync(next);
        Assert.Equal(next.Text, (await collection.GetAsync(next.Key))?.Text);
        Assert.Equal(
            collection.GetInfo().Segments.SelectMany(s => s.ListsBytes is null ? [s.File] : new[] { s.File, StorePaths.ListsFile(s.File) }).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(new StorePaths(directory).Segments).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        return match;
    }

    /// <summary>Searches at every dimension give what a scan in double precision gives.</summary>
    public static async Task SearchesAsync(Collection collection, Model model, string context)
    {
        foreach (var d in SeededVectors.Nested.Dimensions)
            Same(await collection.SearchAsync(Query, new() { Dimensions = d }), model, model.Nearest(Query, d, 10), Query, d, context);
    }

    /// <summary>Requires each place's score, and each hit's own, to be the expected one within half precision: then only ties may differ.</summary>
    public static void Same(SearchResults found, Model model, List<(string Key, double Score)> expected, float[] query, int d, string context)
    {
        const double Tolerance = 2e-3;
        Assert.True(found.Hits.Count == expected.Count, $"{context}: {found.Hits.Count} hits at {d}, expected {expected.Count}");
        Assert.Equal(found.Hits.Count, found.Hits.Select(h => h.Key).Distinct().Count());
        for (var i = 0; i < expected.Count; i++)
        {
            var own = Model.Cosine(query, model.Records[found.Hits[i].Key].Vector, d);
            Assert.True(Math.Abs(found.Hits[i].Score - expected[i].Score) < Tolerance && Math.Abs(found.Hits[i].Score - own) < Tolerance,
                $"{context}: hit {i + 1} at {d} is '{found.Hits[i].Key}', {found.Hits[i].Score}, own {own}; expected '{expected[i].Key}', {expected[i].Score}");
        }
    }
}
