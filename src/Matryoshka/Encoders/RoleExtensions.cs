using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>Says to an embedding generator whether texts are queries or documents.</summary>
public static class RoleExtensions
{
    /// <summary>The name under which a role travels in <see cref="EmbeddingGenerationOptions.AdditionalProperties"/>: <c>input_type</c>, with the value <c>query</c> or <c>document</c>.</summary>
    public const string RoleProperty = "input_type";

    /// <summary>Generates embeddings of texts in a role; <paramref name="options"/> stay as they are.</summary>
    /// <exception cref="MatryoshkaException">As the generator documents.</exception>
    public static Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        this IEmbeddingGenerator<string, Embedding<float>> generator, IEnumerable<string> values, EmbeddingRole role,
        EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        options = options?.Clone() ?? new EmbeddingGenerationOptions();
        (options.AdditionalProperties ??= [])[RoleProperty] = role == EmbeddingRole.Query ? "query" : "document";
        return generator.GenerateAsync(values, options, cancellationToken);
    }

    /// <summary>The role named by options; documents when none is named.</summary>
    /// <exception cref="InvalidFormatException">The role named is neither a query nor a document.</exception>
    public static EmbeddingRole GetRole(this EmbeddingGenerationOptions? options)
    {
        object? named = null;
        options?.AdditionalProperties?.TryGetValue(RoleProperty, out named);
        return named switch
        {
            null => EmbeddingRole.Document,
            EmbeddingRole role => role,
            // A string that went through JSON comes back as a JsonElement, whose text this is.
            _ => named.ToString() switch
            {
                { } text when text.Equals("query", StringComparison.OrdinalIgnoreCase) => EmbeddingRole.Query,
                { } text when text.Equals("document", StringComparison.OrdinalIgnoreCase) => EmbeddingRole.Document,
                var text => throw new InvalidFormatException($"The {RoleProperty} '{text}' was given; 'query' and 'document' are allowed."),
            },
        };
    }
}
