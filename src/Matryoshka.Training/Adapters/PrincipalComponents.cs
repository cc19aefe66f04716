using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Adapters;

/// <summary>
/// The axes along which rows differ most, the most telling first (PCA). About the mean the directions are found; applied
/// without subtracting it they are a rotation, which leaves every cosine between whole vectors as it was.
/// </summary>
internal static unsafe class PrincipalComponents
{
    private const int RowsAtOnce = 512;

    /// <param name="rows">Rows of unit length.</param>
    /// <param name="count">How many.</param>
    /// <param name="dimensions">Components of a row.</param>
    /// <param name="work">Threads.</param>
    /// <returns>An axis a row, and the variance along each.</returns>
    public static (double[] Variances, Block<double> Axes) Of(Block<float> rows, int count, int dimensions, Work work)
    {
        var covariance = Products(rows, count, dimensions, work);
        var mean = new double[dimensions];
        for (var i = 0; i < count; i++)
            for (var k = 0; k < dimensions; k++)
                mean[k] += rows.Data[(nint)i * dimensions + k];
        work.ForEach(dimensions, k =>
        {
            for (var j = 0; j < dimensions; j++)
                covariance.Data[(nint)k * dimensions + j] = covariance.Data[(nint)k * dimensions + j] / count - mean[k] / count * (mean[j] / count);
        });
        using (covariance)
            return SymmetricEigen.Solve(covariance, dimensions, work);
    }

    // Blocks of rows in float, their sums in double: long sums in float would lose the small variances.
    private static Block<double> Products(Block<float> rows, int count, int dimensions, Work work)
    {
        var sum = new Block<double>((long)dimensions * dimensions);
        var map = new PanelMap([dimensions]);
        using Block<float> packed = new((long)map.Count * RowsAtOnce * PanelMap.Width);
        for (var first = 0; first < count; first += RowsAtOnce)
        {
            var here = Math.Min(RowsAtOnce, count - first);
            var from = rows.Data + (nint)first * dimensions;
            work.ForEach(map.Count, panel => Panels<float>.Pack(from, here, dimensions, map, panel, packed.Data + (nint)panel * RowsAtOnce * PanelMap.Width));
            work.ForEach(map.Count, panel =>
            {
                using Block<float> products = new((long)dimensions * PanelMap.Width);
                Panels<float>.Product(from, 1, dimensions, dimensions, packed.Data + (nint)panel * RowsAtOnce * PanelMap.Width, here, products.Data, PanelMap.Width, add: false);
                for (var k = 0; k < dimensions; k++)
                    for (var x = 0; x < map.Widths[panel]; x++)
                        sum.Data[(nint)k * dimensions + map.Starts[panel] + x] += products.Data[(nint)k * PanelMap.Width + x];
            });
        }
        return sum;
    }
}
