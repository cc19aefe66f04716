using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Tuning;

/// <summary>What memory, disk and processors cost, to turn figures into one that can be compared: money a month.</summary>
public sealed record Prices
{
    /// <summary>The currency's name, shown beside amounts.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>A gigabyte (10^9 bytes) of memory for a month.</summary>
    public double MemoryGbMonth { get; init; }

    /// <summary>A gigabyte of disk for a month.</summary>
    public double DiskGbMonth { get; init; }

    /// <summary>A processor core for a month.</summary>
    public double CoreMonth { get; init; }

    /// <summary>The load that cores are held for, queries a second.</summary>
    public double QueriesPerSecond { get; init; } = 10;

    /// <summary>Where the prices come from.</summary>
    public string? Note { get; init; }

    /// <summary>The prices inside the library: round figures, to be replaced by one's own.</summary>
    public static Prices Default { get; } = Parse(ResourceText(), "the built-in prices");

    /// <summary>Reads a file of the form <c>{"currency": "EUR", "memoryGbMonth": 4, "diskGbMonth": 0.1, "coreMonth": 30, "queriesPerSecond": 20}</c>.</summary>
    /// <exception cref="InvalidFormatException">It has another form, or a price is below 0.</exception>
    public static Prices Read(string path) => Parse(string.Join('\n', Truth.TextFile.Lines(path)), $"'{path}'");

    /// <summary>Money a month for so much memory, disk and time.</summary>
    internal double Monthly(double residentBytes, double diskBytes, double querySeconds) =>
        residentBytes / 1e9 * MemoryGbMonth + diskBytes / 1e9 * DiskGbMonth + querySeconds * QueriesPerSecond * CoreMonth;

    private static Prices Parse(string text, string name)
    {
        try
        {
            var prices = JsonSerializer.Deserialize(text, PricesContext.Default.Prices) ?? throw new InvalidFormatException($"{name} are empty.");
            return new[] { prices.MemoryGbMonth, prices.DiskGbMonth, prices.CoreMonth, prices.QueriesPerSecond }.All(price => double.IsFinite(price) && price >= 0)
                ? prices : throw new InvalidFormatException($"{name}: prices and the load are numbers from 0 up.");
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"{name} cannot be read: {error.Message}", error);
        }
    }

    private static string ResourceText()
    {
        using var reader = new StreamReader(typeof(Prices).Assembly.GetManifestResourceStream("Matryoshka.Tuning.prices.json")!);
        return reader.ReadToEnd();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Prices))]
internal sealed partial class PricesContext : JsonSerializerContext;
