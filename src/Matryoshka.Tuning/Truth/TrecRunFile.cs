using System.Globalization;

using Matryoshka.Tuning.Truth;

namespace Matryoshka.Tuning;

/// <summary>
/// Reads a TREC run, <c>query Q0 key rank score tag</c>. As trec_eval does, the ranks are passed over: keys are ordered by score,
/// held as a 32-bit float, and equal scores by key, descending.
/// </summary>
public static class TrecRunFile
{
    /// <summary>Reads a file into rankings by query.</summary>
    /// <exception cref="InvalidFormatException">A line has another form, or a key stands twice for one query.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var hits = new Dictionary<string, List<(float Score, string Key)>>(StringComparer.Ordinal);
        var seen = new HashSet<(string, string)>();
        var number = 0;
        foreach (var line in TextFile.Lines(path))
        {
            number++;
            var cells = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length == 0)
                continue;
            var place = $"Line {number.ToString(CultureInfo.InvariantCulture)} of '{path}'";
            if (cells.Length != 6 || !float.TryParse(cells[4], NumberStyles.Float, CultureInfo.InvariantCulture, out var score) || float.IsNaN(score))
                throw new InvalidFormatException($"{place} is not a line of a run: write 'query Q0 key rank score tag'.");
            if (!seen.Add((cells[0], cells[2])))
                throw new InvalidFormatException($"{place}: the key '{cells[2]}' stands twice for query '{cells[0]}'.");
            if (!hits.TryGetValue(cells[0], out var list))
                hits[cells[0]] = list = [];
            list.Add((score, cells[2]));
        }
        return hits.ToDictionary(query => query.Key, query => (IReadOnlyList<string>)[.. Ordered(query.Value).Select(hit => hit.Key)], StringComparer.Ordinal);
    }

    private static List<(float Score, string Key)> Ordered(List<(float Score, string Key)> hits)
    {
        hits.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(b.Key, a.Key));
        return hits;
    }
}
