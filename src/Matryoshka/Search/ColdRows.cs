using Matryoshka.Kernels;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Brings rows of planes that are not in memory where the kernels can score them: into a block of the calling thread's, one
/// row behind the other. What a call gives is valid until the thread's next call.
/// </summary>
internal sealed unsafe class ColdRows
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static byte[]? block;

    private readonly Segment segment;
    private readonly PlaneKind kind;
    private readonly bool[] cold;
    private readonly bool coldScales;

    private ColdRows(Segment segment, PlaneKind kind, bool[] cold)
    {
        (this.segment, this.kind, this.cold) = (segment, kind, cold);
        coldScales = kind == PlaneKind.Int8 && !segment.IsResident(PlaneKind.Int8Scale);
    }

    /// <summary>The reader for the first rings of a kind, or null where all of them are in memory.</summary>
    public static ColdRows? For(Segment segment, PlaneKind kind, int rings)
    {
        var cold = new bool[rings];
        for (var ring = 0; ring < rings; ring++)
            cold[ring] = !segment.IsResident(kind, ring);
        return Array.IndexOf(cold, true) < 0 ? null : new(segment, kind, cold);
    }

    /// <summary>Reads the cold rings of consecutive rows and points <paramref name="rings"/>, which already point at the resident ones, to them.</summary>
    /// <returns>The rows' scales where those are cold, else null.</returns>
    public float* Read(Span<Ring> rings, int first, int count)
    {
        var next = Reserve(count, onlyCold: true);
        for (var ring = 0; ring < cold.Length; ring++)
            if (cold[ring])
            {
                var rowBytes = segment.RowBytes(kind, ring);
                segment.ReadRows(kind, ring, first, count, new(next, count * rowBytes));
                rings[ring] = new(next, rowBytes, rings[ring].Query, rings[ring].Length);
                next += Aligned(count * rowBytes);
            }
        if (!coldScales)
            return null;
        segment.ReadRows(PlaneKind.Int8Scale, 0, first, count, new(next, count * sizeof(float)));
        return (float*)next;
    }

    /// <summary>Copies every ring of the rows, cold or resident, so that one kernel call can score them in sequence, and points <paramref name="rings"/> to the copies.</summary>
    /// <returns>The rows' scales where those are cold, else null.</returns>
    public float* Gather(Span<Ring> rings, ReadOnlySpan<int> rows)
    {
        var next = Reserve(rows.Length, onlyCold: false);
        AskResident(rings, rows);
        // Cold rings first: the lines of the others come while the system reads.
        foreach (var turn in (ReadOnlySpan<bool>)[true, false])
            for (var ring = 0; ring < cold.Length; ring++)
                if (cold[ring] == turn)
                {
                    Gather(segment, kind, ring, rows, next);
                    var rowBytes = segment.RowBytes(kind, ring);
                    rings[ring] = new(next, rowBytes, rings[ring].Query, rings[ring].Length);
                    next += Aligned(rows.Length * rowBytes);
                }
        if (!coldScales)
            return null;
        Gather(segment, PlaneKind.Int8Scale, 0, rows, next);
        return (float*)next;
    }

    private void AskResident(ReadOnlySpan<Ring> rings, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            for (var ring = 0; ring < cold.Length; ring++)
                if (!cold[ring])
                    Cache.Ask((byte*)rings[ring].Rows + row * rings[ring].Stride, rings[ring].Stride);
    }

    /// <summary>Copies rows of a plane, resident or cold, one behind the other; neighbouring rows in one read.</summary>
    public static void Gather(Segment segment, PlaneKind kind, int ring, ReadOnlySpan<int> rows, byte* destination)
    {
        var rowBytes = segment.RowBytes(kind, ring);
        for (var done = 0; done < rows.Length;)
        {
            var run = 1;
            while (done + run < rows.Length && rows[done + run] == rows[done] + run)
                run++;
            segment.ReadRows(kind, ring, rows[done], run, new(destination + (long)done * rowBytes, run * rowBytes));
            done += run;
        }
    }

    // Pinned, so that its address holds, and kept for the thread: a block of 512 rows of 1,024 halves is 1 MiB.
    private byte* Reserve(int rows, bool onlyCold)
    {
        var bytes = Alignment + Aligned(rows * sizeof(float));
        for (var ring = 0; ring < cold.Length; ring++)
            if (cold[ring] || !onlyCold)
                bytes = checked(bytes + Aligned(rows * segment.RowBytes(kind, ring)));
        if (block is null || block.Length < bytes)
            block = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        fixed (byte* start = block)
            return (byte*)(((nint)start + Alignment - 1) & -Alignment);
    }

    private static int Aligned(int bytes) => checked(bytes + Alignment - 1) & -Alignment;
}
