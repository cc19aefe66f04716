namespace Matryoshka;

/// <summary>How one component of a vector is stored.</summary>
public enum Precision
{
    /// <summary>One bit a component: its sign. Distances are Hamming distances.</summary>
    Bit = 1,

    /// <summary>Eight bits a component: symmetric, one scale a vector, shared by all rings.</summary>
    Int8 = 8,

    /// <summary>IEEE 754 half precision.</summary>
    F16 = 16,

    /// <summary>IEEE 754 single precision.</summary>
    F32 = 32,
}
