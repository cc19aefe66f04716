namespace Matryoshka.Storage;

/// <summary>
/// The planes of a segment that are read when asked for instead of being kept in memory: a bit a ring, of at most 32 rings.
/// The int8 scale goes with the first int8 ring; all other kinds are always kept.
/// </summary>
internal readonly record struct ColdPlanes(uint Int8, uint Full, uint Bit = 0)
{
    public bool Any => (Int8 | Full | Bit) != 0;

    public bool Contains(PlaneKind kind, int ring) => kind switch
    {
        PlaneKind.Int8 or PlaneKind.Int8Scale => (Int8 >> ring & 1) != 0,
        PlaneKind.Bit => (Bit >> ring & 1) != 0,
        PlaneKind.Full => (Full >> ring & 1) != 0,
        _ => false,
    };

    public ColdPlanes With(PlaneKind kind, int ring) => kind switch
    {
        PlaneKind.Bit => this with { Bit = Bit | 1u << ring },
        PlaneKind.Full => this with { Full = Full | 1u << ring },
        _ => this with { Int8 = Int8 | 1u << ring },
    };
}
