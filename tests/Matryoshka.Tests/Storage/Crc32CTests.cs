using CsCheck;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public class Crc32CTests
{
    [Fact]
    public void The_published_test_vectors_hold()
    {
        Assert.Equal(0xE3069283, Crc32C.Of("123456789"u8));
        Assert.Equal(0x8A9136AA, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Of(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0u, Crc32C.Of([]));
    }

    [Fact]
    public void Parts_append_to_the_checksum_of_the_whole() =>
        Gen.Byte.Array[0, 100].SelectMany(bytes => Gen.Int[0, bytes.Length].Select(cut => (bytes, cut))).Sample(
            x => Crc32C.Append(Crc32C.Of(x.bytes.AsSpan(0, x.cut)), x.bytes.AsSpan(x.cut)) == Crc32C.Of(x.bytes), iter: 500);
}
