using Matryoshka.Remote.Transport;

namespace Matryoshka.Remote.Batching;

/// <summary>Turns a server's vector into the one asked for: of the right length, finite, cut, of length 1.</summary>
/// <param name="recipe">The model's recipe.</param>
/// <param name="wanted">The components the caller wants.</param>
internal sealed class VectorCheck(ModelRecipe recipe, int wanted)
{
    /// <summary>Whether the server was seen to answer with full vectors although fewer components were asked for.</summary>
    public bool DimensionsIgnored { get; private set; }

    /// <summary>The vector, or null and the reason why this text has none.</summary>
    /// <param name="vector">The server's answer; taken over.</param>
    /// <param name="asked">The components the request named; null where it named none.</param>
    /// <param name="row">The text's number in errors.</param>
    /// <param name="problem">What is wrong with this vector alone.</param>
    /// <exception cref="RequestFailure">The server does not do what the recipe says, for any text.</exception>
    public float[]? Finish(float[] vector, int? asked, int row, out InvalidVectorException? problem)
    {
        problem = null;
        var full = recipe.Dimensions.Full;
        if (vector.Length != full && vector.Length != (asked ?? full))
            throw new RequestFailure(FailureKind.Permanent, WrongLength(vector.Length, asked));
        if (asked is { } d && IsPadded(vector))
            throw new RequestFailure(FailureKind.Permanent, $"was asked for {d} components and filled its vector up with zeros: its model has fewer than '{recipe.Name}'. Check the model's name, or give its recipe.");
        try
        {
            if (vector.Length == wanted && wanted < full)
            {
                Truncation.Normalize(vector, row);
                return vector;
            }
            DimensionsIgnored |= asked < full;
            var prefix = wanted == full ? vector : new float[wanted];
            Truncation.Cut(vector, recipe.Dimensions, recipe.BeforeTruncation, wanted, prefix, row);
            return prefix;
        }
        catch (InvalidVectorException error)
        {
            problem = error;
            return null;
        }
    }

    // Trained components are not exactly zero in a row; an eighth of the vector leaves room for 8-bit answers.
    private static bool IsPadded(ReadOnlySpan<float> vector)
    {
        var zeros = vector.Length - 1 - vector.LastIndexOfAnyExcept(0f);
        return zeros >= Math.Max(8, vector.Length / 8) && zeros < vector.Length;
    }

    private string WrongLength(int length, int? asked)
    {
        var full = recipe.Dimensions.Full;
        var expected = asked is { } d && d != full ? $"{d} or {full}" : $"{full}";
        var why = length < full ? "It may run another model, or cut vectors by itself" : "It probably runs another model";
        return $"answered with {length} components, but {expected} were expected of '{recipe.Name}'. {why}: check the model's name, or give its recipe.";
    }
}
