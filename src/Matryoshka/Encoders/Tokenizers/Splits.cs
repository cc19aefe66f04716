namespace Matryoshka.Encoders.Tokenizers;

/// <summary>The pre-tokenizer "Split": cuts at the matches of a pattern and does one of five things with them.</summary>
internal static class Splits
{
    private readonly record struct Stretch(int Start, int End, bool Match);

    public static PreTokenizer Parse(JsonPart part)
    {
        var behaviour = part.Text("behavior") ?? throw part.Bad("has no 'behavior'");
        if (behaviour is not ("Removed" or "Isolated" or "MergedWithPrevious" or "MergedWithNext" or "Contiguous"))
            throw part.Bad($"has the 'behavior' '{behaviour}', which is not supported");
        var find = Finder(part);
        var invert = part.Flag("invert", false);
        return piece => Cut(piece, Stretches(piece.Text, find, invert), behaviour);
    }

    // The end of the match at a place, or -1 where none begins.
    private static Func<string, int, int> Finder(JsonPart part)
    {
        var pattern = part.Part("pattern");
        if (pattern.Text("String") is { Length: > 0 } literal)
            return (text, at) => string.CompareOrdinal(text, at, literal, 0, literal.Length) == 0 ? at + literal.Length : -1;
        var expression = pattern.Text("Regex") ?? throw part.Bad("has no 'pattern' of the kind String or Regex");
        var words = GptWords.Of(expression)
            ?? throw part.Bad($"has the regular expression '{expression}', which is not supported; supported are those of GPT-2, cl100k (Llama 3) and Qwen");
        return (text, at) => words.End(text, at);
    }

    private static List<Stretch> Stretches(string text, Func<string, int, int> find, bool invert)
    {
        var stretches = new List<Stretch>();
        var done = 0;
        for (var at = 0; at < text.Length;)
        {
            var end = find(text, at);
            if (end < 0)
            {
                at++;
                continue;
            }
            if (at > done)
                stretches.Add(new(done, at, invert));
            stretches.Add(new(at, end, !invert));
            done = at = end;
        }
        if (done < text.Length)
            stretches.Add(new(done, text.Length, invert));
        return stretches;
    }

    private static IEnumerable<Piece> Cut(Piece piece, List<Stretch> stretches, string behaviour)
    {
        var joined = new List<Stretch>(stretches.Count);
        for (var i = 0; i < stretches.Count; i++)
        {
            var stretch = stretches[i];
            var joins = i > 0 && behaviour switch
            {
                "MergedWithPrevious" => stretch.Match && !stretches[i - 1].Match,
                "MergedWithNext" => !stretch.Match && stretches[i - 1].Match,
                "Contiguous" => stretch.Match == stretches[i - 1].Match,
                _ => false,
            };
            if (joins)
                joined[^1] = joined[^1] with { End = stretch.End };
            else if (behaviour != "Removed" || !stretch.Match)
                joined.Add(stretch);
        }
        return joined.Select(s => new Piece(piece.Text[s.Start..s.End], piece.First && s.Start == 0));
    }
}
