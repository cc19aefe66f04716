using System.Buffers.Binary;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>Damaged, cut and hostile files: only the three typed errors come out, and memory stays bounded by the file.</summary>
public sealed class SegmentDamageTests : IDisposable
{
    private const long Slack = 1 << 20;
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly int Rings = 3;
    private readonly TempFolder folder = new();
    private readonly string path;
    private readonly byte[] whole;
    private readonly int headerLength;

    public SegmentDamageTests()
    {
        path = folder.File("a.seg");
        var spec = new SegmentSpec(Collection, NestedDimensions.Trained(1, 8, 41), Precision.F16, true, true);
        SegmentWriter.Write(OsFileSystem.Instance, path, spec, ArrayRows.Random(5, 41, 4));
        whole = File.ReadAllBytes(path);
        headerLength = SegmentFormat.HeaderLength(Rings, SegmentLayout.PlaneCount(Rings, true, true));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_cut_at_any_length_is_corrupt()
    {
        for (var length = 0; length < whole.Length; length++)
            AssertRejected<CorruptFileException>(whole[..length], $"cut to {length}");
        AssertRejected<CorruptFileException>([.. whole, 0], "one byte longer");
        AssertRejected<CorruptFileException>([.. whole, .. new byte[64]], "64 bytes longer");
    }

    [Fact]
    public void Every_flipped_bit_of_the_header_is_noticed_at_open()
    {
        for (var bit = 0; bit < headerLength * 8; bit++)
            AssertRejected<MatryoshkaException>(Flipped(bit), $"bit {bit} flipped");
    }

    [Fact]
    public void Every_flipped_bit_behind_the_header_is_found_by_the_verifier()
    {
        var random = new Random(5);
        for (var bit = headerLength * 8; bit < whole.Length * 8; bit += random.Next(1, 40))
        {
            File.WriteAllBytes(path, Flipped(bit));
            var problems = SegmentVerifier.Verify(OsFileSystem.Instance, path, Collection, VerifyScope.Sampled);
            Assert.True(problems.Count > 0, $"bit {bit} flipped, but nothing found");
            Assert.All(problems, problem => Assert.Equal(path, problem.File));
        }
    }

    [Fact]
    public void A_hostile_header_with_valid_checksums_is_rejected_whatever_field_lies()
    {
        var cases = 0;
        foreach (var (offset, size, name) in Fields())
        {
            foreach (var value in HostileValues(name, size))
            {
                var bytes = whole.ToArray();
                Put(bytes.AsSpan(offset), size, value);
                if (bytes.AsSpan().SequenceEqual(whole))
                    continue;
                AssertRejected<MatryoshkaException>(Signed(bytes), $"{name} = {value}");
                cases++;
            }
        }
        Assert.InRange(cases, 300, 3_000);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(1_000_000)]
    [InlineData(SegmentFormat.MaxRows)]
    public void A_consistent_header_for_more_rows_than_the_file_holds_is_rejected(int rows)
    {
        var layout = new SegmentLayout(rows, [1, 8, 41], Precision.F16, true, true);
        var bytes = whole.ToArray();
        SegmentFormat.WriteHeader(layout, Collection, new uint[layout.Planes.Count]).CopyTo(bytes, 0);
        AssertRejected<CorruptFileException>(bytes, $"{rows} rows");
    }

    [Fact]
    public void Another_collections_segment_is_refused_with_both_ids_in_the_message()
    {
        var other = Guid.Parse("99999999-0000-0000-0000-000000000000");
        var error = Assert.Throws<CorruptFileException>(() => Segment.Open(OsFileSystem.Instance, path, other));
        Assert.Contains(other.ToString(), error.Message);
        Assert.Contains(Collection.ToString(), error.Message);
        Assert.Equal((path, (long)SegmentFormat.CollectionIdOffset), (error.File, error.Offset));
    }

    [Fact]
    public void Versions_outside_the_known_ones_are_too_old_or_too_new()
    {
        var bytes = whole.ToArray();
        Put(bytes.AsSpan(SegmentFormat.VersionOffset), 4, 0);
        var old = AssertRejected<FormatTooOldException>(bytes, "version 0");
        Assert.Equal((path, 0L, 1L), (old.File, old.Found, old.Oldest));
        Put(bytes.AsSpan(SegmentFormat.VersionOffset), 4, 2);
        var young = AssertRejected<FormatTooNewException>(bytes[..12], "version 2, whatever follows");
        Assert.Equal((path, 2L, 1L), (young.File, young.Found, young.Newest));
    }

    [Fact]
    public void A_copy_in_text_mode_is_noticed()
    {
        var text = whole.ToArray().AsSpan();
        text[6] = (byte)'\n';
        AssertRejected<CorruptFileException>([.. text[..7], .. text[8..]], "CR LF made LF");
    }

    [Theory]
    [InlineData(nameof(PlaneKind.Ids), 0, 8, 0x8000_0000_0000_0000, "must ascend")]
    [InlineData(nameof(PlaneKind.Full), 1, 2, 0x7C00, "not finite")]
    [InlineData(nameof(PlaneKind.Full), 2, 2, 0x0BAD, "")]
    [InlineData(nameof(PlaneKind.Int8), 1, 1, 0x80, "full vector gives")]
    [InlineData(nameof(PlaneKind.Int8Scale), 0, 4, 0, "full vector gives")]
    [InlineData(nameof(PlaneKind.Bit), 0, 1, 0x02, "full vector gives")]
    [InlineData(nameof(PlaneKind.InverseNorm), 2, 4, 0x3F80_0001, "full vector gives")]
    public void A_plane_that_contradicts_the_full_vectors_is_found_even_if_its_checksum_was_renewed(
        string kind, int ring, int size, ulong value, string words)
    {
        var layout = new SegmentLayout(5, [1, 8, 41], Precision.F16, true, true);
        var index = layout.IndexOf(Enum.Parse<PlaneKind>(kind), ring);
        var plane = layout.Planes[index];
        var bytes = whole.ToArray();
        Put(bytes.AsSpan((int)plane.Offset + 3 * plane.RowBytes), size, value); // row 3
        var entry = SegmentFormat.PlaneTableOffset(Rings) + index * SegmentFormat.PlaneEntryLength;
        Put(bytes.AsSpan(entry + SegmentFormat.PlaneChecksumOffset), 4, Crc32C.Of(bytes.AsSpan((int)plane.Offset, (int)plane.Length)));
        File.WriteAllBytes(path, Signed(bytes));
        var problems = SegmentVerifier.Verify(OsFileSystem.Instance, path, Collection);
        Assert.Contains(problems, problem => problem.Message.Contains(words, StringComparison.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Message.Contains("checksum", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_cannot_be_opened_or_is_no_segment_is_one_problem()
    {
        Assert.Single(SegmentVerifier.Verify(OsFileSystem.Instance, folder.File("missing"), Collection));
        File.WriteAllText(path, "not a segment at all");
        Assert.Contains("the magic", Assert.Single(SegmentVerifier.Verify(OsFileSystem.Instance, path, Collection)).Message);
    }

    [Fact]
    public void A_read_error_while_verifying_is_a_problem_and_leaks_nothing()
    {
        var calls = new FaultyFileSystem();
        Assert.Empty(SegmentVerifier.Verify(calls, path, Collection));
        for (var call = 1; call <= calls.Calls; call++)
        {
            var fs = new FaultyFileSystem();
            fs.FailCall(call);
            Assert.Single(SegmentVerifier.Verify(fs, path, Collection));
            Assert.Empty(fs.OpenHandles);
        }
    }

    [Fact]
    public void An_error_while_opening_leaks_nothing()
    {
        for (var call = 1; ; call++)
        {
            var fs = new FaultyFileSystem();
            fs.FailCall(call);
            try
            {
                Segment.Open(fs, path, Collection).Release();
                Assert.InRange(call, 3, 10);
                return;
            }
            catch (IOException)
            {
                Assert.Empty(fs.OpenHandles);
            }
        }
    }

    private T AssertRejected<T>(byte[] bytes, string what) where T : MatryoshkaException
    {
        File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Segment.Open(OsFileSystem.Instance, path, Collection).Release();
        }
        catch (T e) when (e is CorruptFileException or FormatTooOldException or FormatTooNewException)
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before <= bytes.Length + Slack, what);
            return e;
        }
        throw new InvalidOperationException($"{what}: the file was opened");
    }

    private byte[] Flipped(int bit)
    {
        var bytes = whole.ToArray();
        bytes[bit / 8] ^= (byte)(1 << bit % 8);
        return bytes;
    }

    /// <summary>Renews the header's checksum where the reader will look for it: behind the counts that the header now claims.</summary>
    private static byte[] Signed(byte[] bytes)
    {
        var rings = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(SegmentFormat.RingsOffset));
        var planes = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(SegmentFormat.PlanesOffset));
        var length = SegmentFormat.HeaderLength(rings, planes);
        if (length <= bytes.Length)
            Put(bytes.AsSpan(length - 4), 4, Crc32C.Of(bytes.AsSpan(0, length - 4)));
        return bytes;
    }

    private IEnumerable<(int Offset, int Size, string Name)> Fields()
    {
        yield return (SegmentFormat.VersionOffset, 4, "version");
        yield return (SegmentFormat.CollectionIdOffset, 8, "collection id");
        yield return (SegmentFormat.RowsOffset, 4, "rows");
        yield return (SegmentFormat.FullOffset, 2, "full");
        yield return (SegmentFormat.RingsOffset, 2, "rings");
        yield return (SegmentFormat.PlanesOffset, 2, "planes");
        yield return (SegmentFormat.ReservedOffset, 2, "reserved");
        for (var ring = 0; ring < Rings; ring++)
            yield return (SegmentFormat.RingEndsOffset + 4 * ring, 4, "ring end");
        for (var at = SegmentFormat.PlaneTableOffset(Rings); at < headerLength - 4; at += SegmentFormat.PlaneEntryLength)
        {
            yield return (at + SegmentFormat.PlaneKindOffset, 2, "plane kind");
            yield return (at + SegmentFormat.PlaneRingOffset, 2, "plane ring");
            yield return (at + SegmentFormat.PlaneOffsetOffset, 8, "plane offset");
            yield return (at + SegmentFormat.PlaneLengthOffset, 8, "plane length");
        }
    }

    private static IEnumerable<ulong> HostileValues(string name, int size)
    {
        var max = name switch
        {
            "rows" => SegmentFormat.MaxRows,
            "rings" => NestedDimensions.MaxRings,
            "planes" => SegmentFormat.MaxPlanes,
            "ring end" => NestedDimensions.MaxDimensions,
            "plane kind" => (int)PlaneKind.InverseNorm,
            "plane ring" => Rings - 1,
            "full" => (int)Precision.F32,
            _ => int.MaxValue,
        };
        var ones = size == 8 ? ulong.MaxValue : (1UL << size * 8) - 1;
        // Beside the borders: signs, and numbers that wrap around when multiplied by a row's bytes or added to an offset.
        ulong[] values = [0, 1, 2, 7, 64, (ulong)max - 1, (ulong)max, (ulong)max + 1, ones, ones - 63, ones / 2, ones / 2 + 1, ones / 8 + 1, ones / 82 + 1];
        return values.Select(value => value & ones).Distinct();
    }

    private static void Put(Span<byte> bytes, int size, ulong value)
    {
        for (var i = 0; i < size; i++)
            bytes[i] = (byte)(value >> 8 * i);
    }
}
