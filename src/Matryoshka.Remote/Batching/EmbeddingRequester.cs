using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Matryoshka.Remote.Protocols;
using Matryoshka.Remote.Transport;

namespace Matryoshka.Remote.Batching;

/// <summary>Receives vectors in the order of their texts from <paramref name="start"/> on; null for a text that has none.</summary>
internal delegate void VectorsReady(int start, float[]?[] vectors);

/// <summary>
/// Asks a server for the vectors of a run of texts: without a field it refuses, in halves where it finds the run too large.
/// </summary>
internal sealed class EmbeddingRequester(RemoteModel model, ModelRecipe recipe, bool serverPrompts, bool serverTruncates, bool requestFull, Uri address, RequestSender sender, BatchPlanner planner)
{
    // Non-ASCII text as it is: escaped, it would take six bytes a character.
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly EmbeddingProtocol protocol = EmbeddingProtocol.Of(model.Provider);

    // What the server was seen to refuse, for as long as this object lives.
    private volatile bool dimensionsRefused;
    private volatile bool base64Refused;

    /// <summary>One call's share of the work.</summary>
    internal sealed record Call(IReadOnlyList<string> Texts, EmbeddingRole Role, int Dimensions, VectorsReady Ready)
    {
        private long tokens;

        public long Tokens => Interlocked.Read(ref tokens);

        public void Count(long more) => Interlocked.Add(ref tokens, more);
    }

    /// <summary>Embeds a run of texts and hands over what came back, part by part.</summary>
    /// <returns>Whether the run went through in one request.</returns>
    /// <exception cref="RemoteServiceException">The server cannot be had or refuses.</exception>
    /// <exception cref="InvalidVectorException">A text has no vector; those of the others were handed over.</exception>
    public async Task<bool> RunAsync(Call call, TextRange range, CancellationToken cancellationToken)
    {
        if (range.Count > planner.MaxTexts)
        {
            var known = planner.MaxTexts;
            for (var done = 0; done < range.Count; done += known)
                await RunAsync(call, new(range.Start + done, Math.Min(known, range.Count - done)), cancellationToken).ConfigureAwait(false);
            return false;
        }
        try
        {
            await AskAsync(call, range, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RequestFailure failure) when (failure.Kind == FailureKind.TooLarge && range.Count > 1)
        {
            if (failure.TextLimit is { } limit && limit < range.Count)
            {
                planner.Lower(limit);
                return await RunAsync(call, range, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (RequestFailure failure) when (failure.Kind == FailureKind.TooLarge)
        {
            throw new InvalidVectorException($"Text {range.Start} ({Beginning(call.Texts[range.Start])}) has no vector: {sender.Error(failure, address).Message} It is too long by itself; split it.");
        }
        catch (RequestFailure failure)
        {
            throw sender.Error(failure, address);
        }
        await HalveAsync(call, range, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private async Task HalveAsync(Call call, TextRange range, CancellationToken cancellationToken)
    {
        var half = (range.Count + 1) / 2;
        var first = await RunAsync(call, new(range.Start, half), cancellationToken).ConfigureAwait(false);
        var second = await RunAsync(call, new(range.Start + half, range.Count - half), cancellationToken).ConfigureAwait(false);
        // Both halves passed at once: the number was the trouble, not one long text.
        if (first && second)
            planner.Lower(half);
    }

    private async Task AskAsync(Call call, TextRange range, CancellationToken cancellationToken)
    {
        while (true)
        {
            var asked = dimensionsRefused ? null : serverTruncates && call.Dimensions < recipe.Dimensions.Full ? call.Dimensions : requestFull ? recipe.Dimensions.Full : (int?)null;
            var base64 = !base64Refused;
            try
            {
                var answer = await SendAsync(call, range, asked, base64, cancellationToken).ConfigureAwait(false);
                Hand(call, range, answer, asked);
                return;
            }
            catch (RequestFailure failure) when (failure.Refused && asked is not null && failure.Mentions("dimension", "matryoshka"))
            {
                dimensionsRefused = true;
            }
            catch (RequestFailure failure) when (failure.Refused && base64 && failure.Mentions("encoding_format", "base64"))
            {
                base64Refused = true;
            }
        }
    }

    private void Hand(Call call, TextRange range, EmbeddingAnswer answer, int? asked)
    {
        var check = new VectorCheck(recipe, call.Dimensions);
        var vectors = answer.Complete();
        InvalidVectorException? first = null;
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = check.Finish(vectors[i]!, asked, range.Start + i, out var problem);
            first ??= problem;
        }
        dimensionsRefused |= check.DimensionsIgnored;
        if (answer.Tokens is { } counted)
            call.Count(counted);
        call.Ready(range.Start, vectors);
        if (first is not null)
            throw first;
    }

    private Task<EmbeddingAnswer> SendAsync(Call call, TextRange range, int? asked, bool base64, CancellationToken cancellationToken)
    {
        var texts = new string[range.Count];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = serverPrompts ? call.Texts[range.Start + i] : recipe.Prompt(call.Texts[range.Start + i], call.Role);
        var prompt = call.Role == EmbeddingRole.Query ? recipe.QueryPrompt : recipe.DocumentPrompt;
        // The names that sentence-transformers gives to the prompts of the two roles.
        var promptName = !serverPrompts || prompt.Length == 0 ? null : call.Role == EmbeddingRole.Query ? "query" : "document";

        var body = new ArrayBufferWriter<byte>(texts.Sum(t => t.Length) + 256);
        using (var json = new Utf8JsonWriter(body, Json))
            protocol.Write(json, new(model.Name, texts, call.Role, asked, base64, promptName));
        var expected = asked ?? recipe.Dimensions.Full;
        // 32 bytes a number hold any float written out; the rest is for echoes of the texts and for what else a server says.
        var most = (1L << 20) + (2L * body.WrittenCount) + (32L * range.Count * recipe.Dimensions.Full);
        return sender.SendAsync(address, body.WrittenMemory, most, bytes => Read(bytes, range.Count, expected), cancellationToken);
    }

    private EmbeddingAnswer Read(ReadOnlySpan<byte> body, int count, int expected)
    {
        var answer = new EmbeddingAnswer(count, expected);
        var reader = JsonAnswer.Reader(body);
        protocol.Read(ref reader, answer);
        // Some proxies answer 200 and put the error inside.
        if (answer.IsEmpty && ErrorBody.Parse(body.ToArray()) is { Message.Length: > 0 } error && body.IndexOf("\"error\""u8) >= 0)
            throw new RequestFailure(FailureKind.Permanent, $"answered with an error: {error.Message}");
        return answer;
    }

    private static string Beginning(string text) => text.Length <= 40 ? $"'{text}'" : $"'{text.AsSpan(0, 40)}...'";
}
