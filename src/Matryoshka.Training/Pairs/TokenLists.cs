using System.Runtime.InteropServices;

namespace Matryoshka.Training.Pairs;

/// <summary>Many token lists end to end.</summary>
internal sealed class TokenLists
{
    private readonly List<long> starts = [];
    private readonly List<long> ends = [];
    private int[][] chunks = [];
    private long length;

    // Chunks of 4 M tokens: one array of all could pass the runtime's limit, and growing it would hold twice the memory.
    private const int ChunkBits = 22;
    private const int ChunkSize = 1 << ChunkBits;

    public int Count => ends.Count;

    public long TokenCount => length;

    /// <summary>Tokens of one list.</summary>
    public ReadOnlySpan<int> this[int index]
    {
        get
        {
            var (start, size) = Place(index);
            return chunks[start >> ChunkBits].AsSpan((int)(start & (ChunkSize - 1)), size);
        }
    }

    public int LengthOf(int index) => Place(index).Size;

    /// <summary>Appends a list, cut to a chunk's size.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        tokens = tokens[..Math.Min(tokens.Length, ChunkSize)];
        // A list never spans two chunks; what is left of one stays unused.
        if ((length >> ChunkBits) != (length + Math.Max(0, tokens.Length - 1)) >> ChunkBits || length >> ChunkBits >= chunks.Length)
        {
            if (length >> ChunkBits < chunks.Length)
                length = (long)chunks.Length << ChunkBits;
            Array.Resize(ref chunks, chunks.Length + 1);
            chunks[^1] = new int[ChunkSize];
        }
        tokens.CopyTo(chunks[length >> ChunkBits].AsSpan((int)(length & (ChunkSize - 1))));
        starts.Add(length);
        length += tokens.Length;
        ends.Add(length);
    }

    private (long Start, int Size) Place(int index)
    {
        var start = CollectionsMarshal.AsSpan(starts)[index];
        return (start, (int)(CollectionsMarshal.AsSpan(ends)[index] - start));
    }
}
