using System.Text.Json.Nodes;

namespace Matryoshka.Tests.Collections;

/// <summary>Folders, recipes and vectors for tests of collections.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = System.IO.Path.Join(System.IO.Path.GetTempPath(), "matryoshka-tests", Guid.NewGuid().ToString("N"));

    public TestFolder() => Directory.CreateDirectory(Path);

    public string At(string name) => System.IO.Path.Join(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class TestVectors
{
    public static readonly NestedDimensions Nested = NestedDimensions.Trained(8, 16, 32);

    public static ModelRecipe Recipe(NestedDimensions? dimensions = null) => new() { Name = "test/vectors", Dimensions = dimensions ?? Nested };

    public static CollectionOptions Options(NestedDimensions? dimensions = null) => new() { Recipe = Recipe(dimensions) };

    /// <summary>A vector that only depends on the seed.</summary>
    public static float[] Vector(int seed, int length = 32)
    {
        var random = new Random(seed);
        var vector = new float[length];
        for (var i = 0; i < length; i++)
            vector[i] = (float)(random.NextDouble() * 2 - 1);
        return vector;
    }

    public static Record Record(string key, int seed, string? text = null, JsonObject? metadata = null, string? source = null) => new()
    {
        Key = key,
        Text = text ?? $"text {key} {seed}",
        Metadata = metadata,
        Source = source,
        Vector = Vector(seed),
    };
}
