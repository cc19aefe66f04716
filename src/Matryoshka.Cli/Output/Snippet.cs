using System.Text;

namespace Matryoshka.Cli.Output;

/// <summary>Cuts the part out of a text that shows most of a query's words, and marks them.</summary>
internal static class Snippet
{
    // A word in reading distance before the first match, so that it does not open the snippet.
    private const int Lead = 40;

    /// <summary>The text on one line, at most <paramref name="longest"/> characters of it, with ellipses where it was cut.</summary>
    public static string Of(string text, QueryWords words, int longest)
    {
        var line = TextClean.OneLine(text);
        if (line.Length <= longest)
            return line;
        var start = words.IsEmpty ? 0 : BestStart(line, words, longest);
        start = Math.Min(start, line.Length - longest);
        var end = start + longest;
        if (start > 0)
            start = NextWord(line, start);
        if (end < line.Length)
            end = LastWordEnd(line, start, end);
        return (start > 0 ? "… " : "") + line[start..end] + (end < line.Length ? " …" : "");
    }

    /// <summary>Colours the query's words.</summary>
    public static string Mark(string line, QueryWords words, Ink ink)
    {
        if (!ink.On || words.IsEmpty)
            return line;
        var marked = new StringBuilder(line.Length + 64);
        var written = 0;
        foreach (var (start, length) in QueryWords.Split(line))
        {
            if (words.Find(line.AsSpan(start, length)) < 0)
                continue;
            marked.Append(line, written, start - written).Append(ink.Match(line.Substring(start, length)));
            written = start + length;
        }
        return marked.Append(line, written, line.Length - written).ToString();
    }

    /// <summary>Breaks a line between words to lines of at most <paramref name="width"/> characters.</summary>
    public static List<string> Wrap(string line, int width)
    {
        var lines = new List<string>();
        while (line.Length > width)
        {
            var cut = line.LastIndexOf(' ', width);
            if (cut <= 0)
                cut = char.IsHighSurrogate(line[width - 1]) ? width - 1 : width;
            lines.Add(line[..cut]);
            line = line[cut..].TrimStart(' ');
        }
        lines.Add(line);
        return lines;
    }

    private static int BestStart(string line, QueryWords words, int longest)
    {
        var hits = new List<(int Start, int End, int Word)>();
        foreach (var (start, length) in QueryWords.Split(line))
            if (words.Find(line.AsSpan(start, length)) is >= 0 and var word)
                hits.Add((start, start + length, word));
        var (best, most) = (0, 0);
        var seen = new HashSet<int>();
        for (var i = 0; i < hits.Count; i++)
        {
            var from = Math.Max(0, hits[i].Start - Lead);
            seen.Clear();
            for (var j = i; j < hits.Count && hits[j].End <= from + longest; j++)
                seen.Add(hits[j].Word);
            if (seen.Count > most)
                (best, most) = (from, seen.Count);
        }
        return best;
    }

    private static int NextWord(string line, int at)
    {
        var space = line.IndexOf(' ', at - 1, Math.Min(Lead, line.Length - at));
        return space >= 0 ? space + 1 : char.IsLowSurrogate(line[at]) ? at + 1 : at;
    }

    private static int LastWordEnd(string line, int start, int end)
    {
        var space = line.LastIndexOf(' ', end, Math.Min(Lead, end - start));
        return space > start ? space : char.IsLowSurrogate(line[end]) ? end - 1 : end;
    }
}
