namespace Matryoshka.Documents;

/// <summary>How documents are split into pieces.</summary>
public sealed record SplitOptions
{
    /// <summary>The most tokens of a piece, its context line included; at least 8. 256 by default.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>
    /// How many tokens at most the end of a piece is repeated at the start of the next one, in whole sentences where one fits, else in
    /// whole words; 0 to half of <see cref="MaxTokens"/>. Sections do not overlap. 32 by default.
    /// </summary>
    public int OverlapTokens { get; init; } = 32;

    /// <summary>
    /// The most characters of a piece without its context line; 0 means 16 for each token of <see cref="MaxTokens"/>. It is what limits
    /// text that a tokenizer makes little of: base64, long rules, runs of blanks.
    /// </summary>
    public int MaxCharacters { get; init; }

    /// <summary>
    /// Whether a piece starts with a line that says where it stands: the title and the headings above it, as in
    /// <c>Guide &gt; Install &gt; Linux</c>, without those that the piece itself starts with. It is part of the text that is stored and
    /// embedded, so that "run the installer" can be found under "Linux". True by default.
    /// </summary>
    public bool IncludeHeadings { get; init; } = true;

    /// <summary>The limit in characters that holds.</summary>
    internal int CharacterLimit => MaxCharacters > 0 ? MaxCharacters : (int)Math.Min(16L * MaxTokens, 1 << 24);

    /// <exception cref="MatryoshkaException">A number is out of its range.</exception>
    internal void Validate()
    {
        if (MaxTokens < 8) throw new MatryoshkaException($"Pieces of {MaxTokens} tokens were asked for; at least 8 are needed.");
        if (OverlapTokens < 0 || OverlapTokens > MaxTokens / 2)
            throw new MatryoshkaException($"An overlap of {OverlapTokens} tokens was asked for; 0 to {MaxTokens / 2}, half of a piece, is allowed.");
        if (MaxCharacters is < 0 or > 0 and < 16)
            throw new MatryoshkaException($"Pieces of {MaxCharacters} characters were asked for; at least 16 are needed, or 0 for 16 times the tokens.");
    }
}
