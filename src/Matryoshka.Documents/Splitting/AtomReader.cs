namespace Matryoshka.Documents.Splitting;

/// <summary>Cuts a block into atoms, none of them over a limit, counting each character a bounded number of times.</summary>
internal sealed class AtomReader(string text, TokenCounter count, int maxCharacters)
{
    /// <summary>The atoms of a block in order, made from a template of what they have in common; only whitespace lies between them.</summary>
    public IEnumerable<Atom> Read(DocumentBlock block, Atom template, int maxTokens)
    {
        var prose = block.Kind is not (BlockKind.Code or BlockKind.Table);
        var lines = block.Kind is not (BlockKind.Paragraph or BlockKind.Heading);
        var blockEnd = block.Start + block.Length;
        for (var start = block.Start; (start = SkipBlank(start, blockEnd, lines)) < blockEnd;)
        {
            var end = start + Sentences.End(text.AsSpan(start, blockEnd - start), prose, lines);
            var tokens = end - start <= maxCharacters ? count(text.AsSpan(start, end - start)) : int.MaxValue;
            if (tokens <= maxTokens)
            {
                yield return template with { Start = start, End = end, Tokens = tokens };
            }
            else
            {
                foreach (var atom in Words(start, end, template, maxTokens)) yield return atom;
            }
            start = end;
        }
    }

    /// <summary>
    /// The last whole words of an atom that have at most so many tokens; null when that is none, or all.
    /// </summary>
    public Atom? Tail(Atom atom, int maxTokens)
    {
        var (start, tokens) = (atom.End, 0);
        while (start > atom.Start)
        {
            var wordEnd = start;
            while (wordEnd > atom.Start && char.IsWhiteSpace(text[wordEnd - 1])) wordEnd--;
            var wordStart = wordEnd;
            while (wordStart > atom.Start && !char.IsWhiteSpace(text[wordStart - 1])) wordStart--;
            var word = count(text.AsSpan(wordStart, wordEnd - wordStart));
            // A word without tokens (zero-width characters) must not let the walk run through the whole atom for nothing.
            if (wordStart == atom.Start || tokens + Math.Max(word, 1) > maxTokens) break;
            tokens += Math.Max(word, 1);
            start = wordStart;
        }
        return start == atom.End ? null : atom with { Start = start, Tokens = tokens };
    }

    private int SkipBlank(int start, int end, bool lines)
    {
        var from = start;
        for (; start < end && char.IsWhiteSpace(text[start]); start++)
        {
            // A line keeps its indentation.
            if (lines && text[start] == '\n') from = start + 1;
        }
        return start == end || !lines || (from > 0 && text[from - 1] != '\n') ? start : from;
    }

    private IEnumerable<Atom> Words(int start, int end, Atom template, int maxTokens)
    {
        while (start < end)
        {
            while (start < end && char.IsWhiteSpace(text[start])) start++;
            var wordEnd = start;
            while (wordEnd < end && !char.IsWhiteSpace(text[wordEnd])) wordEnd++;
            if (wordEnd == start) yield break;
            var tokens = wordEnd - start <= maxCharacters ? count(text.AsSpan(start, wordEnd - start)) : int.MaxValue;
            if (tokens <= maxTokens)
            {
                yield return template with { Start = start, End = wordEnd, Tokens = tokens };
            }
            else
            {
                foreach (var atom in Parts(start, wordEnd, template, maxTokens)) yield return atom;
            }
            start = wordEnd;
        }
    }

    /// <summary>Cuts a word; the length that fitted last is tried first, so most parts are counted once.</summary>
    private IEnumerable<Atom> Parts(int start, int end, Atom template, int maxTokens)
    {
        var length = maxCharacters;
        while (start < end)
        {
            length = Math.Min(length, end - start);
            var cut = CutAt(start, start + length, end);
            var tokens = count(text.AsSpan(start, cut - start));
            if (tokens > maxTokens && length > 1)
            {
                length /= 2;
                continue;
            }
            yield return template with { Start = start, End = cut, Tokens = Math.Min(tokens, maxTokens) };
            start = cut;
        }
    }

    /// <summary>A place to cut at or before <paramref name="cut"/> that leaves surrogate pairs and combining marks whole.</summary>
    private int CutAt(int start, int cut, int end)
    {
        if (cut >= end) return end;
        var place = cut;
        for (var back = 0; back < 16 && place > start + 1 && Joins(place); back++) place--;
        if (place > start && !Joins(place)) return place;
        // Nothing but joined characters: keep at least pairs whole, by taking one more if need be.
        if (!char.IsLowSurrogate(text[cut]) || !char.IsHighSurrogate(text[cut - 1])) return cut;
        return cut - 1 > start ? cut - 1 : cut + 1;
    }

    private bool Joins(int place)
    {
        var next = text[place];
        if (next < 0x300) return false;
        return char.IsLowSurrogate(next) || next is '\u200D' or (>= '\uFE00' and <= '\uFE0F') || text[place - 1] == '\u200D'
            || char.GetUnicodeCategory(next) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.EnclosingMark;
    }
}
