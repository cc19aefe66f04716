namespace Matryoshka.Cli.Output;

/// <summary>Colours a text, or leaves it as it is where colours are not wanted.</summary>
/// <remarks>Search results are coloured by this rather than by Spectre: loading that takes longer than the search.</remarks>
internal readonly struct Ink(bool on)
{
    public bool On => on;

    public string Bold(string text) => Wrap("1", text);

    public string Dim(string text) => Wrap("2", text);

    public string Cyan(string text) => Wrap("36", text);

    public string Green(string text) => Wrap("32", text);

    public string Red(string text) => Wrap("31", text);

    public string Match(string text) => Wrap("1;33", text);

    private string Wrap(string code, string text) => on ? $"\x1b[{code}m{text}\x1b[0m" : text;
}
