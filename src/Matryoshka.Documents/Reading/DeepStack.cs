namespace Matryoshka.Documents.Reading;

/// <summary>Runs a parser on a thread of its own with a stack for deep recursion: overflowing a stack ends the process and cannot be caught.</summary>
internal static class DeepStack
{
    /// <summary>The stack of such a thread. Address space, not memory: pages of it are only touched when the recursion gets there.</summary>
    public const int Bytes = 128 << 20;

    /// <summary>Starts the work; the thread does not keep the process alive, so work that never ends can be abandoned.</summary>
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }, Bytes)
        { IsBackground = true, Name = "Document parser" };
        thread.Start();
        return done.Task;
    }
}
