using System.Globalization;

namespace Matryoshka.Documents;

/// <summary>
/// How pieces are called in a collection. Keys are stable: reading the same source again gives the same keys. Records keep the id they
/// brought along, so records of two sources with the same id replace each other.
/// </summary>
public static class PieceKeys
{
    /// <summary>The key of a piece of a file: <c>docs/a.md#3</c>.</summary>
    public static string OfFile(string source, int ordinal) => string.Create(CultureInfo.InvariantCulture, $"{source}#{ordinal}");

    /// <summary>
    /// The key of a piece of a record: its id, or <c>source:line</c> when it has none; with <c>#ordinal</c> when the record is more than one
    /// piece.
    /// </summary>
    public static string OfRecord(string? id, string source, long line, int ordinal, bool isSplit)
    {
        var record = id ?? string.Create(CultureInfo.InvariantCulture, $"{source}:{line}");
        return isSplit ? string.Create(CultureInfo.InvariantCulture, $"{record}#{ordinal}") : record;
    }
}
