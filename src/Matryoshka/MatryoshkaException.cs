namespace Matryoshka;

/// <summary>
/// Base of every error this library raises about its input or a collection's state. The message says what was
/// given, what is allowed and what to do; it is fit to show to a user as it is.
/// </summary>
public class MatryoshkaException : Exception
{
    /// <summary>Creates the error with a message fit for a user.</summary>
    public MatryoshkaException(string message) : base(message) { }

    /// <summary>Creates the error with a message fit for a user and its cause.</summary>
    public MatryoshkaException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>A vector that cannot be stored or searched: wrong length, zero, NaN or infinite.</summary>
public sealed class InvalidVectorException(string message) : MatryoshkaException(message);

/// <summary>A dimension that the model's recipe does not allow; the message names the allowed ones.</summary>
public sealed class DimensionNotAllowedException(string message) : MatryoshkaException(message);

/// <summary>A model, tokenizer, plan, filter or data file that does not have the documented form.</summary>
public sealed class InvalidFormatException : MatryoshkaException
{
    /// <summary>Creates the error with a message fit for a user.</summary>
    public InvalidFormatException(string message) : base(message) { }

    /// <summary>Creates the error with a message fit for a user and its cause.</summary>
    public InvalidFormatException(string message, Exception? innerException) : base(message, innerException) { }
}
