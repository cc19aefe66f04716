using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Writes vectors of real text for any engine to index, questions none of them was made from, and the exact answers:
/// <c>base.f32</c>, <c>queries.f32</c> (row-major little-endian float32, unit length), <c>truth.i32</c> and
/// <c>manifest.json</c>, which says what they hold. Rows come in a seeded random order, so a smaller set is the beginning
/// of a larger one; the queries do not depend on the number of rows.
/// </summary>
internal static class WriteVectors
{
    private const int Seed = 512;
    private const int Batch = 8192;

    public static int Run(string[] args)
    {
        var rows = Number(args, "--rows", 1_000_000);
        var queries = Number(args, "--queries", 2000);
        var folder = Path.GetFullPath(Harness.Option(args, "--out") ?? throw new MatryoshkaException("vectors needs --out DIR, a folder to create."));
        if (rows < ExactNeighbours.Depth || queries < 1)
            throw new MatryoshkaException($"{rows} rows and {queries} queries were given; at least {ExactNeighbours.Depth} and 1 are needed.");
        if (Directory.Exists(folder))
            throw new MatryoshkaException($"'{folder}' exists already; remove it or name another folder.");
        // Whoever waits for the folder finds it whole.
        var building = folder + ".partial";
        if (Directory.Exists(building))
            Directory.Delete(building, recursive: true);
        Directory.CreateDirectory(building);
        var manifest = Write(building, rows, queries);
        File.WriteAllText(Path.Join(building, "manifest.json"), JsonSerializer.Serialize(manifest, VectorManifestContext.Default.VectorManifest) + "\n");
        Directory.Move(building, folder);
        Console.Error.WriteLine($"{manifest.Rows:N0} rows and {manifest.Queries:N0} queries are in {folder}");
        return 0;
    }

    private static VectorManifest Write(string folder, int rows, int queries)
    {
        var (texts, known, origin) = DistinctTexts();
        Console.Error.WriteLine($"{texts.Length:N0} distinct texts");
        int fromTexts, fromCuts;
        using (var file = new DistinctVectors(Path.Join(folder, "base.f32")))
        {
            fromTexts = file.Append(texts, rows);
            fromCuts = fromTexts == rows ? 0 : file.Append(Shuffled(Cuts(texts, known, rows - fromTexts)), rows - fromTexts);
        }
        if (fromTexts + fromCuts < rows)
            throw new MatryoshkaException($"{rows:N0} rows were asked for; the texts found here give {fromTexts + fromCuts:N0}.");
        var asked = new List<string>();
        using (var file = new DistinctVectors(Path.Join(folder, "queries.f32")))
        {
            var questions = Questions(known).ToList();
            if (file.Append(questions.Select(q => q.Text), queries, i => asked.Add(questions[i].Collection)) < queries)
                throw new MatryoshkaException($"{queries:N0} queries were asked for; the collections found here have {asked.Count:N0}.");
        }
        Console.Error.WriteLine($"{rows:N0} rows written, finding the exact neighbours of {queries:N0} queries");
        ExactNeighbours.Write(folder, StaticModel.Default.Dimensions.Full);
        return new(rows, StaticModel.Default.Dimensions.Full, queries, ExactNeighbours.Depth, StaticModel.Default.Name, Seed, texts.Length, fromTexts, fromCuts,
            origin, asked.CountBy(name => name).ToDictionary(), "largest inner products of the stored vectors, in double precision; of equal ones the lower row number");
    }

    /// <summary>Texts that differ by more than case and surrounding blanks, in random order.</summary>
    private static (string[] Texts, HashSet<string> Known, Dictionary<string, int> Origin) DistinctTexts()
    {
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var origin = new Dictionary<string, int>();
        foreach (var (name, texts) in Texts.Everything())
        {
            var before = known.Count;
            known.UnionWith(texts.Select(text => text.Trim()).Where(text => text.Length > 0));
            origin.Add(name, known.Count - before);
        }
        return (Shuffled(known), known, origin);
    }

    /// <summary>Pieces of 100 words of the long texts, cut at ever finer offsets, until there are twice as many as needed: some will share a vector.</summary>
    private static List<string> Cuts(string[] texts, HashSet<string> known, int needed)
    {
        var cuts = new List<string>();
        foreach (var offset in (int[])[0, 50, 25, 75, 12, 37, 62, 87])
            foreach (var text in texts)
            {
                var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                for (var at = offset; at + Texts.WordsPerPassage <= words.Length; at += Texts.WordsPerPassage)
                {
                    var cut = string.Join(' ', words, at, Texts.WordsPerPassage);
                    if (known.Add(cut))
                        cuts.Add(cut);
                }
                if (cuts.Count >= 2 * needed)
                    return cuts;
            }
        return cuts;
    }

    /// <summary>One question of each collection in turn, for as long as it has any.</summary>
    private static IEnumerable<(string Collection, string Text)> Questions(HashSet<string> known)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var collections = Texts.Collections()
            .Select(c => (c.Name, Texts: Shuffled(Texts.Queries(c.Folder).Values.Select(text => text.Trim()).Where(text => !known.Contains(text) && seen.Add(text)))))
            .ToList();
        for (var i = 0; collections.Any(c => i < c.Texts.Length); i++)
            foreach (var (name, texts) in collections.Where(c => i < c.Texts.Length))
                yield return (name, texts[i]);
    }

    private static string[] Shuffled(IEnumerable<string> texts)
    {
        string[] shuffled = [.. texts];
        new Random(Seed).Shuffle(shuffled);
        return shuffled;
    }

    private static int Number(string[] args, string name, int otherwise) =>
        Harness.Option(args, name) is { } given ? int.Parse(given, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>A file of vectors, none of them twice: of two equal rows no engine could say which is nearer.</summary>
    private sealed class DistinctVectors(string path) : IDisposable
    {
        private readonly FileStream file = File.Create(path);
        private readonly StaticEmbeddingGenerator generator = StaticEmbeddingGenerator.Default();
        private readonly HashSet<UInt128> seen = [];

        /// <summary>Encodes texts until <paramref name="room"/> vectors are written or the texts end; returns how many were, and tells each one's place.</summary>
        public int Append(IEnumerable<string> texts, int room, Action<int>? wrote = null)
        {
            var full = StaticModel.Default.Dimensions.Full;
            var vectors = new float[Batch * full];
            var (place, written) = (0, 0);
            foreach (var batch in texts.Chunk(Batch))
            {
                generator.Encode(batch, vectors);
                for (var i = 0; i < batch.Length; i++, place++)
                {
                    var vector = vectors.AsSpan(i * full, full);
                    if (!vector.ContainsAnyExcept(0f) || !seen.Add(Identity(vector)))
                        continue;
                    file.Write(MemoryMarshal.AsBytes(vector));
                    wrote?.Invoke(place);
                    if (++written == room)
                        return written;
                }
            }
            return written;
        }

        public void Dispose()
        {
            file.Dispose();
            generator.Dispose();
        }

        private static UInt128 Identity(ReadOnlySpan<float> vector)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(vector), hash);
            return BinaryPrimitives.ReadUInt128LittleEndian(hash);
        }
    }
}

/// <summary>What a folder of vectors holds. Rows are the texts' first, then of 100-word cuts of the long texts where those do not suffice.</summary>
internal sealed record VectorManifest(
    int Rows, int Dimensions, int Queries, int TruthDepth, string Model, int Seed, int DistinctTexts, int RowsFromTexts, int RowsFromCuts,
    Dictionary<string, int> TextsByFile, Dictionary<string, int> QueriesByCollection, string Truth);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VectorManifest))]
internal sealed partial class VectorManifestContext : JsonSerializerContext;
