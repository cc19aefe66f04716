using System.Buffers.Binary;
using System.Reflection;
using System.Text.RegularExpressions;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>Graph files: what is written is read, damage is found, and hostile files give typed errors and bounded memory.</summary>
public sealed partial class GraphFileTests : IDisposable
{
    private const int Rows = 37;
    private const int Degree = 5;
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private readonly TempFolder folder = new();
    private readonly Segment segment;
    private readonly string path;

    public GraphFileTests()
    {
        segment = SegmentWriter.Build(new(Collection, NestedDimensions.Trained(2, 8), Precision.F16, true, true), ArrayRows.Random(Rows, 8, 1));
        path = folder.File("a.mrg");
        using var graph = Sample();
        GraphWriter.Write(OsFileSystem.Instance, path, Collection, segment, graph, CancellationToken.None);
    }

    public void Dispose()
    {
        segment.Release();
        folder.Dispose();
    }

    [Fact]
    public unsafe void A_written_graph_reads_back()
    {
        var file = GraphFile.Open(OsFileSystem.Instance, path, Collection, segment);
        using var graph = Sample();
        Assert.Equal((Rows, Degree, new FileInfo(path).Length), (file.Rows, file.Degree, file.Bytes));
        Assert.Equal(graph.Entries, file.Entries.ToArray());
        Assert.Equal([.. graph.Parameters, .. new byte[61]], file.Parameters.ToArray());
        for (var row = 0; row < Rows; row++)
            Assert.Equal(graph.Neighbours[row].ToArray(), file.Neighbours(row).ToArray());
        Assert.Equal(0, (nint)file.Pointer % 64);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Neighbours(Rows));
        file.AddRef();
        file.Release();
        file.Release();
        Assert.Throws<ObjectDisposedException>(() => file.Neighbours(0));
        Assert.Empty(Verify());
    }

    [Fact]
    public void The_doc_comment_names_every_field_of_the_header_at_its_offset()
    {
        var constants = typeof(GraphFormat).GetFields(BindingFlags.Static | BindingFlags.Public)
            .Where(field => field.IsLiteral && field.Name.EndsWith("Offset", StringComparison.Ordinal) && field.Name is not ("PlaneTableOffset" or "HeaderChecksumOffset"))
            .ToDictionary(field => field.Name[..^"Offset".Length], field => (int)field.GetRawConstantValue()!);
        var documented = FieldLine().Matches(File.ReadAllText(RepositoryFiles.Path("src", "Matryoshka", "Storage", "GraphFormat.cs")))
            .ToDictionary(line => line.Groups["name"].Value, line => int.Parse(line.Groups["offset"].Value));
        Assert.True(documented.Remove("Magic"));
        Assert.Equal(constants.OrderBy(x => x.Key), documented.OrderBy(x => x.Key));
        Assert.Equal(112 + 2 * 24 + 4, GraphFormat.HeaderLength);
    }

    [Fact]
    public void A_cut_or_longer_file_and_every_flipped_bit_of_the_header_are_noticed_at_open()
    {
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
            Rejected<CorruptFileException>(whole[..length], $"cut to {length}");
        Rejected<CorruptFileException>([.. whole, .. new byte[64]], "longer");
        for (var bit = 0; bit < GraphFormat.HeaderLength * 8; bit++)
            Rejected<MatryoshkaException>(Flipped(whole, bit), $"bit {bit}");
    }

    [Fact]
    public void Every_flipped_bit_behind_the_header_is_found_by_the_verifier()
    {
        var whole = File.ReadAllBytes(path);
        for (var bit = GraphFormat.HeaderLength * 8; bit < whole.Length * 8; bit += 3)
        {
            File.WriteAllBytes(path, Flipped(whole, bit));
            Assert.NotEmpty(Verify());
        }
    }

    [Fact]
    public void A_hostile_header_with_a_valid_checksum_is_rejected_whatever_field_lies()
    {
        var whole = File.ReadAllBytes(path);
        int[] fields = [.. Enumerable.Range(0, 9).Select(i => GraphFormat.VersionOffset + 4 * i), GraphFormat.ReservedOffset, .. Enumerable.Range(0, 12).Select(i => GraphFormat.PlaneTableOffset + 4 * i)];
        foreach (var field in fields)
            foreach (var value in (uint[])[0, 1, 2, 4, 5, 6, 36, 38, 64, 1024, 1025, 1 << 16, (1 << 16) + 1, 1 << 28, (1 << 28) + 1, int.MaxValue, 1u << 31, uint.MaxValue])
            {
                var bytes = whole.ToArray();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(field), value);
                // A plane's checksum is compared by the verifier only.
                if (bytes.AsSpan().SequenceEqual(whole) || (field - GraphFormat.PlaneTableOffset) % GraphFormat.PlaneEntryLength == 0 && field >= GraphFormat.PlaneTableOffset)
                    continue;
                Rejected<MatryoshkaException>(Signed(bytes), $"{value} at {field}");
            }
    }

    [Fact]
    public void Rows_beyond_the_last_are_found_even_where_the_checksums_were_renewed()
    {
        var whole = File.ReadAllBytes(path);
        var layout = new GraphLayout(Rows, Degree, 2);
        var entry = whole.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan((int)layout.EntriesStart + 4), Rows);
        Rejected<CorruptFileException>(Renewed(entry, layout), "an entry beyond");
        Assert.NotEmpty(Verify());
        foreach (var (slot, value) in new[] { (0, (uint)Rows), (3, uint.MaxValue - 1), (1, uint.MaxValue) })
        {
            var bytes = whole.ToArray();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)layout.NeighboursStart + 20 * Degree * 4 + slot * 4), value);
            File.WriteAllBytes(path, Renewed(bytes, layout));
            Assert.Contains("row 20", Assert.Single(Verify()).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_graph_of_another_segment_or_collection_is_refused()
    {
        var other = SegmentWriter.Build(new(Collection, NestedDimensions.Trained(2, 8), Precision.F16, true, true), ArrayRows.Random(Rows, 8, 2));
        Assert.Contains("segment", Assert.Throws<CorruptFileException>(() => GraphFile.Open(OsFileSystem.Instance, path, Collection, other)).Message, StringComparison.Ordinal);
        other.Release();
        Assert.Contains("collection", Assert.Throws<CorruptFileException>(() => GraphFile.Open(OsFileSystem.Instance, path, Guid.Empty, segment)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_builder_that_breaks_its_contract_leaves_no_file()
    {
        Refused(graph => graph with { Entries = [] });
        Refused(graph => graph with { Entries = [Rows] });
        Refused(graph => graph with { Degree = 4 });
        Refused(graph => graph with { Parameters = new byte[65] });
        Refused(graph => { graph.Neighbours[36][0] = Rows; return graph; });
        Refused(graph => { graph.Neighbours[36][1] = GraphFormat.Unused; return graph; });

        void Refused(Func<GraphData, GraphData> change)
        {
            using var graph = Sample();
            Assert.Throws<InvalidOperationException>(() => GraphWriter.Write(OsFileSystem.Instance, folder.File("b.mrg"), Collection, segment, change(graph), CancellationToken.None));
            Assert.Equal([path], Directory.GetFiles(folder.Path));
        }
    }

    [Fact]
    public void A_call_that_fails_while_writing_opening_or_verifying_leaks_nothing_and_leaves_no_file()
    {
        for (var call = 1; ; call++)
        {
            var fs = new FaultyFileSystem(call);
            fs.FailCall(call);
            using var graph = Sample();
            try
            {
                GraphWriter.Write(fs, folder.File("b.mrg"), Collection, segment, graph, CancellationToken.None);
                GraphFile.Open(fs, folder.File("b.mrg"), Collection, segment).Release();
                if (Verify(fs, folder.File("b.mrg")).Count == 0)
                    break;
                File.Delete(folder.File("b.mrg"));
            }
            catch (IOException)
            {
                if (fs.History.TrueForAll(c => !c.StartsWith("OpenRead", StringComparison.Ordinal)))
                    Assert.False(File.Exists(folder.File("b.mrg")), fs.History[^1]);
                File.Delete(folder.File("b.mrg"));
            }
            Assert.Empty(fs.OpenHandles);
        }
    }

    private static GraphData Sample()
    {
        var block = new NeighbourBlock(Rows, Degree);
        for (var row = 0; row < Rows; row++)
            for (var slot = 0; slot < (row % 2 == 0 ? Degree : 3); slot++)
                block[row][slot] = (uint)((row * 7 + slot) % Rows);
        return new(Degree, [3, 36], block, [9, 8, 7]);
    }

    private IReadOnlyList<SegmentProblem> Verify(IFileSystem? fs = null, string? other = null)
    {
        using var file = (fs ?? OsFileSystem.Instance).OpenRead(other ?? path);
        return GraphVerifier.Verify(file, other ?? path, Collection, segment.Checksum, Rows);
    }

    private void Rejected<T>(byte[] bytes, string what) where T : MatryoshkaException
    {
        File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            GraphFile.Open(OsFileSystem.Instance, path, Collection, segment).Release();
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
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(GraphFormat.HeaderChecksumOffset), Crc32C.Of(bytes.AsSpan(0, GraphFormat.HeaderChecksumOffset)));
        return bytes;
    }

    private static byte[] Renewed(byte[] bytes, GraphLayout layout)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(GraphFormat.PlaneTableOffset), Crc32C.Of(bytes.AsSpan((int)layout.EntriesStart, (int)layout.EntriesLength)));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(GraphFormat.PlaneTableOffset + GraphFormat.PlaneEntryLength), Crc32C.Of(bytes.AsSpan((int)layout.NeighboursStart, (int)layout.NeighboursLength)));
        return Signed(bytes);
    }

    [GeneratedRegex(@"(?m)^///\s+(?:then )?(?<offset>\d+)\s+\[u\d+(?: x \d+)?\]\s+(?<name>\w+)")]
    private static partial Regex FieldLine();
}
