using System.CommandLine;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl train</c>: models of one's own.</summary>
internal static class TrainCommand
{
    public static readonly CommandEntry Entry = new("train", "Train a static model from pairs of texts, or an adapter for stored vectors.",
    [
        "mrl train static --pairs questions.jsonl titles.jsonl.gz --out my-model",
        "mrl train static --pairs pairs/*.jsonl.gz --out my-model --eval scifact --steps 4000",
        "mrl train static --pairs pairs/*.jsonl.gz --out my-model --resume",
        "mrl train adapter -c old.mrl --out adapter.safetensors --dims 64,128,256,512",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        command.Subcommands.Add(TrainStaticCommand.Create(session));
        command.Subcommands.Add(TrainAdapterCommand.Create(session));
    }
}
