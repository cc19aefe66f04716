using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;
using Matryoshka.Training.Tables;

namespace Matryoshka.Training.Measuring;

/// <summary>A judged collection, embedded by a table in training.</summary>
internal static class CollectionQuality
{
    public static CollectionResult Measure(string folder, TokenTable table, WordPieceTokenizer tokenizer, StaticTrainingOptions options, Work work)
    {
        var collection = JudgedFolder.Read(folder);
        using var queries = Embed(collection.Queries, table, tokenizer, options.MaxTokens, work);
        using var documents = Embed(collection.Documents, table, tokenizer, options.MaxTokens, work);
        var prefixes = options.EvaluateDimensions ?? options.Dimensions;
        var (ndcg, recall) = PrefixQuality.Measure(queries, documents, table.Dimensions, collection.Judged, prefixes, work);
        return new(collection.Name, collection.Queries.Count, collection.Documents.Count,
            [.. prefixes.Select((d, i) => new PrefixResult(d, ndcg[i].Average(), recall[i].Average()))]);
    }

    private static Block<float> Embed(IReadOnlyList<string> texts, TokenTable table, WordPieceTokenizer tokenizer, int maxTokens, Work work)
    {
        var vectors = new Block<float>((long)texts.Count * table.Dimensions);
        work.ForRanges(texts.Count, 64, (from, to) =>
        {
            for (var i = from; i < to; i++)
                table.Sum(PairLoader.Tokens(tokenizer, texts[i], maxTokens), vectors.Slice((long)i * table.Dimensions, table.Dimensions));
        });
        return vectors;
    }
}
