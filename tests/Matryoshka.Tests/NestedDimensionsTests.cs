using Xunit;

namespace Matryoshka.Tests;

public class NestedDimensionsTests
{
    [Fact]
    public void A_list_allows_its_members_only()
    {
        var nested = NestedDimensions.Trained(64, 128, 768);
        Assert.True(nested.Allows(128));
        Assert.False(nested.Allows(100));
        var error = Assert.Throws<DimensionNotAllowedException>(() => nested.Require(100));
        Assert.Equal("100 dimensions were asked for, but the model allows 64, 128, 768.", error.Message);
    }
}
