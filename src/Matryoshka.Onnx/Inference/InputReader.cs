namespace Matryoshka.Onnx.Inference;

/// <summary>Tokenises texts within a model's limit and tells of those that exceed it.</summary>
internal sealed class InputReader(int? limit, OnnxModelOptions options)
{
    // Below this, other threads would have woken up when all is done.
    private const int TextsForThreads = 64;

    private long truncated;

    public long Truncated => Interlocked.Read(ref truncated);

    /// <param name="count">Number of inputs.</param>
    /// <param name="encode">Tokenises one, within a limit.</param>
    /// <param name="what">What one is called in messages.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public ModelInput[] Read(int count, Func<int, int?, ModelInput> encode, string what, CancellationToken cancellationToken)
    {
        var inputs = new ModelInput[count];
        if (count < TextsForThreads)
            for (var i = 0; i < count; i++)
                inputs[i] = encode(i, limit);
        else
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = options.Threads ?? Environment.ProcessorCount },
                i => inputs[i] = encode(i, limit));
        for (var i = 0; i < count; i++)
        {
            if (inputs[i].Ids.Count == 0)
                throw new InvalidVectorException($"{what} {i} has no tokens, so it has no vector; leave it out.");
            if (inputs[i].IsTruncated)
                Tell(new LongText(i, inputs[i].Untruncated, limit!.Value), what);
        }
        return inputs;
    }

    private void Tell(LongText text, string what)
    {
        if (options.LongTexts == LongTextPolicy.Refuse)
            throw new LongTextException($"{what} {text.Index} has {text.Tokens} tokens, but the model takes {text.Limit}; split it, or allow truncation.");
        Interlocked.Increment(ref truncated);
        options.OnLongText?.Invoke(text);
    }
}
