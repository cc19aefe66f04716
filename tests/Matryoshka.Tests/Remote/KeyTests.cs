using System.Collections;
using Matryoshka.Remote;
using Xunit;

namespace Matryoshka.Tests.Remote;

/// <summary>Where keys come from, and that they go nowhere but into the header of a request to their own service.</summary>
public class KeyTests
{
    private const string Key = "sk-secret-0123456789";

    [Fact]
    public async Task A_key_repeated_by_the_server_is_taken_out_of_the_error()
    {
        using var server = new LoopbackServer(_ => new(401, Wire.Error($"Incorrect API key provided: {Key}.")));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, key: Key));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]));
        Assert.Contains("Incorrect API key provided: (key). Check the key.", error.Message, StringComparison.Ordinal);
        AssertHidden(error);
    }

    [Theory]
    [InlineData("sk-secret\nX-Injected: 1")]
    [InlineData("sk secret")]
    [InlineData("sk-secrét")]
    [InlineData(" ")]
    public void A_malformed_key_is_refused_without_being_shown(string key)
    {
        var error = Assert.Throws<MatryoshkaException>(() => RemoteEmbeddingGenerator.Create("openai:text-embedding-3-small", new() { ApiKey = key }));
        AssertHidden(error);
    }

    [Fact]
    public async Task A_key_comes_from_the_variable_named()
    {
        Environment.SetEnvironmentVariable("MATRYOSHKA_TEST_KEY_A", Key + "\n");
        using var server = new LoopbackServer(Wire.OpenAI);
        using var generator = RemoteEmbeddingGenerator.Create("vllm:m", new() { Endpoint = server.Address, Recipe = Wire.Recipe, ApiKeyVariable = "MATRYOSHKA_TEST_KEY_A" });
        await generator.GenerateAsync(["a"]);
        Assert.Equal("Bearer " + Key, server.Requests.Single().Headers["Authorization"]);
        var error = Assert.Throws<MatryoshkaException>(() => RemoteEmbeddingGenerator.Create("vllm:m", new() { Recipe = Wire.Recipe, ApiKeyVariable = "MATRYOSHKA_TEST_KEY_NONE" }));
        Assert.Contains("MATRYOSHKA_TEST_KEY_NONE", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_providers_own_key_is_not_sent_to_another_address()
    {
        // Voyage's and Cohere's variables, because other tests use OpenAI's provider.
        Environment.SetEnvironmentVariable("VOYAGE_API_KEY", Key);
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI([(0, Wire.Vector("a"))], base64: false)));
        using var generator = RemoteEmbeddingGenerator.Create("voyage:m", new() { Endpoint = server.Address, Recipe = Wire.Recipe });
        await generator.GenerateAsync(["a"]);
        Assert.DoesNotContain("Authorization", server.Requests.Single().Headers.Keys);
        Environment.SetEnvironmentVariable("CO_API_KEY", null);
        Environment.SetEnvironmentVariable("COHERE_API_KEY", null);
        var error = Assert.Throws<MatryoshkaException>(() => RemoteReranker.Create("cohere:rerank-v3.5"));
        Assert.Contains("set the environment variable COHERE_API_KEY", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Printing_what_holds_a_key_does_not_print_it()
    {
        var options = new RemoteOptions { ApiKey = Key };
        using var generator = RemoteEmbeddingGenerator.Create("openai:text-embedding-3-small", options);
        Assert.DoesNotContain("secret", $"{options} {generator}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_is_shown_without_its_query()
    {
        using var server = new LoopbackServer(_ => new(404, ""));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", new() { Endpoint = new Uri(server.Address, "/v1?code=secret"), Recipe = Wire.Recipe });
        AssertHidden(await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"])));
        Assert.Equal("/v1/embeddings?code=secret", server.Requests.Single().Path);
    }

    private static void AssertHidden(Exception error)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            Assert.DoesNotContain("secr", inner + string.Join(' ', inner.Data.Cast<DictionaryEntry>().Select(e => $"{e.Key}{e.Value}")), StringComparison.Ordinal);
    }
}
