using ScottPlot;
using SkiaSharp;

namespace Matryoshka.Tuning.Reporting;

/// <summary>The font inside the library, so that pictures look alike on a server that has none installed.</summary>
internal sealed class PictureFont : IFontResolver
{
    public const string Name = "Roboto";

    private static readonly Lazy<bool> Registered = new(() =>
    {
        Fonts.FontResolvers.Insert(0, new PictureFont());
        return true;
    });

    public static void Register() => _ = Registered.Value;

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Name ? Load(weight >= FontWeight.SemiBold ? "Roboto-Medium.ttf" : "Roboto-Regular.ttf") : null;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static SKTypeface Load(string file)
    {
        using var stream = typeof(PictureFont).Assembly.GetManifestResourceStream("Matryoshka.Tuning." + file)!;
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
