using System.Globalization;
using System.Runtime.InteropServices;

namespace Matryoshka.Cli.Files;

/// <summary>A file of vectors, read row by row: NumPy, raw float32, JSON lines, or a column of Parquet, told apart by extension.</summary>
internal abstract class VectorFile : IDisposable
{
    /// <summary>Components of every row.</summary>
    public abstract int Dimensions { get; }

    /// <summary>How many rows there are, where the file says so.</summary>
    public abstract long? Rows { get; }

    /// <summary>The share of the file read so far.</summary>
    public abstract double Fraction { get; }

    /// <summary>Bytes a component takes in the file; 4 where it is written as text.</summary>
    public virtual int ComponentBytes => sizeof(float);

    /// <summary>Whether rows may carry keys and texts of their own.</summary>
    public virtual bool HasKeys => false;

    /// <summary>The rows in order. To be enumerated once.</summary>
    public abstract IEnumerable<VectorRow> Read();

    public abstract void Dispose();

    /// <param name="path">The file.</param>
    /// <param name="dimensions">Components a row, needed for raw files whose name does not say them.</param>
    /// <param name="column">The column of a Parquet file that has several of vectors; null elsewhere.</param>
    public static VectorFile Open(string path, int? dimensions, string? column = null)
    {
        if (InputFile.HasExtension(path, ".parquet"))
            return ParquetVectors.Open(path, column);
        if (column is not null)
            throw new UsageException($"--column names a column of a .parquet file; '{path}' is none.");
        if (InputFile.HasExtension(path, ".npy"))
            return BinaryVectors.OpenNpy(path);
        if (InputFile.HasExtension(path, ".f32"))
            return BinaryVectors.OpenRaw(path, dimensions);
        if (InputFile.HasExtension(path, ".jsonl") || InputFile.HasExtension(path, ".ndjson"))
            return new JsonLineVectors(path);
        throw new UsageException($"'{path}' is not a vector file by its name: .npy, .f32, .parquet and .jsonl are read.");
    }
}

/// <summary>Vectors one after the other in binary.</summary>
internal sealed class BinaryVectors : VectorFile
{
    private readonly FileStream stream;
    private readonly ComponentType type;
    private readonly long rows;

    private BinaryVectors(FileStream stream, ComponentType type, long rows, int dimensions)
    {
        (this.stream, this.type, this.rows) = (stream, type, rows);
        Dimensions = dimensions;
    }

    public override int Dimensions { get; }

    public override long? Rows => rows;

    public override int ComponentBytes => (int)type;

    public override double Fraction => (double)stream.Position / stream.Length;

    public static BinaryVectors OpenNpy(string path)
    {
        var stream = InputFile.Open(path);
        try
        {
            var header = NpyHeader.Read(stream, path);
            stream.Position = header.DataOffset;
            return new(stream, header.Type, header.Rows, header.Columns);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Little-endian float32 without a header; the shape comes from the caller or from a name like <c>x.3963x1536.f32</c>.</summary>
    public static BinaryVectors OpenRaw(string path, int? dimensions)
    {
        var named = ShapeInName(path);
        if (dimensions is null && named is null)
            throw new UsageException($"'{path}' has no header: say the components a row with --dims, or name it like 'x.3963x1536.f32' (rows x components).");
        var columns = dimensions ?? named!.Value.Columns;
        if (named is { } shape && shape.Columns != columns)
            throw new UsageException($"'{path}' says {shape.Columns} components a row by its name, but {columns} were asked for.");
        var stream = InputFile.Open(path);
        var rowBytes = columns * (long)sizeof(float);
        var problem = stream.Length == 0 ? "is empty"
            : stream.Length % rowBytes != 0 ? $"has {stream.Length} bytes, which is not a whole number of rows of {columns} float32 ({rowBytes} bytes)"
            : named is { } s && s.Rows != stream.Length / rowBytes ? $"holds {stream.Length / rowBytes} rows, but its name says {s.Rows}"
            : null;
        if (problem is null)
            return new(stream, ComponentType.F32, stream.Length / rowBytes, columns);
        stream.Dispose();
        throw new InvalidFormatException($"'{path}' {problem}.");
    }

    public override IEnumerable<VectorRow> Read()
    {
        var bytes = new byte[Dimensions * (int)type];
        for (long row = 0; row < rows; row++)
        {
            var vector = new float[Dimensions];
            if (type == ComponentType.F32)
                stream.ReadExactly(MemoryMarshal.AsBytes(vector.AsSpan()));
            else
            {
                stream.ReadExactly(bytes);
                Widen(bytes, vector);
            }
            yield return new(null, null, null, null, vector);
        }
    }

    public override void Dispose() => stream.Dispose();

    private void Widen(byte[] bytes, float[] vector)
    {
        if (type == ComponentType.F16)
        {
            var halves = MemoryMarshal.Cast<byte, Half>(bytes);
            for (var i = 0; i < vector.Length; i++)
                vector[i] = (float)halves[i];
            return;
        }
        var doubles = MemoryMarshal.Cast<byte, double>(bytes);
        for (var i = 0; i < vector.Length; i++)
            vector[i] = (float)doubles[i];
    }

    /// <summary>What a name like <c>x.3963x1536.f32</c> says of the file; null if nothing.</summary>
    public static (long Rows, int Columns)? ShapeInName(string path)
    {
        var stem = Path.GetFileNameWithoutExtension(path);
        var shape = stem[(stem.LastIndexOf('.') + 1)..];
        var cross = shape.IndexOf('x', StringComparison.Ordinal);
        return cross > 0
            && long.TryParse(shape.AsSpan(0, cross), NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            && int.TryParse(shape.AsSpan(cross + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var columns)
            && rows > 0 && columns is > 0 and <= NestedDimensions.MaxDimensions
            ? (rows, columns)
            : null;
    }
}

/// <summary>Vectors as JSON lines with their keys, texts and metadata.</summary>
internal sealed class JsonLineVectors : VectorFile
{
    private readonly string path;
    private readonly long length;
    private readonly ByteLines lines;
    private VectorRow? first;

    public JsonLineVectors(string path)
    {
        this.path = path;
        var stream = InputFile.Open(path);
        length = Math.Max(1, stream.Length);
        lines = new ByteLines(stream, path);
        try
        {
            first = Next() ?? throw new InvalidFormatException($"'{path}' has no lines.");
        }
        catch
        {
            lines.Dispose();
            throw;
        }
        Dimensions = first.Vector!.Length;
    }

    public override int Dimensions { get; }

    public override long? Rows => null;

    public override double Fraction => (double)lines.Consumed / length;

    public override bool HasKeys => true;

    public override IEnumerable<VectorRow> Read()
    {
        for (var row = first; row is not null; row = Next())
        {
            first = null;
            if (row.Vector!.Length != Dimensions)
                throw new InvalidFormatException($"Line {lines.Number} of '{path}' has a vector of {row.Vector.Length} components, but the first line has {Dimensions}.");
            yield return row;
        }
    }

    public override void Dispose() => lines.Dispose();

    private VectorRow? Next()
    {
        while (lines.TryRead(out var line))
        {
            if (line.Span.IndexOfAnyExcept(" \t"u8) < 0)
                continue;
            var place = $"Line {lines.Number} of '{path}'";
            var row = VectorRow.Parse(line, place);
            return row.Vector is not null ? row : throw new InvalidFormatException($"{place} has no 'vector' or 'embedding'.");
        }
        return null;
    }
}
