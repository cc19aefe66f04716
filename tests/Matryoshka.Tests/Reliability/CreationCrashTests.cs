using Matryoshka.Storage;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>A creation that is cut off leaves no collection or an empty one, and can be repeated.</summary>
public class CreationCrashTests
{
    [Fact]
    public void A_creation_that_dies_before_any_call_leaves_none_or_an_empty_one()
    {
        using var place = new FastFolder();
        var directory = place.At("c");
        var left = new List<string>();
        var fs = new FaultyFileSystem();
        fs.BeforeCall = () =>
        {
            if (Directory.Exists(directory))
                left.Add(place.CopyOf(directory));
        };
        Collection.Create(directory, SeededVectors.Create, fs).Dispose();
        Assert.True(left.Count > 2);
        Assert.All(left, copy => IsNoneOrEmpty(copy));
        Assert.Contains(left, Collection.Exists);
    }

    [Fact]
    public void A_creation_with_a_call_that_fails_is_reported_and_can_be_repeated()
    {
        foreach (var fault in new[] { Fault.Error, Fault.DiskFull })
            for (var call = 1; ; call++)
            {
                using var place = new FastFolder();
                var fs = new FaultyFileSystem();
                fs.FailCall(call, fault);
                try
                {
                    Collection.Create(place.At("c"), SeededVectors.Create, fs).Dispose();
                    Assert.True(fault == Fault.DiskFull || fs.Calls < call, $"{fs.History.ElementAtOrDefault(call - 1)} did not fail");
                }
                catch (MatryoshkaException)
                {
                }
                Assert.Empty(fs.OpenHandles);
                IsNoneOrEmpty(place.At("c"));
                if (fs.Calls < call)
                    break;
            }
    }

    [Fact]
    public void What_a_process_left_that_died_inside_sqlite_does_not_hinder_a_creation()
    {
        using var place = new FastFolder();
        var paths = new StorePaths(place.Path);
        foreach (var length in new[] { 0, 1, 4096 })
        {
            File.WriteAllBytes(paths.NewCatalog, new byte[length]);
            File.WriteAllBytes(paths.NewCatalog + "-wal", new byte[length]);
            File.WriteAllBytes(paths.NewCatalog + "-journal", new byte[length]);
            Assert.False(Collection.Exists(place.Path));
            Collection.Create(place.Path, SeededVectors.Create).Dispose();
            Assert.Equal([Path.GetFileName(paths.Catalog), Path.GetFileName(paths.WriterLock)], Directory.EnumerateFiles(place.Path).Select(f => Path.GetFileName(f)).Order());
            File.Delete(paths.Catalog);
        }
    }

    private static void IsNoneOrEmpty(string directory)
    {
        if (!Collection.Exists(directory))
            Collection.Create(directory, SeededVectors.Create).Dispose();
        using var collection = Collection.Open(directory, SeededVectors.Open);
        Assert.Equal(0, collection.GetInfo().Records);
    }
}
