namespace Matryoshka.Filters;

/// <summary>Reads the text form of filters: recursive descent, at most <see cref="Filter.MaxDepth"/> levels deep.</summary>
internal sealed class FilterParser
{
    /// <summary>A million characters: room for the longest lists allowed, and a bound on hostile input.</summary>
    public const int MaxLength = 1 << 20;

    private const string ValueForms = "a value (text in quotes, a number, true, false or null)";
    private const string OperatorForms = "=, !=, <, <=, >, >=, in, not in, contains or not contains";

    private readonly FilterLexer lexer;
    private FilterToken token;
    private int depth;

    private FilterParser(string text)
    {
        if (text.Length > MaxLength)
            throw new InvalidFormatException($"The filter has {text.Length} characters; at most {MaxLength} are allowed.");
        lexer = new FilterLexer(text);
        token = lexer.Next();
    }

    public static Filter Parse(string text)
    {
        var parser = new FilterParser(text);
        var filter = parser.Or();
        return parser.token.Kind == FilterTokenKind.End ? filter : throw parser.Expected("'and', 'or' or the end");
    }

    public static FilterPath ParsePath(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parser = new FilterParser(text);
        var path = parser.Path();
        return parser.token.Kind == FilterTokenKind.End ? path : throw parser.Expected("'.', '[' or the end of the path");
    }

    private Filter Or() => Chain("or", all: false, And);

    private Filter And() => Chain("and", all: true, Unary);

    private Filter Chain(string word, bool all, Func<Filter> part)
    {
        var start = token.Position;
        var first = part();
        if (!token.Is(word))
            return first;
        List<Filter> parts = [first];
        while (token.Is(word))
        {
            Advance();
            parts.Add(part());
        }
        return At(start, () => all ? Filter.And(parts) : Filter.Or(parts));
    }

    private Filter Unary()
    {
        var start = token.Position;
        if (token.Is("not"))
        {
            Advance();
            var inner = Nested(start, Unary);
            return At(start, () => Filter.Not(inner));
        }
        if (token.IsSymbol("("))
        {
            Advance();
            var inner = Nested(start, Or);
            Take(")", "'and', 'or' or ')'");
            return inner;
        }
        if (token.Is("exists"))
        {
            Advance();
            return new ExistsFilter(Path());
        }
        return Comparison();
    }

    private Filter Nested(int start, Func<Filter> part)
    {
        if (++depth > Filter.MaxDepth)
            throw lexer.Error(start, $"more than {Filter.MaxDepth} levels of 'not' and '('.");
        var filter = part();
        depth--;
        return filter;
    }

    private Filter Comparison()
    {
        var start = token.Position;
        var path = Path();
        var negated = token.Is("not");
        if (negated)
            Advance();
        var op = token;
        if (op.Is("in"))
        {
            Advance();
            var values = List();
            return At(start, () => Negate(Filter.Checked(new InFilter(path, values)), negated));
        }
        if (op.Is("contains"))
        {
            Advance();
            var element = Value();
            return At(start, () => Negate(Filter.Compare(path.AnyElement(), FilterOperator.Equal, element), negated));
        }
        if (negated)
            throw Expected("'in' or 'contains' after 'not'");
        if (op.Kind != FilterTokenKind.Symbol || op.Text is not ("=" or "!=" or "<" or "<=" or ">" or ">="))
            throw Expected(OperatorForms);
        Advance();
        var value = Value();
        return At(start, () => Negate(Filter.Compare(path, Operator(op.Text), value), op.Text == "!="));
    }

    private FilterPath Path()
    {
        if (token.Kind == FilterTokenKind.Field)
            return Field();
        var start = token.Position;
        List<FilterStep> steps = [];
        if (token.Kind == FilterTokenKind.Word && !FilterText.IsKeyword(token.Text))
            steps.Add(Name());
        else if (!token.IsSymbol("["))
            throw Expected("a field, 'not', 'exists' or '('");
        while (steps.Count <= FilterPath.MaxSteps)
        {
            if (token.IsSymbol("["))
            {
                steps.Add(Bracket(first: steps.Count == 0));
            }
            else if (token.IsSymbol("."))
            {
                Advance();
                steps.Add(token.Kind == FilterTokenKind.Word ? Name() : throw Expected("a field's name after '.'; odd names are written [\"name\"]"));
            }
            else
            {
                break;
            }
        }
        return At(start, () => FilterPath.Metadata(steps));
    }

    private FilterPath Field()
    {
        var path = token.Text switch
        {
            "$key" => FilterPath.Key,
            "$source" => FilterPath.Source,
            _ => throw lexer.Error(token.Position, $"'{token.Text}' is not known; $key and $source are. A metadata field of that name is written [\"{token.Text}\"]."),
        };
        Advance();
        return path;
    }

    private FilterStep Name()
    {
        var step = new FilterStep(FilterStepKind.Name, token.Text);
        Advance();
        return step;
    }

    private FilterStep Bracket(bool first)
    {
        Advance();
        FilterStep step;
        if (token.Kind == FilterTokenKind.Text)
            step = new(FilterStepKind.Name, token.Text);
        else if (first)
            throw Expected("a name in quotes, for a path begins with a field");
        else if (token.IsSymbol("*"))
            step = new(FilterStepKind.AnyElement);
        else if (token is { Kind: FilterTokenKind.Number, Value: { Kind: FilterValueKind.Integer, Integer: >= 0 and <= int.MaxValue } })
            step = new(FilterStepKind.Index, Index: (int)token.Value.Integer);
        else
            throw Expected("an index from 0, * for any element, or a name in quotes");
        Advance();
        Take("]", "']'");
        return step;
    }

    private FilterValue[] List()
    {
        Take("(", "'(' and a list of values");
        List<FilterValue> values = [];
        if (!token.IsSymbol(")"))
        {
            values.Add(Value());
            while (token.IsSymbol(","))
            {
                Advance();
                values.Add(Value());
            }
        }
        Take(")", "',' or ')'");
        return [.. values];
    }

    private FilterValue Value()
    {
        FilterValue value = token.Kind switch
        {
            FilterTokenKind.Text or FilterTokenKind.Number => token.Value,
            FilterTokenKind.Word when token.Is("true") => true,
            FilterTokenKind.Word when token.Is("false") => false,
            FilterTokenKind.Word when token.Is("null") => FilterValue.Null,
            FilterTokenKind.Word when !FilterText.IsKeyword(token.Text) => throw lexer.Error(token.Position, $"expected {ValueForms}, but found '{token.Text}'; a text stands in quotes: \"{token.Text}\"."),
            _ => throw Expected(ValueForms),
        };
        Advance();
        return value;
    }

    private void Take(string symbol, string expected)
    {
        if (!token.IsSymbol(symbol))
            throw Expected(expected);
        Advance();
    }

    private void Advance() => token = lexer.Next();

    private InvalidFormatException Expected(string what)
    {
        var found = token.Kind switch
        {
            FilterTokenKind.End => "the end",
            FilterTokenKind.Text => $"the text {FilterText.Quote(token.Text.Length > 40 ? token.Text[..40] + "..." : token.Text)}",
            FilterTokenKind.Number => $"the number {token.Value}",
            FilterTokenKind.Word when FilterText.IsKeyword(token.Text) => $"the keyword '{token.Text}' (a field of that name is written [\"{token.Text}\"])",
            _ => $"'{token.Text}'",
        };
        return lexer.Error(token.Position, $"expected {what}, but found {found}.");
    }

    // Errors of the model itself (limits, order of values) gain the place in the text.
    private T At<T>(int position, Func<T> build)
    {
        try
        {
            return build();
        }
        catch (InvalidFormatException error)
        {
            throw lexer.Error(position, error.Message);
        }
    }

    private static Filter Negate(Filter filter, bool negated) => negated ? Filter.Not(filter) : filter;

    private static FilterOperator Operator(string symbol) => symbol switch
    {
        "<" => FilterOperator.LessThan,
        "<=" => FilterOperator.AtMost,
        ">" => FilterOperator.GreaterThan,
        ">=" => FilterOperator.AtLeast,
        _ => FilterOperator.Equal,
    };
}
