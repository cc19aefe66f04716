using Matryoshka.Onnx.Files;
using Matryoshka.Onnx.Inference;
using Microsoft.Extensions.AI;

namespace Matryoshka.Onnx;

/// <summary>
/// Embeds texts with an ONNX model: prompt, tokens, graph, pooling, the recipe's operation before the cut, the cut, and
/// normalisation. The role comes from <see cref="RoleExtensions.RoleProperty"/> of the options. Safe for concurrent use;
/// the graph uses its threads for one batch at a time, so several calls at once gain little.
/// </summary>
public sealed class OnnxEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Under this name the result's <c>AdditionalProperties</c> hold the number of texts that were cut; absent when none was.</summary>
    public const string TruncatedProperty = "truncated_texts";

    private readonly GraphRunner runner;
    private readonly ModelTokenizer tokenizer;
    private readonly ModelRecipe recipe;
    private readonly Lazy<ModelRecipe> identified;
    private readonly InputReader reader;

    private OnnxEmbeddingGenerator(ModelFolder folder, OnnxModelOptions options)
    {
        tokenizer = folder.Tokenizer;
        runner = new GraphRunner(folder.ModelPath, folder.PadId, options, outputs => GraphOutput.ForEmbedding(outputs, folder.Description.HasDense, folder.ModelPath));
        try
        {
            recipe = folder.Recipe(runner.Output.Size);
            var limit = runner.FixedLength > 0 ? Math.Min(runner.FixedLength, recipe.MaxTokens ?? int.MaxValue) : recipe.MaxTokens;
            if (limit <= tokenizer.SpecialTokens())
                throw new InvalidFormatException($"A limit of {limit} tokens leaves no room for text beside {tokenizer.SpecialTokens()} special tokens.");
            recipe = recipe with { MaxTokens = limit };
            reader = new InputReader(limit, options);
        }
        catch
        {
            runner.Dispose();
            throw;
        }
        // Lazy, because the hash reads every byte of the weights.
        identified = new Lazy<ModelRecipe>(() => recipe with { Weights = recipe.Weights ?? "sha256:" + ExternalData.Hash(folder.ModelPath, folder.External) });
    }

    /// <summary>The recipe that the vectors follow, weights and tokenizer identified; the first use hashes the model's files.</summary>
    public ModelRecipe Recipe => identified.Value;

    /// <summary>The model's tokenizer.</summary>
    public ModelTokenizer Tokenizer => tokenizer;

    /// <summary>How many texts were cut to the model's limit since it was loaded.</summary>
    public long TruncatedTexts => reader.Truncated;

    internal (long Tokens, long Padding) Work => runner.Work;

    /// <summary>
    /// Loads the folder of a model in the Hugging Face layout: an ONNX file, <c>tokenizer.json</c> and, as far as they are
    /// there, <c>config.json</c>, <c>1_Pooling/config.json</c>, <c>modules.json</c>, <c>sentence_bert_config.json</c> and
    /// <c>config_sentence_transformers.json</c>. A model of the catalogue gets its recipe from there, any other from the
    /// files or <see cref="OnnxModelOptions.Recipe"/>.
    /// </summary>
    /// <exception cref="InvalidFormatException">A file is missing, damaged, of a kind not supported, or names data outside the folder.</exception>
    /// <exception cref="MatryoshkaException">An option is out of range, or the runtime lacks the execution provider.</exception>
    public static OnnxEmbeddingGenerator Load(string folder, OnnxModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new OnnxModelOptions();
        return new OnnxEmbeddingGenerator(ModelFolder.Open(folder, options), options);
    }

    /// <summary>Embeds texts, L2-normalised, in their order; the recipe's prompt for the role is put before each.</summary>
    /// <param name="values">The texts, without prompts.</param>
    /// <param name="options"><see cref="EmbeddingGenerationOptions.Dimensions"/> picks a prefix the recipe allows; a <see cref="EmbeddingGenerationOptions.ModelId"/> must name this model.</param>
    /// <param name="cancellationToken">Ends the work, in the middle of a batch too.</param>
    /// <exception cref="DimensionNotAllowedException">The recipe does not allow the dimensions asked for.</exception>
    /// <exception cref="LongTextException">A text has more tokens than the model takes, and truncation was ruled out.</exception>
    /// <exception cref="InvalidVectorException">The model gave a vector that is not finite or has no direction.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.ModelId is { } asked && asked != recipe.Name)
            throw new MatryoshkaException($"The model '{asked}' was asked for, but this generator runs '{recipe.Name}'.");
        var role = options.GetRole();
        var dimensions = recipe.Dimensions.Require(options?.Dimensions ?? recipe.Dimensions.Full);
        var texts = values.Select((text, row) => recipe.Prompt(text ?? throw new InvalidFormatException($"Text {row} is null; give a text, empty if need be."), role)).ToList();
        return Task.Run(() => Generate(texts, dimensions, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("onnx", null, recipe.Name, recipe.Dimensions.Full)
            : serviceType == typeof(ModelRecipe) ? Recipe
            : serviceType == typeof(ModelTokenizer) ? tokenizer
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => runner.Dispose();

    private GeneratedEmbeddings<Embedding<float>> Generate(List<string> texts, int dimensions, CancellationToken cancellationToken)
    {
        var inputs = reader.Read(texts.Count, (i, limit) => tokenizer.Encode(texts[i], limit), "Text", cancellationToken);
        var vectors = new float[inputs.Length][];
        runner.Run(inputs, (batch, output) =>
        {
            if (output.Size != recipe.Dimensions.Full)
                throw new InvalidVectorException($"The model answered with {output.Size} components, but '{recipe.Name}' has {recipe.Dimensions.Full}; it is another model, or the recipe is wrong.");
            var full = new float[output.Size];
            for (var row = 0; row < batch.Length; row++)
            {
                var i = batch[row];
                if (runner.Output.PerToken)
                    Pooler.Pool(recipe.Pooling, output.Row(row), inputs[i].Ids.Count, full);
                else
                    output.Row(row).CopyTo(full);
                vectors[i] = new float[dimensions];
                Truncation.Cut(full, recipe.Dimensions, recipe.BeforeTruncation, dimensions, vectors[i], i);
            }
        }, cancellationToken);
        return Results(inputs, vectors);
    }

    private GeneratedEmbeddings<Embedding<float>> Results(ModelInput[] inputs, float[][] vectors)
    {
        var tokens = inputs.Sum(input => (long)input.Ids.Count);
        var results = new GeneratedEmbeddings<Embedding<float>>(vectors.Length) { Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens } };
        if (inputs.Count(input => input.IsTruncated) is > 0 and var truncated)
            results.AdditionalProperties = new AdditionalPropertiesDictionary { [TruncatedProperty] = truncated };
        foreach (var vector in vectors)
            results.Add(new Embedding<float>(vector) { ModelId = recipe.Name });
        return results;
    }
}
