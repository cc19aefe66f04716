using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Matryoshka.Remote.Cache;
using Microsoft.Data.Sqlite;

namespace Matryoshka.Remote;

/// <summary>
/// Full vectors by model, role and text, in one SQLite file: each is stored once, without loss, and serves every
/// dimension. Texts are not stored, only hashes of them. Several processes may use one file at once; several threads one
/// object.
/// </summary>
public sealed class MatryoshkaCache : IDisposable
{
    /// <summary>The size kept when none is given: 1 GiB, some 350,000 vectors of 768 dimensions.</summary>
    public const long DefaultMaxBytes = 1L << 30;

    /// <summary>The smallest size that can be kept: 1 MiB.</summary>
    public const long SmallestMaxBytes = 1L << 20;

    // Marking an entry as used is a write: once an hour an entry is enough, and not at every hit.
    private const long TouchAfterMilliseconds = 3_600_000;
    private const int MostTouched = 1024;

    private readonly Lock gate = new();
    private readonly string path;
    private readonly long maxBytes;
    private readonly TimeProvider clock;
    private readonly VectorCacheFile file;
    private readonly HashSet<long> touched = [];

    private MatryoshkaCache(string path, long maxBytes, TimeProvider clock, VectorCacheFile file)
    {
        this.path = path;
        this.maxBytes = maxBytes;
        this.clock = clock;
        this.file = file;
    }

    /// <summary>Opens a cache file, creating it and its folder if need be.</summary>
    /// <param name="path">The file. SQLite keeps two more beside it while it is open.</param>
    /// <param name="maxBytes">About how large it may become, <see cref="SmallestMaxBytes"/> or more; the entries unused for longest then give way.</param>
    /// <param name="timeProvider">The clock by which entries age; null for the system's.</param>
    /// <exception cref="MatryoshkaException">The file is damaged, of another version, or cannot be opened.</exception>
    public static MatryoshkaCache Open(string path, long maxBytes = DefaultMaxBytes, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (maxBytes < SmallestMaxBytes)
            throw new MatryoshkaException($"A cache of {maxBytes} bytes was asked for; {SmallestMaxBytes} or more are allowed.");
        path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new(path, maxBytes, timeProvider ?? TimeProvider.System, VectorCacheFile.Open(path));
        }
        catch (SqliteException error)
        {
            throw Failed(path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MatryoshkaException($"The cache '{path}' cannot be opened: {error.Message}", error);
        }
    }

    /// <summary>The number of vectors held.</summary>
    public long Count => Locked(() => file.Count);

    /// <summary>The bytes in use, without the write-ahead log.</summary>
    public long Bytes => Locked(() => file.Bytes);

    /// <summary>Writes what is pending and closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            try
            {
                if (touched.Count > 0)
                    Write(() => { });
            }
            catch (SqliteException)
            {
                // Only the order of eviction is lost, and there is no one left to tell.
            }
            file.Dispose();
        }
    }

    /// <summary>The key of a text: a hash of the recipe's fingerprint, the role and the text.</summary>
    internal static byte[] Key(string fingerprint, EmbeddingRole role, string text)
    {
        // UTF-16 as it lies in memory: a lone surrogate would not survive UTF-8, and two texts would share a key.
        var whole = ArrayPool<char>.Shared.Rent(fingerprint.Length + text.Length + 3);
        try
        {
            $"{fingerprint}\0{(role == EmbeddingRole.Query ? 'q' : 'd')}\0".CopyTo(whole);
            text.CopyTo(whole.AsSpan(fingerprint.Length + 3));
            return SHA256.HashData(MemoryMarshal.AsBytes(whole.AsSpan(0, fingerprint.Length + text.Length + 3)))[..VectorCacheFile.KeyBytes];
        }
        finally
        {
            ArrayPool<char>.Shared.Return(whole);
        }
    }

    /// <summary>The full vectors stored under keys; null where there is none.</summary>
    internal float[]?[] Read(IReadOnlyList<byte[]> keys, int full) => Locked(() =>
    {
        var vectors = new float[]?[keys.Count];
        var old = Now - TouchAfterMilliseconds;
        // One statement is a transaction of its own.
        if (keys.Count > 1)
            file.BeginRead();
        try
        {
            for (var i = 0; i < keys.Count; i++)
            {
                var vector = new float[full];
                if (!file.TryRead(keys[i], vector, out var used))
                    continue;
                vectors[i] = vector;
                if (used <= old)
                    touched.Add(VectorCacheFile.HashOf(keys[i]));
            }
            if (keys.Count > 1)
                file.Commit();
        }
        finally
        {
            file.Rollback();
        }
        if (touched.Count >= MostTouched)
            Write(() => { });
        return vectors;
    });

    /// <summary>Stores full vectors in one transaction.</summary>
    internal void Store(IReadOnlyList<(byte[] Key, ReadOnlyMemory<float> Vector)> entries) => Locked(() =>
    {
        Write(() =>
        {
            MakeRoom(entries.Count);
            foreach (var (key, vector) in entries)
            {
                file.Store(VectorCacheFile.HashOf(key), PackedVector.Encode(key, vector.Span), Now);
            }
        });
        return 0;
    });

    // Milliseconds: slots are filled again out of order, so that the time alone tells the newest entries of a long import.
    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Write(Action work)
    {
        file.Begin();
        try
        {
            foreach (var hash in touched)
                file.Touch(hash, Now);
            work();
            file.Commit();
            touched.Clear();
        }
        finally
        {
            file.Rollback();
        }
    }

    // Freed slots take new vectors without the file growing. Beyond a tenth too much, which only a mixture of vector sizes
    // can cause, entries go even so, until whole pages are free.
    private void MakeRoom(int entries)
    {
        var bytes = file.Bytes;
        if (bytes < maxBytes || (file.HasFree(entries) && bytes < maxBytes + (maxBytes / 10)))
            return;
        file.Evict(Math.Max(entries, file.Count / 20));
    }

    private T Locked<T>(Func<T> work)
    {
        lock (gate)
        {
            try
            {
                return work();
            }
            catch (SqliteException error)
            {
                throw Failed(path, error);
            }
        }
    }

    // SQLITE_CORRUPT and SQLITE_NOTADB.
    private static MatryoshkaException Failed(string path, SqliteException error) => new(
        error.SqliteErrorCode is 11 or 26 ? $"The cache '{path}' is damaged or not a cache: remove it; it holds nothing that cannot be computed again."
        : $"The cache '{path}' cannot be used: {error.Message}", error);
}
