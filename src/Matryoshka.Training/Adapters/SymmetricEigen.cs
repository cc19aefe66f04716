using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Adapters;

/// <summary>
/// All eigenvalues and eigenvectors of a symmetric matrix in double: Householder reflections to a tridiagonal one, then QL
/// steps with implicit shifts (Golub and Van Loan, chapter 8). Both work on rows, so that they run along memory.
/// </summary>
internal static unsafe class SymmetricEigen
{
    private const int MostSweeps = 60;

    /// <param name="matrix">n rows of n; overwritten.</param>
    /// <param name="n">Rows.</param>
    /// <param name="work">Threads.</param>
    /// <returns>Eigenvalues from the largest down, and an eigenvector a row.</returns>
    public static (double[] Values, Block<double> Vectors) Solve(Block<double> matrix, int n, Work work)
    {
        var (diagonal, beside) = (new double[n], new double[n]);
        var factors = Tridiagonalise(matrix, n, diagonal, beside, work);
        var vectors = Reflections(matrix, n, factors, work);
        Rotate(diagonal, beside, n, vectors);
        return Sorted(diagonal, vectors, n);
    }

    // Step k clears row k beyond its neighbour. The reflection's vector stays in row k from column k + 1 on.
    private static double[] Tridiagonalise(Block<double> matrix, int n, double[] diagonal, double[] beside, Work work)
    {
        var a = matrix.Data;
        var factors = new double[n];
        using Block<double> product = new(n);
        for (var k = 0; k < n - 2; k++)
        {
            var v = a + (nint)k * n;
            var first = k + 1;
            diagonal[k] = v[k];
            var length = Math.Sqrt(Wide<double>.Dot(v + first, v + first, n - first));
            if (length == 0)
                continue;
            var alpha = v[first] > 0 ? -length : length;
            beside[k] = alpha;
            v[first] -= alpha;
            var factor = factors[k] = 2 / Wide<double>.Dot(v + first, v + first, n - first);
            work.ForRanges(n - first, 64, (from, to) =>
            {
                for (var i = first + from; i < first + to; i++)
                    product.Data[i] = factor * Wide<double>.Dot(a + (nint)i * n + first, v + first, n - first);
            });
            var along = factor / 2 * Wide<double>.Dot(product.Data + first, v + first, n - first);
            Wide<double>.AddScaled(v + first, -along, product.Data + first, n - first);
            work.ForRanges(n - first, 64, (from, to) =>
            {
                for (var i = first + from; i < first + to; i++)
                {
                    var row = a + (nint)i * n + first;
                    Wide<double>.AddScaled(product.Data + first, -v[i], row, n - first);
                    Wide<double>.AddScaled(v + first, -product.Data[i], row, n - first);
                }
            });
        }
        for (var k = Math.Max(0, n - 2); k < n; k++)
            diagonal[k] = a[(nint)k * n + k];
        if (n > 1)
            beside[n - 2] = a[(nint)(n - 2) * n + n - 1];
        return factors;
    }

    // The product of all reflections, transposed: row i is column i of it.
    private static Block<double> Reflections(Block<double> matrix, int n, double[] factors, Work work)
    {
        var q = new Block<double>((long)n * n);
        for (var i = 0; i < n; i++)
            q.Data[(nint)i * n + i] = 1;
        work.ForRanges(n, 16, (from, to) =>
        {
            for (var i = from; i < to; i++)
                for (var k = Math.Min(n - 3, i - 1); k >= 0; k--)
                {
                    var v = matrix.Data + (nint)k * n + k + 1;
                    var row = q.Data + (nint)i * n + k + 1;
                    Wide<double>.AddScaled(v, -factors[k] * Wide<double>.Dot(row, v, n - k - 1), row, n - k - 1);
                }
        });
        return q;
    }

    private static void Rotate(double[] d, double[] e, int n, Block<double> vectors)
    {
        for (var l = 0; l < n; l++)
            for (var sweep = 0; ; sweep++)
            {
                var m = l;
                while (m < n - 1 && Math.Abs(e[m]) > 1e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1])) && Math.Abs(e[m]) > double.Epsilon)
                    m++;
                if (m == l)
                    break;
                if (sweep == MostSweeps)
                    throw new TrainingException("The principal components did not converge; the vectors may hold extreme values.");
                Sweep(d, e, l, m, n, vectors);
            }
    }

    private static void Sweep(double[] d, double[] e, int l, int m, int n, Block<double> vectors)
    {
        var g = (d[l + 1] - d[l]) / (2 * e[l]);
        var r = double.Hypot(g, 1);
        g = d[m] - d[l] + e[l] / (g + Math.CopySign(r, g));
        double s = 1, c = 1, p = 0;
        for (var i = m - 1; i >= l; i--)
        {
            var (f, b) = (s * e[i], c * e[i]);
            r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= p;
                e[m] = 0;
                return;
            }
            (s, c) = (f / r, g / r);
            g = d[i + 1] - p;
            r = (d[i] - g) * s + 2 * c * b;
            p = s * r;
            d[i + 1] = g + p;
            g = c * r - b;
            RotateRows(vectors.Data + (nint)i * n, vectors.Data + (nint)(i + 1) * n, c, s, n);
        }
        d[l] -= p;
        e[l] = g;
        e[m] = 0;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static void RotateRows(double* low, double* high, double c, double s, int n)
    {
        var (cosine, sine) = (new System.Numerics.Vector<double>(c), new System.Numerics.Vector<double>(s));
        var k = 0;
        for (; k <= n - Wide<double>.Count; k += Wide<double>.Count)
        {
            var (x, y) = (Wide<double>.Load(low + k), Wide<double>.Load(high + k));
            Wide<double>.Store(sine * x + cosine * y, high + k);
            Wide<double>.Store(cosine * x - sine * y, low + k);
        }
        for (; k < n; k++)
            (high[k], low[k]) = (s * low[k] + c * high[k], c * low[k] - s * high[k]);
    }

    private static (double[] Values, Block<double> Vectors) Sorted(double[] values, Block<double> vectors, int n)
    {
        var order = Enumerable.Range(0, n).OrderByDescending(i => values[i]).ToArray();
        var sorted = new Block<double>((long)n * n);
        for (var i = 0; i < n; i++)
            vectors.Slice((long)order[i] * n, n).CopyTo(sorted.Slice((long)i * n, n));
        vectors.Dispose();
        return ([.. order.Select(i => values[i])], sorted);
    }
}
