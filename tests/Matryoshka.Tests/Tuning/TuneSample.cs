using Matryoshka.Tests.Collections;
using Matryoshka.Tuning;
using Xunit;

namespace Matryoshka.Tests.Tuning;

/// <summary>
/// Vectors whose first components tell most, and queries beside some of them: small enough for a test, large enough to lose something.
/// A query and its record share a word, which a reranker may go by; what queries say is hostile to a page.
/// </summary>
public sealed class TuneSample : IDisposable
{
    public const int Full = 64;
    public const int Records = 800;

    private readonly TestFolder folder = new();
    private TuneReport? report;

    public TuneSample()
    {
        Collection = Collection.Create(Path, new() { Recipe = new() { Name = "test/tune", Dimensions = NestedDimensions.Trained(8, 16, 32, Full) } });
        Collection.UpsertAsync(Enumerable.Range(0, Records).Select(i => new Record { Key = $"d{i}", Text = $"record n{i}", Vector = Vector(i, null) })).GetAwaiter().GetResult();
        Queries = [.. Enumerable.Range(0, 200).Select(i => new TuneQuery($"q{i}", Vector(i * 4, i), $"where is n{i * 4} <script>alert('{i}')</script>"))];
        foreach (var query in Queries)
        {
            var number = int.Parse(query.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            Judgements.Add(query.Id, $"d{number * 4}", 2);
            Judgements.Add(query.Id, $"d{(number * 4 + 1) % Records}", 0);
        }
    }

    public string Path => folder.At("tune.mrl");

    public Collection Collection { get; }

    public IReadOnlyList<TuneQuery> Queries { get; }

    public Judgements Judgements { get; } = new();

    public string At(string name) => folder.At(name);

    /// <summary>Money is for memory alone: times of some microseconds, beside other tests, would make the choice a matter of luck.</summary>
    public static TuneOptions Quick { get; } = new() { Budget = TimeSpan.FromSeconds(0.5), Keep = 0.9, Threads = 1, Prices = new() { MemoryGbMonth = 1000 } };

    /// <summary>A few plans instead of the grid: for what does not depend on what is tried.</summary>
    public static TuneOptions Few { get; } = Quick with { Budget = TimeSpan.FromSeconds(0.3), Plans = [.. new[] { "f16:8", "bit:full", "bit:full x20 > f16:full", "int8:32 x40 > f16:full", "int8:full" }.Select(SearchPlan.Parse)] };

    /// <summary>What a run over the whole grid finds: one for all tests that look at it.</summary>
    public TuneReport Report => report ??= Tuner.Run(Collection, Queries, Judgements, Quick);

    // The later a component the smaller, as nested training leaves them; a query is its record and noise.
    private static float[] Vector(int seed, int? noise)
    {
        var vector = new float[Full];
        var (random, other) = (new Random(seed), new Random(noise ?? 0));
        for (var i = 0; i < Full; i++)
            vector[i] = (float)((random.NextDouble() - 0.5 + (noise is null ? 0 : 0.9 * (other.NextDouble() - 0.5))) / Math.Sqrt(1 + i / 4.0));
        return vector;
    }

    public void Dispose()
    {
        Collection.Dispose();
        folder.Dispose();
    }
}

/// <summary>Tests that share one tuned collection; they run one after the other, as what is timed must.</summary>
[CollectionDefinition(Name)]
public sealed class Tuned : ICollectionFixture<TuneSample>
{
    public const string Name = "tuned";
}
