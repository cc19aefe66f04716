using System.Text.Json.Nodes;

namespace Matryoshka.Tests.Reliability;

/// <summary>An endless list of operations that follows from a seed alone: the child process performs it, its parent knows it.</summary>
internal sealed class OperationStream(int seed, int keys = 1500)
{
    private const int SealingRecords = 1030;
    private const int Sources = 6;

    public Operation this[int index]
    {
        get
        {
            var random = new Random(unchecked(seed * 1_000_003 + index));
            return random.Next(100) switch
            {
                < 35 => Operation.Upsert(Records(random, random.Next(1, 40), vectors: true)),
                < 50 => Operation.Upsert(Records(random, random.Next(1, 40), vectors: false)),
                < 62 => Operation.Upsert(Records(random, SealingRecords + random.Next(100), vectors: true)),
                < 77 => Operation.Delete([.. Keys(random, random.Next(1, 60))]),
                < 85 => Operation.Complete(new($"s{random.Next(Sources)}", $"{index}", Keys(random, keys / 2).ToHashSet(StringComparer.Ordinal))),
                < 88 => Operation.RemoveSource($"s{random.Next(Sources)}"),
                < 93 => Operation.Upsert(Records(random, random.Next(20, 200), vectors: true), batchSize: 16),
                _ => Operation.Compact(),
            };
        }
    }

    private IEnumerable<string> Keys(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => $"k{random.Next(keys)}").Distinct();

    // Few different texts a key: half the records without a vector keep the stored text, which updates attributes only.
    private Record[] Records(Random random, int count, bool vectors)
    {
        var chosen = random.Next(keys);
        return [.. Enumerable.Range(0, count).Select(i => $"k{(chosen + i * 7) % keys}").Distinct().Select(key => new Record
        {
            Key = key,
            Text = $"{key} says {random.Next(2)}",
            Source = random.Next(3) == 0 ? null : $"s{random.Next(Sources)}",
            Metadata = random.Next(4) == 0 ? null : new JsonObject { ["n"] = random.Next(1000) },
            Vector = vectors ? SeededVectors.Of(random.NextInt64()).AsMemory() : default(ReadOnlyMemory<float>?),
        })];
    }
}
