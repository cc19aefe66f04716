using Matryoshka.Kernels;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Scans signs, each worth what the query's component is: the estimate of Gao and Long, "RaBitQ" (SIGMOD 2024), without a factor
/// a row, which changed no recall here. The rings of a smaller prefix are read first, the others only of rows that they can still
/// bring among the best: one row in eighty for the best hundred of 500,000.
/// </summary>
/// <remarks>
/// What to expect is learnt from a sixteenth of the rows: their best few say where the last of the wanted will end. Without that
/// twice as many rows were hopeful, most of them early, while little was known.
/// That stop is statistical: of the rows that would end exactly at the threshold about one in six is missed, of the nearest
/// ten, which end far above it, none in a thousand.
/// </remarks>
internal sealed unsafe class SignScan : RowScan
{
    /// <summary>Standard deviations that the rings behind may speak better for a row than the first ones.</summary>
    private const float Doubt = 1;

    /// <summary>Fewer signs than this tell too little to leave out the others.</summary>
    private const int LeastNear = 128;

    /// <summary>Rows that wait for their other rings: by the time so many are found, the first one's have come from memory.</summary>
    private const int Waiting = 64;

    /// <summary>One block in so many is the sample.</summary>
    private const int Sample = 16;

    /// <summary>Fewer rows are not worth one.</summary>
    private const int SampledFrom = 65_536;

    private readonly KernelSet kernels = KernelSet.Current;
    private readonly int[] sums = ScoreBlock.Mine.Sums;
    private readonly int[] picked = ScoreBlock.Mine.Picked;
    private readonly SignQuery query;
    private readonly int[] ends;
    private readonly int near;
    private int read;
    private readonly Ring[] rings;
    private readonly Ring[] block;
    private readonly TopK top;
    private readonly int[] waitingRows = new int[Waiting];
    private readonly int[] waitingSums = new int[Waiting];
    private readonly int keep;
    private TopK? sample;
    private float expected = float.NegativeInfinity;
    private bool samples;
    private ColdRows? cold;
    private int waitingCount;
    private long further;

    /// <param name="snapshot">The rows.</param>
    /// <param name="ends">Where each ring of the prefix ends.</param>
    /// <param name="query">The query by the same rings, made with <see cref="NearOf"/>.</param>
    /// <param name="keep">How many go on.</param>
    public SignScan(Snapshot snapshot, int[] ends, SignQuery query, int keep) : base(snapshot)
    {
        (this.ends, this.query, this.keep, near, top) = (ends, query, keep, NearOf(ends), new(keep));
        samples = near < ends.Length;
        rings = new Ring[ends.Length];
        block = new Ring[ends.Length];
    }

    public override long BytesPerRow => BytesOf(near);

    public override long FurtherBytes => further;

    public override int PickedRowCost => 10;

    public override int SampleEvery => sample is null ? 0 : Sample;

    /// <summary>The rings read first: up to half of the prefix, or all.</summary>
    public static int NearOf(ReadOnlySpan<int> ends)
    {
        var count = ends.Length;
        while (count > 0 && ends[count - 1] > ends[^1] / 2)
            count--;
        return count > 0 && ends[count - 1] >= LeastNear ? count : ends.Length;
    }

    public override void Offer(int first, int count)
    {
        for (var ring = 0; ring < read; ring++)
            block[ring] = new((byte*)rings[ring].Rows + first * rings[ring].Stride, rings[ring].Stride, rings[ring].Query, rings[ring].Length);
        cold?.Read(block, first, count);
        fixed (int* differing = sums, places = picked)
        {
            kernels.BitDistance(block.AsSpan(0, read), count, differing);
            foreach (var place in picked.AsSpan(0, kernels.SelectBelow(differing, count, Limit(), places)))
                if (May(first + place))
                    Wait(first + place, differing[place]);
        }
    }

    public override void Offer(ReadOnlySpan<int> rows)
    {
        fixed (int* differing = sums)
            for (var done = 0; done < rows.Length; done += Block)
            {
                var part = rows[done..Math.Min(done + Block, rows.Length)];
                if (cold is null)
                    kernels.BitDistanceAt(rings, part, differing);
                else
                {
                    rings.CopyTo(block, 0);
                    cold.Gather(block, part);
                    kernels.BitDistance(block, part.Length, differing);
                }
                for (var i = 0; i < part.Length; i++)
                    top.Add(query.Total - 2 * differing[i], Tag(View, part[i]));
            }
    }

    public override void Sampled()
    {
        if (sample is null)
            return;
        Finish();
        foreach (var hit in sample.Best())
            top.Add(hit.Score, hit.Tag);
        // All of the sample that could be wanted is in the list now: what was left out stays below this.
        expected = sample.AscendingThreshold;
        sample = null;
    }

    public override bool FellShort(long rows)
    {
        // Dead rows count here: at worst a collection of few live ones is scanned twice.
        if (expected == float.NegativeInfinity || top.Count >= Math.Min(keep, rows))
            return false;
        top.Reset(keep);
        (samples, expected) = (false, float.NegativeInfinity);
        return true;
    }

    public override void Finish()
    {
        if (waitingCount == 0)
            return;
        var rest = stackalloc int[Waiting];
        kernels.BitDistanceAt(rings.AsSpan(read), waitingRows.AsSpan(0, waitingCount), rest);
        for (var i = 0; i < waitingCount; i++)
            (sample ?? top).Add(query.Total - 2 * (waitingSums[i] + rest[i]), Tag(View, waitingRows[i]));
        further += waitingCount * (BytesOf(ends.Length) - BytesOf(read));
        waitingCount = 0;
    }

    public override void Take(RowScan other)
    {
        foreach (var hit in ((SignScan)other).top.Best())
            top.Add(hit.Score, hit.Tag);
        further += other.FurtherBytes;
    }

    public override Scored[] Best() => Array.ConvertAll(top.Best().ToArray(), hit => hit with { Score = Math.Clamp(hit.Score * query.CosineStep, -1, 1) });

    protected override void Bind()
    {
        for (var ring = 0; ring < rings.Length; ring++)
        {
            var plane = Segment.IsResident(PlaneKind.Bit, ring) ? Segment.PlanePointer(PlaneKind.Bit, ring) : default;
            rings[ring] = new(plane.Pointer, plane.Stride, query.WeightsOf(ring), ends[ring] - Start(ring));
        }
        // Rows that are brought from the file are brought whole: a second visit would cost more than the bytes.
        cold = ColdRows.For(Segment, PlaneKind.Bit, rings.Length);
        read = cold is null ? near : rings.Length;
        // As many of a sixteenth as would be among the wanted, and three standard deviations more; by one segment, the first that is large enough.
        var share = keep / (float)Sample;
        sample = samples && cold is null && Rows >= SampledFrom && Allowed is null ? new((int)(share + 3 * MathF.Sqrt(share)) + 4) : null;
        samples = samples && sample is null;
    }

    /// <summary>The near rings' differing weights that a hopeful row stays below: they must make up their share of the threshold, less the doubt.</summary>
    private int Limit()
    {
        var threshold = sample is null ? Math.Max(top.AscendingThreshold, expected) : sample.AscendingThreshold;
        if (threshold == float.NegativeInfinity)
            return int.MaxValue;
        return read == rings.Length
            ? (int)MathF.Ceiling((query.Total - threshold) / 2)
            : (int)MathF.Ceiling((query.NearTotal + query.Doubt(Doubt) - query.NearShare * threshold) / 2);
    }

    private void Wait(int row, int differing)
    {
        if (read == rings.Length)
        {
            top.Add(query.Total - 2 * differing, Tag(View, row));
            return;
        }
        foreach (ref readonly var ring in rings.AsSpan(read))
            Cache.Ask((byte*)ring.Rows + row * ring.Stride, ring.Stride);
        (waitingRows[waitingCount], waitingSums[waitingCount]) = (row, differing);
        if (++waitingCount == Waiting)
            Finish();
    }

    private int Start(int ring) => ring == 0 ? 0 : ends[ring - 1];

    private long BytesOf(int count)
    {
        long bytes = 0;
        for (var ring = 0; ring < count; ring++)
            bytes += (ends[ring] - Start(ring) + 7) / 8;
        return bytes;
    }
}
