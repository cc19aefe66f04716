using System.Runtime.InteropServices;
using Matryoshka.Kernels;

namespace Matryoshka.Benchmarks;

/// <summary>A collection as a segment lays it out: each ring's rows contiguous, beside them the factors of every prefix.</summary>
internal sealed unsafe class ScanPlanes : IDisposable
{
    private static readonly int[] Ends = [32, 64, 128, 256, 512];
    private readonly List<nint> blocks = [];
    private readonly nint[] rings = new nint[Ends.Length];
    private readonly nint[] inverseNorms = new nint[Ends.Length];
    private readonly nint scales;
    private readonly nint query;

    public ScanPlanes(Precision precision, int rows)
    {
        (Precision, Rows) = (precision, rows);
        var random = new Random(1);
        for (var ring = 0; ring < Ends.Length; ring++)
        {
            rings[ring] = Allocate(RingBytes(ring) * rows);
            FillComponents(rings[ring], RingBytes(ring) * rows, random);
            inverseNorms[ring] = AllocateFactors(random);
        }
        scales = AllocateFactors(random);
        query = Allocate(Ends.Length * BitWeights.Bytes(256));
        if (precision == Precision.Bit)
            SetWeights(random);
        else
            for (var i = 0; i < 512; i++)
                SetQuery(i, random);
    }

    public Precision Precision { get; }

    public int Rows { get; }

    /// <summary>What a scan of a prefix reads.</summary>
    public (nint Start, long Bytes)[] Parts(int prefix)
    {
        var last = Array.IndexOf(Ends, prefix);
        List<(nint, long)> parts = [.. Enumerable.Range(0, last + 1).Select(ring => (rings[ring], RingBytes(ring) * Rows))];
        if (Precision != Precision.Bit)
            parts.Add((inverseNorms[last], (long)Rows * sizeof(float)));
        if (Precision == Precision.Int8)
            parts.Add((scales, (long)Rows * sizeof(float)));
        return [.. parts];
    }

    public Scanner Scan(int prefix)
    {
        var last = Array.IndexOf(Ends, prefix);
        var parts = Enumerable.Range(0, last + 1).Select(ring =>
            (rings[ring], (nint)RingBytes(ring), Query(ring), Ends[ring] - Start(ring))).ToArray();
        return new(Precision, Rows, parts, (float*)inverseNorms[last], (float*)scales);
    }

    public void Dispose()
    {
        foreach (var block in blocks)
            NativeMemory.AlignedFree((void*)block);
    }

    private nint Query(int ring) => query + (Precision == Precision.Bit ? ring * BitWeights.Bytes(256) : Start(ring) * (Precision == Precision.Int8 ? 2 : 4));

    private static int Start(int ring) => ring == 0 ? 0 : Ends[ring - 1];

    private long RingBytes(int ring) => (long)(Ends[ring] - Start(ring)) * (int)Precision / 8;

    private nint Allocate(long bytes)
    {
        var block = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        blocks.Add(block);
        return block;
    }

    private nint AllocateFactors(Random random)
    {
        var factors = Allocate((long)Rows * sizeof(float));
        for (var i = 0; i < Rows; i++)
            ((float*)factors)[i] = 0.5f + random.NextSingle();
        return factors;
    }

    /// <summary>Random bits are fine as bits and int8; floats get a random sign and mantissa under a fixed exponent.</summary>
    private void FillComponents(nint start, long bytes, Random random)
    {
        for (long at = 0; at < bytes; at += 1 << 20)
            random.NextBytes(new Span<byte>((byte*)start + at, (int)Math.Min(1 << 20, bytes - at)));
        if (Precision == Precision.F32)
            for (long i = 0; i < bytes / 4; i++)
                ((int*)start)[i] = ((int*)start)[i] & unchecked((int)0x807FFFFF) | 0x3D000000;
        if (Precision == Precision.F16)
            for (long i = 0; i < bytes / 2; i++)
                ((short*)start)[i] = (short)(((short*)start)[i] & 0x83FF | 0x2800);
    }

    private void SetWeights(Random random)
    {
        new Span<byte>((void*)query, Ends.Length * BitWeights.Bytes(256)).Clear();
        for (var ring = 0; ring < Ends.Length; ring++)
        {
            var components = new float[Ends[ring] - Start(ring)];
            for (var i = 0; i < components.Length; i++)
                components[i] = random.NextSingle() - 0.5f;
            BitWeights.Write(components, 0.5f / BitWeights.Most, (byte*)Query(ring));
        }
    }

    private void SetQuery(int i, Random random)
    {
        if (Precision == Precision.Int8)
            ((short*)query)[i] = (short)random.Next(-127, 128);
        else
            ((float*)query)[i] = random.NextSingle() - 0.5f;
    }
}
