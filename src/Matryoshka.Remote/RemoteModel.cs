using System.Diagnostics.CodeAnalysis;
using Matryoshka.Remote.Protocols;
using Microsoft.Extensions.AI;

namespace Matryoshka.Remote;

/// <summary>Who serves a model, and by which protocol.</summary>
public enum RemoteProvider
{
    /// <summary>OpenAI (<c>openai</c>).</summary>
    OpenAI,

    /// <summary>Azure OpenAI (<c>azure</c>); the model's name is the deployment's.</summary>
    Azure,

    /// <summary>Any other server of OpenAI's protocol (<c>compatible</c>).</summary>
    Compatible,

    /// <summary>vLLM (<c>vllm</c>).</summary>
    Vllm,

    /// <summary>LM Studio (<c>lmstudio</c>).</summary>
    LMStudio,

    /// <summary>llama.cpp's server (<c>llamacpp</c>).</summary>
    LlamaCpp,

    /// <summary>Infinity (<c>infinity</c>).</summary>
    Infinity,

    /// <summary>Hugging Face text-embeddings-inference by its own protocol (<c>tei</c>).</summary>
    Tei,

    /// <summary>Ollama by its own protocol (<c>ollama</c>).</summary>
    Ollama,

    /// <summary>Cohere, version 2 (<c>cohere</c>).</summary>
    Cohere,

    /// <summary>Voyage AI (<c>voyage</c>).</summary>
    Voyage,

    /// <summary>Jina AI (<c>jina</c>).</summary>
    Jina,

    /// <summary>Google Gemini (<c>gemini</c>).</summary>
    Gemini,
}

/// <summary>A model at a provider, written <c>provider:model</c>, e.g. <c>openai:text-embedding-3-small</c> or <c>ollama:nomic-embed-text:v1.5</c>.</summary>
/// <param name="Provider">Who serves it.</param>
/// <param name="Name">Its name there; empty for <c>tei:</c>, whose server says what it runs.</param>
public sealed record RemoteModel(RemoteProvider Provider, string Name)
{
    /// <summary>The words for providers, in alphabetical order.</summary>
    public static IReadOnlyList<string> Providers { get; } = [.. ProviderTraits.All.Select(t => t.Word).Order(StringComparer.Ordinal)];

    /// <summary>Reads <c>provider:model</c>.</summary>
    /// <exception cref="MatryoshkaException">The text has no provider, an unknown one, or no model.</exception>
    public static RemoteModel Parse(string text) =>
        TryParse(text, out var model) ? model
        : throw new MatryoshkaException($"'{text}' does not name a model at a provider; write provider:model, e.g. openai:text-embedding-3-small. Providers: {string.Join(", ", Providers)}.");

    /// <summary>Reads <c>provider:model</c>; false when the text has no known provider or no model.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RemoteModel? model)
    {
        ArgumentNullException.ThrowIfNull(text);
        model = null;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || ProviderTraits.Find(text[..colon].Trim()) is not { } traits)
            return false;
        var name = text[(colon + 1)..].Trim();
        if (name.Length == 0 && traits.Provider != RemoteProvider.Tei)
            return false;
        model = new(traits.Provider, name);
        return true;
    }

    /// <summary>The model as an embedding generator; see <see cref="RemoteEmbeddingGenerator.Create(RemoteModel, RemoteOptions?)"/>.</summary>
    public IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator(RemoteOptions? options = null) => RemoteEmbeddingGenerator.Create(this, options);

    /// <summary>The model as a reranker; see <see cref="RemoteReranker.Create(RemoteModel, RemoteOptions?)"/>.</summary>
    public IReranker AsIReranker(RemoteOptions? options = null) => RemoteReranker.Create(this, options);

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => $"{ProviderTraits.Of(Provider).Word}:{Name}";
}
