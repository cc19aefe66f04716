namespace Matryoshka;

/// <summary>A file of a collection whose bytes are not what was written: damaged, cut, or of another collection.</summary>
public sealed class CorruptFileException : MatryoshkaException
{
    /// <summary>Creates the error for one field of a file.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="offset">Byte in the file at which the contradiction was found.</param>
    /// <param name="what">The field, to read "<paramref name="what"/> should be ...".</param>
    /// <param name="expected">The value or range that a whole file has there.</param>
    /// <param name="found">The value found.</param>
    public CorruptFileException(string file, long offset, string what, string expected, string found)
        : base($"{file} is damaged at byte {offset}: {what} should be {expected} but is {found}. Verify the collection to see what else is affected, then restore the file from a backup or index its sources again.")
    {
        File = file;
        Offset = offset;
        Expected = expected;
        Found = found;
    }

    internal CorruptFileException(string file, string problem)
        : base($"{file} is damaged: {problem}. Verify the collection to see what else is affected, then restore the file from a backup or index its sources again.")
    {
        File = file;
        Offset = -1;
        Expected = Found = "";
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Byte in the file at which the contradiction was found; -1 when it lies in no one place.</summary>
    public long Offset { get; }

    /// <summary>The value or range that a whole file has there.</summary>
    public string Expected { get; }

    /// <summary>The value found.</summary>
    public string Found { get; }
}

/// <summary>A file written in a format older than this version of the library can read.</summary>
public sealed class FormatTooOldException : MatryoshkaException
{
    /// <summary>Creates the error for a file of format <paramref name="found"/> where <paramref name="oldest"/> is the oldest that can be read.</summary>
    public FormatTooOldException(string file, long found, long oldest)
        : base($"{file} has format version {found}, but this version of Matryoshka reads {oldest} and later. Rewrite the collection with a version that reads both.")
    {
        File = file;
        Found = found;
        Oldest = oldest;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Version of the file's format.</summary>
    public long Found { get; }

    /// <summary>The oldest version that can be read.</summary>
    public long Oldest { get; }
}

/// <summary>A file written in a format newer than this version of the library knows.</summary>
public sealed class FormatTooNewException : MatryoshkaException
{
    /// <summary>Creates the error for a file of format <paramref name="found"/> where <paramref name="newest"/> is the newest known.</summary>
    public FormatTooNewException(string file, long found, long newest)
        : base($"{file} has format version {found}, but this version of Matryoshka knows formats up to {newest}. Install a newer version of Matryoshka to open it.")
    {
        File = file;
        Found = found;
        Newest = newest;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Version of the file's format.</summary>
    public long Found { get; }

    /// <summary>The newest version known.</summary>
    public long Newest { get; }
}
