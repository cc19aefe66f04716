using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// The stages of a preset. Shares of lists and shortlists are from benchmarks/results/presets.md: a starting point, which a plan
/// measured on one's own data should replace.
/// </summary>
internal static class PresetPlan
{
    /// <summary>Under so many signs a cosine is estimated too coarsely to shortlist by; int8 costs little there anyway.</summary>
    private const int FewestSigns = 256;

    /// <summary>Up to so many rows an exact search by codes takes no longer than any shortlist: 0.15 ms for 10,000.</summary>
    private const long ExactUpTo = 20_000;

    /// <summary>
    /// Up to so many rows a scan of all signs, 2.7 ns a row, takes no longer than lists do for the recall wanted, and finds 0.999.
    /// </summary>
    private static long ScansUpTo(SearchPreset preset) => preset switch { SearchPreset.Fast => 40_000, SearchPreset.Balanced => 150_000, _ => 1_500_000 };

    /// <summary>The rows for which the shares below were measured.</summary>
    private const double Measured = 500_000;

    /// <param name="preset">Which one.</param>
    /// <param name="meta">What the collection stores.</param>
    /// <param name="snapshot">The rows, and where they are.</param>
    /// <param name="prefix">The dimensions searched at.</param>
    /// <param name="k">How many hits.</param>
    public static SearchPlan For(SearchPreset preset, CatalogMeta meta, Snapshot snapshot, int prefix, int k)
    {
        var (rows, listed) = (snapshot.LiveRows, snapshot.ListedRows);
        int? dimensions = prefix == meta.Recipe.Dimensions.Full ? null : prefix;
        var full = new SearchStage(meta.FullPrecision, dimensions, null);
        if (preset == SearchPreset.Exact || listed == 0 && rows <= ExactUpTo)
            return meta.Int8 ? new(new SearchStage(Precision.Int8, dimensions, null) { Bounded = true }, full) : new(full);
        // The last stage of the fastest plan reads codes: full vectors cost twice the bytes for one hit in three hundred.
        var codes = new SearchStage(Precision.Int8, dimensions, null);
        SearchStage[] rescore = !meta.Int8 ? [full] : preset == SearchPreset.Fast ? [codes] : [codes with { Keep = preset == SearchPreset.Accurate ? Keep(k, 5, 50) : Keep(k, 3, 30) }, full];
        var signs = new SearchStage(Precision.Bit, dimensions, null);
        if (listed > 0 && prefix >= FewestSigns && (!snapshot.SignsResident || rows > ScansUpTo(preset)))
        {
            var (percent, times) = preset switch { SearchPreset.Fast => (2.5, 10), SearchPreset.Balanced => (8.0, 10), _ => (28.0, 15) };
            return new([signs with { ListsPercent = Share(percent, listed), Keep = Keep(k, times, 10 * times) }, .. rescore]);
        }
        if (meta.Bit && prefix >= FewestSigns)
            return new([signs with { Keep = preset switch { SearchPreset.Fast => Keep(k, 10, 100), SearchPreset.Balanced => Keep(k, 20, 200), _ => Keep(k, 40, 400) } }, .. rescore]);
        return new([.. rescore]);
    }

    /// <summary>More rows have more lists and nearer neighbours: the share that holds as many of them falls with the root of the rows.</summary>
    private static decimal Share(double percent, long listed) => (decimal)Math.Round(Math.Clamp(percent * Math.Sqrt(Measured / listed), 0.5, 100), 1);

    private static int Keep(int k, int times, int least) => Math.Clamp((int)Math.Min((long)k * times, SearchPlan.MaxKeep), least, SearchPlan.MaxKeep);
}
