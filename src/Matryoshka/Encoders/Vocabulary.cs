using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>The pieces of a vocabulary in the order of their file: UTF-8 end to end, and the id of each.</summary>
internal sealed class Vocabulary
{
    private byte[] text = new byte[1 << 18];
    private int[] ends = new int[1 << 15];
    private int[] ids = new int[1 << 15];

    public int Count { get; private set; }

    public int MaxId { get; private set; } = -1;

    public int Id(int index) => ids[index];

    public ReadOnlySpan<byte> Piece(int index)
    {
        var start = index == 0 ? 0 : ends[index - 1];
        return text.AsSpan(start, ends[index] - start);
    }

    /// <summary>Reads the object that follows the property name under the reader.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vocabulary Read(ref Utf8JsonReader reader, string file)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidFormatException($"The vocabulary of '{file}' is not an object of pieces and ids.");
        var vocabulary = new Vocabulary();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            vocabulary.Add(ref reader, file);
        return vocabulary;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Find(ReadOnlySpan<byte> piece)
    {
        for (var i = Count - 1; i >= 0; i--)
            if (Piece(i).SequenceEqual(piece))
                return ids[i];
        return -1;
    }

    /// <summary>Feeds ids and pieces to a hash, each ended by a byte that UTF-8 never holds.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        Span<byte> id = stackalloc byte[sizeof(int) + 1];
        id[^1] = 0xFF;
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(id, ids[i]);
            hash.AppendData(Piece(i));
            hash.AppendData(id);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(ref Utf8JsonReader reader, string file)
    {
        var start = Count == 0 ? 0 : ends[Count - 1];
        // An escaped name is longer than what it stands for, so its raw length is room enough.
        if (text.Length - start < reader.ValueSpan.Length)
            Array.Resize(ref text, checked((int)Math.Min(Array.MaxLength, Math.Max(2L * text.Length, (long)start + reader.ValueSpan.Length))));
        if (Count == ids.Length)
        {
            Array.Resize(ref ends, 2 * Count);
            Array.Resize(ref ids, 2 * Count);
        }
        ends[Count] = start + reader.CopyString(text.AsSpan(start));
        reader.Read();
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id) || id is < 0 or >= PieceTable.MaxPieces)
            throw new InvalidFormatException($"The vocabulary of '{file}' holds an id that is not a whole number of 0 to {PieceTable.MaxPieces - 1}.");
        if (Count == PieceTable.MaxPieces)
            throw new InvalidFormatException($"The vocabulary of '{file}' has more than {PieceTable.MaxPieces} pieces.");
        ids[Count++] = id;
        MaxId = Math.Max(MaxId, id);
    }
}
