namespace Matryoshka.Training.Vocabularies;

/// <summary>The stem of an English word by Porter's rules (1980).</summary>
internal static class PorterStemmer
{
    private const int ShortestWord = 3;

    private static readonly (string Suffix, string Instead)[] Double =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"),
        ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
        ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
    ];

    private static readonly (string Suffix, string Instead)[] Single =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] Last =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>The stem; words with anything but lower-case ASCII letters stay as they are.</summary>
    public static string Stem(string word)
    {
        if (word.Length < ShortestWord || word.AsSpan().ContainsAnyExceptInRange('a', 'z'))
            return word;
        word = PastAndProgressive(Plural(word));
        if (word[^1] == 'y' && HasVowel(word.AsSpan(0, word.Length - 1)))
            word = word[..^1] + "i";
        return Ending(WithoutLast(Replace(Replace(word, Double), Single)));
    }

    private static string Plural(string word) =>
        word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("ies", StringComparison.Ordinal) ? word[..^2]
        : word[^1] == 's' && word[^2] != 's' ? word[..^1] : word;

    private static string PastAndProgressive(string word)
    {
        if (word.EndsWith("eed", StringComparison.Ordinal))
            return Measure(word.AsSpan(0, word.Length - 3)) > 0 ? word[..^1] : word;
        var cut = word.EndsWith("ed", StringComparison.Ordinal) ? 2 : word.EndsWith("ing", StringComparison.Ordinal) ? 3 : 0;
        if (cut == 0 || !HasVowel(word.AsSpan(0, word.Length - cut)))
            return word;
        word = word[..^cut];
        if (word.EndsWith("at", StringComparison.Ordinal) || word.EndsWith("bl", StringComparison.Ordinal) || word.EndsWith("iz", StringComparison.Ordinal))
            return word + "e";
        if (EndsDoubled(word))
            return word[^1] is 'l' or 's' or 'z' ? word : word[..^1];
        return Measure(word) == 1 && EndsShort(word) ? word + "e" : word;
    }

    private static string Replace(string word, (string Suffix, string Instead)[] rules)
    {
        (string Suffix, string Instead)? best = null;
        foreach (var rule in rules)
            if (word.EndsWith(rule.Suffix, StringComparison.Ordinal) && !(best?.Suffix.Length > rule.Suffix.Length))
                best = rule;
        return best is { } found && Measure(word.AsSpan(0, word.Length - found.Suffix.Length)) > 0 ? word[..^found.Suffix.Length] + found.Instead : word;
    }

    private static string WithoutLast(string word)
    {
        var best = "";
        foreach (var suffix in Last)
            if (suffix.Length > best.Length && word.EndsWith(suffix, StringComparison.Ordinal))
                best = suffix;
        var stem = word[..^best.Length];
        return best.Length > 0 && Measure(stem) > 1 && (best != "ion" || stem[^1] is 's' or 't') ? stem : word;
    }

    private static string Ending(string word)
    {
        if (word[^1] == 'e')
        {
            var stem = word[..^1];
            var measure = Measure(stem);
            if (measure > 1 || measure == 1 && !EndsShort(stem))
                word = stem;
        }
        return word.EndsWith("ll", StringComparison.Ordinal) && Measure(word.AsSpan(0, word.Length - 1)) > 1 ? word[..^1] : word;
    }

    private static bool IsConsonant(ReadOnlySpan<char> word, int at) =>
        word[at] switch { 'a' or 'e' or 'i' or 'o' or 'u' => false, 'y' => at == 0 || !IsConsonant(word, at - 1), _ => true };

    // How often a vowel is followed by a consonant.
    private static int Measure(ReadOnlySpan<char> word)
    {
        var measure = 0;
        for (var i = 1; i < word.Length; i++)
            if (IsConsonant(word, i) && !IsConsonant(word, i - 1))
                measure++;
        return measure;
    }

    private static bool HasVowel(ReadOnlySpan<char> word)
    {
        for (var i = 0; i < word.Length; i++)
            if (!IsConsonant(word, i))
                return true;
        return false;
    }

    private static bool EndsDoubled(string word) => word.Length > 1 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    private static bool EndsShort(ReadOnlySpan<char> word) =>
        word.Length > 2 && IsConsonant(word, word.Length - 1) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 3) && word[^1] is not ('w' or 'x' or 'y');
}
