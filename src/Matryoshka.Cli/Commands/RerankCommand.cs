using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl rerank</c>: texts put in order for a query by a model that reads both together; needs no collection.</summary>
internal static class RerankCommand
{
    private const int PlainSnippet = 200;

    public static readonly CommandEntry Entry = new("rerank", "Put texts in order for a query, with a reranker.",
    [
        "mrl rerank \"how do I rotate logs\" docs/*.md --model cross-encoder/ms-marco-MiniLM-L6-v2",
        "mrl rerank \"retry budget\" passages.jsonl -k 5 --model cohere:rerank-v3.5 --json",
        "cat answers.txt | mrl rerank \"why is it slow\" - --model tei: --endpoint http://gpu:3000",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var query = new Argument<string>("QUERY") { Description = "What to rank the texts by." };
        var files = new Argument<string[]>("FILE") { Description = "A text each; .jsonl has one a line in 'text'; '-' takes one a line from standard input.", Arity = ArgumentArity.OneOrMore };
        var count = Options.Number("-k", "How many to show. Default: all", "--top");
        var fullText = Options.Flag("--full-text", "Show whole texts instead of snippets.");
        command.Arguments.Add(query);
        command.Arguments.Add(files);
        command.Options.Add(count);
        command.Options.Add(fullText);
        var models = new ModelOptions(command, "The reranker: a folder, owner/name, provider:model, or one of your own recipes.", embeds: false);
        command.SetAction(async (result, cancellationToken) =>
        {
            var request = models.Read(result);
            var name = request.Model ?? throw new UsageException("Say which reranker: --model owner/name (pulled from a hub), a folder, or provider:model.");
            var asked = result.GetRequiredValue(query);
            if (string.IsNullOrWhiteSpace(asked))
                throw new UsageException("The query is empty.");
            var documents = result.GetRequiredValue(files).SelectMany(file => Read(session, file)).ToList();
            if (documents.Count == 0)
                throw new MatryoshkaException("There are no texts to rank.");
            using var reranker = await RerankerLoader.LoadAsync(session, name, request, cancellationToken).ConfigureAwait(false);
            var started = Stopwatch.GetTimestamp();
            var ranked = await reranker.Reranker.RerankAsync(asked, documents.ConvertAll(document => document.Text), result.GetValue(count), cancellationToken).ConfigureAwait(false);
            Write(session, new(asked, name, documents.Count, Stopwatch.GetElapsedTime(started).TotalSeconds,
                [.. ranked.Select((hit, i) => new RankedJson(i + 1, hit.Score, hit.Index, documents[hit.Index].Place, documents[hit.Index].Text))]), result.GetValue(fullText));
            reranker.ReportCuts(session);
            return 0;
        });
    }

    private static IEnumerable<(string Place, string Text)> Read(Session session, string file)
    {
        if (file == "-")
            return session.Host.InIsTerminal ? throw new UsageException("'-' takes texts from standard input, which is a terminal: name files.")
                : TextLines.Read(session.Host.In, "standard input").Select((text, i) => ($"-:{Figures.Plain(i + 1)}", text));
        if (InputFile.HasExtension(file, ".jsonl") || InputFile.HasExtension(file, ".ndjson"))
            return TextLines.ReadJson(file).Select((text, i) => ($"{file}:{Figures.Plain(i + 1)}", text));
        using var reader = new StreamReader(InputFile.Open(file));
        var whole = reader.ReadToEnd().Trim();
        return whole.Length > 0 ? [(file, whole)] : throw new MatryoshkaException($"'{file}' holds no text.");
    }

    private static void Write(Session session, RerankJson found, bool fullText)
    {
        if (session.Json)
        {
            session.WriteJson(found, CliJson.Shapes.RerankJson);
            return;
        }
        var words = new QueryWords(found.Query);
        foreach (var hit in found.Results)
        {
            if (session.Pretty)
                WritePretty(session, hit, words, fullText);
            else
                session.Line(string.Create(CultureInfo.InvariantCulture, $"{hit.Rank}\t{hit.Score:0.######}\t{TextClean.OneLine(hit.Place)}\t{(fullText ? TextClean.OneLine(hit.Text) : Snippet.Of(hit.Text, words, PlainSnippet))}"));
        }
        session.Note($"{Figures.Count(found.Documents, "text")} in {Figures.Seconds(found.Seconds)}.");
    }

    private static void WritePretty(Session session, RankedJson hit, QueryWords words, bool fullText)
    {
        session.Line($"{hit.Rank.ToString(CultureInfo.InvariantCulture),2}  {session.Ink.Green(Figures.Score(hit.Score))}  {session.Ink.Cyan(TextClean.OneLine(hit.Place))}");
        var width = session.Host.Width - 4;
        foreach (var line in fullText ? (IEnumerable<string>)TextClean.Lines(hit.Text).Split('\n') : Snippet.Wrap(Snippet.Of(hit.Text, words, (2 * width) - 8), width))
            session.Line("    " + Snippet.Mark(line, words, session.Ink));
        session.Line();
    }
}
