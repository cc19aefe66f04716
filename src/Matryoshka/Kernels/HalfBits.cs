namespace Matryoshka.Kernels;

/// <summary>
/// How a half becomes a float without a conversion instruction: sign-extended to 32 bits and shifted left by 13, its
/// exponent and mantissa stand where a float's do and its sign is in the top bit; the mask drops the sign's copies in
/// between. What is left is the value with an exponent bias 112 too high, hence the factor. Subnormal halves become
/// subnormal floats, so nothing is special-cased.
/// </summary>
internal static class HalfBits
{
    public const int Mask = unchecked((int)0x8FFFE000);

    /// <summary>2^112.</summary>
    public const float Factor = 5.192296858534828e33f;
}
