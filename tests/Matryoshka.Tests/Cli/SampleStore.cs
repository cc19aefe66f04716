using System.Text.Json.Nodes;
using Matryoshka.Tests.Collections;

namespace Matryoshka.Tests.Cli;

/// <summary>A small collection of the embedded model that tests read and do not change.</summary>
public sealed class SampleStore : IDisposable
{
    private static readonly (string Key, string Text, int Year)[] Rows =
    [
        ("guide.md#0", "Log files are rotated every night; the rotation keeps seven old files and compresses them.", 2021),
        ("guide.md#1", "A retry budget bounds how many failed requests a client may send again.", 2022),
        ("bread.md#0", "Knead the dough for ten minutes, let it rise until it has doubled, then bake the bread in a hot oven.", 2019),
        ("bread.md#1", "Sourdough needs a starter of flour and water that is fed every day.", 2020),
        ("stars.md#0", "A telescope with a wide aperture gathers more light and shows fainter stars and galaxies.", 2023),
        ("stars.md#1", "The planet Jupiter has four large moons that Galileo saw in 1610.", 2018),
        ("odd key", "A text whose key has a blank and whose words hide an escape: \u001b[31mred\u001b[0m.", 2017),
    ];

    private readonly TestFolder folder = new();

    public SampleStore()
    {
        using var collection = Collection.Create(Path, new CollectionOptions { Generator = StaticEmbeddingGenerator.Default() });
        collection.UpsertAsync(Rows.Select((row, i) => new Record
        {
            Key = row.Key,
            Text = row.Text,
            Source = row.Key.Split('#')[0],
            Position = new JsonObject { ["line"] = i + 1 },
            Metadata = new JsonObject { ["year"] = row.Year },
        })).GetAwaiter().GetResult();
    }

    public static int Count => Rows.Length;

    public string Path => folder.At("sample.mrl");

    public string File(string name, params string[] lines)
    {
        var path = folder.At(name);
        System.IO.File.WriteAllText(path, string.Join('\n', lines) + "\n");
        return path;
    }

    public string At(string name) => folder.At(name);

    public void Dispose() => folder.Dispose();
}
