using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>
/// A matrix product of which the right side lies in panels: 32 columns wide, row after row, so that its loads run in
/// sequence. Six rows of the left side meet two registers of a panel: twelve sums stay in registers of every width.
/// Each element is summed over the inner index in order, so a product does not depend on how its rows are shared out.
/// </summary>
internal static unsafe class PanelKernel<TLanes, TFloat, TInt>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    private const int Tile = 6;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, nint aRow, nint aInner, int rows, float* panel, int inner, float* c, nint cRow, bool add)
    {
        for (var x = 0; x < KernelSet.PanelWidth; x += 2 * TLanes.Count)
        {
            var i = 0;
            for (; i + Tile <= rows; i += Tile)
                Six(a + i * aRow, aRow, aInner, panel + x, inner, c + i * cRow + x, cRow, add);
            for (; i < rows; i++)
                One(a + i * aRow, aInner, panel + x, inner, c + i * cRow + x, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six(float* a, nint aRow, nint aInner, float* b, int inner, float* c, nint cRow, bool add)
    {
        TFloat s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default;
        TFloat s30 = default, s31 = default, s40 = default, s41 = default, s50 = default, s51 = default;
        if (add)
        {
            (s00, s01) = (TLanes.Load(c), TLanes.Load(c + TLanes.Count));
            (s10, s11) = (TLanes.Load(c + cRow), TLanes.Load(c + cRow + TLanes.Count));
            (s20, s21) = (TLanes.Load(c + 2 * cRow), TLanes.Load(c + 2 * cRow + TLanes.Count));
            (s30, s31) = (TLanes.Load(c + 3 * cRow), TLanes.Load(c + 3 * cRow + TLanes.Count));
            (s40, s41) = (TLanes.Load(c + 4 * cRow), TLanes.Load(c + 4 * cRow + TLanes.Count));
            (s50, s51) = (TLanes.Load(c + 5 * cRow), TLanes.Load(c + 5 * cRow + TLanes.Count));
        }
        var later = a + 3 * aRow;
        for (var k = 0; k < inner; k++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var x = TLanes.Broadcast(*a);
            (s00, s01) = (TLanes.MultiplyAdd(x, b0, s00), TLanes.MultiplyAdd(x, b1, s01));
            x = TLanes.Broadcast(*(a + aRow));
            (s10, s11) = (TLanes.MultiplyAdd(x, b0, s10), TLanes.MultiplyAdd(x, b1, s11));
            x = TLanes.Broadcast(*(a + 2 * aRow));
            (s20, s21) = (TLanes.MultiplyAdd(x, b0, s20), TLanes.MultiplyAdd(x, b1, s21));
            x = TLanes.Broadcast(*later);
            (s30, s31) = (TLanes.MultiplyAdd(x, b0, s30), TLanes.MultiplyAdd(x, b1, s31));
            x = TLanes.Broadcast(*(later + aRow));
            (s40, s41) = (TLanes.MultiplyAdd(x, b0, s40), TLanes.MultiplyAdd(x, b1, s41));
            x = TLanes.Broadcast(*(later + 2 * aRow));
            (s50, s51) = (TLanes.MultiplyAdd(x, b0, s50), TLanes.MultiplyAdd(x, b1, s51));
            a += aInner;
            later += aInner;
            b += KernelSet.PanelWidth;
        }
        Store(c, s00, s01);
        Store(c + cRow, s10, s11);
        Store(c + 2 * cRow, s20, s21);
        Store(c + 3 * cRow, s30, s31);
        Store(c + 4 * cRow, s40, s41);
        Store(c + 5 * cRow, s50, s51);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(float* a, nint aInner, float* b, int inner, float* c, bool add)
    {
        TFloat s0 = default, s1 = default;
        if (add)
            (s0, s1) = (TLanes.Load(c), TLanes.Load(c + TLanes.Count));
        for (var k = 0; k < inner; k++, a += aInner, b += KernelSet.PanelWidth)
        {
            var x = TLanes.Broadcast(*a);
            (s0, s1) = (TLanes.MultiplyAdd(x, TLanes.Load(b), s0), TLanes.MultiplyAdd(x, TLanes.Load(b + TLanes.Count), s1));
        }
        Store(c, s0, s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, TFloat first, TFloat second)
    {
        TLanes.Store(first, to);
        TLanes.Store(second, to + TLanes.Count);
    }
}
