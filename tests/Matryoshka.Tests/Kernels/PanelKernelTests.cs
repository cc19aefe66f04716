using Matryoshka.Kernels;
using Xunit;

namespace Matryoshka.Tests.Kernels;

/// <summary>The product with panels, at every width, against plain sums in double.</summary>
public unsafe class PanelKernelTests
{
    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int, int>();
            foreach (var set in KernelSet.All)
                foreach (var (rows, inner) in new[] { (1, 1), (5, 3), (6, 0), (6, 64), (13, 100), (48, 257) })
                    data.Add(set.Name, rows, inner);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_product_is_that_of_plain_sums_by_rows_and_by_columns(string width, int rows, int inner)
    {
        var set = KernelSet.Choose(width);
        var random = new Random(rows * 1000 + inner);
        float[] a = Fill(rows * inner), panel = Fill(inner * KernelSet.PanelWidth), before = Fill(rows * (KernelSet.PanelWidth + 3));
        foreach (var (byColumns, add) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            var c = (float[])before.Clone();
            fixed (float* left = a, right = panel, to = c)
                set.PanelProduct(left, byColumns ? 1 : inner, byColumns ? rows : 1, rows, right, inner, to, KernelSet.PanelWidth + 3, add);
            for (var i = 0; i < rows; i++)
                for (var x = 0; x < KernelSet.PanelWidth + 3; x++)
                {
                    var at = i * (KernelSet.PanelWidth + 3) + x;
                    double expected = add || x >= KernelSet.PanelWidth ? before[at] : 0;
                    for (var k = 0; k < inner && x < KernelSet.PanelWidth; k++)
                        expected += (double)a[byColumns ? k * rows + i : i * inner + k] * panel[k * KernelSet.PanelWidth + x];
                    Assert.Equal(expected, c[at], 1e-5 * Math.Sqrt(inner + 1) + (x >= KernelSet.PanelWidth ? 0 : 1e-5));
                }
        }

        float[] Fill(int length) => [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
