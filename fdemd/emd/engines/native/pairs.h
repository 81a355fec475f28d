// The transport of pairs of faces, one query at a time. Included once for each instruction set, inside its namespace.
//
// A face is unpacked to N + 1 rows of floats, its unit patches and its context. The products of the rows of a query and
// of a candidate then are the cosines of their patches (N x N) and, in the last row and column, what the weights need.
// Products are sums along rows, so both faces are read as they lie, and small grids waste nothing.

#include "vectors.h"

struct Shape {
    int64_t rows;        // of a face: patches and context
    int64_t chunk;       // channels at a time, a multiple of 16, so that rows of both faces stay in the nearest cache
    int64_t chunks;
    int64_t threes;      // the query's rows are taken by four, the last by three, which fits every number from 6 on
    int64_t query_rows;  // and a smaller one is filled up with rows of zeros
    int64_t stride;      // of the products: a row a candidate's row, a column a query's row
    int64_t faces;       // candidates unpacked together
    int64_t kernel_rows, kernel_stride;

    Shape(const Problem& problem) {
        rows = problem.patches + 1;
        chunks = (problem.channels + 511) / 512;
        chunk = up((problem.channels + chunks - 1) / chunks, 16);
        threes = rows < 6 ? 0 : (4 - rows % 4) % 4;
        query_rows = threes ? rows : up(rows, 4);
        stride = up(query_rows + 1, WIDTH);
        faces = std::max<int64_t>(1, 49152 / (rows * chunk * chunks));
        kernel_rows = up(problem.patches, 4);
        kernel_stride = up(problem.patches, WIDTH);
    }
};

struct Scratch {
    Shape shape;
    Floats query, gallery;               // unpacked rows, chunk by chunk
    Floats products;                     // (faces * rows, stride)
    Floats kernel;                       // (kernel_rows, kernel_stride); 0 beyond the patches
    Floats beyond;                       // 1 beyond the patches, where a weight of 0 is divided by a sum of 0
    Floats query_weight, gallery_weight;
    Floats query_scaling, gallery_scaling, gallery_reached, query_sums;

    Scratch(const Problem& problem)
        : shape(problem),
          query(shape.query_rows * shape.chunk * shape.chunks),
          gallery(shape.faces * shape.rows * shape.chunk * shape.chunks),
          products(shape.faces * shape.rows * shape.stride),
          kernel(shape.kernel_rows * shape.kernel_stride),
          beyond(shape.kernel_stride),
          query_weight(shape.kernel_stride), gallery_weight(shape.kernel_stride),
          query_scaling(shape.kernel_stride), gallery_scaling(shape.kernel_stride), gallery_reached(shape.kernel_stride),
          query_sums(shape.kernel_stride) {
        std::fill(beyond.data + problem.patches, beyond.data + shape.kernel_stride, 1.f);
    }
};

// One row of `channels` numbers, times `factor`, to the same row of each chunk; chunks lie `distance` apart.
template <typename Stored>
static void unpack_row(const Stored* from, int64_t channels, float factor, float* to, int64_t chunk, int64_t distance) {
    for (int64_t first = 0; first < channels; first += chunk, to += distance) {
        const int64_t length = std::min(chunk, channels - first);
        int64_t c = 0;
        for (; c + WIDTH <= length; c += WIDTH) store(to + c, widen(from + first + c) * factor);
        if (c < length) {
            Stored rest[WIDTH] = {};
            std::copy(from + first + c, from + first + length, rest);
            store(to + c, widen(rest) * factor);
        }
    }
}

template <typename Stored>
static void unpack_patches(const Side& side, int64_t face, const Problem& problem, float* to, int64_t chunk,
                           int64_t distance) {
    const Stored* patches = static_cast<const Stored*>(side.patches) + face * problem.patches * problem.channels;
    const float* inverse_norm = side.inverse_norm + face * problem.patches;
    for (int64_t n = 0; n < problem.patches; n++)
        unpack_row(patches + n * problem.channels, problem.channels, inverse_norm[n], to + n * chunk, chunk, distance);
}

// A face to the N + 1 rows from `to` on, where each chunk has `all_rows`.
static void unpack(const Side& side, int64_t face, const Problem& problem, const Shape& shape, float* to,
                   int64_t all_rows) {
    const int64_t chunk = shape.chunk, distance = all_rows * chunk;
    if (side.precision == FLOAT16) unpack_patches<float16>(side, face, problem, to, chunk, distance);
    else if (side.precision == BFLOAT16) unpack_patches<bfloat16>(side, face, problem, to, chunk, distance);
    else unpack_patches<float>(side, face, problem, to, chunk, distance);
    const float* context = side.context + face * problem.channels;
    unpack_row(context, problem.channels, 1.f, to + problem.patches * chunk, chunk, distance);
}

// Q rows of a query by G rows of a gallery: 12 sums in registers at the most, which keeps every multiplier busy.
template <int Q, int G>
static void multiply_tile(const float* query, const float* gallery, int64_t chunk, float* products, int64_t stride,
                          bool add) {
    vec total[Q][G];
    for (int q = 0; q < Q; q++)
        for (int g = 0; g < G; g++) total[q][g] = vec{};
    for (int64_t c = 0; c < chunk; c += WIDTH) {
        vec there[G];
        for (int g = 0; g < G; g++) there[g] = load(gallery + g * chunk + c);
        for (int q = 0; q < Q; q++) {
            const vec here = load(query + q * chunk + c);
            for (int g = 0; g < G; g++) total[q][g] += here * there[g];
        }
    }
    for (int g = 0; g < G; g++) {
        // The fourth sum of three rows is 0; its place is that of the next rows, which are written later, or unused.
        const four found = sums(total[0][g], total[1][g], total[2][g], Q == 4 ? total[Q - 1][g] : vec{});
        float* const to = products + g * stride;
        store_four(to, add ? load_four(to) + found : found);
    }
}

template <int Q, int G>
static void multiply_rows(const float* query, const float* gallery, int64_t rows, int64_t chunk, float* products,
                          int64_t stride, bool add) {
    for (; rows >= G; rows -= G, gallery += G * chunk, products += G * stride)
        multiply_tile<Q, G>(query, gallery, chunk, products, stride, add);
    if constexpr (G > 1)
        if (rows) multiply_rows<Q, G - 1>(query, gallery, rows, chunk, products, stride, add);
}

// Products of all rows of the query and `rows` rows of the gallery.
static void multiply(Scratch& scratch, int64_t rows) {
    const Shape& shape = scratch.shape;
    const int64_t chunk = shape.chunk, block = up(6144 / chunk, 12);  // of the gallery's rows: 24 KiB
    const int64_t fours = shape.query_rows - 3 * shape.threes;
    for (int64_t part = 0; part < shape.chunks; part++) {
        const float* query = scratch.query.data + part * shape.query_rows * chunk;
        const float* gallery = scratch.gallery.data + part * shape.faces * shape.rows * chunk;
        for (int64_t first = 0; first < rows; first += block) {
            const int64_t some = std::min(block, rows - first);
            float* products = scratch.products.data + first * shape.stride;
            int64_t row = 0;
            for (; row < fours; row += 4)
                multiply_rows<4, 3>(query + row * chunk, gallery + first * chunk, some, chunk, products + row,
                                    shape.stride, part > 0);
            for (; row < shape.query_rows; row += 3)
                multiply_rows<3, 4>(query + row * chunk, gallery + first * chunk, some, chunk, products + row,
                                    shape.stride, part > 0);
        }
    }
}

// relu(offset + scale * correlation), divided by the sum; uniform weights, and true, where the sum is 0.
static bool weigh(const float* offset, const float* scale, const float* correlation, int64_t stride, int64_t patches,
                  float* weight) {
    float total = 0;
    for (int64_t n = 0; n < patches; n++) {
        weight[n] = std::max(0.f, offset[n] + scale[n] * correlation[n * stride]);
        total += weight[n];
    }
    const bool empty = !(total > 1e-7f);
    for (int64_t n = 0; n < patches; n++) weight[n] = empty ? 1.f / patches : weight[n] / total;
    return empty;
}

// exp((cosine - 1) / eps), a row a gallery patch.
static void make_kernel(const float* cosine, const Problem& problem, Scratch& scratch) {
    const Shape& shape = scratch.shape;
    const float by = static_cast<float>(1 / problem.eps);
    const int64_t last = shape.kernel_stride - WIDTH;
    for (int64_t m = 0; m < problem.patches; m++) {
        float* const row = scratch.kernel.data + m * shape.kernel_stride;
        for (int64_t n = 0; n < last; n += WIDTH) store(row + n, exponential((load(cosine + m * shape.stride + n) - 1.f) * by));
        const vec within = 1.f - load(scratch.beyond.data + last);
        const vec x = (load(cosine + m * shape.stride + last) * within - 1.f) * by;
        store(row + last, exponential(x) * within);
    }
}

// Adds the kernel's rows times the query's scaling, over V vectors of columns, to `reached`.
template <int V>
static void add_rows(const float* kernel, int64_t rows, int64_t width, const float* query, float* reached) {
    vec here[V];
    for (int v = 0; v < V; v++) here[v] = load(query + v * WIDTH);
    for (int64_t m = 0; m < rows; m += 4, kernel += 4 * width) {
        vec total[4][2] = {};
        for (int v = 0; v < V; v++)
            for (int row = 0; row < 4; row++) total[row][v % 2] += here[v] * load(kernel + row * width + v * WIDTH);
        const four found = sums(total[0][0] + total[0][1], total[1][0] + total[1][1], total[2][0] + total[2][1],
                                total[3][0] + total[3][1]);
        store_four(reached + m, load_four(reached + m) + found);
    }
}

// Adds the kernel's V vectors of columns times the gallery's scaling to `reached`.
template <int V>
static void add_columns(const float* kernel, int64_t rows, int64_t width, const float* gallery, float* reached) {
    constexpr int TURNS = V > 4 ? 1 : V > 2 ? 2 : 4;
    vec total[TURNS][V] = {};
    for (int64_t m = 0; m < rows; m += TURNS)
        for (int turn = 0; turn < TURNS; turn++)
            for (int v = 0; v < V; v++)
                total[turn][v] += load(kernel + (m + turn) * width + v * WIDTH) * gallery[m + turn];
    for (int v = 0; v < V; v++) {
        vec all = total[0][v];
        for (int turn = 1; turn < TURNS; turn++) all += total[turn][v];
        store(reached + v * WIDTH, load(reached + v * WIDTH) + all);
    }
}

template <int V>
struct Columns {
    static void rows(const float* kernel, int64_t rows, int64_t width, const float* query, float* reached, int64_t vectors) {
        if (vectors == V) add_rows<V>(kernel, rows, width, query, reached);
        else Columns<V - 1>::rows(kernel, rows, width, query, reached, vectors);
    }
    static void columns(const float* kernel, int64_t rows, int64_t width, const float* gallery, float* reached, int64_t vectors) {
        if (vectors == V) add_columns<V>(kernel, rows, width, gallery, reached);
        else Columns<V - 1>::columns(kernel, rows, width, gallery, reached, vectors);
    }
};
template <>
struct Columns<0> {
    static void rows(const float*, int64_t, int64_t, const float*, float*, int64_t) {}
    static void columns(const float*, int64_t, int64_t, const float*, float*, int64_t) {}
};

// Sinkhorn's iteration, the gallery's scaling first, until the flow misses the gallery's weights by less than the
// tolerance.
static bool iterate(const Problem& problem, Scratch& scratch) {
    const Shape& shape = scratch.shape;
    const int64_t rows = shape.kernel_rows, width = shape.kernel_stride, block = 8 * WIDTH;
    const float* const kernel = scratch.kernel.data;
    float* const query = scratch.query_scaling.data;
    float* const gallery = scratch.gallery_scaling.data;
    const float* const wanted = scratch.gallery_weight.data;
    float* const reached = scratch.gallery_reached.data;
    float* const sums_of_query = scratch.query_sums.data;
    for (int64_t n = 0; n < width; n++) query[n] = 1.f - scratch.beyond.data[n];
    for (int64_t round = 0; round < problem.max_rounds; round++) {
        std::copy_n(scratch.beyond.data, width, reached);
        for (int64_t n = 0; n < width; n += block)
            Columns<8>::rows(kernel + n, rows, width, query + n, reached, std::min(block, width - n) / WIDTH);
        vec missed = {};
        for (int64_t m = 0; m < shape.kernel_stride; m += WIDTH) {
            const vec miss = load(gallery + m) * load(reached + m) - load(wanted + m);
            missed += (vec)((uvec)miss & 0x7fffffff);
        }
        // Before the first round the query's weights are not met yet, whatever the gallery's are.
        if (round > 0 && sum(missed) < problem.tolerance) return true;
        for (int64_t m = 0; m < shape.kernel_stride; m += WIDTH) store(gallery + m, load(wanted + m) / load(reached + m));
        std::copy_n(scratch.beyond.data, width, sums_of_query);
        for (int64_t n = 0; n < width; n += block)
            Columns<8>::columns(kernel + n, rows, width, gallery, sums_of_query + n, std::min(block, width - n) / WIDTH);
        for (int64_t n = 0; n < width; n += WIDTH)
            store(query + n, load(scratch.query_weight.data + n) / load(sums_of_query + n));
    }
    return false;
}

// Sum of flow times cosine.
static float score(const float* cosine, const Problem& problem, const Scratch& scratch) {
    const Shape& shape = scratch.shape;
    vec total{};
    for (int64_t m = 0; m < problem.patches; m++) {
        vec row{};
        for (int64_t n = 0; n < shape.kernel_stride; n += WIDTH)
            row += load(scratch.query_scaling.data + n) * load(scratch.kernel.data + m * shape.kernel_stride + n) *
                   load(cosine + m * shape.stride + n);
        total += row * scratch.gallery_scaling.data[m];
    }
    return sum(total);
}

static void solve_pair(const Problem& problem, Scratch& scratch, int64_t query, int64_t candidate, int64_t place,
                       const float* products) {
    const Shape& shape = scratch.shape;
    const int64_t patches = problem.patches;
    const Side &ours = problem.query, &theirs = problem.gallery;
    const bool query_empty = weigh(ours.offset + query * patches, ours.scale + query * patches,
                                   products + patches * shape.stride, 1, patches, scratch.query_weight.data);
    const bool gallery_empty = weigh(theirs.offset + candidate * patches, theirs.scale + candidate * patches,
                                     products + patches, shape.stride, patches, scratch.gallery_weight.data);
    make_kernel(products, problem, scratch);
    const bool finished = iterate(problem, scratch);
    problem.similarity[place] = score(products, problem, scratch);
    problem.fallback[place] = query_empty || gallery_empty;
    problem.unfinished[place] = !finished;
}

// Candidates [first, last) of a query.
static void solve_candidates(const Problem& problem, Scratch& scratch, int64_t query, int64_t first, int64_t last) {
    const Shape& shape = scratch.shape;
    unpack(problem.query, query, problem, shape, scratch.query.data, shape.query_rows);
    for (; first < last; first += shape.faces) {
        const int64_t faces = std::min(shape.faces, last - first);
        const int64_t* candidates = problem.candidates + query * problem.candidates_apart + first;
        for (int64_t face = 0; face < faces; face++)
            unpack(problem.gallery, candidates[face], problem, shape,
                   scratch.gallery.data + face * shape.rows * shape.chunk, shape.faces * shape.rows);
        multiply(scratch, faces * shape.rows);
        if (problem.products_only) continue;
        for (int64_t face = 0; face < faces; face++)
            solve_pair(problem, scratch, query, candidates[face], query * problem.places + first + face,
                       scratch.products.data + face * shape.rows * shape.stride);
    }
}
