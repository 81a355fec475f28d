// Vectors of WIDTH floats, as GCC and Clang have them for every processor. Included inside a namespace of each width.

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef uint32_t uvec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ivec __attribute__((vector_size(4 * WIDTH)));
typedef float four __attribute__((vector_size(16)));
typedef uint32_t ufour __attribute__((vector_size(16)));
// As they lie in memory: anywhere, and possibly written as something else.
typedef float stored_vec __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef uint16_t stored_halves __attribute__((vector_size(2 * WIDTH), aligned(2), may_alias));
typedef int8_t stored_bytes __attribute__((vector_size(WIDTH), aligned(1), may_alias));
typedef float stored_four __attribute__((vector_size(16), aligned(4), may_alias));

INLINE vec load(const float* from) { return *reinterpret_cast<const stored_vec*>(from); }
INLINE void store(float* to, vec value) { *reinterpret_cast<stored_vec*>(to) = value; }
INLINE four load_four(const float* from) { return *reinterpret_cast<const stored_four*>(from); }
INLINE void store_four(float* to, four value) { *reinterpret_cast<stored_four*>(to) = value; }

// Numbers as stored, as floats. Halves: a float16 has 15 places less in its exponent's range, 2^112; subnormals fit in.
INLINE vec widen(const float* from) { return load(from); }
INLINE vec widen(const int8_t* from) {
    return __builtin_convertvector(*reinterpret_cast<const stored_bytes*>(from), vec);
}
INLINE uvec widen_bits(const uint16_t* from) {
    return __builtin_convertvector(*reinterpret_cast<const stored_halves*>(from), uvec);
}
struct float16 { uint16_t bits; };
INLINE vec widen(const float16* from) {
#if WIDTH == 8
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif WIDTH == 16
    return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#endif
    const uvec bits = widen_bits(&from->bits);
    return (vec)((bits & 0x8000) << 16 | (bits & 0x7fff) << 13) * 0x1p112f;
}
struct bfloat16 { uint16_t bits; };
INLINE vec widen(const bfloat16* from) { return (vec)(widen_bits(&from->bits) << 16); }
INLINE float number(bfloat16 from) {
    const uint32_t bits = static_cast<uint32_t>(from.bits) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Four bytes, whatever they are, in each place.
INLINE vec splat(const float* from) {
    uint32_t bits;
    memcpy(&bits, from, sizeof bits);
    return (vec)(uvec{} + bits);
}

INLINE four fold(vec value) {
#if WIDTH == 4
    return value;
#else
    four parts[WIDTH / 4];
    memcpy(parts, &value, sizeof value);
#if WIDTH == 16
    parts[0] += parts[2];
    parts[1] += parts[3];
#endif
    return parts[0] + parts[1];
#endif
}

// Takes two numbers of `a` and two of `b` (from 4 on) in each block of four.
#if WIDTH == 4
#define MIX(a, b, i, j, k, l) SHUFFLE(a, b, i, j, k, l)
#elif WIDTH == 8
#define MIX(a, b, i, j, k, l) \
    SHUFFLE(a, b, FROM(i, 0), FROM(j, 0), FROM(k, 0), FROM(l, 0), FROM(i, 4), FROM(j, 4), FROM(k, 4), FROM(l, 4))
#else
#define MIX(a, b, i, j, k, l)                                                                                      \
    SHUFFLE(a, b, FROM(i, 0), FROM(j, 0), FROM(k, 0), FROM(l, 0), FROM(i, 4), FROM(j, 4), FROM(k, 4), FROM(l, 4),   \
            FROM(i, 8), FROM(j, 8), FROM(k, 8), FROM(l, 8), FROM(i, 12), FROM(j, 12), FROM(k, 12), FROM(l, 12))
#endif
#define FROM(place, block) ((place) < 4 ? (place) + (block) : (place) - 4 + WIDTH + (block))

// The sums over each of four vectors.
INLINE four sums(vec a, vec b, vec c, vec d) {
    const vec ab = MIX(a, b, 0, 4, 1, 5) + MIX(a, b, 2, 6, 3, 7);
    const vec cd = MIX(c, d, 0, 4, 1, 5) + MIX(c, d, 2, 6, 3, 7);
    return fold(MIX(ab, cd, 0, 1, 4, 5) + MIX(ab, cd, 2, 3, 6, 7));
}
#undef MIX
#undef FROM
INLINE float sum(vec value) {
    const four all = fold(value);
    return (all[0] + all[2]) + (all[1] + all[3]);
}

// exp(x) for |x| < 87, to 2 units in the last place: x = n ln 2 + r, a polynomial in r (Cephes), 2^n by its exponent.
INLINE vec exponential(vec x) {
    vec n = x * 1.44269504f + 12582912.f;  // adding 1.5 * 2^23 rounds to an integer, which its last bits then are
    const uvec exponent = (uvec)n << 23;
    n -= 12582912.f;
    const vec r = x - n * 0.693359375f - n * -2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (vec)((uvec)(p * r * r + r + 1.f) + exponent);
}
