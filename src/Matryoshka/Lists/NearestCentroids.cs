using Matryoshka.Kernels;

namespace Matryoshka.Lists;

/// <summary>
/// Finds the centroids nearest to rows, a block at a time: the first quarter of the components picks a shortlist, all of them
/// rank it. Comparing every row with every centroid is nearly all the work of building lists, and this does a quarter of it.
/// Not safe for concurrent use: every thread has its own.
/// </summary>
/// <remarks>Vectors that are not nested lose little: any quarter of the components finds the nearest of thousands among its best few dozen.</remarks>
internal sealed unsafe class NearestCentroids : IDisposable
{
    /// <summary>Rows compared with all centroids at once: whole tiles of the matrix product, whose scores with 8,192 centroids are 1.5 MB.</summary>
    public const int Block = 48;

    /// <summary>Centroids on the shortlist for each one asked for, and at least so many.</summary>
    private const int Depth = 2;

    private const int LeastDepth = 16;

    /// <summary>With fewer lists for each place on the shortlist all components are compared at once.</summary>
    private const int LeastSaving = 8;

    private const int Chunk = 512;

    private readonly CentroidHeads heads;
    private readonly KernelSet kernels = KernelSet.Current;
    private readonly ListsMemory memory = new();
    private readonly float* scores;
    private readonly int* places;
    private readonly int[] listed;
    private readonly float[] dots;
    private float* block;

    /// <param name="heads">The centroids.</param>
    /// <param name="wanted">How many of the nearest are asked for.</param>
    public NearestCentroids(CentroidHeads heads, int wanted)
    {
        this.heads = heads;
        var depth = Math.Min(Math.Max(wanted * Depth, LeastDepth), heads.Lists);
        listed = new int[depth];
        dots = new float[depth];
        scores = (float*)memory.Allocate((long)Block * heads.Columns * sizeof(float));
        places = (int*)memory.Allocate(Chunk * sizeof(int));
    }

    /// <summary>The lists found by the last <see cref="Of"/>, nearest first.</summary>
    public ReadOnlySpan<int> Listed => listed;

    /// <summary>Their dots with the row.</summary>
    public ReadOnlySpan<float> Dots => dots;

    /// <summary>Turns to a block of rows.</summary>
    public void Load(float* vectors, int count)
    {
        block = vectors;
        for (var list = 0; list < heads.Columns; list += KernelSet.PanelWidth)
            kernels.PanelProduct(vectors, heads.Dimensions, 1, count, heads.Panels + (nint)list * heads.Length, heads.Length, scores + list, heads.Columns, add: false);
    }

    /// <summary>Lists the centroids nearest to a row of the block; more of them than were wanted, those behind less surely the next.</summary>
    public void Of(int row)
    {
        Shortlist(scores + (nint)row * heads.Columns);
        if (heads.Length == heads.Dimensions)
            return;
        fixed (float* exact = dots)
            kernels.DotF32At([new Ring(heads.Centroids, (nint)heads.Dimensions * sizeof(float), block + (nint)row * heads.Dimensions, heads.Dimensions)], listed, exact);
        dots.AsSpan().Sort(listed.AsSpan(), static (a, b) => b.CompareTo(a));
    }

    public void Dispose() => memory.Dispose();

    // A sorted list of the best few: nearly every score is below its last.
    private void Shortlist(float* all)
    {
        var (count, last) = (0, float.NegativeInfinity);
        for (var first = 0; first < heads.Lists; first += Chunk)
        {
            var above = kernels.SelectAbove(all + first, Math.Min(Chunk, heads.Lists - first), last, places);
            for (var i = 0; i < above; i++)
            {
                var score = all[first + places[i]];
                if (count == listed.Length && score <= last)
                    continue;
                var at = Place(score, count);
                var moved = (count < listed.Length ? count++ : count - 1) - at;
                listed.AsSpan(at, moved).CopyTo(listed.AsSpan(at + 1));
                dots.AsSpan(at, moved).CopyTo(dots.AsSpan(at + 1));
                (listed[at], dots[at]) = (first + places[i], score);
                last = count == listed.Length ? dots[^1] : float.NegativeInfinity;
            }
        }
    }

    /// <summary>Behind all that are at least as near, so that equal ones stay in the lists' order.</summary>
    private int Place(float score, int count)
    {
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = low + high >>> 1;
            if (dots[middle] >= score)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>How many components a shortlist of <paramref name="wanted"/> is picked by.</summary>
    public static int HeadOf(int lists, int dimensions, int wanted) =>
        lists < LeastSaving * Math.Max(wanted * Depth, LeastDepth) || dimensions < 128 ? dimensions : (dimensions / 4 + 15) / 16 * 16;
}

/// <summary>Centroids, and the first components of all of them in panels of a matrix product. Packed again whenever they have moved.</summary>
internal sealed unsafe class CentroidHeads
{
    /// <param name="memory">Where the heads go.</param>
    /// <param name="centroids">Lists x dimensions.</param>
    /// <param name="lists">How many.</param>
    /// <param name="dimensions">Components of each.</param>
    /// <param name="wanted">How many of the nearest are asked for.</param>
    public CentroidHeads(ListsMemory memory, float* centroids, int lists, int dimensions, int wanted)
    {
        Centroids = centroids;
        (Lists, Dimensions, Length) = (lists, dimensions, NearestCentroids.HeadOf(lists, dimensions, wanted));
        Panels = (float*)memory.Allocate((long)Columns * Length * sizeof(float));
        Pack();
    }

    public float* Centroids { get; }

    public int Lists { get; }

    public int Dimensions { get; }

    /// <summary>Components of a head; all of them where a shortlist would save little.</summary>
    public int Length { get; }

    /// <summary>Lists, up to whole panels; what is beyond them is zero.</summary>
    public int Columns => (Lists + KernelSet.PanelWidth - 1) / KernelSet.PanelWidth * KernelSet.PanelWidth;

    /// <summary>The heads in panels of <see cref="KernelSet.PanelWidth"/> columns.</summary>
    public float* Panels { get; }

    public void Pack()
    {
        for (var list = 0; list < Lists; list++)
        {
            var centroid = Centroids + (nint)list * Dimensions;
            var column = Panels + (nint)(list / KernelSet.PanelWidth) * KernelSet.PanelWidth * Length + list % KernelSet.PanelWidth;
            for (var i = 0; i < Length; i++)
                column[i * KernelSet.PanelWidth] = centroid[i];
        }
    }
}
