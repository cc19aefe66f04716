using Microsoft.ML.OnnxRuntime;

namespace Matryoshka.Onnx;

/// <summary>What runs a model's operators.</summary>
public enum ExecutionProvider
{
    /// <summary>The processor; part of every ONNX Runtime.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs through CUDA; needs the package Microsoft.ML.OnnxRuntime.Gpu.</summary>
    Cuda,

    /// <summary>NVIDIA GPUs through TensorRT, with CUDA for what it lacks; needs the package Microsoft.ML.OnnxRuntime.Gpu.</summary>
    TensorRt,

    /// <summary>GPUs on Windows through DirectML; needs the package Microsoft.ML.OnnxRuntime.DirectML.</summary>
    DirectML,

    /// <summary>Apple's processors through Core ML; part of the runtime for macOS and iOS.</summary>
    CoreML,
}

/// <summary>The execution providers of the ONNX Runtime that is installed.</summary>
public static class ExecutionProviders
{
    private static readonly (ExecutionProvider Provider, string Word, string Name, string Remedy)[] Known =
    [
        (ExecutionProvider.Cpu, "cpu", "CPUExecutionProvider", ""),
        (ExecutionProvider.Cuda, "cuda", "CUDAExecutionProvider", "Reference the package Microsoft.ML.OnnxRuntime.Gpu and install CUDA and cuDNN"),
        (ExecutionProvider.TensorRt, "tensorrt", "TensorrtExecutionProvider", "Reference the package Microsoft.ML.OnnxRuntime.Gpu and install TensorRT"),
        (ExecutionProvider.DirectML, "directml", "DmlExecutionProvider", "Reference the package Microsoft.ML.OnnxRuntime.DirectML on Windows"),
        (ExecutionProvider.CoreML, "coreml", "CoreMLExecutionProvider", "Run on macOS or iOS"),
    ];

    /// <summary>The providers that this process can use.</summary>
    /// <exception cref="MatryoshkaException">There is no ONNX Runtime for this system.</exception>
    public static IReadOnlyList<ExecutionProvider> Available
    {
        get
        {
            var names = NativeNames();
            return [.. Known.Where(k => names.Contains(k.Name)).Select(k => k.Provider)];
        }
    }

    /// <summary>Reads <c>cpu</c>, <c>cuda</c>, <c>tensorrt</c>, <c>directml</c> or <c>coreml</c>; case does not matter.</summary>
    /// <exception cref="MatryoshkaException">It is another word.</exception>
    public static ExecutionProvider Parse(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        foreach (var known in Known)
            if (known.Word.Equals(word.Trim(), StringComparison.OrdinalIgnoreCase))
                return known.Provider;
        throw new MatryoshkaException($"'{word}' is not an execution provider; {string.Join(", ", Known.Select(k => k.Word))} are allowed.");
    }

    internal static void Append(SessionOptions session, ExecutionProvider provider, int device)
    {
        var (_, word, name, remedy) = Known.Single(k => k.Provider == provider);
        var names = NativeNames();
        if (!names.Contains(name))
            throw new MatryoshkaException($"The execution provider '{word}' was asked for, but the ONNX Runtime of this process has only {string.Join(", ", Available.Select(a => Known.Single(k => k.Provider == a).Word))}. {remedy}, or use cpu.");
        try
        {
            AppendNative(session, provider, device);
        }
        catch (OnnxRuntimeException error)
        {
            throw new MatryoshkaException($"The execution provider '{word}' could not be started on device {device}: {error.Message} {remedy}, or use cpu.", error);
        }
    }

    private static void AppendNative(SessionOptions session, ExecutionProvider provider, int device)
    {
        switch (provider)
        {
            case ExecutionProvider.TensorRt:
                session.AppendExecutionProvider_Tensorrt(device);
                session.AppendExecutionProvider_CUDA(device);
                break;
            case ExecutionProvider.Cuda: session.AppendExecutionProvider_CUDA(device); break;
            case ExecutionProvider.DirectML: session.AppendExecutionProvider_DML(device); break;
            case ExecutionProvider.CoreML: session.AppendExecutionProvider_CoreML(); break;
        }
    }

    private static string[] NativeNames()
    {
        try
        {
            return OrtEnv.Instance().GetAvailableProviders();
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            throw new MatryoshkaException($"There is no ONNX Runtime for {System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}: {error.Message}", error);
        }
    }
}
