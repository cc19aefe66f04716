using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public class SegmentWriterTests
{
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly SegmentSpec Spec = new(Collection, NestedDimensions.Trained(2, 4), Precision.F16, true, true);

    [Theory]
    [InlineData(float.NaN, "not finite")]
    [InlineData(float.PositiveInfinity, "not finite")]
    [InlineData(70_000f, "not finite as F16")]
    public void A_vector_that_is_not_finite_as_stored_is_refused_by_row(float bad, string words)
    {
        var rows = ArrayRows.Random(3, 4, 1);
        rows.Vectors[9] = bad;
        var error = AssertRefused<InvalidVectorException>(rows);
        Assert.Contains("row 2", error.Message);
        Assert.Contains(words, error.Message);
    }

    [Fact]
    public void A_vector_that_is_zero_as_stored_is_refused_by_row()
    {
        var rows = ArrayRows.Random(3, 4, 1);
        rows.Vectors.AsSpan(4, 4).Fill(1e-9f);
        Assert.Contains("row 1 is zero as F16", AssertRefused<InvalidVectorException>(rows).Message);
    }

    [Theory]
    [InlineData(4L)]
    [InlineData(5L)]
    public void Ids_that_do_not_ascend_are_refused(long second)
    {
        var error = AssertRefused<MatryoshkaException>(new([5, second], ArrayRows.Random(2, 4, 1).Vectors, 4));
        Assert.Contains($"Row 1 has id {second} after id 5", error.Message);
    }

    [Fact]
    public void The_smallest_and_largest_ids_are_allowed()
    {
        var segment = SegmentWriter.Build(Spec, new ArrayRows([long.MinValue, 0, long.MaxValue], ArrayRows.Random(3, 4, 1).Vectors, 4));
        Assert.True(segment.TryFindRow(long.MinValue, out var row) && row == 0);
        Assert.True(segment.TryFindRow(long.MaxValue, out row) && row == 2);
        segment.Release();
    }

    [Fact]
    public void A_segment_without_rows_is_refused() => AssertRefused<MatryoshkaException>(new([], [], 4));

    [Theory]
    [InlineData(Precision.Bit)]
    [InlineData(Precision.Int8)]
    public void A_precision_that_cannot_hold_the_truth_is_refused(Precision full)
    {
        var error = Assert.Throws<MatryoshkaException>(() => SegmentWriter.Build(Spec with { Full = full }, ArrayRows.Random(1, 4, 1)));
        Assert.Contains("F16 and F32 are allowed", error.Message);
    }

    [Fact]
    public void A_segment_that_exists_is_not_written_over()
    {
        using var folder = new TempFolder();
        var path = folder.File("a");
        SegmentWriter.Write(OsFileSystem.Instance, path, Spec, ArrayRows.Random(2, 4, 1));
        var before = File.ReadAllBytes(path);
        Assert.Throws<MatryoshkaException>(() => SegmentWriter.Write(OsFileSystem.Instance, path, Spec, ArrayRows.Random(3, 4, 2)));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_temporary_file_that_a_crash_left_is_replaced()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("a.tmp"), "half a segment");
        SegmentWriter.Write(OsFileSystem.Instance, folder.File("a"), Spec, ArrayRows.Random(2, 4, 1));
        Assert.Equal(["a"], OsFileSystem.Instance.List(folder.Path));
    }

    [Fact]
    public void Cancelling_between_blocks_leaves_nothing_and_progress_counts_rows()
    {
        using var folder = new TempFolder();
        using var cancel = new CancellationTokenSource();
        var fs = new FaultyFileSystem();
        var reports = new List<int>();
        var progress = new Progress(done =>
        {
            reports.Add(done);
            cancel.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() =>
            SegmentWriter.Write(fs, folder.File("a"), Spec, ArrayRows.Random(3_000, 4, 1), progress, cancel.Token));
        Assert.Equal([1_024], reports);
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Empty(fs.OpenHandles);

        reports.Clear();
        SegmentWriter.Write(fs, folder.File("a"), Spec, ArrayRows.Random(3_000, 4, 1), progress);
        Assert.Equal([1_024, 2_048, 3_000], reports);
    }

    private static T AssertRefused<T>(ArrayRows rows) where T : MatryoshkaException
    {
        using var folder = new TempFolder();
        var fs = new FaultyFileSystem();
        var error = Assert.Throws<T>(() => SegmentWriter.Write(fs, folder.File("a"), Spec, rows));
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Empty(fs.OpenHandles);
        Assert.Throws<T>(() => SegmentWriter.Build(Spec, rows));
        return error;
    }

    private sealed class Progress(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
