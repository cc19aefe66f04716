using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>
/// Weighted sum of table rows: <c>sum[d] = weight[0] * row0[d] + weight[1] * row1[d] + ...</c>, the pooling of static
/// models. Each component is its own chain of multiply-adds in the order of the rows, so every register width gives the
/// same bits on any processor that fuses them. Where none does (x86 before 2013) they are rounded twice: fusing in
/// software was 50 times slower.
/// </summary>
internal static unsafe class AccumulateRows
{
    /// <summary>A register of floats and how each stored type widens into one.</summary>
    private interface ILanes<TVector>
    {
        static abstract int Count { get; }

        static abstract TVector Broadcast(float value);

        static abstract TVector Load(float* from);

        static abstract void Store(TVector value, float* to);

        static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

        static abstract TVector FromInt8(sbyte* from);

        static abstract TVector FromHalf(ushort* from);

        static abstract TVector FromBFloat16(ushort* from);
    }

    /// <summary>A stored component type: its size and its widening, vector and scalar.</summary>
    private interface IElement
    {
        static abstract int Size { get; }

        static abstract TVector Load<TLanes, TVector>(byte* from) where TLanes : struct, ILanes<TVector>;

        static abstract float Widen(byte* from);
    }

    /// <summary>Sums int8 rows.</summary>
    /// <param name="table">First row.</param>
    /// <param name="dimensions">Components of a row; rows lie end to end, in any alignment.</param>
    /// <param name="rows">Row numbers, all inside the table.</param>
    /// <param name="weights">One factor a row, its quantisation scale included.</param>
    /// <param name="sum">Takes the sum; its former content is dropped.</param>
    public static void Int8(byte* table, int dimensions, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, Span<float> sum) =>
        Dispatch<Int8Element>(table, dimensions, rows, weights, sum);

    /// <summary>Sums IEEE half rows; infinities and NaN are not expected.</summary>
    public static void Half(byte* table, int dimensions, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, Span<float> sum) =>
        Dispatch<HalfElement>(table, dimensions, rows, weights, sum);

    /// <summary>Sums bfloat16 rows.</summary>
    public static void BFloat16(byte* table, int dimensions, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, Span<float> sum) =>
        Dispatch<BFloat16Element>(table, dimensions, rows, weights, sum);

    /// <summary>Sums float rows.</summary>
    public static void Single(byte* table, int dimensions, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, Span<float> sum) =>
        Dispatch<SingleElement>(table, dimensions, rows, weights, sum);

    private static void Dispatch<TElement>(byte* table, int dimensions, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, Span<float> sum)
        where TElement : struct, IElement
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(weights.Length, rows.Length, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfLessThan(sum.Length, dimensions, nameof(sum));
        fixed (int* row = rows)
        fixed (float* weight = weights)
        fixed (float* to = sum)
        {
            new Span<float>(to, dimensions).Clear();
            if (Vector512.IsHardwareAccelerated)
                Run<TElement, Lanes512, Vector512<float>>(table, dimensions, row, weight, rows.Length, to);
            else if (Vector256.IsHardwareAccelerated)
                Run<TElement, Lanes256, Vector256<float>>(table, dimensions, row, weight, rows.Length, to);
            else
                Run<TElement, Lanes128, Vector128<float>>(table, dimensions, row, weight, rows.Length, to);
        }
    }

    // Four rows a pass: the sums are loaded and stored once for four multiply-adds, and four rows are on their way from
    // memory at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TElement, TLanes, TVector>(byte* table, int dimensions, int* rows, float* weights, int count, float* sum)
        where TElement : struct, IElement
        where TLanes : struct, ILanes<TVector>
    {
        var rowBytes = (nint)dimensions * TElement.Size;
        var whole = dimensions - (dimensions % TLanes.Count);
        var i = 0;
        for (; i + 4 <= count; i += 4)
        {
            byte* a = table + (rows[i] * rowBytes), b = table + (rows[i + 1] * rowBytes), c = table + (rows[i + 2] * rowBytes), d = table + (rows[i + 3] * rowBytes);
            TVector wa = TLanes.Broadcast(weights[i]), wb = TLanes.Broadcast(weights[i + 1]), wc = TLanes.Broadcast(weights[i + 2]), wd = TLanes.Broadcast(weights[i + 3]);
            for (var k = 0; k < whole; k += TLanes.Count)
            {
                var at = (nint)k * TElement.Size;
                var s = TLanes.MultiplyAdd(wa, TElement.Load<TLanes, TVector>(a + at), TLanes.Load(sum + k));
                s = TLanes.MultiplyAdd(wb, TElement.Load<TLanes, TVector>(b + at), s);
                s = TLanes.MultiplyAdd(wc, TElement.Load<TLanes, TVector>(c + at), s);
                s = TLanes.MultiplyAdd(wd, TElement.Load<TLanes, TVector>(d + at), s);
                TLanes.Store(s, sum + k);
            }
            for (var k = i; k < i + 4; k++)
                Tail<TElement>(table + (rows[k] * rowBytes), whole, dimensions, weights[k], sum);
        }
        for (; i < count; i++)
        {
            var row = table + (rows[i] * rowBytes);
            var weight = TLanes.Broadcast(weights[i]);
            for (var k = 0; k < whole; k += TLanes.Count)
                TLanes.Store(TLanes.MultiplyAdd(weight, TElement.Load<TLanes, TVector>(row + ((nint)k * TElement.Size)), TLanes.Load(sum + k)), sum + k);
            Tail<TElement>(row, whole, dimensions, weights[i], sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tail<TElement>(byte* row, int from, int to, float weight, float* sum) where TElement : struct, IElement
    {
        for (var k = from; k < to; k++)
            sum[k] = float.MultiplyAddEstimate(weight, TElement.Widen(row + ((nint)k * TElement.Size)), sum[k]);
    }

    private readonly struct Int8Element : IElement
    {
        public static int Size => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Load<TLanes, TVector>(byte* from) where TLanes : struct, ILanes<TVector> => TLanes.FromInt8((sbyte*)from);

        public static float Widen(byte* from) => *(sbyte*)from;
    }

    private readonly struct HalfElement : IElement
    {
        public static int Size => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Load<TLanes, TVector>(byte* from) where TLanes : struct, ILanes<TVector> => TLanes.FromHalf((ushort*)from);

        public static float Widen(byte* from) => (float)Unsafe.ReadUnaligned<Half>(from);
    }

    private readonly struct BFloat16Element : IElement
    {
        public static int Size => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Load<TLanes, TVector>(byte* from) where TLanes : struct, ILanes<TVector> => TLanes.FromBFloat16((ushort*)from);

        public static float Widen(byte* from) => BitConverter.Int32BitsToSingle(Unsafe.ReadUnaligned<ushort>(from) << 16);
    }

    private readonly struct SingleElement : IElement
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Load<TLanes, TVector>(byte* from) where TLanes : struct, ILanes<TVector> => TLanes.Load((float*)from);

        public static float Widen(byte* from) => Unsafe.ReadUnaligned<float>(from);
    }

    // Half to float: the fraction and exponent moved into place, then times 2^112 for the difference of the exponents'
    // biases (127 - 15). Subnormals come out right, because the product normalises them.
    private const float HalfBias = 5.192296858534828e33f;

    private readonly struct Lanes512 : ILanes<Vector512<float>>
    {
        public static int Count => 16;

        public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

        public static Vector512<float> Load(float* from) => Vector512.Load(from);

        public static void Store(Vector512<float> value, float* to) => value.Store(to);

        public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) => Vector512.MultiplyAddEstimate(left, right, addend);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> FromInt8(sbyte* from)
        {
            var shorts = Vector256.WidenLower(Vector128.Load(from).ToVector256Unsafe());
            return Vector512.ConvertToSingle(Vector512.WidenLower(shorts.ToVector512Unsafe()));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> FromHalf(ushort* from)
        {
            var bits = Vector512.WidenLower(Vector256.Load(from).ToVector512Unsafe());
            var magnitude = ((bits & Vector512.Create(0x7FFFu)) << 13).AsSingle() * Vector512.Create(HalfBias);
            return (magnitude.AsUInt32() | ((bits & Vector512.Create(0x8000u)) << 16)).AsSingle();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> FromBFloat16(ushort* from) =>
            (Vector512.WidenLower(Vector256.Load(from).ToVector512Unsafe()) << 16).AsSingle();
    }

    private readonly struct Lanes256 : ILanes<Vector256<float>>
    {
        public static int Count => 8;

        public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

        public static Vector256<float> Load(float* from) => Vector256.Load(from);

        public static void Store(Vector256<float> value, float* to) => value.Store(to);

        public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) => Vector256.MultiplyAddEstimate(left, right, addend);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> FromInt8(sbyte* from)
        {
            var shorts = Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(from)).AsSByte());
            return Vector256.ConvertToSingle(Vector256.WidenLower(shorts.ToVector256Unsafe()));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> FromHalf(ushort* from)
        {
            var bits = Vector256.WidenLower(Vector128.Load(from).ToVector256Unsafe());
            var magnitude = ((bits & Vector256.Create(0x7FFFu)) << 13).AsSingle() * Vector256.Create(HalfBias);
            return (magnitude.AsUInt32() | ((bits & Vector256.Create(0x8000u)) << 16)).AsSingle();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> FromBFloat16(ushort* from) =>
            (Vector256.WidenLower(Vector128.Load(from).ToVector256Unsafe()) << 16).AsSingle();
    }

    private readonly struct Lanes128 : ILanes<Vector128<float>>
    {
        public static int Count => 4;

        public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

        public static Vector128<float> Load(float* from) => Vector128.Load(from);

        public static void Store(Vector128<float> value, float* to) => value.Store(to);

        public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) => Vector128.MultiplyAddEstimate(left, right, addend);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> FromInt8(sbyte* from)
        {
            var shorts = Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<int>(from)).AsSByte());
            return Vector128.ConvertToSingle(Vector128.WidenLower(shorts));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> FromHalf(ushort* from)
        {
            var bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(from)).AsUInt16());
            var magnitude = ((bits & Vector128.Create(0x7FFFu)) << 13).AsSingle() * Vector128.Create(HalfBias);
            return (magnitude.AsUInt32() | ((bits & Vector128.Create(0x8000u)) << 16)).AsSingle();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> FromBFloat16(ushort* from) =>
            (Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(from)).AsUInt16()) << 16).AsSingle();
    }
}
