using Matryoshka.Onnx;
using Xunit;

namespace Matryoshka.Tests.Onnx;

public class OnnxRerankerTests
{
    [Fact]
    public async Task A_pair_is_scored_as_query_then_document_and_the_best_come_first()
    {
        using var model = new SmallModel().BuildScorer();
        using var reranker = OnnxReranker.Load(model.Folder, activation: RerankActivation.Raw);
        string[] documents = ["fish", "red bird", "blue green red fish", "fish", "bird"];
        var scores = await reranker.RerankAsync("red fish", documents);
        Assert.Equal(documents.Length, scores.Count);
        foreach (var score in scores)
            Assert.Equal(Expected(model, documents[score.Index]), score.Score, 1e-4);
        Assert.Equal(scores.OrderByDescending(s => s.Score).ThenBy(s => s.Index), scores);
        Assert.Equal(scores.Take(2), await reranker.RerankAsync("red fish", documents, topN: 2));
        Assert.Empty(await reranker.RerankAsync("red fish", []));
        await Assert.ThrowsAsync<MatryoshkaException>(() => reranker.RerankAsync("red fish", documents, topN: 0));
    }

    [Fact]
    public async Task The_activation_is_the_models_or_the_callers()
    {
        using var model = new SmallModel().BuildScorer();
        var raw = Expected(model, "fish");
        var sigmoid = 1 / (1 + Math.Exp(-raw));
        async Task Check(double expected, RerankActivation activation = RerankActivation.Model)
        {
            using var reranker = OnnxReranker.Load(model.Folder, activation: activation);
            Assert.Equal(expected, (await reranker.RerankAsync("red fish", ["fish"]))[0].Score, 1e-4);
        }
        await Check(sigmoid);
        await Check(raw, RerankActivation.Raw);
        model.Write("config.json", """{"sentence_transformers":{"activation_fn":"torch.nn.modules.linear.Identity"}}""");
        await Check(raw);
        await Check(sigmoid, RerankActivation.Sigmoid);
    }

    [Fact]
    public async Task Long_pairs_lose_the_longer_texts_end_and_are_counted()
    {
        using var model = new SmallModel().BuildScorer();
        using var reranker = OnnxReranker.Load(model.Folder, new OnnxModelOptions { MaxTokens = 7 }, RerankActivation.Raw);
        var scores = await reranker.RerankAsync("red fish", ["bird green blue blue"]);
        Assert.Equal(Expected(model, "bird green"), scores[0].Score, 1e-4);
        Assert.Equal(1, reranker.TruncatedTexts);
    }

    [Fact]
    public void It_hands_out_itself_and_its_tokenizer()
    {
        using var model = new SmallModel().BuildScorer();
        using var reranker = OnnxReranker.Load(model.Folder);
        Assert.Same(reranker, reranker.GetService(typeof(OnnxReranker)));
        Assert.IsType<ModelTokenizer>(reranker.GetService(typeof(ModelTokenizer)));
        Assert.Null(reranker.GetService(typeof(OnnxReranker), "key"));
        Assert.Null(reranker.GetService(typeof(HttpClient)));
    }

    [Fact]
    public void A_model_without_one_logit_is_no_cross_encoder()
    {
        using var model = new SmallModel().BuildScorer(outputs: 2);
        Assert.Contains("not a cross-encoder", Assert.Throws<InvalidFormatException>(() => OnnxReranker.Load(model.Folder)).Message, StringComparison.Ordinal);
        model.Build();
        Assert.Contains("not a cross-encoder", Assert.Throws<InvalidFormatException>(() => OnnxReranker.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    // [CLS] red fish [SEP] document [SEP], the document and its [SEP] of type 1.
    private static double Expected(SmallModel model, string document)
    {
        var words = document.Split(' ').Select(word => Array.IndexOf(SmallModel.Words, word)).ToList();
        int[] ids = [SmallModel.Cls, SmallModel.Red, SmallModel.Fish, SmallModel.Sep, .. words, SmallModel.Sep];
        return ids.Sum(id => (double)model.Row(id)[0]) + (0.01 * (words.Count + 1));
    }
}
