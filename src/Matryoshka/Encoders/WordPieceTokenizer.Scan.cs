using System.Runtime.CompilerServices;
using System.Text;
using Matryoshka.Encoders;

namespace Matryoshka;

public sealed partial class WordPieceTokenizer
{
    /// <summary>
    /// One pass over a text. ASCII runs through a table, a word at a time, its first bytes gathered in two registers
    /// that are the key of the hash look-up; a word with anything else in it is finished code point by code point.
    /// </summary>
    private unsafe ref struct Scan
    {
        private readonly WordPieceTokenizer owner;
        private readonly char* text;
        private readonly TokenBuffer buffer;
        private readonly int limit;
        private readonly bool keepUnknown;

        public Scan(WordPieceTokenizer owner, char* text, TokenBuffer buffer, int limit, bool keepUnknown)
        {
            this.owner = owner;
            this.text = text;
            this.buffer = buffer;
            this.limit = limit;
            this.keepUnknown = keepUnknown;
        }

        public readonly bool Full => buffer.Count >= limit;

        public readonly void Emit(int id, int start, int end)
        {
            if (keepUnknown || id != owner.UnknownId)
                buffer.Add(id, start, end);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(int begin, int end)
        {
            fixed (byte* map = owner.asciiMap)
            {
                for (var i = begin; i < end && !Full;)
                {
                    uint c = text[i];
                    var kind = c < 128 ? map[c] : BertNormalizer.Special;
                    if (kind >= BertNormalizer.FirstWordByte)
                        i = AsciiWord(map, i, end);
                    else if (kind == BertNormalizer.Space)
                        i++;
                    else if (kind == BertNormalizer.Punctuation)
                        Emit(owner.asciiPunctuation[c], i, ++i);
                    else
                        i = new MixedWord(in this).Run(i, end);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly int AsciiWord(byte* map, int begin, int end)
        {
            ulong low = 0, high = 0;
            var i = begin;
            byte folded = 0;
            var stop = Math.Min(end, begin + 8);
            for (var at = 0; i < stop && (folded = Folded(map, i)) >= BertNormalizer.FirstWordByte; i++, at += 8)
                low |= (ulong)folded << at;
            if (i == stop && i < end)
            {
                stop = Math.Min(end, begin + PieceTable.KeyBytes);
                for (var at = 0; i < stop && (folded = Folded(map, i)) >= BertNormalizer.FirstWordByte; i++, at += 8)
                    high |= (ulong)folded << at;
                if (i == stop && i < end)
                    while (i < end && (folded = Folded(map, i)) >= BertNormalizer.FirstWordByte)
                        i++;
            }
            if (i < end && folded == BertNormalizer.Special)
                return new MixedWord(in this).Run(begin, end);
            if (i - begin <= PieceTable.KeyBytes && owner.pieces.Find(low, high) is >= 0 and var id)
                Emit(id, begin, i);
            else
                CutAsciiWord(map, begin, i);
            return i;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly byte Folded(byte* map, int i)
        {
            uint c = text[i];
            return c < 128 ? map[c] : BertNormalizer.Special;
        }

        [SkipLocalsInit]
        private readonly void CutAsciiWord(byte* map, int begin, int end)
        {
            var length = end - begin;
            if (length > owner.maxCharsPerWord)
            {
                Emit(owner.UnknownId, begin, end);
                return;
            }
            var word = stackalloc byte[length + 16];
            for (var i = 0; i < length; i++)
                word[i] = map[text[begin + i]];
            var found = stackalloc int[2 * length];
            var count = owner.pieces.Cut(word, length, found, found + length);
            if (count == 0)
                Emit(owner.UnknownId, begin, end);
            for (int i = 0, from = 0; i < count; from = found[length + i++])
                Emit(found[i], begin + from, begin + found[length + i]);
        }

        public readonly void CutMixedWord(byte* word, int length, int* from, int* to)
        {
            var found = stackalloc int[2 * length];
            var count = owner.pieces.Cut(word, length, found, found + length);
            if (count == 0)
                Emit(owner.UnknownId, from[0], to[length - 1]);
            for (int i = 0, start = 0; i < count; start = found[length + i++])
                Emit(found[i], from[start], to[found[length + i] - 1]);
        }

        public readonly int NextCodePoint(int i, int end, out int width)
        {
            // A broken surrogate decodes as U+FFFD, which cleaning drops.
            Rune.DecodeFromUtf16(new ReadOnlySpan<char>(text + i, Math.Min(2, end - i)), out var rune, out width);
            return rune.Value;
        }

        public readonly WordPieceTokenizer Owner => owner;
    }
}
