using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Matryoshka.Encoders;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Tables;

namespace Matryoshka.Training.Checkpoints;

/// <summary>
/// The state of a training in one file: rows, moments, where the sampler stands. A safetensors file of
/// which the tensor <c>about</c> says how it was begun; it is replaced whole or not at all.
/// </summary>
internal sealed unsafe class Checkpoint(StaticTrainingOptions options, string tokenizer, WholeFile.Opener? open = null)
{
    private const string FileName = "checkpoint.safetensors";
    private long? saved;

    private string FilePath => Path.Join(options.Output, FileName);

    /// <summary>What there is to go back to, in words that follow a semicolon.</summary>
    public string Kept => saved is { } step ? $"the checkpoint of step {step} is kept in '{FilePath}'" : File.Exists(FilePath) ? $"an earlier checkpoint is kept in '{FilePath}'" : "there is no checkpoint yet";

    public void Save(StaticTraining training, int step, double seconds)
    {
        var about = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{step}\n{seconds:R}\n{string.Join(' ', training.Sampler.Position)}\n{Begun()}"));
        var (table, optimiser) = (training.Table, training.Optimiser);
        TensorToWrite[] tensors =
        [
            Floats("rows", table.Rows), Floats("first", optimiser.First), Floats("second", optimiser.Second),
            new("about", "I8", [about.Length], about.Length, stream => stream.Write(about)),
        ];
        WholeFile.Write(FilePath, stream => SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string>()), open);
        saved = step;
    }

    /// <returns>The next step, and the seconds the ones before it took.</returns>
    public (int Step, double Seconds) Load(StaticTraining training)
    {
        if (!File.Exists(FilePath))
            throw new TrainingException($"There is no checkpoint '{FilePath}' to resume from; train without resuming.");
        var file = SafetensorsFile.Open(FilePath);
        var lines = Encoding.UTF8.GetString(file.Bytes(Find(file, "about"))).Split('\n');
        if (lines.Length < 4 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var step) || !double.TryParse(lines[1], CultureInfo.InvariantCulture, out var seconds))
            throw new InvalidFormatException($"'{FilePath}' is not a checkpoint of this version.");
        var (then, now) = (lines[3..], Begun().Split('\n'));
        for (var i = 0; i < Math.Max(then.Length, now.Length); i++)
            if (then.ElementAtOrDefault(i) != now.ElementAtOrDefault(i))
                throw new TrainingException($"The checkpoint was begun with '{then.ElementAtOrDefault(i)}', but '{now.ElementAtOrDefault(i)}' is asked for: resume with the same options, or train anew.");
        Read(file, "rows", training.Table.Rows);
        Read(file, "first", training.Optimiser.First);
        Read(file, "second", training.Optimiser.Second);
        training.Sampler.Position = [.. lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        saved = step;
        return (step, seconds);
    }

    public void Delete() => File.Delete(FilePath);

    private static TensorToWrite Floats(string name, Block<float> block) =>
        new(name, "F32", [block.Length], 4 * block.Length, stream => Write(stream, (byte*)block.Data, 4 * block.Length));

    private static void Write(Stream stream, byte* from, long bytes)
    {
        for (long done = 0; done < bytes; done += 1 << 24)
            stream.Write(new ReadOnlySpan<byte>(from + done, (int)Math.Min(1 << 24, bytes - done)));
    }

    private void Read<T>(SafetensorsFile file, string name, Block<T> into)
        where T : unmanaged
    {
        var tensor = Find(file, name);
        if (tensor.Length != into.Length * sizeof(T))
            throw new InvalidFormatException($"'{FilePath}' is damaged: its tensor '{name}' has {tensor.Length} bytes, not {into.Length * sizeof(T)}.");
        NativeMemory.Copy(file.Pointer(tensor), into.Data, (nuint)tensor.Length);
        GC.KeepAlive(file);
    }

    private Tensor Find(SafetensorsFile file, string name) => file.Find(name) ?? throw new InvalidFormatException($"'{FilePath}' is not a checkpoint: it has no tensor '{name}'.");

    // Whatever changes a step's outcome, one a line.
    private string Begun() => string.Create(CultureInfo.InvariantCulture, $"""
        version 2
        tokenizer {tokenizer}
        pairs {string.Join(' ', options.Pairs.Select(Path.GetFileName))}
        dimensions {string.Join(' ', options.Dimensions)}
        weights {(options.Weights is { } weights ? string.Join(' ', weights) : "alike")}
        scales {string.Join(' ', options.Scales)}
        symmetric share {options.SymmetricShare}
        steps {options.Steps}
        batch {options.Batch}
        optimiser {options.Optimiser}
        rate {options.Rate}
        warm-up {options.WarmUp}
        source cap {options.SourceCap}
        pooling {options.Pooling}
        kinship {options.Kinship}
        cloze {options.Cloze}
        sparse {options.Sparse}
        hard negatives {options.HardNegatives}
        tokens {options.MaxTokens}
        held out {options.HeldOut}
        graded {options.Graded}
        seed {options.Seed}
        """).ReplaceLineEndings("\n");
}
