using System.Runtime.InteropServices;
using System.Text.Json;

namespace Matryoshka.Cli.Files;

/// <summary>Writes vectors to a file whose extension names the form: <c>.npy</c>, <c>.f32</c> or <c>.jsonl</c>.</summary>
internal sealed class VectorWriter : IDisposable
{
    private enum Form
    {
        Npy,
        Raw,
        JsonLines,
    }

    private readonly AtomicFile file;
    private readonly Form form;
    private readonly int dimensions;

    public VectorWriter(string path, int dimensions)
    {
        form = FormOf(path);
        this.dimensions = dimensions;
        file = new AtomicFile(path);
        if (form == Form.Npy)
            file.Stream.Write(NpyHeader.Write(0, dimensions));
    }

    /// <summary>Rows written.</summary>
    public long Rows { get; private set; }

    /// <exception cref="UsageException">The extension names no form.</exception>
    public static void RequireKnownForm(string path) => FormOf(path);

    public void Add(string text, ReadOnlySpan<float> vector)
    {
        if (form == Form.JsonLines)
            WriteJson(text, vector);
        else
            // Both forms are little-endian by definition, and so is every platform .NET 10 runs on.
            file.Stream.Write(MemoryMarshal.AsBytes(vector));
        Rows++;
    }

    public void Commit()
    {
        if (form == Form.Npy)
        {
            file.Stream.Position = 0;
            file.Stream.Write(NpyHeader.Write(Rows, dimensions));
        }
        file.Commit();
    }

    public void Dispose() => file.Dispose();

    private void WriteJson(string text, ReadOnlySpan<float> vector)
    {
        using (var json = new Utf8JsonWriter(file.Stream))
        {
            json.WriteStartObject();
            json.WriteNumber("row", Rows);
            json.WriteString("text", text);
            json.WriteStartArray("vector");
            foreach (var x in vector)
                json.WriteNumberValue(x);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        file.Stream.WriteByte((byte)'\n');
    }

    private static Form FormOf(string path) =>
        InputFile.HasExtension(path, ".npy") ? Form.Npy
        : InputFile.HasExtension(path, ".f32") ? Form.Raw
        : InputFile.HasExtension(path, ".jsonl") ? Form.JsonLines
        : throw new UsageException($"'{path}' names no form to write: end it in .npy, .f32 or .jsonl.");
}
