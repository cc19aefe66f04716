using System.Net;

namespace Matryoshka.Remote;

/// <summary>
/// A service that could not be reached, refused a request, or answered with something that must not be used. The message
/// carries the service's own words. Keys never appear in it.
/// </summary>
public sealed class RemoteServiceException : MatryoshkaException
{
    /// <summary>Creates the error with a message fit for a user.</summary>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="status">The status of the answer; null when there was none.</param>
    /// <param name="serverMessage">The service's own words; null when it gave none.</param>
    /// <param name="innerException">The cause.</param>
    public RemoteServiceException(string message, HttpStatusCode? status = null, string? serverMessage = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Status = status;
        ServerMessage = serverMessage;
    }

    /// <summary>The status of the answer; null when there was none.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>The service's own words; null when it gave none.</summary>
    public string? ServerMessage { get; }
}
