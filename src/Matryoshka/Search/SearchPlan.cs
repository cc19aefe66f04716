using System.Globalization;

namespace Matryoshka;

/// <summary>One stage of a plan: score candidates at one prefix and precision, keep the best.</summary>
/// <param name="Precision">The planes read.</param>
/// <param name="Dimensions">The prefix scored; null means the full dimension.</param>
/// <param name="Keep">How many candidates go on; null, allowed in the last stage only, means the k asked for.</param>
public sealed record SearchStage(Precision Precision, int? Dimensions, int? Keep)
{
    /// <summary>
    /// Percent of the inverted lists to read, above 0 to 100; null for a stage that reads planes. Only a first stage of
    /// precision <see cref="Precision.Bit"/> with another one behind it can read lists. In segments that have no lists, because they are
    /// small or theirs are not built yet, the stage shortlists all rows by their signs and scores those by int8 codes.
    /// </summary>
    public decimal? ListsPercent { get; init; }

    /// <summary>
    /// Whether every row goes on that may be among the best, by what its codes can be wrong: a plan of <c>int8:full bound &gt; f16:full</c>
    /// finds exactly what <c>f16:full</c> finds, and reads half. For a first stage of int8 whose one successor scores full vectors at the
    /// same dimensions; it says no <see cref="Keep"/>.
    /// </summary>
    public bool Bounded { get; init; }

    /// <summary>The text form, e.g. <c>int8:128 x200</c> or <c>lists 2% on bit:512 x100</c>.</summary>
    public override string ToString()
    {
        var name = Precision switch { Precision.Bit => "bit", Precision.Int8 => "int8", Precision.F16 => "f16", _ => "f32" };
        var size = Dimensions?.ToString(CultureInfo.InvariantCulture) ?? "full";
        var lists = ListsPercent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"lists {percent:0.############################}% on ") : "";
        var keep = Keep is { } count ? string.Create(CultureInfo.InvariantCulture, $" x{count}") : "";
        return $"{lists}{name}:{size}{keep}{(Bounded ? " bound" : "")}";
    }
}

/// <summary>
/// A funnel as data: the first stage scans all rows, or those of the nearest inverted lists, each further one scores the
/// survivors with more dimensions or precision. Text form: stages joined by <c>&gt;</c>, each <c>precision:dimensions [xKEEP]</c>,
/// the first one with <c>lists PERCENT% on</c> before it where it reads lists; for example <c>int8:128 x200 &gt; f16:full</c> or
/// <c>lists 2% on bit:full x100 &gt; f16:full</c>. The last may be <c>rerank:NAME [xKEEP]</c>. A text may name a <see cref="SearchPreset"/> instead. Parsing and printing are lossless. This is the adaptive, or funnel, retrieval of
/// Kusupati et al., "Matryoshka Representation Learning" (2022), section 4.3.
/// </summary>
public sealed class SearchPlan : IEquatable<SearchPlan>
{
    /// <summary>The most candidates a stage may keep: beyond a million a scan at full precision is cheaper than a funnel.</summary>
    public const int MaxKeep = 1_000_000;

    private const int MaxStages = 8;
    private const string Form = "Write stages joined by '>', each PRECISION:DIMENSIONS [xKEEP], e.g. 'int8:128 x200 > f16:full'; the first may read inverted lists, e.g. 'lists 2% on bit:full x100 > f16:full'. Or name a preset: exact, fast, balanced, accurate.";

    /// <summary>Creates a plan.</summary>
    /// <exception cref="InvalidFormatException">No stage, too many, or a stage but the last does not say how many it keeps.</exception>
    public SearchPlan(params IReadOnlyList<SearchStage> stages) : this(stages, null) { }

    /// <summary>Creates a plan whose hits another model puts in order.</summary>
    /// <param name="stages">The stages that find the candidates; the last says how many the reranker reads, at most <see cref="RerankStage.MaxCandidates"/>.</param>
    /// <param name="rerank">The reranker; null for none.</param>
    /// <exception cref="InvalidFormatException">No stage, too many, or one that does not fit the next.</exception>
    public SearchPlan(IReadOnlyList<SearchStage> stages, RerankStage? rerank)
    {
        ArgumentNullException.ThrowIfNull(stages);
        if (stages.Count is 0 or > MaxStages)
            throw new InvalidFormatException($"A plan has 1 to {MaxStages} stages, but {stages.Count} were given. {Form}");
        for (var i = 0; i < stages.Count; i++)
        {
            if (stages[i].Bounded)
                CheckBounded(stages, i);
            else if (stages[i].Keep is null && i < stages.Count - 1)
                throw new InvalidFormatException($"Stage {i + 1}, '{stages[i]}', does not say how many candidates go on to stage {i + 2}: add e.g. 'x200'.");
            if (stages[i].Keep is < 1 or > MaxKeep)
                throw new InvalidFormatException($"Stage {i + 1} keeps {stages[i].Keep}; 1 to {MaxKeep} are allowed.");
            if (i > 0 && stages[i].Keep > stages[i - 1].Keep)
                throw new InvalidFormatException($"Stage {i + 1} keeps {stages[i].Keep}, more than the {stages[i - 1].Keep} that stage {i} hands on; a funnel only narrows.");
            if (!Enum.IsDefined(stages[i].Precision))
                throw new InvalidFormatException($"Stage {i + 1} has an unknown precision; bit, int8, f16 and f32 are allowed.");
            if (stages[i].ListsPercent is { } percent)
                CheckLists(stages, i, percent);
        }
        rerank?.Check(stages[^1]);
        Stages = [.. stages];
        Rerank = rerank;
    }

    private SearchPlan(SearchPreset preset) => (Preset, Stages) = (preset, []);

    /// <summary>The stages in order, without the reranker; none for a preset, whose stages follow when a search runs.</summary>
    public IReadOnlyList<SearchStage> Stages { get; }

    /// <summary>The preset this plan is; null for a plan that names its stages.</summary>
    public SearchPreset? Preset { get; }

    /// <summary>The reranker that decides the order last; null for none.</summary>
    public RerankStage? Rerank { get; }

    /// <summary>The plan without its reranker.</summary>
    internal SearchPlan Retrieval => Rerank is null ? this : new(Stages);

    /// <summary>The plan of a preset. Text form: <c>exact</c>, <c>fast</c>, <c>balanced</c> or <c>accurate</c>.</summary>
    public static SearchPlan Of(SearchPreset preset) => Enum.IsDefined(preset) ? new(preset) : throw new ArgumentOutOfRangeException(nameof(preset));

    /// <summary>The stored full vector against every row: exact.</summary>
    public static SearchPlan Exact(Precision full = Precision.F16, int? dimensions = null) => new(new SearchStage(full, dimensions, null));

    /// <summary>Parses the text form.</summary>
    /// <exception cref="InvalidFormatException">The text has another form; the message says where and what is allowed.</exception>
    public static SearchPlan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim() is "exact" or "fast" or "balanced" or "accurate")
            return Of(Enum.Parse<SearchPreset>(text, ignoreCase: true));
        var stages = text.Split('>');
        var reranker = Array.FindIndex(stages, stage => stage.AsSpan().TrimStart().StartsWith(RerankStage.Word, StringComparison.Ordinal));
        if (reranker < 0)
            return new([.. stages.Select(ParseStage)]);
        if (reranker < stages.Length - 1 || reranker == 0)
            throw Malformed(stages[reranker], reranker == 0 ? "it has no candidates, being the first" : "a reranker comes last, and only once");
        return new([.. stages[..reranker].Select(ParseStage)], RerankStage.Parse(stages[reranker]));
    }

    /// <inheritdoc/>
    public bool Equals(SearchPlan? other) => other is not null && Preset == other.Preset && Stages.SequenceEqual(other.Stages) && Rerank == other.Rerank;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SearchPlan);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The text form.</summary>
    public override string ToString() => Preset is { } preset ? preset.ToString().ToLowerInvariant() : string.Join(" > ", Rerank is null ? Stages : Stages.Cast<object>().Append(Rerank));

    private static void CheckBounded(IReadOnlyList<SearchStage> stages, int i)
    {
        if (i > 0 || stages.Count != 2 || stages[0] is not { Precision: Precision.Int8, Keep: null, ListsPercent: null }
            || stages[1].Precision is not (Precision.F16 or Precision.F32) || stages[1].Dimensions != stages[0].Dimensions)
            throw new InvalidFormatException($"Stage {i + 1}, '{stages[i]}', goes by bounds, which only a first stage of int8 can, followed by one stage of full vectors at the same dimensions: 'int8:full bound > f16:full'.");
    }

    private static void CheckLists(IReadOnlyList<SearchStage> stages, int i, decimal percent)
    {
        if (i > 0)
            throw new InvalidFormatException($"Stage {i + 1}, '{stages[i]}', reads lists; only the first stage can, the others score what it hands on.");
        if (percent is <= 0 or > 100)
            throw new InvalidFormatException($"Stage 1, '{stages[0]}', reads {percent.ToString(CultureInfo.InvariantCulture)} % of the lists; above 0 to 100 are allowed.");
        if (stages[0].Precision != Precision.Bit)
            throw new InvalidFormatException($"Stage 1, '{stages[0]}', reads lists, which hold signs: write bit in place of its precision.");
        if (stages.Count == 1)
            throw new InvalidFormatException($"The plan '{stages[0]}' ends with what signs estimate: add a stage that scores, e.g. '> int8:full'.");
    }

    private static SearchStage ParseStage(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        decimal? percent = null;
        if (words is ["lists", ..])
        {
            if (words is not [_, [.. var share, '%'], "on", ..])
                throw Malformed(text, "behind 'lists' there is no percentage and 'on', as in 'lists 2% on bit:full x100'");
            percent = decimal.TryParse(share, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : throw Malformed(text, $"'{share}' is not a percentage");
            words = words[3..];
        }
        if (words.Length is 0 or > 2)
            throw Malformed(text, words.Length == 0 ? "it is empty" : "it has too many words");
        var colon = words[0].IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            throw Malformed(text, "there is no ':' between precision and dimensions");
        Precision precision = words[0][..colon] switch
        {
            "bit" => Precision.Bit,
            "int8" => Precision.Int8,
            "f16" => Precision.F16,
            "f32" => Precision.F32,
            var other => throw Malformed(text, $"'{other}' is not a precision (bit, int8, f16, f32)"),
        };
        int? dimensions = words[0][(colon + 1)..] is "full" ? null : Number(words[0][(colon + 1)..], text, "dimensions: a number or 'full'");
        int? keep = words is [_] or [_, "bound"] ? null
            : words[1][0] == 'x' ? Number(words[1][1..], text, "x and a number, as in 'x200'")
            : throw Malformed(text, $"'{words[1]}' is not x and a number, as in 'x200', nor 'bound'");
        return new(precision, dimensions, keep) { ListsPercent = percent, Bounded = words is [_, "bound"] };
    }

    private static int Number(string digits, string stage, string expected) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw Malformed(stage, $"'{digits}' is not {expected}");

    private static InvalidFormatException Malformed(string stage, string why) =>
        new($"The plan's stage '{stage.Trim()}' cannot be read: {why}. {Form}");
}
