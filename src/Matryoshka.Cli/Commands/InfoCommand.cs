using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl info</c>: what a collection holds and what every part of it costs.</summary>
internal static class InfoCommand
{
    private const int BarColumns = 24;

    public static readonly CommandEntry Entry = new("info", "Show what a collection holds and what it costs.",
    [
        "mrl info",
        "mrl info -c products.mrl --json",
        "mrl info --memory 500MB",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var memory = new MemoryOption(command);
        command.SetAction(result =>
        {
            memory.Apply(result, session);
            return Run(session);
        });
    }

    private static int Run(Session session)
    {
        using var collection = session.Open();
        var info = collection.GetInfo();
        if (session.Json)
        {
            session.WriteJson(InfoJson.From(info, collection.Model), CliJson.Shapes.InfoJson);
            return 0;
        }
        Facts(info, collection.Model).Write(session);
        Planes(info).Write(session);
        if (info.Segments.Count > 0)
            Segments(info).Write(session);
        return 0;
    }

    private static Sheet Facts(CollectionInfo info, string? model)
    {
        var recipe = info.Recipe;
        var sheet = new Sheet(new("collection"), new(TextClean.OneLine(info.Directory)));
        sheet.Add("records", Cell.Number(info.Records, CellStyle.Strong));
        sheet.Add("pending", Cell.Number(info.Pending));
        sheet.Add("dead rows", Cell.Number(info.DeadRows));
        sheet.Add("sources", Cell.Number(info.Sources));
        sheet.Add("model", new(recipe.Name, CellStyle.Accent));
        if (ModelSource.Parse(model) is { } source)
            sheet.Add("model found", source.ToString());
        sheet.Add("dimensions", recipe.Dimensions.ToString());
        sheet.Add("nesting", Figures.Name(recipe.Dimensions.Kind));
        sheet.Add("full vectors", Figures.Name(info.FullPrecision));
        sheet.Add("keywords", info.Keywords ? "yes" : "no");
        sheet.Add("in memory", new(Memory(info), CellStyle.Plain, Figures.Plain(info.ResidentBytes)));
        sheet.Add("default plan", info.DefaultPlan.ToString());
        sheet.Add("fingerprint", new(recipe.Fingerprint, CellStyle.Faint));
        sheet.Add("created", info.Created.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        return sheet;
    }

    private static Sheet Planes(CollectionInfo info)
    {
        long largest = info.CatalogBytes, total = info.CatalogBytes;
        foreach (var plane in info.Planes)
        {
            largest = Math.Max(largest, plane.Bytes);
            total += plane.Bytes;
        }
        var sheet = new Sheet(new("part"), new("components", Right: true), new("bytes", Right: true), new("in memory", Right: true), new("", TerminalOnly: true)) { Title = $"{Figures.Bytes(total)} in all", LineName = "plane" };
        foreach (var plane in info.Planes)
        {
            var ring = plane.FirstDimension is { } first && plane.LastDimension is { } last ? string.Create(CultureInfo.InvariantCulture, $"{first}..{last}") : "";
            sheet.Add(plane.Kind, ring, Cell.Bytes(plane.Bytes), Resident(plane), new(Bar.Of(plane.Bytes, largest, BarColumns), CellStyle.Accent));
        }
        sheet.Add("catalog", "", Cell.Bytes(info.CatalogBytes), new("", CellStyle.Plain, "0"), new(Bar.Of(info.CatalogBytes, largest, BarColumns), CellStyle.Accent));
        return sheet;
    }

    private static string Memory(CollectionInfo info) => info.MemoryBudget is { } budget
        ? $"{Figures.Bytes(info.ResidentBytes)} of a budget of {Figures.Bytes(budget)}"
        : $"{Figures.Bytes(info.ResidentBytes)}, no budget";

    // A plane may be resident in one segment and not in another.
    private static Cell Resident(PlaneInfo plane) => new(
        plane.ResidentBytes == plane.Bytes ? "resident" : plane.ResidentBytes == 0 ? "on demand" : Figures.Bytes(plane.ResidentBytes),
        plane.ResidentBytes == 0 ? CellStyle.Faint : CellStyle.Plain,
        Figures.Plain(plane.ResidentBytes));

    private static Sheet Segments(CollectionInfo info)
    {
        var sheet = new Sheet(new("segment"), new("rows", Right: true), new("dead", Right: true), new("bytes", Right: true), new("lists", Right: true)) { LineName = "segment" };
        foreach (var segment in info.Segments)
            sheet.Add(segment.File, Cell.Number(segment.Rows), Cell.Number(segment.DeadRows), Cell.Bytes(segment.Bytes),
                segment.ListsBytes is { } lists ? Cell.Bytes(lists) : new("none", CellStyle.Faint, "0"));
        return sheet;
    }
}
