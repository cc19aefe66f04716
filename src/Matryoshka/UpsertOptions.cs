namespace Matryoshka;

/// <summary>How many records are written.</summary>
public sealed record UpsertOptions
{
    /// <summary>
    /// Records embedded and committed together; each commit is durable when the next begins. Default 4,096 for static
    /// models, which embed that many in a tenth of a second, and 256 for others.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>Called for a record that cannot be stored; the others go on. When null the first such record ends the upsert with its error.</summary>
    public Action<RecordFailure>? OnFailure { get; init; }

    /// <summary>Told the sum so far after every commit.</summary>
    public IProgress<UpsertResult>? Progress { get; init; }
}
