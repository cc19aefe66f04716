using System.Runtime.CompilerServices;
using Matryoshka.Kernels;

namespace Matryoshka.Tests.Kernels;

/// <summary>Rows of random content in guarded memory, and what a dot product or distance over them should be.</summary>
internal sealed unsafe class RingCase : IDisposable
{
    private readonly GuardedMemory memory = new();

    /// <param name="precision">Decides the content and the query's type.</param>
    /// <param name="rows">Rows to lay out.</param>
    /// <param name="lengths">Components of each ring.</param>
    /// <param name="random">Source of the content.</param>
    /// <param name="padding">Bytes between rows, at most; 0 packs rows back to back.</param>
    public RingCase(Precision precision, int rows, int[] lengths, Random random, int padding = 0)
    {
        (Precision, Rows, Rings, TotalLength) = (precision, rows, new Ring[lengths.Length], lengths.Sum());
        for (var i = 0; i < lengths.Length; i++)
        {
            var bytes = ((long)lengths[i] * (int)precision + 7) / 8;
            var stride = (nint)bytes + random.Next(padding + 1);
            var atStart = random.Next(2) == 0;
            var block = memory.AllocateRandom((int)(Math.Max(0, rows - 1) * stride + (nint)bytes), random, atStart);
            var query = memory.AllocateRandom(precision == Precision.Bit ? BitWeights.Bytes(lengths[i]) : lengths[i] * (precision == Precision.Int8 ? 2 : 4), random, atStart);
            Rings[i] = new(block, stride, query, lengths[i]);
            for (var row = 0; row < rows; row++)
                Tame(block + row * stride, lengths[i]);
            TameQuery(query, lengths[i], random);
        }
    }

    public Precision Precision { get; }

    public int Rows { get; }

    public Ring[] Rings { get; }

    private int TotalLength { get; }

    public void Dispose() => memory.Dispose();

    /// <summary>The kernel's answers as doubles, by row numbers where they are given.</summary>
    public double[] Run(KernelSet set, int count, int[]? rows = null)
    {
        using var output = new GuardedMemory();
        var sums = output.Allocate(count * 4);
        var (floats, ints) = ((nint)sums, (nint)sums);
        switch (Precision, rows)
        {
            case (Precision.F32, null): set.DotF32(Rings, count, (float*)floats); break;
            case (Precision.F32, _): set.DotF32At(Rings, rows, (float*)floats); break;
            case (Precision.F16, null): set.DotF16(Rings, count, (float*)floats); break;
            case (Precision.F16, _): set.DotF16At(Rings, rows, (float*)floats); break;
            case (Precision.Int8, null): set.DotInt8(Rings, count, (int*)ints); break;
            case (Precision.Int8, _): set.DotInt8At(Rings, rows, (int*)ints); break;
            case (_, null): set.BitDistance(Rings, count, (int*)ints); break;
            default: set.BitDistanceAt(Rings, rows, (int*)ints); break;
        }
        var results = new double[count];
        for (var i = 0; i < count; i++)
            results[i] = Precision is Precision.F32 or Precision.F16 ? (double)((float*)sums)[i] : ((int*)sums)[i];
        return results;
    }

    /// <summary>The exact answer for one row, and the sum of its terms' magnitudes, to which rounding errors relate.</summary>
    public (double Sum, double Magnitude) Expected(int row)
    {
        double sum = 0, magnitude = 0;
        foreach (ref readonly var ring in Rings.AsSpan())
        {
            var at = (byte*)ring.Rows + row * ring.Stride;
            for (var i = 0; i < ring.Length; i++)
            {
                var term = Term(at, (byte*)ring.Query, i);
                sum += term;
                magnitude += Math.Abs(term);
            }
        }
        return (sum, magnitude);
    }

    private double Term(byte* row, byte* query, int i) => Precision switch
    {
        Precision.F32 => (double)Unsafe.ReadUnaligned<float>(row + i * 4) * Unsafe.ReadUnaligned<float>(query + i * 4),
        Precision.F16 => (double)Unsafe.ReadUnaligned<Half>(row + i * 2) * Unsafe.ReadUnaligned<float>(query + i * 4),
        Precision.Int8 => (sbyte)row[i] * Unsafe.ReadUnaligned<short>(query + i * 2),
        // The weight stands in the sums of its half byte: what its bit adds to them where it is set, or where it is not.
        _ => Sum(query, i, row[i >> 3] >> (i & 7) & 1),
    };

    private static int Sum(byte* columns, int i, int bit)
    {
        var half = columns + i / 64 * BitWeights.ColumnBytes + i % 64 / 8 * 16 + (i % 8 >= 4 ? BitWeights.HighOffset : 0);
        var weight = half[1 << i % 4] - half[0];
        return weight > 0 == (bit == 1) ? Math.Abs(weight) : 0;
    }

    /// <summary>Random bits stay as they are but for exponents: no infinities and NaNs, and f32 within what its squares can hold.</summary>
    private void Tame(byte* row, int length)
    {
        for (var i = 0; i < length; i++)
            if (Precision == Precision.F32)
                Unsafe.WriteUnaligned(row + i * 4, Unsafe.ReadUnaligned<int>(row + i * 4) & unchecked((int)0x83FFFFFF) | 0x3C000000);
            else if (Precision == Precision.F16 && (Unsafe.ReadUnaligned<short>(row + i * 2) & 0x7C00) == 0x7C00)
                Unsafe.WriteUnaligned(row + i * 2, (short)(Unsafe.ReadUnaligned<short>(row + i * 2) & ~0x4000));
    }

    private void TameQuery(byte* query, int length, Random random)
    {
        // The engine gives the query as many bits as a 32-bit sum over all rings allows; so does this.
        if (Precision == Precision.Bit)
        {
            var components = new float[length];
            for (var i = 0; i < length; i++)
                components[i] = random.NextSingle() * 2 - 1;
            new Span<byte>(query, BitWeights.Bytes(length)).Clear();
            BitWeights.Write(components, 1 / 31f, query);
            return;
        }
        var limit = Math.Min(short.MaxValue, int.MaxValue / (128 * Math.Max(TotalLength, 1)));
        for (var i = 0; i < length; i++)
            if (Precision == Precision.Int8)
                Unsafe.WriteUnaligned(query + i * 2, (short)random.Next(-limit, limit + 1));
            else
                Unsafe.WriteUnaligned(query + i * 4, random.NextSingle() * 2 - 1);
    }
}
