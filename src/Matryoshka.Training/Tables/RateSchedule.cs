namespace Matryoshka.Training.Tables;

/// <summary>Learning rate by step: up in a line, down to 0 in a line.</summary>
internal readonly record struct RateSchedule(double Peak, double WarmUp, int Steps)
{
    public double At(int step)
    {
        var rising = WarmUp * Steps;
        return step < rising ? Peak * (step + 1) / Math.Max(1, rising) : Peak * (Steps - step) / Math.Max(1, Steps - rising);
    }
}
