using Matryoshka.Onnx.Files;
using Matryoshka.Onnx.Inference;

namespace Matryoshka.Onnx;

/// <summary>What becomes of the number that a cross-encoder puts out.</summary>
public enum RerankActivation
{
    /// <summary>What the model's config.json names; sigmoid where it names nothing.</summary>
    Model,

    /// <summary>1 / (1 + e^-x): scores between 0 and 1.</summary>
    Sigmoid,

    /// <summary>The logit as it is.</summary>
    Raw,
}

/// <summary>Scores documents with a cross-encoder, an ONNX model that reads query and document together and puts out one number.</summary>
public sealed class OnnxReranker : IReranker
{
    private readonly GraphRunner runner;
    private readonly ModelTokenizer tokenizer;
    private readonly InputReader reader;
    private readonly bool raw;

    private OnnxReranker(ModelFolder folder, OnnxModelOptions options, RerankActivation activation)
    {
        Name = folder.Name;
        tokenizer = folder.Tokenizer;
        raw = activation switch
        {
            RerankActivation.Sigmoid => false,
            RerankActivation.Raw => true,
            _ => folder.Description.RawScores ?? false,
        };
        runner = new GraphRunner(folder.ModelPath, folder.PadId, options, outputs => GraphOutput.ForScores(outputs, folder.ModelPath));
        var limit = folder.Limit(options.Recipe?.MaxTokens);
        if (runner.FixedLength > 0)
            limit = Math.Min(runner.FixedLength, limit ?? int.MaxValue);
        if (limit <= tokenizer.SpecialTokens(pair: true))
        {
            runner.Dispose();
            throw new InvalidFormatException($"A limit of {limit} tokens leaves no room for text beside {tokenizer.SpecialTokens(pair: true)} special tokens.");
        }
        reader = new InputReader(limit, options);
    }

    /// <summary>The name of the model: the options' where they give one, else the folder's.</summary>
    public string Name { get; }

    /// <summary>How many pairs were cut to the model's limit since it was loaded.</summary>
    public long TruncatedTexts => reader.Truncated;

    /// <summary>Loads the folder of a cross-encoder: an ONNX file with one logit, <c>tokenizer.json</c> and <c>config.json</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">The defaults when null; a recipe is used for its name and token limit alone.</param>
    /// <param name="activation">What becomes of the logit.</param>
    /// <exception cref="InvalidFormatException">A file is missing, damaged, of a kind not supported, or names data outside the folder.</exception>
    /// <exception cref="MatryoshkaException">An option is out of range, or the runtime lacks the execution provider.</exception>
    public static OnnxReranker Load(string folder, OnnxModelOptions? options = null, RerankActivation activation = RerankActivation.Model)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new OnnxModelOptions();
        return new OnnxReranker(ModelFolder.Open(folder, options), options, activation);
    }

    /// <inheritdoc/>
    /// <exception cref="LongTextException">A pair has more tokens than the model takes, and truncation was ruled out.</exception>
    public Task<IReadOnlyList<RerankResult>> RerankAsync(string query, IReadOnlyList<string> documents, int? topN = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(documents);
        if (topN is < 1)
            throw new MatryoshkaException($"The best {topN} documents were asked for; 1 or more are allowed.");
        return Task.Run(() => Rerank(query, documents, topN, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(ModelTokenizer) ? tokenizer : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => runner.Dispose();

    private IReadOnlyList<RerankResult> Rerank(string query, IReadOnlyList<string> documents, int? topN, CancellationToken cancellationToken)
    {
        for (var i = 0; i < documents.Count; i++)
            if (documents[i] is null)
                throw new InvalidFormatException($"Document {i} is null; give a text, empty if need be.");
        var inputs = reader.Read(documents.Count, (i, limit) => tokenizer.Encode(query, documents[i], limit), "Document", cancellationToken);
        var scores = new double[inputs.Length];
        runner.Run(inputs, (batch, output) =>
        {
            if (output.Size != 1)
                throw new InvalidFormatException($"'{Name}' answered with {output.Size} numbers a pair; a cross-encoder of one is supported.");
            for (var row = 0; row < batch.Length; row++)
                scores[batch[row]] = Activate(output.Row(row)[0], batch[row]);
        }, cancellationToken);
        return [.. scores.Select((score, i) => new RerankResult(i, score)).OrderByDescending(s => s.Score).ThenBy(s => s.Index).Take(topN ?? int.MaxValue)];
    }

    private double Activate(float logit, int document) => !float.IsFinite(logit)
        ? throw new InvalidVectorException($"'{Name}' scored document {document} with {logit}, which is not a number; the model or its precision is broken.")
        : raw ? logit : 1 / (1 + Math.Exp(-logit));
}
