using System.Runtime.ExceptionServices;
using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>
/// Embeds texts with a <see cref="StaticModel"/>: tens of thousands of passages a second on one core. Thread-safe; large
/// batches use several threads, and the result does not depend on how many.
/// </summary>
public sealed class StaticEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    // A text takes some 15 microseconds: fewer than this are done before other threads have woken up.
    private const int TextsPerThread = 64;

    private readonly StaticModel model;
    private readonly int degree;

    /// <summary>Creates a generator.</summary>
    /// <param name="model">The model.</param>
    /// <param name="degreeOfParallelism">The most threads a batch may use, 1 or more; null means one a core.</param>
    public StaticEmbeddingGenerator(StaticModel model, int? degreeOfParallelism = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (degreeOfParallelism is < 1)
            throw new ArgumentOutOfRangeException(nameof(degreeOfParallelism), degreeOfParallelism, "At least one thread is needed.");
        this.model = model;
        degree = degreeOfParallelism ?? Environment.ProcessorCount;
    }

    /// <summary>A generator of the model inside this library, <see cref="StaticModel.Default"/>.</summary>
    public static StaticEmbeddingGenerator Default() => new(StaticModel.Default);

    /// <summary>Embeds texts, L2-normalised, in their order.</summary>
    /// <param name="values">The texts, without prompts (static models have none).</param>
    /// <param name="options"><see cref="EmbeddingGenerationOptions.Dimensions"/> picks a prefix among the model's; a <see cref="EmbeddingGenerationOptions.ModelId"/> must name this model.</param>
    /// <param name="cancellationToken">Ends the work between two texts.</param>
    /// <exception cref="DimensionNotAllowedException">The model does not allow the dimensions asked for.</exception>
    /// <exception cref="InvalidVectorException">A text has no token that the model knows; see <see cref="StaticModel.TryEncode(ReadOnlySpan{char}, Span{float})"/>.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.ModelId is { } asked && asked != model.Name)
            throw new MatryoshkaException($"The model '{asked}' was asked for, but this generator runs '{model.Name}'.");
        var dimensions = options?.Dimensions is { } d ? model.Dimensions.Require(d) : model.Dimensions.Full;
        var texts = values as IReadOnlyList<string> ?? [.. values];
        return Threads(texts.Count) > 1
            ? Task.Run(() => Generate(texts, dimensions, cancellationToken), cancellationToken)
            : cancellationToken.IsCancellationRequested
                ? Task.FromCanceled<GeneratedEmbeddings<Embedding<float>>>(cancellationToken)
                : Run(() => Generate(texts, dimensions, cancellationToken));
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("matryoshka", null, model.Name, model.Dimensions.Full)
            : serviceType == typeof(ModelRecipe) ? model.Recipe
            : serviceType == typeof(StaticModel) ? model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Nothing is held: the model's memory is shared and freed with it.</summary>
    public void Dispose() { }

    /// <summary>
    /// Encodes many texts at full size without allocating a vector a text.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="vectors">Takes one vector after the other; a text without direction leaves zeros.</param>
    /// <param name="cancellationToken">Ends the work between two texts.</param>
    /// <returns>The number of tokens pooled.</returns>
    internal unsafe long Encode(IReadOnlyList<string> texts, Span<float> vectors, CancellationToken cancellationToken = default)
    {
        var full = model.Dimensions.Full;
        if (vectors.Length < (long)texts.Count * full)
            throw new InvalidVectorException($"Room for {vectors.Length} components was given; {texts.Count} vectors of {full} need {(long)texts.Count * full}.");
        fixed (float* start = vectors)
        {
            var address = start;
            return ForEach(texts.Count, i =>
            {
                model.TryEncode(texts[i], new Span<float>(address + ((nint)i * full), full), out var tokens);
                return tokens;
            }, cancellationToken);
        }
    }

    private GeneratedEmbeddings<Embedding<float>> Generate(IReadOnlyList<string> texts, int dimensions, CancellationToken cancellationToken)
    {
        var vectors = new float[texts.Count][];
        var total = ForEach(texts.Count, i =>
        {
            var text = texts[i] ?? throw new ArgumentException($"Text {i} is null.", nameof(texts));
            var vector = new float[model.Dimensions.Full];
            if (!model.TryEncode(text, vector, out var tokens))
                throw new InvalidVectorException($"Text {i} ({Beginning(text)}) has no word that the model '{model.Name}' knows, so it has no vector; leave such texts out.");
            vectors[i] = Cut(vector, dimensions);
            return tokens;
        }, cancellationToken);
        var result = new GeneratedEmbeddings<Embedding<float>>(vectors.Length) { Usage = new UsageDetails { InputTokenCount = total, TotalTokenCount = total } };
        foreach (var vector in vectors)
            result.Add(new Embedding<float>(vector) { ModelId = model.Name });
        return result;
    }

    private static float[] Cut(float[] vector, int dimensions)
    {
        if (dimensions == vector.Length)
            return vector;
        var prefix = vector[..dimensions];
        return StaticModel.Normalize(prefix) ? prefix
            : throw new InvalidVectorException($"The first {dimensions} components of a vector are all zero; ask for more dimensions.");
    }

    // Texts are handed out in small runs from one counter: their lengths differ, and equal shares would end unequally.
    private long ForEach(int count, Func<int, int> encode, CancellationToken cancellationToken)
    {
        long next = 0, total = 0;
        Exception? failure = null;
        void Work()
        {
            try
            {
                var tokens = 0L;
                for (long from; failure is null && (from = Interlocked.Add(ref next, TextsPerThread) - TextsPerThread) < count;)
                {
                    for (var i = (int)from; i < Math.Min(count, from + TextsPerThread); i++)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        tokens += encode(i);
                    }
                }
                Interlocked.Add(ref total, tokens);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
            }
        }
        var others = Enumerable.Range(1, Threads(count) - 1).Select(_ => Task.Run(Work, CancellationToken.None)).ToArray();
        Work();
        Task.WaitAll(others, CancellationToken.None);
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return total;
    }

    private int Threads(int texts) => Math.Clamp(texts / TextsPerThread, 1, degree);

    private static Task<T> Run<T>(Func<T> work)
    {
        try
        {
            return Task.FromResult(work());
        }
        catch (Exception error)
        {
            return Task.FromException<T>(error);
        }
    }

    private static string Beginning(string text) => text.Length switch
    {
        0 => "empty",
        <= 40 => $"'{text}'",
        _ => $"'{text.AsSpan(0, 40)}...'",
    };
}
