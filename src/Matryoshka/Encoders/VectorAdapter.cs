using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Matryoshka.Encoders;
using Matryoshka.Kernels;

namespace Matryoshka;

/// <summary>
/// A projection applied to a model's full vectors so that prefixes of the result work, for models that were not trained
/// for truncation (Matryoshka-Adaptor, Yoon et al., 2024). Vectors already stored are projected as they are; queries
/// are projected when they are embedded. Thread-safe.
/// </summary>
public sealed class VectorAdapter
{
    private const string ProjectionTensor = "projection", NestedTensor = "nested", SourceTensor = "source";

    private readonly float[] projection;

    /// <summary>Makes an adapter of a matrix.</summary>
    /// <param name="inputDimensions">Components of the model's full vectors.</param>
    /// <param name="dimensions">Nested dimensions of the result.</param>
    /// <param name="projection">One row of <paramref name="inputDimensions"/> numbers for each component of the result, end to end.</param>
    /// <param name="source">Fingerprint of the recipe whose vectors it was fitted to; null when it is not known.</param>
    /// <exception cref="InvalidFormatException">The sizes contradict each other, or a number is not finite.</exception>
    public VectorAdapter(int inputDimensions, NestedDimensions dimensions, float[] projection, string? source = null)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        ArgumentNullException.ThrowIfNull(projection);
        if (inputDimensions is < 1 or > NestedDimensions.MaxDimensions || projection.LongLength != (long)inputDimensions * dimensions.Full)
            throw new InvalidFormatException($"A projection from {inputDimensions} to {dimensions.Full} components was given {projection.LongLength} numbers; {(long)inputDimensions * dimensions.Full} are needed.");
        foreach (var x in projection)
            if (!float.IsFinite(x))
                throw new InvalidFormatException("The projection holds a number that is not finite.");
        (InputDimensions, Dimensions, this.projection, Source) = (inputDimensions, dimensions, projection, source);
        Identity = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(projection.AsSpan())));
    }

    /// <summary>Components of the vectors it takes.</summary>
    public int InputDimensions { get; }

    /// <summary>Nested dimensions of the vectors it gives.</summary>
    public NestedDimensions Dimensions { get; }

    /// <summary>Fingerprint of the recipe it was fitted to, if it is known.</summary>
    public string? Source { get; }

    /// <summary><c>sha256:</c> and a hash of the projection; what <see cref="ModelRecipe.Adapter"/> carries.</summary>
    public string Identity { get; }

    /// <summary>Projects a full vector and scales the result to length 1.</summary>
    /// <param name="full">The model's full vector, after the recipe's operation before the cut.</param>
    /// <param name="result">Takes all components of the result.</param>
    /// <param name="row">The row named in errors.</param>
    /// <exception cref="InvalidVectorException">Another length, a component that is not finite, or a result without direction.</exception>
    public void Apply(ReadOnlySpan<float> full, Span<float> result, int row = 0)
    {
        Truncation.Validate(full, InputDimensions, row);
        if (result.Length != Dimensions.Full)
            throw new ArgumentException($"The result holds {result.Length} components, but the adapter gives {Dimensions.Full}.", nameof(result));
        for (var k = 0; k < result.Length; k++)
            result[k] = FloatMath.Dot(projection.AsSpan(k * InputDimensions, InputDimensions), full);
        Truncation.Normalize(result, row);
    }

    /// <summary>The recipe of a model's vectors after this adapter: another one, so that adapted and plain vectors are never mixed.</summary>
    /// <exception cref="RecipeMismatchException">The adapter was fitted to the vectors of another recipe, or to another size.</exception>
    public ModelRecipe Adapt(ModelRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (recipe.Adapter is not null)
            throw new RecipeMismatchException($"The vectors of '{recipe.Name}' are adapted already ({recipe.Adapter}): project the model's own ones.", []);
        if (recipe.Dimensions.Full != InputDimensions)
            throw new RecipeMismatchException($"The adapter takes vectors of {InputDimensions} components, but those of '{recipe.Name}' have {recipe.Dimensions.Full}: train one for this model.", []);
        if (Source is not null && Source != recipe.Fingerprint)
            throw new RecipeMismatchException($"The adapter was fitted to vectors of the recipe {Source}, not of '{recipe.Name}' ({recipe.Fingerprint}): train one for this model.", []);
        return recipe with { Adapter = Identity, Dimensions = Dimensions };
    }

    /// <summary>The same projection, bound to the recipe whose vectors it was fitted to: others are then refused.</summary>
    public VectorAdapter FittedTo(ModelRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return new VectorAdapter(InputDimensions, Dimensions, projection, recipe.Fingerprint);
    }

    /// <summary>Reads an adapter that <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidFormatException">There is no such file, or it is not an adapter.</exception>
    public static VectorAdapter Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new InvalidFormatException($"There is no adapter '{path}': give the file that 'mrl train adapter' wrote.");
        var file = SafetensorsFile.Open(path);
        if (file.Find(ProjectionTensor) is not { Type: TensorType.F32, Shape: [var output, var input] } matrix || file.Find(NestedTensor) is not { Type: TensorType.I32 } nested)
            throw new InvalidFormatException($"'{path}' is not an adapter: tensors '{ProjectionTensor}' (F32, two axes) and '{NestedTensor}' (I32) are needed.");
        var dimensions = NestedDimensions.Trained(MemoryMarshal.Cast<byte, int>(file.Bytes(nested)));
        if (dimensions.Full != output || input is < 1 or > NestedDimensions.MaxDimensions)
            throw new InvalidFormatException($"'{path}' is not a usable adapter: it projects {input} to {output} components, but its nested dimensions are {dimensions}.");
        var source = file.Find(SourceTensor) is { Length: > 0 } text ? Encoding.UTF8.GetString(file.Bytes(text)) : null;
        var adapter = new VectorAdapter((int)input, dimensions, MemoryMarshal.Cast<byte, float>(file.Bytes(matrix)).ToArray(), source);
        GC.KeepAlive(file);
        return adapter;
    }

    /// <summary>Writes the adapter as a safetensors file: <c>projection</c> (F32), <c>nested</c> (I32), <c>source</c> (bytes of the fingerprint).</summary>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        int[] nested = [.. Dimensions.Dimensions];
        var source = Encoding.UTF8.GetBytes(Source ?? "");
        SafetensorsWriter.Write(stream,
        [
            new(ProjectionTensor, "F32", [Dimensions.Full, InputDimensions], 4L * projection.Length, to => to.Write(MemoryMarshal.AsBytes(projection.AsSpan()))),
            new(NestedTensor, "I32", [nested.Length], 4L * nested.Length, to => to.Write(MemoryMarshal.AsBytes(nested.AsSpan()))),
            new(SourceTensor, "I8", [source.Length], source.Length, to => to.Write(source)),
        ], new Dictionary<string, string>());
    }
}
