using System.Text.Json.Nodes;
using Matryoshka.Remote;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Remote;

/// <summary>Each provider's request to the letter, and its answer read.</summary>
public class ProtocolTests
{
    private static readonly string A = Wire.Numbers(Wire.Vector("a"));

    public static TheoryData<string, string, string, string, string> Providers() => new()
    {
        { "openai:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "azure:m", "/openai/deployments/m/embeddings?api-version=2024-10-21", "api-key=k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "compatible:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "vllm:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","truncate_prompt_tokens":-1,"dimensions":16}""", "openai" },
        { "lmstudio:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "llamacpp:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "infinity:m", "/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"encoding_format":"base64","dimensions":16}""", "openai" },
        { "tei:m", "/embed", "authorization=Bearer k", """{"inputs":["q: a","q: b"],"truncate":true,"dimensions":16}""", "[A,B]" },
        { "ollama:m:v1", "/api/embed", "authorization=Bearer k", """{"model":"m:v1","input":["q: a","q: b"],"truncate":true,"dimensions":16}""", """{"model":"m","embeddings":[A,B],"total_duration":1,"prompt_eval_count":7}""" },
        { "cohere:m", "/v2/embed", "authorization=Bearer k", """{"model":"m","texts":["q: a","q: b"],"input_type":"search_query","embedding_types":["float"],"truncate":"END","output_dimension":16}""", """{"id":"1","embeddings":{"float":[A,B]},"texts":["a","b"],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":7}}}""" },
        { "voyage:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["q: a","q: b"],"input_type":"query","truncation":true,"output_dtype":"float","output_dimension":16}""", """{"object":"list","data":[{"embedding":A,"index":0},{"embedding":B,"index":1}],"usage":{"total_tokens":7}}""" },
        { "jina:m", "/v1/embeddings", "authorization=Bearer k", """{"model":"m","input":["a","b"],"task":"retrieval.query","truncate":true,"embedding_type":"float","dimensions":16}""", """{"model":"m","data":[{"index":0,"embedding":A},{"index":1,"embedding":B}],"usage":{"total_tokens":7,"prompt_tokens":7}}""" },
        { "gemini:m", "/v1beta/models/m:batchEmbedContents", "x-goog-api-key=k", """{"requests":[{"model":"models/m","content":{"parts":[{"text":"q: a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":16},{"model":"models/m","content":{"parts":[{"text":"q: b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":16}]}""", """{"embeddings":[{"values":A},{"values":B}]}""" },
    };

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_request_and_its_answer_have_the_documented_form(string model, string path, string header, string request, string answer)
    {
        var body = answer == "openai"
            ? Wire.OpenAI([(1, Wire.Vector("b")[..16]), (0, Wire.Vector("a")[..16])])
            : answer.Replace("A", Wire.Numbers(Wire.Vector("a")[..16]), StringComparison.Ordinal).Replace("B", Wire.Numbers(Wire.Vector("b")[..16]), StringComparison.Ordinal);
        using var server = new LoopbackServer(r => r.Path == "/info" ? new(404, "") : new(200, body));
        using var generator = RemoteEmbeddingGenerator.Create(model, Wire.Options(server, truncates: true, key: "k"));
        var vectors = await generator.GenerateAsync(["a", "b"], EmbeddingRole.Query, new() { Dimensions = 16 });
        Wire.AssertUnit("a", vectors[0].Vector, 16);
        Wire.AssertUnit("b", vectors[1].Vector, 16);
        Assert.Equal(body.Contains('7', StringComparison.Ordinal) && (body.Contains("tokens", StringComparison.Ordinal) || body.Contains("eval_count", StringComparison.Ordinal)) ? 7L : (long?)null, vectors.Usage?.InputTokenCount);
        var sent = server.Requests.Single(r => r.Path != "/info");
        Assert.Equal(("POST", path), (sent.Method, sent.Path));
        Assert.Equal(header.Split('=')[1], sent.Headers[header.Split('=')[0]]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(request), JsonNode.Parse(sent.Text)), sent.Text);
    }

    [Theory]
    [InlineData("cohere:m", "input_type", "search_document")]
    [InlineData("voyage:m", "input_type", "document")]
    [InlineData("jina:m", "task", "retrieval.passage")]
    public async Task Documents_are_the_default_role(string model, string field, string value)
    {
        using var server = new LoopbackServer(_ => model.StartsWith("cohere", StringComparison.Ordinal)
            ? new(200, $$$"""{"embeddings":{"float":[{{{A}}}]}}""") : new(200, Wire.OpenAI([(0, Wire.Vector("a"))], base64: false)));
        using var generator = RemoteEmbeddingGenerator.Create(model, Wire.Options(server, key: "k"));
        Wire.AssertUnit("a", Assert.Single(await generator.GenerateAsync(["a"])).Vector);
        Assert.Equal(value, server.Requests.Single().Json.GetProperty(field).GetString());
    }

    [Fact]
    public async Task A_tei_server_puts_prompts_by_name_when_told_to()
    {
        using var server = new LoopbackServer(r => r.Path == "/info" ? new(404, "") : new(200, $"[{A}]"));
        using var generator = RemoteEmbeddingGenerator.Create("tei:m", Wire.Options(server, prompts: true));
        await generator.GenerateAsync(["a"], EmbeddingRole.Query);
        await generator.GenerateAsync(["a"]);
        var sent = server.Requests.Where(r => r.Path == "/embed").ToList();
        Assert.Equal(["a"], sent[0].Texts("inputs"));
        Assert.Equal(["query", "document"], sent.Select(r => r.Json.GetProperty("prompt_name").GetString()!));
    }

    [Fact]
    public async Task A_tei_server_is_asked_for_its_model_and_limits()
    {
        const string Info = """{"model_id":"nomic-ai/nomic-embed-text-v1.5","model_sha":null,"model_type":{"embedding":{"pooling":"mean"}},"max_concurrent_requests":512,"max_input_length":8192,"max_batch_tokens":16384,"max_batch_requests":null,"max_client_batch_size":3,"auto_truncate":true,"version":"1.9.3"}""";
        using var server = new LoopbackServer(r => r.Path == "/info" ? new(200, Info)
            : new(200, "[" + string.Join(',', r.Texts("inputs").Select(t => Wire.Numbers(Wire.Vector(t, 768)))) + "]"));
        using var generator = await RemoteEmbeddingGenerator.CreateAsync("tei:", new() { Endpoint = server.Address });
        Assert.Equal("nomic-ai/nomic-embed-text-v1.5", ((ModelRecipe)generator.GetService(typeof(ModelRecipe))!).Name);
        var vectors = await generator.GenerateAsync(["1", "2", "3", "4", "5", "6", "7"], EmbeddingRole.Query, new() { Dimensions = 64 });
        Assert.Equal([1, 3, 3], server.Requests.Where(r => r.Path == "/embed").Select(r => r.Texts("inputs").Length).Order());
        // The recipe's layer norm needs the full vector, so none but that was asked for.
        Assert.DoesNotContain(server.Requests, r => r.Text.Contains("dimensions", StringComparison.Ordinal));
        var expected = new float[64];
        Truncation.Cut(Wire.Vector("search_query: 5", 768), NestedDimensions.Trained(64, 768), PreTruncation.LayerNorm, 64, expected);
        Assert.Equal(expected, vectors[4].Vector.ToArray());

        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => RemoteEmbeddingGenerator.CreateAsync("tei:bge-small-en-v1.5", new() { Endpoint = server.Address }));
        Assert.Contains("runs 'nomic-ai/nomic-embed-text-v1.5', not 'BAAI/bge-small-en-v1.5'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tei_reranker_is_not_taken_for_an_embedder()
    {
        using var server = new LoopbackServer(_ => new(200, """{"model_id":"BAAI/bge-reranker-base","model_type":{"reranker":{"id2label":{},"label2id":{}}},"max_client_batch_size":32}"""));
        using var generator = RemoteEmbeddingGenerator.Create("tei:m", Wire.Options(server));
        Assert.Contains("use it as a reranker", (await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h:1", "http://h:1/v1/embeddings")]
    [InlineData("http://h:1/", "http://h:1/v1/embeddings")]
    [InlineData("http://h:1/v1", "http://h:1/v1/embeddings")]
    [InlineData("http://h:1/proxy/v3/", "http://h:1/proxy/v3/embeddings")]
    [InlineData("http://h:1/v1/embeddings", "http://h:1/v1/embeddings")]
    [InlineData("http://h:1/v1?tenant=7", "http://h:1/v1/embeddings?tenant=7")]
    public void A_missing_path_is_added(string endpoint, string expected)
    {
        var traits = Matryoshka.Remote.Protocols.ProviderTraits.Of(RemoteProvider.Compatible);
        Assert.Equal(expected, Matryoshka.Remote.Transport.Endpoint.Route(traits, new() { Endpoint = new Uri(endpoint) }, "m", traits.Route).ToString());
    }

    [Theory]
    [InlineData("https://x.openai.azure.com", "https://x.openai.azure.com/openai/deployments/d/embeddings?api-version=2024-10-21")]
    [InlineData("https://x.openai.azure.com/openai/v1", "https://x.openai.azure.com/openai/v1/embeddings")]
    [InlineData("https://x.openai.azure.com/openai/deployments/d/embeddings?api-version=2025-01-01", "https://x.openai.azure.com/openai/deployments/d/embeddings?api-version=2025-01-01")]
    public void Azure_addresses_name_the_deployment(string endpoint, string expected)
    {
        var traits = Matryoshka.Remote.Protocols.ProviderTraits.Of(RemoteProvider.Azure);
        Assert.Equal(expected, Matryoshka.Remote.Transport.Endpoint.Route(traits, new() { Endpoint = new Uri(endpoint) }, "d", traits.Route).ToString());
    }

    [Fact]
    public void Models_are_read_from_provider_and_name()
    {
        Assert.Equal(new RemoteModel(RemoteProvider.Ollama, "nomic-embed-text:v1.5"), RemoteModel.Parse("ollama:nomic-embed-text:v1.5"));
        Assert.Equal("openai:x", RemoteModel.Parse("OpenAI: x").ToString());
        Assert.All(RemoteModel.Providers, word => Assert.Equal(word + ":m", RemoteModel.Parse(word + ":m").ToString()));
        foreach (var wrong in new[] { "text-embedding-3-small", "nobody:m", "openai:", "" })
            Assert.Contains("openai:text-embedding-3-small", Assert.Throws<MatryoshkaException>(() => RemoteModel.Parse(wrong)).Message, StringComparison.Ordinal);
        Assert.Throws<UnknownModelException>(() => RemoteEmbeddingGenerator.Create("vllm:unheard/of"));
        Assert.Contains("give the endpoint", Assert.Throws<MatryoshkaException>(() => RemoteEmbeddingGenerator.Create("compatible:bge-m3:567m")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_generator_says_what_it_is()
    {
        using var generator = RemoteEmbeddingGenerator.Create("openai:text-embedding-3-small", new() { ApiKey = "k" });
        var metadata = (EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.Equal(("openai", "text-embedding-3-small", 1536), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Equal("openai/text-embedding-3-small", ((ModelRecipe)generator.GetService(typeof(ModelRecipe))!).Name);
        Assert.Null(generator.GetService(typeof(ModelRecipe), "key"));
    }

    [Fact]
    public async Task Text_of_every_kind_arrives_as_it_was()
    {
        using var server = new LoopbackServer(Wire.OpenAI);
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        string[] texts = ["", "\"quoted\"\n\t\\", "Füße 漢字 🎉", "\ud800 half", "</script>"];
        await generator.GenerateAsync(texts);
        Assert.Equal(["d: ", "d: \"quoted\"\n\t\\", "d: Füße 漢字 🎉", "d: \ufffd half", "d: </script>"], server.Requests.Single().Texts());
        Assert.Contains("漢字", server.Requests.Single().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_with_a_smaller_default_is_asked_for_full_vectors()
    {
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI([(0, Wire.Vector("a", r.Json.GetProperty("output_dimension").GetInt32()))], base64: false)));
        using var generator = RemoteEmbeddingGenerator.Create("voyage:voyage-3.5", new() { Endpoint = server.Address, ApiKey = "k" });
        Assert.Equal(2048, Assert.Single(await generator.GenerateAsync(["a"])).Vector.Length);
        Assert.Equal(256, Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 256 })).Vector.Length);
        Assert.Equal([2048, 256], server.Requests.Select(r => r.Json.GetProperty("output_dimension").GetInt32()));
    }

    [Fact]
    public void Options_are_checked()
    {
        foreach (var options in new RemoteOptions[] { new() { MaxConcurrency = 0 }, new() { MaxBatchTexts = 0 }, new() { MaxRetries = -1 }, new() { Timeout = TimeSpan.Zero }, new() { Endpoint = new Uri("ftp://h") }, new() { Endpoint = new Uri("http://user:secret@h") } })
            Assert.DoesNotContain("secret", Assert.Throws<MatryoshkaException>(() => RemoteEmbeddingGenerator.Create("vllm:bge-m3:567m", options)).Message, StringComparison.Ordinal);
    }
}
