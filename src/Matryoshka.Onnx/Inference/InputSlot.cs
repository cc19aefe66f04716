using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Matryoshka.Onnx.Inference;

/// <summary>What an input of a graph takes.</summary>
internal enum InputKind
{
    Ids, Mask, TypeIds, Positions, EmptyCache,
}

/// <summary>One input of a graph.</summary>
internal sealed record InputSlot(string Name, InputKind Kind, TensorElementType Type, int[] Dimensions)
{
    public static InputSlot Of(string name, NodeMetadata metadata, string file)
    {
        var kind = name switch
        {
            "input_ids" => InputKind.Ids,
            "attention_mask" => InputKind.Mask,
            "token_type_ids" => InputKind.TypeIds,
            "position_ids" => InputKind.Positions,
            // Causal models exported for generation: an encoder starts with nothing cached.
            _ when name.StartsWith("past_key_values.", StringComparison.Ordinal) && metadata.Dimensions.Length == 4 => InputKind.EmptyCache,
            _ => throw new InvalidFormatException($"'{file}' wants the input '{name}', which is not known; supported are input_ids, attention_mask, token_type_ids, position_ids and an empty past_key_values."),
        };
        var supported = kind == InputKind.EmptyCache
            ? metadata.ElementDataType is TensorElementType.Float or TensorElementType.Float16
            : metadata.ElementDataType is TensorElementType.Int64 or TensorElementType.Int32 && metadata.Dimensions.Length == 2;
        return supported ? new InputSlot(name, kind, metadata.ElementDataType, metadata.Dimensions)
            : throw new InvalidFormatException($"'{file}' wants the input '{name}' as {metadata.ElementDataType} of {metadata.Dimensions.Length} dimensions, which is not supported.");
    }

    /// <summary>The input's tensor for rows of <paramref name="length"/> tokens, padded at the right.</summary>
    public OrtValue Fill(IReadOnlyList<ModelInput> rows, int rowCount, int length, int padId)
    {
        if (Kind == InputKind.EmptyCache)
            return Empty(rowCount);
        var values = new long[rowCount * length];
        if (Kind == InputKind.Ids && padId != 0)
            Array.Fill(values, padId);
        for (var row = 0; row < rowCount; row++)
        {
            // Rows that only fill a batch of fixed size repeat the last one.
            var input = rows[Math.Min(row, rows.Count - 1)];
            var to = values.AsSpan(row * length, length);
            for (var i = 0; i < input.Ids.Count; i++)
                to[i] = Kind switch
                {
                    InputKind.Ids => input.Ids[i],
                    InputKind.Mask => 1,
                    InputKind.TypeIds => input.TypeIds[i],
                    _ => i,
                };
        }
        long[] shape = [rowCount, length];
        return Type == TensorElementType.Int64 ? OrtValue.CreateTensorValueFromMemory(values, shape)
            : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (int)v), shape);
    }

    private OrtValue Empty(int rowCount)
    {
        long[] shape = [rowCount, Dimensions[1], 0, Dimensions[3]];
        return Type == TensorElementType.Float ? OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), shape)
            : OrtValue.CreateTensorValueFromMemory(Array.Empty<Float16>(), shape);
    }
}
