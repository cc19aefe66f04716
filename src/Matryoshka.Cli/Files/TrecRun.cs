using System.Globalization;
using System.Text;

namespace Matryoshka.Cli.Files;

/// <summary>Writes a run in the form trec_eval reads: <c>query Q0 document rank score tag</c>, separated by blanks.</summary>
internal sealed class TrecRun : IDisposable
{
    private readonly AtomicFile file;
    private readonly StreamWriter writer;
    private readonly string tag;
    private bool committed;

    public TrecRun(string path, string tag)
    {
        if (!IsToken(tag))
            throw new UsageException($"The tag '{tag}' is empty or has white space, which a run file cannot hold.");
        this.tag = tag;
        file = new AtomicFile(path);
        writer = new StreamWriter(file.Stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
    }

    /// <summary>Lines written.</summary>
    public long Lines { get; private set; }

    /// <summary>Keys whose white space was written as percent escapes.</summary>
    public long Escaped { get; private set; }

    /// <summary>Whether a text can be a field: not empty, no white space.</summary>
    public static bool IsToken(string text)
    {
        foreach (var c in text)
            if (char.IsWhiteSpace(c) || char.IsControl(c))
                return false;
        return text.Length > 0;
    }

    public void Add(string query, IReadOnlyList<SearchHit> hits)
    {
        for (var i = 0; i < hits.Count; i++)
        {
            var key = hits[i].Key;
            if (!IsToken(key))
            {
                key = Escape(key);
                Escaped++;
            }
            // Nine digits bring back any float: trec_eval sorts by score, and rounding would make ties of distinct ones.
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{query} Q0 {key} {hits[i].Rank} {hits[i].Score:G9} {tag}\n"));
            Lines++;
        }
    }

    public void Commit()
    {
        writer.Dispose();
        file.Commit();
        committed = true;
    }

    public void Dispose()
    {
        if (committed)
            return;
        writer.Dispose();
        file.Dispose();
    }

    private static string Escape(string key)
    {
        var escaped = new StringBuilder(key.Length + 8);
        foreach (var c in key)
            if (char.IsWhiteSpace(c) || char.IsControl(c))
                escaped.Append(Uri.EscapeDataString(c.ToString()));
            else
                escaped.Append(c);
        return escaped.ToString();
    }
}
