using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Matryoshka.Tests.Filters;
using Matryoshka.Tests.Reliability;
using Xunit;

namespace Matryoshka.Tests.Collections;

/// <summary>Random operations on a collection and on a dictionary; both must answer alike, with double-precision cosines as the judge of searches.</summary>
public class CollectionModelTests
{
    private static readonly string[] Keys = [.. Enumerable.Range(0, 30).Select(i => $"k{i}"), "é", "e\u0301", "日本", "😀", " ", "'; drop table records; --", "../../x", "\uffff"];

    private static readonly string[] Texts = ["", " ", "one", "two", "three words here", "n\0l", "😀 é 日本", "ONE", "'quoted' \"twice\"", "line\nbreak", "\ud800 half a pair", "half a pair\udc00"];

    private static readonly Gen<string> Key = Gen.Int[0, Keys.Length - 1].Select(i => Keys[i]);

    private static readonly Gen<Record> AnyRecord = Gen.Select(Key, Gen.Int[0, Texts.Length - 1], Gen.Int[0, 20], FilterGen.Source, FilterGen.Metadata).Select((key, text, vector, source, metadata) => new Record
    {
        Key = key,
        Text = Texts[text],
        Source = source,
        Metadata = JsonNode.Parse(metadata) as JsonObject,
        Vector = vector < 10 || string.IsNullOrWhiteSpace(Texts[text]) ? SeededVectors.Of(vector).AsMemory() : default(ReadOnlyMemory<float>?),
    });

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (8, AnyRecord.Array[1, 12].Select(records => Step.Of(Operation.Upsert([.. records.Select(WholeText).DistinctBy(r => r.Key)])))),
        (2, Gen.Select(Gen.Int[0, 2000], Gen.Int[0, 3]).Select((first, version) => Step.Of(Operation.Upsert(Operation.Records(first, 1030, version))))),
        (3, Key.Array[1, 8].Select(keys => Step.Of(Operation.Delete(keys)))),
        (1, Gen.Int[0, 2000].Select(first => Step.Of(Operation.Delete([.. Enumerable.Range(first, 700).Select(i => $"k{i}")])))),
        (1, Gen.Select(FilterGen.Source.Where(s => !string.IsNullOrEmpty(s)), Key.Array[0, 10]).Select((source, keys) => Step.Of(Operation.Complete(new(source!, $"{keys.Length}", keys.ToHashSet(StringComparer.Ordinal)))))),
        (1, Gen.Const(Step.Of(Operation.Compact()))),
        (2, Gen.Const(new Step("reopen", null))));

    [Fact]
    public Task A_collection_answers_as_a_dictionary_would() => Gen.Select(AnyStep.Array[1, 10], FilterGen.Any.Array[3], Gen.Int).SampleAsync(async (steps, filters, seed) =>
    {
        using var folder = new FastFolder();
        var collection = Collection.Create(folder.At("c"), SeededVectors.Create);
        try
        {
            var model = new Model();
            foreach (var step in steps)
            {
                if (step.Operation is { } operation)
                {
                    await operation.RunAsync(collection);
                    model = operation.States(model)[^1];
                }
                else
                {
                    collection.Dispose();
                    collection = Collection.Open(folder.At("c"), SeededVectors.Open);
                }
                await SoundCollection.HoldsAsync(collection, [model], step.Name);
            }
            await SoundCollection.MatchAsync(collection, [model], "at the end");
            await LooksUpAsync(collection, model);
            foreach (var filter in filters)
                await FiltersAsync(collection, model, filter, SeededVectors.Of(seed));
            await PlansAsync(collection, model, SeededVectors.Of(seed));
        }
        finally
        {
            collection.Dispose();
        }
    }, iter: 50, threads: 1, print: t => string.Join(", ", t.Item1.Select(step => step.Name)));

    private static async Task LooksUpAsync(Collection collection, Model model)
    {
        foreach (var key in Keys)
            Assert.Equal(model.Records.GetValueOrDefault(key)?.Text, (await collection.GetAsync(key))?.Text);
        foreach (var source in model.Records.Values.Select(r => r.Source).Where(s => !string.IsNullOrEmpty(s)).Distinct())
            Assert.Equal(model.Records.Where(r => r.Value.Source == source).Select(r => r.Key).Order(StringComparer.Ordinal), (await collection.GetKeysAsync(source!)).Order(StringComparer.Ordinal));
    }

    private static async Task FiltersAsync(Collection collection, Model model, Filter filter, float[] query)
    {
        bool Passes(string key, ModelRecord record) => filter.Matches(JsonDocument.Parse(record.Metadata ?? "{}").RootElement, key, record.Source);
        var expected = model.Records.Where(r => Passes(r.Key, r.Value)).Select(r => r.Key).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected.Count, await collection.CountAsync(filter));
        var listed = new List<string>();
        await foreach (var record in collection.ListAsync(filter))
            listed.Add(record.Key);
        Assert.Equal(expected, listed.Order(StringComparer.Ordinal));
        foreach (var d in SeededVectors.Nested.Dimensions)
            SoundCollection.Same(await collection.SearchAsync(query, new() { Dimensions = d, Filter = filter, K = 5 }), model, model.Nearest(query, d, 5, Passes), query, d, $"{filter}");
    }

    // A plan whose stages keep everything is exact, however many stages there are.
    private static async Task PlansAsync(Collection collection, Model model, float[] query)
    {
        foreach (var text in new[] { "bit:full x9000 > f16:full", "int8:8 x9000 > int8:16 x9000 > f16:32", "f16:8 x9000 > bit:16 x9000 > f16:16" })
        {
            var plan = SearchPlan.Parse(text);
            var d = plan.Stages[^1].Dimensions ?? SeededVectors.Nested.Full;
            SoundCollection.Same(await collection.SearchAsync(query, new() { Plan = plan }), model, model.Nearest(query, d, 10), query, d, text);
        }
    }

    // Half a surrogate pair is no text: it is stored as the replacement character, so that is what the model holds.
    private static Record WholeText(Record record) => record with { Text = record.Text.Replace('\ud800', '\ufffd').Replace('\udc00', '\ufffd') };

    private sealed record Step(string Name, Operation? Operation)
    {
        public static Step Of(Operation operation) => new(operation.Name, operation);
    }
}
