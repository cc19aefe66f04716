using System.Text.Json;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Models;

/// <summary>
/// Where a model is found. Its JSON form is what a collection remembers: names and addresses, never a key, and of an address
/// not the part after '?', which may carry one.
/// </summary>
/// <param name="Kind">One of the words below.</param>
/// <param name="Where">The folder, <c>owner/name[@commit]</c>, or <c>provider:model</c>; empty for the embedded model.</param>
internal sealed record ModelSource(string Kind, string Where)
{
    public const string EmbeddedKind = "embedded", FolderKind = "folder", HubKind = "hub", RemoteKind = "remote";

    public static readonly ModelSource Embedded = new(EmbeddedKind, "");

    /// <summary>The weights' file in the folder or repository, where it is not the usual one.</summary>
    public string? File { get; init; }

    public string? Endpoint { get; init; }

    /// <summary>The name of the environment variable that holds the key.</summary>
    public string? KeyVariable { get; init; }

    public bool ServerPrompts { get; init; }

    /// <summary>Reads what a collection remembers; null where it is nothing this version knows.</summary>
    public static ModelSource? Parse(string? text)
    {
        if (text is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize(text, CliJson.Shapes.ModelSource) is { Kind: EmbeddedKind or FolderKind or HubKind or RemoteKind, Where: not null } known ? known : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this with { Endpoint = Endpoint?.Split('?')[0] }, CliJson.Shapes.ModelSource);

    /// <summary>In words.</summary>
    public override string ToString() => Kind switch
    {
        EmbeddedKind => "inside mrl",
        FolderKind => $"folder {Where}",
        HubKind => Where,
        _ => Endpoint is null ? Where : $"{Where} at {Endpoint.Split('?')[0]}",
    };
}
