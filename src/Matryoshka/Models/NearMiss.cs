namespace Matryoshka.Models;

/// <summary>Names near a mistyped one, nearest first.</summary>
internal static class NearMiss
{
    // Beyond this length a name is not a slip of the keyboard, and the distance is quadratic.
    private const int MaxLength = 128;

    public static IEnumerable<string> Of(string wanted, IEnumerable<string> names)
    {
        if (wanted.Length is 0 or > MaxLength)
            return [];
        var folded = wanted.ToLowerInvariant();
        return names
            .Select(name => (Name: name, Score: Score(folded, name.ToLowerInvariant())))
            .Where(near => near.Score is not null)
            .OrderBy(near => near.Score).ThenBy(near => near.Name, StringComparer.Ordinal)
            .Select(near => near.Name);
    }

    // A name that contains the wanted one (or the reverse) beats any edit distance; edits up to a third of the length count as near.
    private static int? Score(string wanted, string name)
    {
        if (wanted.Length >= 3 && name.Contains(wanted, StringComparison.Ordinal))
            return 0;
        if (name.Length >= 5 && wanted.Contains(name, StringComparison.Ordinal))
            return 1;
        var distance = Distance(wanted, name);
        return distance <= Math.Max(2, wanted.Length / 3) ? 1 + distance : null;
    }

    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
