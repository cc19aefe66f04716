namespace Matryoshka.Kernels;

/// <summary>
/// One ring of a run of rows beside the query's part for the same ring. A prefix is an array of rings; a kernel sums
/// over all of them before it reduces, so a prefix costs one horizontal sum a row however many rings it spans.
/// </summary>
/// <param name="rows">First component of the ring in row 0.</param>
/// <param name="stride">Bytes from one row's ring to the next row's.</param>
/// <param name="query">The query's components of the ring, in the kernel's query type.</param>
/// <param name="length">Components of the ring to score (bits for the bit kernel); may be fewer than the ring stores.</param>
internal readonly unsafe struct Ring(void* rows, nint stride, void* query, int length)
{
    public readonly void* Rows = rows;
    public readonly nint Stride = stride;
    public readonly void* Query = query;
    public readonly int Length = length;
}
