// Vectors of WIDTH floats, as GCC and Clang have them for every processor. Included inside a namespace of each width.

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef uint32_t uvec __attribute__((vector_size(4 * WIDTH)));
typedef float four __attribute__((vector_size(16)));
typedef uint32_t ufour __attribute__((vector_size(16)));
// As they lie in memory: anywhere, and possibly written as something else.
typedef float stored_vec __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef uint16_t stored_halves __attribute__((vector_size(2 * WIDTH), aligned(2), may_alias));
typedef float stored_four __attribute__((vector_size(16), aligned(4), may_alias));

INLINE vec load(const float* from) { return *reinterpret_cast<const stored_vec*>(from); }
INLINE void store(float* to, vec value) { *reinterpret_cast<stored_vec*>(to) = value; }
INLINE four load_four(const float* from) { return *reinterpret_cast<const stored_four*>(from); }
INLINE void store_four(float* to, four value) { *reinterpret_cast<stored_four*>(to) = value; }

// Numbers as stored, as floats. Halves: a float16 has 15 places less in its exponent's range, 2^112; subnormals fit in.
INLINE vec widen(const float* from) { return load(from); }
INLINE uvec widen_bits(const uint16_t* from) {
    return __builtin_convertvector(*reinterpret_cast<const stored_halves*>(from), uvec);
}
struct float16 { uint16_t bits; };
INLINE vec widen(const float16* from) {
    const uvec bits = widen_bits(&from->bits);
    return (vec)((bits & 0x8000) << 16 | (bits & 0x7fff) << 13) * 0x1p112f;
}
struct bfloat16 { uint16_t bits; };
INLINE vec widen(const bfloat16* from) { return (vec)(widen_bits(&from->bits) << 16); }

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

// The sums over each of four vectors.
INLINE four sums_of_fours(four a, four b, four c, four d) {
    const four ab = SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7);
    const four cd = SHUFFLE(c, d, 0, 4, 1, 5) + SHUFFLE(c, d, 2, 6, 3, 7);
    return SHUFFLE(ab, cd, 0, 1, 4, 5) + SHUFFLE(ab, cd, 2, 3, 6, 7);
}
INLINE four sums(vec a, vec b, vec c, vec d) { return sums_of_fours(fold(a), fold(b), fold(c), fold(d)); }
INLINE float sum_of_four(four value) { return (value[0] + value[2]) + (value[1] + value[3]); }
INLINE float sum(vec value) { return sum_of_four(fold(value)); }

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
