using System.Text;

namespace Matryoshka.Cli.Files;

/// <summary>The keys (and texts) of rows that a vector file does not name: one key a line, or JSON lines.</summary>
internal static class KeyFile
{
    /// <summary>How many rows it names.</summary>
    public static long Count(string path)
    {
        using var lines = InputFile.OpenLines(path);
        long count = 0;
        while (lines.TryRead(out var line))
            count += line.IsEmpty ? 0 : 1;
        return count;
    }

    /// <summary>The rows in order, none with a vector.</summary>
    public static IEnumerable<VectorRow> Read(string path)
    {
        using var lines = InputFile.OpenLines(path);
        bool? json = null;
        while (lines.TryRead(out var line))
        {
            if (line.IsEmpty)
                continue;
            json ??= line.Span[0] == (byte)'{';
            var place = $"Line {lines.Number} of '{path}'";
            var row = json.Value ? VectorRow.Parse(line, place) : new(Encoding.UTF8.GetString(line.Span), null, null, null, null);
            yield return string.IsNullOrEmpty(row.Key) ? throw new InvalidFormatException($"{place} has no 'key', 'id' or '_id'.") : row;
        }
    }
}
