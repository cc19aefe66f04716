using System.Reflection;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public partial class SegmentFormatTests
{
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void The_doc_comment_names_every_field_at_its_offset_without_gaps()
    {
        var constants = typeof(SegmentFormat).GetFields(BindingFlags.Static | BindingFlags.Public)
            .Where(field => field.IsLiteral && field.Name.EndsWith("Offset", StringComparison.Ordinal))
            .ToDictionary(field => field.Name[..^"Offset".Length], field => (int)field.GetRawConstantValue()!);
        var documented = new Dictionary<string, int>();
        var next = 0;
        foreach (Match line in FieldLine().Matches(File.ReadAllText(RepositoryFiles.Path("src", "Matryoshka", "Storage", "SegmentFormat.cs"))))
        {
            var offset = int.Parse(line.Groups["offset"].Value);
            Assert.Equal(offset == 0 ? 0 : next, offset);
            documented.Add(line.Groups["name"].Value, offset);
            next = offset + int.Parse(line.Groups["bits"].Value) / 8 * (line.Groups["times"].Success ? int.Parse(line.Groups["times"].Value) : 1);
        }
        Assert.Equal(0, documented["Magic"]);
        Assert.Equal(SegmentFormat.PlaneEntryLength, next); // the last field documented ends the entry
        documented.Remove("Magic");
        Assert.Equal(constants.OrderBy(x => x.Key), documented.OrderBy(x => x.Key));
    }

    [Fact]
    public void Header_lengths_follow_from_the_documented_parts()
    {
        var (rings, planes) = (3, SegmentLayout.PlaneCount(3, int8: true, bit: true));
        Assert.Equal(1 + 3 + 3 + 1 + 3 + 3, planes);
        Assert.Equal(40 + 4 * rings + 24 * planes + 4, SegmentFormat.HeaderLength(rings, planes));
    }

    [Fact]
    public void The_layout_finds_every_plane_where_it_put_it()
    {
        foreach (var int8 in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (var bit in (ReadOnlySpan<bool>)[false, true])
            {
                var layout = new SegmentLayout(7, [3, 10, 11], Precision.F16, int8, bit);
                Assert.Equal(SegmentLayout.PlaneCount(3, int8, bit), layout.Planes.Count);
                for (var i = 0; i < layout.Planes.Count; i++)
                    Assert.Equal(i, layout.IndexOf(layout.Planes[i].Kind, layout.Planes[i].Ring));
            }
        }
    }

    [Fact]
    public void The_largest_segment_stays_inside_a_long()
    {
        var ends = Enumerable.Range(0, NestedDimensions.MaxRings).Select(i => NestedDimensions.MaxDimensions - 31 + i).ToArray();
        var layout = new SegmentLayout(SegmentFormat.MaxRows, ends, Precision.F32, true, true);
        Assert.InRange(layout.FileLength, 1L << 46, 1L << 47);
    }

    [Theory]
    [InlineData("segment-v1-f16.seg", Precision.F16, true, "807009e3cea01aad4fab426d0995ee65aab5fb5107c2f66d866f065ff496aeb1")]
    [InlineData("segment-v1-f32.seg", Precision.F32, false, "2343324d5311c215c9a77976b5b10250f17fbb265ee3697d776c5387074ed13e")]
    public void The_golden_files_of_version_1_open_and_are_still_written_byte_for_byte(string name, Precision full, bool codes, string sha256)
    {
        var path = RepositoryFiles.Path("tests", "Matryoshka.Tests", "Storage", "golden", name);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        Assert.Empty(SegmentVerifier.Verify(OsFileSystem.Instance, path, Collection));
        var rows = GoldenRows();
        var segment = Segment.Open(OsFileSystem.Instance, path, Collection);
        var vector = new float[41];
        segment.ReadVector(4, vector);
        Assert.Equal(rows.Vectors[^41..].Select(x => full == Precision.F16 ? (float)(Half)x : x), vector);
        Assert.Equal([1, 8, 41], segment.RingEnds.ToArray());
        Assert.Equal([-7, 0, 1, 1_000_000_007, long.MaxValue], segment.Ids.ToArray());
        segment.Release();

        using var folder = new TempFolder();
        SegmentWriter.Write(OsFileSystem.Instance, folder.File("new.seg"), new(Collection, NestedDimensions.Trained(1, 8, 41), full, codes, codes), rows);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(folder.File("new.seg")));
    }

    // Quotients of small integers: the same floats on every machine, most of them not representable as halves.
    private static ArrayRows GoldenRows() =>
        new([-7, 0, 1, 1_000_000_007, long.MaxValue], [.. Enumerable.Range(0, 5 * 41).Select(i => (i * 7_919 % 1_009 - 504) / 1_234f)], 41);

    [GeneratedRegex(@"^///\s+(?<offset>\d+)\s+\[[ui](?<bits>\d+)(?: x (?:(?<times>\d+)|R))?\]\s+(?<name>[A-Z]\w+)", RegexOptions.Multiline)]
    private static partial Regex FieldLine();
}
