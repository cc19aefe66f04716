using System.Buffers.Binary;
using System.Reflection;
using System.Text.RegularExpressions;
using Matryoshka.Lists;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>Lists files: what is written is read, damage is found, and hostile files give typed errors and bounded memory.</summary>
public sealed unsafe partial class ListsFileTests : IDisposable
{
    private const int Rows = 300;
    private const int Dimensions = 72;
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private readonly TempFolder folder = new();
    private readonly ListsMemory memory = new();
    private readonly Segment segment;
    private readonly ListsView built;
    private readonly string path;

    public ListsFileTests()
    {
        segment = SegmentWriter.Build(new(Collection, NestedDimensions.Trained(8, Dimensions), Precision.F16, true, true), ArrayRows.Random(Rows, Dimensions, 1));
        built = new ListsBuilder(Rows, Dimensions, segment.ReadVectors, new(Lists: 5, Iterations: 2), 1).Build(memory, null, null, CancellationToken.None);
        path = folder.File("a.mri");
        ListsWriter.Write(OsFileSystem.Instance, path, Collection, segment.Checksum, built, CancellationToken.None);
    }

    public void Dispose()
    {
        memory.Dispose();
        segment.Release();
        folder.Dispose();
    }

    [Fact]
    public void Written_lists_read_back()
    {
        var file = ListsFile.Open(OsFileSystem.Instance, path, Collection, segment);
        var (layout, read) = (LayoutOf(built), file.View);
        Assert.Equal((Rows, 5, built.Postings, Rows, new FileInfo(path).Length), (read.Rows, read.Lists, read.Postings, read.Trained, file.Bytes));
        var (from, to) = (ListsLayout.Planes(built), ListsLayout.Planes(read));
        for (var plane = 0; plane < from.Length; plane++)
        {
            Assert.True(new Span<byte>((void*)from[plane], (int)layout.Length(plane)).SequenceEqual(new((void*)to[plane], (int)layout.Length(plane))), ListsLayout.Names[plane]);
            Assert.Equal(0, to[plane] % 64);
        }
        file.AddRef();
        file.Release();
        file.Release();
        Assert.Throws<ObjectDisposedException>(() => file.View);
        Assert.Empty(Verify());
    }

    [Fact]
    public void The_doc_comment_names_every_field_of_the_header_at_its_offset()
    {
        var constants = typeof(ListsFormat).GetFields(BindingFlags.Static | BindingFlags.Public)
            .Where(field => field.IsLiteral && field.Name.EndsWith("Offset", StringComparison.Ordinal) && field.Name is not ("PlaneTableOffset" or "HeaderChecksumOffset"))
            .ToDictionary(field => field.Name[..^"Offset".Length], field => (int)field.GetRawConstantValue()!);
        var documented = FieldLine().Matches(File.ReadAllText(RepositoryFiles.Path("src", "Matryoshka", "Storage", "ListsFormat.cs")))
            .ToDictionary(line => line.Groups["name"].Value, line => int.Parse(line.Groups["offset"].Value));
        Assert.True(documented.Remove("Magic"));
        Assert.Equal(constants.OrderBy(x => x.Key), documented.OrderBy(x => x.Key));
        Assert.Equal(56 + 8 * 24 + 4, ListsFormat.HeaderLength);
    }

    [Fact]
    public void A_cut_or_longer_file_and_every_flipped_bit_of_the_header_are_noticed_at_open()
    {
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length += length < 512 ? 1 : 97)
            Rejected<CorruptFileException>(whole[..length], $"cut to {length}");
        Rejected<CorruptFileException>([.. whole, .. new byte[64]], "longer");
        for (var bit = 0; bit < ListsFormat.HeaderLength * 8; bit++)
            Rejected<MatryoshkaException>(Flipped(whole, bit), $"bit {bit}");
    }

    [Fact]
    public void Every_flipped_bit_behind_the_header_is_found_by_the_verifier()
    {
        var whole = File.ReadAllBytes(path);
        for (var bit = ListsFormat.HeaderLength * 8; bit < whole.Length * 8; bit += 331)
        {
            File.WriteAllBytes(path, Flipped(whole, bit));
            Assert.NotEmpty(Verify());
        }
    }

    [Fact]
    public void A_hostile_header_with_a_valid_checksum_is_rejected_whatever_field_lies()
    {
        var whole = File.ReadAllBytes(path);
        int[] fields = [.. Enumerable.Range(0, 10).Select(i => ListsFormat.VersionOffset + 4 * i), ListsFormat.ReservedOffset, .. Enumerable.Range(0, 48).Select(i => ListsFormat.PlaneTableOffset + 4 * i)];
        foreach (var field in fields)
            foreach (var value in (uint[])[0, 1, 2, 4, 5, 6, 16, 64, 299, 301, 1024, 1 << 16, (1 << 16) + 1, 1 << 28, (1 << 28) + 1, int.MaxValue, 1u << 31, uint.MaxValue])
            {
                var bytes = whole.ToArray();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(field), value);
                // A plane's checksum is compared by the verifier only.
                if (bytes.AsSpan().SequenceEqual(whole) || (field - ListsFormat.PlaneTableOffset) % ListsFormat.PlaneEntryLength == 0 && field >= ListsFormat.PlaneTableOffset)
                    continue;
                Rejected<MatryoshkaException>(Signed(bytes), $"{value} at {field}");
            }
    }

    [Fact]
    public void Starts_out_of_order_are_refused_even_where_the_checksums_were_renewed()
    {
        var (whole, layout) = (File.ReadAllBytes(path), LayoutOf(built));
        foreach (var (start, value) in new[] { (0, 16u), (1, 8u), (2, uint.MaxValue - 15), (10, 0u), (4, built.Postings + 16) })
        {
            var bytes = whole.ToArray();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)layout.Start(0) + 4 * start), value);
            Rejected<CorruptFileException>(Renewed(bytes, layout), $"start {start} at {value}");
            Assert.NotEmpty(Verify());
        }
    }

    [Fact]
    public void Rows_that_are_missing_twice_there_out_of_order_or_beyond_the_last_are_found_though_the_checksums_were_renewed()
    {
        var (whole, layout) = (File.ReadAllBytes(path), LayoutOf(built));
        var first = built.PostingRows[0];
        foreach (var (place, value) in new[] { (0, (uint)Rows), (0, ListsView.None), (1, first), (0, built.PostingRows[1]), (0, uint.MaxValue - 1) })
        {
            var bytes = whole.ToArray();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)layout.Start(1) + 4 * place), value);
            File.WriteAllBytes(path, Renewed(bytes, layout));
            Assert.Single(Verify());
            ListsFile.Open(OsFileSystem.Instance, path, Collection, segment).Release();
        }
    }

    [Fact]
    public void Lists_of_another_segment_or_collection_are_refused()
    {
        var other = SegmentWriter.Build(new(Collection, NestedDimensions.Trained(8, Dimensions), Precision.F16, true, true), ArrayRows.Random(Rows, Dimensions, 2));
        Assert.Contains("segment", Assert.Throws<CorruptFileException>(() => ListsFile.Open(OsFileSystem.Instance, path, Collection, other)).Message, StringComparison.Ordinal);
        other.Release();
        Assert.Contains("collection", Assert.Throws<CorruptFileException>(() => ListsFile.Open(OsFileSystem.Instance, path, Guid.Empty, segment)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_that_fails_while_writing_opening_or_verifying_leaks_nothing_and_leaves_no_file()
    {
        for (var call = 1; ; call++)
        {
            var fs = new FaultyFileSystem(call);
            fs.FailCall(call);
            try
            {
                ListsWriter.Write(fs, folder.File("b.mri"), Collection, segment.Checksum, built, CancellationToken.None);
                ListsFile.Open(fs, folder.File("b.mri"), Collection, segment).Release();
                if (Verify(fs, folder.File("b.mri")).Count == 0)
                    break;
                File.Delete(folder.File("b.mri"));
            }
            catch (IOException)
            {
                if (fs.History.TrueForAll(c => !c.StartsWith("OpenRead", StringComparison.Ordinal)))
                    Assert.False(File.Exists(folder.File("b.mri")), fs.History[^1]);
                File.Delete(folder.File("b.mri"));
            }
            Assert.Empty(fs.OpenHandles);
        }
    }

    private static ListsLayout LayoutOf(ListsView lists) => new(lists.Rows, lists.Dimensions, lists.Lists, lists.Postings, lists.Trained);

    private IReadOnlyList<SegmentProblem> Verify(IFileSystem? fs = null, string? other = null)
    {
        using var file = (fs ?? OsFileSystem.Instance).OpenRead(other ?? path);
        return ListsVerifier.Verify(file, other ?? path, Collection, segment.Checksum, Rows, Dimensions);
    }

    private void Rejected<T>(byte[] bytes, string what) where T : MatryoshkaException
    {
        File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ListsFile.Open(OsFileSystem.Instance, path, Collection, segment).Release();
        }
        catch (T error) when (error is CorruptFileException or FormatTooOldException or FormatTooNewException)
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, what);
            return;
        }
        Assert.Fail($"{what}: the file was opened");
    }

    private static byte[] Flipped(byte[] whole, int bit)
    {
        var bytes = whole.ToArray();
        bytes[bit / 8] ^= (byte)(1 << bit % 8);
        return bytes;
    }

    private static byte[] Signed(byte[] bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ListsFormat.HeaderChecksumOffset), Crc32C.Of(bytes.AsSpan(0, ListsFormat.HeaderChecksumOffset)));
        return bytes;
    }

    private static byte[] Renewed(byte[] bytes, ListsLayout layout)
    {
        for (var plane = 0; plane < ListsFormat.Planes; plane++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ListsFormat.PlaneTableOffset + plane * ListsFormat.PlaneEntryLength), Crc32C.Of(bytes.AsSpan((int)layout.Start(plane), (int)layout.Length(plane))));
        return Signed(bytes);
    }

    [GeneratedRegex(@"(?m)^///\s+(?:then )?(?<offset>\d+)\s+\[u\d+(?: x \d+)?\]\s+(?<name>\w+)")]
    private static partial Regex FieldLine();
}
