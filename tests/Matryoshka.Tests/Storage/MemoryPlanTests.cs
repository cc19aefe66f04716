using Matryoshka.Storage;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Storage;

public sealed class MemoryPlanTests
{
    private const int Rows = 64_000;
    private static readonly CatalogMeta Meta = new(Guid.NewGuid(), TestVectors.Recipe(), Precision.F16, Int8: true, Bit: true, Keywords: false, DateTimeOffset.UnixEpoch);
    private static readonly SegmentLayout Layout = SegmentLayout.Of(Meta.SegmentSpec, Rows);
    private static readonly long Lists = 1_000_000;
    private static readonly long Least = Lists + Bytes(PlaneKind.Ids) + Bytes(PlaneKind.InverseNorm);
    private static readonly long Codes = Bytes(PlaneKind.Int8) + Bytes(PlaneKind.Int8Scale);

    [Fact]
    public void Beside_lists_all_codes_come_before_signs_and_signs_before_some_of_the_codes()
    {
        Assert.Equal(new ColdPlanes(Int8: 0b111, Full: 0b111, Bit: 0b111), Plan(Least));
        Assert.Equal(new ColdPlanes(Int8: 0b111, Full: 0b111), Plan(Least + Bytes(PlaneKind.Bit)));
        Assert.Equal(new ColdPlanes(Int8: 0b100, Full: 0b111), Plan(Least + Codes - 1));
        Assert.Equal(new ColdPlanes(Int8: 0, Full: 0b111, Bit: 0b111), Plan(Least + Codes));
        Assert.Equal(new ColdPlanes(Int8: 0, Full: 0b111), Plan(Least + Codes + Bytes(PlaneKind.Bit)));
        Assert.Equal(default, Plan(Least + Codes + Bytes(PlaneKind.Bit) + Bytes(PlaneKind.Full)));
    }

    [Fact]
    public void No_budget_keeps_everything_and_one_below_the_least_is_refused()
    {
        Assert.Equal(default, Plan(null));
        Assert.Throws<MatryoshkaException>(() => Plan(Least - 1));
    }

    private static ColdPlanes Plan(long? budget) =>
        Assert.Single(MemoryPlan.Of(new("here"), Meta, [new("a.mrs", 1, Rows, Rows, Layout.FileLength, "a.mri", Lists)], budget));

    private static long Bytes(PlaneKind kind) => Layout.Planes.Where(plane => plane.Kind == kind).Sum(plane => plane.Length);
}
