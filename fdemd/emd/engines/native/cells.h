// A face as rows of cells, its patches and its context, which is how products are taken. Included inside a namespace of
// each width, after vectors.h.

// Four bytes of an unpacked row, and how the products of cells are added up.
struct OneChannel {  // in float32
    static constexpr int CHANNELS = 1, CONTEXTS = 1;
    INLINE vec add(vec total, vec a, vec b) { return total + a * b; }
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
