namespace Matryoshka.Search;

/// <summary>
/// Arrays that do not move, one waiting a thread and type. Allocating them anew for every query fills the heap that
/// pinned arrays live in, whose collections stop a search for longer than it takes.
/// </summary>
internal static class PinnedPool<T> where T : unmanaged
{
    private const int Least = 1024;

    [ThreadStatic]
    private static T[]? waiting;

    /// <summary>An array of at least so many entries, which hold anything.</summary>
    public static T[] Rent(int length)
    {
        var array = waiting;
        waiting = null;
        return array is not null && array.Length >= length ? array : GC.AllocateUninitializedArray<T>(Math.Max(length, Least), pinned: true);
    }

    /// <summary>Gives an array back; the caller may not use it any more.</summary>
    public static void Return(T[]? array) => waiting = array ?? waiting;
}
