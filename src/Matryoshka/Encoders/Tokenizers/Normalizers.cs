using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>Changes a text before it is cut into pieces. Each is one "normalizer" of a tokenizer.json, of the same meaning.</summary>
internal delegate string Normalizer(string text);

/// <summary>Reads the normalizer of a tokenizer.json.</summary>
internal static class Normalizers
{
    private const string Supported = "BertNormalizer, NFC, NFD, Lowercase, StripAccents, Strip, Replace, Prepend, Precompiled and Sequence";

    private static readonly SearchValues<char> Classes = SearchValues.Create(@"\.[^$(");

    public static Normalizer Parse(JsonPart part)
    {
        if (part.IsNull)
            return text => text;
        switch (part.Type)
        {
            case "Sequence":
                var steps = part.Parts("normalizers").Select(Parse).ToArray();
                return text => steps.Aggregate(text, (changed, step) => step(changed));
            case "BertNormalizer": return BertOf(part).Apply;
            case "NFC": return CanonicalForms.Compose;
            case "NFD": return CanonicalForms.Decompose;
            case "Lowercase": return text => Map(text, Lower);
            case "StripAccents": return text => Map(text, KeepUnlessMark);
            case "Strip": return Strip(part);
            case "Replace": return Replace(part);
            case "Prepend":
                var prefix = part.Text("prepend") ?? throw part.Bad("has no 'prepend'");
                return text => text.Length == 0 ? text : prefix + text;
            case "Precompiled": return PrecompiledCharsmap.Parse(part).Apply;
            default: throw part.Unsupported(Supported);
        }
    }

    public static BertNormalizer BertOf(JsonPart part)
    {
        var lowercase = part.Flag("lowercase", true);
        // Absent or null, stripping follows lowercase.
        return new BertNormalizer(part.Flag("clean_text", true), part.Flag("handle_chinese_chars", true), part.Flag("strip_accents", lowercase), lowercase);
    }

    private static string Apply(this BertNormalizer bert, string text)
    {
        Span<int> folded = stackalloc int[BertNormalizer.MaxExpansion];
        var result = new StringBuilder(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            if (bert.Drops(rune.Value))
                continue;
            var alone = bert.SplitCjk && BertNormalizer.IsCjk(rune.Value);
            if (alone)
                result.Append(' ');
            if (bert.CleanText && BertNormalizer.IsSpace(rune.Value))
                result.Append(' ');
            else
                foreach (var point in folded[..bert.Fold(rune.Value, folded)])
                    Append(result, point);
            if (alone)
                result.Append(' ');
        }
        return result.ToString();
    }

    private static Normalizer Strip(JsonPart part)
    {
        var (left, right) = (part.Flag("strip_left", true), part.Flag("strip_right", true));
        return text => (left, right) switch
        {
            (true, true) => text.Trim(),
            (true, false) => text.TrimStart(),
            (false, true) => text.TrimEnd(),
            _ => text,
        };
    }

    private static Normalizer Replace(JsonPart part)
    {
        var content = part.Text("content") ?? throw part.Bad("has no 'content'");
        var pattern = part.Part("pattern");
        if (pattern.Text("String") is { Length: > 0 } literal)
            return text => text.Replace(literal, content, StringComparison.Ordinal);
        var expression = pattern.Text("Regex") ?? throw part.Bad("has no 'pattern' of the kind String or Regex");
        // .NET sees UTF-16 units where the tokenizers library sees code points; without classes, both see the same.
        if (expression.AsSpan().ContainsAny(Classes))
            throw part.Bad($"has the regular expression '{expression}'; supported are literals with the quantifiers {{n,}}, * and +");
        try
        {
            var regex = new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            return text => regex.Replace(text, _ => content);
        }
        catch (ArgumentException error)
        {
            throw new InvalidFormatException($"'{part.File}' is not a usable tokenizer.json: '{expression}' is not a regular expression.", error);
        }
    }

    private static IEnumerable<int> Lower(Rune rune)
    {
        // The one code point whose lower case is two (SpecialCasing.txt); .NET's mappings are one to one.
        if (rune.Value == 0x130)
            return ['i', 0x307];
        return [Rune.ToLowerInvariant(rune).Value];
    }

    private static IEnumerable<int> KeepUnlessMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? [] : [rune.Value];

    private static string Map(string text, Func<Rune, IEnumerable<int>> map)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            foreach (var point in map(rune))
                Append(result, point);
        return result.ToString();
    }

    private static void Append(StringBuilder text, int point)
    {
        if (point <= char.MaxValue)
            text.Append((char)point);
        else
            text.Append(char.ConvertFromUtf32(point));
    }
}
