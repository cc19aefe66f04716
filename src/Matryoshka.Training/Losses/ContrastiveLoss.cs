using System.Numerics;
using System.Runtime.CompilerServices;
using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Losses;

/// <summary>
/// In-batch InfoNCE (van den Oord et al., 2018) at every nested dimension (Kusupati et al., 2022), each prefix
/// renormalised, with its exact gradient. m queries meet n documents, n at least m; document i belongs to query i.
/// </summary>
/// <remarks>
/// All prefixes together cost the matrix products of the full one alone. Forward, the dots of prefix d are those of the
/// prefix before plus one ring's. Backward, every prefix from ring r up pulls on ring r through one matrix of weights:
/// the sum of each prefix's gradient by cosines over its two norms. What pulls along a vector itself is subtracted at
/// the end, a number a row.
/// With E = exp(scale * (cosine - 1)) nothing overflows and no row's largest has to be known: scales up to 80 keep E normal.
/// </remarks>
internal sealed unsafe class ContrastiveLoss<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // 48 rows of weights against 2,048 documents are 400 KB, which leaves the second-level cache room for a panel.
    private const int BlockRows = 48;
    private const int InnerBlock = 256;

    private readonly ContrastiveSettings settings;
    private readonly Work work;
    private readonly PanelMap map;
    private readonly int rings;
    private readonly int dimensions;
    private readonly int most;
    private readonly Block<T> cosines, packed, packedQueries, transposed, queryPanels, documentPanels;
    private readonly Block<T> queryInverse, documentInverse, rowSums, columnSums, queryRadial, documentRadial, partial;
    private int m, n, stride;

    /// <param name="settings">Dimensions, weights, scales.</param>
    /// <param name="mostQueries">Rows of queries at most.</param>
    /// <param name="mostDocuments">Rows of documents at most.</param>
    /// <param name="work">Threads.</param>
    public ContrastiveLoss(ContrastiveSettings settings, int mostQueries, int mostDocuments, Work work)
    {
        (this.settings, this.work) = (settings, work);
        map = new PanelMap([.. settings.Nested.Select(nested => nested.Dimensions)]);
        rings = settings.Nested.Count;
        dimensions = settings.Nested[^1].Dimensions;
        most = (mostDocuments + PanelMap.Width - 1) / PanelMap.Width * PanelMap.Width;
        cosines = new((long)rings * mostQueries * most);
        packed = new((long)map.Count * most * PanelMap.Width);
        packedQueries = new((long)map.Count * mostQueries * PanelMap.Width);
        transposed = new((long)most * dimensions);
        queryPanels = new((long)map.Count * mostQueries * PanelMap.Width);
        documentPanels = new((long)map.Count * most * PanelMap.Width);
        queryInverse = new((long)rings * mostQueries);
        documentInverse = new((long)rings * most);
        rowSums = new((long)rings * mostQueries);
        columnSums = new((long)rings * most);
        queryRadial = new((long)rings * mostQueries);
        documentRadial = new((long)rings * most);
        partial = new((long)Blocks(mostQueries) * rings * most);
    }

    /// <summary>The loss, a mean over queries, and its gradient by both sides.</summary>
    /// <param name="queries">m rows of all components; their length is free.</param>
    /// <param name="queryCount">m.</param>
    /// <param name="documents">n rows.</param>
    /// <param name="documentCount">n.</param>
    /// <param name="targets">What each query should find.</param>
    /// <param name="queryGradient">Takes m rows.</param>
    /// <param name="documentGradient">Takes n rows.</param>
    /// <returns>The loss of each nested dimension, unweighted.</returns>
    public double[] Run(T* queries, int queryCount, T* documents, int documentCount, Targets targets, T* queryGradient, T* documentGradient)
    {
        (m, n) = (queryCount, documentCount);
        stride = (n + PanelMap.Width - 1) / PanelMap.Width * PanelMap.Width;
        Prepare(queries, documents);
        var blocks = Blocks(m);
        partial.Clear();
        work.ForEach(blocks, block => Forward(block, queries));
        Reduce(blocks, columnSums);
        var losses = Losses(targets);
        partial.Clear();
        work.ForEach(blocks, block => BackwardQueries(block, targets));
        Reduce(blocks, documentRadial);
        work.ForRanges(n, BlockRows, BackwardDocuments);
        AccumulateRadial();
        work.ForRanges(m, BlockRows, (from, to) => Unpack(queryPanels.Data, m, queries, queryRadial.Data, queryGradient, from, to));
        work.ForRanges(n, BlockRows, (from, to) => Unpack(documentPanels.Data, n, documents, documentRadial.Data, documentGradient, from, to));
        return losses;
    }

    public void Dispose()
    {
        foreach (var block in (Block<T>[])[cosines, packed, packedQueries, transposed, queryPanels, documentPanels, queryInverse, documentInverse, rowSums, columnSums, queryRadial, documentRadial, partial])
            block.Dispose();
    }

    private static int Blocks(int rows) => (rows + BlockRows - 1) / BlockRows;

    private T* Cosines(int ring, int row) => cosines.Data + ((nint)ring * m + row) * stride;

    private void Prepare(T* queries, T* documents)
    {
        work.ForEach(map.Count, panel =>
        {
            Panels<T>.Pack(documents, n, dimensions, map, panel, packed.Data + (nint)panel * n * PanelMap.Width);
            Panels<T>.Pack(queries, m, dimensions, map, panel, packedQueries.Data + (nint)panel * m * PanelMap.Width);
        });
        work.ForEach(stride / PanelMap.Width, panel =>
            Panels<T>.PackTransposed(documents, panel * PanelMap.Width, n, dimensions, transposed.Data + (nint)panel * dimensions * PanelMap.Width));
        work.ForRanges(m, BlockRows, (from, to) => Inverses(queries, from, to, queryInverse.Data, m));
        work.ForRanges(n, BlockRows, (from, to) => Inverses(documents, from, to, documentInverse.Data, stride));
    }

    // A prefix without direction gets the inverse norm 0: its cosines are 0 and it is pulled nowhere.
    private void Inverses(T* rows, int from, int to, T* inverse, int count)
    {
        for (var i = from; i < to; i++)
        {
            var squares = T.Zero;
            for (int ring = 0, start = 0; ring < rings; start = settings.Nested[ring++].Dimensions)
            {
                var row = rows + (nint)i * dimensions + start;
                squares += Wide<T>.Dot(row, row, settings.Nested[ring].Dimensions - start);
                inverse[(nint)ring * count + i] = squares > T.Zero ? T.One / T.Sqrt(squares) : T.Zero;
            }
        }
    }

    private void Forward(int block, T* queries)
    {
        var first = block * BlockRows;
        var rows = Math.Min(BlockRows, m - first);
        using var dots = new Block<T>((long)rows * stride);
        for (int ring = 0, start = 0; ring < rings; start = settings.Nested[ring++].Dimensions)
        {
            var width = settings.Nested[ring].Dimensions - start;
            for (var panel = 0; panel < stride / PanelMap.Width; panel++)
                Panels<T>.Product(queries + (nint)first * dimensions + start, dimensions, 1, rows,
                    transposed.Data + ((nint)panel * dimensions + start) * PanelMap.Width, width, dots.Data + panel * PanelMap.Width, stride, add: ring > 0);
            var columns = partial.Data + ((nint)block * rings + ring) * most;
            for (var i = 0; i < rows; i++)
                rowSums.Data[(nint)ring * m + first + i] = Exponentials(
                    dots.Data + (nint)i * stride, queryInverse.Data[(nint)ring * m + first + i], documentInverse.Data + (nint)ring * stride,
                    T.CreateChecked(settings.Nested[ring].Scale), Cosines(ring, first + i), columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private T Exponentials(T* dots, T inverse, T* inverses, T scale, T* to, T* columns)
    {
        var (wideInverse, wideScale) = (new Vector<T>(inverse), new Vector<T>(scale));
        var sums = Vector<T>.Zero;
        var j = 0;
        for (; j <= n - Wide<T>.Count; j += Wide<T>.Count)
        {
            var cosine = Wide<T>.Load(dots + j) * wideInverse * Wide<T>.Load(inverses + j);
            Wide<T>.Store(cosine, to + j);
            var e = Wide<T>.Exp(wideScale * (cosine - Vector<T>.One));
            sums += e;
            Wide<T>.Store(Wide<T>.Load(columns + j) + e, columns + j);
        }
        var sum = Vector.Sum(sums);
        for (; j < n; j++)
        {
            to[j] = dots[j] * inverse * inverses[j];
            var e = Wide<T>.Exp(scale * (to[j] - T.One));
            sum += e;
            columns[j] += e;
        }
        return sum;
    }

    private void Reduce(int blocks, Block<T> to)
    {
        work.ForEach(rings, ring =>
        {
            var sums = to.Data + (nint)ring * stride;
            new Span<T>(sums, stride).Clear();
            for (var block = 0; block < blocks; block++)
                Wide<T>.Add(partial.Data + ((nint)block * rings + ring) * most, sums, n);
        });
    }

    private double[] Losses(Targets targets)
    {
        var losses = new double[rings];
        for (var ring = 0; ring < rings; ring++)
        {
            var scale = settings.Nested[ring].Scale;
            double rowLoss = 0, columnLoss = 0;
            for (var i = 0; i < m; i++)
            {
                var aimed = 0.0;
                foreach (var (column, weight) in targets.Row(i))
                    aimed += weight * double.CreateChecked(Cosines(ring, i)[column]);
                rowLoss += Math.Log(double.CreateChecked(rowSums.Data[(nint)ring * m + i])) + scale * (1 - aimed);
                columnLoss += Math.Log(double.CreateChecked(columnSums.Data[(nint)ring * stride + i])) + scale * (1 - double.CreateChecked(Cosines(ring, i)[i]));
            }
            losses[ring] = ((1 - settings.ColumnShare) * rowLoss + settings.ColumnShare * columnLoss) / m;
        }
        return losses;
    }

    // From the full prefix down: the weights of a ring are those of all prefixes that hold it. They replace its cosines.
    private void BackwardQueries(int block, Targets targets)
    {
        var first = block * BlockRows;
        var rows = Math.Min(BlockRows, m - first);
        using var weights = new Block<T>((long)rows * stride);
        using var gradient = new Block<T>(stride);
        using var shares = new Block<T>(stride);
        for (var ring = rings - 1; ring >= 0; ring--)
        {
            ColumnShares(ring, shares.Data);
            for (var i = 0; i < rows; i++)
            {
                GradientByCosine(ring, first + i, targets, shares.Data, gradient.Data);
                queryRadial.Data[(nint)ring * m + first + i] = Accumulate(
                    gradient.Data, Cosines(ring, first + i), queryInverse.Data[(nint)ring * m + first + i], documentInverse.Data + (nint)ring * stride,
                    weights.Data + (nint)i * stride, partial.Data + ((nint)block * rings + ring) * most);
            }
            for (var panel = map.FirstOfRing[ring]; panel < map.FirstOfRing[ring + 1]; panel++)
                Panels<T>.Product(weights.Data, stride, 1, rows, packed.Data + (nint)panel * n * PanelMap.Width, n,
                    queryPanels.Data + ((nint)panel * m + first) * PanelMap.Width, PanelMap.Width, add: false);
        }
    }

    private void ColumnShares(int ring, T* shares)
    {
        var share = T.CreateChecked(settings.ColumnShare);
        for (var j = 0; j < n; j++)
            shares[j] = j < m ? share / columnSums.Data[(nint)ring * stride + j] : T.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GradientByCosine(int ring, int row, Targets targets, T* shares, T* gradient)
    {
        var nested = settings.Nested[ring];
        var scale = T.CreateChecked(nested.Scale);
        var factor = T.CreateChecked(nested.Weight * nested.Scale / m);
        var share = T.CreateChecked(1 - settings.ColumnShare) / rowSums.Data[(nint)ring * m + row];
        var cosine = Cosines(ring, row);
        var (wideScale, wideFactor, wideShare) = (new Vector<T>(scale), new Vector<T>(factor), new Vector<T>(share));
        var j = 0;
        for (; j <= n - Wide<T>.Count; j += Wide<T>.Count)
            Wide<T>.Store(Wide<T>.Exp(wideScale * (Wide<T>.Load(cosine + j) - Vector<T>.One)) * (wideShare + Wide<T>.Load(shares + j)) * wideFactor, gradient + j);
        for (; j < n; j++)
            gradient[j] = Wide<T>.Exp(scale * (cosine[j] - T.One)) * (share + shares[j]) * factor;
        foreach (var (column, weight) in targets.Row(row))
            gradient[column] -= factor * T.CreateChecked((1 - settings.ColumnShare) * weight);
        gradient[row] -= factor * T.CreateChecked(settings.ColumnShare);
    }

    /// <returns>The sum of gradient times cosine, over the query's squared length.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private T Accumulate(T* gradient, T* cosine, T inverse, T* inverses, T* weights, T* columns)
    {
        var wideInverse = new Vector<T>(inverse);
        var sums = Vector<T>.Zero;
        var j = 0;
        for (; j <= n - Wide<T>.Count; j += Wide<T>.Count)
        {
            var g = Wide<T>.Load(gradient + j);
            var along = g * Wide<T>.Load(cosine + j);
            sums += along;
            Wide<T>.Store(Wide<T>.Load(columns + j) + along, columns + j);
            var weight = Wide<T>.Load(weights + j) + g * wideInverse * Wide<T>.Load(inverses + j);
            Wide<T>.Store(weight, weights + j);
            Wide<T>.Store(weight, cosine + j);
        }
        var sum = Vector.Sum(sums);
        for (; j < n; j++)
        {
            var along = gradient[j] * cosine[j];
            sum += along;
            columns[j] += along;
            weights[j] += gradient[j] * inverse * inverses[j];
            cosine[j] = weights[j];
        }
        return sum * inverse * inverse;
    }

    private void BackwardDocuments(int from, int to)
    {
        var columns = to - from;
        using var slice = new Block<T>((long)InnerBlock * BlockRows);
        for (var ring = 0; ring < rings; ring++)
            for (var first = 0; first < m; first += InnerBlock)
            {
                var rows = Math.Min(InnerBlock, m - first);
                for (var i = 0; i < rows; i++)
                    new Span<T>(Cosines(ring, first + i) + from, columns).CopyTo(new Span<T>(slice.Data + i * BlockRows, columns));
                for (var panel = map.FirstOfRing[ring]; panel < map.FirstOfRing[ring + 1]; panel++)
                    Panels<T>.Product(slice.Data, 1, BlockRows, columns, packedQueries.Data + ((nint)panel * m + first) * PanelMap.Width, rows,
                        documentPanels.Data + ((nint)panel * n + from) * PanelMap.Width, PanelMap.Width, add: first > 0);
            }
    }

    private void AccumulateRadial()
    {
        for (var ring = rings - 1; ring >= 0; ring--)
        {
            for (var j = 0; j < n; j++)
            {
                var inverse = documentInverse.Data[(nint)ring * stride + j];
                documentRadial.Data[(nint)ring * stride + j] *= inverse * inverse;
            }
            if (ring == rings - 1)
                continue;
            Wide<T>.Add(documentRadial.Data + (nint)(ring + 1) * stride, documentRadial.Data + (nint)ring * stride, n);
            Wide<T>.Add(queryRadial.Data + (nint)(ring + 1) * m, queryRadial.Data + (nint)ring * m, m);
        }
    }

    private void Unpack(T* panels, int count, T* rows, T* radial, T* gradient, int from, int to)
    {
        var radialStride = radial == queryRadial.Data ? m : stride;
        for (var ring = 0; ring < rings; ring++)
            for (var panel = map.FirstOfRing[ring]; panel < map.FirstOfRing[ring + 1]; panel++)
                for (var i = from; i < to; i++)
                {
                    var (row, start) = ((nint)i * dimensions, map.Starts[panel]);
                    new Span<T>(panels + ((nint)panel * count + i) * PanelMap.Width, map.Widths[panel]).CopyTo(new Span<T>(gradient + row + start, map.Widths[panel]));
                    Wide<T>.AddScaled(rows + row + start, -radial[(nint)ring * radialStride + i], gradient + row + start, map.Widths[panel]);
                }
    }
}
