using System.CommandLine;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl pull</c>: a model's files from a hub into the cache that the hub's own tools share.</summary>
internal static class PullCommand
{
    public static readonly CommandEntry Entry = new("pull", "Fetch a model from a hub; afterwards it works offline.",
    [
        "mrl pull nomic-embed-text-v1.5",
        "mrl pull cross-encoder/ms-marco-MiniLM-L6-v2@main",
        "mrl pull nomic-embed-text-v1.5 --model-file onnx/model_quantized.onnx",
        "HF_ENDPOINT=https://mirror.example mrl pull owner/name@v2 --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var name = new Argument<string>("NAME") { Description = "A name of 'mrl models' or owner/name; @revision (branch, tag or commit) may follow." };
        var file = Options.Text("--model-file", "PATH", "The weights, e.g. onnx/model_quantized.onnx. Default: the usual ones");
        var offline = Options.Flag("--offline", "Only look whether the cache has it.");
        command.Arguments.Add(name);
        command.Options.Add(file);
        command.Options.Add(offline);
        command.SetAction(async (result, cancellationToken) =>
        {
            var options = HubModels.Options(session, result.GetValue(offline));
            using var hub = new HubClient(options);
            var pulled = await HubModels.PullAsync(session, hub, result.GetRequiredValue(name), result.GetValue(file), cancellationToken).ConfigureAwait(false);
            if (session.Json)
            {
                session.WriteJson(new PullJson(pulled.Repository, pulled.Commit, pulled.Folder, pulled.ModelFile, pulled.Files, pulled.Entry?.Name, pulled.Downloaded), CliJson.Shapes.PullJson);
                return 0;
            }
            session.Line(pulled.Folder);
            session.Note((pulled.Downloaded > 0 ? $"{Figures.Bytes(pulled.Downloaded)} received and verified" : "Nothing was missing") + $"; '{pulled.Repository}' at {pulled.Commit[..12]}, {pulled.ModelFile}.");
            return 0;
        });
    }
}
