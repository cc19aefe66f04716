namespace Matryoshka.Documents.Splitting;

/// <summary>Packs the atoms of a document into pieces.</summary>
internal sealed class PieceBuilder(Document document, HeadingPath root, LineCounter lines, SplitOptions options, TokenCounter count)
{
    private readonly AtomReader _reader = new(document.Text, count, options.CharacterLimit);
    private readonly List<TextPiece> _done = [];

    // The atoms of the piece being built. The first _repeated of them belong to the piece before it as well.
    private readonly List<Atom> _open = [];
    private int _repeated;
    private int _tokens;
    private int _ordinal;

    public IEnumerable<TextPiece> Build()
    {
        var path = root;
        foreach (var block in document.Blocks)
        {
            var isHeading = block.Kind == BlockKind.Heading;
            var context = isHeading ? path.Above(block.Level) : path;
            if (isHeading)
            {
                path = path.Enter(block);
                // A section begins: what is open stands alone, unless it is too small to.
                if (HasBody && _open.Count > _repeated && _tokens >= options.MaxTokens / 4) Flush(0);
            }
            var template = new Atom(0, 0, 0, block.Page, isHeading, context, path);
            foreach (var piece in Add(block, template)) yield return piece;
        }
        if (_open.Count > _repeated) Flush(0, keepHeadings: true);
        foreach (var piece in Drain()) yield return piece;
    }

    private bool HasBody => _open.Exists(atom => !atom.IsHeading);

    private IEnumerable<TextPiece> Add(DocumentBlock block, Atom template)
    {
        var limit = options.MaxTokens - template.Context.ContextTokens;
        // The first atoms of the block, until it is known whether it fits into one piece: never more than a piece of them.
        var head = new List<Atom>();
        var total = 0;
        foreach (var atom in _reader.Read(block, template, limit))
        {
            if (total <= limit)
            {
                head.Add(atom);
                total += atom.Tokens;
                if (total <= limit) continue;
                foreach (var held in head) Add(held);
            }
            else
            {
                Add(atom);
            }
            foreach (var piece in Drain()) yield return piece;
        }
        if (total <= limit)
        {
            MakeRoom(block, total, limit);
            foreach (var held in head) Add(held);
        }
        foreach (var piece in Drain()) yield return piece;
    }

    /// <summary>Keeps a block whole when the open piece is at least half full and the block would be cut at its end.</summary>
    private void MakeRoom(DocumentBlock block, int tokens, int limit)
    {
        if (_open.Count == 0 || !HasBody || _tokens + tokens <= Limit || _tokens < Limit / 2) return;
        if (_open.Count > _repeated) Flush(block.Kind == BlockKind.Heading ? 0 : Math.Min(options.OverlapTokens, limit - tokens));
        while (_repeated > 0 && _repeated == _open.Count && _tokens + tokens > Limit) DropFirst();
    }

    private void Add(Atom atom)
    {
        // Each round drops a repeated atom or starts a new piece; an atom fits into an empty one.
        while (_open.Count > 0 && !Fits(atom))
        {
            if (_repeated > 0 && _repeated == _open.Count) DropFirst();
            else Flush(atom.IsHeading ? 0 : options.OverlapTokens);
        }
        _open.Add(atom);
        _tokens += atom.Tokens;
    }

    private int Limit => options.MaxTokens - _open[0].Context.ContextTokens;

    private bool Fits(Atom atom) => _tokens + atom.Tokens <= Limit && atom.End - _open[0].Start <= options.CharacterLimit;

    private void DropFirst()
    {
        _tokens -= _open[0].Tokens;
        _open.RemoveAt(0);
        _repeated--;
    }

    /// <summary>Finishes the open piece and starts the next one with the headings it ended with, or else with an overlap.</summary>
    private void Flush(int overlap, bool keepHeadings = false)
    {
        var end = _open.Count;
        while (!keepHeadings && end > 0 && _open[end - 1].IsHeading) end--;
        // Only headings, or nothing new before them: they make a piece of their own.
        if (end <= _repeated) end = _open.Count;
        Emit(end);
        var next = end < _open.Count ? _open.GetRange(end, _open.Count - end) : Overlap(overlap);
        _repeated = end < _open.Count ? 0 : next.Count;
        _open.Clear();
        _open.AddRange(next);
        _tokens = 0;
        foreach (var atom in _open) _tokens += atom.Tokens;
    }

    private List<Atom> Overlap(int budget)
    {
        var repeated = new List<Atom>();
        if (budget <= 0) return repeated;
        var tokens = 0;
        // Never the whole piece: the next one would start where this one did.
        for (var i = _open.Count - 1; i > 0 && !_open[i].IsHeading && tokens + _open[i].Tokens <= budget; i--)
        {
            tokens += _open[i].Tokens;
            repeated.Add(_open[i]);
        }
        repeated.Reverse();
        if (repeated.Count == 0 && !_open[^1].IsHeading && _reader.Tail(_open[^1], budget) is { } tail) repeated.Add(tail);
        return repeated;
    }

    private void Emit(int end)
    {
        var first = _open[0];
        var section = first.Section;
        for (var i = 0; i < end; i++)
        {
            section = _open[i].Section;
            if (!_open[i].IsHeading) break;
        }
        _done.Add(lines.Piece(first.Context, section, _ordinal++, first.Start, _open[end - 1].End - first.Start, first.Page));
    }

    private TextPiece[] Drain()
    {
        if (_done.Count == 0) return [];
        TextPiece[] pieces = [.. _done];
        _done.Clear();
        return pieces;
    }
}
