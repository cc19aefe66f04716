namespace Matryoshka.Documents.Reading;

/// <summary>What a reader of a format is given.</summary>
internal sealed record ReadContext(DocumentSource Source, Stream Stream, DocumentReadOptions Options, FailureSink Failures);
