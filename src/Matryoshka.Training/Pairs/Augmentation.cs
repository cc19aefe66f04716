namespace Matryoshka.Training.Pairs;

/// <summary>
/// What is done to a pair when it is drawn. A cloze asks with a run of words of the document itself (inverse cloze, Lee et
/// al., 2019), half of the time taken out of it; sparse words ask with single words of the document in the order they stand.
/// </summary>
/// <param name="Cloze">Share of pairs that ask with a run of the document.</param>
/// <param name="Sparse">Share of pairs that ask with single words of the document.</param>
internal readonly record struct Augmentation(double Cloze, double Sparse)
{
    private const int ShortestSpan = 4;
    private const int LongestSpan = 16;

    public void Apply(ReadOnlySpan<int> a, ReadOnlySpan<int> b, float[] idf, ref Draw draw, List<int> query, List<int> document)
    {
        query.Clear();
        document.Clear();
        var chance = draw.Unit();
        document.AddRange(b);
        if (chance < Cloze && b.Length >= 2 * LongestSpan)
        {
            var length = ShortestSpan + draw.Below(LongestSpan - ShortestSpan + 1);
            var start = draw.Below(b.Length - length + 1);
            query.AddRange(b.Slice(start, length));
            if (draw.Below(2) == 0)
                document.RemoveRange(start, length);
        }
        else if (chance >= Cloze && chance < Cloze + Sparse && b.Length >= LongestSpan)
            SparseWords(b, idf, ref draw, query);
        else
            query.AddRange(a);
    }

    // Words that say something are likelier: in proportion to their inverse document frequency.
    private static void SparseWords(ReadOnlySpan<int> b, float[] idf, ref Draw draw, List<int> query)
    {
        var sum = 0.0;
        foreach (var token in b)
            sum += idf[token];
        var wanted = 3 + draw.Below(6);
        foreach (var token in b)
            if (draw.Unit() < wanted * idf[token] / sum)
                query.Add(token);
        if (query.Count == 0)
            query.Add(b[draw.Below(b.Length)]);
    }
}
