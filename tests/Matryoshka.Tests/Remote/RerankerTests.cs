using System.Text.Json.Nodes;
using Matryoshka.Remote;
using Xunit;

namespace Matryoshka.Tests.Remote;

public class RerankerTests
{
    public static TheoryData<string, string, string, string> Providers() => new()
    {
        { "cohere:m", "/v2/rerank", """{"model":"m","query":"q","documents":["x","y","z"],"top_n":2}""", """{"id":"1","results":[{"index":2,"relevance_score":0.9},{"index":0,"relevance_score":0.4}],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}""" },
        { "jina:m", "/v1/rerank", """{"model":"m","query":"q","documents":["x","y","z"],"top_n":2,"return_documents":false}""", """{"model":"m","usage":{"total_tokens":56},"results":[{"index":0,"relevance_score":0.4,"document":{"text":"x"}},{"index":2,"relevance_score":0.9,"document":{"text":"z"}}]}""" },
        { "vllm:m", "/v1/rerank", """{"model":"m","query":"q","documents":["x","y","z"],"top_n":2}""", """{"id":"rerank-1","model":"m","usage":{"prompt_tokens":5,"total_tokens":5},"results":[{"index":2,"document":{"text":"z"},"relevance_score":0.9},{"index":0,"document":{"text":"x"},"relevance_score":0.4}]}""" },
        { "infinity:m", "/rerank", """{"model":"m","query":"q","documents":["x","y","z"],"top_n":2,"return_documents":false}""", """{"object":"rerank","results":[{"relevance_score":0.9,"index":2,"document":"z"},{"relevance_score":0.4,"index":0,"document":"x"}],"model":"m","usage":{},"id":"infinity-1","created":0}""" },
        { "llamacpp:m", "/v1/rerank", """{"model":"m","query":"q","documents":["x","y","z"],"top_n":2}""", """{"results":[{"index":2,"relevance_score":0.9},{"index":0,"relevance_score":0.4}]}""" },
        { "tei:", "/rerank", """{"query":"q","texts":["x","y","z"],"truncate":true}""", """[{"index":2,"score":0.9},{"index":0,"score":0.4},{"index":1,"score":0.1}]""" },
    };

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_request_and_its_answer_have_the_documented_form(string model, string path, string request, string answer)
    {
        using var server = new LoopbackServer(_ => new(200, answer));
        using var reranker = RemoteReranker.Create(model, Wire.Options(server, key: "k"));
        var results = await reranker.RerankAsync("q", ["x", "y", "z"], 2);
        Assert.Equal(new RerankResult[] { new(2, 0.9), new(0, 0.4) }, results);
        var sent = server.Requests.Single();
        Assert.Equal((path, "Bearer k"), (sent.Path, sent.Headers["Authorization"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(request), JsonNode.Parse(sent.Text)), sent.Text);
    }

    [Fact]
    public async Task More_documents_than_a_request_may_carry_are_scored_in_several()
    {
        using var server = new LoopbackServer(r => r.Texts("texts").Length > 32
            ? new(422, """{"error":"batch size 33 > maximum allowed batch size 32","error_type":"Validation"}""")
            : new(200, "[" + string.Join(',', r.Texts("texts").Select((t, i) => $$"""{"index":{{i}},"score":{{t}}}""")) + "]"));
        using var reranker = RemoteReranker.Create("tei:m", Wire.Options(server, texts: 100));
        string[] documents = [.. Enumerable.Range(0, 250).Select(i => $"{i * 37 % 250}")];
        var results = await reranker.RerankAsync("q", documents, 5);
        Assert.Equal(["249", "248", "247", "246", "245"], results.Select(r => documents[r.Index]));
        Assert.Equal(250, (await reranker.RerankAsync("q", documents)).Count);
        Assert.Empty(await reranker.RerankAsync("q", []));
    }

    [Theory]
    [InlineData("""{"results":[{"index":0,"relevance_score":1}]}""", "1 scores for 2 documents")]
    [InlineData("""{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]}""", "second or unknown document 0 of 2")]
    [InlineData("""{"results":[{"index":0,"relevance_score":1},{"index":2,"relevance_score":1}]}""", "second or unknown document 2 of 2")]
    [InlineData("""{"results":[{"index":0,"relevance_score":1},{"index":1}]}""", "lacks its index or a finite score")]
    [InlineData("""{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":1e999}]}""", "lacks its index or a finite score")]
    [InlineData("""[]""", "is not the JSON expected")]
    public async Task A_wrong_answer_is_refused(string answer, string message)
    {
        using var server = new LoopbackServer(_ => new(200, answer));
        using var reranker = RemoteReranker.Create("vllm:m", Wire.Options(server));
        Assert.Contains(message, (await Assert.ThrowsAsync<RemoteServiceException>(() => reranker.RerankAsync("q", ["x", "y"]))).Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_passing_fault_is_tried_again_and_a_model_of_another_kind_is_not()
    {
        var fail = true;
        using var server = new LoopbackServer(_ =>
        {
            var reply = fail ? new Reply(429, """{"error":"Model is overloaded","error_type":"Overloaded"}""") : new(424, """{"error":"model is not a re-ranker model","error_type":"Backend"}""");
            fail = false;
            return reply;
        });
        using var reranker = RemoteReranker.Create("tei:m", Wire.Options(server));
        Assert.Contains("not a re-ranker", (await Assert.ThrowsAsync<RemoteServiceException>(() => reranker.RerankAsync("q", ["x"]))).Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
        Assert.Contains("cohere", Assert.Throws<MatryoshkaException>(() => RemoteReranker.Create("ollama:m")).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<MatryoshkaException>(() => reranker.RerankAsync("q", ["x"], 0));
    }
}
