namespace Matryoshka.Filters;

internal enum FilterOperator
{
    Equal,
    LessThan,
    AtMost,
    GreaterThan,
    AtLeast,
}

internal sealed record ComparisonFilter(FilterPath Path, FilterOperator Operator, FilterValue Value) : Filter
{
    internal override int Depth => 1;

    internal override int Terms => 1;

    internal override int Values => 0;
}

internal sealed record ExistsFilter(FilterPath Path) : Filter
{
    internal override int Depth => 1;

    internal override int Terms => 1;

    internal override int Values => 0;
}

internal sealed record InFilter(FilterPath Path, FilterValue[] List) : Filter
{
    internal override int Depth => 1;

    internal override int Terms => 1;

    internal override int Values => List.Length;

    public bool Equals(InFilter? other) => other is not null && Path.Equals(other.Path) && List.AsSpan().SequenceEqual(other.List);

    public override int GetHashCode() => HashCode.Combine(Path, List.Length, List.Length > 0 ? List[0] : default);
}

internal sealed record NotFilter(Filter Inner) : Filter
{
    internal override int Depth { get; } = Inner.Depth + 1;

    internal override int Terms => Inner.Terms;

    internal override int Values => Inner.Values;
}

/// <summary>Two or more parts, none of them a group of the same kind.</summary>
internal sealed record GroupFilter(bool All, Filter[] Parts) : Filter
{
    internal override int Depth { get; } = Parts.Max(p => p.Depth) + 1;

    internal override int Terms { get; } = Parts.Sum(p => p.Terms);

    internal override int Values { get; } = Parts.Sum(p => p.Values);

    public bool Equals(GroupFilter? other) => other is not null && All == other.All && Parts.AsSpan().SequenceEqual(other.Parts);

    public override int GetHashCode() => HashCode.Combine(All, Parts.Length, Parts[0]);
}
