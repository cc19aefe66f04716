using System.Text;
using System.Text.Json;

namespace Matryoshka.Filters;

/// <summary>
/// Filters in memory. This is the definition of what a filter means; <see cref="FilterSql"/> is tested against it.
/// Text with half a surrogate pair, which JSON can write but no filter can, matches no comparison.
/// </summary>
internal static class FilterEvaluator
{
    public static bool Matches(Filter filter, JsonElement metadata, string key, string? source) => filter switch
    {
        GroupFilter { All: true } group => Array.TrueForAll(group.Parts, p => Matches(p, metadata, key, source)),
        GroupFilter group => Array.Exists(group.Parts, p => Matches(p, metadata, key, source)),
        NotFilter not => !Matches(not.Inner, metadata, key, source),
        ComparisonFilter c when c.Path.Field != FilterField.Metadata => Compare(Own(c.Path, key, source), c.Operator, c.Value),
        ComparisonFilter c => Any(metadata, c.Path.Steps, e => Compare(e, c.Operator, c.Value)),
        InFilter i when i.Path.Field != FilterField.Metadata => Array.Exists(i.List, v => Compare(Own(i.Path, key, source), FilterOperator.Equal, v)),
        InFilter i => Any(metadata, i.Path.Steps, e => Array.Exists(i.List, v => Compare(e, FilterOperator.Equal, v))),
        ExistsFilter e when e.Path.Field != FilterField.Metadata => Own(e.Path, key, source) is not null,
        ExistsFilter e => Any(metadata, e.Path.Steps, _ => true),
        _ => throw new ArgumentException($"{filter.GetType()} is not a filter.", nameof(filter)),
    };

    private static string? Own(FilterPath path, string key, string? source) => path.Field == FilterField.Key ? key : source;

    private static bool Any(JsonElement at, ReadOnlySpan<FilterStep> steps, Func<JsonElement, bool> test)
    {
        if (steps.IsEmpty)
            return test(at);
        var step = steps[0];
        if (step.Kind == FilterStepKind.Name)
        {
            if (at.ValueKind != JsonValueKind.Object)
                return false;
            foreach (var member in at.EnumerateObject())
            {
                if (Named(member, step.Name) && Any(member.Value, steps[1..], test))
                    return true;
            }
            return false;
        }
        if (at.ValueKind != JsonValueKind.Array)
            return false;
        if (step.Kind == FilterStepKind.Index)
            return step.Index < at.GetArrayLength() && Any(at[step.Index], steps[1..], test);
        foreach (var element in at.EnumerateArray())
        {
            if (Any(element, steps[1..], test))
                return true;
        }
        return false;
    }

    private static bool Named(JsonProperty member, string name)
    {
        try
        {
            return member.NameEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool Compare(JsonElement element, FilterOperator op, FilterValue value) => (element.ValueKind, value.Kind) switch
    {
        (JsonValueKind.String, FilterValueKind.Text) => Compare(Text(element), op, value),
        (JsonValueKind.Number, FilterValueKind.Integer or FilterValueKind.Real) => Holds(op, CompareNumbers(Number(element), value)),
        (JsonValueKind.True, FilterValueKind.True) or (JsonValueKind.False, FilterValueKind.False) or (JsonValueKind.Null, FilterValueKind.Null) => true,
        _ => false,
    };

    private static bool Compare(string? text, FilterOperator op, FilterValue value)
    {
        if (text is null || value.Kind != FilterValueKind.Text)
            return false;
        return op == FilterOperator.Equal
            ? text == value.Text
            // Bytes of UTF-8 sort by code point, as SQLite does; string.CompareOrdinal would put U+FFFD after U+1F600.
            : Holds(op, Encoding.UTF8.GetBytes(text).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(value.Text!)));
    }

    private static string? Text(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    // Infinite for a number beyond 1.8e308, which JSON can write.
    private static (bool Integral, long Integer, double Real) Number(JsonElement element) =>
        element.TryGetInt64(out var integer) ? (true, integer, 0) : (false, 0, element.GetDouble());

    private static int CompareNumbers((bool Integral, long Integer, double Real) left, FilterValue right) =>
        (left.Integral, right.Kind == FilterValueKind.Integer) switch
        {
            (true, true) => left.Integer.CompareTo(right.Integer),
            (true, false) => CompareExactly(left.Integer, right.Real),
            (false, true) => -CompareExactly(right.Integer, left.Real),
            _ => left.Real.CompareTo(right.Real),
        };

    // Converting the integer to double instead would call 2^53 and 2^53 + 1 equal.
    private static int CompareExactly(long integer, double real)
    {
        if (real >= 9223372036854775808.0)
            return -1;
        if (real < -9223372036854775808.0)
            return 1;
        var whole = (long)real;
        return integer != whole ? integer.CompareTo(whole) : 0.0.CompareTo(real - whole);
    }

    private static bool Holds(FilterOperator op, int order) => op switch
    {
        FilterOperator.Equal => order == 0,
        FilterOperator.LessThan => order < 0,
        FilterOperator.AtMost => order <= 0,
        FilterOperator.GreaterThan => order > 0,
        _ => order >= 0,
    };
}
