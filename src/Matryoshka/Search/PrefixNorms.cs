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
    private static readonly ConditionalWeakTable<Segment, ConcurrentDictionary<int, float[]>> Cache = [];

    public static float[] Of(Segment segment, int d) => Cache.GetOrCreateValue(segment).GetOrAdd(d, static (d, segment) =>
    {
        var norms = GC.AllocateUninitializedArray<float>(segment.Rows, pinned: true);
        var vector = new float[segment.RingEnds[^1]];
        for (var row = 0; row < norms.Length; row++)
        {
            segment.ReadVector(row, vector);
            double sum = 0;
            for (var i = 0; i < d; i++)
                sum += (double)vector[i] * vector[i];
            norms[row] = sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
        }
        return norms;
    }, segment);
}
