using System.Text.Json.Nodes;

namespace Matryoshka;

/// <summary>A plan that a collection keeps under a name, with what was measured of it.</summary>
public sealed record StoredPlan
{
    /// <summary>Its name, 1 to 64 letters, digits, '-', '_' or '.'.</summary>
    public required string Name { get; init; }

    /// <summary>The funnel.</summary>
    public required SearchPlan Plan { get; init; }

    /// <summary>How many hits it was made for. A search for more keeps more candidates in every stage, by the same factor.</summary>
    public int K { get; init; } = 10;

    /// <summary>What was measured of it and on what; null if nothing was.</summary>
    public JsonObject? Measurement { get; init; }

    /// <summary>When it was stored.</summary>
    public DateTimeOffset Stored { get; init; }

    /// <summary>Whether searches run it when they name no plan.</summary>
    public bool IsDefault { get; init; }
}
