using Matryoshka;
using Matryoshka.Storage;
using Matryoshka.Tests.Reliability;

// Performs writes until it is killed, and says what was acknowledged. Usage:
//   write DIRECTORY SEED FIRST [early]   prints "ready" once open (or, early, before), then "done N" after each operation
//   hold DIRECTORY                       takes the writer's place, prints "held", and keeps it until a line comes in
//   count DIRECTORY                      prints how many records it sees
switch (args)
{
    case ["write", var directory, var seed, var first, .. var rest]:
        await WriteAsync(directory, int.Parse(seed), int.Parse(first), early: rest.Length > 0);
        return 0;
    case ["hold", var directory]:
        using (var collection = Collection.Open(directory, SeededVectors.Open))
            await collection.DeleteAsync(BlockingKeys());
        return 0;
    case ["count", var directory]:
        using (var collection = Collection.Open(directory, SeededVectors.Open))
            Say($"{await collection.CountAsync()}");
        return 0;
    default:
        Say("unknown arguments");
        return 2;
}

static async Task WriteAsync(string directory, int seed, int first, bool early)
{
    if (early)
        Say("ready");
    using var collection = Collection.Exists(directory)
        ? Collection.Open(directory, SeededVectors.Open, OsFileSystem.Instance, SmallLists.Parameters)
        : Collection.Create(directory, SeededVectors.Create, OsFileSystem.Instance, new(SmallLists.Parameters));
    if (!early)
        Say("ready");
    var stream = new OperationStream(seed);
    for (var index = first; ; index++)
    {
        await stream[index].RunAsync(collection);
        Say($"done {index}");
    }
}

// Enumerated inside the transaction, under the lock.
static IEnumerable<string> BlockingKeys()
{
    Say("held");
    Console.In.ReadLine();
    yield return "no such key";
}

static void Say(string line)
{
    Console.Out.Write(line + "\n");
    Console.Out.Flush();
}
