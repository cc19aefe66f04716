namespace Matryoshka.Training.Pairs;

/// <summary>
/// Which pairs make up the batch of each step: all of one source where that is large enough, so that the others in a batch
/// are of its kind and hard to tell apart; small sources are mixed in one pool. A source is drawn in proportion to
/// its pairs, but never to more than the cap. Equal texts do not meet in a batch.
/// </summary>
internal sealed class BatchSampler
{
    private readonly IReadOnlyList<PairSource> sources;
    private readonly long seed;
    private readonly int batch;
    private readonly List<(int Source, int Pair)[]> pools = [];
    private readonly double[] upTo;
    private readonly (int Epoch, int At)[] cursors;
    private readonly (int Source, int Pair)[]?[] orders;

    /// <param name="sources">What to draw from; graded sources have pools of their own.</param>
    /// <param name="trained">Of each source, the pairs that may be drawn.</param>
    /// <param name="batch">Pairs a batch.</param>
    /// <param name="cap">Pairs that a source counts for at most.</param>
    /// <param name="seed">Decides everything.</param>
    public BatchSampler(IReadOnlyList<PairSource> sources, IReadOnlyList<int[]> trained, int batch, int cap, long seed)
    {
        (this.sources, this.batch, this.seed) = (sources, batch, seed);
        var small = new List<(int, int)>();
        for (var s = 0; s < sources.Count; s++)
        {
            var pairs = trained[s].Select(pair => (s, pair)).ToArray();
            if (sources[s].IsGraded || pairs.Length >= batch)
                pools.Add(pairs);
            else
                small.AddRange(pairs);
        }
        if (small.Count > 0)
            pools.Add([.. small]);
        upTo = new double[pools.Count];
        var sum = 0.0;
        for (var pool = 0; pool < pools.Count; pool++)
            upTo[pool] = sum += Math.Min(pools[pool].Length, cap);
        cursors = new (int, int)[pools.Count];
        orders = new (int, int)[pools.Count][];
    }

    /// <summary>Where every pool stands, to be kept with a checkpoint.</summary>
    public int[] Position
    {
        get => [.. cursors.SelectMany(cursor => (int[])[cursor.Epoch, cursor.At])];
        set
        {
            if (value.Length != 2 * cursors.Length)
                throw new TrainingException("The checkpoint was made from other pairs: continue with the files it was begun with, or begin anew.");
            for (var i = 0; i < cursors.Length; i++)
            {
                cursors[i] = (value[2 * i], value[2 * i + 1]);
                orders[i] = null;
            }
        }
    }

    /// <summary>The pairs of a step, fewer than a batch where a pool has no more that differ. Steps are to be asked for in order.</summary>
    public List<(PairSource Source, int Pair)> Next(long step)
    {
        var at = new Draw(seed, step, purpose: 1).Unit() * upTo[^1];
        var pool = 0;
        while (pool < upTo.Length - 1 && at >= upTo[pool])
            pool++;
        var taken = new List<(PairSource, int)>(batch);
        HashSet<int> seenA = [], seenB = [];
        // Once around is enough: what was passed over comes again in the next epoch's order.
        for (var looked = 0; taken.Count < batch && looked < pools[pool].Length; looked++)
        {
            var (source, pair) = Advance(pool);
            var (a, b) = sources[source].Hashes[pair];
            if (seenA.Contains(a) || seenB.Contains(b))
                continue;
            seenA.Add(a);
            seenB.Add(b);
            taken.Add((sources[source], pair));
        }
        return taken;
    }

    private (int Source, int Pair) Advance(int pool)
    {
        var (epoch, at) = cursors[pool];
        if (at == pools[pool].Length)
        {
            (epoch, at) = (epoch + 1, 0);
            orders[pool] = null;
        }
        var order = orders[pool] ??= Shuffled(pool, epoch);
        cursors[pool] = (epoch, at + 1);
        return order[at];
    }

    private (int, int)[] Shuffled(int pool, int epoch)
    {
        var order = ((int, int)[])pools[pool].Clone();
        var draw = new Draw(seed, epoch, purpose: 100 + pool);
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = draw.Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
