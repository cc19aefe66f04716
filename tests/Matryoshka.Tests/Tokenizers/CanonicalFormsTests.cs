using System.Security.Cryptography;
using System.Text;
using Matryoshka.Encoders.Tokenizers;
using Xunit;

namespace Matryoshka.Tests.Tokenizers;

/// <summary>Hashes recorded from String.prototype.normalize of a JavaScript engine with Unicode 17.</summary>
public class CanonicalFormsTests
{
    // Letters, marks of many classes, Hangul, composites with and without a way back.
    private static readonly int[] Pool =
    [
        0x41, 0x61, 0x65, 0x6f, 0x300, 0x301, 0x302, 0x303, 0x307, 0x308, 0x323, 0x327, 0x328, 0x331, 0x345, 0x1100, 0x1112, 0x1161, 0x1169, 0x11a8, 0x11c2,
        0xac00, 0xac01, 0xc7, 0x1ea5, 0x1ed9, 0x1f82, 0x212b, 0x2126, 0x958, 0x9c7, 0x9be, 0x9d7, 0xdd9, 0xdcf, 0xdca, 0x11131, 0x11127, 0x1d15e, 0x1d165,
        0x1d16e, 0x20, 0x5d0, 0x5bc, 0x5b7, 0xfb2c, 0xf73, 0xf71, 0xf72, 0x3099, 0x304b,
    ];

    [Fact]
    public void Every_code_point_is_composed_and_decomposed_as_recorded()
    {
        var points = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(char.ConvertFromUtf32).ToList();
        Assert.Equal("9cc65524a9d8082bf10840c616cd199bd2ac12ee49a3381bd6fb7957711f342b", Hash(points.Select(CanonicalForms.Compose)));
        Assert.Equal("acbdeb7e8b807ccf13f21be69a6825f6233d7c6af87d13dbd843a7ee95c9a803", Hash(points.Select(CanonicalForms.Decompose)));
    }

    [Fact]
    public void Random_sequences_of_letters_and_marks_are_composed_and_decomposed_as_recorded()
    {
        Assert.Equal("fb9666cb061d8261aad5572341ef5f40462ab52ce30d21c5c8d327eb085b0d12", Hash(Sequences().Select(CanonicalForms.Compose)));
        Assert.Equal("8d018cb9afec6e56ceef5262cb3f59cb90b816c4433bab720ccd9dd30dba5926", Hash(Sequences().Select(CanonicalForms.Decompose)));
    }

    private static IEnumerable<string> Sequences()
    {
        // A linear congruential generator, which the recording used too.
        var seed = 12345u;
        uint Next() => (seed = (seed * 1664525) + 1013904223) >> 16;
        for (var n = 0; n < 20_000; n++)
        {
            var length = 1 + (Next() % 7);
            var text = new StringBuilder();
            for (var i = 0; i < length; i++)
                text.Append(char.ConvertFromUtf32(Pool[Next() % Pool.Length]));
            yield return text.ToString();
        }
    }

    private static string Hash(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
