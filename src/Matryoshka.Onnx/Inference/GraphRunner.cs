using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Matryoshka.Onnx.Inference;

/// <summary>What a batch gave.</summary>
/// <param name="values">The output's numbers, row after row.</param>
/// <param name="shape">Its dimensions; the first counts rows.</param>
internal readonly ref struct BatchOutput(ReadOnlySpan<float> values, long[] shape)
{
    private readonly ReadOnlySpan<float> values = values;

    public int Size => (int)shape[^1];

    /// <summary>The numbers of one row.</summary>
    public ReadOnlySpan<float> Row(int row) => values.Slice(row * (int)(values.Length / shape[0]), (int)(values.Length / shape[0]));
}

/// <summary>Takes what a batch gave.</summary>
/// <param name="batch">Indexes of the inputs, in the order of rows.</param>
/// <param name="output">The rows.</param>
internal delegate void BatchReader(int[] batch, BatchOutput output);

/// <summary>Runs a graph over batches of inputs. Safe for concurrent use.</summary>
internal sealed class GraphRunner : IDisposable
{
    private readonly InferenceSession session;
    private readonly InputSlot[] slots;
    private readonly GraphOutput output;
    private readonly string file;
    private readonly int padId, fixedRows, fixedLength;
    private readonly BatchPlanner planner;
    private long tokens, padding;

    public GraphRunner(string file, int padId, OnnxModelOptions options, Func<IReadOnlyDictionary<string, NodeMetadata>, GraphOutput> chooseOutput)
    {
        this.file = file;
        this.padId = padId;
        session = Open(file, options);
        try
        {
            slots = [.. session.InputMetadata.Select(input => InputSlot.Of(input.Key, input.Value, file))];
            var ids = slots.FirstOrDefault(slot => slot.Kind == InputKind.Ids) ?? throw new InvalidFormatException($"'{file}' has no input 'input_ids': it does not read text.");
            (fixedRows, fixedLength) = (Math.Max(0, ids.Dimensions[0]), Math.Max(0, ids.Dimensions[1]));
            output = chooseOutput(session.OutputMetadata);
        }
        catch
        {
            session.Dispose();
            throw;
        }
        planner = new BatchPlanner(fixedRows > 0 ? fixedRows : options.MaxBatchTexts, options.MaxBatchTokens, options.MaxPadding);
    }

    public GraphOutput Output => output;

    /// <summary>The length that every input must be padded to; 0 for a graph that takes any.</summary>
    public int FixedLength => fixedLength;

    /// <summary>Tokens run so far, padding included, and the padding among them.</summary>
    public (long Tokens, long Padding) Work => (Interlocked.Read(ref tokens), Interlocked.Read(ref padding));

    public void Run(IReadOnlyList<ModelInput> inputs, BatchReader read, CancellationToken cancellationToken)
    {
        using var run = new RunOptions();
        // Ends a batch that is under way, too.
        using var stopping = cancellationToken.Register(() => run.Terminate = true);
        foreach (var batch in planner.Plan([.. inputs.Select(input => input.Ids.Count)]))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                RunBatch(run, batch, [.. batch.Select(i => inputs[i])], read);
            }
            catch (OnnxRuntimeException error)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new MatryoshkaException($"'{file}' failed on a batch of {batch.Length} texts of up to {inputs[batch[0]].Ids.Count} tokens: {error.Message}", error);
            }
        }
    }

    public void Dispose() => session.Dispose();

    private void RunBatch(RunOptions run, int[] batch, ModelInput[] rows, BatchReader read)
    {
        var length = fixedLength > 0 ? fixedLength : rows.Max(row => row.Ids.Count);
        var rowCount = fixedRows > 0 ? fixedRows : rows.Length;
        Interlocked.Add(ref tokens, (long)rowCount * length);
        Interlocked.Add(ref padding, ((long)rowCount * length) - rows.Sum(row => (long)row.Ids.Count));
        var values = new OrtValue[slots.Length];
        try
        {
            for (var i = 0; i < slots.Length; i++)
                values[i] = slots[i].Fill(rows, rowCount, length, padId);
            using var results = session.Run(run, [.. slots.Select(slot => slot.Name)], values, [output.Name]);
            Read(results[0], batch, rowCount, length, read);
        }
        finally
        {
            foreach (var value in values)
                value?.Dispose();
        }
    }

    private void Read(OrtValue result, int[] batch, int rowCount, int length, BatchReader read)
    {
        var info = result.GetTensorTypeAndShape();
        var shape = info.Shape;
        var expected = output.PerToken ? shape.Length == 3 && shape[1] == length : shape.Length == 2;
        if (!expected || shape[0] != rowCount || shape[^1] < 1)
            throw new InvalidFormatException($"'{file}' answered {rowCount} texts of {length} tokens with '{output.Name}' of [{string.Join(", ", shape)}].");
        if (info.ElementDataType == TensorElementType.Float16)
        {
            var halves = MemoryMarshal.Cast<Float16, Half>(result.GetTensorDataAsSpan<Float16>());
            var floats = new float[halves.Length];
            for (var i = 0; i < floats.Length; i++)
                floats[i] = (float)halves[i];
            read(batch, new BatchOutput(floats, shape));
        }
        else
        {
            read(batch, new BatchOutput(result.GetTensorDataAsSpan<float>(), shape));
        }
    }

    private static InferenceSession Open(string file, OnnxModelOptions options)
    {
        using var session = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            // Not the runtime's own default, which counts the machine's cores even where a container may use fewer.
            IntraOpNumThreads = options.Threads ?? Environment.ProcessorCount,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        ExecutionProviders.Append(session, options.Provider, options.DeviceId);
        try
        {
            return new InferenceSession(file, session);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InvalidFormatException($"'{file}' cannot be run by the ONNX Runtime: {error.Message}", error);
        }
    }
}
