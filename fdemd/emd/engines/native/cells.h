// A face as rows of cells, its patches and its context, which is how products are taken. Included inside a namespace of
// each width, after vectors.h.

// The largest absolute value of some numbers; what is no number is none of them.
static float largest_size(const float* numbers, int64_t length) {
    vec found = {};
    int64_t c = 0;
    for (; c + WIDTH <= length; c += WIDTH) {
        const vec size = (vec)((uvec)load(numbers + c) & 0x7fffffff);
        const uvec larger = (uvec)(size > found);
        found = (vec)(((uvec)size & larger) | ((uvec)found & ~larger));
    }
    float largest = 0;
    for (int n = 0; n < WIDTH; n++) largest = std::max(largest, found[n]);
    for (; c < length; c++) largest = std::max(largest, std::abs(numbers[c]));
    return largest;
}

// Four bytes of an unpacked row, and how the products of cells are added up.
struct OneChannel {  // in float32
    static constexpr int CHANNELS = 1, CONTEXTS = 1;
    INLINE vec add(vec total, vec a, vec b) { return total + a * b; }
    INLINE vec number(vec total) { return total; }
    static float step(const Side&, const Problem&, int64_t) { return 1.f; }
};
struct TwoChannels {  // neighbours in bfloat16; a context is two rows of them, which add up to it
    static constexpr int CHANNELS = 2, CONTEXTS = 2;
    INLINE vec add(vec total, vec a, vec b) {
#if defined(HAS_BF16_PRODUCTS)
        return _mm512_dpbf16_ps(total, (__m512bh)a, (__m512bh)b);
#else
        total += (vec)((uvec)a << 16) * (vec)((uvec)b << 16);
        return total + (vec)((uvec)a & 0xffff0000) * (vec)((uvec)b & 0xffff0000);
#endif
    }
    INLINE vec number(vec total) { return total; }
    static constexpr float LOWER = 1.f;  // what the context's second row counts, as a share of the first
    static float step(const Side&, const Problem&, int64_t) { return 1.f; }
};
// Neighbours in int16, of int8 patches; a context is two rows of whole numbers times its step. A chunk has 1024
// channels at the most, whose products, of 128 and 8192 at the most, add up to less than 2^31.
struct TwoIntegers {
    static constexpr int CHANNELS = 2, CONTEXTS = 2;
    INLINE vec add(vec total, vec a, vec b) {
#if defined(HAS_INT16_SUMS)
        return (vec)_mm512_dpwssd_epi32((__m512i)total, (__m512i)a, (__m512i)b);
#elif WIDTH == 16
        return (vec)((uvec)total + (uvec)_mm512_madd_epi16((__m512i)a, (__m512i)b));
#elif WIDTH == 8
        return (vec)((uvec)total + (uvec)_mm256_madd_epi16((__m256i)a, (__m256i)b));
#else
        const uvec lower = (uvec)((ivec)((uvec)a << 16) >> 16) * (uvec)((ivec)((uvec)b << 16) >> 16);
        return (vec)((uvec)total + lower + (uvec)((ivec)a >> 16) * (uvec)((ivec)b >> 16));
#endif
    }
    INLINE vec number(vec total) { return __builtin_convertvector((ivec)total, vec); }

    static constexpr int LARGEST = 8192;
    static constexpr float LOWER = 1.f / LARGEST;
    // What the numbers of a context are counted in: its largest is LARGEST.
    static float step(const Side& side, const Problem& problem, int64_t face) {
        return std::max(1e-30f, largest_size(side.context + face * problem.channels, problem.channels)) / LARGEST;
    }
};

// `length` stored numbers, times `factor`, and zeros up to the end of a chunk.
template <typename Stored>
static void unpack_numbers(const Stored* from, int64_t length, float factor, float* to, int64_t chunk) {
    int64_t c = 0;
    for (; c + WIDTH <= length; c += WIDTH) store(to + c, widen(from + c) * factor);
    if (c < length) {
        Stored rest[WIDTH] = {};
        std::copy(from + c, from + length, rest);
        store(to + c, widen(rest) * factor);
        c += WIDTH;
    }
    std::fill(to + c, to + chunk, 0.f);
}

static inline uint16_t rounded(float from) {
    uint32_t bits;
    memcpy(&bits, &from, sizeof bits);
    return (bits + 0x8000) >> 16;
}

// The higher or the lower half of each number; the halves of a number add up to it, to 17 places.
static inline void split(const float* from, int64_t length, bool lower, uint16_t* to) {
    for (int64_t c = 0; c < length; c++) {
        const bfloat16 higher = {rounded(from[c])};
        to[c] = lower ? rounded(from[c] - number(higher)) : higher.bits;
    }
}

// The nearest whole number, LARGEST at the most; the latter for what is no number.
static inline int16_t whole_number(float from) {
    constexpr float most = TwoIntegers::LARGEST;
    const float within = from < most ? std::max(from, -most) : most;
    return static_cast<int16_t>(within + (within < 0 ? -.5f : .5f));
}

// A chunk of a row of a face, from channel `first` on: of a unit patch or the context.
static inline void unpack(OneChannel, const Side& side, const Problem& problem, int64_t face, int64_t row,
                          int64_t first, float* to, int64_t chunk) {
    const int64_t length = std::min(chunk, problem.channels - first);
    if (row == problem.patches)
        return unpack_numbers(side.context + face * problem.channels + first, length, 1.f, to, chunk);
    const int64_t patch = face * problem.patches + row, from = patch * problem.channels + first;
    const float factor = side.inverse_norm[patch];
    if (side.precision == FLOAT16)
        unpack_numbers(static_cast<const float16*>(side.patches) + from, length, factor, to, chunk);
    else if (side.precision == BFLOAT16)
        unpack_numbers(static_cast<const bfloat16*>(side.patches) + from, length, factor, to, chunk);
    else if (side.precision == INT8)
        unpack_numbers(static_cast<const int8_t*>(side.patches) + from, length, factor, to, chunk);
    else
        unpack_numbers(static_cast<const float*>(side.patches) + from, length, factor, to, chunk);
}

// Likewise of a patch as it is stored, whose products are multiplied by the norms afterwards, or half of the context.
static inline void unpack(TwoChannels, const Side& side, const Problem& problem, int64_t face, int64_t row,
                          int64_t first, float* to, int64_t chunk) {
    const int64_t length = std::min(2 * chunk, problem.channels - first), half = row - problem.patches;
    uint16_t* const halves = reinterpret_cast<uint16_t*>(to);
    if (half >= 0) {
        split(side.context + face * problem.channels + first, length, half > 0, halves);
    } else {
        const uint16_t* patches = static_cast<const uint16_t*>(side.patches);
        memcpy(to, patches + (face * problem.patches + row) * problem.channels + first, 2 * length);
    }
    std::fill(halves + length, halves + 2 * chunk, uint16_t(0));
}

static inline void unpack(TwoIntegers, const Side& side, const Problem& problem, int64_t face, int64_t row,
                          int64_t first, float* to, int64_t chunk) {
    const int64_t length = std::min(2 * chunk, problem.channels - first), half = row - problem.patches;
    int16_t* const numbers = reinterpret_cast<int16_t*>(to);
    if (half >= 0) {
        const float steps = 1 / TwoIntegers::step(side, problem, face);
        const float* const context = side.context + face * problem.channels + first;
        for (int64_t c = 0; c < length; c++) {
            const float number = context[c] * steps;
            const int16_t higher = whole_number(number);
            numbers[c] = half ? whole_number((number - higher) * TwoIntegers::LARGEST) : higher;
        }
    } else {
        const int8_t* const patches = static_cast<const int8_t*>(side.patches);
        std::copy_n(patches + (face * problem.patches + row) * problem.channels + first, length, numbers);
    }
    std::fill(numbers + length, numbers + 2 * chunk, int16_t(0));
}
