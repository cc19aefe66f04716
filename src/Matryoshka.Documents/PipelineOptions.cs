using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Matryoshka.Documents;

/// <summary>How sources become pieces.</summary>
public sealed record PipelineOptions
{
    // Part of every stamp: raise it when reading or splitting changes what pieces come out of the same file.
    private const int Revision = 1;

    /// <summary>How documents are read.</summary>
    public DocumentReadOptions Read { get; init; } = new();

    /// <summary>How they are split.</summary>
    public SplitOptions Split { get; init; } = new();

    /// <summary>What counts tokens; whitespace words by default. Use the model's tokenizer where there is one.</summary>
    public TokenCounter Counter { get; init; } = TokenCounters.Words;

    /// <summary>The identity of <see cref="Counter"/> (a tokenizer's fingerprint): another one splits elsewhere, so it is part of the stamp.</summary>
    public string CounterId { get; init; } = "words";

    /// <summary>A hash of every setting that decides what pieces come out, 16 hexadecimal digits.</summary>
    internal string Fingerprint()
    {
        string[][] settings =
        [
            [string.Create(CultureInfo.InvariantCulture, $"{Revision} {Split.MaxTokens} {Split.OverlapTokens} {Split.CharacterLimit} {Split.IncludeHeadings} {Read.MaxRecordBytes} {Read.MaxFileBytes}")],
            [CounterId],
            [.. Read.TextFields], [.. Read.TextColumns ?? []], [.. Read.IdFields], [.. Read.TitleFields], [.. Read.IgnoredFields],
        ];
        // Control characters keep ["a", "b"] and ["a b"] apart.
        var text = string.Join('\u001E', settings.Select(setting => string.Join('\u001F', setting)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }
}
