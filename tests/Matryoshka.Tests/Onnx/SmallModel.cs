using System.Text;
using System.Text.Json;

namespace Matryoshka.Tests.Onnx;

/// <summary>
/// A model's folder whose graph a test can compute by hand: a token's vector is its row of a table, plus a row for its
/// type, plus its position times a row, each where the graph has that input, plus the mask in every component.
/// </summary>
internal sealed class SmallModel : IDisposable
{
    public static readonly string[] Words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "fish", "bird", "##s", "search", "_", "query", "document", ":"];

    public const int Cls = 2, Sep = 3, Red = 4, Green = 5, Blue = 6, Fish = 7, Bird = 8;

    public SmallModel(int size = 4)
    {
        Size = size;
        Table = new float[Words.Length * size];
        var random = new Random(size);
        for (var i = 0; i < Table.Length; i++)
            Table[i] = random.Next(-50, 50) / 4f;
        Directory.CreateDirectory(Folder);
        Write("tokenizer.json", Tokenizer());
        Write("config.json", """{"model_type":"bert","hidden_size":4,"max_position_embeddings":32,"pad_token_id":0}""");
        Pool("mean_tokens");
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "mrl-onnx-" + Guid.NewGuid().ToString("N"));

    public int Size { get; }

    public float[] Table { get; }

    public float[] Row(int id) => Table[(id * Size)..((id + 1) * Size)];

    public void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public void Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    public void Pool(string mode) => Write("1_Pooling/config.json", $$"""{"word_embedding_dimension":{{Size}},"pooling_mode_{{mode}}":true}""");

    /// <summary>Writes <c>onnx/model.onnx</c>.</summary>
    public SmallModel Build(int intType = OnnxGraph.Int64, bool types = false, bool positions = false, bool mask = false, bool half = false, int rows = -1, int length = -1, Action<OnnxGraph, string>? more = null)
    {
        var graph = new OnnxGraph();
        var states = graph.Node("Gather", [graph.Weight(Table, Words.Length, Size), graph.Input("input_ids", intType, rows, length)]);
        var attention = graph.Input("attention_mask", intType, rows, length);
        if (types)
            states = graph.Node("Add", [states, graph.Node("Gather", [graph.Weight([.. Enumerable.Range(0, 2 * Size).Select(i => (float)i)], 2, Size), graph.Input("token_type_ids", intType, rows, length)])]);
        if (positions)
            states = Plus(graph, states, graph.Input("position_ids", intType, rows, length));
        if (mask)
            states = Plus(graph, states, attention);
        if (half)
            states = graph.Node("Cast", [states], ("to", OnnxGraph.Float16));
        graph.Node("Identity", [states], "last_hidden_state");
        graph.Output("last_hidden_state", half ? OnnxGraph.Float16 : OnnxGraph.Float, rows, length, Size);
        more?.Invoke(graph, states);
        Write("onnx/model.onnx", graph.Build());
        return this;
    }

    /// <summary>The graph of a cross-encoder: the sum over real tokens of the first component of each one's row, plus a hundredth of its type.</summary>
    public SmallModel BuildScorer(int outputs = 1)
    {
        var graph = new OnnxGraph();
        var scores = graph.Node("Gather", [graph.Weight([.. Enumerable.Range(0, Words.Length).SelectMany(id => Enumerable.Repeat(Row(id)[0], outputs))], Words.Length, outputs), graph.Input("input_ids", OnnxGraph.Int64, -1, -1)]);
        var types = Column(graph, graph.Input("token_type_ids", OnnxGraph.Int64, -1, -1));
        scores = graph.Node("Add", [scores, graph.Node("Mul", [types, graph.Weight([0.01f], 1)])]);
        scores = graph.Node("Mul", [scores, Column(graph, graph.Input("attention_mask", OnnxGraph.Int64, -1, -1))]);
        graph.Node("ReduceSum", [scores, graph.Weight([1L], 1)], "logits", ("keepdims", 0));
        graph.Output("logits", OnnxGraph.Float, -1, outputs);
        Write("onnx/model.onnx", graph.Build());
        return this;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public static string Column(OnnxGraph graph, string integers) =>
        graph.Node("Unsqueeze", [graph.Node("Cast", [integers], ("to", OnnxGraph.Float)), graph.Weight([2L], 1)]);

    private static string Plus(OnnxGraph graph, string states, string integers) => graph.Node("Add", [states, Column(graph, integers)]);

    private static string Tokenizer()
    {
        var vocab = JsonSerializer.Serialize(Words.Select((word, id) => (word, id)).ToDictionary(w => w.word, w => w.id));
        return $$"""
            {"added_tokens":[{"id":2,"content":"[CLS]","special":true,"normalized":false},{"id":3,"content":"[SEP]","special":true,"normalized":false}],
             "normalizer":{"type":"BertNormalizer","lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},
             "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
             "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{{vocab}} } }
            """;
    }
}
