using Matryoshka.Kernels;
using Xunit;

namespace Matryoshka.Tests.Kernels;

public class KernelSetTests
{
    [Theory, InlineData("scalar"), InlineData("128"), InlineData("256"), InlineData("512")]
    public void A_width_can_be_forced_by_name(string name) => Assert.Equal(name, KernelSet.Choose(name).Name);

    [Theory, InlineData(null), InlineData("")]
    public void Unforced_the_widest_accelerated_width_is_chosen(string? forced)
    {
        var chosen = KernelSet.Choose(forced);
        Assert.True(chosen.IsAccelerated);
        Assert.DoesNotContain(KernelSet.All.SkipWhile(set => set != chosen).Skip(1), set => set.IsAccelerated);
    }

    [Theory, InlineData("avx2"), InlineData("1024"), InlineData(" 512")]
    public void An_unknown_width_is_refused_with_the_names_that_are_allowed(string forced)
    {
        var error = Assert.Throws<MatryoshkaException>(() => KernelSet.Choose(forced));
        Assert.Equal($"MATRYOSHKA_SIMD is '{forced}', but it may be scalar, 128, 256, 512; unset it to let the processor decide.", error.Message);
    }

    [Fact]
    public void The_current_set_obeys_the_environment() =>
        Assert.Equal(KernelSet.Choose(Environment.GetEnvironmentVariable(KernelSet.Variable)), KernelSet.Current);
}
