namespace Matryoshka.Tuning.Reporting;

/// <summary>What pages of reports share: one file that needs nothing else, for a screen of any width and for paper.</summary>
internal static class Page
{
    public static string Of(string kicker, string title, string facts, Markup body) => Markup.Of($"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{title}</title>
        <style>{new Markup(Palette.Css(":root"))}{new Markup(Resource("report.css"))}</style>
        </head>
        <body>
        <main>
        <header>
        <p class="kicker">{kicker}</p>
        <h1>{title}</h1>
        <p class="facts">{facts}</p>
        </header>
        {body}
        </main>
        <script>{new Markup(Resource("report.js"))}</script>
        </body>
        </html>
        """).Text;

    public static Markup Figure(Picture picture) =>
        Markup.Of($"<figure><h2>{picture.Title}</h2><figcaption>{picture.Caption}</figcaption>{new Markup(picture.Inline())}</figure>\n");

    public static Markup Tile(string name, string value, string note) => Markup.Of($"<div><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>");

    /// <summary>A cell of a table that sorts: what is shown, and the number to sort by.</summary>
    public static Markup Cell(double value, string text) => Markup.Of($"<td class=\"n\" data-v=\"{value}\">{text}</td>");

    public static string NameOf(string folder) => Path.GetFileName(folder.TrimEnd('/', '\\')) is { Length: > 0 } name ? name : folder;

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Page).Assembly.GetManifestResourceStream("Matryoshka.Tuning." + name)!);
        return reader.ReadToEnd();
    }
}
