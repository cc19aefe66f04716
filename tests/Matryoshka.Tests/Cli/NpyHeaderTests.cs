using CsCheck;
using Matryoshka.Cli.Files;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class NpyHeaderTests
{
    [Theory]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "big-endian")]
    [InlineData("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", "'<i4'")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", "'|O'")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", "several fields")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran")]
    [InlineData("{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 3), }", "True or False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", "1 axes")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 axes")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", "3 axes")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 6), }", "no rows")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 0), }", "0 components")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 65537), }", "65537")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }", "a number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }", "a number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 65536), }", "cut short")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "cut short")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "longer than it says")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, }", "lacks shape")]
    [InlineData("{'descr': '<f4', 'shape': (2, 3), }", "lacks fortran_order")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'shape': (2, 3), }", "repeated field 'descr'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "unknown or repeated field 'x'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } + 1", "its end")]
    [InlineData("{'descr': '<f4", "closing quote")]
    [InlineData("__import__('os')", "'{'")]
    [InlineData("", "'{'")]
    public void A_hostile_header_is_refused_with_a_reason(string dictionary, string expected)
    {
        var error = Assert.Throws<InvalidFormatException>(() => Read(NpyBytes.Of(1, dictionary, new byte[24])));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("x.npy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_that_claims_gigabytes_is_refused_before_any_is_allocated()
    {
        var error = Assert.Throws<InvalidFormatException>(() => Read(NpyBytes.Of(2, "{}", [], claimedLength: uint.MaxValue)));
        Assert.Contains("4294967295", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(40)]
    public void A_file_that_ends_early_is_refused(int length)
    {
        var whole = NpyBytes.Of(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", new byte[24]);
        Assert.Throws<InvalidFormatException>(() => Read(whole[..length]));
    }

    [Fact]
    public void An_unknown_version_is_refused() =>
        Assert.Contains("version 4", Assert.Throws<InvalidFormatException>(() => Read(NpyBytes.Of(4, "{}", []))).Message, StringComparison.Ordinal);

    [Fact]
    public void Python_2_and_odd_spacing_are_read()
    {
        var header = Read(NpyBytes.Of(1, "{ \"shape\":(2L,3L),'fortran_order' :False , 'descr':\"<f4\"}", new byte[24]));
        Assert.Equal((ComponentType.F32, 2L, 3), (header.Type, header.Rows, header.Columns));
    }

    [Fact]
    public void What_is_written_is_read_back() =>
        Gen.Select(Gen.Long[1, 40], Gen.Int[1, 4096]).Sample((rows, columns) =>
        {
            var written = NpyHeader.Write(rows, columns);
            Assert.Equal(0, written.Length % 64);
            Assert.Equal((byte)'\n', written[^1]);
            var header = Read([.. written, .. new byte[rows * columns * 4]]);
            Assert.Equal((ComponentType.F32, rows, columns, written.Length), (header.Type, header.Rows, header.Columns, header.DataOffset));
        }, iter: 100);

    [Fact]
    public void The_longest_header_that_can_be_written_fits() =>
        Assert.Equal(128, NpyHeader.Write(long.MaxValue, NestedDimensions.MaxDimensions).Length);

    [Fact]
    public void Random_bytes_after_the_magic_never_crash() =>
        Gen.Byte.Array[0, 200].Sample(noise =>
        {
            byte[] file = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, .. noise];
            try
            {
                Read(file);
                Assert.Fail("noise was accepted");
            }
            catch (InvalidFormatException)
            {
            }
        }, iter: 2000);

    private static NpyHeader Read(byte[] file)
    {
        using var stream = new MemoryStream(file);
        return NpyHeader.Read(stream, "x.npy");
    }
}
