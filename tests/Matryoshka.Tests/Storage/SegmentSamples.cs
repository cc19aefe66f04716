using Matryoshka.Storage;

namespace Matryoshka.Tests.Storage;

/// <summary>Rows held in arrays, and unit vectors drawn from a seed.</summary>
internal sealed class ArrayRows(long[] ids, float[] vectors, int dimension) : IVectorRows
{
    public int Count => ids.Length;

    public float[] Vectors => vectors;

    public long[] Ids => ids;

    public long Id(int row) => ids[row];

    public void Read(int firstRow, int count, Span<float> destination) =>
        vectors.AsSpan(firstRow * dimension, count * dimension).CopyTo(destination);

    public static ArrayRows Random(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var ids = new long[count];
        for (var i = 0; i < count; i++)
            ids[i] = (i == 0 ? -5 : ids[i - 1]) + random.Next(1, 4);
        var vectors = new float[count * dimension];
        for (var i = 0; i < count; i++)
        {
            var vector = vectors.AsSpan(i * dimension, dimension);
            foreach (ref var x in vector)
                x = (float)(random.NextDouble() - 0.5) * MathF.Pow(2, -random.Next(4));
            if (dimension > 1 && random.Next(3) == 0)
                vector[random.Next(dimension)] = 0;
            var norm = 0.0;
            foreach (var x in vector)
                norm += (double)x * x;
            foreach (ref var x in vector)
                x = (float)(x / Math.Sqrt(norm));
        }
        return new(ids, vectors, dimension);
    }
}

/// <summary>A directory that goes with its test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mrl-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
