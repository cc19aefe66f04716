namespace Matryoshka.Cli.Output;

/// <summary>How a cell is shown on a terminal.</summary>
internal enum CellStyle
{
    Plain,
    Strong,
    Faint,
    Accent,
    Good,
    Bad,
}

/// <summary>One cell: what a person sees, and what a program reads if that differs.</summary>
internal readonly record struct Cell(string Text, CellStyle Style = CellStyle.Plain, string? Machine = null)
{
    public static implicit operator Cell(string text) => new(text);

    public static Cell Number(long number, CellStyle style = CellStyle.Plain) => new(Figures.Grouped(number), style, Figures.Plain(number));

    public static Cell Bytes(long bytes, CellStyle style = CellStyle.Plain) => new(Figures.Bytes(bytes), style, Figures.Plain(bytes));
}

/// <summary>A column's heading.</summary>
internal readonly record struct Column(string Name, bool Right = false, bool TerminalOnly = false);

/// <summary>
/// A table: drawn on a terminal, lines of tab-separated cells without a heading elsewhere. One description gives both.
/// </summary>
internal sealed class Sheet(params Column[] columns)
{
    public string? Title { get; init; }

    /// <summary>What every line begins with when written for programs, where several tables follow each other.</summary>
    public string? LineName { get; init; }

    public IReadOnlyList<Column> Columns => columns;

    public List<Cell[]> Rows { get; } = [];

    public void Add(params Cell[] cells) => Rows.Add(cells);

    public void Write(Session session)
    {
        if (session.Pretty)
            SpectreTable.Write(session.Host, this);
        else
            WritePlain(session.Host.Out);
    }

    private void WritePlain(TextWriter writer)
    {
        foreach (var row in Rows)
        {
            var first = true;
            if (LineName is not null)
                Append(LineName, ref first, writer);
            for (var i = 0; i < row.Length; i++)
                if (!columns[i].TerminalOnly)
                    Append(TextClean.OneLine(row[i].Machine ?? row[i].Text), ref first, writer);
            writer.WriteLine();
        }
    }

    private static void Append(string text, ref bool first, TextWriter writer)
    {
        if (!first)
            writer.Write('\t');
        first = false;
        writer.Write(text);
    }
}
