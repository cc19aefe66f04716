namespace Matryoshka;

/// <summary>What a text is to the retrieval: many models embed questions and passages differently.</summary>
public enum EmbeddingRole
{
    /// <summary>A passage to be found.</summary>
    Document,

    /// <summary>A question that searches.</summary>
    Query,
}
