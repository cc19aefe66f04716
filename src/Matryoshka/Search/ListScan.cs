using Matryoshka.Kernels;
using Matryoshka.Lists;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Searches a segment through its lists: ranks them by their centroids, reads the best share of them, best first. Of each
/// posting the first half of the signs is read; the other half only where it can still bring it among the best.
/// </summary>
/// <remarks>
/// That stop is statistical: of the rows that would end exactly at the threshold about one in fifty is missed, of those
/// above it fewer. Which lists are left out is statistical as well. Reading all lists leaves out none.
/// </remarks>
internal sealed unsafe class ListScan
{
    /// <summary>Standard deviations that the second half of a row's signs may speak better for it than the first.</summary>
    private const float Doubt = 1;

    private const int Block = BlockScorer.Rows;

    /// <summary>Places that remember rows already offered. A power of two; 8 KiB stay in the first-level cache.</summary>
    private const int Remembered = 1024;

    /// <summary>Postings that wait for their second half: by the time so many are found, the first one's has come from memory.</summary>
    private const int Waiting = 64;

    private const int Group = ListsView.Group;

    private readonly KernelSet kernels = KernelSet.Current;
    private readonly SignQuery query;
    private readonly int[] sums = ScoreBlock.Mine.Sums;
    private readonly int[] picked = ScoreBlock.Mine.Picked;
    private readonly float[] scores = ScoreBlock.Mine.Scores;
    private readonly uint[] offeredRows = new uint[Remembered];
    private readonly float[] offeredScores = new float[Remembered];
    private readonly int[] waitingPlaces = new int[Waiting];
    private readonly int[] waitingSums = new int[Waiting];
    private readonly float[] waitingCentroids = new float[Waiting];
    private int waitingCount;

    /// <param name="query">The query in the parts that <see cref="Parts"/> names.</param>
    public ListScan(SignQuery query) => this.query = query;

    /// <summary>Postings whose first half was read.</summary>
    public long Read { get; private set; }

    /// <summary>Postings whose second half was read too.</summary>
    public long ReadFully { get; private set; }

    /// <summary>Lists read.</summary>
    public int Visited { get; private set; }

    /// <summary>Bytes of centroids and postings read.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Where the parts of a prefix end that lists keep apart.</summary>
    public static int[] Parts(ListsView view, int prefix) => prefix > view.NearColumns * 64 ? [view.NearColumns * 64, prefix] : [prefix];

    /// <summary>Offers the rows of the nearest lists; a row may be offered twice, with another estimate.</summary>
    /// <param name="view">The lists.</param>
    /// <param name="share">Of the lists, above 0 to 1.</param>
    /// <param name="top">Where rows go; tags are <paramref name="tag"/> plus the row.</param>
    /// <param name="tag">Added to every row.</param>
    /// <param name="dead">Rows to leave out.</param>
    /// <param name="allowed">Rows to leave in; null for all.</param>
    public void Run(ListsView view, double share, TopK top, long tag, RowBitmap? dead, RowBitmap? allowed)
    {
        offeredRows.AsSpan().Fill(ListsView.None);
        var count = Math.Clamp((int)Math.Ceiling(share * view.Lists), 1, view.Lists);
        var ranked = Rank(view, count);
        var target = new Target(view, top, tag, dead, allowed);
        for (var i = 0; i < ranked.Length; i++)
        {
            var (first, end) = Part(view, ranked[i], count);
            if (i + 1 < ranked.Length)
                Ask(view, Part(view, ranked[i + 1], count));
            for (; first < end; first += Block)
                Offer(target, first, (int)Math.Min(Block, end - first), ranked[i].Score);
            Visited++;
        }
        Finish(target);
    }

    /// <summary>The postings of a list: where all lists are read, only those of the rows for which it is the first.</summary>
    private static (uint First, uint End) Part(ListsView view, Scored ranked, int count) =>
        (view.Starts[2 * ranked.Tag], view.Starts[2 * ranked.Tag + (count == view.Lists ? 1 : 2)]);

    /// <summary>The nearest lists, best first, with the centroids' dots.</summary>
    private ReadOnlySpan<Scored> Rank(ListsView view, int count)
    {
        var best = new TopK(count);
        var ring = new Ring[1];
        fixed (int* dots = sums, places = picked)
        fixed (float* values = scores)
            for (var first = 0; first < view.Lists; first += Block)
            {
                var n = Math.Min(Block, view.Lists - first);
                ring[0] = new(view.CentroidCodes + (long)first * view.Dimensions, view.Dimensions, query.Codes, query.Dimensions);
                kernels.DotInt8(ring, n, dots);
                kernels.ScaleInt(dots, view.CentroidScales + first, SignQuery.Ones, query.CodeScale, values, n);
                best.Add(scores, picked.AsSpan(0, kernels.SelectAbove(values, n, best.AscendingThreshold, places)), first);
            }
        BytesRead += view.Lists * (view.Dimensions + (long)sizeof(float));
        return best.Best();
    }

    private void Offer(in Target target, uint first, int count, float centroid)
    {
        var view = target.View;
        fixed (int* half = sums, places = picked)
        fixed (float* values = scores)
        {
            kernels.BitDistanceInterleaved(view.Near + ListsView.GroupOffset(first, view.NearColumns), query.WeightsOf(0), Math.Min(view.NearColumns, query.Columns), view.NearColumns, count / Group, half);
            Read += count;
            BytesRead += count * ((long)view.NearColumns * sizeof(ulong) + sizeof(float));
            if (query.Columns <= view.NearColumns)
            {
                kernels.ScaleBits(half, query.Total, view.Factors + first, query.Step, centroid, values, count);
                var above = kernels.SelectAbove(values, count, target.Top.AscendingThreshold, places);
                for (var i = 0; i < above; i++)
                    Keep(target, (int)first + picked[i], values[picked[i]]);
                return;
            }
            // The first half must make up its share of what is missing, less the doubt.
            kernels.ScaleBits(half, query.NearTotal + query.Doubt(Doubt), view.Factors + first, query.Step, 0, values, count);
            var hopeful = kernels.SelectAbove(values, count, query.NearShare * (target.Top.AscendingThreshold - centroid), places);
            for (var i = 0; i < hopeful; i++)
                Wait(target, (int)first + picked[i], half[picked[i]], centroid);
        }
    }

    private void Wait(in Target target, int place, int half, float centroid)
    {
        var view = target.View;
        Cache.Ask(view.Far + (nint)place * view.FarColumns * sizeof(ulong), (query.Columns - view.NearColumns) * sizeof(ulong));
        Cache.Ask((byte*)(view.PostingRows + place), Cache.Line);
        (waitingPlaces[waitingCount], waitingSums[waitingCount], waitingCentroids[waitingCount]) = (place, half, centroid);
        if (++waitingCount == Waiting)
            Finish(target);
    }

    /// <summary>Reads the second halves of the postings that wait.</summary>
    private void Finish(in Target target)
    {
        var view = target.View;
        if (waitingCount == 0)
            return;
        Ring[] far = [new(view.Far, (nint)view.FarColumns * sizeof(ulong), query.WeightsOf(1), query.Dimensions - view.NearColumns * 64)];
        var rest = stackalloc int[Waiting];
        kernels.BitDistanceAt(far, waitingPlaces.AsSpan(0, waitingCount), rest);
        for (var i = 0; i < waitingCount; i++)
        {
            var place = waitingPlaces[i];
            Keep(target, place, waitingCentroids[i] + (query.Total - 2 * (waitingSums[i] + rest[i])) * query.Step * view.Factors[place]);
        }
        ReadFully += waitingCount;
        BytesRead += waitingCount * ((long)view.FarColumns * sizeof(ulong) + sizeof(uint));
        waitingCount = 0;
    }

    private void Keep(in Target target, int place, float score)
    {
        var row = target.View.PostingRows[place];
        // Fillers name no row, and neither may a damaged file.
        if (score > target.Top.AscendingThreshold && row < target.View.Rows && target.Dead?[(int)row] != true && target.Allowed?[(int)row] != false && IsNew(row, score))
            target.Top.Add(score, target.Tag + row);
    }

    // Of a row's two estimates the worse one would take another row's place. What is forgotten only costs that place.
    private bool IsNew(uint row, float score)
    {
        var at = row % Remembered;
        if (offeredRows[at] == row && offeredScores[at] >= score)
            return false;
        (offeredRows[at], offeredScores[at]) = (row, score);
        return true;
    }

    // A list begins anywhere: without this the hardware needs a third of it to find its pace, and a posting takes 4.5 ns, not 2.1.
    private static void Ask(ListsView view, (uint First, uint End) part)
    {
        var count = (int)Math.Min(part.End - part.First, Block);
        Cache.AskSoon(view.Near + ListsView.GroupOffset(part.First, view.NearColumns), (nint)count * view.NearColumns * sizeof(ulong));
        Cache.AskSoon((byte*)(view.Factors + part.First), count * sizeof(float));
    }

    private readonly record struct Target(ListsView View, TopK Top, long Tag, RowBitmap? Dead, RowBitmap? Allowed);
}
