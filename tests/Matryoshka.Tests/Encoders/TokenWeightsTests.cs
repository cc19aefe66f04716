using Matryoshka.Encoders;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class TokenWeightsTests
{
    [Fact]
    public void A_token_counts_the_root_of_what_its_places_add_up_to()
    {
        int[] tokens = [7, 3, 7, 7, 0, 3];
        var weights = new float[6];
        for (var again = 0; again < 2; again++)
        {
            int[] text = [.. tokens];
            Assert.Equal(3, TokenWeights.Weigh(text, weights, 8, byRoot: true));
            Assert.Equal([7, 3, 0], text[..3]);
            Assert.Equal(Root(0, 2, 3), weights[0], 1e-6);
            Assert.Equal(Root(1, 5), weights[1], 1e-6);
            Assert.Equal(Root(4), weights[2], 1e-6);
        }
    }

    [Fact]
    public void A_larger_vocabulary_after_a_smaller_one_has_room()
    {
        var weights = new float[1];
        Assert.Equal(1, TokenWeights.Weigh([1], weights, 2, byRoot: true));
        Assert.Equal(1, TokenWeights.Weigh([90_000], weights, 100_000, byRoot: true));
        Assert.Equal(0, TokenWeights.Weigh([], weights, 2, byRoot: true));
    }

    private static double Root(params int[] places) => Math.Sqrt(places.Sum(place => 1 / (1 + place / 50.0)));
}
