using System.Security.Cryptography;
using System.Text;
using Matryoshka.Models;

namespace Matryoshka;

/// <summary>How token vectors become one text vector.</summary>
public enum Pooling
{
    /// <summary>Mean over tokens.</summary>
    Mean,

    /// <summary>The first ([CLS]) token.</summary>
    Cls,

    /// <summary>The last token, for causal models.</summary>
    LastToken,

    /// <summary>Mean of static token rows; no attention, no special tokens.</summary>
    Static,

    /// <summary>The service pools; nothing is known or needed here.</summary>
    Service,

    /// <summary>
    /// Static token rows, one for each distinct token times the root of the sum of 1 / (1 + p / 50) over its places p in the
    /// text, from 0; no attention, no special tokens.
    /// </summary>
    StaticRoot,
}

/// <summary>An operation applied to the full vector before it is cut.</summary>
public enum PreTruncation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Layer normalisation without affine parameters over the full vector (nomic-embed-text-v1.5).</summary>
    LayerNorm,
}

/// <summary>
/// Everything that changes a vector: weights, prompts, pooling, the operation before the cut, dimensions, tokenizer.
/// Two vectors may be compared only when they come from recipes of equal <see cref="Fingerprint"/>.
/// </summary>
public sealed record ModelRecipe
{
    private const string AdapterField = "adapter";

    /// <summary>The model's name as its publisher writes it, e.g. <c>nomic-ai/nomic-embed-text-v1.5</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Full dimension, allowed prefixes and why they are allowed.</summary>
    public required NestedDimensions Dimensions { get; init; }

    /// <summary>What identifies the weights, e.g. <c>sha256:...</c> of the file or a revision; null when only the name is known.</summary>
    public string? Weights { get; init; }

    /// <summary>Text put before a query; <c>{text}</c> inside marks where the query goes if not at the end.</summary>
    public string QueryPrompt { get; init; } = "";

    /// <summary>Text put before a document; <c>{text}</c> inside marks where the document goes if not at the end.</summary>
    public string DocumentPrompt { get; init; } = "";

    /// <summary>How token vectors are pooled.</summary>
    public Pooling Pooling { get; init; } = Pooling.Service;

    /// <summary>What is applied to the full vector before the cut.</summary>
    public PreTruncation BeforeTruncation { get; init; }

    /// <summary>Tokens after which a text is cut; null when unlimited or unknown.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The tokenizer's kind or identity, e.g. <c>wordpiece:sha256:...</c>; null when the service tokenises.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>
    /// What identifies the adapter applied to the model's full vectors, <c>sha256:...</c> of its projection; null when there is
    /// none. <see cref="Dimensions"/> are then the adapter's.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>A hash of every field that changes a vector: <c>mrl1:</c> and 32 hexadecimal digits.</summary>
    public string Fingerprint
    {
        get
        {
            // A field that came later counts only where it is set: recipes without it keep their fingerprints.
            var canonical = string.Join('\n', Fields().Where(f => f.Name != AdapterField || f.Value.Length > 0).Select(f => $"{f.Name}={f.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}"));
            return "mrl1:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)).AsSpan(0, 16));
        }
    }

    /// <summary>The names and both values of the fields in which two recipes differ; empty when their vectors may be compared.</summary>
    public IReadOnlyList<RecipeDifference> DifferencesFrom(ModelRecipe other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return [.. Fields().Zip(other.Fields())
            .Where(pair => pair.First.Value != pair.Second.Value)
            .Select(pair => new RecipeDifference(pair.First.Name, pair.First.Value, pair.Second.Value))];
    }

    /// <summary>Applies the recipe's prompt for a role to a text.</summary>
    public string Prompt(string text, EmbeddingRole role)
    {
        ArgumentNullException.ThrowIfNull(text);
        var prompt = role == EmbeddingRole.Query ? QueryPrompt : DocumentPrompt;
        return prompt.Length == 0 ? text
            : prompt.Contains("{text}", StringComparison.Ordinal) ? prompt.Replace("{text}", text, StringComparison.Ordinal)
            : prompt + text;
    }

    /// <summary>The recipe as one JSON object, for storing it beside vectors; <see cref="FromJson"/> restores an equal recipe.</summary>
    public string ToJson() => RecipeJson.Write(this);

    /// <summary>Reads a recipe written by <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidFormatException">The text is not such an object, or has fields or words of a newer version.</exception>
    public static ModelRecipe FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return RecipeJson.Read(json);
    }

    // Dimensions count only by their full size: which prefixes are trusted is advice, it does not change the stored vector.
    private IEnumerable<(string Name, string Value)> Fields() =>
    [
        ("name", Name),
        ("weights", Weights ?? ""),
        ("full dimensions", Dimensions.Full.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("query prompt", QueryPrompt),
        ("document prompt", DocumentPrompt),
        ("pooling", Pooling.ToString()),
        ("before truncation", BeforeTruncation.ToString()),
        ("max tokens", MaxTokens?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? ""),
        ("tokenizer", Tokenizer ?? ""),
        (AdapterField, Adapter ?? ""),
    ];
}

/// <summary>One field in which two recipes differ.</summary>
/// <param name="Field">The field's name.</param>
/// <param name="Left">Its value in the recipe asked.</param>
/// <param name="Right">Its value in the other recipe.</param>
public sealed record RecipeDifference(string Field, string Left, string Right);
