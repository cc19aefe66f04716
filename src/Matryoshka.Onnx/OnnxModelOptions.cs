namespace Matryoshka.Onnx;

/// <summary>What happens to a text with more tokens than the model takes.</summary>
public enum LongTextPolicy
{
    /// <summary>Its last tokens are left out; <see cref="OnnxModelOptions.OnLongText"/> and a counter tell of it.</summary>
    Truncate,

    /// <summary>The call fails with <see cref="LongTextException"/>.</summary>
    Refuse,
}

/// <summary>A text with more tokens than the model takes.</summary>
/// <param name="Index">Its place in the list given.</param>
/// <param name="Tokens">Its tokens, with prompt and special tokens.</param>
/// <param name="Limit">The most the model takes.</param>
public readonly record struct LongText(int Index, int Tokens, int Limit);

/// <summary>A text has more tokens than the model takes, and truncation was ruled out.</summary>
public sealed class LongTextException(string message) : MatryoshkaException(message);

/// <summary>How an ONNX model is loaded and run. The defaults suit a CPU.</summary>
public sealed record OnnxModelOptions
{
    /// <summary>The model's name in the catalogue; null finds it from the folder (a hub cache names its repository) or its config.json.</summary>
    public string? Name { get; init; }

    /// <summary>The recipe, for models outside the catalogue; null takes the catalogue's, else what the folder's files say. Its weights and tokenizer, where null, are filled in from the files.</summary>
    public ModelRecipe? Recipe { get; init; }

    /// <summary>The ONNX file, relative to the folder; null takes the catalogue's, else <c>onnx/model.onnx</c> or <c>model.onnx</c>.</summary>
    public string? ModelFile { get; init; }

    /// <summary>What runs the model.</summary>
    public ExecutionProvider Provider { get; init; }

    /// <summary>The device's number, for providers that have several.</summary>
    public int DeviceId { get; init; }

    /// <summary>Threads that one operator may use, 1 or more; null for one a core.</summary>
    public int? Threads { get; init; }

    /// <summary>The most texts run together, 1 or more.</summary>
    public int MaxBatchTexts { get; init; } = 32;

    /// <summary>The most tokens run together, padding included, 1 or more; a longer text runs alone. It bounds memory.</summary>
    public int MaxBatchTokens { get; init; } = 8192;

    /// <summary>The most padding in a batch as a share of its tokens, 0 to 1. Smaller means more, smaller batches: right for a CPU; a GPU is better served with 0.3.</summary>
    public double MaxPadding { get; init; } = 0.08;

    /// <summary>Tokens after which a text is cut, special tokens included; null takes the recipe's, else what the files say. Part of the fingerprint.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>What happens to longer texts.</summary>
    public LongTextPolicy LongTexts { get; init; }

    /// <summary>Called for each text that is cut, on the thread that runs the call.</summary>
    public Action<LongText>? OnLongText { get; init; }

    internal void Check()
    {
        Require(Threads is null or >= 1, nameof(Threads), Threads, "1 or more");
        Require(MaxBatchTexts >= 1, nameof(MaxBatchTexts), MaxBatchTexts, "1 or more");
        Require(MaxBatchTokens >= 1, nameof(MaxBatchTokens), MaxBatchTokens, "1 or more");
        Require(MaxPadding is >= 0 and <= 1, nameof(MaxPadding), MaxPadding, "0 to 1");
        Require(MaxTokens is null or >= 1, nameof(MaxTokens), MaxTokens, "1 or more");
        Require(DeviceId >= 0, nameof(DeviceId), DeviceId, "0 or more");
    }

    private static void Require(bool holds, string name, object? given, string allowed)
    {
        if (!holds)
            throw new MatryoshkaException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} is {given}; {allowed} is allowed."));
    }
}
