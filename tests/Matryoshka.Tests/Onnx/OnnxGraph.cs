using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Matryoshka.Tests.Onnx;

/// <summary>Writes ONNX files (onnx.proto, opset 17): just the fields that a small graph needs.</summary>
internal sealed class OnnxGraph
{
    public const int Float = 1, Int32 = 6, Int64 = 7, Float16 = 10;

    private readonly ArrayBufferWriter<byte> nodes = new(), weights = new(), inputs = new(), outputs = new();
    private int names;

    /// <summary>Declares an input; a negative dimension is left open.</summary>
    public string Input(string name, int type, params int[] dimensions)
    {
        Value(inputs, 11, name, type, dimensions);
        return name;
    }

    public void Output(string name, int type, params int[] dimensions) => Value(outputs, 12, name, type, dimensions);

    public string Weight(ReadOnlySpan<float> values, params int[] dimensions) => Tensor(Float, MemoryMarshal.AsBytes(values), dimensions);

    public string Weight(ReadOnlySpan<long> values, params int[] dimensions) => Tensor(Int64, MemoryMarshal.AsBytes(values), dimensions);

    /// <summary>A float tensor whose numbers lie in another file.</summary>
    public string External(string location, params int[] dimensions)
    {
        var name = Name();
        var tensor = Head(Float, name, dimensions);
        foreach (var (key, value) in new[] { ("location", location), ("offset", "0"), ("length", (4 * dimensions.Aggregate(1, (a, b) => a * b)).ToString(System.Globalization.CultureInfo.InvariantCulture)) })
        {
            var entry = new ArrayBufferWriter<byte>();
            Text(entry, 1, key);
            Text(entry, 2, value);
            Bytes(tensor, 13, entry.WrittenSpan);
        }
        Number(tensor, 14, 1);
        Bytes(weights, 5, tensor.WrittenSpan);
        return name;
    }

    /// <summary>Adds a node of one output and gives its name.</summary>
    public string Node(string operation, string[] from, params (string Name, object Value)[] attributes) => Node(operation, from, Name(), attributes);

    public string Node(string operation, string[] from, string output, params (string Name, object Value)[] attributes)
    {
        var node = new ArrayBufferWriter<byte>();
        foreach (var input in from)
            Text(node, 1, input);
        Text(node, 2, output);
        Text(node, 3, output);
        Text(node, 4, operation);
        foreach (var (name, value) in attributes)
            Bytes(node, 5, Attribute(name, value));
        Bytes(nodes, 1, node.WrittenSpan);
        return output;
    }

    public byte[] Build()
    {
        var graph = new ArrayBufferWriter<byte>();
        graph.Write(nodes.WrittenSpan);
        Text(graph, 2, "graph");
        graph.Write(weights.WrittenSpan);
        graph.Write(inputs.WrittenSpan);
        graph.Write(outputs.WrittenSpan);
        var opset = new ArrayBufferWriter<byte>();
        Text(opset, 1, "");
        Number(opset, 2, 17);
        var model = new ArrayBufferWriter<byte>();
        Number(model, 1, 8);
        Bytes(model, 7, graph.WrittenSpan);
        Bytes(model, 8, opset.WrittenSpan);
        return model.WrittenSpan.ToArray();
    }

    private string Tensor(int type, ReadOnlySpan<byte> values, int[] dimensions)
    {
        var name = Name();
        var tensor = Head(type, name, dimensions);
        Bytes(tensor, 9, values);
        Bytes(weights, 5, tensor.WrittenSpan);
        return name;
    }

    private static ArrayBufferWriter<byte> Head(int type, string name, int[] dimensions)
    {
        var tensor = new ArrayBufferWriter<byte>();
        foreach (var dimension in dimensions)
            Number(tensor, 1, dimension);
        Number(tensor, 2, type);
        Text(tensor, 8, name);
        return tensor;
    }

    private static byte[] Attribute(string name, object value)
    {
        var attribute = new ArrayBufferWriter<byte>();
        Text(attribute, 1, name);
        switch (value)
        {
            case float number:
                Varint(attribute, (2 << 3) | 5);
                attribute.Write(BitConverter.GetBytes(number));
                Number(attribute, 20, 1);
                break;
            case int number:
                Number(attribute, 3, number);
                Number(attribute, 20, 2);
                break;
            case int[] list:
                foreach (var number in list)
                    Number(attribute, 8, number);
                Number(attribute, 20, 7);
                break;
            default: throw new ArgumentException($"attribute {name}", nameof(value));
        }
        return attribute.WrittenSpan.ToArray();
    }

    private static void Value(ArrayBufferWriter<byte> to, int field, string name, int type, int[] dimensions)
    {
        var shape = new ArrayBufferWriter<byte>();
        for (var i = 0; i < dimensions.Length; i++)
        {
            var dimension = new ArrayBufferWriter<byte>();
            if (dimensions[i] >= 0)
                Number(dimension, 1, dimensions[i]);
            else
                Text(dimension, 2, i == 0 ? "batch" : $"axis{i}");
            Bytes(shape, 1, dimension.WrittenSpan);
        }
        var (tensor, kind, info) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        Number(tensor, 1, type);
        Bytes(tensor, 2, shape.WrittenSpan);
        Bytes(kind, 1, tensor.WrittenSpan);
        Text(info, 1, name);
        Bytes(info, 2, kind.WrittenSpan);
        Bytes(to, field, info.WrittenSpan);
    }

    private string Name() => $"t{names++}";

    private static void Text(ArrayBufferWriter<byte> to, int field, string text) => Bytes(to, field, Encoding.UTF8.GetBytes(text));

    private static void Bytes(ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> bytes)
    {
        Varint(to, (field << 3) | 2);
        Varint(to, bytes.Length);
        to.Write(bytes);
    }

    private static void Number(ArrayBufferWriter<byte> to, int field, long number)
    {
        Varint(to, field << 3);
        Varint(to, number);
    }

    private static void Varint(ArrayBufferWriter<byte> to, long number)
    {
        for (var rest = (ulong)number; ; rest >>= 7)
        {
            to.Write([(byte)(rest < 0x80 ? rest : rest | 0x80)]);
            if (rest < 0x80)
                return;
        }
    }
}
