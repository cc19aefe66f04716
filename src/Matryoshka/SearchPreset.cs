namespace Matryoshka;

/// <summary>Plans by name, which become stages when a search knows how many rows and lists its collection has.</summary>
public enum SearchPreset
{
    /// <summary>Every row by its stored full vector: recall 1.</summary>
    Exact,

    /// <summary>About 0.90 of the exact first ten, for the most queries a second.</summary>
    Fast,

    /// <summary>About 0.95 of the exact first ten.</summary>
    Balanced,

    /// <summary>About 0.99 of the exact first ten. What a search runs that names no plan.</summary>
    Accurate,
}
