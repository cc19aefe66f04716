namespace Matryoshka.Cli.Output;

/// <summary>Draws a number as a bar of block characters, in eighths of a column.</summary>
internal static class Bar
{
    private const string Eighths = " ▏▎▍▌▋▊▉";

    public static string Of(double value, double largest, int columns)
    {
        if (!(value > 0) || !(largest > 0))
            return "";
        var eighths = Math.Max(1, (int)Math.Round(Math.Min(1, value / largest) * columns * 8));
        var bar = new string('█', eighths / 8);
        return eighths % 8 == 0 ? bar : bar + Eighths[eighths % 8];
    }
}
