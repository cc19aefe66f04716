using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl get</c>: one record as it is stored.</summary>
internal static class GetCommand
{
    public static readonly CommandEntry Entry = new("get", "Show a record.",
    [
        "mrl get docs/install.md#2",
        "mrl get sku-4711 --vector --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var key = new Argument<string>("KEY") { Description = "The record's key." };
        var vector = Options.Flag("--vector", "Also its stored full vector, scaled to length 1.");
        command.Arguments.Add(key);
        command.Options.Add(vector);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var collection = session.Open();
            var name = result.GetRequiredValue(key);
            if (name.Length == 0)
                throw new UsageException("A key is not empty.");
            var record = await collection.GetAsync(name, result.GetValue(vector), cancellationToken).ConfigureAwait(false)
                ?? throw new MatryoshkaException($"There is no record '{name}' in '{session.Directory}'.");
            if (session.Json)
                session.WriteJson(RecordJson.From(record), CliJson.Shapes.RecordJson);
            else
                Write(session, record);
            return 0;
        });
    }

    private static void Write(Session session, Record record)
    {
        Field(session, "key", TextClean.OneLine(record.Key));
        Field(session, "source", record.Source is null ? null : TextClean.OneLine(record.Source));
        Field(session, "position", record.Position?.ToJsonString(CliJson.Readable));
        Field(session, "metadata", record.Metadata?.ToJsonString(CliJson.Readable));
        if (record.Vector is { IsEmpty: false } vector)
        {
            var numbers = new string[vector.Length];
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = vector.Span[i].ToString("R", CultureInfo.InvariantCulture);
            Field(session, "vector", string.Join(' ', numbers));
        }
        if (record.Text.Length > 0)
        {
            session.Line();
            session.Line(TextClean.Lines(record.Text));
        }
    }

    private static void Field(Session session, string name, string? value)
    {
        if (value is not null)
            session.Line(session.Pretty ? session.Ink.Dim(name.PadRight(9)) + value : $"{name}\t{value}");
    }
}
