using System.Text;
using System.Text.Json;
using CsCheck;
using Matryoshka.Remote;
using Matryoshka.Remote.Protocols;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Remote;

/// <summary>What a server answers is held against what it was asked.</summary>
public class AnswerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Vectors_are_put_in_order_by_index(bool base64)
    {
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI(r.Texts().Select((t, i) => (i, Wire.Vector(t))).Reverse(), base64)));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var vectors = await generator.GenerateAsync(["a", "b", "c"]);
        Wire.AssertUnit("d: a", vectors[0].Vector);
        Wire.AssertUnit("d: c", vectors[2].Vector);
    }

    [Theory]
    [InlineData("too few", "answered with 1 vectors for 2 texts")]
    [InlineData("too many", "two vectors for text 0")]
    [InlineData("twice", "two vectors for text 1")]
    [InlineData("beyond", "a vector for text 2 of 2")]
    [InlineData("none", "0 vectors for 2 texts")]
    [InlineData("other model", "answered with 31 components, but 32 were expected of 'test/vectors'")]
    [InlineData("error inside", "answered with an error: model is asleep")]
    [InlineData("page", "is not the JSON expected")]
    [InlineData("half floats", "does not hold whole 32-bit floats")]
    [InlineData("words", "is not the JSON expected")]
    public async Task A_wrong_answer_stops_at_once(string what, string message)
    {
        var (a, b) = ((0, Wire.Vector("a")), (1, Wire.Vector("b")));
        var body = what switch
        {
            "too few" => Wire.OpenAI([a]),
            "too many" => Wire.OpenAI([a, b, a]),
            "twice" => Wire.OpenAI([b, b]),
            "beyond" => Wire.OpenAI([a, (2, Wire.Vector("c"))]),
            "none" => """{"object":"list","data":[]}""",
            "other model" => Wire.OpenAI([(0, Wire.Vector("a", 31)), (1, Wire.Vector("b", 31))]),
            "error inside" => Wire.Error("model is asleep"),
            "page" => "<html>Sign in</html>",
            "half floats" => """{"data":[{"index":0,"embedding":"AAAAAAA="}]}""",
            _ => """{"data":[{"index":0,"embedding":["one"]}]}""",
        };
        using var server = new LoopbackServer(_ => new(200, body));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a", "b"]));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(float.NaN, true)]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, true)]
    [InlineData(0f, false)]
    public async Task A_text_without_a_usable_vector_is_named_and_the_others_are_kept(float bad, bool base64)
    {
        var broken = Wire.Vector("b");
        if (bad == 0)
            Array.Clear(broken);
        else
            broken[5] = bad;
        using var server = new LoopbackServer(_ => new(200, Wire.OpenAI([(0, Wire.Vector("d: a")), (1, broken), (2, Wire.Vector("d: c"))], base64)));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var kept = new float[]?[3];
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => generator.EmbedAsync(["a", "b", "c"], null, (start, part) => part.CopyTo(kept, start), default));
        Assert.StartsWith("Row 1: ", error.Message, StringComparison.Ordinal);
        Wire.AssertUnit("d: a", kept[0]);
        Assert.Null(kept[1]);
        Wire.AssertUnit("d: c", kept[2]);
    }

    [Fact]
    public async Task Zeros_filled_up_by_the_server_are_noticed()
    {
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI([(0, [.. Wire.Vector("a", 8), .. new float[8]])])));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, truncates: true));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 }));
        Assert.Contains("filled its vector up with zeros", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_ignores_dimensions_is_not_asked_again_and_its_vectors_are_cut_here()
    {
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI(r.Texts().Select((t, i) => (i, Wire.Vector(t))))));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, truncates: true));
        for (var i = 0; i < 2; i++)
            Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 8 })).Vector, 8);
        Assert.Equal([true, false], server.Requests.Select(r => r.Json.TryGetProperty("dimensions", out _)));
    }

    [Theory]
    [InlineData(400, """{"object":"error","message":"Model \"m\" does not support matryoshka representation, changing output dimensions will lead to poor results.","type":"BadRequestError","param":null,"code":400}""")]
    [InlineData(422, """{"message":"`dimensions` should be smaller than the maximum embedding dimension.","code":422,"type":"Validation"}""")]
    public async Task A_server_that_refuses_dimensions_is_remembered(int status, string refusal)
    {
        using var server = new LoopbackServer(r => r.Json.TryGetProperty("dimensions", out _) ? new(status, refusal) : Wire.OpenAI(r));
        using var generator = RemoteEmbeddingGenerator.Create("vllm:m", Wire.Options(server, truncates: true));
        for (var i = 0; i < 3; i++)
            Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 })).Vector, 16);
        Assert.Equal([true, false, false, false], server.Requests.Select(r => r.Json.TryGetProperty("dimensions", out _)));
    }

    [Fact]
    public async Task A_server_that_refuses_base64_is_remembered()
    {
        using var server = new LoopbackServer(r => r.Text.Contains("base64", StringComparison.Ordinal) ? new(400, Wire.Error("encoding_format must be float")) : Wire.OpenAI(r));
        using var generator = RemoteEmbeddingGenerator.Create("lmstudio:m", Wire.Options(server));
        await generator.GenerateAsync(["a"]);
        Wire.AssertUnit("d: b", Assert.Single(await generator.GenerateAsync(["b"])).Vector);
        Assert.Equal(["base64", "float", "float"], server.Requests.Select(r => r.Json.GetProperty("encoding_format").GetString()!));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(true, true)]
    public async Task Dimensions_are_sent_only_where_the_server_is_known_to_cut(bool? truncates, bool sent)
    {
        using var server = new LoopbackServer(Wire.OpenAI);
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, truncates: truncates));
        Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 })).Vector, 16);
        Assert.Equal(sent, server.Requests.Single().Json.TryGetProperty("dimensions", out _));
        await Assert.ThrowsAsync<DimensionNotAllowedException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 17 }));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_service_of_the_catalogue_cuts_itself()
    {
        using var server = new LoopbackServer(r => new(200, Wire.OpenAI([(0, Wire.Vector("a", r.Json.TryGetProperty("dimensions", out var d) ? d.GetInt32() : 1536))])));
        using var generator = RemoteEmbeddingGenerator.Create("openai:text-embedding-3-small", new() { Endpoint = server.Address, ApiKey = "k" });
        Assert.Equal(256, Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 256 })).Vector.Length);
        Assert.Equal(1536, Assert.Single(await generator.GenerateAsync(["a"])).Vector.Length);
        Assert.Equal([true, false], server.Requests.Select(r => r.Json.TryGetProperty("dimensions", out _)));
    }

    [Fact]
    public async Task Never_cut_by_the_server_where_something_comes_before_the_cut()
    {
        using var server = new LoopbackServer(Wire.OpenAI);
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, truncates: true, recipe: Wire.Recipe with { BeforeTruncation = PreTruncation.LayerNorm }));
        await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 });
        Assert.False(server.Requests.Single().Json.TryGetProperty("dimensions", out _));
    }

    [Theory]
    [InlineData(RemoteProvider.OpenAI, """{"object":"list","data":[{"object":"embedding","index":1,"embedding":[1,2e-1]},{"index":0,"embedding":"AACAPwAAAEA="}],"usage":{"prompt_tokens":4,"x":{"y":[1]}}}""")]
    [InlineData(RemoteProvider.Tei, "[[1,2],[3,4]]")]
    [InlineData(RemoteProvider.Ollama, """{"model":"m","embeddings":[[1,2],[3,4]],"prompt_eval_count":8}""")]
    [InlineData(RemoteProvider.Cohere, """{"id":"1","embeddings":{"float":[[1,2],[3,4]]},"meta":{"billed_units":{"input_tokens":12}}}""")]
    [InlineData(RemoteProvider.Gemini, """{"embeddings":[{"values":[1,2]},{"values":[3,4]}]}""")]
    public void An_answer_cut_anywhere_is_known_to_be_cut(RemoteProvider provider, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        EmbeddingAnswer Read(int length)
        {
            var answer = new EmbeddingAnswer(2, 2);
            var reader = JsonAnswer.Reader(bytes.AsSpan(0, length));
            EmbeddingProtocol.Of(provider).Read(ref reader, answer);
            return answer;
        }
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<TruncatedAnswerException>(() => Read(length));
        Assert.Equal(2, Read(bytes.Length).Complete()[1]!.Length);
    }

    [Fact]
    public void Changed_answers_are_read_or_refused_and_nothing_else() => Gen.Select(Gen.Int[0, 150], Gen.Byte, Gen.Int[0, 4]).Sample((at, value, which) =>
    {
        var (provider, body) = ((RemoteProvider, string))(which switch
        {
            0 => (RemoteProvider.OpenAI, """{"object":"list","data":[{"index":1,"embedding":[1,2e-1]},{"index":0,"embedding":"AACAPwAAAEA="}],"usage":{"prompt_tokens":4}}"""),
            1 => (RemoteProvider.Tei, "[[1,2],[3,4]]"),
            2 => (RemoteProvider.Ollama, """{"model":"m","embeddings":[[1,2],[3,4]],"prompt_eval_count":8}"""),
            3 => (RemoteProvider.Cohere, """{"id":"1","embeddings":{"float":[[1,2],[3,4]]},"meta":{"billed_units":{"input_tokens":12}}}"""),
            _ => (RemoteProvider.Gemini, """{"embeddings":[{"values":[1,2]},{"values":[3,4]}]}"""),
        });
        var bytes = Encoding.UTF8.GetBytes(body);
        bytes[at % bytes.Length] = value;
        try
        {
            var answer = new EmbeddingAnswer(2, 2);
            var reader = JsonAnswer.Reader(bytes);
            EmbeddingProtocol.Of(provider).Read(ref reader, answer);
            answer.Complete();
        }
        catch (Exception error) when (error is TruncatedAnswerException or JsonException or Matryoshka.Remote.Transport.RequestFailure or InvalidOperationException)
        {
            // InvalidOperationException is the reader's for text that is not UTF-8; the sender turns it into a JsonException.
        }
    }, iter: 5000);
}
