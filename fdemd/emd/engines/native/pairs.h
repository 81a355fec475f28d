// The transport of pairs of faces, one query at a time. Included once for each instruction set, inside its namespace.

#include "vectors.h"
#include "cells.h"
#include "products.h"

struct Scratch {
    Multiplier multiplier;
    int64_t rows, width;                 // of the kernel
    Floats kernel;                       // (rows, width); 0 beyond the patches
    Floats beyond;                       // 1 beyond the patches, where a weight of 0 is divided by a sum of 0
    Floats query_weight, gallery_weight;
    Floats query_scaling, gallery_scaling, gallery_reached, query_sums;

    template <typename Cell>
    Scratch(const Problem& problem, Cell cell)
        : multiplier(problem, cell), rows(up(problem.patches, 4)), width(up(problem.patches, WIDTH)),
          kernel(rows * width), beyond(width), query_weight(width), gallery_weight(width), query_scaling(width),
          gallery_scaling(width), gallery_reached(width), query_sums(width) {
        std::fill(beyond.data + problem.patches, beyond.data + width, 1.f);
    }
};

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
    const int64_t width = scratch.width, stride = scratch.multiplier.shape.stride;
    const float by = static_cast<float>(1 / problem.eps);
    const int64_t last = width - WIDTH;
    for (int64_t m = 0; m < problem.patches; m++) {
        float* const row = scratch.kernel.data + m * width;
        for (int64_t n = 0; n < last; n += WIDTH) store(row + n, exponential((load(cosine + m * stride + n) - 1.f) * by));
        const vec within = 1.f - load(scratch.beyond.data + last);
        const vec x = (load(cosine + m * stride + last) * within - 1.f) * by;
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
    const int64_t rows = scratch.rows, width = scratch.width, block = 8 * WIDTH;
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
        for (int64_t m = 0; m < width; m += WIDTH) {
            const vec miss = load(gallery + m) * load(reached + m) - load(wanted + m);
            missed += (vec)((uvec)miss & 0x7fffffff);
        }
        // Before the first round the query's weights are not met yet, whatever the gallery's are.
        if (round > 0 && sum(missed) < problem.tolerance) return true;
        for (int64_t m = 0; m < width; m += WIDTH) store(gallery + m, load(wanted + m) / load(reached + m));
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
    const int64_t width = scratch.width, stride = scratch.multiplier.shape.stride;
    vec total{};
    for (int64_t m = 0; m < problem.patches; m++) {
        vec row{};
        for (int64_t n = 0; n < width; n += WIDTH)
            row += load(scratch.query_scaling.data + n) * load(scratch.kernel.data + m * width + n) *
                   load(cosine + m * stride + n);
        total += row * scratch.gallery_scaling.data[m];
    }
    return sum(total);
}

static void solve_pair(const Problem& problem, Scratch& scratch, int64_t query, int64_t candidate, int64_t place,
                       const float* products) {
    const int64_t patches = problem.patches, stride = scratch.multiplier.shape.stride;
    const Side &ours = problem.query, &theirs = problem.gallery;
    const bool query_empty = weigh(ours.offset + query * patches, ours.scale + query * patches,
                                   products + patches * stride, 1, patches, scratch.query_weight.data);
    const bool gallery_empty = weigh(theirs.offset + candidate * patches, theirs.scale + candidate * patches,
                                     products + patches, stride, patches, scratch.gallery_weight.data);
    make_kernel(products, problem, scratch);
    const bool finished = iterate(problem, scratch);
    problem.similarity[place] = score(products, problem, scratch);
    problem.fallback[place] = query_empty || gallery_empty;
    problem.unfinished[place] = !finished;
}

// Candidates [first, last) of a query.
template <typename Cell>
static void solve_candidates(const Problem& problem, Scratch& scratch, int64_t query, int64_t first, int64_t last) {
    Multiplier& multiplier = scratch.multiplier;
    const Shape& shape = multiplier.shape;
    unpack_query<Cell>(problem, multiplier, query);
    for (; first < last; first += shape.faces) {
        const int64_t faces = std::min(shape.faces, last - first);
        const int64_t* candidates = problem.candidates + query * problem.candidates_apart + first;
        multiply_faces<Cell>(problem, multiplier, candidates, faces);
        for (int64_t face = 0; face < faces; face++) {
            float* const products = multiplier.products.data + face * shape.rows * shape.stride;
            finish(Cell(), problem, multiplier, candidates[face], products);
            if (!problem.products_only)
                solve_pair(problem, scratch, query, candidates[face], query * problem.places + first + face, products);
        }
    }
}

// What a thread works with.
template <typename Cell>
struct Solver : Scratch {
    explicit Solver(const Problem& problem) : Scratch(problem, Cell()) {}
    void solve(const Problem& problem, int64_t query, int64_t first, int64_t last) {
        solve_candidates<Cell>(problem, *this, query, first, last);
    }
};
using ByOne = Solver<OneChannel>;
using ByTwo = Solver<TwoChannels>;
using ByTwoIntegers = Solver<TwoIntegers>;
