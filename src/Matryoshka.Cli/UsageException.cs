namespace Matryoshka.Cli;

/// <summary>The command line asks for something that cannot be meant; exit code 2.</summary>
internal sealed class UsageException(string message) : MatryoshkaException(message);
