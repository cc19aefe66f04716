using System.Numerics;

namespace Matryoshka.Storage;

/// <summary>
/// Where the rows of a segment are in the one it was merged into. Merging keeps the live rows in order, so a row's place
/// is its part's first place plus the live rows before it: a count a word and the bits of the word.
/// </summary>
internal sealed class RowMap
{
    private readonly int first;
    private readonly RowBitmap? dead;
    private readonly int[] deadBefore = [];

    /// <param name="rows">Rows of the old segment.</param>
    /// <param name="first">The new row of its first live row.</param>
    /// <param name="dead">Rows that were dropped.</param>
    public RowMap(int rows, int first, RowBitmap? dead)
    {
        this.first = first;
        this.dead = dead;
        Rows = rows;
        if (dead is null)
        {
            Live = rows;
            return;
        }
        var words = dead.Words;
        deadBefore = new int[words.Length];
        var count = 0;
        for (var i = 0; i < words.Length; i++)
        {
            deadBefore[i] = count;
            count += BitOperations.PopCount(words[i]);
        }
        Live = rows - count;
    }

    /// <summary>Rows of the old segment.</summary>
    public int Rows { get; }

    /// <summary>Rows of it that were kept.</summary>
    public int Live { get; }

    /// <summary>The new row, or -1 when it was dropped.</summary>
    public int this[int oldRow]
    {
        get
        {
            if (dead is null)
                return first + oldRow;
            if (dead[oldRow])
                return -1;
            var word = oldRow >> 6;
            return first + oldRow - deadBefore[word] - BitOperations.PopCount(dead.Words[word] & ((1UL << oldRow) - 1));
        }
    }

    /// <summary>The old row of a kept one, counted from the part's first.</summary>
    public int OldRow(int kept)
    {
        if (dead is null)
            return kept;
        // The last word with fewer live rows before it than asked for holds the row; its bit is found by walking the word.
        int low = 0, high = deadBefore.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >> 1;
            if ((middle << 6) - deadBefore[middle] <= kept)
                low = middle;
            else
                high = middle - 1;
        }
        var left = kept - ((low << 6) - deadBefore[low]);
        var live = ~dead.Words[low];
        for (; left > 0; left--)
            live &= live - 1;
        return (low << 6) + BitOperations.TrailingZeroCount(live);
    }
}
