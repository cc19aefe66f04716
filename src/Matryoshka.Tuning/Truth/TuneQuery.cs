namespace Matryoshka.Tuning;

/// <summary>A query to measure with.</summary>
/// <param name="Id">The id under which judgements know it.</param>
/// <param name="Vector">Its full vector, of the collection's recipe.</param>
/// <param name="Text">Its words, shown beside what a plan loses; null where only the vector is known.</param>
public sealed record TuneQuery(string Id, ReadOnlyMemory<float> Vector, string? Text = null);
