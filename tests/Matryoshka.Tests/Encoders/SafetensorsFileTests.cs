using Matryoshka.Encoders;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class SafetensorsFileTests
{
    private static readonly string[] Numbers = ["0", "1", "7", "8", "9", "-1", "2147483647", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615", "1e3", "1.5", "\"1\"", "null", "[]"];

    [Fact]
    public void A_well_formed_file_is_read()
    {
        var file = Open(SafetensorsBuilder.Raw("""{"__metadata__":{"format":"pt"},"b":{"dtype":"I8","shape":[3],"data_offsets":[8,11]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"none":{"dtype":"F16","shape":[0,4],"data_offsets":[8,8]},"one":{"dtype":"I8","shape":[],"data_offsets":[11,12]}}   """, [.. SafetensorsBuilder.Bytes([1.5f, -2f]), 1, 2, 3, 4]));
        Assert.Equal(4, file.Tensors.Count);
        Assert.Equal(SafetensorsBuilder.Bytes([1.5f, -2f]), file.Bytes(file.Find("a")!).ToArray());
        Assert.Equal([1, 2, 3], file.Bytes(file.Find("b")!).ToArray());
        Assert.Equal("F32 [2, 1]", file.Find("a")!.Describe());
        Assert.Null(file.Find("c"));
        Assert.Equal(64, file.Sha256().Length);
    }

    [Fact]
    public void Only_the_one_right_value_of_every_number_is_accepted()
    {
        const string good = """{"t":{"dtype":"F32","shape":[A,B],"data_offsets":[C,D]}}""";
        foreach (var a in Numbers)
            Check(good.Replace("A", a, StringComparison.Ordinal).Replace("B", "1", StringComparison.Ordinal).Replace("C", "0", StringComparison.Ordinal).Replace("D", "8", StringComparison.Ordinal), a == "2");
        foreach (var b in Numbers)
            Check(good.Replace("A", "2", StringComparison.Ordinal).Replace("B", b, StringComparison.Ordinal).Replace("C", "0", StringComparison.Ordinal).Replace("D", "8", StringComparison.Ordinal), b == "1");
        foreach (var c in Numbers)
            foreach (var d in Numbers)
                Check(good.Replace("A", "2", StringComparison.Ordinal).Replace("B", "1", StringComparison.Ordinal).Replace("C", c, StringComparison.Ordinal).Replace("D", d, StringComparison.Ordinal), c == "0" && d == "8");
        // Extents whose product wraps to the right number of bytes.
        Check("""{"t":{"dtype":"F32","shape":[4611686018427387904,4,2],"data_offsets":[0,8]}}""", false);
        Check("""{"t":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}""", false);
        Check("""{"t":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,8]}}""", false);
    }

    [Theory]
    [InlineData("""{"t":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "the type 'F8_E4M3'; known are I8, F16, BF16, F32, F64, I32, I64")]
    [InlineData("""{"t":{"dtype":7,"shape":[8],"data_offsets":[0,8]}}""", "dtype of tensor 't' is not a string")]
    [InlineData("""{"t":{"dtype":"I8","shape":8,"data_offsets":[0,8]}}""", "shape of tensor 't' is not a list")]
    [InlineData("""{"t":{"dtype":"I8","shape":[8],"data_offsets":[0]}}""", "two data_offsets")]
    [InlineData("""{"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8,8]}}""", "more than 2 entries")]
    [InlineData("""{"t":{"dtype":"I8","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,8]}}""", "more than 8 entries")]
    [InlineData("""{"t":{"dtype":"I8","dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", "repeated field 'dtype'")]
    [InlineData("""{"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8],"x":1}}""", "unknown or repeated field 'x'")]
    [InlineData("""{"t":{"dtype":"I8","shape":[8]}}""", "lacks")]
    [InlineData("""{"t":5}""", "not described by an object")]
    [InlineData("""{"t":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"t":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}}""", "tensor 't' appears twice")]
    [InlineData("""{"t":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"u":{"dtype":"I8","shape":[3],"data_offsets":[5,8]}}""", "tensor 'u' leaves a gap")]
    [InlineData("""{"t":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"u":{"dtype":"I8","shape":[5],"data_offsets":[3,8]}}""", "tensor 'u' overlaps")]
    [InlineData("""{"t":{"dtype":"I8","shape":[7],"data_offsets":[1,8]}}""", "leaves a gap")]
    [InlineData("""{"t":{"dtype":"I8","shape":[7],"data_offsets":[0,7]}}""", "1 bytes follow the last tensor")]
    [InlineData("""{}""", "8 bytes follow")]
    [InlineData("""{"__metadata__":{"a":1},"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", "something other than strings")]
    [InlineData("""{"__metadata__":{},"__metadata__":{},"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", "'__metadata__' appears twice")]
    [InlineData("""{"__metadata__":[],"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", "'__metadata__' is not an object")]
    [InlineData("""[]""", "does not begin with '{'")]
    [InlineData(""" {}""", "does not begin with '{'")]
    [InlineData("", "does not begin with '{'")]
    [InlineData("""{"t":""", "not well-formed JSON")]
    [InlineData("""{}{}""", "not well-formed JSON")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}""", "unknown or repeated field")]
    public void A_damaged_header_is_refused_with_what_is_wrong(string header, string message)
    {
        var error = Assert.Throws<InvalidFormatException>(() => Open(SafetensorsBuilder.Raw(header, new byte[8])));
        Assert.Contains("'the file'", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99_999_999)]
    [InlineData(100_000_000)]
    [InlineData(100_000_001)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    public void A_header_length_that_lies_is_refused_before_memory_is_taken(long claimed)
    {
        var file = SafetensorsBuilder.Raw("""{"t":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", new byte[8], (ulong)claimed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidFormatException>(() => Open(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_and_a_flipped_bit_is_refused_or_harmless()
    {
        var file = SafetensorsBuilder.File(("embeddings", "F16", [3, 2], new byte[12]), ("scales", "F32", [3], new byte[12]));
        for (var length = 0; length < file.Length; length++)
            Assert.Throws<InvalidFormatException>(() => Open(file[..length]));
        Assert.Throws<InvalidFormatException>(() => Open([.. file, 0]));
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            var damaged = (byte[])file.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var read = Open(damaged);
                Assert.Equal(24, read.Tensors.Sum(t => t.Length));
            }
            catch (InvalidFormatException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        }
    }

    [Fact]
    public void A_stream_without_length_is_refused()
    {
        using var stream = new Endless();
        Assert.Throws<InvalidFormatException>(() => SafetensorsFile.Open(stream, "pipe"));
    }

    private static void Check(string header, bool accepted)
    {
        try
        {
            Assert.Equal(8, Open(SafetensorsBuilder.Raw(header, new byte[8])).Find("t")!.Length);
            Assert.True(accepted, header);
        }
        catch (InvalidFormatException)
        {
            Assert.False(accepted, header);
        }
    }

    private static SafetensorsFile Open(byte[] bytes) => SafetensorsFile.Open(new MemoryStream(bytes), "the file");

    private sealed class Endless : MemoryStream
    {
        public override bool CanSeek => false;
    }
}
