using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Matryoshka.Documents;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.Standard14Fonts;
using UglyToad.PdfPig.Writer;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class PdfTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Pages_are_read_in_columns_with_divided_words_joined()
    {
        var document = Assert.Single(await _scratch.Read(_scratch.Source("a.pdf", TwoPages())));
        Assert.Empty(_scratch.Failures);
        Scratch.AssertBlocksCover(document);
        Assert.Equal("A study of columns", document.Title);
        Assert.Equal(
            [
                (1, "Introduction"),
                (1, "The left column has a divided word in line two and goes on for a while."),
                (1, "The right column is read after the left one and not across both of them."),
                (2, "Second page."),
            ],
            document.Blocks.Select((block, index) => (block.Page, Scratch.BlockText(document, index))));
    }

    [Fact]
    public async Task Pieces_tell_their_page()
    {
        var options = new PipelineOptions { Split = new SplitOptions { MaxTokens = 16, OverlapTokens = 0 } };
        var pieces = await _scratch.Pieces(_scratch.Source("a.pdf", TwoPages()), options);
        Assert.Equal([1, 1, 1], pieces.Select(piece => (int)piece.Position!["page"]!).Take(3));
        Assert.Contains(pieces, piece => piece.Text.EndsWith("Second page.", StringComparison.Ordinal));
        Assert.All(pieces, piece => Assert.Equal("A study of columns", (string)piece.Metadata!["title"]!));
    }

    [Fact]
    public async Task A_page_without_text_is_told_to_be_a_scan()
    {
        var builder = new PdfDocumentBuilder();
        builder.AddPage(PageSize.A4);
        Assert.Empty(await _scratch.Read(_scratch.Source("a.pdf", builder.Build())));
        Assert.Contains("no text", Assert.Single(_scratch.Failures).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encrypted_file_is_told_to_be_encrypted()
    {
        // The trailer of a small valid file with an encryption dictionary that no password of ours opens.
        var text = Encoding.Latin1.GetString(TwoPages());
        const string Encryption =
            "/Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O <2828282828282828282828282828282828282828282828282828282828282828> " +
            "/U <4141414141414141414141414141414141414141414141414141414141414141> >> " +
            "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] ";
        var trailer = text.LastIndexOf("trailer", StringComparison.Ordinal);
        var inside = text.IndexOf("<<", trailer, StringComparison.Ordinal) + 2;
        var source = _scratch.Source("a.pdf", Encoding.Latin1.GetBytes(text.Insert(inside, Encryption)));
        Assert.Empty(await _scratch.Read(source));
        Assert.Equal("The PDF is encrypted. Save a copy without a password.", Assert.Single(_scratch.Failures).Message);
    }

    [Fact]
    public async Task A_file_cut_off_anywhere_gives_text_or_one_clear_failure()
    {
        var whole = TwoPages();
        var limit = Stopwatch.StartNew();
        for (var length = 0; length < whole.Length; length += Math.Max(1, whole.Length / 30))
        {
            var documents = await _scratch.Read(_scratch.Source("a.pdf", whole[..length]));
            Assert.True(documents.Count == 1 || _scratch.Failures.Count > 0, $"Nothing was told about {length} bytes.");
            Assert.All(_scratch.Failures, failure => Assert.InRange(failure.Message.Length, 10, 400));
        }
        Assert.InRange(limit.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task A_file_with_flipped_bytes_does_no_harm()
    {
        var random = new Random(5);
        for (var round = 0; round < 25; round++)
        {
            var bytes = TwoPages();
            for (var flip = 0; flip < 12; flip++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var documents = await _scratch.Read(_scratch.Source("a.pdf", bytes), new DocumentReadOptions { ParseTimeout = TimeSpan.FromSeconds(5) });
            documents.ForEach(Scratch.AssertBlocksCover);
        }
    }

    [Fact]
    public async Task A_stream_that_inflates_without_end_is_refused()
    {
        var content = new byte[140 << 20];
        content.AsSpan().Fill((byte)' ');
        var source = _scratch.Source("a.pdf", WithContent(content));
        Assert.InRange(source.Size, 0, 1 << 20);
        Assert.Empty(await _scratch.Read(source));
        Assert.Contains("inflates to more than 128 MiB", Assert.Single(_scratch.Failures).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deeply_nested_content_does_not_end_the_process()
    {
        var nested = Encoding.ASCII.GetBytes(new string('[', 200_000) + new string(']', 200_000) + " TJ");
        var source = _scratch.Source("a.pdf", WithContent(nested));
        await _scratch.Read(source);
        Assert.NotEmpty(_scratch.Failures);
    }

    private static byte[] TwoPages()
    {
        var builder = new PdfDocumentBuilder();
        builder.DocumentInformation.Title = "A study of columns";
        var font = builder.AddStandard14Font(Standard14Font.Helvetica);
        var page = builder.AddPage(PageSize.A4);
        page.AddText("Introduction", 18, new PdfPoint(50, 780), font);
        string[] left = ["The left column has a divi-", "ded word in line two and", "goes on for a while."];
        string[] right = ["The right column is read", "after the left one and not", "across both of them."];
        for (var i = 0; i < left.Length; i++)
        {
            page.AddText(left[i], 10, new PdfPoint(50, 740 - 13 * i), font);
            page.AddText(right[i], 10, new PdfPoint(320, 740 - 13 * i), font);
        }
        builder.AddPage(PageSize.A4).AddText("Second page.", 10, new PdfPoint(50, 780), font);
        return builder.Build();
    }

    /// <summary>A file of one page with the given content stream, deflated.</summary>
    private static byte[] WithContent(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(content);
        using var file = new MemoryStream();
        var offsets = new List<long>();
        Add("%PDF-1.4\n");
        Object("<< /Type /Catalog /Pages 2 0 R >>");
        Object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        Object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << >> >>");
        offsets.Add(file.Length);
        Add($"4 0 obj\n<< /Length {packed.Length} /Filter /FlateDecode >>\nstream\n");
        file.Write(packed.ToArray());
        Add("\nendstream\nendobj\n");
        var table = file.Length;
        Add($"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets) Add($"{offset:D10} 00000 n \n");
        Add($"trailer\n<< /Size {offsets.Count + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
        return file.ToArray();

        void Object(string body)
        {
            offsets.Add(file.Length);
            Add($"{offsets.Count} 0 obj\n{body}\nendobj\n");
        }

        void Add(string text) => file.Write(Encoding.ASCII.GetBytes(text));
    }
}
