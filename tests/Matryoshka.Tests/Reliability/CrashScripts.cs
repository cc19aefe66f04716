namespace Matryoshka.Tests.Reliability;

/// <summary>What is done before, undisturbed, and the operations that are disturbed at every call.</summary>
internal sealed record CrashScript(IReadOnlyList<Operation> Before, IReadOnlyList<Operation> Disturbed);

/// <summary>Operations that between them make every call to the file system that a collection makes.</summary>
internal static class CrashScripts
{
    private const int Sealing = 1024;

    private static readonly string[] AllButFew = [.. Enumerable.Range(0, Sealing).Where(i => i % 40 != 0).Select(i => $"k{i}")];

    public static readonly IReadOnlyDictionary<string, CrashScript> All = new Dictionary<string, CrashScript>(StringComparer.Ordinal)
    {
        ["small writes"] = new(
            [Operation.Upsert(Operation.Records(0, 20))],
            [
                Operation.Upsert(Operation.Records(15, 10, 1)),
                Operation.Upsert(Operation.Records(0, 12, 2), batchSize: 4),
                Operation.Delete(["k1", "k2", "k20"]),
                Operation.Upsert([Operation.Versioned("k3", 2) with { Source = "moved" }]),
            ]),
        ["seal"] = new(
            [Operation.Upsert(Operation.Records(0, 30))],
            [Operation.Upsert(Operation.Records(10, Sealing, 1)), Operation.Upsert(Operation.Records(0, 5, 2)), Operation.Delete(["k0", "k500", "k501"])]),
        ["replace what is sealed"] = new(
            [Operation.Upsert(Operation.Records(0, Sealing)), Operation.Delete(AllButFew)],
            [Operation.Upsert(Operation.Records(0, Sealing + 10, 1)), Operation.Delete(["k3"])]),
        ["sources"] = new(
            [Operation.Upsert(Operation.Records(0, Sealing, 0, "a")), Operation.Delete(AllButFew), Operation.Upsert(Operation.Records(2000, 20, 0, "b"))],
            [
                Operation.Complete(new("a", "1", new HashSet<string> { "k0", "k40" })),
                Operation.Complete(new("b", "2", new HashSet<string> { "k2001" })),
                Operation.RemoveSource("a"),
            ]),
        ["compaction"] = new(
            [Operation.Upsert(Operation.Records(0, Sealing)), Operation.Delete(AllButFew), Operation.Upsert(Operation.Records(3000, Sealing)), Operation.Upsert(Operation.Records(9, 3, 1))],
            [Operation.Compact(), Operation.Upsert(Operation.Records(9, 3, 2)), Operation.Compact()]),
        ["compaction to nothing"] = new(
            [Operation.Upsert(Operation.Records(0, Sealing))],
            [Operation.Delete([.. Enumerable.Range(0, Sealing).Select(i => $"k{i}")]), Operation.Compact()]),
        ["merge of the tail"] = new(
            [.. Enumerable.Range(0, 7).SelectMany(i => new[] { Operation.Upsert(Operation.Records(0, Sealing, i)), Operation.Delete(AllButFew) })],
            [Operation.Upsert(Operation.Records(5000, Sealing)), Operation.Maintain(), Operation.Delete(["k0"])]),
        ["lists"] = new(
            [Operation.Upsert(Operation.Records(0, Sealing + 20)), Operation.Upsert(Operation.Records(3000, Sealing))],
            [
                Operation.Maintain(),
                Operation.Upsert(Operation.Records(0, 4, 1)),
                Operation.Delete([.. Enumerable.Range(3000, 300).Select(i => $"k{i}")]),
                Operation.Maintain(),
                Operation.Compact(),
            ]),
    };
}
