using System.Globalization;

namespace Matryoshka.Cli.Output;

/// <summary>What to show of an answer beside its hits.</summary>
internal readonly record struct HitView(bool Explain, bool FullText);

/// <summary>Writes the answer to a search: for people, for line-based programs, or as JSON.</summary>
internal static class HitWriter
{
    private const int SnippetLines = 2;
    private const int PlainSnippet = 200;
    private const string Indent = "    ";

    public static void Write(Session session, SearchResults results, string? query, SearchMode mode, HitView view)
    {
        if (session.Json)
        {
            session.WriteJson(SearchJson.From(results, query, mode), CliJson.Shapes.SearchJson);
            return;
        }
        var words = new QueryWords(query);
        foreach (var hit in results.Hits)
            if (session.Pretty)
                WritePretty(session, hit, words, mode, view);
            else
                WritePlain(session, hit, words, mode, view);
        if (results.Hits.Count == 0)
            session.Note(results.Rows == 0 ? $"'{session.Directory}' holds no records yet." : "Nothing was found.");
        if (view.Explain)
            WriteStages(session, results);
    }

    private static void WritePretty(Session session, SearchHit hit, QueryWords words, SearchMode mode, HitView view)
    {
        var ink = session.Ink;
        var place = Figures.Place(hit.Source, hit.Position);
        var key = TextClean.OneLine(hit.Key);
        var heading = hit.Position?["heading"] is { } section ? "  " + TextClean.OneLine(section.ToString()) : "";
        session.Line($"{hit.Rank.ToString(CultureInfo.InvariantCulture),2}  {ink.Green(Figures.Score(hit.Score))} {ink.Dim(Figures.ScoreTag(hit, mode))}  "
            + (place.Length > 0 ? ink.Cyan(place) + heading + "  " + ink.Dim(key) : ink.Cyan(key)));
        var width = session.Host.Width - Indent.Length;
        if (view.FullText)
        {
            foreach (var line in TextClean.Lines(hit.Text).Split('\n'))
                session.Line(Indent + Snippet.Mark(line, words, ink));
        }
        else
        {
            foreach (var line in Snippet.Wrap(Snippet.Of(hit.Text, words, width * SnippetLines - 8), width))
                session.Line(Indent + Snippet.Mark(line, words, ink));
        }
        session.Line();
    }

    private static void WritePlain(Session session, SearchHit hit, QueryWords words, SearchMode mode, HitView view)
    {
        var text = view.FullText ? TextClean.OneLine(hit.Text) : Snippet.Of(hit.Text, words, PlainSnippet);
        session.Line(string.Create(CultureInfo.InvariantCulture,
            $"{hit.Rank}\t{hit.Score:0.######}\t{Figures.ScoreTag(hit, mode)}\t{TextClean.OneLine(hit.Key)}\t{Figures.Place(hit.Source, hit.Position)}\t{text}"));
    }

    private static void WriteStages(Session session, SearchResults results)
    {
        var sheet = new Sheet(new("stage"), new("in", Right: true), new("out", Right: true), new("lists", Right: true), new("bytes read", Right: true), new("µs", Right: true))
        {
            Title = results.Plan is { } plan ? $"{plan}   over {Figures.Count(results.Rows, "record")}" : $"keywords over {Figures.Count(results.Rows, "record")}",
            LineName = "stage",
        };
        foreach (var stage in results.Stages)
            sheet.Add(stage.Stage, Cell.Number(stage.In), Cell.Number(stage.Out), stage.ListsRead is { } lists ? Cell.Number(lists) : new("", CellStyle.Faint, "0"), Cell.Bytes(stage.BytesRead), Cell.Number((long)stage.Elapsed.TotalMicroseconds));
        sheet.Write(session);
        if (results.Plan?.Rerank is not null && results.Hits.Count > 0)
            WriteReranked(session, results);
    }

    private static void WriteReranked(Session session, SearchResults results)
    {
        var sheet = new Sheet(new("rank", Right: true), new("score", Right: true), new("rank before", Right: true), new("score before", Right: true), new("key")) { Title = "What the reranker moved", LineName = "reranked" };
        foreach (var hit in results.Hits)
            sheet.Add(Cell.Number(hit.Rank), Score(hit.Score), Cell.Number(hit.RetrievalRank ?? 0), Score(hit.RetrievalScore ?? 0), new(hit.Key, CellStyle.Faint));
        sheet.Write(session);
    }

    private static Cell Score(double score) => new(Figures.Score(score), CellStyle.Plain, score.ToString("0.######", CultureInfo.InvariantCulture));
}
