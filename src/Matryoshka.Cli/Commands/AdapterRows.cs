using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Output;
using Matryoshka.Training;

namespace Matryoshka.Cli.Commands;

/// <summary>The vectors an adapter is fitted to, with what their rows are called.</summary>
internal sealed class AdapterRows
{
    // Some ten thousand rows say all that a projection can learn; these are a gigabyte at 1,536 components.
    private const int Most = 150_000;

    private readonly List<float> numbers = [];
    private readonly Dictionary<string, int> rowOf = new(StringComparer.Ordinal);

    private AdapterRows(int dimensions, ModelRecipe? recipe) => (Dimensions, Recipe) = (dimensions, recipe);

    public int Dimensions { get; }

    /// <summary>The recipe of the vectors; null for those of a file.</summary>
    public ModelRecipe? Recipe { get; }

    public ReadOnlyMemory<float> Vectors => numbers.ToArray();

    public static AdapterRows Of(string file)
    {
        using var vectors = VectorFile.Open(file, dimensions: null);
        var rows = new AdapterRows(vectors.Dimensions, recipe: null);
        foreach (var row in vectors.Read().Take(Most))
            rows.Add(row.Key, row.Vector!);
        return rows;
    }

    public static async Task<AdapterRows> OfAsync(Session session, CancellationToken cancellationToken)
    {
        using var collection = session.Open();
        var rows = new AdapterRows(collection.Recipe.Dimensions.Full, collection.Recipe);
        await foreach (var record in collection.ListAsync(includeVectors: true, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            rows.Add(record.Key, record.Vector!.Value.Span);
            if (rows.rowOf.Count == Most)
                break;
        }
        return rows;
    }

    /// <summary>The rows that a file of pairs of keys names.</summary>
    public IReadOnlyList<(int A, int B)> Pairs(string file)
    {
        var pairs = new List<(int, int)>();
        long line = 0;
        foreach (var pair in PairFile.Read(file))
        {
            line++;
            pairs.Add((Row(pair.A, file, line), Row(pair.B, file, line)));
        }
        return pairs;
    }

    private int Row(string key, string file, long line) => rowOf.TryGetValue(key, out var row) ? row
        : throw new InvalidFormatException($"Line {line} of '{file}' names '{key}', but no row has that key.");

    private void Add(string? key, ReadOnlySpan<float> vector)
    {
        rowOf.TryAdd(key ?? rowOf.Count.ToString(CultureInfo.InvariantCulture), rowOf.Count);
        numbers.AddRange(vector);
    }
}
