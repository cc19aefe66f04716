using Microsoft.Extensions.AI;

namespace Matryoshka.Remote;

/// <summary>
/// Answers from a <see cref="MatryoshkaCache"/> what it was asked before, at any dimension the recipe allows, and asks the
/// generator within only for the rest, always in full. Around a <see cref="RemoteEmbeddingGenerator"/> each answer is
/// stored as it arrives, so that a call that fails halfway loses nothing that was answered.
/// </summary>
/// <remarks>
/// As safe for concurrent use as the generator within; two calls that miss the same text at the same time both ask for it.
/// Calls with further properties than the role, or with a raw representation, pass by the cache: what they change is unknown.
/// A static model encodes faster than the cache reads; there is nothing to gain for one.
/// </remarks>
public sealed class MatryoshkaCacheEmbeddingGenerator : DelegatingEmbeddingGenerator<string, Embedding<float>>
{
    private readonly MatryoshkaCache cache;
    private readonly bool ownsCache;
    private readonly ModelRecipe recipe;
    private readonly string fingerprint;
    private readonly int defaultDimensions;
    private long hits;
    private long misses;

    /// <summary>Wraps a generator, which is disposed with this one.</summary>
    /// <param name="innerGenerator">Names its recipe (<c>WithRecipe</c>, or one of this library's own), so that prompts and cuts happen within.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="ownsCache">Whether the cache is disposed too.</param>
    /// <exception cref="MatryoshkaException">The generator names no recipe.</exception>
    public MatryoshkaCacheEmbeddingGenerator(IEmbeddingGenerator<string, Embedding<float>> innerGenerator, MatryoshkaCache cache, bool ownsCache = false)
        : base(innerGenerator)
    {
        ArgumentNullException.ThrowIfNull(cache);
        this.cache = cache;
        this.ownsCache = ownsCache;
        recipe = innerGenerator.GetService(typeof(ModelRecipe)) as ModelRecipe
            ?? throw new MatryoshkaException("The generator within the cache names no recipe, so its vectors have no identity: wrap it with WithRecipe(recipe), or place UseMatryoshka(recipe) after UseMatryoshkaCache.");
        fingerprint = recipe.Fingerprint;
        var preset = (innerGenerator.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata)?.DefaultModelDimensions;
        defaultDimensions = preset is { } d && recipe.Dimensions.Allows(d) ? d : recipe.Dimensions.Full;
    }

    /// <summary>Texts answered from the cache so far.</summary>
    public long Hits => Interlocked.Read(ref hits);

    /// <summary>Texts asked of the generator within so far.</summary>
    public long Misses => Interlocked.Read(ref misses);

    /// <inheritdoc/>
    /// <remarks>The usage reported is that of the texts that were not in the cache.</remarks>
    /// <exception cref="DimensionNotAllowedException">The recipe does not allow the dimensions asked for; nothing was sent.</exception>
    /// <exception cref="MatryoshkaException">The cache or the generator within failed.</exception>
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.RawRepresentationFactory is not null || options?.AdditionalProperties?.Keys.Any(name => name != RoleExtensions.RoleProperty) == true)
            return await base.GenerateAsync(values, options, cancellationToken).ConfigureAwait(false);
        var role = options.GetRole();
        var d = recipe.Dimensions.Require(options?.Dimensions ?? defaultDimensions);
        var texts = values.Select((text, row) => text ?? throw new InvalidFormatException($"Text {row} is null; give a text, empty if need be.")).ToList();
        var keys = texts.ConvertAll(text => MatryoshkaCache.Key(fingerprint, role, text));
        ReadOnlyMemory<float>?[] full = [.. cache.Read(keys, recipe.Dimensions.Full).Select(v => v is null ? (ReadOnlyMemory<float>?)null : v)];
        var usage = await FillAsync(texts, keys, full, options, cancellationToken).ConfigureAwait(false);

        var result = new GeneratedEmbeddings<Embedding<float>>(texts.Count) { Usage = usage };
        var now = DateTimeOffset.UtcNow;
        for (var i = 0; i < full.Length; i++)
            result.Add(new Embedding<float>(Cut(full[i]!.Value, d, i)) { ModelId = recipe.Name, CreatedAt = now });
        return result;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && ownsCache)
            cache.Dispose();
    }

    // A text that occurs twice is asked for once.
    private async Task<UsageDetails?> FillAsync(List<string> texts, List<byte[]> keys, ReadOnlyMemory<float>?[] full, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
    {
        var missing = Enumerable.Range(0, texts.Count).Where(i => full[i] is null).GroupBy(i => texts[i], StringComparer.Ordinal).Select(same => same.ToArray()).ToArray();
        Interlocked.Add(ref misses, missing.Length);
        Interlocked.Add(ref hits, texts.Count - missing.Sum(same => same.Length));
        if (missing.Length == 0)
            return null;

        options = options?.Clone() ?? new EmbeddingGenerationOptions();
        options.Dimensions = recipe.Dimensions.Full;
        string[] asked = [.. missing.Select(same => texts[same[0]])];
        void Keep(int start, IReadOnlyList<ReadOnlyMemory<float>?> vectors)
        {
            var entries = new List<(byte[], ReadOnlyMemory<float>)>(vectors.Count);
            for (var i = 0; i < vectors.Count; i++)
            {
                if (vectors[i] is not { } vector)
                    continue;
                foreach (var at in missing[start + i])
                    full[at] = vector;
                entries.Add((keys[missing[start + i][0]], vector));
            }
            cache.Store(entries);
        }

        if (InnerGenerator is RemoteEmbeddingGenerator remote)
        {
            var tokens = await remote.EmbedAsync(asked, options, (start, part) => Keep(start, Array.ConvertAll(part, v => v is null ? (ReadOnlyMemory<float>?)null : v)), cancellationToken).ConfigureAwait(false);
            return tokens > 0 ? new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens } : null;
        }
        var answers = await InnerGenerator.GenerateAsync(asked, options, cancellationToken).ConfigureAwait(false);
        if (answers.Count != asked.Length)
            throw new MatryoshkaException($"The generator was given {asked.Length} texts and returned {answers.Count} vectors; they cannot be told apart.");
        foreach (var answer in answers)
            Truncation.Validate(answer.Vector.Span, recipe.Dimensions.Full);
        Keep(0, [.. answers.Select(a => (ReadOnlyMemory<float>?)a.Vector)]);
        return answers.Usage;
    }

    // The operation before the cut was applied by the generator within, over all components: what is left is the cut.
    private ReadOnlyMemory<float> Cut(ReadOnlyMemory<float> full, int d, int row)
    {
        if (d == full.Length)
            return full;
        var prefix = new float[d];
        Truncation.Cut(full.Span, recipe.Dimensions, PreTruncation.None, d, prefix, row);
        return prefix;
    }
}
