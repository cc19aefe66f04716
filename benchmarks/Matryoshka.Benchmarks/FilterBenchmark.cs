namespace Matryoshka.Benchmarks;

/// <summary>
/// When a filter is so narrow that scoring its rows by number beats scanning all and dropping the others: what a row picked
/// out costs against a row scanned, at each precision, over 100,000 rows.
/// </summary>
internal static class FilterBenchmark
{
    private const int Rows = 100_000;
    private static readonly int[] OneIn = [2, 4, 8, 16, 32, 64];

    public static int Run(string[] args)
    {
        var report = Report.Start("filter", $"{Rows:N0} rows of 512 dimensions in rings 32, 64, 128, 256, 512: one row in N scored by number, against the scan of all rows. Medians.");
        foreach (var precision in (Precision[])[Precision.F16, Precision.Int8, Precision.Bit])
        {
            using var planes = new ScanPlanes(precision, Rows);
            var scan = planes.Scan(512);
            foreach (var n in OneIn)
            {
                var random = new Random(n);
                int[] picked = [.. Enumerable.Range(0, Rows).Where(_ => random.Next(n) == 0)];
                var times = Harness.Interleave(1, () => scan.Run(), () => scan.RunAt(picked));
                report.Add($"{precision} 1 in {n}", ("scan all ms", times[0] * 1e3), ("by number ms", times[1] * 1e3),
                    ("cost of a picked row in scanned rows", times[1] / picked.Length / (times[0] / Rows)));
            }
        }
        return report.Publish(args);
    }
}
