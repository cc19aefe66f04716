using System.Text.Json.Nodes;

namespace Matryoshka.Documents;

/// <summary>A piece ready to be embedded and stored.</summary>
/// <param name="Key">The key in the collection, see <see cref="PieceKeys"/>.</param>
/// <param name="Text">What is embedded and shown.</param>
/// <param name="Source">The name of the source it came from.</param>
/// <param name="Position">
/// Where in the source, to be stored as metadata <c>position</c>: <c>page</c> and <c>line</c> (from 1), <c>lastLine</c>, <c>start</c> and
/// <c>length</c> (characters of the text as read), <c>heading</c>; each only where the format has it. A record that is one piece has its
/// <c>line</c> only. Null when there is nothing to tell.
/// </param>
/// <param name="Metadata">The document's metadata, with its <c>title</c>; null when there is none. Each piece has its own copy.</param>
public sealed record IndexPiece(string Key, string Text, string Source, JsonObject? Position, JsonObject? Metadata);
