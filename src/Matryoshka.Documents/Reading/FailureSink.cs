namespace Matryoshka.Documents.Reading;

/// <summary>Reports the failures of one source, the first ones singly and the others as one count: a million bad lines are one fact.</summary>
internal sealed class FailureSink(string source, int limit, Action<DocumentFailure> onFailure)
{
    private long _failures;
    private bool _warnedEncoding;

    public void Fail(string message, long? line = null)
    {
        if (++_failures <= limit) onFailure(new(source, line, message));
    }

    public void Warn(string message, long? line = null) => onFailure(new(source, line, message) { IsWarning = true });

    public void WarnEncoding(long? line = null)
    {
        if (_warnedEncoding) return;
        _warnedEncoding = true;
        Warn("The text is not valid UTF-8; it was read as Windows-1252. Save it as UTF-8 if characters look wrong.", line);
    }

    /// <summary>To be called once, at the end of the source.</summary>
    public void Complete()
    {
        if (_failures > limit) onFailure(new(source, null, $"{_failures - limit} more failures of this source were not reported singly."));
    }
}
