using System.Text.RegularExpressions;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests;

/// <summary>The rules of the layout, held against the source text: who may use what, how long a file may be, what it is called.</summary>
public partial class ArchitectureTests
{
    private const int MostLines = 400;
    private const string Library = "src/Matryoshka/";

    private static readonly List<Source> All = [.. ReadAll()];

    private static IEnumerable<Source> In(string folder) => All.Where(source => source.Path.StartsWith(folder, StringComparison.Ordinal));

    [Fact]
    public void The_sources_are_found() => Assert.True(In(Library).Count() > 80, $"only {In(Library).Count()} files under {Library}");

    [Fact]
    public void Storage_knows_nothing_of_search() => Hold(In(Library + "Storage/"), source => !source.Names("Matryoshka.Search"));

    [Fact]
    public void Only_kernels_use_intrinsics() =>
        Hold(All.Where(source => source.Path.StartsWith("src/", StringComparison.Ordinal) && !source.Path.StartsWith(Library + "Kernels/", StringComparison.Ordinal)), source => !source.Names("System.Runtime.Intrinsics"));

    [Fact]
    public void Only_the_file_layer_and_the_loading_of_models_touch_files() =>
        Hold(In(Library).Where(source => !OwnsFiles().IsMatch(source.Path)), source => !TouchesFiles().IsMatch(source.Code));

    [Theory]
    [InlineData("Kernels", "Vectors")]
    [InlineData("Vectors")]
    [InlineData("Lists", "Kernels", "Vectors")]
    public void The_lowest_layers_depend_on_nothing_above_them(string folder, params string[] allowed)
    {
        var above = Directory.EnumerateDirectories(RepositoryFiles.Path("src", "Matryoshka")).Select(d => Path.GetFileName(d))
            .Where(name => name != folder && !allowed.Contains(name) && name is not ("bin" or "obj")).ToList();
        Assert.Contains("Storage", above);
        Hold(In($"{Library}{folder}/"), source => !above.Exists(name => source.Names($"Matryoshka.{name}")));
    }

    [Fact]
    public void The_library_knows_nothing_of_what_is_built_on_it() =>
        Hold(In(Library), source => !source.Names("Matryoshka.Documents") && !source.Names("Matryoshka.Onnx") && !source.Names("Matryoshka.Remote") && !source.Names("Matryoshka.Tuning") && !source.Names("Matryoshka.Training") && !source.Names("Matryoshka.Cli"));

    [Fact]
    public void Only_the_reports_of_tuning_know_the_plotting_library() =>
        Hold(All.Where(source => source.Path.StartsWith("src/", StringComparison.Ordinal) && !source.Path.StartsWith("src/Matryoshka.Tuning/Reporting/", StringComparison.Ordinal)), source => !source.Names("ScottPlot") && !source.Names("SkiaSharp"));

    [Theory]
    [InlineData("Onnx")]
    [InlineData("Remote")]
    [InlineData("Documents")]
    public void What_is_built_on_the_library_knows_only_the_library(string project) => Hold(In($"src/Matryoshka.{project}/"), source =>
        !new[] { "Onnx", "Remote", "Documents", "Cli" }.Any(other => other != project && source.Names($"Matryoshka.{other}")));

    [Fact]
    public void Training_knows_the_library_alone() =>
        Hold(In("src/Matryoshka.Training/"), source => !source.Names("Matryoshka.Documents") && !source.Names("Matryoshka.Onnx") && !source.Names("Matryoshka.Remote") && !source.Names("Matryoshka.Cli")
            && !source.Names("Matryoshka.Storage") && !source.Names("Matryoshka.Search"));

    [Fact]
    public void The_library_references_no_project() =>
        Assert.DoesNotContain("ProjectReference", File.ReadAllText(RepositoryFiles.Path("src", "Matryoshka", "Matryoshka.csproj")), StringComparison.Ordinal);

    [Fact]
    public void No_file_is_longer_than_one_can_read() =>
        Hold(All.Where(source => !source.Path.EndsWith(".Data.cs", StringComparison.Ordinal)), source => source.Text.AsSpan().Count('\n') <= MostLines);

    [Fact]
    public void Namespaces_follow_folders_and_public_types_stand_at_the_root() => Hold(All.Where(s => s.Path.StartsWith("src/", StringComparison.Ordinal)), source =>
    {
        if (NamespaceOf().Match(source.Code) is not { Success: true } found)
            return source.Path.EndsWith("Program.cs", StringComparison.Ordinal);
        var parts = source.Path.Split('/')[1..^1];
        var (root, folder) = (parts[0], string.Join('.', parts));
        return found.Groups[1].Value == root || (found.Groups[1].Value == folder && !(root == "Matryoshka" && PublicType().IsMatch(source.Code)));
    });

    private static void Hold(IEnumerable<Source> sources, Func<Source, bool> rule)
    {
        var checkedFiles = sources.ToList();
        Assert.NotEmpty(checkedFiles);
        var broken = checkedFiles.Where(source => !rule(source)).Select(source => source.Path).ToList();
        Assert.True(broken.Count == 0, $"These files break the rule: {string.Join(", ", broken)}");
    }

    private static IEnumerable<Source> ReadAll()
    {
        var root = RepositoryFiles.Path();
        foreach (var top in new[] { "src", "tests", "benchmarks" })
            foreach (var file in Directory.EnumerateFiles(Path.Join(root, top), "*.cs", SearchOption.AllDirectories))
            {
                var path = Path.GetRelativePath(root, file).Replace('\\', '/');
                if (!path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
                    yield return new(path, File.ReadAllText(file));
            }
    }

    // Comments and literals speak of what code must not use.
    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|\"\"\"+.*?\"\"\"+|@?\$?"(?:\\.|[^"\\\n])*" """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentOrLiteral();

    [GeneratedRegex(@"^src/Matryoshka/(Storage/OsFile\w*\.cs|Encoders/|Hub/)")]
    private static partial Regex OwnsFiles();

    [GeneratedRegex(@"(?<![.\w])(File|Directory|FileStream|FileInfo|DirectoryInfo|RandomAccess|StreamReader|StreamWriter)(\.|\()(?!Exists\()|System\.IO\.(File|Directory)|MemoryMappedFile|DllImport|LibraryImport")]
    private static partial Regex TouchesFiles();

    [GeneratedRegex(@"(?m)^namespace ([\w.]+)[;\s]")]
    private static partial Regex NamespaceOf();

    [GeneratedRegex(@"(?m)^public\b[^;(]*\b(class|record|struct|interface|enum|delegate)\b")]
    private static partial Regex PublicType();

    private sealed record Source(string Path, string Text)
    {
        public string Code { get; } = CommentOrLiteral().Replace(Text, " ");

        public bool Names(string space) => Regex.IsMatch(Code, $@"(?<![\w.]){Regex.Escape(space)}(?!\w)");
    }
}
