using Matryoshka.Cli.Bench;
using Matryoshka.Tests.Collections;
using Matryoshka.Tuning.Exploring;
using Xunit;

namespace Matryoshka.Tests.Bench;

public sealed class PlanGridTests
{
    [Fact]
    public void Every_plan_of_the_grid_keeps_k_and_stands_once()
    {
        foreach (var dimensions in new[] { NestedDimensions.Trained(32, 64, 128, 256, 512), NestedDimensions.AnyPrefix(1, 1536), NestedDimensions.None(384), NestedDimensions.Trained(8, 16) })
            foreach (var rows in new[] { 1, 1000, 1_000_000 })
                foreach (var k in new[] { 1, 10, 100 })
                {
                    var plans = PlanGrid.Of(dimensions, Precision.F16, rows, k);
                    Assert.Equal(plans.Distinct(), plans);
                    Assert.InRange(plans.Count, 1, 150);
                    Assert.Equal(SearchPlan.Exact(), plans[0]);
                    Assert.All(plans, plan => Assert.True(plan.Stages.All(stage => stage.Keep is null || stage.Keep >= k && stage.Keep <= rows / 2)));
                    Assert.All(plans, plan => Assert.True(plan.Stages.All(stage => stage.Dimensions is null || dimensions.Allows(stage.Dimensions.Value))));
                }
    }

    [Fact]
    public void Plans_are_read_from_a_list_or_from_a_file_with_comments()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder.At("plans.txt"), "# coarse first\nint8:64 x200 > f16:full\n\n  bit:full x500>f16:full   # signs\nint8:64  x200 > f16:full\n");
        var fromFile = PlanCandidate.Parse("@" + folder.At("plans.txt"));
        Assert.Equal(["int8:64 x200 > f16:full", "bit:full x500>f16:full"], fromFile.Select(plan => plan.Name));
        Assert.Equal(fromFile, PlanCandidate.Parse("int8:64 x200 > f16:full; ;bit:full x500>f16:full;"));
    }
}
