using System.Numerics;
using System.Runtime.InteropServices;

namespace Matryoshka.Onnx.Inference;

/// <summary>Makes one vector of a text's token vectors.</summary>
internal static class Pooler
{
    /// <param name="pooling">Mean, first or last token.</param>
    /// <param name="states">Token vectors end to end; those of padding follow the text's.</param>
    /// <param name="tokens">Tokens of the text, 1 or more.</param>
    /// <param name="vector">Takes the vector; its length is the size of a token's.</param>
    public static void Pool(Pooling pooling, ReadOnlySpan<float> states, int tokens, Span<float> vector)
    {
        var size = vector.Length;
        switch (pooling)
        {
            case Pooling.Cls: states[..size].CopyTo(vector); break;
            case Pooling.LastToken: states.Slice((tokens - 1) * size, size).CopyTo(vector); break;
            case Pooling.Mean:
                vector.Clear();
                for (var token = 0; token < tokens; token++)
                    Add(states.Slice(token * size, size), vector);
                for (var i = 0; i < size; i++)
                    vector[i] /= tokens;
                break;
            default: throw new InvalidFormatException($"Pooling by '{pooling}' is not how an ONNX model is run; mean, cls and lastToken are supported.");
        }
    }

    // Each component is summed in token order whatever the register's width: the result is the same on every machine.
    private static void Add(ReadOnlySpan<float> state, Span<float> sum)
    {
        var from = MemoryMarshal.Cast<float, Vector<float>>(state);
        var to = MemoryMarshal.Cast<float, Vector<float>>(sum);
        for (var i = 0; i < to.Length; i++)
            to[i] += from[i];
        for (var i = to.Length * Vector<float>.Count; i < sum.Length; i++)
            sum[i] += state[i];
    }
}
