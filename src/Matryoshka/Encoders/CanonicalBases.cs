using System.Buffers;
using System.Text;

namespace Matryoshka.Encoders;

/// <summary>
/// What canonical decomposition (NFD) leaves of a code point once its nonspacing marks are dropped. Own data, because
/// <c>string.Normalize</c> changes nothing where globalisation is invariant and follows the host's ICU elsewhere: the
/// same text must give the same tokens on every machine.
/// </summary>
internal static partial class CanonicalBases
{
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, LeadFirst = 0x1100, VowelFirst = 0x1161, TailFirst = 0x11A7;
    private const int Vowels = 21, Tails = 28;

    private static readonly Lazy<(int[] Keys, int[] Starts)> Index = new(BuildIndex);

    /// <summary>Writes what is left of <paramref name="codePoint"/>, which is no mark itself, to <paramref name="bases"/> (room for 4).</summary>
    /// <returns>The number of code points written.</returns>
    public static int Decompose(int codePoint, Span<int> bases)
    {
        if (codePoint is >= HangulFirst and <= HangulLast)
            return DecomposeHangul(codePoint - HangulFirst, bases);
        var (keys, starts) = Index.Value;
        var found = Array.BinarySearch(keys, codePoint);
        if (found < 0)
        {
            bases[0] = codePoint;
            return 1;
        }
        var count = 0;
        var rest = Records.AsSpan(starts[found]);
        for (; rest[0] != '|'; count++)
        {
            Rune.DecodeFromUtf16(rest, out var rune, out var width);
            bases[count] = rune.Value;
            rest = rest[width..];
        }
        return count;
    }

    // The Unicode Standard, 3.12: a syllable is lead, vowel and perhaps tail by arithmetic.
    private static int DecomposeHangul(int syllable, Span<int> bases)
    {
        bases[0] = LeadFirst + (syllable / (Vowels * Tails));
        bases[1] = VowelFirst + (syllable % (Vowels * Tails) / Tails);
        bases[2] = TailFirst + (syllable % Tails);
        return syllable % Tails == 0 ? 2 : 3;
    }

    private static (int[] Keys, int[] Starts) BuildIndex()
    {
        var records = Records.AsSpan().Count('|');
        var keys = new int[records];
        var starts = new int[records];
        var at = 0;
        for (var i = 0; i < records; i++)
        {
            if (Rune.DecodeFromUtf16(Records.AsSpan(at), out var rune, out var width) != OperationStatus.Done)
                throw new InvalidOperationException("The decomposition data is damaged.");
            keys[i] = rune.Value;
            starts[i] = at + width;
            at = Records.IndexOf('|', starts[i]) + 1;
        }
        return (keys, starts);
    }
}
