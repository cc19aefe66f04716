using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>
/// Differing bits of rows that lie back to back and are narrower than a register, 4 to 32 bytes a ring: a register
/// takes several rows at once, and folding halves of rows together turns many registers of counts into one of sums
/// without a single horizontal sum. Row by row, a 64-bit prefix costs twice its memory traffic; this way less than it.
/// </summary>
internal static unsafe class PackedHammingKernel
{
    /// <summary>Bytes of the query's pattern a ring, repeated to the widest register.</summary>
    private const int Pattern = 64;

    /// <summary>Rings taken, at most.</summary>
    private const int Most = 16;

    /// <summary>
    /// Bytes to ask for ahead in every ring. Out of cache this is worth a quarter of the speed of 512 bits, whose rings
    /// the hardware's prefetcher takes for too many streams; 1024 measured the same, 2048 and more as bad as nothing.
    /// </summary>
    private const int Ahead = 512;

    /// <summary>
    /// One bit for each ring that this kernel can take, lowest first. Counts are kept in bytes until the rows are down
    /// to eight bytes, each then holding up to as many bits as all rings have bytes: 255 at most.
    /// </summary>
    public static uint Choose(ReadOnlySpan<Ring> rings)
    {
        uint chosen = 0;
        var (taken, total) = (0, 0);
        for (var r = 0; r < rings.Length && r < 32; r++)
        {
            ref readonly var ring = ref rings[r];
            if (ring.Length is not (32 or 64 or 128 or 256) || ring.Stride != ring.Length / 8)
                continue;
            if (taken == Most || total + ring.Length / 8 > 255)
                break;
            chosen |= 1u << r;
            (taken, total) = (taken + 1, total + ring.Length / 8);
        }
        return chosen;
    }

    /// <summary>Writes the sums of the chosen rings; the rows must fill whole registers of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static void Run<TLanes, TFloat, TInt>(ReadOnlySpan<Ring> rings, uint chosen, int count, int* sums)
        where TLanes : ILanes<TFloat, TInt>
        where TFloat : unmanaged
        where TInt : unmanaged
    {
        var packed = stackalloc Packed[Most];
        var patterns = stackalloc byte[Most * Pattern];
        var (taken, widest) = (0, 0);
        for (var r = 0; r < 32 && chosen >> r != 0; r++)
        {
            if ((chosen >> r & 1) == 0)
                continue;
            var width = rings[r].Length / 8;
            var pattern = patterns + taken * Pattern;
            FillPattern(pattern, (byte*)rings[r].Query, width);
            packed[taken++] = new() { Rows = (byte*)rings[r].Rows, Pattern = pattern, Width = width };
            widest = Math.Max(widest, width);
        }

        for (var row = 0; row < count; row += TLanes.Count)
        {
            TInt fours = default, eights0 = default, eights1 = default;
            TInt wide0 = default, wide1 = default, wide2 = default, wide3 = default;
            for (var ring = packed; ring < packed + taken; ring++)
            {
                var rows = ring->Rows + (nint)row * ring->Width;
                var pattern = ring->Pattern;
                Cache.Ask(rows + Ahead, ring->Width * TLanes.Count);
                switch (ring->Width)
                {
                    case 4:
                        fours = TLanes.AddBytes(fours, Part(rows, pattern, 0));
                        break;
                    case 8:
                        eights0 = TLanes.AddBytes(eights0, Part(rows, pattern, 0));
                        eights1 = TLanes.AddBytes(eights1, Part(rows, pattern, 1));
                        break;
                    case 16:
                        wide0 = TLanes.AddBytes(wide0, Part(rows, pattern, 0));
                        wide1 = TLanes.AddBytes(wide1, Part(rows, pattern, 1));
                        wide2 = TLanes.AddBytes(wide2, Part(rows, pattern, 2));
                        wide3 = TLanes.AddBytes(wide3, Part(rows, pattern, 3));
                        break;
                    default:
                        wide0 = TLanes.AddBytes(wide0, TLanes.Fold32(Part(rows, pattern, 0), Part(rows, pattern, 1)));
                        wide1 = TLanes.AddBytes(wide1, TLanes.Fold32(Part(rows, pattern, 2), Part(rows, pattern, 3)));
                        wide2 = TLanes.AddBytes(wide2, TLanes.Fold32(Part(rows, pattern, 4), Part(rows, pattern, 5)));
                        wide3 = TLanes.AddBytes(wide3, TLanes.Fold32(Part(rows, pattern, 6), Part(rows, pattern, 7)));
                        break;
                }
            }
            if (widest >= 16)
            {
                eights0 = TLanes.AddBytes(eights0, TLanes.Fold16(wide0, wide1));
                eights1 = TLanes.AddBytes(eights1, TLanes.Fold16(wide2, wide3));
            }
            var total = TLanes.SumFours(fours);
            if (widest >= 8)
                total = TLanes.Add(total, TLanes.SumEights(eights0, eights1));
            TLanes.Store(total, sums + row);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static TInt Part(byte* rows, byte* pattern, int index)
        {
            var at = index * TLanes.Count * 4;
            return TLanes.Differences(rows + at, pattern + at % Pattern);
        }
    }

    /// <summary>By words: byte by byte this took as long as scoring a block of 512 rows of 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillPattern(byte* pattern, byte* query, int width)
    {
        var repeated = width == 4 ? Unsafe.ReadUnaligned<uint>(query) * 0x1_0000_0001ul : 0;
        for (var at = 0; at < Pattern; at += 8)
            Unsafe.WriteUnaligned(pattern + at, width == 4 ? repeated : Unsafe.ReadUnaligned<ulong>(query + (at & width - 1)));
    }

    private struct Packed
    {
        public byte* Rows;
        public byte* Pattern;
        public int Width;
    }
}
