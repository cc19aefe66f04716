using System.Numerics;
using CsCheck;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public class MaintenanceRulesTests
{
    private const int Listed = 5_000;

    [Fact]
    public void Eight_neighbours_of_one_class_become_one_and_the_oldest_of_the_smallest_come_first()
    {
        Assert.Null(Next([1024, 1024, 1024, 1024, 1024, 1024, 1024]));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Inputs(Next([1024, 2000, 8191, 1024, 1024, 1024, 1024, 1024, 1024])!));
        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 9], Inputs(Next([8192, 8192, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024])!));
        Assert.False(Next([8192, 1024, 1024, 1024, 1024, 1024, 1024, 1024])!.Rewrites);
    }

    [Fact]
    public void A_fifth_of_dead_rows_may_stay_and_more_is_rewritten_alone()
    {
        Assert.Null(MaintenanceRules.Next([State(0, 1000, 200)], _ => false));
        var work = MaintenanceRules.Next([State(0, 1000, 0), State(1, 1000, 201)], _ => false)!;
        Assert.Equal([1], Inputs(work));
        Assert.Equal((true, false), (work.Rewrites, work.Lists));
    }

    [Fact]
    public void The_largest_segment_without_lists_gets_them_first_and_small_ones_get_none()
    {
        var work = Next([1024, 6000, 9000, 4999])!;
        Assert.Equal([2], Inputs(work));
        Assert.Equal((false, true), (work.Rewrites, work.Lists));
        Assert.Null(Next([1024, 4999]));
    }

    [Fact]
    public void A_segment_that_is_merged_again_at_once_gets_no_lists_first()
    {
        Assert.True(Next([.. Enumerable.Repeat(1024L, 8)])!.Lists);
        Assert.False(Next([.. Enumerable.Repeat(8192L, 7), .. Enumerable.Repeat(1024L, 8)])!.Lists);
        Assert.False(Next([.. Enumerable.Repeat(1024L, 64)])!.Lists);
    }

    [Fact]
    public void Work_ends_and_leaves_at_most_seven_segments_for_each_class_and_lists_where_they_are_wanted() =>
        Gen.Select(Gen.Int[0, 11], Gen.Int[1, 1023], Gen.Int[0, 100]).Select((log, more, dead) => ((1024L << log) + more, dead)).Array[0, 120].Sample(sizes =>
        {
            var segments = sizes.Select((size, i) => State(i, size.Item1, size.Item1 * size.dead / 100)).ToList();
            var live = segments.Sum(s => s.Live);
            for (var steps = 0; MaintenanceRules.Next(segments, rows => rows >= Listed) is { } work; steps++)
            {
                Assert.True(steps < 500);
                var first = segments.FindIndex(s => s.Stored == work.Inputs[0]);
                Assert.Equal(work.Inputs, segments.Skip(first).Take(work.Inputs.Count).Select(s => s.Stored));
                var result = work.Inputs[0] with { File = $"{work.Inputs[0].File}+", Rows = work.Rewrites ? segments.Skip(first).Take(work.Inputs.Count).Sum(s => s.Live) : work.Inputs[0].Rows, Lists = work.Lists ? "g" : null };
                var dead = work.Rewrites ? 0 : segments[first].Dead;
                segments.RemoveRange(first, work.Inputs.Count);
                if (result.Rows > 0)
                    segments.Insert(first, new(result, dead));
            }
            Assert.Equal(live, segments.Sum(s => s.Live));
            Assert.All(segments, s => Assert.Equal(s.Stored.Rows >= Listed, s.Stored.Lists is not null));
            Assert.InRange(segments.Count, 0, 7 * segments.DistinctBy(s => BitOperations.Log2((ulong)Math.Max(s.Stored.Rows / 1024, 1)) / 3).Count());
        }, iter: 300, threads: 1);

    private static MaintenanceWork? Next(long[] rows) => MaintenanceRules.Next([.. rows.Select((r, i) => State(i, r, 0))], r => r >= Listed);

    private static SegmentState State(int index, long rows, long dead) => new(new($"{index}", index * 1000L, index * 1000L + 999, rows, rows * 10), dead);

    private static IEnumerable<int> Inputs(MaintenanceWork work) => work.Inputs.Select(s => int.Parse(s.File));
}
