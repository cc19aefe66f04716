using Matryoshka.Benchmarks;

return args switch
{
    ["scan", .. var rest] => ScanBenchmark.Run(rest),
    ["filter", .. var rest] => FilterBenchmark.Run(rest),
    ["encode", .. var rest] => EncodeBenchmark.Run(rest),
    ["quality", .. var rest] => await QualityBenchmark.Run(rest),
    ["index", .. var rest] => IndexBenchmark.Run(rest),
    ["search", .. var rest] => await SearchBenchmark.Run(rest),
    ["remote", .. var rest] => await RemoteBenchmark.Run(rest),
    ["remote-server", .. var rest] => RemoteServer.Run(rest),
    ["convert", .. var rest] => ConvertStaticModel.Run(rest),
    ["onnx", .. var rest] => OnnxBenchmark.Run(rest),
    ["adapter", .. var rest] => AdapterBenchmark.Run(rest),
    ["minilm", .. var rest] => OnnxBenchmark.WriteModel(rest),
    ["lists", .. var rest] => ListsBenchmark.Run(rest),
    ["tune", .. var rest] => await TuneBenchmark.Run(rest),
    ["presets", .. var rest] => await PresetsBenchmark.Run(rest),
    ["millions", .. var rest] => await MillionsBenchmark.Run(rest),
    ["vectors", .. var rest] => WriteVectors.Run(rest),
    ["peers", .. var rest] => PeersReport.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: scan [--rows N] [--precision f32|f16|int8|bit] | filter | encode | index [--rows N] [--rounds N] | search [--rows N] | quality | tune [--collections A,B] | lists --in DIR | presets --in DIR [--rows N] | millions --in DIR --collection DIR [--rows N] [--memory BYTES] | onnx | adapter | remote [--texts N]   [--save]
               minilm --out DIR            a model of that size with random weights, to try the tool on
               vectors --out DIR [--rows N] [--queries N]
               peers --in FILE [--out DIR | --save]
        """);
    return 2;
}
