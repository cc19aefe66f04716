using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Matryoshka.Tuning.Cost;

/// <summary>What the figures depend on besides the collection.</summary>
internal sealed record Machine(string Processor, int Cores, string OperatingSystem, string Runtime)
{
    public static Machine Current() => new(ProcessorName(), Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription);

    /// <summary>In a line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Processor}, {Cores} cores, {OperatingSystem}, {Runtime}");

    /// <summary>Bytes of physical memory this process takes now and has taken at most, mapped files included.</summary>
    public static (long Now, long Peak) ResidentBytes()
    {
        const string Status = "/proc/self/status";
        if (File.Exists(Status))
        {
            var lines = File.ReadAllLines(Status);
            if (Kilobytes(lines, "VmRSS:") is { } now && Kilobytes(lines, "VmHWM:") is { } peak)
                return (now * 1024, peak * 1024);
        }
        using var process = Process.GetCurrentProcess();
        return (process.WorkingSet64, process.PeakWorkingSet64);
    }

    private static long? Kilobytes(string[] lines, string name)
    {
        foreach (var line in lines)
            if (line.StartsWith(name, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(name.Length).Trim().TrimEnd("kB "), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return number;
        return null;
    }

    private static string ProcessorName()
    {
        const string Information = "/proc/cpuinfo";
        if (File.Exists(Information))
            foreach (var line in File.ReadLines(Information))
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
