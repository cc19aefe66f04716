using Matryoshka.Tests.Onnx;

namespace Matryoshka.Benchmarks;

/// <summary>A transformer encoder of all-MiniLM-L6's size and shape with random weights: 6 layers, 384 wide, 12 heads, 1,536 inside, 30,522 tokens.</summary>
internal static class MiniLmGraph
{
    public const int Width = 384, Layers = 6, Heads = 12, Inner = 1536, Tokens = 30522, Positions = 512;

    private static readonly Random Noise = new(1);
    private static readonly int[] Swapped = [0, 2, 1, 3];

    public static byte[] Build()
    {
        var graph = new OnnxGraph();
        var ids = graph.Input("input_ids", OnnxGraph.Int64, -1, -1);
        var mask = graph.Input("attention_mask", OnnxGraph.Int64, -1, -1);
        var types = graph.Input("token_type_ids", OnnxGraph.Int64, -1, -1);
        var states = graph.Node("Add", [graph.Node("Gather", [Random(graph, Tokens, Width), ids]), graph.Node("Gather", [Random(graph, 2, Width), types])]);
        states = Normalize(graph, graph.Node("Add", [states, Places(graph, ids)]));
        var hidden = Hidden(graph, mask);
        for (var layer = 0; layer < Layers; layer++)
        {
            states = Normalize(graph, graph.Node("Add", [states, Attend(graph, states, hidden)]));
            var inner = Gelu(graph, Linear(graph, states, Width, Inner));
            states = Normalize(graph, graph.Node("Add", [states, Linear(graph, inner, Inner, Width)]));
        }
        graph.Node("Identity", [states], "last_hidden_state");
        graph.Output("last_hidden_state", OnnxGraph.Float, -1, -1, Width);
        return graph.Build();
    }

    // The first rows of the table of positions, as many as the texts are long.
    private static string Places(OnnxGraph graph, string ids)
    {
        var length = graph.Node("Slice", [graph.Node("Shape", [ids]), graph.Weight([1L], 1), graph.Weight([2L], 1)]);
        return graph.Node("Slice", [Random(graph, Positions, Width), graph.Weight([0L], 1), length, graph.Weight([0L], 1)]);
    }

    // 0 where there is a token, -10,000 where there is padding, to be added to scores of [text, head, from, to].
    private static string Hidden(OnnxGraph graph, string mask)
    {
        var real = graph.Node("Unsqueeze", [graph.Node("Cast", [mask], ("to", OnnxGraph.Float)), graph.Weight([1L, 2L], 2)]);
        return graph.Node("Mul", [graph.Node("Sub", [graph.Weight([1f], 1), real]), graph.Weight([-10_000f], 1)]);
    }

    private static string Attend(OnnxGraph graph, string states, string hidden)
    {
        var (query, key, value) = (Split(graph, states, 0, 2, 1, 3), Split(graph, states, 0, 2, 3, 1), Split(graph, states, 0, 2, 1, 3));
        var scores = graph.Node("Mul", [graph.Node("MatMul", [query, key]), graph.Weight([1 / MathF.Sqrt(Width / Heads)], 1)]);
        var shares = graph.Node("Softmax", [graph.Node("Add", [scores, hidden])], ("axis", -1));
        var mixed = graph.Node("Transpose", [graph.Node("MatMul", [shares, value])], ("perm", Swapped));
        return Linear(graph, graph.Node("Reshape", [mixed, graph.Weight([0L, 0, Width], 3)]), Width, Width);
    }

    private static string Split(OnnxGraph graph, string states, params int[] order)
    {
        var heads = graph.Node("Reshape", [Linear(graph, states, Width, Width), graph.Weight([0L, 0, Heads, Width / Heads], 4)]);
        return graph.Node("Transpose", [heads], ("perm", order));
    }

    private static string Gelu(OnnxGraph graph, string x)
    {
        var error = graph.Node("Erf", [graph.Node("Div", [x, graph.Weight([MathF.Sqrt(2)], 1)])]);
        var grown = graph.Node("Mul", [x, graph.Node("Add", [error, graph.Weight([1f], 1)])]);
        return graph.Node("Mul", [grown, graph.Weight([0.5f], 1)]);
    }

    private static string Linear(OnnxGraph graph, string x, int from, int to) =>
        graph.Node("Add", [graph.Node("MatMul", [x, Random(graph, from, to)]), Random(graph, to)]);

    private static string Normalize(OnnxGraph graph, string x)
    {
        var ones = new float[Width];
        Array.Fill(ones, 1);
        return graph.Node("LayerNormalization", [x, graph.Weight(ones, Width), graph.Weight(new float[Width], Width)], ("axis", -1), ("epsilon", 1e-12f));
    }

    private static string Random(OnnxGraph graph, params int[] dimensions)
    {
        var values = new float[dimensions.Aggregate(1, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (Noise.NextSingle() - 0.5f) * 0.1f;
        return graph.Weight(values, dimensions);
    }
}
