using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Matryoshka.Tests.Remote;

namespace Matryoshka.Benchmarks;

/// <summary>A server process that answers every request for embeddings at once with the same vectors, so that the client's own cost is what is left.</summary>
internal sealed class RemoteServer : IDisposable
{
    private readonly Process process;

    private RemoteServer(Process process, Uri address)
    {
        this.process = process;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Starts the server as a child process.</summary>
    /// <param name="texts">Texts of a request; every request must have as many.</param>
    /// <param name="dimensions">Components of a vector.</param>
    /// <param name="base64">Whether vectors are sent as base64 or as numbers.</param>
    public static RemoteServer Start(int texts, int dimensions, bool base64)
    {
        var self = typeof(RemoteServer).Assembly.Location;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in new[] { self, "remote-server", $"{texts}", $"{dimensions}", base64 ? "base64" : "float" })
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        return new(process, new Uri(process.StandardOutput.ReadLine()!));
    }

    /// <summary>The child: prints its address and serves until its input ends.</summary>
    public static int Run(string[] args)
    {
        var answer = Encoding.UTF8.GetBytes(Answer(int.Parse(args[0], CultureInfo.InvariantCulture), int.Parse(args[1], CultureInfo.InvariantCulture), args[2] == "base64"));
        using var server = new LoopbackServer(_ => new Reply(200, answer), remember: false);
        Console.WriteLine(server.Address);
        while (Console.Read() >= 0)
        {
        }
        return 0;
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static string Answer(int texts, int dimensions, bool base64)
    {
        var random = new Random(7);
        var entries = Enumerable.Range(0, texts).Select(i => $$"""{"object":"embedding","index":{{i}},"embedding":{{Vector()}} }""");
        return $$$"""{"object":"list","data":[{{{string.Join(',', entries)}}}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}""";

        string Vector()
        {
            var vector = new float[dimensions];
            for (var i = 0; i < dimensions; i++)
                vector[i] = (float)((random.NextDouble() - 0.5) / 10);
            return base64
                ? $"\"{Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()))}\""
                : "[" + string.Join(',', vector.Select(x => x.ToString("R", CultureInfo.InvariantCulture))) + "]";
        }
    }
}
