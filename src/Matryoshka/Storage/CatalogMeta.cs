using System.Globalization;
using System.Runtime.InteropServices;
using Matryoshka.Vectors;
using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>What a collection was created with.</summary>
internal sealed record CatalogMeta(Guid CollectionId, ModelRecipe Recipe, Precision FullPrecision, bool Int8, bool Bit, bool Keywords, DateTimeOffset Created)
{
    /// <summary>Where the model is found, as whoever created the collection wrote it; null when nothing was said. It may change.</summary>
    public string? Model { get; init; }

    public SegmentSpec SegmentSpec => new(CollectionId, Recipe.Dimensions, FullPrecision, Int8, Bit);

    /// <summary>Bytes of one full vector in <c>pending</c>.</summary>
    public int VectorBytes => Recipe.Dimensions.Full * (FullPrecision == Precision.F16 ? 2 : 4);

    /// <summary>A unit-length vector as <c>pending</c> stores it.</summary>
    public byte[] Encode(ReadOnlySpan<float> vector)
    {
        var bytes = new byte[VectorBytes];
        if (FullPrecision == Precision.F32)
            MemoryMarshal.AsBytes(vector).CopyTo(bytes);
        else
            HalfCodec.Encode(vector, MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()));
        return bytes;
    }

    public void Decode(ReadOnlySpan<byte> bytes, Span<float> vector)
    {
        if (FullPrecision == Precision.F32)
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(vector);
        else
            HalfCodec.Decode(MemoryMarshal.Cast<byte, ushort>(bytes), vector);
    }

    public IEnumerable<(string Name, object Value)> ToRows() =>
    [
        ("collection_id", CollectionId.ToString("N")),
        ("recipe", Recipe.ToJson()),
        ("fingerprint", Recipe.Fingerprint),
        ("full_precision", (long)FullPrecision),
        ("int8", Int8 ? 1L : 0L),
        ("bit", Bit ? 1L : 0L),
        ("keywords", Keywords ? 1L : 0L),
        ("created", Created.ToString("O", CultureInfo.InvariantCulture)),
        ("generation", 0L),
        .. Model is null ? Array.Empty<(string, object)>() : [("model", Model)],
    ];

    public static CatalogMeta Read(SqliteConnection connection, string path)
    {
        var rows = new Dictionary<string, object>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name, value FROM meta";
        using (var reader = command.ExecuteReader())
            while (reader.Read())
                rows[reader.GetString(0)] = reader.GetValue(1);

        T Get<T>(string name) => rows.TryGetValue(name, out var value) && value is T typed
            ? typed
            : throw new CorruptFileException(path, $"it lacks the setting '{name}' or holds it in another type");

        var recipe = ModelRecipe.FromJson(Get<string>("recipe"));
        if (recipe.Fingerprint != Get<string>("fingerprint"))
            throw new CorruptFileException(path, $"it names the fingerprint {rows["fingerprint"]} but its recipe has {recipe.Fingerprint}");
        var precision = (Precision)Get<long>("full_precision");
        if (precision is not (Precision.F16 or Precision.F32) || !Guid.TryParseExact(Get<string>("collection_id"), "N", out var id))
            throw new CorruptFileException(path, "it holds an unknown precision or collection id");
        _ = Get<long>("generation");
        return new(id, recipe, precision, Get<long>("int8") != 0, Get<long>("bit") != 0, Get<long>("keywords") != 0,
            DateTimeOffset.TryParse(Get<string>("created"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var created) ? created : default)
        {
            Model = rows.ContainsKey("model") ? Get<string>("model") : null,
        };
    }
}
