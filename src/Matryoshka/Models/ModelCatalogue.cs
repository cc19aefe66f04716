using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Matryoshka.Models;

namespace Matryoshka;

/// <summary>A model name that the catalogue does not hold; the message suggests similar ones.</summary>
public sealed class UnknownModelException(string message) : MatryoshkaException(message);

/// <summary>The models this library knows: their recipes, and published facts each with its source.</summary>
public static class ModelCatalogue
{
    /// <summary>The name of the model embedded in the library.</summary>
    public const string DefaultModel = "matryoshka/static-en-v1";

    private static readonly Lazy<IReadOnlyList<CatalogueEntry>> Entries = new(() => Load());
    private static readonly Lazy<FrozenDictionary<string, CatalogueEntry>> ByName = new(Index);

    /// <summary>Every entry, in the catalogue's order.</summary>
    public static IReadOnlyList<CatalogueEntry> All => Entries.Value;

    /// <summary>Finds a model by its name, the part of its name after the slash, or an alias; case does not matter.</summary>
    /// <exception cref="UnknownModelException">There is none; the message suggests similar names.</exception>
    public static CatalogueEntry Find(string name)
    {
        if (TryFind(name, out var entry))
            return entry;
        var similar = NearMiss.Of(name, ByName.Value.Keys).Select(n => ByName.Value[n].Name).Distinct().Take(3).ToList();
        var advice = similar.Count > 0 ? $"Did you mean {string.Join(" or ", similar)}?" : "The catalogue lists the names it knows.";
        throw new UnknownModelException($"The model '{name}' is not in the catalogue. {advice} For any other model, give its recipe.");
    }

    /// <summary>Finds a model as <see cref="Find"/> does; false when there is none.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out CatalogueEntry? entry)
    {
        ArgumentNullException.ThrowIfNull(name);
        name = name.Trim();
        return ByName.Value.TryGetValue(name, out entry)
            // Ollama lists an untagged model with the tag ':latest'.
            || (name.EndsWith(":latest", StringComparison.OrdinalIgnoreCase) && ByName.Value.TryGetValue(name[..^":latest".Length], out entry));
    }

    private static CatalogueEntry[] Load()
    {
        using var stream = typeof(ModelCatalogue).Assembly.GetManifestResourceStream("Matryoshka.Models.catalogue.json")!;
        return JsonSerializer.Deserialize(stream, CatalogueContext.Default.CatalogueEntryArray)!;
    }

    private static FrozenDictionary<string, CatalogueEntry> Index()
    {
        var index = new Dictionary<string, CatalogueEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in All)
        {
            foreach (var name in entry.Aliases.Prepend(entry.Name))
                index.Add(name, entry);
        }
        // The short form only where nothing else claims it: two publishers may use the same one.
        foreach (var group in All.GroupBy(e => e.Name[(e.Name.LastIndexOf('/') + 1)..], StringComparer.OrdinalIgnoreCase).Where(g => g.Count() == 1))
            index.TryAdd(group.Key, group.First());
        return index.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>Reads a recipe inside an entry in the same form as <see cref="ModelRecipe.ToJson"/> writes.</summary>
internal sealed class RecipeConverter : JsonConverter<ModelRecipe>
{
    public override ModelRecipe Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize(ref reader, RecipeJsonContext.Default.RecipeJson)!.ToRecipe();

    public override void Write(Utf8JsonWriter writer, ModelRecipe value, JsonSerializerOptions options) => writer.WriteRawValue(value.ToJson());
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CatalogueEntry[]))]
internal sealed partial class CatalogueContext : JsonSerializerContext;
