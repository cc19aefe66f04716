using System.Text;
using System.Text.Json.Nodes;
using Matryoshka.Training.Vocabularies;
using Xunit;

namespace Matryoshka.Tests.Training;

public class WordFamiliesTests
{
    // The examples of Porter's paper.
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("cats", "cat")]
    [InlineData("feed", "feed")]
    [InlineData("agreed", "agre")]
    [InlineData("plastered", "plaster")]
    [InlineData("bled", "bled")]
    [InlineData("motoring", "motor")]
    [InlineData("sing", "sing")]
    [InlineData("conflated", "conflat")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("filing", "file")]
    [InlineData("happy", "happi")]
    [InlineData("sky", "sky")]
    [InlineData("relational", "relat")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("triplicate", "triplic")]
    [InlineData("hopefulness", "hope")]
    [InlineData("adjustment", "adjust")]
    [InlineData("adoption", "adopt")]
    [InlineData("probate", "probat")]
    [InlineData("controll", "control")]
    [InlineData("is", "is")]
    [InlineData("c++", "c++")]
    [InlineData("naïve", "naïve")]
    public void Words_are_cut_to_their_stem(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void Words_of_a_stem_are_one_family_and_pieces_stand_alone()
    {
        var vocabulary = new JsonObject();
        foreach (var piece in (string[])["[UNK]", "river", "rivers", "##s", "##rivers", "bank"])
            vocabulary[piece] = vocabulary.Count;
        var json = new JsonObject { ["model"] = new JsonObject { ["vocab"] = vocabulary } };
        Assert.Equal([0, 1, 1, 3, 4, 5], WordFamilies.Of(Encoding.UTF8.GetBytes(json.ToJsonString()), 6));
    }

    [Fact]
    public void An_adapted_vocabulary_keeps_its_size_and_the_letters_that_texts_use()
    {
        string[] pieces = ["[PAD]", "[unused1]", "the", "β", "##β", "本", "##ing", "[unused2]"];
        (string, long)[] words = [("tgfβ", 80), ("the", 900), ("gene", 70), ("abc", 500), ("protein", 60), ("rare", 5)];
        Assert.Equal(["[PAD]", "the", "β", "##β", "##ing", "gene", "protein", "rare"], VocabularyAdapter.Adapt(pieces, words));
    }
}
