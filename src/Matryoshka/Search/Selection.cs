namespace Matryoshka.Search;

/// <summary>Partial ordering of scored rows.</summary>
internal static class Selection
{
    /// <summary>Moves the best <paramref name="keep"/> entries to the front, in no order.</summary>
    public static void BestFirst(Span<Scored> entries, int keep)
    {
        // Quickselect with the median of three; 2 log2(n) bad splits in a row can only be malice, and sorting ends it.
        var patience = 2 * int.Log2(entries.Length | 1) + 8;
        var (low, high) = (0, entries.Length - 1);
        while (low < high && keep > low && keep <= high)
        {
            if (patience-- == 0)
            {
                entries[low..(high + 1)].Sort();
                return;
            }
            var (left, right) = Split(entries, low, high);
            if (keep <= right)
                high = right;
            else if (keep >= left)
                low = left;
            else
                return;
        }
    }

    /// <summary>Afterwards low..right is no worse than a pivot, left..high no better, and what may lie between equals it.</summary>
    private static (int Left, int Right) Split(Span<Scored> entries, int low, int high)
    {
        var pivot = Median(entries[low], entries[low + (high - low) / 2], entries[high]);
        var (left, right) = (low, high);
        while (left <= right)
        {
            while (entries[left].IsBetterThan(pivot))
                left++;
            while (pivot.IsBetterThan(entries[right]))
                right--;
            if (left > right)
                break;
            (entries[left], entries[right]) = (entries[right], entries[left]);
            left++;
            right--;
        }
        return (left, right);
    }

    private static Scored Median(Scored a, Scored b, Scored c)
    {
        if (b.IsBetterThan(a))
            (a, b) = (b, a);
        if (c.IsBetterThan(b))
            b = c.IsBetterThan(a) ? a : c;
        return b;
    }
}
