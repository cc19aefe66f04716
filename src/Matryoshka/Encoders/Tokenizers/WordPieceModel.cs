namespace Matryoshka.Encoders.Tokenizers;

/// <summary>
/// Greedy longest match (Wu et al., 2016) over pieces that any normaliser and pre-tokenizer cut. BERT's own combination
/// runs through <see cref="WordPieceTokenizer"/> instead, which is many times faster.
/// </summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> starts, continuations;
    private readonly int unknown, most, longest;

    public WordPieceModel(JsonPart model)
    {
        ids = ReadVocabulary(model);
        var token = model.Text("unk_token") ?? "[UNK]";
        unknown = ids.TryGetValue(token, out var id) ? id : throw model.Bad($"has a 'vocab' without its 'unk_token' '{token}'");
        var prefix = model.Text("continuing_subword_prefix") ?? "##";
        most = model.Number("max_input_chars_per_word", 1, 1000) ?? 100;
        var inside = prefix.Length == 0 ? ids
            : ids.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(e => e.Key[prefix.Length..], e => e.Value, StringComparer.Ordinal);
        starts = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        continuations = inside.GetAlternateLookup<ReadOnlySpan<char>>();
        longest = ids.Keys.Max(k => k.Length);
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => ids;

    public override void Tokenize(string piece, List<int> ids)
    {
        var before = ids.Count;
        if (piece.Length > most && piece.EnumerateRunes().Count() > most)
        {
            ids.Add(unknown);
            return;
        }
        for (var at = 0; at < piece.Length;)
        {
            var lookup = at == 0 ? starts : continuations;
            var end = Math.Min(piece.Length, at + longest);
            var id = 0;
            while (end > at && !lookup.TryGetValue(piece.AsSpan(at, end - at), out id))
                end--;
            if (end == at)
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(unknown);
                return;
            }
            ids.Add(id);
            at = end;
        }
    }
}
