using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Adapters;

/// <summary>A matrix applied to rows on the right: from a model's components to the adapter's.</summary>
/// <param name="input">Components of a row before.</param>
/// <param name="output">And after.</param>
internal sealed unsafe class Projection(int input, int output) : IDisposable
{
    private const int RowsAtOnce = 48;

    private readonly PanelMap map = new([output]);

    /// <summary>input rows of output columns.</summary>
    public Block<float> Weights { get; } = new((long)input * output);

    public int Input => input;

    public int Output => output;

    public void Apply(float* rows, int count, float* to, Work work)
    {
        using var packed = Pack(Weights.Data, input, output, map, work);
        work.ForRanges(count, RowsAtOnce, (from, until) =>
        {
            using Block<float> panel = new((long)RowsAtOnce * PanelMap.Width);
            for (var p = 0; p < map.Count; p++)
            {
                Panels<float>.Product(rows + (nint)from * input, input, 1, until - from, packed.Data + (nint)p * input * PanelMap.Width, input, panel.Data, PanelMap.Width, add: false);
                for (var i = from; i < until; i++)
                    new Span<float>(panel.Data + (nint)(i - from) * PanelMap.Width, map.Widths[p]).CopyTo(new Span<float>(to + (nint)i * output + map.Starts[p], map.Widths[p]));
            }
        });
    }

    /// <summary>gradient += rows transposed times the gradient by what they became.</summary>
    public void Backward(float* rows, float* rowGradients, int count, Block<float> gradient, Work work)
    {
        using var packed = Pack(rowGradients, count, output, map, work);
        work.ForRanges(input, RowsAtOnce, (from, until) =>
        {
            using Block<float> panel = new((long)RowsAtOnce * PanelMap.Width);
            for (var p = 0; p < map.Count; p++)
            {
                Panels<float>.Product(rows + from, 1, input, until - from, packed.Data + (nint)p * count * PanelMap.Width, count, panel.Data, PanelMap.Width, add: false);
                for (var k = from; k < until; k++)
                    Wide<float>.Add(panel.Data + (nint)(k - from) * PanelMap.Width, gradient.Data + (nint)k * output + map.Starts[p], map.Widths[p]);
            }
        });
    }

    public void Dispose() => Weights.Dispose();

    private static Block<float> Pack(float* rows, int count, int columns, PanelMap map, Work work)
    {
        var packed = new Block<float>((long)map.Count * count * PanelMap.Width);
        work.ForEach(map.Count, p => Panels<float>.Pack(rows, count, columns, map, p, packed.Data + (nint)p * count * PanelMap.Width));
        return packed;
    }
}
