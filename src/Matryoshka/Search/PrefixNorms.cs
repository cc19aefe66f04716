using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Inverse norms of prefixes that end inside a ring. Segments store those that end with one; a model that allows any
/// prefix may be asked for others, which are computed once a segment and kept with it.
/// </summary>
internal static class PrefixNorms
{
    // Rows at a time: of a plane that is not in memory that is one read.
    private const int Block = 256;

    private static readonly ConditionalWeakTable<Segment, ConcurrentDictionary<int, float[]>> Cache = [];

    public static float[] Of(Segment segment, int d) => Cache.GetOrCreateValue(segment).GetOrAdd(d, static (d, segment) =>
    {
        var norms = GC.AllocateUninitializedArray<float>(segment.Rows, pinned: true);
        var full = segment.RingEnds[^1];
        var vectors = new float[Math.Min(Block, segment.Rows) * full];
        for (var first = 0; first < norms.Length; first += Block)
        {
            var count = Math.Min(Block, norms.Length - first);
            segment.ReadVectors(first, count, vectors);
            for (var row = 0; row < count; row++)
            {
                double sum = 0;
                foreach (var x in vectors.AsSpan(row * full, d))
                    sum += (double)x * x;
                norms[first + row] = sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
            }
        }
        return norms;
    }, segment);
}
