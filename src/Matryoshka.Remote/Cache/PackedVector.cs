using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Matryoshka.Remote.Cache;

/// <summary>
/// A vector in 30 bits a component, without loss. In floats from 2^-63 up to below 2 the two upper bits of the exponent are
/// always 01, and components of unit vectors are such floats, or zero, for which the smallest of them stands. A vector with
/// anything else is kept as raw floats. Layout: a form byte; the low 24 bits of every component; the other 6, four
/// components to 24 bits. 768 components take 2,881 bytes, so that a page of 64 KiB holds 22 vectors instead of 21.
/// </summary>
internal static class PackedVector
{
    private const byte Raw = 0, Packed = 1;
    private const uint Fixed = 0x6000_0000, Constant = 0x2000_0000, Zero = Constant;

    public static byte[] Encode(ReadOnlySpan<byte> key, ReadOnlySpan<float> vector)
    {
        var bits = MemoryMarshal.Cast<float, uint>(vector);
        foreach (var x in bits)
            if (x != 0 && ((x & Fixed) != Constant || x == Zero))
                return [.. key, Raw, .. MemoryMarshal.AsBytes(vector)];
        var data = new byte[key.Length + 1 + PackedBytes(vector.Length)];
        key.CopyTo(data);
        data[key.Length] = Packed;
        var low = data.AsSpan(key.Length + 1, 3 * vector.Length);
        var high = data.AsSpan(key.Length + 1 + (3 * vector.Length));
        for (var i = 0; i < bits.Length; i++)
        {
            var x = bits[i] == 0 ? Zero : bits[i];
            low[3 * i] = (byte)x;
            low[(3 * i) + 1] = (byte)(x >> 8);
            low[(3 * i) + 2] = (byte)(x >> 16);
            // Sign, then the five lower bits of what is left of the exponent.
            var rest = ((x >> 26) & 0x20) | ((x >> 24) & 0x1F);
            var group = high[(i / 4 * 3)..];
            var word = (group[0] | (uint)group[1] << 8 | (uint)group[2] << 16) | rest << (i % 4 * 6);
            (group[0], group[1], group[2]) = ((byte)word, (byte)(word >> 8), (byte)(word >> 16));
        }
        return data;
    }

    /// <summary>Restores a vector; false when the bytes are not one of this length.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> data, Span<float> vector)
    {
        if (data.IsEmpty)
            return false;
        var body = data[1..];
        if (data[0] == Raw && body.Length == vector.Length * sizeof(float))
        {
            body.CopyTo(MemoryMarshal.AsBytes(vector));
            return true;
        }
        if (data[0] != Packed || body.Length != PackedBytes(vector.Length))
            return false;
        var bits = MemoryMarshal.Cast<float, uint>(vector);
        var low = body[..(3 * vector.Length)];
        var high = body[low.Length..];
        var i = 0;
        // Reads of four bytes for three: the last group is left to the loop below.
        for (; i + 8 <= bits.Length; i += 4)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(high[(i / 4 * 3)..]);
            var four = low.Slice(3 * i, 16);
            bits[i] = Join(BinaryPrimitives.ReadUInt32LittleEndian(four), word);
            bits[i + 1] = Join(BinaryPrimitives.ReadUInt32LittleEndian(four[3..]), word >> 6);
            bits[i + 2] = Join(BinaryPrimitives.ReadUInt32LittleEndian(four[6..]), word >> 12);
            bits[i + 3] = Join(BinaryPrimitives.ReadUInt32LittleEndian(four[9..]), word >> 18);
        }
        for (; i < bits.Length; i++)
        {
            var group = high.Slice(i / 4 * 3, 3);
            bits[i] = Join(low[3 * i] | (uint)low[(3 * i) + 1] << 8 | (uint)low[(3 * i) + 2] << 16, (group[0] | (uint)group[1] << 8 | (uint)group[2] << 16) >> (i % 4 * 6));
        }
        return true;
    }

    private static uint Join(uint low, uint rest)
    {
        var x = (low & 0xFF_FFFF) | (rest & 0x1F) << 24 | (rest & 0x20) << 26 | Constant;
        return x == Zero ? 0 : x;
    }

    private static int PackedBytes(int components) => (3 * components) + ((components + 3) / 4 * 3);
}
