namespace Matryoshka;

/// <summary>What to pull of a model.</summary>
public sealed record PullOptions
{
    /// <summary>The weights' path in the repository, e.g. <c>onnx/model_quantized.onnx</c>; null takes the catalogue's, else <c>onnx/model.onnx</c> or <c>model.onnx</c>.</summary>
    public string? ModelFile { get; init; }

    /// <summary>Called as bytes arrive.</summary>
    public IProgress<PullProgress>? Progress { get; init; }
}

/// <summary>How far a pull is.</summary>
/// <param name="File">The file being received.</param>
/// <param name="Bytes">Its bytes on disk, those of an earlier, interrupted pull included.</param>
/// <param name="TotalBytes">Its size.</param>
public readonly record struct PullProgress(string File, long Bytes, long TotalBytes);

/// <summary>A model whose files lie in the cache.</summary>
/// <param name="Repository">The repository they are from, <c>owner/name</c>.</param>
/// <param name="Commit">The commit they are of.</param>
/// <param name="Folder">The folder that holds them in the repository's layout.</param>
/// <param name="ModelFile">The weights' path in that folder.</param>
/// <param name="Files">Every file needed, relative to the folder.</param>
/// <param name="Entry">The catalogue's entry; null for a model not in it.</param>
/// <param name="Downloaded">Bytes that were received; 0 when all was there.</param>
public sealed record PulledModel(string Repository, string Commit, string Folder, string ModelFile, IReadOnlyList<string> Files, CatalogueEntry? Entry, long Downloaded);
