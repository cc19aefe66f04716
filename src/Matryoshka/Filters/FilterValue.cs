using System.Globalization;
using System.Text;
using Matryoshka.Filters;

namespace Matryoshka;

/// <summary>A value that metadata is compared with: text, a number, true, false or null.</summary>
/// <remarks>Integers are exact over all 64 bits; 1 and 1.0 are the same value, as they are in a comparison.</remarks>
public readonly record struct FilterValue
{
    private FilterValue(FilterValueKind kind, long integer = 0, double real = 0, string? text = null)
    {
        Kind = kind;
        Integer = integer;
        Real = real;
        Text = text;
    }

    /// <summary>JSON's null, which is present; a missing field is not null.</summary>
    public static FilterValue Null => default;

    internal FilterValueKind Kind { get; }

    internal long Integer { get; }

    internal double Real { get; }

    internal string? Text { get; }

    internal bool IsNumber => Kind is FilterValueKind.Integer or FilterValueKind.Real;

    internal bool IsOrdered => IsNumber || Kind == FilterValueKind.Text;

    /// <summary>A text; null is <see cref="Null"/>.</summary>
    /// <exception cref="InvalidFormatException">The text holds half a surrogate pair, which no stored text can equal.</exception>
    public static implicit operator FilterValue(string? text) => FromText(text);

    /// <summary>True or false.</summary>
    public static implicit operator FilterValue(bool value) => FromBoolean(value);

    /// <summary>An integer.</summary>
    public static implicit operator FilterValue(int value) => FromInteger(value);

    /// <summary>An integer.</summary>
    public static implicit operator FilterValue(long value) => FromInteger(value);

    /// <summary>A finite number.</summary>
    /// <exception cref="InvalidFormatException">The number is NaN or infinite.</exception>
    public static implicit operator FilterValue(double value) => FromDouble(value);

    /// <summary>A text; null is <see cref="Null"/>.</summary>
    /// <exception cref="InvalidFormatException">The text holds half a surrogate pair, which no stored text can equal.</exception>
    public static FilterValue FromText(string? text) => text is null ? default : new(FilterValueKind.Text, text: WellFormed(text));

    /// <summary>True or false.</summary>
    public static FilterValue FromBoolean(bool value) => new(value ? FilterValueKind.True : FilterValueKind.False);

    /// <summary>An integer.</summary>
    public static FilterValue FromInteger(long value) => new(FilterValueKind.Integer, integer: value);

    /// <summary>A finite number.</summary>
    /// <exception cref="InvalidFormatException">The number is NaN or infinite.</exception>
    public static FilterValue FromDouble(double value)
    {
        if (!double.IsFinite(value))
            throw new InvalidFormatException($"{value.ToString(CultureInfo.InvariantCulture)} was given as a filter value; only finite numbers are allowed.");
        // One form for one number, so that equal filters are equal and -0 is 0. 2^63 itself does not fit a long.
        return value >= -9223372036854775808.0 && value < 9223372036854775808.0 && Math.Floor(value) == value
            ? FromInteger((long)value)
            : new(FilterValueKind.Real, real: value);
    }

    /// <summary>The value as it is written in a filter's text.</summary>
    public override string ToString() => Kind switch
    {
        FilterValueKind.Text => FilterText.Quote(Text!),
        FilterValueKind.Integer => Integer.ToString(CultureInfo.InvariantCulture),
        FilterValueKind.Real => Real.ToString("R", CultureInfo.InvariantCulture),
        FilterValueKind.True => "true",
        FilterValueKind.False => "false",
        _ => "null",
    };

    internal static string WellFormed(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var taken) != System.Buffers.OperationStatus.Done)
                throw new InvalidFormatException($"A text in the filter holds half a surrogate pair (U+{(int)rest[0]:X4} at position {text.Length - rest.Length + 1}); give whole characters.");
            rest = rest[taken..];
        }
        return text;
    }
}

internal enum FilterValueKind
{
    Null,
    False,
    True,
    Integer,
    Real,
    Text,
}
