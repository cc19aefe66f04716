namespace Matryoshka.Documents;

/// <summary>Something in a source that could not be read, or could only be read with a guess. Never the end of a run.</summary>
/// <param name="Source">The source's name, or the path as it was given when there is no such source.</param>
/// <param name="Line">The line of the source, from 1; null when it concerns the whole source or the format has no lines.</param>
/// <param name="Message">What was found, what is allowed and what to do, fit to show to a user.</param>
public sealed record DocumentFailure(string Source, long? Line, string Message)
{
    /// <summary>True when nothing was lost: the content was read, but by a guess worth telling.</summary>
    public bool IsWarning { get; init; }

    /// <summary>The failure on one line: <c>source:line: message</c>.</summary>
    public override string ToString() => Line is { } line ? $"{Source}:{line}: {Message}" : $"{Source}: {Message}";
}
