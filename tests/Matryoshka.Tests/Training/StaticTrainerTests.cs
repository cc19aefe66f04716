using Matryoshka.Tests.Collections;
using Matryoshka.Training;
using Matryoshka.Training.Tables;
using Xunit;

namespace Matryoshka.Tests.Training;

public class StaticTrainerTests
{
    [Fact]
    public void Training_teaches_what_the_pairs_say()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")) with { Steps = 150, HardNegatives = 8, SymmetricShare = 0.3, Sparse = 0.1, Kinship = 0.5, Cloze = 0 };
        StaticTrainer.Train(options);
        var model = StaticModel.Load(folder.At("model"));
        Assert.Equal(NestedDimensions.Trained(4, 8, 24), model.Dimensions);
        var pairs = SmallPairs.All().ToList();
        var learnt = FirstRank(model, pairs);
        var untrained = StaticTrainer.Train(options with { Steps = 1, Rate = 1e-6, Output = folder.At("untrained") });
        Assert.Equal(1, untrained.Steps);
        var random = FirstRank(StaticModel.Load(folder.At("untrained")), pairs);
        Assert.True(learnt > random + 0.2 && learnt > 0.5, $"{learnt} of the questions find their passage, {random} untrained");
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_any_number_of_threads()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("one")) with { Name = "m" };
        StaticTrainer.Train(options with { Threads = 1 });
        StaticTrainer.Train(options with { Threads = 4, Output = folder.At("four") });
        StaticTrainer.Train(options with { Seed = 2, Output = folder.At("other") });
        Assert.Equal(Weights(folder.At("one")), Weights(folder.At("four")));
        Assert.NotEqual(Weights(folder.At("one")), Weights(folder.At("other")));
    }

    [Theory]
    [InlineData(OptimiserKind.Adam)]
    [InlineData(OptimiserKind.Adagrad)]
    public void What_was_interrupted_and_resumed_ends_with_the_bytes_of_what_was_not(OptimiserKind optimiser)
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("whole")) with { Name = "m", Optimiser = optimiser };
        StaticTrainer.Train(options);
        using var stop = new CancellationTokenSource();
        var parts = options with { Output = folder.At("parts") };
        Assert.Throws<OperationCanceledException>(() => StaticTrainer.Train(parts, new Told(progress => { if (progress is { Stage: TrainingStage.Train, Done: 11 }) stop.Cancel(); }), stop.Token));
        Assert.True(File.Exists(folder.At("parts/checkpoint.safetensors")));
        var steps = new List<long>();
        StaticTrainer.Train(parts with { Resume = true }, new Told(progress => { if (progress.Stage == TrainingStage.Train) steps.Add(progress.Done); }));
        Assert.Equal(Enumerable.Range(12, 19).Select(step => (long)step), steps);
        Assert.Equal(Weights(folder.At("whole")), Weights(folder.At("parts")));
        Assert.False(File.Exists(folder.At("parts/checkpoint.safetensors")));
    }

    [Fact]
    public void A_checkpoint_begun_with_other_options_is_refused()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model"));
        Assert.Contains("no checkpoint", Assert.Throws<TrainingException>(() => StaticTrainer.Train(options with { Resume = true })).Message, StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => StaticTrainer.Train(options, new Told(progress => { if (progress.Stage == TrainingStage.Train) stop.Cancel(); }), stop.Token));
        var refused = Assert.Throws<TrainingException>(() => StaticTrainer.Train(options with { Resume = true, Rate = 0.05 }));
        Assert.Contains("'rate 0.1'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'rate 0.05'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_at_a_checkpoint_is_survived_and_said_and_the_old_checkpoint_stays()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")) with { CheckpointEvery = TimeSpan.Zero, Steps = 6 };
        var notes = new List<string>();
        byte[]? kept = null;
        var opened = 0;
        var checkpoint = folder.At("model/checkpoint.safetensors");
        Stream Open(string path)
        {
            if (opened++ == 0)
                return new FileStream(path, FileMode.Create);
            kept ??= File.ReadAllBytes(checkpoint);
            Assert.Equal(kept, File.ReadAllBytes(checkpoint));
            return new FullStream(path);
        }
        var result = StaticTrainer.Train(options, new Told(progress => { if (progress.Note is { } note) notes.Add(note); }), Open, CancellationToken.None);
        Assert.Equal(6, result.Steps);
        Assert.Equal(4, notes.Count);
        Assert.All(notes, note => Assert.Contains("no space left; the checkpoint of step 1 is kept", note.Replace(")", "", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.NotNull(kept);
        Assert.Empty(Directory.GetFiles(folder.At("model"), "*.tmp"));
    }

    [Fact]
    public void A_loss_that_diverges_ends_the_training_and_says_what_is_kept()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")) with { Rate = 1e26, CheckpointEvery = TimeSpan.Zero };
        // So high that the squares of the rows overflow after the first step.
        var error = Assert.Throws<TrainingException>(() => StaticTrainer.Train(options));
        Assert.Contains("diverged at step", error.Message, StringComparison.Ordinal);
        Assert.Contains("the checkpoint of step", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.At("model/checkpoint.safetensors")));
    }

    [Theory]
    [InlineData(GradedKind.Order)]
    [InlineData(GradedKind.Cosine)]
    public void Graded_pairs_are_learnt_in_their_order(GradedKind graded)
    {
        using var folder = new TestFolder();
        var lines = SmallPairs.All().SelectMany((pair, i) => new[]
        {
            $$"""{"a": "{{pair.A}}", "b": "{{pair.B}}", "score": 1}""",
            $$"""{"a": "{{pair.A}}", "b": "{{SmallPairs.All().ElementAt((i + 61) % 128).B}}", "score": 0}""",
        });
        File.WriteAllLines(folder.At("graded.jsonl"), lines);
        StaticTrainer.Train(SmallPairs.Options(folder.At("graded.jsonl"), folder.At("model")) with { Steps = 60, Batch = 64, Graded = graded });
        var model = StaticModel.Load(folder.At("model"));
        var all = SmallPairs.All().ToList();
        var inOrder = all.Where((pair, i) => Cosine(model, pair.A, pair.B) > Cosine(model, pair.A, all[(i + 61) % 128].B)).Count();
        Assert.InRange(inOrder, 96, 128);
    }

    [Fact]
    public void A_loss_that_jumps_is_not_one_that_diverges()
    {
        var watch = new LossWatch();
        for (var step = 0; step < 500; step++)
            Assert.True(watch.Add(step % 10 == 0 ? 9 : 2));
        Assert.Equal(2.7, watch.Mean, 1e-9);
        Assert.False(watch.Add(double.NaN));
        var rising = new LossWatch();
        Assert.Contains(Enumerable.Range(0, 500), step => !rising.Add(2 + 0.05 * step));
    }

    private static double Cosine(StaticModel model, string a, string b)
    {
        float[] x = new float[model.Dimensions.Full], y = new float[model.Dimensions.Full];
        Assert.True(model.TryEncode(a, x) && model.TryEncode(b, y));
        return x.Zip(y, (p, q) => (double)p * q).Sum();
    }

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Join(folder, "model.safetensors"));

    // The share of questions whose own passage comes first.
    private static double FirstRank(StaticModel model, List<(string A, string B)> pairs)
    {
        float[] Vector(string text)
        {
            var vector = new float[model.Dimensions.Full];
            Assert.True(model.TryEncode(text, vector));
            return vector;
        }
        var documents = pairs.ConvertAll(pair => Vector(pair.B));
        var right = 0;
        for (var i = 0; i < pairs.Count; i++)
        {
            var query = Vector(pairs[i].A);
            var scores = documents.ConvertAll(document => document.Zip(query, (x, y) => x * y).Sum());
            if (scores.IndexOf(scores.Max()) == i)
                right++;
        }
        return (double)right / pairs.Count;
    }

    private sealed class Told(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => tell(value);
    }

    private sealed class FullStream(string path) : FileStream(path, FileMode.Create)
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("no space left");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("no space left");
    }
}
