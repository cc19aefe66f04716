using System.Diagnostics;
using System.Globalization;

namespace Matryoshka.Benchmarks;

/// <summary>Runs the tool as a user does: a process of its own, the build of the launcher script.</summary>
internal static class MrlProcess
{
    public static string Launcher => Path.Join(Texts.Root(), "mrl");

    /// <summary>Wall time from start to exit, and the largest resident memory seen.</summary>
    public static (double Seconds, double PeakMegabytes) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Launcher, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var peak = 0.0;
        while (!process.WaitForExit(20))
            peak = Math.Max(peak, Peak(process.Id));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Task.WaitAll(output, errors);
        return process.ExitCode == 0 ? (seconds, peak) : throw new MatryoshkaException($"mrl {string.Join(' ', arguments)} failed: {errors.Result}");
    }

    private static double Peak(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1000;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
