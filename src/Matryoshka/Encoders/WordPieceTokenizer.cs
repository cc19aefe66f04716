using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Matryoshka.Encoders;

namespace Matryoshka;

/// <summary>
/// BERT's WordPiece tokenizer as a Hugging Face <c>tokenizer.json</c> describes it: BertNormalizer, BertPreTokenizer,
/// greedy longest match (Wu et al., 2016). Special tokens are not added; truncation and padding blocks of the file are
/// ignored. Thread-safe.
/// </summary>
public sealed partial class WordPieceTokenizer
{
    private readonly PieceTable pieces;
    private readonly BertNormalizer normalizer;
    private readonly byte[] asciiMap;
    private readonly int[] asciiPunctuation = new int[128];
    private readonly int maxCharsPerWord;
    private readonly AddedToken[] addedTokens;
    private readonly string addedFirsts;

    private WordPieceTokenizer(TokenizerFile file, string name, string? identity)
    {
        normalizer = file.Normalizer;
        maxCharsPerWord = file.MaxCharsPerWord;
        asciiMap = normalizer.BuildAsciiMap();
        // Longest first: where several match at one place, the longest wins.
        addedTokens = file.AddedTokens.ToArray();
        Array.Sort(addedTokens, (a, b) => b.Content.Length.CompareTo(a.Content.Length));
        addedFirsts = Firsts(addedTokens);
        pieces = BuildPieces(file);
        UnknownId = file.Vocabulary.Find(Encoding.UTF8.GetBytes(file.UnknownToken));
        if (UnknownId < 0)
            throw new InvalidFormatException($"The vocabulary of '{name}' lacks its unknown token '{file.UnknownToken}'.");
        MaxId = file.Vocabulary.MaxId;
        foreach (var token in addedTokens)
            MaxId = Math.Max(MaxId, token.Id);
        for (var c = 0; c < 128; c++)
            asciiPunctuation[c] = pieces.Find((ulong)c, 0) is >= 0 and var id ? id : UnknownId;
        Identity = identity ?? Identify(file);
    }

    /// <summary>The id that stands for a word the vocabulary cannot spell.</summary>
    public int UnknownId { get; }

    /// <summary>The largest id a text can yield.</summary>
    public int MaxId { get; }

    /// <summary><c>wordpiece:sha256:</c> and a hash of the vocabulary and every setting that changes the tokens of a text.</summary>
    public string Identity { get; }

    /// <summary>Reads a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidFormatException">The file is missing, damaged or describes another kind of tokenizer.</exception>
    public static WordPieceTokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new InvalidFormatException($"There is no tokenizer file '{path}'; give the path of a Hugging Face tokenizer.json.");
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the content of a <c>tokenizer.json</c>.</summary>
    /// <param name="utf8Json">The JSON in UTF-8.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidFormatException">It is damaged or describes another kind of tokenizer.</exception>
    public static WordPieceTokenizer Parse(ReadOnlySpan<byte> utf8Json, string name) => Parse(utf8Json, name, identity: null);

    internal static WordPieceTokenizer Parse(ReadOnlySpan<byte> utf8Json, string name, string? identity) =>
        new(TokenizerFile.Parse(utf8Json, name), name, identity);

    /// <summary>The number of tokens of a text, unknown words included.</summary>
    public int CountTokens(ReadOnlySpan<char> text)
    {
        var buffer = TokenBuffer.OfThread;
        Tokenize(text, buffer, int.MaxValue, keepUnknown: true);
        return buffer.Count;
    }

    /// <summary>Appends the tokens of a text with their places in it, in order, unknown words included.</summary>
    public void Tokenize(ReadOnlySpan<char> text, ICollection<TokenSpan> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var buffer = new TokenBuffer(withPlaces: true);
        Tokenize(text, buffer, int.MaxValue, keepUnknown: true);
        for (var i = 0; i < buffer.Count; i++)
            tokens.Add(new TokenSpan(buffer.Ids[i], buffer.Starts[i], buffer.Ends[i] - buffer.Starts[i]));
    }

    /// <summary>Replaces the buffer's content by at most <paramref name="limit"/> tokens of a text.</summary>
    internal unsafe void Tokenize(ReadOnlySpan<char> text, TokenBuffer buffer, int limit, bool keepUnknown)
    {
        buffer.Count = 0;
        fixed (char* start = text)
        {
            var scan = new Scan(this, start, buffer, limit, keepUnknown);
            if (addedTokens.Length == 0)
                scan.Run(0, text.Length);
            else
                ScanAround(ref scan, text);
        }
        if (buffer.Count > limit)
            buffer.Count = limit;
    }

    private void ScanAround(ref Scan scan, ReadOnlySpan<char> text)
    {
        var done = 0;
        for (var from = 0; !scan.Full;)
        {
            var next = text[from..].IndexOfAny(addedFirsts);
            if (next < 0)
                break;
            next += from;
            from = next + 1;
            foreach (var token in addedTokens)
            {
                if (!text[next..].StartsWith(token.Content, StringComparison.Ordinal) || (token.SingleWord && !StandsAlone(text, next, token.Content.Length)))
                    continue;
                scan.Run(done, next);
                scan.Emit(token.Id, next, done = from = next + token.Content.Length);
                break;
            }
        }
        scan.Run(done, text.Length);
    }

    // Their first characters: nearly always '[' alone, which a vector search finds faster than it finds whole strings,
    // and without the start-up cost of a string searcher.
    private static string Firsts(AddedToken[] tokens)
    {
        var firsts = "";
        foreach (var token in tokens)
            if (!firsts.Contains(token.Content[0], StringComparison.Ordinal))
                firsts += token.Content[0];
        return firsts;
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int length) =>
        (start == 0 || !IsWordPart(text[start - 1])) && (start + length == text.Length || !IsWordPart(text[start + length]));

    private static bool IsWordPart(char c) => char.IsLetterOrDigit(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static PieceTable BuildPieces(TokenizerFile file)
    {
        var vocabulary = file.Vocabulary;
        var table = new PieceTable(vocabulary.Count);
        var prefix = Encoding.UTF8.GetBytes(file.ContinuationPrefix);
        for (var i = 0; i < vocabulary.Count; i++)
        {
            var piece = vocabulary.Piece(i);
            // "##" itself and "##a" are also words as they stand, but only a pre-tokenizer that keeps '#' together
            // could ask for them; BERT's splits at punctuation.
            if (piece.StartsWith(prefix))
                table.Add(piece[prefix.Length..], continuation: true, vocabulary.Id(i));
            else
                table.Add(piece, continuation: false, vocabulary.Id(i));
        }
        return table;
    }

    private static string Identify(TokenizerFile file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file.Vocabulary.AppendTo(hash);
        var settings = new StringBuilder();
        settings.Append(CultureInfo.InvariantCulture, $"{file.Normalizer}\n{file.UnknownToken}\n{file.ContinuationPrefix}\n{file.MaxCharsPerWord}");
        foreach (var token in file.AddedTokens)
            settings.Append(CultureInfo.InvariantCulture, $"\n{token.Id} {token.SingleWord} {token.Content}");
        hash.AppendData(Encoding.UTF8.GetBytes(settings.ToString()));
        return "wordpiece:sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
