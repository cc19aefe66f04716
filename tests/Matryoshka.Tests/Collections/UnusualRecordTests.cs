using System.Text.Json.Nodes;
using Matryoshka.Tests.Reliability;
using Xunit;

namespace Matryoshka.Tests.Collections;

/// <summary>Records that a careless store would lose, mix up or choke on.</summary>
public sealed class UnusualRecordTests : IDisposable
{
    private readonly FastFolder folder = new();
    private readonly Collection collection;

    public UnusualRecordTests() => collection = Collection.Create(folder.At("c"), SeededVectors.Create);

    public void Dispose()
    {
        collection.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_key_that_could_not_be_told_from_another_is_refused()
    {
        // Two keys with half a surrogate pair become one in UTF-8; in one batch each would undo half of the other.
        var failures = new List<RecordFailure>();
        var result = await collection.UpsertAsync(
            [.. new[] { "k\ud800", "k\ud801", "\udc00k", "k\0l", "", "good", "good \ud83d\ude00" }.Select(key => Operation.Versioned(key, 1))], new() { OnFailure = failures.Add });
        Assert.Equal(new(2, 0, 0, 5), result);
        Assert.Equal(5, failures.Count);
        Assert.Empty(await collection.VerifyAsync());
        Assert.Equal(2, await collection.CountAsync());
    }

    // In a loop: a test's arguments travel as UTF-8, which has no half pairs.
    [Fact]
    public async Task A_text_is_stored_whole_and_known_again()
    {
        foreach (var text in new[] { "a\0b", "\0", "half \ud800 a pair", "pair\udc00", "\uffff\ufffe", "\ud83d\ude00" })
        {
            var record = new Record { Key = "k", Text = text, Source = text };
            Assert.Equal(1, (await collection.UpsertAsync(record)).Embedded);
            Assert.Equal(1, (await collection.UpsertAsync(record)).Unchanged);
            var stored = await collection.GetAsync("k");
            var whole = text is "half \ud800 a pair" or "pair\udc00" ? text.Replace('\ud800', '\ufffd').Replace('\udc00', '\ufffd') : text;
            Assert.Equal(whole, stored!.Text);
            Assert.Equal(whole, stored.Source);
            Assert.Equal(["k"], await collection.GetKeysAsync(stored.Source!));
            Assert.Equal(1, await collection.CompleteSourcesAsync([new(text, "1", new HashSet<string>())]));
            Assert.Equal(whole, Assert.Single(await collection.GetSourcesAsync()).Key);
            Assert.Equal(0, await collection.RemoveSourcesAsync([text]));
            Assert.Empty(await collection.VerifyAsync());
        }
    }

    [Fact]
    public async Task Metadata_that_is_not_json_is_refused_with_the_records_name()
    {
        var deep = new JsonObject();
        for (var i = 0; i < 100; i++)
            deep = new JsonObject { ["a"] = deep };
        foreach (var metadata in new[] { new JsonObject { ["a"] = double.NaN }, new JsonObject { ["a"] = double.PositiveInfinity }, deep })
        {
            var error = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.UpsertAsync(Operation.Versioned("odd", 1) with { Metadata = metadata }));
            Assert.Contains("'odd'", error.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<MatryoshkaException>(() => collection.UpsertAsync(Operation.Versioned("odd", 1) with { Position = metadata }));
        }
        Assert.Equal(0, await collection.CountAsync());
    }

    [Fact]
    public async Task Metadata_as_deep_as_is_allowed_is_read_back()
    {
        var deep = new JsonObject();
        for (var i = 0; i < 60; i++)
            deep = new JsonObject { ["a"] = deep };
        await collection.UpsertAsync(Operation.Versioned("deep", 1) with { Metadata = deep });
        Assert.Equal(deep.ToJsonString(), (await collection.GetAsync("deep"))!.Metadata!.ToJsonString());
        Assert.Empty(await collection.VerifyAsync());
        Assert.Equal(0, await collection.CountAsync(Filter.Parse("a.a.a = 1")));
    }
}
