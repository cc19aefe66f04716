using CsCheck;
using Xunit;

namespace Matryoshka.Tests.Search;

/// <summary>Plans as texts: what is printed parses to the same plan, and what cannot run is refused with the reason.</summary>
public sealed class SearchPlanTests
{
    [Fact]
    public void Printing_and_parsing_lose_nothing() => Plans.Sample(plan =>
    {
        var text = plan.ToString();
        var again = SearchPlan.Parse(text);
        Assert.Equal(plan, again);
        Assert.Equal(plan.GetHashCode(), again.GetHashCode());
        Assert.Equal(text, again.ToString());
    }, iter: 2000);

    [Theory]
    [InlineData("int8:128 x200 > f16:full")]
    [InlineData("bit:full x1000 > int8:full x50 > f16:full")]
    [InlineData("lists 2% on bit:full x100 > int8:full")]
    [InlineData("lists 0.25% on bit:256 x80 > f32:full x10")]
    [InlineData("lists 100% on bit:full x200 > int8:full x20 > f16:full")]
    [InlineData("int8:full bound > f16:full")]
    [InlineData("int8:128 bound > f16:128 x10")]
    [InlineData("exact")]
    [InlineData("accurate")]
    public void Texts_are_kept_as_written(string text) => Assert.Equal(text, SearchPlan.Parse(text).ToString());

    [Theory]
    [InlineData("lists 2.50% on  bit:full   x100>f16:full", "lists 2.5% on bit:full x100 > f16:full")]
    [InlineData(" balanced ", "balanced")]
    public void What_means_the_same_prints_the_same(string text, string printed)
    {
        Assert.Equal(printed, SearchPlan.Parse(text).ToString());
        Assert.Equal(SearchPlan.Parse(printed), SearchPlan.Parse(text));
    }

    [Theory]
    [InlineData("lists 2 on bit:full x100 > f16:full", "percentage")]
    [InlineData("lists 2% bit:full x100 > f16:full", "'on'")]
    [InlineData("lists x% on bit:full x100 > f16:full", "'x' is not a percentage")]
    [InlineData("lists -1% on bit:full x100 > f16:full", "'-1' is not a percentage")]
    [InlineData("lists 2% on", "empty")]
    [InlineData("lists 0% on bit:full x100 > f16:full", "above 0 to 100")]
    [InlineData("lists 100.1% on bit:full x100 > f16:full", "above 0 to 100")]
    [InlineData("lists 2% on int8:full x100 > f16:full", "write bit")]
    [InlineData("lists 2% on bit:full", "add a stage that scores")]
    [InlineData("lists 2% on bit:full > f16:full", "does not say how many")]
    [InlineData("int8:full x100 > lists 2% on bit:full x50 > f16:full", "only the first stage")]
    [InlineData("int8:full bound", "followed by one stage of full vectors")]
    [InlineData("int8:full bound > int8:full", "followed by one stage of full vectors")]
    [InlineData("int8:128 bound > f16:full", "same dimensions")]
    [InlineData("bit:full bound > f16:full", "first stage of int8")]
    [InlineData("int8:full x9 > int8:full bound > f16:full", "first stage of int8")]
    [InlineData("int8:full bounds > f16:full", "nor 'bound'")]
    [InlineData("fastest", "preset")]
    [InlineData("fast > f16:full", "precision and dimensions")]
    public void What_cannot_run_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidFormatException>(() => SearchPlan.Parse(text)).Message, StringComparison.Ordinal);

    private static Gen<SearchPlan> Plans => Gen.OneOf(
        Gen.Enum<SearchPreset>().Select(SearchPlan.Of),
        Gen.Select(Gen.Int[1, 1_000_000].Array[1, 5], Gen.Enum<Precision>(), Gen.Int[1, 4096], Gen.Int[0, 1_000_000], Gen.Bool).Select((keeps, precision, dimensions, share, open) =>
        {
            Array.Sort(keeps, (a, b) => b.CompareTo(a));
            var stages = keeps.Select((keep, i) => new SearchStage(i == 0 && share > 0 && keeps.Length > 1 ? Precision.Bit : precision, (keep + dimensions) % 3 == 0 ? null : dimensions, i == keeps.Length - 1 && open ? null : keep)).ToArray();
            if (share > 0 && stages.Length > 1)
                stages[0] = stages[0] with { ListsPercent = share / 10_000m };
            return new SearchPlan(stages);
        }),
        Gen.Select(Gen.Int[1, 4096], Gen.Bool, Gen.Bool).Select((dimensions, full, single) =>
            new SearchPlan(new SearchStage(Precision.Int8, full ? null : dimensions, null) { Bounded = true }, new SearchStage(single ? Precision.F32 : Precision.F16, full ? null : dimensions, null))));
}
