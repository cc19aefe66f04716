using System.Numerics;
using System.Runtime.CompilerServices;
using Matryoshka.Kernels;

namespace Matryoshka.Training.Arithmetic;

/// <summary>
/// How the columns of vectors are cut into panels of 32 for the products of <see cref="KernelSet.PanelProduct"/>: no panel
/// reaches over the border of a ring, so every ring is whole panels, the last one filled up with zeros.
/// </summary>
internal sealed class PanelMap
{
    public const int Width = KernelSet.PanelWidth;

    public PanelMap(ReadOnlySpan<int> nested)
    {
        var starts = new List<int>();
        var widths = new List<int>();
        FirstOfRing = new int[nested.Length + 1];
        var from = 0;
        for (var ring = 0; ring < nested.Length; from = nested[ring++])
        {
            FirstOfRing[ring] = starts.Count;
            for (var start = from; start < nested[ring]; start += Width)
            {
                starts.Add(start);
                widths.Add(Math.Min(Width, nested[ring] - start));
            }
        }
        FirstOfRing[^1] = starts.Count;
        (Starts, Widths) = ([.. starts], [.. widths]);
    }

    public int Count => Starts.Length;

    /// <summary>First column of each panel.</summary>
    public int[] Starts { get; }

    /// <summary>Columns of each panel that are not filling.</summary>
    public int[] Widths { get; }

    /// <summary>The first panel of each ring, and the number of panels at the end.</summary>
    public int[] FirstOfRing { get; }
}

/// <summary>Products and the layouts they want, in float on the kernels, in double by plain loops.</summary>
internal static unsafe class Panels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc cref="KernelSet.PanelProduct"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Product(T* a, nint aRow, nint aInner, int rows, T* panel, int inner, T* c, nint cRow, bool add)
    {
        if (typeof(T) == typeof(float))
        {
            KernelSet.Current.PanelProduct((float*)a, aRow, aInner, rows, (float*)panel, inner, (float*)c, cRow, add);
            return;
        }
        for (var i = 0; i < rows; i++)
            for (var x = 0; x < PanelMap.Width; x++)
            {
                var sum = add ? c[i * cRow + x] : T.Zero;
                for (var k = 0; k < inner; k++)
                    sum += a[i * aRow + k * aInner] * panel[k * PanelMap.Width + x];
                c[i * cRow + x] = sum;
            }
    }

    /// <summary>Rows of vectors into panels of columns: panel, row, column.</summary>
    public static void Pack(T* rows, int count, int dimensions, PanelMap map, int panel, T* to)
    {
        var (start, width) = (map.Starts[panel], map.Widths[panel]);
        for (var i = 0; i < count; i++)
        {
            var from = new Span<T>(rows + (nint)i * dimensions + start, width);
            var row = new Span<T>(to + (nint)i * PanelMap.Width, PanelMap.Width);
            from.CopyTo(row);
            row[width..].Clear();
        }
    }

    /// <summary>Thirty-two rows of vectors, as many as there are, into one panel of the transposed matrix: column, row.</summary>
    public static void PackTransposed(T* rows, int first, int count, int dimensions, T* to)
    {
        var here = Math.Min(PanelMap.Width, count - first);
        for (var k = 0; k < dimensions; k++)
        {
            for (var i = 0; i < here; i++)
                to[(nint)k * PanelMap.Width + i] = rows[(nint)(first + i) * dimensions + k];
            for (var i = here; i < PanelMap.Width; i++)
                to[(nint)k * PanelMap.Width + i] = T.Zero;
        }
    }
}
