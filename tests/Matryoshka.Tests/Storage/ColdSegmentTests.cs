using Matryoshka.Kernels;
using Matryoshka.Search;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>Planes that are read on demand give what resident ones give, and are not mapped.</summary>
public sealed class ColdSegmentTests : IDisposable
{
    private const int Rows = 700;
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly NestedDimensions Nested = NestedDimensions.Trained(8, 24, 64);
    private static readonly ColdPlanes[] Choices = [default, new(0b111, 0b111), new(0b110, 0b111), new(0, 0b100), new(0b010, 0b101), new(0b001, 0), new(0b111, 0b111, 0b111), new(0, 0, 0b010)];
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Precision.F16)]
    [InlineData(Precision.F32)]
    public void Rows_and_vectors_are_the_same_wherever_they_are(Precision full)
    {
        var path = Write(full);
        var whole = Segment.Open(OsFileSystem.Instance, path, Collection);
        foreach (var cold in Choices)
        {
            var fs = new FaultyFileSystem();
            var segment = Segment.Open(fs, path, Collection, cold);
            Assert.Equal(cold.Any, fs.OpenHandles.Count > fs.History.Count(call => call.StartsWith("Map", StringComparison.Ordinal)));
            foreach (var plane in whole.Planes)
            {
                Assert.Equal(!cold.Contains(plane.Kind, plane.Ring), segment.IsResident(plane.Kind, plane.Ring));
                if (segment.IsResident(plane.Kind, plane.Ring))
                    Assert.True(segment.PlanePointer(plane.Kind, plane.Ring).IsPresent);
                else
                    Assert.Throws<InvalidOperationException>(() => segment.PlanePointer(plane.Kind, plane.Ring));
                foreach (var (first, count) in new[] { (0, 1), (0, Rows), (Rows - 1, 1), (13, 300), (5, 0) })
                    Assert.Equal(RowsOf(whole, plane, first, count), RowsOf(segment, plane, first, count));
                Assert.Throws<ArgumentOutOfRangeException>(() => RowsOf(segment, plane, Rows - 1, 2));
            }
            var (a, b) = (new float[Rows * Nested.Full], new float[Rows * Nested.Full]);
            whole.ReadVectors(0, Rows, a);
            segment.ReadVectors(0, Rows, b);
            Assert.Equal(a, b);
            Assert.True(whole.Ids.SequenceEqual(segment.Ids));
            segment.Release();
            Assert.Empty(fs.OpenHandles);
            Assert.Throws<ObjectDisposedException>(() => segment.ReadVector(0, new float[Nested.Full]));
        }
        whole.Release();
    }

    [Fact]
    public void Only_resident_planes_are_mapped()
    {
        var path = Write(Precision.F16);
        foreach (var cold in Choices)
        {
            var fs = new FaultyFileSystem();
            var segment = Segment.Open(fs, path, Collection, cold);
            var mapped = fs.History.Where(call => call.StartsWith("Map", StringComparison.Ordinal)).Sum(call => long.Parse(call.Split('+')[^1]));
            var resident = segment.Planes.Where(p => segment.IsResident(p.Kind, p.Ring)).Sum(p => p.Length);
            Assert.InRange(mapped, resident, resident + 64 * segment.Planes.Count);
            segment.Release();
        }
    }

    [Fact]
    public void A_file_that_was_cut_while_open_is_an_error_and_not_the_end_of_the_process()
    {
        var path = Write(Precision.F16);
        var segment = Segment.Open(OsFileSystem.Instance, path, Collection, new(0, 0b100));
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(segment.Planes[3].Offset + 1000);
        Assert.Throws<CorruptFileException>(() => segment.ReadRow(PlaneKind.Full, 2, Rows - 1, new byte[80]));
        segment.Release();
    }

    [Fact]
    public unsafe void Gathered_rows_stand_one_behind_the_other_and_carry_their_scales()
    {
        var path = Write(Precision.F32);
        foreach (var cold in Choices)
            foreach (var kind in (PlaneKind[])[PlaneKind.Int8, PlaneKind.Full])
            {
                var segment = Segment.Open(OsFileSystem.Instance, path, Collection, cold);
                var reader = ColdRows.For(segment, kind, 3);
                Assert.Equal(Enumerable.Range(0, 3).All(ring => segment.IsResident(kind, ring)), reader is null);
                Assert.Equal(cold.Bit == 0, ColdRows.For(segment, PlaneKind.Bit, 3) is null);
                int[] rows = [0, 1, 2, 9, 40, 41, Rows - 1];
                var rings = new Ring[3];
                if (reader is not null)
                {
                    var scales = reader.Gather(rings, rows);
                    for (var i = 0; i < rows.Length; i++)
                        Same(segment, kind, rings, scales, i, rows[i], onlyCold: false);
                    scales = reader.Read(rings, 17, 512);
                    for (var i = 0; i < 512; i++)
                        Same(segment, kind, rings, scales, i, 17 + i, onlyCold: true);
                }
                segment.Release();
            }
    }

    private static unsafe void Same(Segment segment, PlaneKind kind, Ring[] rings, float* scales, int place, int row, bool onlyCold)
    {
        var expected = new byte[256];
        for (var ring = 0; ring < rings.Length; ring++)
            if (!onlyCold || !segment.IsResident(kind, ring))
            {
                segment.ReadRow(kind, ring, row, expected);
                var bytes = segment.RowBytes(kind, ring);
                Assert.True(new ReadOnlySpan<byte>((byte*)rings[ring].Rows + place * rings[ring].Stride, bytes).SequenceEqual(expected.AsSpan(0, bytes)), $"ring {ring} of row {row}");
            }
        Assert.Equal(kind == PlaneKind.Int8 && !segment.IsResident(PlaneKind.Int8Scale), scales is not null);
        if (scales is null)
            return;
        segment.ReadRow(PlaneKind.Int8Scale, 0, row, expected);
        Assert.Equal(BitConverter.ToSingle(expected), scales[place]);
    }

    private string Write(Precision full)
    {
        var path = folder.File($"{full}.mrs");
        SegmentWriter.Write(OsFileSystem.Instance, path, new(Collection, Nested, full, true, true), ArrayRows.Random(Rows, Nested.Full, 3));
        return path;
    }

    private static byte[] RowsOf(Segment segment, SegmentPlane plane, int first, int count)
    {
        var bytes = new byte[count * plane.RowBytes];
        segment.ReadRows(plane.Kind, plane.Ring, first, count, bytes);
        return bytes;
    }
}
