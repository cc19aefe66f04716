using System.Text;
using Matryoshka.Encoders;

namespace Matryoshka;

public sealed partial class WordPieceTokenizer
{
    /// <summary>
    /// A word with something other than plain ASCII in it. Characters may vanish, multiply or end the word only after
    /// they were decomposed, so every byte of the folded word remembers the characters it came from.
    /// </summary>
    private unsafe ref struct MixedWord
    {
        [ThreadStatic]
        private static (byte[] Word, int[] From, int[] To) rented;

        private readonly Scan scan;
        private readonly byte[] word;
        private readonly int[] from, to;
        private int length, chars, last;

        public MixedWord(in Scan scan)
        {
            this.scan = scan;
            // Four bytes a code point at most, and what a look-up may read past the end.
            var bytes = (4 * scan.Owner.maxCharsPerWord) + 16;
            (word, from, to) = Rent(bytes);
        }

        /// <summary>Reads on until the state is between words again; returns the index reached.</summary>
        public int Run(int start, int end)
        {
            var normalizer = scan.Owner.normalizer;
            Span<int> folded = stackalloc int[BertNormalizer.MaxExpansion];
            var i = start;
            while (i < end)
            {
                var codePoint = scan.NextCodePoint(i, end, out var width);
                var at = i;
                i += width;
                if (normalizer.Drops(codePoint))
                    continue;
                if (BertNormalizer.IsSpace(codePoint))
                    break;
                var alone = normalizer.SplitCjk && BertNormalizer.IsCjk(codePoint);
                if (alone)
                    Finish();
                var count = normalizer.Fold(codePoint, folded);
                for (var k = 0; k < count; k++)
                    Take(folded[k], at, i);
                if (alone)
                    Finish();
                if (chars == 0)
                    return i;
            }
            Finish();
            return i;
        }

        private void Take(int codePoint, int start, int end)
        {
            if (BertNormalizer.IsSpace(codePoint))
            {
                Finish();
            }
            else if (BertNormalizer.IsPunctuation(codePoint))
            {
                Finish();
                Append(codePoint, start, end);
                Finish();
            }
            else
            {
                Append(codePoint, start, end);
            }
        }

        private void Append(int codePoint, int start, int end)
        {
            if (chars == 0)
                from[0] = start;
            last = end;
            if (++chars > scan.Owner.maxCharsPerWord)
                return;
            // NUL, which only an uncleaned text keeps, pads the keys: written as a byte that no piece holds.
            var written = codePoint == 0 ? 1 : new Rune(codePoint).EncodeToUtf8(word.AsSpan(length));
            if (codePoint == 0)
                word[length] = 0xFF;
            from.AsSpan(length, written).Fill(start);
            to.AsSpan(length, written).Fill(end);
            length += written;
        }

        private void Finish()
        {
            if (chars > scan.Owner.maxCharsPerWord)
            {
                scan.Emit(scan.Owner.UnknownId, from[0], last);
            }
            else if (chars > 0)
            {
                fixed (byte* bytes = word)
                fixed (int* starts = from, ends = to)
                    scan.CutMixedWord(bytes, length, starts, ends);
            }
            length = chars = 0;
        }

        private static (byte[], int[], int[]) Rent(int bytes)
        {
            if (rented.Word is null || rented.Word.Length < bytes)
                rented = (new byte[bytes], new int[bytes], new int[bytes]);
            return rented;
        }
    }
}
