using Spectre.Console;

namespace Matryoshka.Cli.Output;

/// <summary>Draws a sheet with Spectre. Apart, so that the assembly loads only when a table is drawn.</summary>
internal static class SpectreTable
{
    public static void Write(CliHost host, Sheet sheet)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = host.Colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = host.Colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(host.Out),
        });
        console.Profile.Width = host.Width;
        console.Profile.Capabilities.Unicode = true;

        var table = new Table { Border = TableBorder.Rounded, BorderStyle = new Style(foreground: Color.Grey) };
        if (sheet.Title is not null)
            table.Title = new TableTitle(Markup.Escape(sheet.Title), new Style(decoration: Decoration.Bold));
        foreach (var column in sheet.Columns)
        {
            var heading = new TableColumn(new Text(column.Name, new Style(decoration: Decoration.Bold)));
            if (column.Right)
                heading.RightAligned();
            // Numbers and bars mean nothing when broken.
            if (column.Right || column.TerminalOnly)
                heading.NoWrap();
            table.AddColumn(heading);
        }
        foreach (var row in sheet.Rows)
        {
            var cells = new Text[row.Length];
            for (var i = 0; i < row.Length; i++)
                cells[i] = new Text(TextClean.Lines(row[i].Text), StyleOf(row[i].Style));
            table.AddRow(cells);
        }
        console.Write(table);
    }

    private static Style StyleOf(CellStyle style) => style switch
    {
        CellStyle.Strong => new Style(decoration: Decoration.Bold),
        CellStyle.Faint => new Style(foreground: Color.Grey),
        CellStyle.Accent => new Style(foreground: Color.Aqua),
        CellStyle.Good => new Style(foreground: Color.Green),
        CellStyle.Bad => new Style(foreground: Color.Red),
        _ => Style.Plain,
    };
}
