using System.Globalization;
using System.Text;

namespace Matryoshka.Filters;

/// <summary>Prints filters in the form <see cref="FilterParser"/> reads.</summary>
internal static class FilterText
{
    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase) { "and", "or", "not", "in", "exists", "contains", "true", "false", "null" };

    public static bool IsKeyword(string word) => Keywords.Contains(word);

    public static bool StartsName(char c) => c == '_' || char.IsLetter(c);

    public static bool ContinuesName(char c) => StartsName(c) || char.IsDigit(c) || c == '-';

    public static string Symbol(FilterOperator op) => op switch
    {
        FilterOperator.LessThan => "<",
        FilterOperator.AtMost => "<=",
        FilterOperator.GreaterThan => ">",
        FilterOperator.AtLeast => ">=",
        _ => "=",
    };

    public static string Print(Filter filter)
    {
        var text = new StringBuilder();
        Append(text, filter);
        return text.ToString();
    }

    public static string Print(FilterPath path)
    {
        if (path.Field != FilterField.Metadata)
            return path.Field == FilterField.Key ? "$key" : "$source";
        var text = new StringBuilder();
        foreach (var step in path.Steps)
        {
            _ = step.Kind switch
            {
                FilterStepKind.AnyElement => text.Append("[*]"),
                FilterStepKind.Index => text.Append(CultureInfo.InvariantCulture, $"[{step.Index}]"),
                _ when IsPlain(step.Name) => text.Append(text.Length > 0 ? "." : "").Append(step.Name),
                _ => text.Append('[').Append(Quote(step.Name)).Append(']'),
            };
        }
        return text.ToString();
    }

    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                // Line and paragraph separators break a line in some viewers.
                < ' ' or '\x7f' or '\u2028' or '\u2029' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        return text.Append('"').ToString();
    }

    private static void Append(StringBuilder text, Filter filter)
    {
        switch (filter)
        {
            case GroupFilter group:
                for (var i = 0; i < group.Parts.Length; i++)
                    AppendPart(text.Append(i == 0 ? "" : group.All ? " and " : " or "), group.Parts[i], parentheses: group.All && group.Parts[i] is GroupFilter);
                break;
            case NotFilter { Inner: ComparisonFilter { Operator: FilterOperator.Equal } c }:
                text.Append(c.Path).Append(" != ").Append(c.Value);
                break;
            case NotFilter { Inner: InFilter i }:
                AppendList(text.Append(i.Path).Append(" not in "), i.List);
                break;
            case NotFilter not:
                AppendPart(text.Append("not "), not.Inner, parentheses: not.Inner is GroupFilter);
                break;
            case ComparisonFilter c:
                text.Append(c.Path).Append(' ').Append(Symbol(c.Operator)).Append(' ').Append(c.Value);
                break;
            case InFilter i:
                AppendList(text.Append(i.Path).Append(" in "), i.List);
                break;
            case ExistsFilter e:
                text.Append("exists ").Append(e.Path);
                break;
        }
    }

    private static void AppendPart(StringBuilder text, Filter filter, bool parentheses)
    {
        if (parentheses)
            text.Append('(');
        Append(text, filter);
        if (parentheses)
            text.Append(')');
    }

    private static void AppendList(StringBuilder text, FilterValue[] values) => text.Append('(').AppendJoin(", ", values).Append(')');

    private static bool IsPlain(string name) => name.Length > 0 && StartsName(name[0]) && name.All(ContinuesName) && !IsKeyword(name);
}
