using System.Text.Json;
using Matryoshka.Filters;

namespace Matryoshka;

/// <summary>
/// A condition on a record's metadata, key or source. Build one with the methods here or with <see cref="Parse"/>;
/// the language is described in docs/filters.md. Paths look like <c>author</c>, <c>author.name</c>, <c>tags[0]</c>,
/// <c>tags[*]</c> (any element) or <c>["odd name"]</c>; <c>$key</c> and <c>$source</c> name the record's own fields.
/// </summary>
/// <remarks>
/// Comparisons are type-strict: a number never equals or precedes a text. A missing field makes every comparison
/// false, and <see cref="NotEqual"/> is the opposite of <see cref="Equal"/>, so it is true of a missing field.
/// Text is compared by code points, case-sensitive. Filters are immutable; equal filters have equal structure.
/// </remarks>
public abstract record Filter
{
    /// <summary>The deepest nesting of and, or, not allowed: 32.</summary>
    public const int MaxDepth = 32;

    /// <summary>The most comparisons a filter may have: 500, which with 8 steps each keeps the SQL under its limits of length and depth.</summary>
    public const int MaxTerms = 500;

    /// <summary>The most values all lists of <see cref="In"/> may have together: 10,000 (SQLite allows 32,766 parameters).</summary>
    public const int MaxValues = 10_000;

    private protected Filter() { }

    internal abstract int Depth { get; }

    internal abstract int Terms { get; }

    internal abstract int Values { get; }

    /// <summary>The field at a path equals a value.</summary>
    /// <exception cref="InvalidFormatException">The path is not one; this holds for every method here.</exception>
    public static Filter Equal(string path, FilterValue value) => Compare(path, FilterOperator.Equal, value);

    /// <summary>Not <see cref="Equal"/>: also true when the field is missing.</summary>
    public static Filter NotEqual(string path, FilterValue value) => Not(Equal(path, value));

    /// <summary>The field is a number (or text) below a number (or text).</summary>
    /// <exception cref="InvalidFormatException">The value has no order: true, false and null do not.</exception>
    public static Filter LessThan(string path, FilterValue value) => Compare(path, FilterOperator.LessThan, value);

    /// <summary>The field is a number (or text) not above a number (or text).</summary>
    /// <exception cref="InvalidFormatException">The value has no order.</exception>
    public static Filter AtMost(string path, FilterValue value) => Compare(path, FilterOperator.AtMost, value);

    /// <summary>The field is a number (or text) above a number (or text).</summary>
    /// <exception cref="InvalidFormatException">The value has no order.</exception>
    public static Filter GreaterThan(string path, FilterValue value) => Compare(path, FilterOperator.GreaterThan, value);

    /// <summary>The field is a number (or text) not below a number (or text).</summary>
    /// <exception cref="InvalidFormatException">The value has no order.</exception>
    public static Filter AtLeast(string path, FilterValue value) => Compare(path, FilterOperator.AtLeast, value);

    /// <summary>The field equals one of the values; with no values nothing matches.</summary>
    public static Filter In(string path, params IEnumerable<FilterValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Checked(new InFilter(FilterParser.ParsePath(path), [.. values]));
    }

    /// <summary>The field is a list with an element that equals a value: <see cref="Equal"/> on <c>path[*]</c>.</summary>
    public static Filter Contains(string path, FilterValue value) =>
        Compare(FilterParser.ParsePath(path).AnyElement(), FilterOperator.Equal, value);

    /// <summary>The field is present, be it null.</summary>
    public static Filter Exists(string path) => new ExistsFilter(FilterParser.ParsePath(path));

    /// <summary>All of one filter or more.</summary>
    /// <exception cref="InvalidFormatException">No filter, or more than the limits allow.</exception>
    public static Filter And(params IEnumerable<Filter> filters) => Group(all: true, filters);

    /// <summary>Any of one filter or more.</summary>
    /// <exception cref="InvalidFormatException">No filter, or more than the limits allow.</exception>
    public static Filter Or(params IEnumerable<Filter> filters) => Group(all: false, filters);

    /// <summary>The opposite of a filter.</summary>
    public static Filter Not(Filter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return Checked(new NotFilter(filter));
    }

    /// <summary>Reads a filter, e.g. <c>year &gt;= 2020 and (lang in ("en", "de") or not exists draft)</c>.</summary>
    /// <exception cref="InvalidFormatException">The text is not a filter; the message says where, what was found and what is allowed.</exception>
    public static Filter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return FilterParser.Parse(text);
    }

    /// <summary>Whether a record matches, decided in memory by the same rules as in the catalogue database.</summary>
    /// <param name="metadata">The record's metadata, an object or undefined.</param>
    /// <param name="key">The record's key.</param>
    /// <param name="source">The record's source, if it has one.</param>
    public bool Matches(JsonElement metadata, string key, string? source = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return FilterEvaluator.Matches(this, metadata, key, source);
    }

    /// <summary>The filter's text; <see cref="Parse"/> reads it back as an equal filter.</summary>
    public sealed override string ToString() => FilterText.Print(this);

    internal static Filter Compare(FilterPath path, FilterOperator op, FilterValue value)
    {
        if (op != FilterOperator.Equal && !value.IsOrdered)
            throw new InvalidFormatException($"'{path} {FilterText.Symbol(op)} {value}' has no meaning: only numbers and texts have an order. Use = or !=.");
        return new ComparisonFilter(path, op, value);
    }

    internal static Filter Checked(Filter filter) =>
        filter.Depth > MaxDepth ? throw new InvalidFormatException($"The filter nests and, or and not {filter.Depth} deep; at most {MaxDepth} are allowed.")
        : filter.Terms > MaxTerms ? throw new InvalidFormatException($"The filter has {filter.Terms} comparisons; at most {MaxTerms} are allowed. Many values of one field fit one 'in'.")
        : filter.Values > MaxValues ? throw new InvalidFormatException($"The lists of the filter have {filter.Values} values; at most {MaxValues} are allowed.")
        : filter;

    private static Filter Compare(string path, FilterOperator op, FilterValue value) => Compare(FilterParser.ParsePath(path), op, value);

    private static Filter Group(bool all, IEnumerable<Filter> filters)
    {
        ArgumentNullException.ThrowIfNull(filters);
        // 'a and (b and c)' is 'a and b and c': one form for one meaning, and fewer levels.
        Filter[] parts = [.. filters.SelectMany(f => f is GroupFilter g && g.All == all ? g.Parts : [f ?? throw new ArgumentNullException(nameof(filters))])];
        return parts.Length switch
        {
            0 => throw new InvalidFormatException($"'{(all ? "and" : "or")}' was given no filter; give one or more."),
            1 => parts[0],
            _ => Checked(new GroupFilter(all, parts)),
        };
    }
}
