using System.IO.Compression;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Tokens;

namespace Matryoshka.Documents.Reading;

/// <summary>
/// Refuses deflated PDF streams that would blow up: deflate packs up to 1,030 bytes into one, twice over when filters are stacked. Each
/// stream is inflated once for its length only, which costs a fraction of parsing it.
/// </summary>
internal sealed class FlateLimit : IFilterProvider
{
    // Page contents of a few MiB are already unusual; large images are never decoded for their text.
    internal const long MaxBytes = 128 << 20;

    private readonly IFilterProvider _inner = DefaultFilterProvider.Instance;

    public IReadOnlyList<IFilter> GetFilters(DictionaryToken dictionary) => Guard(_inner.GetFilters(dictionary));

    public IReadOnlyList<IFilter> GetNamedFilters(IReadOnlyList<NameToken> names) => Guard(_inner.GetNamedFilters(names));

    public IReadOnlyList<IFilter> GetAllFilters() => Guard(_inner.GetAllFilters());

    private static List<IFilter> Guard(IReadOnlyList<IFilter> filters) =>
        [.. filters.Select(filter => filter is FlateFilter ? new Limited(filter) : filter)];

    private sealed class Limited(IFilter inner) : IFilter
    {
        public bool IsSupported => inner.IsSupported;

        public Memory<byte> Decode(Memory<byte> input, DictionaryToken streamDictionary, IFilterProvider filterProvider, int filterIndex)
        {
            if (input.Length * 1100L > MaxBytes) Measure(input);
            return inner.Decode(input, streamDictionary, filterProvider, filterIndex);
        }

        private static void Measure(Memory<byte> input)
        {
            using var inflate = new ZLibStream(new MemoryStream(input.ToArray(), writable: false), CompressionMode.Decompress);
            var buffer = new byte[1 << 16];
            var total = 0L;
            try
            {
                while (inflate.Read(buffer) is > 0 and var read)
                {
                    if ((total += read) > MaxBytes)
                        throw new InvalidFormatException($"A stream of the file inflates to more than {MaxBytes >> 20} MiB, the most that is read.");
                }
            }
            catch (InvalidDataException)
            {
                // A damaged stream ends here for the real decoder as well, and it knows how to keep the readable part.
            }
        }
    }
}
