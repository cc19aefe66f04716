using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>
/// The kernels of one register width. Chosen once a process; one virtual call scores a whole block of rows. None reads
/// past the end of a row's ring or of the query; rows and query may lie at any address.
/// </summary>
internal abstract unsafe class KernelSet
{
    /// <summary>The environment variable that forces a width.</summary>
    public const string Variable = "MATRYOSHKA_SIMD";

    /// <summary>Rows that every kernel scores in sequence: the floats of the widest register. What is left of a block goes by number.</summary>
    private const int Group = 16;

    /// <summary>Columns of a panel of <see cref="PanelProduct"/>.</summary>
    public const int PanelWidth = 32;

    private const int Widths = 4;

    private static readonly KernelSet?[] sets = new KernelSet?[Widths];

    private static KernelSet? current;

    /// <summary>Every width, narrowest first. Each runs on every machine, if not always fast.</summary>
    public static IReadOnlyList<KernelSet> All => [.. Enumerable.Range(0, Widths).Select(At)];

    /// <summary>The widest set this processor runs at full speed, or the one that <c>MATRYOSHKA_SIMD</c> names.</summary>
    /// <exception cref="MatryoshkaException">The variable names none.</exception>
    public static KernelSet Current => current ??= Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Name as the forcing switch writes it: <c>scalar</c>, <c>128</c>, <c>256</c> or <c>512</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether this processor has the set's instructions.</summary>
    public abstract bool IsAccelerated { get; }

    /// <summary>The set that a forcing value asks for; null or empty leaves the choice to the processor.</summary>
    /// <exception cref="MatryoshkaException">The value names no set.</exception>
    public static KernelSet Choose(string? forced)
    {
        for (var width = Widths - 1; width >= 0; width--)
            if (string.IsNullOrEmpty(forced) ? At(width).IsAccelerated : At(width).Name == forced)
                return At(width);
        throw Unknown(forced);
    }

    /// <summary>
    /// One width. Each is created only when asked for, in a method of its own: to load all four takes 2 ms more,
    /// which a process that runs one query would notice.
    /// </summary>
    protected static KernelSet At(int width) => sets[width] ??= width switch
    {
        0 => Scalar(),
        1 => Narrow(),
        2 => Middle(),
        _ => Wide(),
    };

    /// <summary>sums[i] = dot of row i with the query; rows and query f32.</summary>
    public void DotF32(ReadOnlySpan<Ring> rings, int rowCount, float* sums)
    {
        var whole = rowCount / Group * Group;
        DotF32(rings, null, whole, sums, int.MaxValue);
        var rest = stackalloc int[Group];
        for (var i = 0; i < rowCount - whole; i++)
            rest[i] = whole + i;
        if (whole < rowCount)
            DotF32(rings, rest, rowCount - whole, sums + whole, int.MaxValue);
    }

    /// <summary>sums[i] = dot of row rows[i] with the query; rows and query f32.</summary>
    public void DotF32At(ReadOnlySpan<Ring> rings, ReadOnlySpan<int> rows, float* sums)
    {
        fixed (int* numbers = rows)
            if (rows.Length > 0)
                DotF32(rings, numbers, rows.Length, sums, int.MaxValue);
    }

    /// <summary>sums[i] = dot of row i with the query; rows finite f16, query f32 with components below 65,536.</summary>
    public void DotF16(ReadOnlySpan<Ring> rings, int rowCount, float* sums)
    {
        var whole = rowCount / Group * Group;
        DotF16(rings, null, whole, sums, int.MaxValue);
        var rest = stackalloc int[Group];
        for (var i = 0; i < rowCount - whole; i++)
            rest[i] = whole + i;
        if (whole < rowCount)
            DotF16(rings, rest, rowCount - whole, sums + whole, int.MaxValue);
    }

    /// <summary>sums[i] = dot of row rows[i] with the query; rows finite f16, query f32 with components below 65,536.</summary>
    public void DotF16At(ReadOnlySpan<Ring> rings, ReadOnlySpan<int> rows, float* sums)
    {
        fixed (int* numbers = rows)
            if (rows.Length > 0)
                DotF16(rings, numbers, rows.Length, sums, int.MaxValue);
    }

    /// <summary>sums[i] = exact integer dot of row i with the query; rows int8 (sbyte), query int16 (short), of any values whose sum of products fits 32 bits: |q| &lt;= 2^31 / (128 * length).</summary>
    public void DotInt8(ReadOnlySpan<Ring> rings, int rowCount, int* sums)
    {
        var whole = rowCount / Group * Group;
        DotInt8(rings, null, whole, sums, int.MaxValue);
        var rest = stackalloc int[Group];
        for (var i = 0; i < rowCount - whole; i++)
            rest[i] = whole + i;
        if (whole < rowCount)
            DotInt8(rings, rest, rowCount - whole, sums + whole, int.MaxValue);
    }

    /// <summary>sums[i] = exact integer dot of row rows[i] with the query, in the types of <see cref="DotInt8(ReadOnlySpan{Ring}, int, int*)"/>.</summary>
    public void DotInt8At(ReadOnlySpan<Ring> rings, ReadOnlySpan<int> rows, int* sums)
    {
        fixed (int* numbers = rows)
            if (rows.Length > 0)
                DotInt8(rings, numbers, rows.Length, sums, int.MaxValue);
    }

    /// <summary>
    /// sums[i] = weights of the signs in which row i differs from the query: <see cref="BitWeights"/>; the rings' query is
    /// their columns of weights.
    /// </summary>
    public void BitDistance(ReadOnlySpan<Ring> rings, int rowCount, int* sums)
    {
        var whole = rowCount / Group * Group;
        BitDistance(rings, null, whole, sums);
        var rest = stackalloc int[Group];
        for (var i = 0; i < rowCount - whole; i++)
            rest[i] = whole + i;
        if (whole < rowCount)
            BitDistance(rings, rest, rowCount - whole, sums + whole);
    }

    /// <summary>sums[i] = weights of the signs in which row rows[i] differs, as <see cref="BitDistance(ReadOnlySpan{Ring}, int, int*)"/>.</summary>
    public void BitDistanceAt(ReadOnlySpan<Ring> rings, ReadOnlySpan<int> rows, int* sums)
    {
        fixed (int* numbers = rows)
            if (rows.Length > 0)
                BitDistance(rings, numbers, rows.Length, sums);
    }

    /// <summary>
    /// sums[i] = weights of the signs in which code i differs, for groups of sixteen codes that lie column by column: eight
    /// bytes of each code, then the next eight of each. Of <c>stored</c> columns the first ones are scored.
    /// </summary>
    public abstract void BitDistanceInterleaved(byte* codes, byte* weights, int columns, int stored, int groups, int* sums);

    /// <summary>scores[i] = (total - 2 * distances[i]) * scales[i] * constant + offset: from the weights of differing signs to cosines.</summary>
    public abstract void ScaleBits(int* distances, int total, float* scales, float constant, float offset, float* scores, int n);

    /// <summary>
    /// c[i * cRow + x] = sum over k of a[i * aRow + k * aInner] * panel[k * 32 + x], for i below rows and x below 32; added to
    /// what c holds where <paramref name="add"/> says so.
    /// </summary>
    public abstract void PanelProduct(float* a, nint aRow, nint aInner, int rows, float* panel, int inner, float* c, nint cRow, bool add);

    /// <summary>sums[i] *= factors[i] * constant.</summary>
    public abstract void Scale(float* sums, float* factors, float constant, int n);

    /// <summary>scores[i] = sums[i] * a[i] * b[i] * constant.</summary>
    public abstract void ScaleInt(int* sums, float* a, float* b, float constant, float* scores, int n);

    /// <summary>Writes the i with scores[i] &gt; threshold in ascending order, there being room for n, and returns how many they are. NaN is never above.</summary>
    public abstract int SelectAbove(float* scores, int n, float threshold, int* indices);

    /// <summary>Writes the i with distances[i] &lt; threshold in ascending order, there being room for n, and returns how many they are.</summary>
    public abstract int SelectBelow(int* distances, int n, int threshold, int* indices);

    /// <summary>With <paramref name="rows"/> null the rows are 0 to <paramref name="count"/> - 1, in whole groups; for the limit see <see cref="DotKernel"/>.</summary>
    protected internal abstract void DotF32(ReadOnlySpan<Ring> rings, int* rows, int count, float* sums, int limit);

    /// <inheritdoc cref="DotF32(ReadOnlySpan{Ring}, int*, int, float*, int)"/>
    protected internal abstract void DotF16(ReadOnlySpan<Ring> rings, int* rows, int count, float* sums, int limit);

    /// <inheritdoc cref="DotF32(ReadOnlySpan{Ring}, int*, int, float*, int)"/>
    protected internal abstract void DotInt8(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums, int limit);

    protected internal abstract void BitDistance(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MatryoshkaException Unknown(string? forced) => new(
        $"{Variable} is '{forced}', but it may be {string.Join(", ", All.Select(set => set.Name))}; unset it to let the processor decide.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static KernelSet<LanesScalar, float, int> Scalar() => new(0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static KernelSet<Lanes128, Vector128<float>, Vector128<int>> Narrow() => new(1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static KernelSet<Lanes256, Vector256<float>, Vector256<int>> Middle() => new(2);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static KernelSet<Lanes512, Vector512<float>, Vector512<int>> Wide() => new(3);
}
