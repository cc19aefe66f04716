using System.Collections.Concurrent;

namespace Matryoshka.Tests.Remote;

/// <summary>
/// Answers, fails one request in twenty (429, 500, a reset, a body cut with and without a length announced), and writes down
/// which texts went out in a whole answer.
/// </summary>
internal sealed class FaultLedger(Func<Received, Reply> honest, string field = "input")
{
    private const int FaultEvery = 20;

    private int requests;

    /// <summary>The request from which everything is refused.</summary>
    public int RefusesFrom { get; set; } = int.MaxValue;

    public ConcurrentDictionary<string, int> Answered { get; } = new();

    public ConcurrentBag<string> SentAgain { get; } = [];

    public int[] Faults { get; } = new int[5];

    public Reply Answer(Received request)
    {
        var texts = request.Texts(field);
        foreach (var text in texts)
            if (Answered.ContainsKey(text))
                SentAgain.Add(text);
        var number = Interlocked.Increment(ref requests);
        if (number >= RefusesFrom)
            return new(400, """{"error":{"message":"the account is closed"}}""");
        var answer = honest(request) with
        {
            Sent = () =>
            {
                foreach (var text in texts)
                    Answered[text] = number;
            },
        };
        if (number % FaultEvery != 0)
            return answer;
        var fault = number / FaultEvery % 5;
        Interlocked.Increment(ref Faults[fault]);
        return fault switch
        {
            0 => new(429, """{"error":{"message":"slow down"}}""") { Headers = [("retry-after-ms", "3")] },
            1 => new(500, "Internal Server Error"),
            2 => Reply.Reset,
            3 => answer with { CutAt = answer.Body.Length * (number % 97) / 97 },
            _ => answer with { CutAt = answer.Body.Length - 1 - (number % 50), EndsByClosing = true },
        };
    }
}
