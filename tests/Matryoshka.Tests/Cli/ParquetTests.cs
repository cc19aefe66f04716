using Matryoshka.Tests.Collections;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class ParquetTests : IDisposable
{
    private const int Rows = 120, Dimensions = 40;
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_column_of_lists_is_audited_as_the_same_numbers_elsewhere_are(bool nullable)
    {
        var item = new DataField("element", typeof(float), nullable);
        var parquet = await Write(nullable ? "n.parquet" : "v.parquet", [new DataField<int>("id"), new ListField("embedding", item)], async group =>
        {
            await group.Writer.WriteAsync<int>(group.Field("id"), Enumerable.Range(0, Rows).ToArray());
            await Lists(group, "embedding");
        });
        var raw = folder.At($"v.{Rows}x{Dimensions}.f32");
        File.WriteAllBytes(raw, System.Runtime.InteropServices.MemoryMarshal.AsBytes(Numbers().AsSpan()).ToArray());
        Assert.Equal((await CliRun.Of("audit", raw, "--json")).Expect(0).Out, (await CliRun.Of("audit", parquet, "--json")).Expect(0).Out);
        Assert.Equal((await CliRun.Of("audit", raw, "--json")).Out, (await CliRun.Of("audit", parquet, "--column", "embedding", "--json")).Expect(0).Out);
        var refused = (await CliRun.Of("audit", parquet, "--column", "id")).Expect(2).Error;
        Assert.Contains("'id' (Int32), 'embedding' (list of Single)", refused, StringComparison.Ordinal);
        Assert.Contains("--column", (await CliRun.Of("audit", raw, "--column", "embedding")).Expect(2).Error, StringComparison.Ordinal);
        (await CliRun.Of("import", parquet, "--no-nesting", "--name", "m", "-c", folder.At("c.mrl"))).Expect(0);
        Assert.Equal(Rows, (await CliRun.Of("info", "-c", folder.At("c.mrl"), "--json")).Expect(0).Json.GetProperty("records").GetInt32());
    }

    [Fact]
    public async Task What_is_no_column_of_vectors_is_refused_with_what_there_is()
    {
        var two = await Write("two.parquet", [new ListField("a", new DataField<float>("element")), new ListField("b", new DataField<float>("element"))], async group =>
        {
            await Lists(group, "a");
            await Lists(group, "b");
        });
        Assert.Contains("'a', 'b'", (await CliRun.Of("audit", two)).Expect(2).Error, StringComparison.Ordinal);
        (await CliRun.Of("audit", two, "--column", "b")).Expect(0);
        var none = await Write("none.parquet", [new DataField<int>("id")], async group => await group.Writer.WriteAsync<int>(group.Field("id"), new[] { 1, 2 }));
        Assert.Contains("'id' (Int32)", (await CliRun.Of("audit", none)).Expect(1).Error, StringComparison.Ordinal);
        var holes = await Write("holes.parquet", [new ListField("v", new DataField("element", typeof(float), true))], async group =>
            await group.Writer.WriteAllPartsAsync<float>(group.Field("v"), new float[] { 1, 3, 4 }, new[] { group.Field("v").MaxDefinitionLevel, group.Field("v").MaxDefinitionLevel - 1, group.Field("v").MaxDefinitionLevel, group.Field("v").MaxDefinitionLevel }, new[] { 0, 1, 0, 1 }, default));
        Assert.Contains("null", (await CliRun.Of("audit", holes)).Expect(1).Error, StringComparison.Ordinal);
        var ragged = await Write("ragged.parquet", [new ListField("v", new DataField<float>("element"))], async group =>
            await group.Writer.WriteAllPartsAsync<float>(group.Field("v"), new float[] { 1, 2, 3 }, Enumerable.Repeat(group.Field("v").MaxDefinitionLevel, 3).ToArray(), new[] { 0, 1, 0 }, default));
        Assert.Contains("Row 2", (await CliRun.Of("audit", ragged)).Expect(1).Error, StringComparison.Ordinal);
        File.WriteAllText(folder.At("torn.parquet"), "PAR1 and then nothing of the kind PAR1");
        Assert.Contains("cannot be read as Parquet", (await CliRun.Of("audit", folder.At("torn.parquet"))).Expect(1).Error, StringComparison.Ordinal);
    }

    private static float[] Numbers()
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, Rows * Dimensions).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static async Task Lists(Group group, string name)
    {
        var levels = Enumerable.Range(0, Rows * Dimensions).Select(i => i % Dimensions == 0 ? 0 : 1).ToArray();
        await group.Writer.WriteAllPartsAsync<float>(group.Field(name), Numbers(), levels.Select(_ => group.Field(name).MaxDefinitionLevel).ToArray(), levels, default);
    }

    private async Task<string> Write(string name, Field[] columns, Func<Group, Task> fill)
    {
        var path = folder.At(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var schema = new ParquetSchema(columns);
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream);
        using var group = writer.CreateRowGroup();
        await fill(new(group, schema));
        return path;
    }

    private sealed record Group(ParquetRowGroupWriter Writer, ParquetSchema Schema)
    {
        public DataField Field(string name) => Schema.DataFields.Single(field => field.Path.FirstPart == name);
    }
}
