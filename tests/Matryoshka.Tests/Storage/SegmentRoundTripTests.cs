using CsCheck;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public class SegmentRoundTripTests
{
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly Gen<(SegmentSpec Spec, ArrayRows Rows)> Cases =
        from widths in Gen.OneOf(1, 7, 8, 33, 64, 100).Array[1, 5]
        from precision in Gen.OneOf(Precision.F16, Precision.F32)
        from int8 in Gen.Bool
        from bit in Gen.Bool
        from rows in Gen.OneOf(Gen.Int[1, 5], Gen.Int[1, 200], Gen.Const(2_100))
        from seed in Gen.Int
        let ends = widths.Select((_, ring) => widths.Take(ring + 1).Sum()).ToArray()
        select (new SegmentSpec(Collection, NestedDimensions.Trained(ends), precision, int8, bit), ArrayRows.Random(rows, ends[^1], seed));

    [Fact]
    public void What_is_written_is_read_back_whatever_the_rings()
    {
        using var folder = new TempFolder();
        var path = folder.File("a.seg");
        Cases.Sample(x =>
        {
            SegmentWriter.Write(OsFileSystem.Instance, path, x.Spec, x.Rows);
            Assert.Equal(["a.seg"], OsFileSystem.Instance.List(folder.Path));
            Assert.Empty(SegmentVerifier.Verify(OsFileSystem.Instance, path, Collection));
            var segment = Segment.Open(OsFileSystem.Instance, path, Collection);
            Assert.Equal(new FileInfo(path).Length, segment.Bytes);
            AssertHolds(segment, x.Spec, x.Rows);
            segment.Release();
            File.Delete(path);
        }, iter: 60, threads: 1);
    }

    [Fact]
    public unsafe void The_image_in_memory_is_the_file_byte_for_byte()
    {
        using var folder = new TempFolder();
        var path = folder.File("a.seg");
        Cases.Sample(x =>
        {
            SegmentWriter.Write(OsFileSystem.Instance, path, x.Spec, x.Rows);
            var image = SegmentWriter.Build(x.Spec, x.Rows);
            var ids = image.PlanePointer(PlaneKind.Ids);
            var start = ids.Pointer - image.Planes[0].Offset;
            Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(new ReadOnlySpan<byte>(start, (int)image.Bytes)));
            Assert.Null(image.Path);
            image.Release();
            File.Delete(path);
        }, iter: 20, threads: 1);
    }

    [Fact]
    public unsafe void Planes_are_aligned_and_lie_where_the_listing_says()
    {
        var spec = new SegmentSpec(Collection, NestedDimensions.Trained(7, 40), Precision.F16, true, true);
        var segment = SegmentWriter.Build(spec, ArrayRows.Random(9, 40, 3));
        Assert.Equal(
            [
                (PlaneKind.Ids, 0, 8 * 9), (PlaneKind.Full, 0, 7 * 2 * 9), (PlaneKind.Full, 1, 33 * 2 * 9), (PlaneKind.Int8, 0, 7 * 9), (PlaneKind.Int8, 1, 33 * 9),
                (PlaneKind.Int8Scale, 0, 4 * 9), (PlaneKind.Bit, 0, 1 * 9), (PlaneKind.Bit, 1, 5 * 9), (PlaneKind.InverseNorm, 0, 4 * 9), (PlaneKind.InverseNorm, 1, 4 * 9),
            ],
            segment.Planes.Select(plane => (plane.Kind, plane.Ring, (int)plane.Length)));
        var first = segment.PlanePointer(PlaneKind.Ids).Pointer;
        foreach (var plane in segment.Planes)
        {
            var memory = segment.PlanePointer(plane.Kind, plane.Ring);
            Assert.True(memory.IsPresent);
            Assert.Equal(0, (nint)memory.Pointer % 64);
            Assert.Equal(plane.Offset - segment.Planes[0].Offset, memory.Pointer - first);
            Assert.Equal(plane.Length, memory.Length);
            Assert.Equal(plane.Length / 9, memory.Stride);
        }
        segment.Release();
    }

    [Fact]
    public void A_plane_that_the_segment_lacks_is_not_present()
    {
        var spec = new SegmentSpec(Collection, NestedDimensions.Trained(4, 8), Precision.F32, false, false);
        var segment = SegmentWriter.Build(spec, ArrayRows.Random(2, 8, 3));
        foreach (var kind in (ReadOnlySpan<PlaneKind>)[PlaneKind.Int8, PlaneKind.Int8Scale, PlaneKind.Bit, (PlaneKind)99])
            Assert.False(segment.PlanePointer(kind).IsPresent);
        foreach (var ring in (ReadOnlySpan<int>)[-1, 2, int.MaxValue, int.MinValue])
            Assert.False(segment.PlanePointer(PlaneKind.Full, ring).IsPresent);
        Assert.False(segment.PlanePointer(PlaneKind.Ids, 1).IsPresent);
        segment.Release();
    }

    [Fact]
    public void Rows_outside_the_segment_are_refused()
    {
        var spec = new SegmentSpec(Collection, NestedDimensions.None(4), Precision.F16, false, false);
        var segment = SegmentWriter.Build(spec, ArrayRows.Random(3, 4, 3));
        foreach (var (first, count) in (ReadOnlySpan<(int, int)>)[(-1, 1), (3, 1), (0, 4), (2, 2), (int.MaxValue, 1), (0, -1), (0, int.MaxValue)])
            Assert.Throws<ArgumentOutOfRangeException>(() => segment.ReadVectors(first, count, new float[64]));
        segment.Release();
    }

    [Fact]
    public void A_segment_lives_until_its_last_user_releases_it()
    {
        using var folder = new TempFolder();
        var fs = new FaultyFileSystem();
        var spec = new SegmentSpec(Collection, NestedDimensions.None(4), Precision.F16, true, true);
        SegmentWriter.Write(fs, folder.File("a"), spec, ArrayRows.Random(3, 4, 3));
        var segment = Segment.Open(fs, folder.File("a"), Collection);
        segment.AddRef();
        segment.Release();
        fs.Delete(folder.File("a")); // a mapped file may go; the map stays
        Assert.Equal(3, segment.Ids.Length);
        Assert.Single(fs.OpenHandles);
        segment.Release();
        Assert.Empty(fs.OpenHandles);
        Assert.Throws<ObjectDisposedException>(() => segment.Ids.Length);
        Assert.Throws<ObjectDisposedException>(segment.AddRef);
        Assert.Throws<ObjectDisposedException>(segment.Release);
    }

    /// <summary>Compares every plane with a straightforward computation by the framework's own conversions.</summary>
    private static unsafe void AssertHolds(Segment segment, SegmentSpec spec, ArrayRows rows)
    {
        var (full, ends) = (spec.Dimensions.Full, spec.Dimensions.Dimensions);
        Assert.Equal(ends, segment.RingEnds.ToArray());
        Assert.Equal((rows.Count, spec.Full, spec.Int8, spec.Bit), (segment.Rows, segment.Full, segment.HasInt8, segment.HasBit));
        Assert.True(segment.Ids.SequenceEqual(rows.Ids));
        var vector = new float[full];
        for (var row = 0; row < rows.Count; row += rows.Count > 300 ? 17 : 1)
        {
            Assert.True(segment.TryFindRow(rows.Id(row), out var found) && found == row);
            var stored = rows.Vectors.AsSpan(row * full, full).ToArray().Select(x => spec.Full == Precision.F16 ? (float)(Half)x : x).ToArray();
            segment.ReadVector(row, vector);
            Assert.True(vector.AsSpan().SequenceEqual(stored));
            var scale = stored.Max(Math.Abs) / 127;
            for (var ring = 0; ring < ends.Count; ring++)
            {
                var start = ring == 0 ? 0 : ends[ring - 1];
                var norm = Math.Sqrt(stored.Take(ends[ring]).Sum(x => (double)x * x));
                var inverse = ((float*)segment.PlanePointer(PlaneKind.InverseNorm, ring).Pointer)[row];
                Assert.Equal(norm == 0 ? 0 : 1 / norm, inverse, 1e-6 * inverse);
                if (spec.Int8)
                {
                    Assert.Equal(scale, ((float*)segment.PlanePointer(PlaneKind.Int8Scale).Pointer)[row]);
                    var plane = segment.PlanePointer(PlaneKind.Int8, ring);
                    var codes = new ReadOnlySpan<sbyte>(plane.Pointer + row * plane.Stride, (int)plane.Stride);
                    Assert.True(codes.SequenceEqual(stored[start..ends[ring]].Select(x => (sbyte)MathF.Round(x / scale)).ToArray()));
                }
                if (spec.Bit)
                {
                    var plane = segment.PlanePointer(PlaneKind.Bit, ring);
                    for (var i = 0; i < plane.Stride * 8; i++)
                        Assert.Equal(start + i < ends[ring] && stored[start + i] > 0, (plane.Pointer[row * plane.Stride + i / 8] >> i % 8 & 1) == 1);
                }
            }
        }
        Assert.False(segment.TryFindRow(rows.Ids[0] - 1, out _));
    }
}
