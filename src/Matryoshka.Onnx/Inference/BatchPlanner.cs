namespace Matryoshka.Onnx.Inference;

/// <summary>Groups inputs of like length, so that little of a batch is padding.</summary>
/// <param name="MaxTexts">The most inputs of a batch.</param>
/// <param name="MaxTokens">The most tokens of a batch, padding included; a longer input makes a batch alone.</param>
/// <param name="MaxPadding">The most padding as a share of a batch's tokens.</param>
internal sealed record BatchPlanner(int MaxTexts, int MaxTokens, double MaxPadding)
{
    /// <summary>Indexes of the inputs, batch by batch, the longest first: memory then grows once.</summary>
    public List<int[]> Plan(IReadOnlyList<int> lengths)
    {
        var order = Enumerable.Range(0, lengths.Count).ToArray();
        Array.Sort(order, (a, b) => lengths[b] != lengths[a] ? lengths[b].CompareTo(lengths[a]) : a.CompareTo(b));
        var batches = new List<int[]>();
        for (var start = 0; start < order.Length;)
        {
            long width = lengths[order[start]], used = width;
            var end = start + 1;
            for (; end < order.Length && end - start < MaxTexts && (end - start + 1) * width <= MaxTokens; end++)
            {
                var padded = (end - start + 1) * width;
                if (padded - used - lengths[order[end]] > MaxPadding * padded)
                    break;
                used += lengths[order[end]];
            }
            batches.Add(order[start..end]);
            start = end;
        }
        return batches;
    }
}
