using System.IO.Compression;
using System.Text.Json;

namespace Matryoshka.Training;

/// <summary>A line of a file of pairs that cannot be used.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line's number, from 1.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record BadPair(string File, long Line, string Problem);

/// <summary>
/// Reads training pairs: one JSON object a line, <c>{"a": short text, "b": long text}</c>, with a number <c>"score"</c>
/// where pairs are graded; gzip'd if the name ends in <c>.gz</c>.
/// </summary>
public static class PairFile
{
    /// <summary>The pairs of a file, in order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onBad">Told of each line that cannot be used, which is then passed over; null refuses the file at the first one.</param>
    /// <exception cref="InvalidFormatException">A line cannot be used and <paramref name="onBad"/> is null, or the file is damaged.</exception>
    /// <exception cref="TrainingException">There is no such file, or it cannot be read.</exception>
    public static IEnumerable<TrainingPair> Read(string path, Action<BadPair>? onBad = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ReadLines(path, onBad);
    }

    private static IEnumerable<TrainingPair> ReadLines(string path, Action<BadPair>? onBad)
    {
        using var file = Open(path);
        using var stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        using var reader = new StreamReader(stream);
        for (long number = 1; Next(reader, path, number) is { } line; number++)
        {
            var (pair, problem) = Parse(line);
            if (pair is not null)
                yield return pair;
            else if (onBad is null)
                throw new InvalidFormatException($"Line {number} of '{path}' {problem}. Wanted is {{\"a\": \"short text\", \"b\": \"long text\"}}; correct the line, or have such lines skipped.");
            else
                onBad(new BadPair(path, number, problem!));
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 18, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException(error is FileNotFoundException or DirectoryNotFoundException ? $"There is no file '{path}'." : $"'{path}' cannot be read: {error.Message}", error);
        }
    }

    private static string? Next(StreamReader reader, string path, long number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (InvalidDataException error)
        {
            throw new InvalidFormatException($"'{path}' is damaged after line {number - 1}: {error.Message}", error);
        }
    }

    private static (TrainingPair? Pair, string? Problem) Parse(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return (null, "is empty");
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return (null, "is not a JSON object");
            foreach (var field in (ReadOnlySpan<string>)["a", "b"])
                if (!root.TryGetProperty(field, out var value) || value.ValueKind != JsonValueKind.String)
                    return (null, $"has no text '{field}'");
                else if (string.IsNullOrWhiteSpace(value.GetString()))
                    return (null, $"has an empty '{field}'");
            float? score = null;
            if (root.TryGetProperty("score", out var grade) && grade.ValueKind != JsonValueKind.Null)
            {
                if (grade.ValueKind != JsonValueKind.Number || !grade.TryGetSingle(out var number) || !float.IsFinite(number))
                    return (null, "has a 'score' that is not a number");
                score = number;
            }
            return (new TrainingPair(root.GetProperty("a").GetString()!, root.GetProperty("b").GetString()!, score), null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return (null, "is not valid JSON");
        }
    }
}
