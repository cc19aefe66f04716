using System.Runtime.CompilerServices;

namespace Matryoshka.Encoders;

/// <summary>
/// The vocabulary of a WordPiece model as a hash table over UTF-8 pieces. A piece of at most 15 bytes is its own key:
/// two words of eight bytes, zero-padded, the last byte telling a word's start (0) from its continuation (1). A prefix
/// of a word is then one mask away, so the longest-match search neither copies nor creates strings.
/// </summary>
internal sealed unsafe class PieceTable
{
    /// <summary>The longest piece held in a key; longer ones wait in a list behind their first 15 bytes.</summary>
    public const int KeyBytes = 15;

    /// <summary>20 bits of a slot name the piece.</summary>
    public const int MaxPieces = (1 << 20) - 1;

    private const ulong ContinuationFlag = 1UL << 56, LongFlag = 1UL << 57;
    private const int TagShift = 20;

    private readonly uint[] slots;
    private readonly int shift;
    private readonly Key[] keys;
    private readonly int[] ids;
    private readonly List<LongPiece> longPieces = [];
    private int count;

    public PieceTable(int capacity)
    {
        // At most half full: a miss, the common case inside a word, then ends after one or two slots.
        var bits = 4;
        while (1 << bits < capacity * 2)
            bits++;
        slots = new uint[1 << bits];
        shift = 64 - bits;
        keys = new Key[capacity];
        ids = new int[capacity];
    }

    private readonly struct Key(ulong low, ulong high)
    {
        public readonly ulong Low = low, High = high;
    }

    // A chain of pieces with the same first bytes, longest first.
    private sealed class LongPiece(byte[] tail, int id, LongPiece? next)
    {
        public readonly byte[] Tail = tail;
        public readonly int Id = id;
        public LongPiece? Next = next;
    }

    /// <summary>Adds a piece without its continuation prefix. Empty pieces and pieces with NUL are never found.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<byte> piece, bool continuation, int id)
    {
        var key = stackalloc byte[16];
        new Span<byte>(key, 16).Clear();
        piece[..Math.Min(piece.Length, KeyBytes)].CopyTo(new Span<byte>(key, KeyBytes));
        var low = *(ulong*)key;
        var high = *(ulong*)(key + 8) | (continuation ? ContinuationFlag : 0);
        if (piece.Length > KeyBytes)
            AddLong(low, high | LongFlag, piece[KeyBytes..].ToArray(), id);
        else
            Insert(low, high, id);
    }

    /// <summary>
    /// Cuts a word greedily into its longest pieces. <paramref name="found"/> takes the ids and <paramref name="ends"/>
    /// the byte at which each piece ends.
    /// </summary>
    /// <param name="word">UTF-8, readable for 16 bytes past its end.</param>
    /// <param name="length">Bytes of the word.</param>
    /// <param name="found">Room for one id a byte.</param>
    /// <param name="ends">Room for one end a byte, or null.</param>
    /// <returns>The number of pieces; 0 when some part of the word is no piece.</returns>
    public int Cut(byte* word, int length, int* found, int* ends)
    {
        var pieces = 0;
        ulong flag = 0;
        for (var start = 0; start < length; flag = ContinuationFlag)
        {
            var id = LongestFrom(word + start, length - start, flag, out var taken);
            if (id < 0)
                return 0;
            start += taken;
            if (ends != null)
                ends[pieces] = start;
            found[pieces++] = id;
        }
        return pieces;
    }

    private int LongestFrom(byte* from, int rest, ulong flag, out int taken)
    {
        var low = *(ulong*)from;
        var high = *(ulong*)(from + 8);
        if (rest > KeyBytes && longPieces.Count > 0 && FindLong(from, rest, Find(low, (high & Mask(7)) | flag | LongFlag), out taken, out var longId))
            return longId;
        for (taken = Math.Min(rest, KeyBytes); taken > 8; taken--)
        {
            var id = Find(low, (high & Mask(taken - 8)) | flag);
            if (id >= 0)
                return id;
        }
        for (; taken > 0; taken--)
        {
            var id = Find(low & Mask(taken), flag);
            if (id >= 0)
                return id;
        }
        return -1;
    }

    /// <summary>Keeps the first <paramref name="bytes"/> (1 to 8) bytes of a little-endian word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mask(int bytes) => ulong.MaxValue >> (64 - (bytes * 8));

    /// <summary>The id of a zero-padded key (for a word of at most 15 bytes, its bytes), or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong low, ulong high)
    {
        var hash = Hash(low, high);
        var position = (int)(hash >> shift);
        var tag = Tag(hash);
        while (true)
        {
            var slot = slots[position];
            if (slot == 0)
                return -1;
            if ((slot >> TagShift) == tag)
            {
                var index = (int)(slot & MaxPieces) - 1;
                ref var key = ref keys[index];
                if (key.Low == low && key.High == high)
                    return ids[index];
            }
            position = (position + 1) & (slots.Length - 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Insert(ulong low, ulong high, int id)
    {
        var hash = Hash(low, high);
        var position = (int)(hash >> shift);
        for (; slots[position] != 0; position = (position + 1) & (slots.Length - 1))
        {
            // A piece named twice: the last id counts, as in the library whose files these are. (Among the rare long
            // pieces the first counts: their file would have to name one twice.)
            var index = (int)(slots[position] & MaxPieces) - 1;
            if (keys[index].Low == low && keys[index].High == high)
            {
                ids[index] = id;
                return;
            }
        }
        keys[count] = new Key(low, high);
        ids[count] = id;
        slots[position] = (Tag(hash) << TagShift) | (uint)++count;
    }

    private void AddLong(ulong low, ulong high, byte[] tail, int id)
    {
        var chain = Find(low, high);
        if (chain < 0)
        {
            Insert(low, high, longPieces.Count);
            longPieces.Add(new LongPiece(tail, id, null));
            return;
        }
        var piece = longPieces[chain];
        if (piece.Tail.Length < tail.Length)
        {
            longPieces[chain] = new LongPiece(tail, id, piece);
            return;
        }
        while (piece.Next is { } next && next.Tail.Length >= tail.Length)
            piece = next;
        piece.Next = new LongPiece(tail, id, piece.Next);
    }

    private bool FindLong(byte* from, int rest, int chain, out int taken, out int id)
    {
        for (var piece = chain < 0 ? null : longPieces[chain]; piece is not null; piece = piece.Next)
        {
            if (piece.Tail.Length > rest - KeyBytes || !new ReadOnlySpan<byte>(from + KeyBytes, piece.Tail.Length).SequenceEqual(piece.Tail))
                continue;
            (taken, id) = (KeyBytes + piece.Tail.Length, piece.Id);
            return true;
        }
        (taken, id) = (0, -1);
        return false;
    }

    // Multiplicative: the top bits, which choose the slot, depend on every byte of the key.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(ulong low, ulong high)
    {
        var mixed = (low ^ (high * 0xC2B2AE3D27D4EB4F)) * 0x9E3779B97F4A7C15;
        return (mixed ^ (mixed >> 32)) * 0x9FB21C651E98DF25;
    }

    private static uint Tag(ulong hash) => (uint)(hash >> 20) & 0xFFF;
}
