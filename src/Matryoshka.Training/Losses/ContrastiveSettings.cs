namespace Matryoshka.Training.Losses;

/// <summary>The contrastive loss at one nested dimension.</summary>
/// <param name="Dimensions">Components of the prefix.</param>
/// <param name="Weight">Its share of the sum over nested dimensions.</param>
/// <param name="Scale">What cosines are multiplied by before the softmax: 1 / temperature.</param>
internal readonly record struct NestedLoss(int Dimensions, double Weight, double Scale);

/// <summary>The Matryoshka loss over a batch.</summary>
/// <param name="Nested">Each nested dimension, ascending.</param>
/// <param name="ColumnShare">Share of the loss in which documents seek their query, 0 to 1; the rest is queries seeking their document.</param>
internal sealed record ContrastiveSettings(IReadOnlyList<NestedLoss> Nested, double ColumnShare);
