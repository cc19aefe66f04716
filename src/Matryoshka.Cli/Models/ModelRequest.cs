namespace Matryoshka.Cli.Models;

/// <summary>What the options of a command say of the model it runs.</summary>
internal sealed record ModelRequest
{
    public static readonly ModelRequest None = new();

    /// <summary>A name, a folder or <c>provider:model</c>; null for the collection's own or the embedded one.</summary>
    public string? Model { get; init; }

    /// <summary>The name of the recipe, where the model's own name does not say it.</summary>
    public string? Recipe { get; init; }

    /// <summary>The file of the user's own recipes; null for the usual places.</summary>
    public string? RecipeFile { get; init; }

    public Uri? Endpoint { get; init; }

    public string? KeyVariable { get; init; }

    public bool ServerPrompts { get; init; }

    /// <summary>Requests in flight at once.</summary>
    public int? Requests { get; init; }

    /// <summary>Texts a request, or a batch of the ONNX Runtime.</summary>
    public int? Batch { get; init; }

    public string? ModelFile { get; init; }

    public string? ExecutionProvider { get; init; }

    public bool RefuseLongTexts { get; init; }

    public bool Offline { get; init; }

    /// <summary>A file of vectors that were computed before.</summary>
    public string? Cache { get; init; }

    /// <summary>The file of the adapter that a collection's vectors were projected by; null for plain vectors.</summary>
    public string? Adapter { get; init; }

    /// <summary>Whether a model that was not trained for truncation is cut all the same.</summary>
    public bool Force { get; init; }
}
