namespace Matryoshka.Remote.Protocols;

/// <summary>How a key is sent.</summary>
internal enum KeyHeader { Bearer, ApiKey, XGoogApiKey }

/// <summary>What sets one provider apart from the others: addresses, keys, limits.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Word">Its name before the colon.</param>
/// <param name="Host">Its own address, without a path; null where only the user knows it.</param>
/// <param name="BasePath">The path added to an address without one.</param>
/// <param name="Route">What follows the base path for embeddings.</param>
/// <param name="MaxTexts">Texts a request, by its documentation or default settings.</param>
/// <param name="MaxTokens">Tokens a request.</param>
internal sealed record ProviderTraits(RemoteProvider Provider, string Word, string? Host, string BasePath, string Route, int MaxTexts, int MaxTokens)
{
    /// <summary>Variables that hold a key for <see cref="Host"/>; the first is named in errors.</summary>
    public string[] KeyVariables { get; init; } = [];

    public KeyHeader KeyHeader { get; init; } = KeyHeader.Bearer;

    /// <summary>What follows for reranking; null where the provider has none that this library speaks.</summary>
    public string? RerankRoute { get; init; }

    public int MaxRerankDocuments { get; init; } = 1000;

    /// <summary>Whether the service puts prompts before texts itself.</summary>
    public bool AddsPrompts { get; init; }

    // Local servers take any number of texts, but a batch is also the unit of retrying and of memory.
    private const int LocalTexts = 128;
    private const int LocalTokens = 65_536;

    public static readonly ProviderTraits[] All =
    [
        new(RemoteProvider.OpenAI, "openai", "https://api.openai.com", "/v1", "/embeddings", 2048, 300_000) { KeyVariables = ["OPENAI_API_KEY"] },
        new(RemoteProvider.Azure, "azure", null, "", "/embeddings", 2048, 300_000) { KeyVariables = ["AZURE_OPENAI_API_KEY"], KeyHeader = KeyHeader.ApiKey },
        new(RemoteProvider.Compatible, "compatible", null, "/v1", "/embeddings", LocalTexts, LocalTokens) { RerankRoute = "/rerank" },
        new(RemoteProvider.Vllm, "vllm", "http://localhost:8000", "/v1", "/embeddings", LocalTexts, LocalTokens) { RerankRoute = "/rerank" },
        new(RemoteProvider.LMStudio, "lmstudio", "http://localhost:1234", "/v1", "/embeddings", LocalTexts, LocalTokens),
        new(RemoteProvider.LlamaCpp, "llamacpp", "http://localhost:8080", "/v1", "/embeddings", LocalTexts, LocalTokens) { RerankRoute = "/rerank" },
        new(RemoteProvider.Infinity, "infinity", "http://localhost:7997", "", "/embeddings", LocalTexts, LocalTokens) { RerankRoute = "/rerank" },
        new(RemoteProvider.Tei, "tei", "http://localhost:3000", "", "/embed", 32, LocalTokens) { RerankRoute = "/rerank", MaxRerankDocuments = 32 },
        new(RemoteProvider.Ollama, "ollama", "http://localhost:11434", "/api", "/embed", LocalTexts, LocalTokens),
        new(RemoteProvider.Cohere, "cohere", "https://api.cohere.com", "/v2", "/embed", 96, 120_000) { KeyVariables = ["COHERE_API_KEY", "CO_API_KEY"], RerankRoute = "/rerank" },
        // 120,000 is the smallest of its models' limits.
        new(RemoteProvider.Voyage, "voyage", "https://api.voyageai.com", "/v1", "/embeddings", 1000, 120_000) { KeyVariables = ["VOYAGE_API_KEY"] },
        new(RemoteProvider.Jina, "jina", "https://api.jina.ai", "/v1", "/embeddings", 512, 120_000) { KeyVariables = ["JINA_API_KEY"], RerankRoute = "/rerank", AddsPrompts = true },
        new(RemoteProvider.Gemini, "gemini", "https://generativelanguage.googleapis.com", "/v1beta", ":batchEmbedContents", 100, 120_000) { KeyVariables = ["GEMINI_API_KEY", "GOOGLE_API_KEY"], KeyHeader = KeyHeader.XGoogApiKey },
    ];

    public static ProviderTraits Of(RemoteProvider provider) => All.First(t => t.Provider == provider);

    public static ProviderTraits? Find(string word) => Array.Find(All, t => t.Word.Equals(word, StringComparison.OrdinalIgnoreCase));
}
