using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl embed</c>: texts to vectors, on the screen or in a file.</summary>
internal static class EmbedCommand
{
    private const int Batch = 1024;

    public static readonly CommandEntry Entry = new("embed", "Turn texts into vectors.",
    [
        "mrl embed \"a text\" --dims 128",
        "mrl embed -f passages.txt -o passages.npy",
        "cat questions.txt | mrl embed --role query -o questions.f32",
        "mrl embed \"a text\" --model ollama:nomic-embed-text --endpoint http://gpu:11434 --dims 256",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var words = new Argument<string[]>("TEXT") { Description = "The text; several words need no quotes. Without it texts are read from --file or standard input.", Arity = ArgumentArity.ZeroOrMore };
        var file = Options.Text("--file", "FILE", "One text a line, or JSON lines with 'text' if it ends in .jsonl.", "-f");
        var dimensions = Options.Number("--dims", "Cut to this prefix and scale to length 1. Default: full");
        var role = Options.Text("--role", "query|document", "What the texts are. Default: document");
        var output = Options.Text("--output", "OUT", "Write to this .npy, .f32 (raw float32) or .jsonl file.", "-o");
        command.Arguments.Add(words);
        command.Options.Add(file);
        command.Options.Add(dimensions);
        command.Options.Add(role);
        command.Options.Add(output);
        var models = new ModelOptions(command, "What embeds: a name of 'mrl models', a folder, owner/name, or provider:model. Default: the model inside mrl, or the collection's if -c is given", cuts: true);
        command.SetAction(async (result, cancellationToken) =>
        {
            var target = result.GetValue(output);
            if (target is not null)
                VectorWriter.RequireKnownForm(target);
            var texts = Texts(session, string.Join(' ', result.GetValue(words) ?? []), result.GetValue(file));
            var direction = RoleOf(result.GetValue(role));
            using var model = await LoadAsync(session, models.Read(result), cancellationToken).ConfigureAwait(false);
            var recipe = model.Recipe;
            var d = result.GetValue(dimensions) ?? recipe.Dimensions.Full;
            if (!recipe.Dimensions.Allows(d) && d < recipe.Dimensions.Full && recipe.Dimensions.Kind is NestingKind.None or NestingKind.SeparateHeads)
                throw new UsageException($"{d} dimensions were asked for, but {recipe.Dimensions.Allowed}; --force cuts all the same, at a cost that is not known.");
            recipe.Dimensions.Require(d);
            var vectors = EmbedAsync(model.Generator, texts, direction, d, cancellationToken);
            if (target is null)
                await PrintAsync(session, recipe, direction, d, vectors).ConfigureAwait(false);
            else
                await SaveAsync(session, recipe, direction, d, vectors, target).ConfigureAwait(false);
            model.ReportCuts(session);
            return 0;
        });
    }

    private static IEnumerable<string> Texts(Session session, string text, string? file)
    {
        if (text.Length > 0 && file is not null)
            throw new UsageException("Give either a text or --file, not both.");
        if (text.Length > 0)
            return [text];
        if (file is null or "-" && session.Host.InIsTerminal)
            throw new UsageException("There is nothing to embed: give a text, --file FILE, or texts on standard input.");
        return file is null or "-" ? TextLines.Read(session.Host.In, "standard input")
            : InputFile.HasExtension(file, ".jsonl") ? TextLines.ReadJson(file)
            : TextLines.Read(file);
    }

    private static EmbeddingRole RoleOf(string? role) => role switch
    {
        null or "document" => EmbeddingRole.Document,
        "query" => EmbeddingRole.Query,
        _ => throw new UsageException($"'{role}' is not a role: query and document are."),
    };

    // Only a collection that was named decides: texts embedded in a folder that happens to hold one need not be for it.
    private static async Task<LoadedModel> LoadAsync(Session session, ModelRequest request, CancellationToken cancellationToken)
    {
        if (request.Model is not null || !session.DirectoryGiven)
            return await ModelLoader.LoadAsync(session, request, cancellationToken).ConfigureAwait(false);
        if (request.Force)
            throw new UsageException("--force goes with --model: a collection says itself how its model is cut.");
        using var collection = session.Open();
        return await OpenedCollection.LoadRememberedAsync(session, collection.Recipe, collection.Model, request, cancellationToken).ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<(string Text, ReadOnlyMemory<float> Vector)> EmbedAsync(
        IEmbeddingGenerator<string, Embedding<float>> generator, IEnumerable<string> texts, EmbeddingRole role, int dimensions,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new EmbeddingGenerationOptions { Dimensions = dimensions };
        long before = 0;
        foreach (var batch in texts.Chunk(Batch))
        {
            GeneratedEmbeddings<Embedding<float>> embeddings;
            try
            {
                embeddings = await generator.GenerateAsync(batch, role, options, cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidVectorException error) when (before > 0)
            {
                throw new InvalidVectorException($"After {Figures.Count(before, "text")}: {error.Message}");
            }
            for (var i = 0; i < batch.Length; i++)
                yield return (batch[i], embeddings[i].Vector);
            before += batch.Length;
        }
    }

    private static async Task SaveAsync(Session session, ModelRecipe recipe, EmbeddingRole role, int dimensions, IAsyncEnumerable<(string Text, ReadOnlyMemory<float> Vector)> vectors, string target)
    {
        using var writer = new VectorWriter(target, dimensions);
        session.Kept = $"'{target}' was not written";
        using (var progress = new Progress(session, "embed", "texts", null))
            await foreach (var (text, vector) in vectors.ConfigureAwait(false))
            {
                writer.Add(text, vector.Span);
                progress.Report(writer.Rows);
            }
        if (writer.Rows == 0)
            throw new MatryoshkaException("There were no texts to embed.");
        writer.Commit();
        if (session.Json)
            session.WriteJson(new EmbedJson(recipe.Name, recipe.Fingerprint, RoleName(role), dimensions, writer.Rows, target, null), CliJson.Shapes.EmbedJson);
        else
            session.Note($"{Figures.Count(writer.Rows, "vector")} of {dimensions.ToString(CultureInfo.InvariantCulture)} dimensions in '{target}'.");
    }

    private static async Task PrintAsync(Session session, ModelRecipe recipe, EmbeddingRole role, int dimensions, IAsyncEnumerable<(string Text, ReadOnlyMemory<float> Vector)> vectors)
    {
        var rows = new List<EmbeddedJson>();
        long count = 0;
        await foreach (var (text, vector) in vectors.ConfigureAwait(false))
        {
            count++;
            if (session.Json)
                rows.Add(new(text, vector.ToArray()));
            else if (session.Pretty)
                session.Line($"{session.Ink.Cyan(Snippet.Of(text, new(null), session.Host.Width - 8))}\n  {Numbers(vector.Span, 8, "  ")} {session.Ink.Dim($"... {dimensions} dimensions")}");
            else
                session.Line($"[{Numbers(vector.Span, vector.Length, ",")}]");
        }
        if (count == 0)
            throw new MatryoshkaException("There were no texts to embed.");
        if (session.Json)
            session.WriteJson(new EmbedJson(recipe.Name, recipe.Fingerprint, RoleName(role), dimensions, count, null, rows), CliJson.Shapes.EmbedJson);
    }

    private static string RoleName(EmbeddingRole role) => role == EmbeddingRole.Query ? "query" : "document";

    private static string Numbers(ReadOnlySpan<float> vector, int most, string separator)
    {
        var numbers = new string[Math.Min(most, vector.Length)];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = vector[i].ToString(most < vector.Length ? "0.0000" : "R", CultureInfo.InvariantCulture);
        return string.Join(separator, numbers);
    }
}
