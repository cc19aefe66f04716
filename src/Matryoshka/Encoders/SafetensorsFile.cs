using System.Security.Cryptography;

namespace Matryoshka.Encoders;

/// <summary>
/// A safetensors file in memory. A file is read once into pinned memory of its own length; an embedded resource is
/// used in place. Mapping a file was rejected: another process that cuts it short would end this one with a signal.
/// </summary>
internal sealed unsafe class SafetensorsFile
{
    private readonly object owner;
    private readonly byte* start;
    private readonly long length;
    private readonly Dictionary<string, Tensor> tensors;

    private SafetensorsFile(string name, object owner, byte* start, long length)
    {
        Name = name;
        this.owner = owner;
        this.start = start;
        this.length = length;
        var headerLength = SafetensorsHeader.CheckedLength(new ReadOnlySpan<byte>(start, (int)Math.Min(length, sizeof(ulong))), length, name);
        tensors = SafetensorsHeader.Parse(new ReadOnlySpan<byte>(start + sizeof(ulong), headerLength), length, name).Tensors;
    }

    /// <summary>The path or the name given, for messages.</summary>
    public string Name { get; }

    public IReadOnlyCollection<Tensor> Tensors => tensors.Values;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidFormatException">It is not a well-formed safetensors file of the known types.</exception>
    public static SafetensorsFile Open(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Open(file, path);
    }

    /// <summary>Reads a seekable stream from its start, or uses it in place where it is memory already.</summary>
    /// <exception cref="InvalidFormatException">It is not a well-formed safetensors file of the known types.</exception>
    public static SafetensorsFile Open(Stream stream, string name)
    {
        if (stream is UnmanagedMemoryStream memory)
        {
            memory.Position = 0;
            return new SafetensorsFile(name, memory, memory.PositionPointer, memory.Length);
        }
        if (!stream.CanSeek)
            throw new InvalidFormatException($"'{name}' cannot be read as a safetensors file: its length is unknown. Copy it to a file first.");
        return Read(stream, name);
    }

    public Tensor? Find(string name) => tensors.GetValueOrDefault(name);

    /// <summary>The tensor's bytes; valid as long as this object is reachable.</summary>
    public byte* Pointer(Tensor tensor) => start + tensor.Offset;

    public ReadOnlySpan<byte> Bytes(Tensor tensor) => new(Pointer(tensor), checked((int)tensor.Length));

    /// <summary>SHA-256 of the whole file in lower-case hexadecimal digits.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long done = 0; done < length; done += int.MaxValue)
            hash.AppendData(new ReadOnlySpan<byte>(start + done, (int)Math.Min(int.MaxValue, length - done)));
        GC.KeepAlive(owner);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // The header's length is proved before any memory is taken, and no more is taken than the file is long.
    private static SafetensorsFile Read(Stream stream, string name)
    {
        var fileLength = stream.Length;
        if (fileLength > Array.MaxLength)
            throw new InvalidFormatException($"'{name}' has {fileLength} bytes; safetensors files of at most {Array.MaxLength} bytes can be read.");
        stream.Position = 0;
        var prefix = new byte[sizeof(ulong)];
        var got = stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
        SafetensorsHeader.CheckedLength(prefix.AsSpan(0, got), fileLength, name);
        var bytes = GC.AllocateUninitializedArray<byte>((int)fileLength, pinned: true);
        prefix.CopyTo(bytes, 0);
        var read = stream.ReadAtLeast(bytes.AsSpan(prefix.Length), bytes.Length - prefix.Length, throwOnEndOfStream: false);
        if (read != bytes.Length - prefix.Length)
            throw new InvalidFormatException($"'{name}' ended after {prefix.Length + read} of its {fileLength} bytes; was it being written?");
        return new SafetensorsFile(name, bytes, (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref bytes[0]), fileLength);
    }
}
