using System.Globalization;
using System.Text;

namespace Matryoshka.Tuning.Reporting;

/// <summary>A table as comma-separated values (RFC 4180), numbers in full.</summary>
internal sealed class Csv
{
    private static readonly System.Buffers.SearchValues<char> Quoted = System.Buffers.SearchValues.Create(",\"\r\n");
    private readonly StringBuilder text = new();

    public Csv(IEnumerable<string> columns) => Add([.. columns]);

    public void Add(params IEnumerable<object?> cells) => text.AppendJoin(',', cells.Select(Cell)).Append('\n');

    public override string ToString() => text.ToString();

    private static string Cell(object? value)
    {
        var cell = value switch
        {
            null => "",
            bool flag => flag ? "true" : "false",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        return cell.AsSpan().ContainsAny(Quoted) ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
    }
}
