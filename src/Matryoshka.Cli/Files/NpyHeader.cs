using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Matryoshka.Cli.Files;

/// <summary>How the components of a vector file are stored.</summary>
internal enum ComponentType
{
    F16 = 2,
    F32 = 4,
    F64 = 8,
}

/// <summary>
/// The header of a NumPy array file, versions 1 to 3 (numpy.lib.format): magic, version, length, and a Python
/// dictionary literal with <c>descr</c>, <c>fortran_order</c> and <c>shape</c>. Only what holds rows of vectors is
/// accepted; every number is checked before it is used.
/// </summary>
internal readonly record struct NpyHeader(ComponentType Type, long Rows, int Columns, int DataOffset)
{
    // NumPy itself refuses to parse more than 10,000 bytes unless told to trust the file.
    private const int LongestDictionary = 10_000;
    private const int Alignment = 64;

    // Room for any 64-bit row count: the header can be written before the rows are counted.
    private const int WrittenLength = 128;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <exception cref="InvalidFormatException">The stream holds no array of vectors; the message says what is wrong.</exception>
    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[12];
        var read = stream.ReadAtLeast(start, 10, throwOnEndOfStream: false);
        if (read < 10 || !start.StartsWith(Magic))
            throw new InvalidFormatException($"'{name}' is not a NumPy array file: it does not begin as one. Write it with numpy.save.");
        var version = start[6];
        if (version is < 1 or > 3)
            throw new InvalidFormatException($"'{name}' has version {version} of the NumPy format; 1, 2 and 3 are known.");
        var lengthBytes = version == 1 ? 2 : 4;
        var prefix = 8 + lengthBytes;
        if (read < prefix && stream.ReadAtLeast(start[read..prefix], prefix - read, throwOnEndOfStream: false) < prefix - read)
            throw CutShort(name);
        long length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > LongestDictionary)
            throw new InvalidFormatException($"'{name}' has a header of {length} bytes; at most {LongestDictionary} are read, an array of vectors needs about 100.");
        var dictionary = new byte[length];
        stream.Position = prefix;
        if (stream.ReadAtLeast(dictionary, dictionary.Length, throwOnEndOfStream: false) < dictionary.Length)
            throw CutShort(name);
        var header = Parse(Encoding.UTF8.GetString(dictionary), name) with { DataOffset = prefix + (int)length };
        header.RequireLength(stream.Length, name);
        return header;
    }

    /// <summary>A version 1 header of 128 bytes for float32 rows, whatever their number.</summary>
    public static byte[] Write(long rows, int columns)
    {
        var dictionary = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        var header = new byte[WrittenLength];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header);
        (header[6], header[7]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), WrittenLength - 10);
        Encoding.ASCII.GetBytes(dictionary, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    private static NpyHeader Parse(string dictionary, string name)
    {
        var literal = new PythonLiteral(dictionary, name);
        string? descr = null;
        bool? fortran = null;
        List<long>? shape = null;
        literal.Expect('{');
        while (!literal.TryTake('}'))
        {
            var key = literal.Text();
            literal.Expect(':');
            switch (key)
            {
                case "descr" when descr is null:
                    descr = literal.TextOrNull() ?? throw new InvalidFormatException($"'{name}' holds records of several fields, not one array of floats: save the vectors alone.");
                    break;
                case "fortran_order" when fortran is null:
                    fortran = literal.Boolean();
                    break;
                case "shape" when shape is null:
                    shape = literal.Tuple();
                    break;
                default:
                    throw new InvalidFormatException($"The header of '{name}' has an unknown or repeated field '{key}'; descr, fortran_order and shape belong there once each.");
            }
            if (!literal.TryTake(','))
            {
                literal.Expect('}');
                break;
            }
        }
        literal.ExpectEnd();
        if (descr is null || fortran is null || shape is null)
            throw new InvalidFormatException($"The header of '{name}' lacks {(descr is null ? "descr" : fortran is null ? "fortran_order" : "shape")}.");
        if (fortran.Value)
            throw new InvalidFormatException($"'{name}' is in Fortran order, column after column: save numpy.ascontiguousarray(x).");
        return Shaped(TypeOf(descr, name), shape, name);
    }

    private static ComponentType TypeOf(string descr, string name) => descr switch
    {
        "<f2" or "=f2" => ComponentType.F16,
        "<f4" or "=f4" => ComponentType.F32,
        "<f8" or "=f8" => ComponentType.F64,
        ['>', ..] => throw new InvalidFormatException($"'{name}' is big-endian ('{descr}'): save x.astype('<f4')."),
        _ => throw new InvalidFormatException($"'{name}' holds '{descr}'; '<f2', '<f4' and '<f8' are read: save x.astype('<f4')."),
    };

    private static NpyHeader Shaped(ComponentType type, List<long> shape, string name)
    {
        if (shape.Count != 2)
            throw new InvalidFormatException($"'{name}' has {shape.Count} axes, but vectors need two, rows and components{(shape.Count == 1 ? ": save x.reshape(1, -1) if it is one vector" : "")}.");
        if (shape[0] == 0)
            throw new InvalidFormatException($"'{name}' has no rows.");
        if (shape[1] is < 1 or > NestedDimensions.MaxDimensions)
            throw new InvalidFormatException($"'{name}' has rows of {shape[1]} components; 1 to {NestedDimensions.MaxDimensions} are allowed.");
        return new(type, shape[0], (int)shape[1], 0);
    }

    private void RequireLength(long fileLength, string name)
    {
        var expected = (Int128)Rows * Columns * (int)Type + DataOffset;
        if (fileLength != expected)
            throw new InvalidFormatException($"'{name}' has {fileLength} bytes, but its header announces {Rows} x {Columns} components of {(int)Type} bytes, which make {expected}: the file is {(fileLength < expected ? "cut short" : "longer than it says")}.");
    }

    private static InvalidFormatException CutShort(string name) => new($"'{name}' ends inside its header.");
}
