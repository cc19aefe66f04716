using System.Text;

namespace Matryoshka.Onnx.Files;

/// <summary>
/// Walks an ONNX file (a protocol buffer) for the places outside it that its tensors name, without reading the weights:
/// what a hostile file names must be known before a runtime opens it.
/// </summary>
internal sealed class OnnxFileScan
{
    // A graph in an attribute in a graph ...; real models nest two or three deep.
    private const int MostDepth = 64;
    private const int LongestText = 4096;

    private enum Message
    {
        None, Model, Training, Graph, Function, Node, Attribute, Tensor, Sparse, Entry,
    }

    private readonly FileStream file;
    private readonly SortedSet<string> locations = new(StringComparer.Ordinal);

    private OnnxFileScan(FileStream file) => this.file = file;

    /// <summary>The locations of external data, each once, in ordinal order.</summary>
    /// <exception cref="InvalidFormatException">The file is not an ONNX model.</exception>
    public static IReadOnlyCollection<string> ExternalLocations(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 14);
        var scan = new OnnxFileScan(file);
        scan.Read(Message.Model, file.Length, 0);
        return scan.locations;
    }

    // Field numbers of onnx.proto, version 1.17.
    private static Message ChildOf(Message message, long field) => (message, field) switch
    {
        (Message.Model, 7) or (Message.Training, 1 or 2) or (Message.Attribute, 6 or 11) => Message.Graph,
        (Message.Model, 20) => Message.Training,
        (Message.Model, 25) => Message.Function,
        (Message.Graph, 1) or (Message.Function, 7) => Message.Node,
        (Message.Node, 5) or (Message.Function, 11) => Message.Attribute,
        (Message.Graph, 5) or (Message.Attribute, 5 or 10) or (Message.Sparse, 1 or 2) => Message.Tensor,
        (Message.Graph, 15) or (Message.Attribute, 22 or 23) => Message.Sparse,
        (Message.Tensor, 13) => Message.Entry,
        _ => Message.None,
    };

    private void Read(Message message, long end, int depth)
    {
        if (depth > MostDepth)
            throw Bad($"it is nested more than {MostDepth} deep");
        var (key, value) = ("", "");
        while (file.Position < end)
        {
            var tag = Varint(end);
            switch (tag & 7)
            {
                case 0: Varint(end); break;
                case 1: Skip(8, end); break;
                case 5: Skip(4, end); break;
                case 2:
                    var length = Varint(end);
                    if (length < 0 || length > end - file.Position)
                        throw Bad("a part of it is longer than the whole");
                    if (ChildOf(message, tag >> 3) is not Message.None and var child)
                        Read(child, file.Position + length, depth + 1);
                    else if (message == Message.Entry && tag >> 3 == 1)
                        key = Text(length);
                    else if (message == Message.Entry && tag >> 3 == 2)
                        value = Text(length);
                    else
                        Skip(length, end);
                    break;
                default: throw Bad("it holds a field of an unknown kind");
            }
        }
        if (message == Message.Entry && key == "location")
            locations.Add(value);
    }

    private long Varint(long end)
    {
        long value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = file.Position < end ? file.ReadByte() : -1;
            if (next < 0)
                throw Bad("it ends in the middle of a number");
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Bad("it holds a number of more than 64 bits");
    }

    private void Skip(long bytes, long end)
    {
        if (bytes > end - file.Position)
            throw Bad("it ends early");
        file.Seek(bytes, SeekOrigin.Current);
    }

    private string Text(long length)
    {
        if (length > LongestText)
            throw Bad($"the place of a tensor is named in more than {LongestText} bytes");
        var bytes = new byte[length];
        file.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private InvalidFormatException Bad(string what) => new($"'{file.Name}' is not an ONNX model: {what}. The download may be incomplete.");
}
