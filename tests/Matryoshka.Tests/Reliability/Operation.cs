using System.Text.Json.Nodes;

namespace Matryoshka.Tests.Reliability;

/// <summary>One call to a collection and, for each of its commits in order, what it does to the model.</summary>
internal sealed record Operation(string Name, Func<Collection, Task> RunAsync, params IReadOnlyList<Action<Model>> Commits)
{
    public static Operation Upsert(IReadOnlyList<Record> records, int batchSize = 4096) => new(
        $"upsert {records.Count} by {batchSize}",
        collection => collection.UpsertAsync(records, new() { BatchSize = batchSize }),
        [.. records.Chunk(batchSize).Select(batch => (Action<Model>)(model =>
        {
            foreach (var record in batch)
                model.Upsert(record);
        }))]);

    public static Operation Delete(IReadOnlyList<string> keys) =>
        new($"delete {keys.Count}", collection => collection.DeleteAsync(keys), model => model.Delete(keys));

    public static Operation Complete(SourceUpdate update) =>
        new($"complete {update.Source}", collection => collection.CompleteSourcesAsync([update]), model => model.Complete(update));

    public static Operation RemoveSource(string source) =>
        new($"remove {source}", collection => collection.RemoveSourcesAsync([source]), model => model.RemoveSource(source));

    public static Operation Maintain() => new("maintain", collection => collection.MaintainAsync(), _ => { });

    public static Operation Compact() => new("compact", collection => collection.CompactAsync(), _ => { });

    /// <summary>All states a crash during the operation may leave: from nothing of it to all of it, commit by commit.</summary>
    public IReadOnlyList<Model> States(Model before)
    {
        List<Model> states = [before];
        foreach (var commit in Commits)
            states.Add(states[^1].After(commit));
        return states;
    }

    /// <summary>Records <c>k{first}</c> and on, whose texts and vectors follow from the version.</summary>
    public static Record[] Records(int first, int count, int version = 0, string? source = null) =>
        [.. Enumerable.Range(first, count).Select(i => Versioned($"k{i}", version, source))];

    public static Record Versioned(string key, int version, string? source = null) => new()
    {
        Key = key,
        Text = $"text of {key} in version {version}",
        Vector = SeededVectors.Of($"{key}/{version}"),
        Source = source,
        Metadata = new JsonObject { ["version"] = version },
    };
}
