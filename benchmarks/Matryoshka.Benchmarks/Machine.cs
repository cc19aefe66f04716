using System.Globalization;
using System.Runtime.InteropServices;

namespace Matryoshka.Benchmarks;

/// <summary>What a timing depends on besides the code.</summary>
internal sealed record Machine(string Processor, int Cores, long LastLevelCacheBytes, string OperatingSystem, string Runtime, string KernelSet)
{
    private const long AssumedCache = 32L << 20;

    public static Machine Current { get; } = new(
        ProcessorName(), Environment.ProcessorCount, LastLevelCache(), RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription,
        Kernels.KernelSet.Current.Name);

    public override string ToString() =>
        $"{Processor}, {Cores} cores, last-level cache {LastLevelCacheBytes >> 20} MB, {Runtime}, {OperatingSystem}, kernel set {KernelSet}.";

    private static string ProcessorName()
    {
        if (File.Exists("/proc/cpuinfo"))
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static long LastLevelCache()
    {
        for (var level = 4; level >= 2; level--)
        {
            var path = $"/sys/devices/system/cpu/cpu0/cache/index{level}/size";
            if (File.Exists(path) && File.ReadAllText(path).Trim() is [.. var digits, 'K'])
                return long.Parse(digits, CultureInfo.InvariantCulture) << 10;
        }
        return AssumedCache;
    }
}
