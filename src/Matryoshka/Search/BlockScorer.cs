using Matryoshka.Kernels;

namespace Matryoshka.Search;

/// <summary>
/// Scores blocks of rows of the planes it is bound to by the cosine of the prefix, and picks those above a threshold.
/// </summary>
internal sealed unsafe class BlockScorer(Precision precision)
{
    /// <summary>Rows of a block: their sums, scores and picks (6 KiB) stay in the first-level cache beside the rows passing through.</summary>
    public const int Rows = 512;

    /// <summary>Rows asked for while as many are scored: 32 of 512 halves are half of the first-level cache.</summary>
    private const int Ahead = 32;

    private readonly KernelSet kernels = KernelSet.Current;
    private readonly int[] sums = ScoreBlock.Mine.Sums;
    private readonly float[] scores = ScoreBlock.Mine.Scores;
    private readonly int[] picked = ScoreBlock.Mine.Picked;
    private Ring[] rings = [];
    private Ring[] block = [];
    private float* inverseNorms;
    private float* scales;
    private float constant;
    private ColdRows? cold;

    /// <summary>Turns to other planes.</summary>
    /// <param name="prefix">The rings scored.</param>
    /// <param name="norms">1 / norm of each row's prefix; </param>
    /// <param name="codeScales">What a step of each row's codes is worth; read for int8 only.</param>
    /// <param name="queryFactor">What the query's side multiplies every score with.</param>
    /// <param name="onDemand">Reads what of the rings and scales is not in memory; null when all is.</param>
    public void Bind(Ring[] prefix, float* norms, float* codeScales, float queryFactor, ColdRows? onDemand = null)
    {
        cold = onDemand;
        rings = prefix;
        if (block.Length != prefix.Length)
            block = new Ring[prefix.Length];
        inverseNorms = norms;
        scales = codeScales;
        constant = queryFactor;
    }

    /// <summary>The scores of the last call, by place in the block.</summary>
    public ReadOnlySpan<float> Scores => scores;

    /// <summary>Scores rows first to first + count - 1, at most <see cref="Rows"/>, and returns the places of those above a score; only theirs are valid in <see cref="Scores"/>.</summary>
    public ReadOnlySpan<int> Pick(int first, int count, float threshold)
    {
        var rowScales = Turn(first, count);
        fixed (int* raw = sums, places = picked)
        fixed (float* values = scores)
        {
            if (precision == Precision.Int8)
            {
                kernels.DotInt8(block, count, raw);
                kernels.ScaleInt(raw, rowScales, inverseNorms + first, constant, values, count);
            }
            else
            {
                if (precision == Precision.F32)
                    kernels.DotF32(block, count, values);
                else
                    kernels.DotF16(block, count, values);
                kernels.Scale(values, inverseNorms + first, constant, count);
            }
            return picked.AsSpan(0, kernels.SelectAbove(values, count, threshold, places));
        }
    }

    /// <summary>Points the block at consecutive rows, and returns their scales.</summary>
    private float* Turn(int first, int count)
    {
        for (var i = 0; i < rings.Length; i++)
            block[i] = new((byte*)rings[i].Rows + first * rings[i].Stride, rings[i].Stride, rings[i].Query, rings[i].Length);
        var read = cold is null ? null : cold.Read(block, first, count);
        return read is null ? scales + first : read;
    }

    /// <summary>Scores rows by number, at most <see cref="Rows"/> of them.</summary>
    public ReadOnlySpan<float> ScoreAt(ReadOnlySpan<int> rows)
    {
        if (cold is not null)
            return ScoreCold(rows);
        Ask(rows[..Math.Min(Ahead, rows.Length)]);
        for (var done = 0; done < rows.Length; done += Ahead)
        {
            var next = Math.Min(done + Ahead, rows.Length);
            Ask(rows[next..Math.Min(next + Ahead, rows.Length)]);
            ScoreAt(rows[done..next], done);
        }
        return scores.AsSpan(0, rows.Length);
    }

    // Each row lies in as many places as there are rings: waiting for one after the other takes several times as long.
    private void Ask(ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            foreach (ref readonly var ring in rings.AsSpan())
                Cache.Ask((byte*)ring.Rows + row * ring.Stride, ring.Stride);
            Cache.Ask((byte*)(inverseNorms + row), Cache.Line);
            if (precision == Precision.Int8)
                Cache.Ask((byte*)(scales + row), Cache.Line);
        }
    }

    private void ScoreAt(ReadOnlySpan<int> rows, int first)
    {
        fixed (int* raw = sums)
        fixed (float* all = scores)
        {
            var values = all + first;
            switch (precision)
            {
                case Precision.Int8:
                    kernels.DotInt8At(rings, rows, raw);
                    for (var i = 0; i < rows.Length; i++)
                        values[i] = raw[i] * scales[rows[i]] * inverseNorms[rows[i]] * constant;
                    break;
                default:
                    if (precision == Precision.F32)
                        kernels.DotF32At(rings, rows, values);
                    else
                        kernels.DotF16At(rings, rows, values);
                    for (var i = 0; i < rows.Length; i++)
                        values[i] *= inverseNorms[rows[i]] * constant;
                    break;
            }
        }
    }

    private ReadOnlySpan<float> ScoreCold(ReadOnlySpan<int> rows)
    {
        rings.CopyTo(block, 0);
        var rowScales = cold!.Gather(block, rows);
        fixed (int* raw = sums)
        fixed (float* values = scores)
            if (precision == Precision.Int8)
            {
                kernels.DotInt8(block, rows.Length, raw);
                for (var i = 0; i < rows.Length; i++)
                    values[i] = raw[i] * (rowScales is null ? scales[rows[i]] : rowScales[i]) * inverseNorms[rows[i]] * constant;
            }
            else
            {
                if (precision == Precision.F32)
                    kernels.DotF32(block, rows.Length, values);
                else
                    kernels.DotF16(block, rows.Length, values);
                for (var i = 0; i < rows.Length; i++)
                    values[i] *= inverseNorms[rows[i]] * constant;
            }
        return scores.AsSpan(0, rows.Length);
    }
}
