using System.Text.Json;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>One object of a <c>tokenizer.json</c> and where it stands, so that whatever is wrong in it can be named.</summary>
internal readonly struct JsonPart(JsonElement element, string file, string where)
{
    public JsonElement Element => element;

    public string File => file;

    public bool IsNull => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    /// <summary>The word under "type"; empty where there is none.</summary>
    public string Type => Text("type") ?? "";

    public InvalidFormatException Bad(string what) => new($"'{file}' is not a usable tokenizer.json: {where} {what}.");

    /// <summary>A component that this library does not know; naming it tells the user what to ask for.</summary>
    public InvalidFormatException Unsupported(string supported) =>
        Bad(IsNull ? $"is missing; supported are {supported}" : $"is of the type '{Type}', which is not supported; supported are {supported}");

    public JsonPart Part(string name) => new(Get(name), file, $"its '{name}'");

    public IEnumerable<JsonPart> Parts(string name)
    {
        var list = Get(name);
        if (list.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            yield break;
        if (list.ValueKind != JsonValueKind.Array)
            throw Bad($"has '{name}' that are not a list");
        foreach (var item in list.EnumerateArray())
            yield return new JsonPart(item, file, $"one of '{name}'");
    }

    public JsonElement Get(string name) =>
        element.ValueKind == JsonValueKind.Object ? element.TryGetProperty(name, out var value) ? value : default
        : IsNull ? default
        : throw Bad("is not an object");

    public string? Text(string name) => Get(name) switch
    {
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => null,
        _ => throw Bad($"has a '{name}' that is not a string"),
    };

    public bool Flag(string name, bool otherwise) => Get(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => otherwise,
        _ => throw Bad($"has a '{name}' that is neither true nor false"),
    };

    public int? Number(string name, int least, int most)
    {
        var value = Get(name);
        if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw Bad($"has a '{name}' that is not a whole number of {least} to {most}");
    }

    /// <summary>Refuses a setting that would change tokens and that no supported model uses.</summary>
    public void Refuse(string name, Func<JsonElement, bool> harmless)
    {
        var value = Get(name);
        if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) && !harmless(value))
            throw Bad($"has '{name}' {value.GetRawText()}, which is not supported");
    }
}
