using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Models;

/// <summary>The stored form of a recipe. Fields that keep their default are left out; a field or word this version does not know is refused.</summary>
internal sealed class RecipeJson
{
    public string? Name { get; set; }

    public DimensionsJson? Dimensions { get; set; }

    public string? Weights { get; set; }

    public string? QueryPrompt { get; set; }

    public string? DocumentPrompt { get; set; }

    public string? Pooling { get; set; }

    public string? BeforeTruncation { get; set; }

    public int? MaxTokens { get; set; }

    public string? Tokenizer { get; set; }

    public string? Adapter { get; set; }

    // Collected instead of disallowed, so that the error can name the field and give the real reason.
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public static string Write(ModelRecipe recipe) => JsonSerializer.Serialize(
        new RecipeJson
        {
            Name = recipe.Name,
            Dimensions = DimensionsJson.From(recipe.Dimensions),
            Weights = recipe.Weights,
            QueryPrompt = NullIfEmpty(recipe.QueryPrompt),
            DocumentPrompt = NullIfEmpty(recipe.DocumentPrompt),
            Pooling = EnumWords.Of(recipe.Pooling),
            BeforeTruncation = recipe.BeforeTruncation == PreTruncation.None ? null : EnumWords.Of(recipe.BeforeTruncation),
            MaxTokens = recipe.MaxTokens,
            Tokenizer = recipe.Tokenizer,
            Adapter = recipe.Adapter,
        },
        RecipeJsonContext.Default.RecipeJson);

    public static ModelRecipe Read(string json)
    {
        try
        {
            return (JsonSerializer.Deserialize(json, RecipeJsonContext.Default.RecipeJson)
                ?? throw new InvalidFormatException("The model recipe is null; a JSON object was expected.")).ToRecipe();
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"The model recipe is not readable: {error.Message}", error);
        }
    }

    public ModelRecipe ToRecipe()
    {
        RefuseUnknown(Unknown, "model recipe");
        if (string.IsNullOrEmpty(Name))
            throw new InvalidFormatException("The model recipe has no 'name'; give the model's name as its publisher writes it.");
        if (Dimensions is null)
            throw new InvalidFormatException($"The recipe of '{Name}' has no 'dimensions'; give an object with 'nesting' and 'sizes'.");
        if (MaxTokens is < 1)
            throw new InvalidFormatException($"The recipe of '{Name}' has {MaxTokens} max tokens; give 1 or more, or leave the field out.");
        return new ModelRecipe
        {
            Name = Name,
            Dimensions = Dimensions.ToDimensions(Name),
            Weights = Weights,
            QueryPrompt = QueryPrompt ?? "",
            DocumentPrompt = DocumentPrompt ?? "",
            Pooling = Pooling is null ? Matryoshka.Pooling.Service : EnumWords.Parse<Pooling>(Pooling, "pooling"),
            BeforeTruncation = BeforeTruncation is null ? PreTruncation.None : EnumWords.Parse<PreTruncation>(BeforeTruncation, "beforeTruncation"),
            MaxTokens = MaxTokens,
            Tokenizer = Tokenizer,
            Adapter = Adapter,
        };
    }

    internal static void RefuseUnknown(Dictionary<string, JsonElement>? unknown, string where)
    {
        if (unknown is { Count: > 0 })
            throw new InvalidFormatException($"The {where} has the field '{unknown.Keys.First()}', which this version does not know. It was written by a newer version of Matryoshka; update to read it.");
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

/// <summary>The stored form of <see cref="NestedDimensions"/>.</summary>
internal sealed class DimensionsJson
{
    public string? Nesting { get; set; }

    public int? Minimum { get; set; }

    public int[]? Sizes { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public static DimensionsJson From(NestedDimensions dimensions) => new()
    {
        Nesting = EnumWords.Of(dimensions.Kind),
        Minimum = dimensions.Kind != NestingKind.AnyPrefix && dimensions.Minimum == dimensions.Dimensions[0] ? null : dimensions.Minimum,
        Sizes = [.. dimensions.Dimensions],
    };

    public NestedDimensions ToDimensions(string model)
    {
        RecipeJson.RefuseUnknown(Unknown, $"dimensions of '{model}'");
        if (Nesting is null || Sizes is not { Length: > 0 })
            throw new InvalidFormatException($"The dimensions of '{model}' need 'nesting' and 'sizes', e.g. {{\"nesting\":\"trained\",\"sizes\":[64,128,768]}}.");
        var kind = EnumWords.Parse<NestingKind>(Nesting, "nesting");
        if (kind == NestingKind.AnyPrefix && Minimum is null)
            throw new InvalidFormatException($"The dimensions of '{model}' allow any prefix but give no 'minimum'.");
        return NestedDimensions.Create(kind, Minimum ?? Sizes[0], Sizes);
    }
}

/// <summary>Enum members as camel-case words, the form used in stored JSON.</summary>
internal static class EnumWords
{
    public static string Of<T>(T value) where T : struct, Enum
    {
        var name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    // Not Enum.TryParse: it takes numbers and comma lists, which would let an undefined value in.
    public static T Parse<T>(string word, string field) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (Of(value) == word)
                return value;
        }
        throw new InvalidFormatException($"'{word}' is not a known {field}; this version knows {string.Join(", ", Enum.GetValues<T>().Select(Of))}. If a newer version of Matryoshka wrote it, update to read it.");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(RecipeJson))]
internal sealed partial class RecipeJsonContext : JsonSerializerContext;
