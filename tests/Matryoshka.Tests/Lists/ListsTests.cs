using Matryoshka.Lists;
using Matryoshka.Search;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Lists;

public sealed unsafe class ListsTests : IDisposable
{
    private const int Dimensions = 192;
    private const int Rows = 6000;

    private readonly float[] vectors = Clustered(Rows, new Random(1));
    private readonly ListsMemory memory = new();

    public void Dispose() => memory.Dispose();

    [Theory, InlineData(1), InlineData(2)]
    public void A_row_stands_once_in_its_first_list_and_at_most_once_in_another(int copies)
    {
        var view = Build(copies: copies);
        var (first, second) = (new int[Rows], new int[Rows]);
        for (var part = 0; part < 2 * view.Lists; part++)
        {
            Assert.Equal(0u, view.Starts[part] % ListsView.Group);
            var rows = Enumerable.Range((int)view.Starts[part], (int)(view.Starts[part + 1] - view.Starts[part])).Select(place => view.PostingRows[place]).Where(row => row != ListsView.None).ToList();
            Assert.Equal(rows.Order(), rows);
            foreach (var row in rows)
                (part % 2 == 0 ? first : second)[row]++;
        }
        Assert.All(first, count => Assert.Equal(1, count));
        Assert.All(second, count => Assert.InRange(count, 0, copies - 1));
    }

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        var (one, two) = (Build(threads: 1), Build(threads: 3));
        Assert.Equal(one.Postings, two.Postings);
        Assert.True(new Span<uint>(one.PostingRows, (int)one.Postings).SequenceEqual(new(two.PostingRows, (int)two.Postings)));
        Assert.True(new Span<float>(one.Factors, (int)one.Postings).SequenceEqual(new(two.Factors, (int)two.Postings)));
        Assert.True(new Span<byte>(one.Near, (int)one.Postings * one.NearColumns * 8).SequenceEqual(new(two.Near, (int)two.Postings * two.NearColumns * 8)));
        Assert.True(new Span<byte>(one.Far, (int)one.Postings * one.FarColumns * 8).SequenceEqual(new(two.Far, (int)two.Postings * two.FarColumns * 8)));
    }

    [Theory, InlineData(1.0, 0.995), InlineData(0.2, 0.93)]
    public void A_short_list_holds_nearly_all_of_the_exact_ten(double share, double least)
    {
        var view = Build();
        double recall = 0;
        var queries = Enumerable.Range(0, 50).Select(i => Query(i)).ToList();
        foreach (var query in queries)
            recall += Exact(query).Intersect(Scan(view, query, share, 100)).Count() / 10.0 / queries.Count;
        Assert.True(recall >= least, $"recall {recall}");
    }

    [Fact]
    public void Rows_added_to_grown_lists_are_found_as_well_and_those_taken_over_keep_their_places()
    {
        var before = Build(rows: Rows - 1000);
        // Every third row lost its place.
        var view = Builder(Rows, 2, 1).Build(memory, before, row => row % 3 == 0 ? -1 : row, TestContext.Current.CancellationToken);
        Assert.Equal((before.Lists, before.Trained), (view.Lists, view.Trained));
        var (old, grown) = (PartsOf(before), PartsOf(view));
        for (var row = 0; row < Rows - 1000; row++)
            if (row % 3 != 0)
                Assert.Equal(old[row], grown[row]);
        double recall = 0;
        for (var i = 0; i < 50; i++)
            recall += Exact(Query(i)).Intersect(Scan(view, Query(i), 1, 100)).Count() / 500.0;
        Assert.True(recall >= 0.99, $"recall {recall}");
    }

    [Fact]
    public void Dead_rows_and_rows_a_filter_leaves_out_are_not_offered()
    {
        var view = Build();
        var query = Query(3);
        var all = Scan(view, query, 1, 200);
        var (dead, allowed) = (new RowBitmap(Rows), new RowBitmap(Rows));
        foreach (var row in all)
            (row % 2 == 0 ? dead : allowed).Set((int)row);
        Assert.DoesNotContain(Scan(view, query, 1, 200, dead), row => dead[(int)row]);
        Assert.Equal(all.Where(row => row % 2 == 1).Order(), Scan(view, query, 1, 200, null, allowed).Order());
    }

    private static (int First, int Second)[] PartsOf(ListsView view)
    {
        var lists = new (int First, int Second)[view.Rows];
        for (var part = 0; part < 2 * view.Lists; part++)
            for (var place = view.Starts[part]; place < view.Starts[part + 1]; place++)
                if (view.PostingRows[place] is var row and not ListsView.None)
                    lists[row] = part % 2 == 0 ? lists[row] with { First = part / 2 } : lists[row] with { Second = part / 2 };
        return lists;
    }

    private ListsView Build(int copies = 2, int threads = 2, int rows = Rows) => Builder(rows, copies, threads).Build(memory, null, null, TestContext.Current.CancellationToken);

    private ListsBuilder Builder(int rows, int copies, int threads) =>
        new(rows, Dimensions, (first, count, to) => vectors.AsSpan(first * Dimensions, count * Dimensions).CopyTo(to), new(Lists: 64, Copies: copies, Iterations: 4), threads);

    private static HashSet<long> Scan(ListsView view, float[] query, double share, int keep, RowBitmap? dead = null, RowBitmap? allowed = null)
    {
        var vector = new QueryVector(query, NestedDimensions.Trained(64, Dimensions));
        var top = new TopK(keep);
        new ListScan(new(vector, ListScan.Parts(view, Dimensions), 1)).Run(view, share, top, 0, dead, allowed);
        return [.. top.Best().ToArray().Select(hit => hit.Tag)];
    }

    private IEnumerable<long> Exact(float[] query) => Enumerable.Range(0, Rows)
        .OrderByDescending(row => Dot(vectors.AsSpan(row * Dimensions, Dimensions), query)).Take(10).Select(row => (long)row);

    private float[] Query(int i)
    {
        var random = new Random(1000 + i);
        var query = vectors.AsSpan(random.Next(Rows) * Dimensions, Dimensions).ToArray();
        for (var c = 0; c < Dimensions; c++)
            query[c] += (random.NextSingle() - 0.5f) * 0.12f;
        return query;
    }

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static float[] Clustered(int rows, Random random)
    {
        var vectors = new float[rows * Dimensions];
        var middles = Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, Dimensions).Select(_ => random.NextSingle() - 0.5f).ToArray()).ToArray();
        for (var row = 0; row < rows; row++)
        {
            var vector = vectors.AsSpan(row * Dimensions, Dimensions);
            var middle = middles[random.Next(middles.Length)];
            double square = 0;
            for (var c = 0; c < Dimensions; c++)
            {
                vector[c] = middle[c] + 1.5f * (random.NextSingle() - 0.5f);
                square += vector[c] * vector[c];
            }
            for (var c = 0; c < Dimensions; c++)
                vector[c] /= (float)Math.Sqrt(square);
        }
        return vectors;
    }
}
