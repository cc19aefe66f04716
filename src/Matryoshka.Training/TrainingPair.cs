namespace Matryoshka.Training;

/// <summary>Two texts that belong together.</summary>
/// <param name="A">The short one: a question, a title, a task.</param>
/// <param name="B">The long one: what answers it.</param>
/// <param name="Score">How well they fit where pairs are graded, higher is better on a scale of the source's own; null for pairs that simply belong together.</param>
public sealed record TrainingPair(string A, string B, float? Score = null);
