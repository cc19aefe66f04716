using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Matryoshka.Onnx.Inference;

/// <summary>The output of a graph that is read: one vector a token, or one a text.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PerToken">Whether it holds token vectors, still to be pooled.</param>
/// <param name="Size">Components of a vector; 0 when the graph leaves it open.</param>
internal sealed record GraphOutput(string Name, bool PerToken, int Size)
{
    private static readonly string[] TokenNames = ["last_hidden_state", "token_embeddings", "hidden_states"];
    private static readonly string[] TextNames = ["sentence_embedding", "sentence_embeddings", "embeddings", "text_embeds", "pooled_output"];

    /// <summary>
    /// Token vectors where there are any: whether a pooled output was also normalised or cut, a graph does not say. With
    /// dense layers behind the pooling only the graph's own pooled output is right.
    /// </summary>
    public static GraphOutput ForEmbedding(IReadOnlyDictionary<string, NodeMetadata> outputs, bool hasDense, string file)
    {
        if (!hasDense && Choose(outputs, 3, TokenNames) is { } tokens)
            return new GraphOutput(tokens, true, Last(outputs[tokens]));
        // The usual "pooler_output" of BERT is a layer of its own, which no embedding model means.
        if (Choose(outputs, 2, TextNames, "pooler_output") is { } text)
            return new GraphOutput(text, false, Last(outputs[text]));
        throw new InvalidFormatException(hasDense
            ? $"The model has dense layers after pooling, but '{file}' has no output 'sentence_embedding' that includes them; pull an ONNX file exported with them."
            : $"'{file}' has no output of token vectors or text vectors; it has {string.Join(", ", outputs.Keys)}.");
    }

    public static GraphOutput ForScores(IReadOnlyDictionary<string, NodeMetadata> outputs, string file) =>
        Choose(outputs, 2, ["logits", "scores"]) is { } logits && Last(outputs[logits]) is 0 or 1 ? new GraphOutput(logits, false, 1)
            : throw new InvalidFormatException($"'{file}' has no output of one logit a pair; it has {string.Join(", ", outputs.Select(o => $"{o.Key} [{string.Join(", ", o.Value.Dimensions)}]"))}. It is not a cross-encoder.");

    private static string? Choose(IReadOnlyDictionary<string, NodeMetadata> outputs, int rank, string[] names, string? never = null)
    {
        bool Fits(string name) => outputs[name].Dimensions.Length == rank && outputs[name].ElementDataType is TensorElementType.Float or TensorElementType.Float16;
        return names.FirstOrDefault(name => outputs.ContainsKey(name) && Fits(name))
            ?? outputs.Keys.Where(name => name != never && Fits(name)).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    private static int Last(NodeMetadata metadata) => Math.Max(0, metadata.Dimensions[^1]);
}
