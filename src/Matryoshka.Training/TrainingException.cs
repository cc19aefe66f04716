namespace Matryoshka.Training;

/// <summary>Training that cannot begin or go on; the message says why, what is kept and what to do.</summary>
public sealed class TrainingException : MatryoshkaException
{
    /// <summary>Creates the error with a message fit for a user.</summary>
    public TrainingException(string message) : base(message) { }

    /// <summary>Creates the error with a message fit for a user and its cause.</summary>
    public TrainingException(string message, Exception? innerException) : base(message, innerException) { }
}
