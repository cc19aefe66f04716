using Microsoft.Extensions.AI;

namespace Matryoshka.Tests.Reliability;

/// <summary>Vectors that follow from a number or a text alone, so that two processes agree on them.</summary>
internal static class SeededVectors
{
    public static readonly NestedDimensions Nested = NestedDimensions.Trained(8, 16, 32);

    public static readonly ModelRecipe Recipe = new() { Name = "test/seeded", Dimensions = Nested };

    public static CollectionOptions Create => new() { Generator = new SeededGenerator(), Recipe = Recipe };

    public static OpenOptions Open => new() { Generator = new SeededGenerator(), Recipe = Recipe };

    /// <summary>A unit vector.</summary>
    public static float[] Of(long seed)
    {
        var vector = new float[Nested.Full];
        var state = (ulong)seed;
        double sum = 0;
        for (var i = 0; i < vector.Length; i++)
        {
            // SplitMix64 (Steele, Lea and Flood, 2014).
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            vector[i] = (float)((z ^ (z >> 31)) / (double)ulong.MaxValue * 2 - 1);
            sum += (double)vector[i] * vector[i];
        }
        for (var i = 0; i < vector.Length; i++)
            vector[i] = (float)(vector[i] / Math.Sqrt(sum));
        return vector;
    }

    public static float[] Of(string text) => Of(text.Aggregate(17L, (hash, c) => unchecked(hash * 31 + c)));

    private sealed class SeededGenerator : IEmbeddingGenerator<string, Embedding<float>>
    {
        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(values.Select(text => new Embedding<float>(Of(text)))));

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
