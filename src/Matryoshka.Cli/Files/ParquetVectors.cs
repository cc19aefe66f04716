using System.Numerics;
using Parquet;
using Parquet.Schema;

namespace Matryoshka.Cli.Files;

/// <summary>
/// A column of vectors of a Parquet file: a list of float32 or float64, of one length in all rows. Lists of fixed size are written as
/// lists too. A row group is read whole, because the library decodes no less.
/// </summary>
internal sealed class ParquetVectors : VectorFile
{
    /// <summary>A value takes 8 bytes or 16 and its level 4: 5 GB at most.</summary>
    private const long MostValues = 1L << 28;

    private readonly string path;
    private readonly ParquetReader reader;
    private readonly DataField column;
    private readonly long rows;
    private int group;
    private Queue<float[]> read = [];
    private long row;

    private ParquetVectors(string path, ParquetReader reader, DataField column)
    {
        (this.path, this.reader, this.column) = (path, reader, column);
        rows = reader.Metadata?.NumRows ?? 0;
        if (!Fill())
            throw new InvalidFormatException($"'{path}' has no rows.");
        Dimensions = read.Peek().Length;
    }

    public override int Dimensions { get; }

    public override long? Rows => rows;

    public override int ComponentBytes => column.ClrType == typeof(double) ? sizeof(double) : sizeof(float);

    public override double Fraction => rows == 0 ? 1 : (double)row / rows;

    /// <param name="path">The file.</param>
    /// <param name="column">The column; null for the only one that holds vectors.</param>
    public static ParquetVectors Open(string path, string? column)
    {
        var stream = InputFile.Open(path);
        ParquetReader? reader = null;
        try
        {
            reader = Reading(path, () => ParquetReader.CreateAsync(stream, leaveStreamOpen: false));
            return new(path, reader, Choose(path, reader.Schema, column));
        }
        catch
        {
            if (reader is null)
                stream.Dispose();
            else
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    public override IEnumerable<VectorRow> Read()
    {
        while (read.Count > 0 || Fill())
        {
            row++;
            var vector = read.Dequeue();
            if (vector.Length != Dimensions)
                throw new InvalidFormatException($"Row {row} of '{path}' has a vector of {vector.Length} components, but the first row has {Dimensions}.");
            yield return new(null, null, null, null, vector);
        }
    }

    public override void Dispose() => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static DataField Choose(string path, ParquetSchema schema, string? wanted)
    {
        var vectors = schema.Fields.Select(field => (field.Name, Item: ItemOf(field))).Where(field => field.Item is not null).ToList();
        var all = string.Join(", ", schema.Fields.Select(field => $"'{field.Name}' ({TypeOf(field)})"));
        var named = vectors.Find(field => field.Name == wanted);
        if (wanted is not null)
            return named.Item ?? throw new UsageException($"'{path}' has no column '{wanted}' of lists of float32 or float64. Its columns are {all}.");
        return vectors.Count switch
        {
            1 => vectors[0].Item!,
            0 => throw new InvalidFormatException($"'{path}' has no column of lists of float32 or float64. Its columns are {all}."),
            _ => throw new UsageException($"'{path}' has several columns of vectors, {string.Join(", ", vectors.Select(field => $"'{field.Name}'"))}: say which with --column, as 'mrl audit' and 'mrl import' take it."),
        };
    }

    private static DataField? ItemOf(Field field) => field switch
    {
        ListField { Item: DataField item } when IsNumber(item) => item,
        DataField { IsArray: true } item when IsNumber(item) => item,
        _ => null,
    };

    private static bool IsNumber(DataField item) => item.ClrType == typeof(float) || item.ClrType == typeof(double);

    private static string TypeOf(Field field) => field switch
    {
        ListField { Item: DataField item } => $"list of {item.ClrType.Name}",
        DataField { IsArray: true } item => $"list of {item.ClrType.Name}",
        DataField item => item.ClrType.Name,
        _ => field.SchemaType.ToString().ToLowerInvariant(),
    };

    // The next row group that has rows; false behind the last.
    private bool Fill()
    {
        while (read.Count == 0 && group < reader.RowGroupCount)
        {
            using var rowGroup = reader.OpenRowGroupReader(group++);
            var values = rowGroup.GetMetadata(column)?.MetaData?.NumValues ?? 0;
            if (values > MostValues)
                throw new InvalidFormatException($"A row group of '{path}' holds {values:N0} numbers, and row groups are read whole: at most {MostValues:N0} are allowed. Write the file with fewer rows a group.");
            read = Vectors((int)values, rowGroup);
        }
        return read.Count > 0;
    }

    private Queue<float[]> Vectors(int count, ParquetRowGroupReader rowGroup)
    {
        var levels = new int[count];
        var numbers = column.ClrType == typeof(double) ? Numbers<double>(rowGroup, levels) : Numbers<float>(rowGroup, levels);
        var vectors = new Queue<float[]>();
        for (int start = 0, end; start < count; start = end)
        {
            for (end = start + 1; end < count && levels[end] > 0;)
                end++;
            if (end - start > NestedDimensions.MaxDimensions)
                throw new InvalidFormatException($"'{path}' has a vector of {end - start} components; 1 to {NestedDimensions.MaxDimensions} are allowed.");
            vectors.Enqueue(numbers[start..end]);
        }
        return vectors;
    }

    // What is null, and a list without items, has levels and no number.
    private float[] Numbers<T>(ParquetRowGroupReader rowGroup, int[] levels) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (values, defined) = (new T[levels.Length], new int[levels.Length]);
        Reading(path, () => rowGroup.ReadRawAsync(column, values.AsMemory(), defined.AsMemory(), levels.AsMemory(), CancellationToken.None).AsTask());
        return column.MaxDefinitionLevel == 0 || Array.TrueForAll(defined, level => level == column.MaxDefinitionLevel) ? Array.ConvertAll(values, float.CreateTruncating)
            : throw new InvalidFormatException($"'{path}': the column '{column.Path.FirstPart}' has rows or components that are null or empty; every row needs its vector.");
    }

    private static void Reading(string path, Func<Task> read) => Reading(path, async () =>
    {
        await read().ConfigureAwait(false);
        return true;
    });

    // The library throws whatever its decoders come across.
    private static T Reading<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (MatryoshkaException or OutOfMemoryException))
        {
            throw new InvalidFormatException($"'{path}' cannot be read as Parquet: {error.Message}", error);
        }
    }
}
