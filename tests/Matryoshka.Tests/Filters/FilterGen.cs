using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace Matryoshka.Tests.Filters;

/// <summary>Random filters and metadata from one small, hostile vocabulary, so that they meet.</summary>
internal static class FilterGen
{
    private static readonly string[] Names = ["a", "b", "tags", "a.b", "x\"y", "it's", "and", "", "é日", "[0]", "$key", "n\0l", "a\nb", "\\", "😀", "0", "-", "*"];

    private static readonly string[] Texts = ["", "a", "b", "A", "'; drop table records; --", "\" or 1=1 --", "n\0l", "n", "😀", "\uffff", "\ufffd", "é", "e\u0301", "1", "null", "true", "[1]", "{}", "$p0", "%", "\\u0041", "\u2028"];

    private static readonly long[] Integers = [0, 1, -1, 2020, 9007199254740992, 9007199254740993, long.MaxValue, long.MinValue, long.MaxValue - 1];

    private static readonly double[] Reals = [0.0, -0.0, 0.5, -0.5, 1.0, 1e300, -1e300, 5e-324, 9007199254740992.0, 9223372036854775808.0, -9223372036854775808.0, 1e19, 0.1, 1.7976931348623157e308];

    // Two names are common, so that filters find something; the others are there to break things.
    public static readonly Gen<string> Name = Gen.Frequency((3, Pick(["a", "b"])), (2, Pick(Names)));

    public static readonly Gen<string> Key = Pick(Texts);

    public static readonly Gen<string?> Source = Gen.OneOf(Pick(Texts).Select(t => (string?)t), Gen.Const((string?)null));

    public static readonly Gen<FilterValue> Value = Gen.OneOf(
        Pick(Texts).Select(FilterValue.FromText), Pick(Integers).Select(FilterValue.FromInteger), Pick(Reals).Select(FilterValue.FromDouble),
        Gen.Bool.Select(FilterValue.FromBoolean), Gen.Const(FilterValue.Null), Gen.Double[-1e6, 1e6].Select(FilterValue.FromDouble));

    public static readonly Gen<string> Path = Gen.Frequency(
        (5, Name.Select(Quote)),
        (5, Gen.Select(Name, Step.Array[1, 3]).Select((first, rest) => Quote(first) + string.Concat(rest))),
        (1, Gen.Const("$key")),
        (1, Gen.Const("$source")));

    public static readonly Gen<Filter> Leaf = Gen.OneOf(
        Gen.Select(Path, Value).Select(Filter.Equal),
        Gen.Select(Path, Value).Select(Filter.NotEqual),
        Gen.Select(Path, Value.Where(v => v.IsOrdered), Gen.Int[0, 3]).Select((p, v, op) => op switch
        {
            0 => Filter.LessThan(p, v),
            1 => Filter.AtMost(p, v),
            2 => Filter.GreaterThan(p, v),
            _ => Filter.AtLeast(p, v),
        }),
        Gen.Select(Path, Value.Array[0, 4]).Select((p, v) => Filter.In(p, v)),
        Path.Select(Filter.Exists));

    public static readonly Gen<Filter> Any = Nested(4);

    // A raw number keeps forms no serialiser would write: 1.0, 1e2, -0, 1e400.
    public static readonly Gen<string> Metadata = Gen.Select(Name, Json(3)).Array[0, 6].Select(Members);

    private static Gen<string> Step => Gen.OneOf(Name.Select(Quote), Gen.Const("[*]"), Gen.Const("[0]"), Gen.Const("[1]"));

    private static Gen<Filter> Nested(int depth) => depth == 0 ? Leaf : Gen.Frequency(
        (3, Leaf),
        (1, Nested(depth - 1).Select(Filter.Not)),
        (1, Nested(depth - 1).Array[1, 4].Select(f => Filter.And(f))),
        (1, Nested(depth - 1).Array[1, 4].Select(f => Filter.Or(f))));

    private static Gen<string> Json(int depth)
    {
        var scalar = Gen.OneOf(
            Pick(Texts).Select(t => JsonSerializer.Serialize(t)), Pick(Integers).Select(i => JsonSerializer.Serialize(i)),
            Pick(Reals).Select(r => JsonSerializer.Serialize(r)), Gen.Double[-1e6, 1e6].Select(r => JsonSerializer.Serialize(r)),
            Pick(["true", "false", "null", "1.0", "2.02e3", "-0", "1e400", "-1e400", "18446744073709551616"]));
        return depth == 0 ? scalar : Gen.Frequency(
            (3, scalar),
            (1, Json(depth - 1).Array[0, 3].Select(items => $"[{string.Join(',', items)}]")),
            (1, Gen.Select(Name, Json(depth - 1)).Array[0, 3].Select(Members)));
    }

    private static string Members((string Name, string Json)[] members) =>
        $"{{{string.Join(',', members.DistinctBy(m => m.Name).Select(m => $"{JsonSerializer.Serialize(m.Name)}:{m.Json}"))}}}";

    private static string Quote(string name) => $"[{JsonValue.Create(name)!.ToJsonString()}]";

    private static Gen<T> Pick<T>(T[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);
}
