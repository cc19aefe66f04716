namespace Matryoshka.Kernels;

/// <summary>Binds every kernel to one register width.</summary>
/// <param name="width">The width's place in <see cref="KernelSet.All"/>; the one before it takes the rings that are too short for a register of this one.</param>
internal sealed unsafe class KernelSet<TLanes, TFloat, TInt>(int width) : KernelSet
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    public override string Name => TLanes.Name;

    public override bool IsAccelerated => TLanes.IsAccelerated;

    protected internal override void DotF32(ReadOnlySpan<Ring> rings, int* rows, int count, float* sums, int limit)
    {
        if (rows == null)
            DotKernel.Run<F32Product<TLanes, TFloat, TInt>, TFloat, float, InSequence>(rings, new(), count, sums, limit);
        else
            DotKernel.Run<F32Product<TLanes, TFloat, TInt>, TFloat, float, ByNumber>(rings, new(rows, count), count, sums, limit);
        if (AnyShorter(rings, TLanes.Count))
            At(width - 1).DotF32(rings, rows, count, sums, TLanes.Count);
    }

    protected internal override void DotF16(ReadOnlySpan<Ring> rings, int* rows, int count, float* sums, int limit)
    {
        if (rows == null)
            DotKernel.Run<F16Product<TLanes, TFloat, TInt>, TFloat, float, InSequence>(rings, new(), count, sums, limit);
        else
            DotKernel.Run<F16Product<TLanes, TFloat, TInt>, TFloat, float, ByNumber>(rings, new(rows, count), count, sums, limit);
        if (AnyShorter(rings, TLanes.Count))
            At(width - 1).DotF16(rings, rows, count, sums, TLanes.Count);
    }

    protected internal override void DotInt8(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums, int limit)
    {
        if (rows == null)
            DotKernel.Run<Int8Product<TLanes, TFloat, TInt>, TInt, int, InSequence>(rings, new(), count, sums, limit);
        else
            DotKernel.Run<Int8Product<TLanes, TFloat, TInt>, TInt, int, ByNumber>(rings, new(rows, count), count, sums, limit);
        if (AnyShorter(rings, TLanes.Shorts))
            At(width - 1).DotInt8(rings, rows, count, sums, TLanes.Shorts);
    }

    protected internal override void BitDistance(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums)
    {
        if (TLanes.Count == 16 && BitTableKernel.IsSupported)
            BitTableKernel.Run(rings, rows, count, sums);
        else
            BitKernel.Run(rings, rows, count, sums, TLanes.Count > 1);
    }

    public override void BitDistanceInterleaved(byte* codes, byte* weights, int columns, int stored, int groups, int* sums)
    {
        if (TLanes.Count == 16 && BitTableKernel.IsSupported)
            BitTableKernel.RunInterleaved(codes, weights, columns, stored, groups, sums);
        else
            BitKernel.RunInterleaved(codes, weights, columns, stored, groups, sums, TLanes.Count > 1);
    }

    public override void ScaleBits(int* distances, int total, float* scales, float constant, float offset, float* scores, int n) =>
        FinishKernel<TLanes, TFloat, TInt>.ScaleBits(distances, total, scales, constant, offset, scores, n);

    public override void PanelProduct(float* a, nint aRow, nint aInner, int rows, float* panel, int inner, float* c, nint cRow, bool add) =>
        PanelKernel<TLanes, TFloat, TInt>.Run(a, aRow, aInner, rows, panel, inner, c, cRow, add);

    public override void Scale(float* sums, float* factors, float constant, int n) =>
        FinishKernel<TLanes, TFloat, TInt>.Scale(sums, factors, constant, n);

    public override void ScaleInt(int* sums, float* a, float* b, float constant, float* scores, int n) =>
        FinishKernel<TLanes, TFloat, TInt>.ScaleInt(sums, a, b, constant, scores, n);

    public override int SelectAbove(float* scores, int n, float threshold, int* indices) =>
        FinishKernel<TLanes, TFloat, TInt>.Select(new FinishKernel<TLanes, TFloat, TInt>.AboveTest(scores, threshold), n, indices);

    public override int SelectBelow(int* distances, int n, int threshold, int* indices) =>
        FinishKernel<TLanes, TFloat, TInt>.Select(new FinishKernel<TLanes, TFloat, TInt>.BelowTest(distances, threshold), n, indices);

    private static bool AnyShorter(ReadOnlySpan<Ring> rings, int length)
    {
        foreach (ref readonly var ring in rings)
            if (ring.Length > 0 && ring.Length < length)
                return true;
        return false;
    }
}
