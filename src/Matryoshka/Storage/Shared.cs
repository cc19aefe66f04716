namespace Matryoshka.Storage;

/// <summary>
/// Memory that snapshots share: it counts its users and goes with the last one. No pointer or span taken from it may be
/// used after its user released it.
/// </summary>
internal abstract class Shared
{
    private int references = 1;

    /// <summary>Adds a user. The caller must be one itself, or hold the lock under which the last one would release.</summary>
    public void AddRef()
    {
        for (var seen = Volatile.Read(ref references); ;)
        {
            ObjectDisposedException.ThrowIf(seen <= 0, this);
            var before = Interlocked.CompareExchange(ref references, seen + 1, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    /// <summary>Removes a user; the last one frees the memory.</summary>
    public void Release()
    {
        var left = Interlocked.Decrement(ref references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
            Free();
    }

    protected abstract void Free();
}
