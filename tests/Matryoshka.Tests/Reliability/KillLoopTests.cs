using System.Globalization;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>A child writes until it is killed, at a moment drawn from a seed; what it acknowledged must be there, every time.</summary>
public sealed class KillLoopTests : IDisposable
{
    private const int Collections = 4;
    private const int LongestLife = 60;
    private const int LongestStart = 450;

    private readonly FastFolder folder = new();

    // MATRYOSHKA_KILL_CYCLES=100000 runs for a night.
    private static readonly int Cycles = int.TryParse(Environment.GetEnvironmentVariable("MATRYOSHKA_KILL_CYCLES"), NumberStyles.None, CultureInfo.InvariantCulture, out var cycles) ? cycles : 200;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_killed_writer_loses_nothing_it_acknowledged_and_leaves_nothing_half_done()
    {
        var acknowledged = 0;
        var cut = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, Collections), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(Environment.ProcessorCount, 1) }, async (seed, _) =>
        {
            var (done, midway) = await GrowAsync(folder.At($"c{seed}"), seed, Cycles / Collections);
            Interlocked.Add(ref acknowledged, done);
            Interlocked.Add(ref cut, midway);
        });
        TestContext.Current.SendDiagnosticMessage($"{Cycles} kills: {acknowledged} operations acknowledged, {cut} found wholly or partly done without.");
        Assert.True(acknowledged > Cycles / 2, $"{acknowledged} operations in {Cycles} cycles: the children die before they work");
    }

    private static async Task<(int Acknowledged, int Cut)> GrowAsync(string directory, int seed, int cycles)
    {
        var random = new Random(seed);
        var stream = new OperationStream(seed);
        var model = new Model();
        var (acknowledged, cut, next) = (0, 0, 0);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            var early = cycle % 5 == 0; // killed while it creates, opens or writes for the first time
            using var child = new ChildProcess(["write", directory, $"{seed}", $"{next}", .. early ? ["early"] : Array.Empty<string>()]);
            await child.ExpectAsync("ready");
            if (!early)
                await child.ExpectAsync($"done {next}"); // compiled by now: what follows takes milliseconds
            await Task.Delay(random.Next(early ? LongestStart : LongestLife));
            child.Kill();
            var done = (await child.EndAsync()).Length + (early ? 0 : 1);
            for (var i = 0; i < done; i++)
                model = stream[next + i].States(model)[^1];
            acknowledged += done;
            next += done;
            if (!Collection.Exists(directory))
            {
                Assert.True(acknowledged == 0, $"seed {seed}, cycle {cycle}: the collection is gone");
                continue;
            }
            var states = stream[next].States(model);
            using var collection = Collection.Open(directory, SeededVectors.Open);
            var match = await SoundCollection.MatchAsync(collection, states, $"seed {seed}, cycle {cycle}, {done} done, then killed in operation {next}, {stream[next].Name}");
            cut += match > 0 ? 1 : 0;
            model = states[match];
            next++; // else one long operation would be cut off for ever
        }
        return (acknowledged, cut);
    }
}
