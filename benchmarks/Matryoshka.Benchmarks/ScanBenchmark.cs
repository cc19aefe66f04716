using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Benchmarks;

/// <summary>
/// How near an exhaustive scan comes to the memory limit: score every row of a prefix and keep the best ten, against
/// merely reading the same bytes.
/// </summary>
internal static unsafe class ScanBenchmark
{
    private static readonly int[] Prefixes = [64, 128, 256, 512];

    public static int Run(ReadOnlySpan<string> args)
    {
        int? rows = Harness.Option(args, "--rows") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
        var report = Report.Start("scan",
            "512 dimensions in rings 32, 64, 128, 256, 512, one thread: score all rows and keep the best 10, against a plain vector read of the same bytes in the same run. Medians.");
        var only = Harness.Option(args, "--precision");
        foreach (var precision in (Precision[])[Precision.F32, Precision.F16, Precision.Int8, Precision.Bit])
        {
            if (only is not null && !only.Equals(precision.ToString(), StringComparison.OrdinalIgnoreCase))
                continue;
            // The smallest prefix measured is four times the cache, so that no scan finds its rows there.
            var smallest = Prefixes[0] * (int)precision / 8;
            using var planes = new ScanPlanes(precision, rows ?? OutOfCache(smallest));
            foreach (var prefix in Prefixes)
                Measure(report, planes, prefix);
        }
        return report.Publish(args);
    }

    /// <summary>In round numbers: with a power of two, every plane starts at the same place of the cache and evicts the others.</summary>
    private static int OutOfCache(int bytesPerRow) => (int)(4 * Machine.Current.LastLevelCacheBytes / bytesPerRow / 100_000 + 1) * 100_000;

    private static void Measure(Report report, ScanPlanes planes, int prefix)
    {
        var scan = planes.Scan(prefix);
        var times = Harness.Interleave(2, () => scan.Run(), () => Read(planes.Parts(prefix)));
        var bytes = planes.Parts(prefix).Sum(part => part.Bytes);
        report.Add($"{planes.Precision} {prefix}",
            ("rows", planes.Rows), ("MB", bytes / 1e6), ("scan ms", times[0] * 1e3), ("scan GB/s", bytes / times[0] / 1e9),
            ("read GB/s", bytes / times[1] / 1e9), ("share of read %", 100 * times[1] / times[0]), ("ns a row", times[0] * 1e9 / planes.Rows));
    }

    /// <summary>The yardstick: every byte once, eight additions in flight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(ReadOnlySpan<(nint Start, long Bytes)> parts)
    {
        var sum = Vector512<long>.Zero;
        foreach (var (start, bytes) in parts)
        {
            Vector512<long> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            var end = (byte*)start + bytes;
            var at = (byte*)start;
            for (; at <= end - 512; at += 512)
            {
                a += Vector512.Load((long*)at);
                b += Vector512.Load((long*)(at + 64));
                c += Vector512.Load((long*)(at + 128));
                d += Vector512.Load((long*)(at + 192));
                e += Vector512.Load((long*)(at + 256));
                f += Vector512.Load((long*)(at + 320));
                g += Vector512.Load((long*)(at + 384));
                h += Vector512.Load((long*)(at + 448));
            }
            for (; at < end; at++)
                a += Vector512.Create((long)*at);
            sum += a + b + c + d + e + f + g + h;
        }
        consumed = Vector512.Sum(sum);
    }

    /// <summary>Keeps the read from being optimised away.</summary>
    private static long consumed;
}
