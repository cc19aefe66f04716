using System.Numerics;

namespace Matryoshka.Storage;

/// <summary>A set of rows of one segment.</summary>
internal sealed class RowBitmap(int rows)
{
    private readonly ulong[] words = new ulong[(rows + 63) >> 6];

    public int Rows { get; } = rows;

    /// <summary>64 rows a word, the lowest bit first.</summary>
    public ReadOnlySpan<ulong> Words => words;

    public bool this[int row] => (words[row >> 6] >> row & 1) != 0;

    public void Set(int row) => words[row >> 6] |= 1UL << row;

    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>The rows whose id is among <paramref name="wanted"/>; both ascend, so one merge finds them.</summary>
    public static RowBitmap OfIds(ReadOnlySpan<long> segmentIds, ReadOnlySpan<long> wanted)
    {
        var bitmap = new RowBitmap(segmentIds.Length);
        if (segmentIds.IsEmpty)
            return bitmap;
        var row = 0;
        var start = wanted.BinarySearch(segmentIds[0]);
        for (var i = start < 0 ? ~start : start; i < wanted.Length && wanted[i] <= segmentIds[^1]; i++)
        {
            // Gallop over gaps: a filter may name a handful of ids in a segment of millions.
            var step = 1;
            while (row + step < segmentIds.Length && segmentIds[row + step] < wanted[i])
                step <<= 1;
            var found = segmentIds[row..Math.Min(row + step + 1, segmentIds.Length)].BinarySearch(wanted[i]);
            row += found < 0 ? ~found : found;
            if (found >= 0)
                bitmap.Set(row);
        }
        return bitmap;
    }

    /// <summary>Removes the rows of another set.</summary>
    public void Except(RowBitmap other)
    {
        for (var i = 0; i < words.Length; i++)
            words[i] &= ~other.words[i];
    }

    /// <summary>The set's rows, ascending.</summary>
    public int[] ToRows()
    {
        var list = new int[Count];
        var n = 0;
        for (var i = 0; i < words.Length; i++)
            for (var word = words[i]; word != 0; word &= word - 1)
                list[n++] = (i << 6) + BitOperations.TrailingZeroCount(word);
        return list;
    }
}
