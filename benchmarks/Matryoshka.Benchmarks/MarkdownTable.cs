using System.Text;

namespace Matryoshka.Benchmarks;

/// <summary>A table that reads well as plain text too: columns padded, the first one flush left, the others right.</summary>
internal static class MarkdownTable
{
    /// <summary>The table of these rows, the first of them its heading.</summary>
    public static string Of(IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        var text = new StringBuilder();
        for (var r = 0; r < rows.Count; r++)
        {
            text.Append('|');
            for (var c = 0; c < widths.Length; c++)
                text.Append(' ').Append(c == 0 ? rows[r][c].PadRight(widths[c]) : rows[r][c].PadLeft(widths[c])).Append(" |");
            text.Append('\n');
            if (r == 0)
                text.Append('|').AppendJoin("", widths.Select((w, c) => (c == 0 ? ":" + new string('-', w + 1) : new string('-', w + 1) + ":") + "|")).Append('\n');
        }
        return text.ToString();
    }
}
