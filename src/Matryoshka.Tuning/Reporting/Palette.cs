using ScottPlot;

namespace Matryoshka.Tuning.Reporting;

/// <summary>
/// The pictures' colours. A picture is drawn once, in the light ones; in SVG each is then replaced by a variable, so that page
/// and viewer choose light or dark. No two may be equal, and none may be a colour that SVG has a name for.
/// </summary>
internal static class Palette
{
    private static readonly (string Name, string Light, string Dark)[] All =
    [
        ("ink", "#1f2430", "#e6e9ef"), ("muted", "#5b6472", "#9aa5b5"), ("grid", "#e4e8ee", "#2a313c"), ("paper", "#fefdfe", "#14181f"),
        ("full", "#2563eb", "#7aa7ff"), ("int8", "#0d9488", "#2dd4bf"), ("bit", "#c26a04", "#fbbf24"), ("chosen", "#d6174f", "#fb7185"),
        ("violet", "#7c3aed", "#b79bff"), ("faint", "#b3bac5", "#4d5766"), ("lists", "#4d7c0f", "#a3e635"), ("brown", "#92563c", "#d8a48f"),
    ];

    public static Color Ink => Of("ink");
    public static Color Muted => Of("muted");
    public static Color Grid => Of("grid");
    public static Color Paper => Of("paper");
    public static Color Chosen => Of("chosen");
    public static Color Faint => Of("faint");
    public static Color Full => Of("full");
    public static Color Violet => Of("violet");

    /// <summary>Curves that stand beside each other.</summary>
    public static Color[] Series => [Of("full"), Of("int8"), Of("bit"), Of("violet"), Of("lists"), Of("brown"), Of("muted")];

    /// <summary>The colour of the precision a plan scans at.</summary>
    public static Color Of(SearchPlan plan) => plan.Stages[0].ListsPercent is not null ? Of("lists") : plan.Stages[0].Precision switch
    {
        Precision.Bit => Of("bit"),
        Precision.Int8 => Of("int8"),
        _ => Of("full"),
    };

    /// <summary>A drawn picture with variables for colours.</summary>
    public static string Variables(string svg)
    {
        foreach (var (name, light, _) in All)
            svg = svg.Replace(light, $"var(--{name})", StringComparison.OrdinalIgnoreCase);
        return svg;
    }

    /// <summary>The variables' values, light ones and dark ones for who prefers dark.</summary>
    public static string Css(string scope) =>
        $"{scope}{{{string.Concat(All.Select(colour => $"--{colour.Name}:{colour.Light};"))}}}@media(prefers-color-scheme:dark){{{scope}{{{string.Concat(All.Select(colour => $"--{colour.Name}:{colour.Dark};"))}}}}}"
        + $"@media print{{{scope}{{{string.Concat(All.Select(colour => $"--{colour.Name}:{colour.Light};"))}}}}}";

    private static Color Of(string name) => Color.FromHex(Array.Find(All, colour => colour.Name == name).Light);
}
