using System.Globalization;
using System.Text.Json;

namespace Matryoshka.Storage;

/// <summary>The plan of searches that name none, and the count of hits it was made for.</summary>
internal sealed record ChosenPlan(SearchPlan Plan, int K)
{
    /// <summary>The plan for a list of that depth: made for fewer hits, it keeps more by the same factor, and as it is for as many.</summary>
    public SearchPlan For(int depth) => depth <= K || Plan.Stages.All(stage => stage.Keep is null) ? Plan
        : new([.. Plan.Stages.Select(stage => stage with { Keep = stage.Keep is { } keep ? (int)Math.Min(SearchPlan.MaxKeep, ((long)keep * depth + K - 1) / K) : null })]);
}

/// <summary>
/// Named plans in <c>meta</c>: <c>plan:NAME</c> holds a JSON document, <c>default_plan</c> the name of the one that searches run.
/// Both may be missing, so collections of before read as collections without, and older builds pass over them.
/// </summary>
internal static class CatalogPlans
{
    private const string Prefix = "plan:";
    private const string Default = "default_plan";

    public static List<StoredPlan> Plans(this CatalogConnection catalog)
    {
        var chosen = catalog.Scalar<string>("SELECT value FROM meta WHERE name = $0", Default);
        using var reader = catalog.Command("SELECT name, value FROM meta WHERE name >= $0 AND name < $1 ORDER BY name", Prefix, "plan;").ExecuteReader();
        var plans = new List<StoredPlan>();
        while (reader.Read())
            plans.Add(Read(reader.GetString(0)[Prefix.Length..], reader.GetValue(1) as string, chosen, catalog.Path));
        return plans;
    }

    /// <summary>What searches run; null for the built-in plan.</summary>
    public static ChosenPlan? ChosenPlan(this CatalogConnection catalog)
    {
        if (catalog.Scalar<string>("SELECT value FROM meta WHERE name = $0", Default) is not { } name)
            return null;
        var stored = Read(name, catalog.Scalar<string>("SELECT value FROM meta WHERE name = $0", Prefix + name), name, catalog.Path);
        return new(stored.Plan, stored.K);
    }

    public static bool HasPlan(this CatalogConnection catalog, string name) => catalog.Scalar<string>("SELECT value FROM meta WHERE name = $0", Prefix + name) is not null;

    public static void SetPlan(this CatalogConnection catalog, StoredPlan plan) =>
        catalog.Execute("INSERT INTO meta(name, value) VALUES ($0, $1) ON CONFLICT(name) DO UPDATE SET value = excluded.value", Prefix + plan.Name, Write(plan));

    public static bool RemovePlan(this CatalogConnection catalog, string name)
    {
        catalog.Execute("DELETE FROM meta WHERE name = $0 AND value = $1", Default, name);
        return catalog.Execute("DELETE FROM meta WHERE name = $0", Prefix + name) > 0;
    }

    public static void SetDefaultPlan(this CatalogConnection catalog, string? name)
    {
        catalog.Execute("DELETE FROM meta WHERE name = $0", Default);
        if (name is not null)
            catalog.Execute("INSERT INTO meta(name, value) VALUES ($0, $1)", Default, name);
    }

    private static string Write(StoredPlan plan)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("plan", plan.Plan.ToString());
            json.WriteNumber("k", plan.K);
            json.WriteString("stored", plan.Stored.ToString("O", CultureInfo.InvariantCulture));
            if (plan.Measurement is { } measurement)
            {
                json.WritePropertyName("measurement");
                measurement.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static StoredPlan Read(string name, string? value, string? chosen, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(value ?? "null");
            var root = document.RootElement;
            var k = root.GetProperty("k").GetInt32();
            return new()
            {
                Name = name,
                Plan = SearchPlan.Parse(root.GetProperty("plan").GetString() ?? ""),
                K = k > 0 ? k : throw new InvalidOperationException("k is not positive"),
                Stored = root.GetProperty("stored").GetDateTimeOffset(),
                Measurement = root.TryGetProperty("measurement", out var measurement) && measurement.ValueKind == JsonValueKind.Object ? System.Text.Json.Nodes.JsonObject.Create(measurement.Clone()) : null,
                IsDefault = name == chosen,
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or InvalidFormatException)
        {
            throw new CorruptFileException(path, $"its plan '{name}' cannot be read: {error.Message}");
        }
    }
}
