using System.Text.Json;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>The unigram language model (Kudo, 2018): of all ways to cut a piece, the one whose scores add up highest (Viterbi).</summary>
internal sealed class UnigramModel : TokenModel
{
    // SentencePiece's kUnkPenalty: an unknown character scores this much below the worst piece.
    private const double UnknownPenalty = 10;

    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly string[] sorted;
    private readonly int[] sortedIds;
    private readonly double[] scores;
    private readonly int[]? byteIds;
    private readonly int unknown;
    private readonly double unknownScore;

    public UnigramModel(JsonPart model)
    {
        scores = ReadScores(model);
        unknown = model.Number("unk_id", 0, scores.Length - 1)
            ?? throw model.Bad("has no 'unk_id'; a unigram model without one is not supported");
        unknownScore = scores.Min() - UnknownPenalty;
        byteIds = ReadByteIds(model, ids);
        sorted = [.. ids.Keys];
        Array.Sort(sorted, StringComparer.Ordinal);
        sortedIds = [.. sorted.Select(piece => ids[piece])];
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => ids;

    public override void Tokenize(string piece, List<int> ids)
    {
        var best = Viterbi(piece);
        var path = new List<(int Start, int Id)>();
        for (var end = piece.Length; end > 0; end = best[end].Start)
            path.Add((best[end].Start, best[end].Id));
        path.Reverse();
        for (var i = 0; i < path.Count; i++)
        {
            if (path[i].Id != unknown)
            {
                ids.Add(path[i].Id);
                continue;
            }
            // A run of unknown characters is one unknown token.
            var start = path[i].Start;
            while (i + 1 < path.Count && path[i + 1].Id == unknown)
                i++;
            var end = i + 1 < path.Count ? path[i + 1].Start : piece.Length;
            if (!TryBytes(piece.AsSpan(start, end - start), byteIds, ids))
                ids.Add(unknown);
        }
    }

    private (int Start, int Id, double Score)[] Viterbi(string piece)
    {
        var best = new (int Start, int Id, double Score)[piece.Length + 1];
        Array.Fill(best, (-1, 0, 0));
        for (int start = 0, width; start < piece.Length; start += width)
        {
            width = char.IsHighSurrogate(piece[start]) && start + 1 < piece.Length ? 2 : 1;
            var here = best[start].Score;
            var single = false;
            var (from, to) = (0, sorted.Length);
            for (var end = start; end < piece.Length && Narrow(ref from, ref to, end - start, piece[end]);)
            {
                end++;
                if (sorted[from].Length != end - start)
                    continue;
                Take(best, start, end, sortedIds[from], here + scores[sortedIds[from]]);
                single |= end - start == width;
            }
            if (!single)
                Take(best, start, start + width, unknown, here + unknownScore);
        }
        return best;
    }

    // The first of equal sums stays: longer pieces come later from one start, later starts come later.
    private static void Take((int Start, int Id, double Score)[] best, int start, int end, int id, double score)
    {
        if (best[end].Start < 0 || score > best[end].Score)
            best[end] = (start, id, score);
    }

    // Of the sorted pieces [from, to), which share their first `depth` characters, keeps those with this next one: the
    // vocabulary itself serves as a trie, without the memory of one.
    private bool Narrow(ref int from, ref int to, int depth, char next)
    {
        if (from < to && sorted[from].Length == depth)
            from++;
        from = Bound(from, to, depth, next);
        to = next == char.MaxValue ? to : Bound(from, to, depth, (char)(next + 1));
        return from < to;
    }

    private int Bound(int from, int to, int depth, char least)
    {
        while (from < to)
        {
            var middle = (int)(((uint)from + (uint)to) / 2);
            if (sorted[middle][depth] < least)
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }

    private double[] ReadScores(JsonPart model)
    {
        var list = model.Get("vocab");
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxPieces)
            throw model.Bad($"has no 'vocab', a list of 1 to {MaxPieces} pieces with scores");
        var scores = new double[list.GetArrayLength()];
        var id = 0;
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[1].ValueKind != JsonValueKind.Number || !entry[1].TryGetDouble(out var score) || !double.IsFinite(score))
                throw model.Bad($"has a 'vocab' whose entry {id} is not a piece and its score");
            ids[entry[0].GetString()!] = id;
            scores[id++] = score;
        }
        return scores;
    }
}
