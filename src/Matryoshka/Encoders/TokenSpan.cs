namespace Matryoshka;

/// <summary>One token and the part of the original text it stands for.</summary>
/// <param name="Id">The token's number in the vocabulary.</param>
/// <param name="Start">Index of its first UTF-16 unit in the original text.</param>
/// <param name="Length">UTF-16 units it covers; what normalisation removed between two of its characters is included.</param>
public readonly record struct TokenSpan(int Id, int Start, int Length);
