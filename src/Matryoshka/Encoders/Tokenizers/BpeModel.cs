using System.Collections.Concurrent;
using System.Text.Json;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>
/// Byte-pair encoding (Sennrich et al., 2016): the neighbours whose merge was learnt first are joined first, until none
/// is left that was learnt.
/// </summary>
internal sealed class BpeModel : TokenModel
{
    // Words recur: what one was cut into is kept, up to some 2 MB.
    private const int MostCached = 1 << 14, LongestCached = 32;

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly Dictionary<long, (int Rank, int Id)> merges = [];
    private readonly int[]? byteIds;
    private readonly int unknown = -1;
    private readonly bool fuseUnknown, ignoreMerges;
    private readonly ConcurrentDictionary<string, int[]> cache = new(StringComparer.Ordinal);

    public BpeModel(JsonPart model)
    {
        model.Refuse("dropout", v => v.ValueKind == JsonValueKind.Number && v.GetDouble() == 0);
        model.Refuse("continuing_subword_prefix", v => v.ValueEquals(""));
        model.Refuse("end_of_word_suffix", v => v.ValueEquals(""));
        ids = ReadVocabulary(model);
        lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        byteIds = ReadByteIds(model, ids);
        fuseUnknown = model.Flag("fuse_unk", false);
        ignoreMerges = model.Flag("ignore_merges", false);
        if (model.Text("unk_token") is { } token)
            unknown = ids.TryGetValue(token, out var id) ? id : throw model.Bad($"has a 'vocab' without its 'unk_token' '{token}'");
        ReadMerges(model);
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => ids;

    public override void Tokenize(string piece, List<int> ids)
    {
        if (piece.Length > LongestCached)
        {
            ids.AddRange(Merge(piece));
            return;
        }
        if (!cache.TryGetValue(piece, out var known))
        {
            known = Merge(piece);
            if (cache.Count < MostCached)
                cache.TryAdd(piece, known);
        }
        ids.AddRange(known);
    }

    // A merge is "left right", or since version 0.20 of the tokenizers library ["left", "right"].
    private void ReadMerges(JsonPart model)
    {
        var list = model.Get("merges");
        if (list.ValueKind != JsonValueKind.Array)
            throw model.Bad("has no 'merges', a list");
        var rank = 0;
        foreach (var merge in list.EnumerateArray())
        {
            var pair = merge.ValueKind == JsonValueKind.Array ? [.. merge.EnumerateArray().Select(e => e.GetString()!)] : merge.GetString()!.Split(' ');
            if (pair is not [{ } left, { } right] || !ids.TryGetValue(left, out var leftId) || !ids.TryGetValue(right, out var rightId) || !ids.TryGetValue(left + right, out var joined))
                throw model.Bad($"has the merge {merge.GetRawText()}, which does not join two pieces of the vocabulary into a third");
            merges[Key(leftId, rightId)] = (rank++, joined);
        }
    }

    private int[] Merge(string piece)
    {
        if (ignoreMerges && ids.TryGetValue(piece, out var whole))
            return [whole];
        var symbols = Symbols(piece);
        if (symbols.Count < 2)
            return [.. symbols];
        var count = symbols.Count;
        var (next, previous) = (new int[count], new int[count]);
        // Lowest rank first, leftmost among equals.
        var queue = new PriorityQueue<(int Left, int LeftId, int RightId, int Joined), long>();
        for (var i = 0; i < count; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
            if (i > 0)
                Offer(queue, symbols, i - 1, i);
        }
        while (queue.TryDequeue(out var best, out _))
        {
            var right = symbols[best.Left] == best.LeftId ? next[best.Left] : -1;
            // A neighbour was merged away since this pair was offered.
            if (right < 0 || symbols[right] != best.RightId)
                continue;
            symbols[best.Left] = best.Joined;
            symbols[right] = -1;
            next[best.Left] = next[right];
            if (next[right] >= 0)
            {
                previous[next[right]] = best.Left;
                Offer(queue, symbols, best.Left, next[right]);
            }
            if (previous[best.Left] >= 0)
                Offer(queue, symbols, previous[best.Left], best.Left);
        }
        symbols.RemoveAll(id => id < 0);
        return [.. symbols];
    }

    private void Offer(PriorityQueue<(int, int, int, int), long> queue, List<int> symbols, int left, int right)
    {
        if (merges.TryGetValue(Key(symbols[left], symbols[right]), out var merge))
            queue.Enqueue((left, symbols[left], symbols[right], merge.Id), ((long)merge.Rank << 32) | (uint)left);
    }

    // One symbol a code point; one that the vocabulary lacks becomes its bytes, the unknown token, or nothing.
    private List<int> Symbols(string piece)
    {
        var symbols = new List<int>(piece.Length);
        var afterUnknown = false;
        for (int at = 0, width; at < piece.Length; at += width)
        {
            width = char.IsHighSurrogate(piece[at]) && at + 1 < piece.Length ? 2 : 1;
            var letter = piece.AsSpan(at, width);
            if (lookup.TryGetValue(letter, out var id))
                symbols.Add(id);
            else if (TryBytes(letter, byteIds, symbols))
                continue;
            else if (unknown >= 0)
            {
                if (!(fuseUnknown && afterUnknown))
                    symbols.Add(unknown);
                afterUnknown = true;
                continue;
            }
            afterUnknown = false;
        }
        return symbols;
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}
