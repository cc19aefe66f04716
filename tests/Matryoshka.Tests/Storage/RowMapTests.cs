using CsCheck;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public class RowMapTests
{
    [Fact]
    public void Kept_rows_follow_each_other_and_dropped_ones_are_nowhere() =>
        Gen.Select(Gen.Bool.Array[1, 300], Gen.Int[0, 1000], Gen.Bool).Sample((drops, first, none) =>
        {
            var dead = new RowBitmap(drops.Length);
            for (var row = 0; row < drops.Length; row++)
                if (drops[row] && !none)
                    dead.Set(row);
            var map = new RowMap(drops.Length, first, none ? null : dead);
            var next = first;
            for (var row = 0; row < drops.Length; row++)
                if (drops[row] && !none)
                    Assert.Equal(-1, map[row]);
                else
                {
                    Assert.Equal(row, map.OldRow(next - first));
                    Assert.Equal(next++, map[row]);
                }
            Assert.Equal(next - first, map.Live);
            Assert.Equal(drops.Length, map.Rows);
        }, threads: 1);
}
