using System.Text.Json.Nodes;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed class PlanStorageTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly Collection collection;

    public PlanStorageTests()
    {
        collection = Collection.Create(folder.At("c"), TestVectors.Options());
        collection.UpsertAsync(Enumerable.Range(0, 50).Select(i => TestVectors.Record($"k{i}", i))).GetAwaiter().GetResult();
    }

    [Fact]
    public async Task A_stored_default_is_what_searches_run_here_in_readers_and_in_other_openings()
    {
        var builtIn = collection.DefaultPlan;
        Assert.Equal(collection.BuiltInPlan, builtIn);
        var plan = SearchPlan.Parse("int8:8 x20 > f16:full");
        await collection.StorePlanAsync(new() { Name = "mine", Plan = plan, IsDefault = true, Measurement = new JsonObject { ["kept"] = 0.99 } });
        Assert.Equal(plan, collection.DefaultPlan);
        Assert.Equal(plan, collection.GetInfo().DefaultPlan);
        Assert.Equal(plan, (await collection.SearchAsync(TestVectors.Vector(3))).Plan);
        using (var reader = collection.OpenReader())
            Assert.Equal(plan, reader.Nearest(TestVectors.Vector(3)).Plan);
        using (var other = Collection.Open(folder.At("c")))
        {
            Assert.Equal(plan, (await other.SearchAsync(TestVectors.Vector(3))).Plan);
            var stored = Assert.Single(other.GetPlans());
            Assert.True(stored.IsDefault);
            Assert.Equal(0.99, stored.Measurement!["kept"]!.GetValue<double>());
            await other.UseDefaultPlanAsync(null);
        }
        Assert.Equal(builtIn, (await collection.SearchAsync(TestVectors.Vector(3))).Plan);
        Assert.False(Assert.Single(collection.GetPlans()).IsDefault);
    }

    [Fact]
    public async Task A_search_for_more_hits_than_the_plan_was_made_for_keeps_more_by_the_same_factor()
    {
        await collection.StorePlanAsync(new() { Name = "mine", Plan = SearchPlan.Parse("int8:8 x20 > f16:full"), K = 10, IsDefault = true });
        Assert.Equal("int8:8 x60 > f16:full", (await collection.SearchAsync(TestVectors.Vector(3), new() { K = 30 })).Plan!.ToString());
        Assert.Equal("int8:8 x20 > f16:full", (await collection.SearchAsync(TestVectors.Vector(3), new() { K = 3 })).Plan!.ToString());
        // A shorter query has no full vector to run the plan with.
        Assert.Equal("f16:8", (await collection.SearchAsync(TestVectors.Vector(3, 8))).Plan!.ToString());
    }

    [Fact]
    public async Task Plans_are_chosen_replaced_and_removed_by_name()
    {
        await collection.StorePlanAsync(new() { Name = "a", Plan = SearchPlan.Parse("f16:8") });
        await collection.StorePlanAsync(new() { Name = "b", Plan = SearchPlan.Parse("f16:16") });
        Assert.Equal(collection.BuiltInPlan, collection.DefaultPlan);
        await collection.UseDefaultPlanAsync("b");
        Assert.Equal("f16:16", collection.DefaultPlan.ToString());
        await collection.StorePlanAsync(new() { Name = "b", Plan = SearchPlan.Parse("f16:32") });
        Assert.Equal("f16:32", collection.DefaultPlan.ToString());
        Assert.True(await collection.RemovePlanAsync("b"));
        Assert.False(await collection.RemovePlanAsync("b"));
        Assert.Equal(collection.BuiltInPlan, collection.DefaultPlan);
        Assert.Equal(["a"], collection.GetPlans().Select(plan => plan.Name));
        Assert.Contains("holds a", (await Assert.ThrowsAsync<MatryoshkaException>(() => collection.UseDefaultPlanAsync("b"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "f16:8")]
    [InlineData("two words", "f16:8")]
    [InlineData("fine", "f32:8")]
    [InlineData("fine", "f16:9")]
    [InlineData("fine", "int8:8 x5 > f16:full")]
    public async Task A_name_or_a_plan_the_collection_cannot_run_is_refused_and_nothing_is_stored(string name, string plan)
    {
        await Assert.ThrowsAnyAsync<MatryoshkaException>(() => collection.StorePlanAsync(new() { Name = name, Plan = SearchPlan.Parse(plan), IsDefault = true }));
        Assert.Empty(collection.GetPlans());
    }

    [Fact]
    public async Task A_damaged_plan_is_named_as_damage()
    {
        await collection.StorePlanAsync(new() { Name = "mine", Plan = SearchPlan.Parse("f16:8"), IsDefault = true });
        using (var catalog = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.At("c")}/catalog.db;Pooling=False"))
        {
            catalog.Open();
            using var command = catalog.CreateCommand();
            command.CommandText = "UPDATE meta SET value = '{\"plan\": \"f16:8\", \"k\": 0}' WHERE name = 'plan:mine'";
            Assert.Equal(1, command.ExecuteNonQuery());
        }
        Assert.Contains("plan 'mine'", Assert.Throws<CorruptFileException>(() => collection.GetPlans()).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        collection.Dispose();
        folder.Dispose();
    }
}
