using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Matryoshka.Tests.Reliability;

/// <summary>The crash writer in a process of its own.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;

    public ChildProcess(params IEnumerable<string> arguments)
    {
        // The runtime that runs the tests runs the child too, wherever it is installed.
        var dotnet = Path.GetFullPath(Path.Join(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        process = Process.Start(new ProcessStartInfo(dotnet, [Path.Join(AppContext.BaseDirectory, "Matryoshka.CrashWriter.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    public int Id => process.Id;

    /// <summary>Waits for the child's next line, which must be this one.</summary>
    public async Task ExpectAsync(string line)
    {
        var found = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        if (found != line)
            throw new InvalidOperationException($"The child said '{found}' instead of '{line}'.");
    }

    public void Say(string line) => process.StandardInput.WriteLine(line);

    public void Kill() => process.Kill();

    /// <summary>The lines the child still said, without one that its end cut.</summary>
    public async Task<string[]> EndAsync()
    {
        var text = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await process.WaitForExitAsync().WaitAsync(Patience);
        return text.Split('\n')[..^1];
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}
