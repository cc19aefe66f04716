using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Matryoshka.Kernels;

namespace Matryoshka.Encoders;

/// <summary>
/// The rows of a static model where the file put them, and what turns a token into a row and a factor: a quantisation
/// scale a row, and for models with a quantised vocabulary (model2vec) a row and a weight a token.
/// </summary>
internal sealed unsafe class EmbeddingTable
{
    private readonly SafetensorsFile file;
    private readonly byte* rows;
    private readonly TensorType type;
    private readonly int[]? rowOfToken;
    private readonly float[]? factorOfToken;

    private EmbeddingTable(SafetensorsFile file, Tensor table)
    {
        this.file = file;
        rows = file.Pointer(table);
        type = table.Type;
        var count = Extent(table, 0, PieceTable.MaxPieces);
        Dimensions = Extent(table, 1, NestedDimensions.MaxDimensions);
        if (type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.I8))
            throw Bad($"its table '{table.Name}' is {table.Describe()}; supported are F32, F16, BF16 and I8");
        rowOfToken = file.Find("mapping") is { } mapping ? ReadMapping(mapping, count) : null;
        TokenCount = rowOfToken?.Length ?? count;
        factorOfToken = Factors(count);
        if (type != TensorType.I8)
            CheckFinite(table);
    }

    /// <summary>Components of a row.</summary>
    public int Dimensions { get; }

    /// <summary>Tokens that have a row: ids below this.</summary>
    public int TokenCount { get; }

    /// <summary>Reads the table of a file, named as model2vec or as sentence-transformers names it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isModel2Vec">Which of the two names was found.</param>
    /// <exception cref="InvalidFormatException">There is no table, or its parts contradict each other.</exception>
    public static EmbeddingTable Read(SafetensorsFile file, out bool isModel2Vec)
    {
        var table = file.Find("embeddings");
        isModel2Vec = table is not null;
        table ??= file.Find("embedding.weight");
        if (table is null)
            throw new InvalidFormatException($"'{file.Name}' holds no static model: there is neither a tensor 'embeddings' (model2vec) nor 'embedding.weight' (sentence-transformers), but {Held(file)}.");
        if (table.Shape.Count != 2)
            throw new InvalidFormatException($"'{file.Name}' holds no usable static model: its table '{table.Name}' is {table.Describe()}; rows and components are needed.");
        return new EmbeddingTable(file, table);
    }

    /// <summary>Sums the rows of tokens, each below <see cref="TokenCount"/>, times <paramref name="factors"/>; overwrites both.</summary>
    public void Sum(Span<int> tokens, Span<float> factors, Span<float> sum)
    {
        if (factorOfToken is not null)
            for (var i = 0; i < tokens.Length; i++)
                factors[i] *= factorOfToken[tokens[i]];
        if (rowOfToken is not null)
            foreach (ref var token in tokens)
                token = rowOfToken[token];
        switch (type)
        {
            case TensorType.I8:
                AccumulateRows.Int8(rows, Dimensions, tokens, factors, sum);
                break;
            case TensorType.F16:
                AccumulateRows.Half(rows, Dimensions, tokens, factors, sum);
                break;
            case TensorType.BF16:
                AccumulateRows.BFloat16(rows, Dimensions, tokens, factors, sum);
                break;
            default:
                AccumulateRows.Single(rows, Dimensions, tokens, factors, sum);
                break;
        }
        GC.KeepAlive(file);
    }

    private int[] ReadMapping(Tensor mapping, int rowCount)
    {
        if (mapping.Type is not (TensorType.I32 or TensorType.I64))
            throw Bad($"its 'mapping' is {mapping.Describe()}; one I32 or I64 row number a token is needed");
        var result = new int[Extent(mapping, -1, PieceTable.MaxPieces)];
        for (var i = 0; i < result.Length; i++)
        {
            var row = mapping.Type == TensorType.I64 ? Read<long>(mapping, i) : Read<int>(mapping, i);
            if (row < 0 || row >= rowCount)
                throw Bad($"its 'mapping' sends token {i} to row {row}, but there are {rowCount} rows");
            result[i] = (int)row;
        }
        return result;
    }

    private float[]? Factors(int rowCount)
    {
        var scales = type == TensorType.I8 ? ReadFloats("scales", rowCount) ?? throw Bad("its table is I8, but it has no 'scales': one F32 or F16 factor a row") : null;
        var weights = ReadFloats("weights", TokenCount);
        if (scales is null || (weights is null && rowOfToken is null))
            return scales ?? weights;
        var factors = new float[TokenCount];
        for (var i = 0; i < factors.Length; i++)
            factors[i] = scales[rowOfToken?[i] ?? i] * (weights?[i] ?? 1);
        return factors;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float[]? ReadFloats(string name, int count)
    {
        if (file.Find(name) is not { } tensor)
            return null;
        if (tensor.Type is not (TensorType.F16 or TensorType.F32 or TensorType.F64) || Extent(tensor, -1, PieceTable.MaxPieces) != count)
            throw Bad($"its '{name}' is {tensor.Describe()}; {count} numbers of F16, F32 or F64 are needed");
        var result = new float[count];
        for (var i = 0; i < count; i++)
        {
            result[i] = tensor.Type == TensorType.F32 ? Read<float>(tensor, i)
                : tensor.Type == TensorType.F16 ? (float)Read<Half>(tensor, i)
                : (float)Read<double>(tensor, i);
            if (!float.IsFinite(result[i]))
                throw Bad($"entry {i} of its '{name}' is not finite");
        }
        return result;
    }

    private T Read<T>(Tensor tensor, int index) where T : unmanaged => Unsafe.ReadUnaligned<T>(file.Pointer(tensor) + ((long)index * sizeof(T)));

    // One row that is not finite would make every text that holds its token unsearchable, long after the model was loaded.
    private void CheckFinite(Tensor table)
    {
        var bytes = file.Bytes(table);
        var bad = type switch
        {
            TensorType.F32 => FirstWithAllBits(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F80_0000u),
            TensorType.F16 => FirstWithAllBits(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7C00),
            _ => FirstWithAllBits(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7F80),
        };
        if (bad >= 0)
            throw Bad($"component {bad % Dimensions} of row {bad / Dimensions} of its table '{table.Name}' is not finite");
    }

    // Infinities and NaN are the numbers whose exponent bits are all set.
    private static int FirstWithAllBits<T>(ReadOnlySpan<T> values, T exponent) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        var width = System.Numerics.Vector<T>.Count;
        var mask = new System.Numerics.Vector<T>(exponent);
        var i = 0;
        while (i + width <= values.Length && !System.Numerics.Vector.EqualsAny(new System.Numerics.Vector<T>(values[i..]) & mask, mask))
            i += width;
        for (; i < values.Length; i++)
            if ((values[i] & exponent) == exponent)
                return i;
        return -1;
    }

    private int Extent(Tensor tensor, int axis, int most)
    {
        if (axis < 0 && tensor.Shape.Count != 1)
            throw Bad($"its '{tensor.Name}' is {tensor.Describe()}; a list is needed");
        var extent = tensor.Shape[Math.Max(axis, 0)];
        return extent >= 1 && extent <= most ? (int)extent : throw Bad($"its '{tensor.Name}' is {tensor.Describe()}; extents of 1 to {most} are supported");
    }

    private static string Held(SafetensorsFile file) =>
        file.Tensors.Count == 0 ? "no tensor at all" : string.Join(", ", file.Tensors.Take(5).Select(t => $"'{t.Name}'")) + (file.Tensors.Count > 5 ? ", ..." : "");

    private InvalidFormatException Bad(string what) => new($"'{file.Name}' holds no usable static model: {what}.");
}
