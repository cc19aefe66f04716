using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>The tool as a process of its own: streams, exit codes, signals.</summary>
public sealed class ProcessTests(SampleStore sample) : IClassFixture<SampleStore>
{
    private static readonly string Tool = Path.Join(AppContext.BaseDirectory, "mrl.dll");

    [Fact]
    public async Task Json_goes_to_standard_output_alone()
    {
        var (code, output, error) = await Run("search", "log rotation", "-c", sample.Path, "--json");
        Assert.Equal((0, ""), (code, error));
        using var document = JsonDocument.Parse(output);
        Assert.Equal("guide.md#0", document.RootElement.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task An_error_goes_to_standard_error_in_one_line()
    {
        var (code, output, error) = await Run("info", "-c", sample.At("nowhere"));
        Assert.Equal((1, ""), (code, output));
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("mrl: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_ends_with_2()
    {
        Assert.Equal(2, (await Run("search", "x", "--no-such-option")).Code);
    }

    [Fact]
    public async Task An_interrupt_ends_with_130_after_a_clean_stop()
    {
        if (OperatingSystem.IsWindows())
            return;
        const int Rows = 500_000;
        var raw = sample.At($"big.{Rows}x8.f32");
        using (var stream = File.Create(raw))
            for (var row = 0; row < Rows; row++)
                stream.Write(MemoryMarshal.AsBytes(TestVectors.Vector(row, 8).AsSpan()));
        var target = sample.At("interrupted.mrl");
        using var process = Start("import", raw, "--no-nesting", "-c", target);
        while (!process.HasExited && !Stored(target))
            await Task.Delay(5);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 130, $"{process.ExitCode}: {error}");
        Assert.Contains("interrupted; ", error, StringComparison.Ordinal);
        Assert.Equal(0, (await Run("verify", "-q", "-c", target)).Code);
    }

    private static bool Stored(string target)
    {
        try
        {
            using var collection = Collection.Open(target);
            return collection.GetInfo().Records > 0;
        }
        catch (MatryoshkaException)
        {
            return false;
        }
    }

    private static async Task<(int Code, string Out, string Error)> Run(params string[] args)
    {
        using var process = Start(args);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private static Process Start(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Tool);
        foreach (var arg in args)
            start.ArgumentList.Add(arg);
        return Process.Start(start)!;
    }
}
