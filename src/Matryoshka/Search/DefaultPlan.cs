using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// The plan of a search that names none, until one has been measured on the collection. Chosen from
/// benchmarks/results/search.md: on 100,000 passages, signs of all dimensions, then int8, then the full vector keep more
/// of the exact first ten, in less time, than int8 at half the dimensions does.
/// </summary>
internal static class DefaultPlan
{
    /// <summary>Under so many signs a cosine is estimated too coarsely to shortlist by; int8 costs little there anyway.</summary>
    private const int FewestSigns = 256;

    public static SearchPlan For(CatalogMeta meta, int k = 10)
    {
        var full = new SearchStage(meta.FullPrecision, null, null);
        if (meta.Bit && meta.Int8 && meta.Recipe.Dimensions.Full >= FewestSigns)
            return new(new SearchStage(Precision.Bit, null, Keep(k, 100, 1000)), new SearchStage(Precision.Int8, null, Keep(k, 5, 50)), full);
        return meta.Int8 ? new(new SearchStage(Precision.Int8, null, Keep(k, 5, 50)), full) : new(full);
    }

    private static int Keep(int k, int times, int least) => Math.Clamp((int)Math.Min((long)k * times, SearchPlan.MaxKeep), least, SearchPlan.MaxKeep);
}
