namespace Matryoshka.Documents.Splitting;

/// <summary>The smallest run of text that pieces are put together from: a sentence or line, a word of one too long, a part of a word.</summary>
/// <param name="Start">Where it starts in the document's text.</param>
/// <param name="End">Where it ends, without the whitespace after it.</param>
/// <param name="Tokens">Its tokens; 0 for one that only a character limit ended.</param>
/// <param name="Page">The page of its block; 0 without pages.</param>
/// <param name="IsHeading">Whether it is (part of) a heading.</param>
/// <param name="Context">The headings above it, without itself.</param>
/// <param name="Section">The headings it stands under, itself included.</param>
internal readonly record struct Atom(int Start, int End, int Tokens, int Page, bool IsHeading, HeadingPath Context, HeadingPath Section);
