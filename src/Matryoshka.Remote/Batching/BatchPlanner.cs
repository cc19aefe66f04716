using System.Runtime.CompilerServices;
using System.Text;

namespace Matryoshka.Remote.Batching;

/// <summary>Texts that travel in one request: a run of a list.</summary>
internal readonly record struct TextRange(int Start, int Count);

/// <summary>Cuts lists of texts into requests by number and by estimated tokens, and learns what the server does not take.</summary>
/// <param name="maxTexts">The most texts a request.</param>
/// <param name="maxTokens">The most estimated tokens a request.</param>
/// <param name="spread">The number of requests over which to spread a list that would fit fewer; 1 to fill requests.</param>
internal sealed class BatchPlanner(int maxTexts, int maxTokens, int spread)
{
    // Below this, what a request costs by itself outweighs what is won by sending two at once.
    private const int LeastSpread = 64;

    private int most = maxTexts;

    /// <summary>The most texts a request may carry, as far as is known by now.</summary>
    public int MaxTexts => Volatile.Read(ref most);

    /// <summary>Remembers that the server takes no more than this.</summary>
    public void Lower(int texts)
    {
        for (int known; texts < (known = MaxTexts) && Interlocked.CompareExchange(ref most, Math.Max(1, texts), known) != known;)
        {
        }
    }

    /// <summary>
    /// An estimate that errs upwards: English has 4 to 5 bytes a token, Chinese or Japanese 3 bytes a character and about
    /// a token each.
    /// </summary>
    public static int EstimateTokens(string text) => (Encoding.UTF8.GetByteCount(text) / 3) + 1;

    /// <summary>Requests that cover a list in order; a text that is too large by itself stands alone.</summary>
    public List<TextRange> Plan(IReadOnlyList<string> texts)
    {
        var limit = MaxTexts;
        if (spread > 1)
            limit = Math.Min(limit, Math.Max(LeastSpread, (texts.Count + spread - 1) / spread));
        var ranges = new List<TextRange>();
        var start = 0;
        long tokens = 0;
        for (var i = 0; i < texts.Count; i++)
        {
            var more = EstimateTokens(texts[i]);
            if (i > start && (i - start == limit || tokens + more > maxTokens))
            {
                ranges.Add(new(start, i - start));
                (start, tokens) = (i, 0);
            }
            tokens += more;
        }
        if (texts.Count > start)
            ranges.Add(new(start, texts.Count - start));
        return ranges;
    }

    /// <summary>The same for texts that arrive one by one.</summary>
    public async IAsyncEnumerable<string[]> Gather(IAsyncEnumerable<string> texts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var gathered = new List<string>();
        long tokens = 0;
        await foreach (var text in texts.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            var more = EstimateTokens(text ?? throw new InvalidFormatException("A text is null; give a text, empty if need be."));
            if (gathered.Count > 0 && (gathered.Count >= MaxTexts || tokens + more > maxTokens))
            {
                yield return [.. gathered];
                gathered.Clear();
                tokens = 0;
            }
            gathered.Add(text);
            tokens += more;
        }
        if (gathered.Count > 0)
            yield return [.. gathered];
    }
}
