using Microsoft.Extensions.AI;

namespace Matryoshka.Tests.Collections;

/// <summary>Gives every text a vector of its own and counts the texts it was asked for.</summary>
internal sealed class CountingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    public int Texts { get; private set; }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var result = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var value in values)
        {
            Texts++;
            result.Add(new Embedding<float>(TestVectors.Vector(value.Aggregate(17, (hash, c) => hash * 31 + c))));
        }
        return Task.FromResult(result);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }
}
