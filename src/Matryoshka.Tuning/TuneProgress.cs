namespace Matryoshka.Tuning;

/// <summary>How far a run is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Fraction">The share of the phase done.</param>
/// <param name="Detail">What there is to say of it.</param>
public sealed record TuneProgress(string Phase, double Fraction, string Detail);
