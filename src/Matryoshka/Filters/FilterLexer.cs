using System.Globalization;
using System.Text;

namespace Matryoshka.Filters;

internal enum FilterTokenKind
{
    End,
    Word,
    Field,
    Text,
    Number,
    Symbol,
}

/// <summary>A piece of a filter's text. <c>Text</c> is the word, the symbol, or the text without quotes and escapes.</summary>
internal readonly record struct FilterToken(FilterTokenKind Kind, int Position, string Text, FilterValue Value = default)
{
    public bool Is(string keyword) => Kind == FilterTokenKind.Word && Text.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    public bool IsSymbol(string symbol) => Kind == FilterTokenKind.Symbol && Text == symbol;
}

/// <summary>Cuts a filter's text into tokens.</summary>
internal sealed class FilterLexer(string text)
{
    private int at;

    public FilterToken Next()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
        var start = at;
        if (start == text.Length)
            return new(FilterTokenKind.End, start, "");
        var c = text[start];
        if (FilterText.StartsName(c))
            return new(FilterTokenKind.Word, start, Name());
        if (c == '$')
        {
            at++;
            return new(FilterTokenKind.Field, start, "$" + Name());
        }
        if (c is '"' or '\'')
            return Quoted(c);
        if (char.IsAsciiDigit(c) || c == '-')
            return Number();
        return Symbol();
    }

    public InvalidFormatException Error(int position, string problem)
    {
        // A window of the text around the place, so that a long filter's error stays readable.
        var from = Math.Max(0, position - 30);
        var to = Math.Min(text.Length, position + 30);
        return new($"Filter, position {position + 1}: {problem} At the mark: {(from > 0 ? "..." : "")}{text[from..position]} >>> {text[position..to]}{(to < text.Length ? "..." : "")}");
    }

    private string Name()
    {
        var start = at;
        while (at < text.Length && FilterText.ContinuesName(text[at]))
            at++;
        return text[start..at];
    }

    private FilterToken Quoted(char quote)
    {
        var start = at++;
        var value = new StringBuilder();
        while (true)
        {
            if (at == text.Length)
                throw Error(start, $"the text that begins here has no closing {quote}.");
            var c = text[at++];
            if (c == quote)
                break;
            value.Append(c == '\\' ? Escape() : c);
        }
        var content = value.ToString();
        try
        {
            return new(FilterTokenKind.Text, start, content, FilterValue.FromText(content));
        }
        catch (InvalidFormatException error)
        {
            throw Error(start, error.Message);
        }
    }

    private char Escape()
    {
        var position = at - 1;
        var c = at < text.Length ? text[at++] : '\0';
        switch (c)
        {
            case '"' or '\'' or '\\' or '/': return c;
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u' when at + 4 <= text.Length && ushort.TryParse(text.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                at += 4;
                return (char)unit;
            default: throw Error(position, """an unknown escape; \" \' \\ \/ \b \f \n \r \t and \u with four hexadecimal digits are allowed.""");
        }
    }

    // -?digits(.digits)?([eE][+-]?digits)?, as in JSON.
    private FilterToken Number()
    {
        var start = at;
        if (text[at] == '-')
            at++;
        var whole = Digits();
        var integral = true;
        if (whole > 1 && text[at - whole] == '0')
            throw Error(start, "a number has no leading zeros; put it in quotes if it is a text.");
        if (at < text.Length && text[at] == '.')
        {
            at++;
            integral = false;
            whole = Math.Min(whole, Digits());
        }
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            at++;
            integral = false;
            if (at < text.Length && text[at] is '+' or '-')
                at++;
            whole = Math.Min(whole, Digits());
        }
        var digits = text.AsSpan(start, at - start);
        if (whole == 0)
            throw Error(start, $"'{digits}' is not a whole number; write one like 12, -0.5 or 1e6.");
        if (at < text.Length && FilterText.StartsName(text[at]))
            throw Error(start, "a number runs into a word; put it in quotes if it is a text.");
        if (integral && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return new(FilterTokenKind.Number, start, "", FilterValue.FromInteger(integer));
        var real = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(real))
            throw Error(start, "the number is too large; the largest is about 1.8e308.");
        return new(FilterTokenKind.Number, start, "", FilterValue.FromDouble(real));
    }

    private int Digits()
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at - start;
    }

    private FilterToken Symbol()
    {
        var start = at;
        var pair = text.AsSpan(start, Math.Min(2, text.Length - start));
        if (pair is "==" or "!=" or "<=" or ">=")
        {
            at += 2;
            return new(FilterTokenKind.Symbol, start, pair is "==" ? "=" : pair.ToString());
        }
        if (!"=<>()[].,*".Contains(text[start], StringComparison.Ordinal))
            throw Error(start, $"the character '{Readable(start)}' has no meaning here; texts stand in quotes.");
        at++;
        return new(FilterTokenKind.Symbol, start, text[start].ToString());
    }

    // The whole character at a position, for an error message; half a pair is shown as a replacement character.
    private string Readable(int position) =>
        Rune.TryGetRuneAt(text, position, out var rune) ? rune.ToString() : "\ufffd";
}
