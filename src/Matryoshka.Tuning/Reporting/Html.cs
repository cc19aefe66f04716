using System.Runtime.CompilerServices;
using System.Text;

namespace Matryoshka.Tuning.Reporting;

/// <summary>Builds markup in which every value is escaped, unless it is markup itself.</summary>
[InterpolatedStringHandler]
internal readonly ref struct Html(int literalLength, int formattedCount)
{
    private readonly StringBuilder text = new(literalLength + formattedCount * 16);

    public void AppendLiteral(string literal) => text.Append(literal);

    public void AppendFormatted(Markup markup) => text.Append(markup.Text);

    // The framework's encoder also writes µ and the like as numbers.
    public void AppendFormatted(string? value)
    {
        value ??= "";
        for (var i = 0; i < value.Length; i++)
            _ = value[i] switch
            {
                // A line must not begin with the sign of the number before it.
                ' ' when i + 1 < value.Length && value[i + 1] == '%' => text.Append('\u00a0'),
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '"' => text.Append("&quot;"),
                '\'' => text.Append("&#39;"),
                var c => text.Append(c),
            };
    }

    public void AppendFormatted(int value) => text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{value}");

    public void AppendFormatted(double value) => text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{value:R}");

    public override string ToString() => text.ToString();
}

/// <summary>Text that is markup already.</summary>
internal readonly record struct Markup(string Text)
{
    public static readonly Markup None = new("");

    public static Markup Of(Html html) => new(html.ToString());

    public static Markup Join<T>(IEnumerable<T> items, Func<T, Markup> each) => new(string.Concat(items.Select(item => each(item).Text)));

    public static Markup If(bool condition, Func<Markup> markup) => condition ? markup() : None;
}
