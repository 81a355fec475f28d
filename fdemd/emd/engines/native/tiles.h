// bfloat16 patches of both faces multiplied by matrix tiles (Intel AMX), 32 rows by 32 at a time. Included after
// pairs.h in the same namespaces; what a processor does with a tile is the parameter `Tiles`.
//
// A tile is 16 rows of 64 bytes. Of the gallery a row is 32 channels of a patch, as stored. Of the query a row is a pair
// of channels of 16 patches, side by side. Their product is 16 x 16 floats, a row a gallery patch.

struct TileScratch {
    int64_t patches, channels;  // filled up with zeros to whole tiles
    std::vector<bfloat16> query, gallery;
    std::vector<float> products;

    TileScratch(const Problem& problem)
        : patches(up(problem.patches, 32)), channels(up(problem.channels, 32)), query(patches * channels),
          gallery(problem.patches % 32 || problem.channels % 32 ? patches * channels : 0), products(patches * patches) {}
};

static const bfloat16* stored(const Side& side, int64_t face, const Problem& problem) {
    return static_cast<const bfloat16*>(side.patches) + face * problem.patches * problem.channels;
}

// The query's tiles, those of 16 patches after each other: channel c of patch n to pair (c / 2) of its tiles.
static void pack_query(const bfloat16* patches, const Problem& problem, TileScratch& tiles) {
    for (int64_t n = 0; n < problem.patches; n++)
        for (int64_t c = 0; c < problem.channels; c++)
            tiles.query[n / 16 * 16 * tiles.channels + c / 2 * 32 + n % 16 * 2 + c % 2] =
                patches[n * problem.channels + c];
}

// The gallery's tiles where they are, or, unless they are whole there, in a copy with zeros.
static const bfloat16* whole(const bfloat16* patches, const Problem& problem, TileScratch& tiles) {
    if (tiles.gallery.empty()) return patches;
    for (int64_t m = 0; m < problem.patches; m++)
        std::copy_n(patches + m * problem.channels, problem.channels, tiles.gallery.data() + m * tiles.channels);
    return tiles.gallery.data();
}

template <typename Tiles>
static void multiply_tiles(const bfloat16* gallery, TileScratch& tiles) {
    const int64_t channels = tiles.channels, sixteen = 16 * channels;
    for (int64_t m = 0; m < tiles.patches; m += 32)
        for (int64_t n = 0; n < tiles.patches; n += 32) {
            const bfloat16 *there = gallery + m * channels, *here = tiles.query.data() + n * channels;
            Tiles::zero();
            for (int64_t c = 0; c < channels; c += 32)
                Tiles::multiply(there + c, there + sixteen + c, 2 * channels, here + 16 * c, here + sixteen + 16 * c);
            Tiles::store(tiles.products.data() + m * tiles.patches + n, tiles.patches);
        }
}

// Products of patches and one context, times the patches' inverse norms; `stride` apart.
static void correlate(const bfloat16* patches, const float* context, const float* inverse_norm, const Problem& problem,
                      float* correlation, int64_t stride) {
    const int64_t channels = problem.channels;
    for (int64_t n = 0; n < problem.patches; n++, patches += channels) {
        vec total[4] = {};
        int64_t c = 0;
        for (; c + 4 * WIDTH <= channels; c += 4 * WIDTH)
            for (int part = 0; part < 4; part++)
                total[part] += widen(patches + c + part * WIDTH) * load(context + c + part * WIDTH);
        float all = sum((total[0] + total[1]) + (total[2] + total[3]));
        for (; c < channels; c++) all += number(patches[c]) * context[c];
        correlation[n * stride] = all * inverse_norm[n];
    }
}

// As solve_candidates, of sides that are both stored in bfloat16.
template <typename Tiles>
static void solve_candidates_by_tiles(const Problem& problem, Scratch& scratch, int64_t query, int64_t first,
                                      int64_t last) {
    const int64_t patches = problem.patches, stride = scratch.multiplier.shape.stride;
    const float* const query_norm = problem.query.inverse_norm + query * patches;
    float* const cosine = scratch.multiplier.products.data;
    const bfloat16* const query_patches = stored(problem.query, query, problem);
    TileScratch tiles(problem);
    pack_query(query_patches, problem, tiles);
    Tiles::configure();
    for (int64_t place = first; place < last; place++) {
        const int64_t candidate = problem.candidates[query * problem.candidates_apart + place];
        const bfloat16* const gallery_patches = stored(problem.gallery, candidate, problem);
        const float* const gallery_norm = problem.gallery.inverse_norm + candidate * patches;
        multiply_tiles<Tiles>(whole(gallery_patches, problem, tiles), tiles);
        for (int64_t m = 0; m < patches; m++)
            for (int64_t n = 0; n < patches; n++)
                cosine[m * stride + n] = tiles.products[m * tiles.patches + n] * gallery_norm[m] * query_norm[n];
        correlate(query_patches, problem.gallery.context + candidate * problem.channels, query_norm, problem,
                  cosine + patches * stride, 1);
        correlate(gallery_patches, problem.query.context + query * problem.channels, gallery_norm, problem,
                  cosine + patches, stride);
        if (!problem.products_only)
            solve_pair(problem, scratch, query, candidate, query * problem.places + place, cosine);
    }
    Tiles::release();
}

template <typename Tiles>
struct TileSolver : Scratch {
    explicit TileSolver(const Problem& problem) : Scratch(problem, OneChannel()) {}
    void solve(const Problem& problem, int64_t query, int64_t first, int64_t last) {
        solve_candidates_by_tiles<Tiles>(problem, *this, query, first, last);
    }
};
