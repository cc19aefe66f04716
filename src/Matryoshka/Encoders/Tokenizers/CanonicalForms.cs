using System.Globalization;
using System.Text;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>
/// Unicode's canonical decomposition and composition (UAX #15: NFD, NFC). Own data for the reason that
/// <see cref="CanonicalBases"/> gives: <c>string.Normalize</c> changes nothing where globalisation is invariant.
/// </summary>
internal static partial class CanonicalForms
{
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, LeadFirst = 0x1100, VowelFirst = 0x1161, TailFirst = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    // Nothing below combines or decomposes with what follows it below it; U+00C0 is the first that NFD takes apart and
    // U+0300 the first mark, so a text of lower code points is in both forms.
    private const char FirstDecomposed = '\u00C0', FirstMark = '\u0300';

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    /// <summary>Every composite taken apart, marks in canonical order.</summary>
    public static string Decompose(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange(FirstDecomposed, char.MaxValue) < 0)
            return text;
        return ToString(Decomposed(text));
    }

    /// <summary>The same text with as many composites as canonical composition allows.</summary>
    public static string Compose(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange(FirstMark, char.MaxValue) < 0)
            return text;
        var points = Decomposed(text);
        ComposeInPlace(points);
        return ToString(points);
    }

    private static List<int> Decomposed(string text)
    {
        var tables = Data.Value;
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is >= HangulFirst and <= HangulLast)
                DecomposeHangul(rune.Value - HangulFirst, points);
            else if (rune.Value >= FirstDecomposed && tables.Decompositions.TryGetValue(rune.Value, out var parts))
                points.AddRange(parts);
            else
                points.Add(rune.Value);
        }
        Order(points, tables);
        return points;
    }

    // The Unicode Standard, 3.12: a syllable is lead, vowel and perhaps tail by arithmetic.
    private static void DecomposeHangul(int syllable, List<int> points)
    {
        points.Add(LeadFirst + (syllable / (Vowels * Tails)));
        points.Add(VowelFirst + (syllable % (Vowels * Tails) / Tails));
        if (syllable % Tails != 0)
            points.Add(TailFirst + (syllable % Tails));
    }

    // A stable sort of each run of marks by class; runs are short, so insertion.
    private static void Order(List<int> points, Tables tables)
    {
        for (var i = 1; i < points.Count; i++)
        {
            var mark = points[i];
            var order = tables.ClassOf(mark);
            if (order == 0)
                continue;
            var at = i;
            for (; at > 0 && tables.ClassOf(points[at - 1]) > order; at--)
                points[at] = points[at - 1];
            points[at] = mark;
        }
    }

    private static void ComposeInPlace(List<int> points)
    {
        var tables = Data.Value;
        var (kept, starter, lastClass) = (0, -1, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var order = tables.ClassOf(point);
            // A mark is blocked from its starter by one of its own class or higher in between (D115); a starter, by any.
            var blocked = starter < 0 || (kept - starter > 1 && (lastClass == 0 || lastClass >= order));
            if (!blocked && Pair(points[starter], point, tables) is >= 0 and var composite)
            {
                points[starter] = composite;
                continue;
            }
            if (order == 0)
                starter = kept;
            lastClass = order;
            points[kept++] = point;
        }
        points.RemoveRange(kept, points.Count - kept);
    }

    private static int Pair(int first, int second, Tables tables)
    {
        if (first is >= LeadFirst and < LeadFirst + Leads && second is >= VowelFirst and < VowelFirst + Vowels)
            return HangulFirst + ((((first - LeadFirst) * Vowels) + second - VowelFirst) * Tails);
        if (first is >= HangulFirst and <= HangulLast && (first - HangulFirst) % Tails == 0 && second is > TailFirst and < TailFirst + Tails)
            return first + second - TailFirst;
        return tables.Compositions.GetValueOrDefault(((long)first << 32) | (uint)second, -1);
    }

    private static string ToString(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (var point in points)
            text.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return text.ToString();
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, byte> classes = [];

        public Dictionary<int, int[]> Decompositions { get; } = [];

        public Dictionary<long, int> Compositions { get; } = [];

        public int ClassOf(int point) => point >= FirstMark && classes.TryGetValue(point, out var order) ? order : 0;

        public static Tables Read()
        {
            var tables = new Tables();
            tables.ReadClasses();
            var composites = tables.ReadRecords();
            // Shorter decompositions first: the pair of a longer one begins with the composite of all but its last.
            foreach (var (composite, parts) in composites.OrderBy(c => c.Parts.Length))
            {
                var first = parts[0];
                foreach (var part in parts.AsSpan(1, parts.Length - 2))
                    first = tables.Compositions[((long)first << 32) | (uint)part];
                tables.Compositions.Add(((long)first << 32) | (uint)parts[^1], composite);
            }
            return tables;
        }

        private List<(int Composite, int[] Parts)> ReadRecords()
        {
            var composites = new List<(int, int[])>();
            for (var rest = Records.AsSpan(); !rest.IsEmpty;)
            {
                var end = rest.IndexOfAny('|', '/');
                var points = rest[..end].ToString().EnumerateRunes().Select(r => r.Value).ToArray();
                Decompositions.Add(points[0], points[1..]);
                if (rest[end] == '|')
                    composites.Add((points[0], points[1..]));
                rest = rest[(end + 1)..];
            }
            return composites;
        }

        private void ReadClasses()
        {
            foreach (var range in Classes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var numbers = range.Split('-', ':').Select(n => int.Parse(n, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
                for (var i = 0; i <= numbers[1]; i++)
                    classes.Add(numbers[0] + i, (byte)numbers[2]);
            }
        }
    }
}
