using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Output;

/// <summary>One run of a command: where it writes, what the global options say, and what an interruption would leave.</summary>
internal sealed class Session(CliHost host)
{
    public CliHost Host => host;

    /// <summary>The collection's folder.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Whether the folder was named by the user rather than by default.</summary>
    public bool DirectoryGiven { get; set; }

    public bool Json { get; set; }

    public bool Quiet { get; set; }

    /// <summary>What stays if the command ends now; said after an interruption or an error of a command that writes.</summary>
    public string? Kept { get; set; }

    /// <summary>Bytes of the collection to keep in memory at most; null for all of it.</summary>
    public long? MemoryBudget { get; set; }

    public bool Pretty => host.OutIsTerminal && !Json;

    public Ink Ink => new(host.Colour && !Json);

    /// <summary>Writes a line of the result.</summary>
    public void Line(string text = "") => host.Out.WriteLine(text);

    /// <summary>Says what a person may like to know and a program need not.</summary>
    public void Note(string text)
    {
        if (!Quiet)
            host.Error.WriteLine(TextClean.Lines(text));
    }

    /// <summary>Says what is wrong with the data though the command goes on; heard even when quiet.</summary>
    public void Warn(string text) => host.Error.WriteLine("mrl: warning: " + TextClean.OneLine(text));

    public void WriteJson<T>(T value, JsonTypeInfo<T> type) => host.Out.WriteLine(JsonSerializer.Serialize(value, type));

    public Collection Open(IEmbeddingGenerator<string, Embedding<float>>? generator = null) =>
        Collection.Open(Directory, new OpenOptions { Generator = generator, MemoryBudget = MemoryBudget });
}
