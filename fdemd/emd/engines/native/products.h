// The products of the rows of a query and of some candidates, which are the cosines of their patches (N x N) and, in
// the last row and column, what the weights need. Included inside a namespace of each width, after cells.h.
//
// Where vectors are wide the query is laid in panels, the cells of WIDTH patches beside each other, which are
// multiplied by one cell of the gallery at a time. What fills no panel, and everything where vectors are narrow, is
// multiplied and summed along the rows: both faces are read as they lie, and small grids waste nothing.

// Multiplied together at the most: by 6 rows 24 sums, or by 4 rows 8, which fit in the registers with what is multiplied.
constexpr int PANELS = WIDTH == 16 ? 4 : 2;

struct Shape {
    int64_t rows;        // of a face: patches and context
    int64_t chunk;       // cells at a time, a multiple of 16, so that rows of both faces stay in the nearest cache
    int64_t chunks;
    int64_t panels;      // of the query
    int64_t in_panels;   // rows of the query; the others are taken by four
    int64_t threes;      // and the last by three, which fits every number from 6 on, so that few tiles are small
    int64_t stride;      // of the products: a row a candidate's row, a column a query's row
    int64_t faces;       // candidates multiplied together
    int64_t block;       // of their rows unpacked together, so that they stay in the nearest cache

    template <typename Cell>
    Shape(const Problem& problem, Cell) {
        const int64_t cells = up(problem.channels, Cell::CHANNELS) / Cell::CHANNELS;
        rows = problem.patches + Cell::CONTEXTS;
        chunks = (cells + 511) / 512;
        chunk = up((cells + chunks - 1) / chunks, 16);
        // Four rows are summed at once; a panel of fewer patches would be mostly zeros.
        panels = problem.patches / WIDTH + (problem.patches % WIDTH + Cell::CONTEXTS > 4);
        // Where it is 0, reading the gallery's cells would take as long as multiplying them.
        if (panels < 2 || (WIDTH < 16 && Cell::CHANNELS == 1)) panels = 0;
        in_panels = std::min(panels * WIDTH, problem.patches);
        threes = rows - in_panels < 6 ? 0 : (4 - (rows - in_panels) % 4) % 4;
        stride = up(std::max(rows + 3, panels * WIDTH), WIDTH);  // four sums are written from the last row on
        faces = std::max<int64_t>(1, 49152 / (rows * chunk * chunks));
        block = up(6144 / chunk, 12);
    }
};

struct Multiplier {
    Shape shape;
    Floats query;       // unpacked rows, chunk by chunk
    Floats panels;      // of the query, chunk by chunk
    Floats query_norm;  // inverse
    float query_step;   // of its context
    Floats gallery;     // one chunk of some unpacked rows
    Floats products;    // (faces * rows, stride)

    template <typename Cell>
    Multiplier(const Problem& problem, Cell cell)
        : shape(problem, cell),
          query(shape.rows * shape.chunk * shape.chunks),
          panels(shape.panels * WIDTH * shape.chunk * shape.chunks),
          query_norm(shape.stride),
          query_step(1),
          gallery(shape.block * shape.chunk),
          products(shape.faces * shape.rows * shape.stride) {}
};

// Of the panels from `first` on, those that are multiplied together: 3, 3 and 3 of 9, not 4, 4 and 1.
INLINE int64_t together(const Shape& shape, int64_t first) {
    const int64_t left = shape.panels - first, tiles = (left + PANELS - 1) / PANELS;
    return (left + tiles - 1) / tiles;
}

// The panels of an unpacked query.
static void lay_panels(Multiplier& multiplier) {
    const Shape& shape = multiplier.shape;
    float* to = multiplier.panels.data;
    for (int64_t part = 0; part < shape.chunks; part++) {
        const float* query = multiplier.query.data + part * shape.rows * shape.chunk;
        for (int64_t first = 0; first < shape.panels; first += together(shape, first)) {
            const int64_t begin = first * WIDTH, width = together(shape, first) * WIDTH;
            for (int64_t c = 0; c < shape.chunk; c++, to += width)
                for (int64_t n = begin; n < std::min(begin + width, shape.in_panels); n++)
                    memcpy(to + n - begin, query + n * shape.chunk + c, 4);  // not as a number: two channels are none
        }
    }
}

template <typename Cell>
static void unpack_query(const Problem& problem, Multiplier& multiplier, int64_t query) {
    const Shape& shape = multiplier.shape;
    for (int64_t part = 0; part < shape.chunks; part++)
        for (int64_t row = 0; row < shape.rows; row++)
            unpack(Cell(), problem.query, problem, query, row, part * shape.chunk * Cell::CHANNELS,
                   multiplier.query.data + (part * shape.rows + row) * shape.chunk, shape.chunk);
    lay_panels(multiplier);
    std::copy_n(problem.query.inverse_norm + query * problem.patches, problem.patches, multiplier.query_norm.data);
    multiplier.query_step = Cell::step(problem.query, problem, query);
}

// P panels of the query by G rows of a gallery: a cell of the gallery times a column of each panel.
template <typename Cell, int P>
struct PanelTile {
    static constexpr int ROWS = WIDTH == 16 ? (P > 2 ? 6 : 12) : 8 / P;

    template <int G>
    static void multiply(const float* panels, const float* gallery, int64_t chunk, float* products, int64_t stride,
                         bool add) {
        vec total[G][P];
        for (int g = 0; g < G; g++)
            for (int p = 0; p < P; p++) total[g][p] = vec{};
        for (int64_t c = 0; c < chunk; c++) {
            vec here[P];
            for (int p = 0; p < P; p++) here[p] = load(panels + (c * P + p) * WIDTH);
            for (int g = 0; g < G; g++) {
                const vec there = splat(gallery + g * chunk + c);
                for (int p = 0; p < P; p++) total[g][p] = Cell::add(total[g][p], there, here[p]);
            }
        }
        for (int g = 0; g < G; g++)
            for (int p = 0; p < P; p++) {
                float* const to = products + g * stride + p * WIDTH;
                const vec found = Cell::number(total[g][p]);
                store(to, add ? load(to) + found : found);
            }
    }
};

// Q rows of a query by G rows of a gallery, 12 sums along the rows at the most.
template <typename Cell, int Q>
struct RowTile {
    static constexpr int ROWS = 12 / Q;

    template <int G>
    static void multiply(const float* query, const float* gallery, int64_t chunk, float* products, int64_t stride,
                         bool add) {
        vec total[4][G];
        for (int q = 0; q < 4; q++)
            for (int g = 0; g < G; g++) total[q][g] = vec{};
        for (int64_t c = 0; c < chunk; c += WIDTH) {
            vec there[G];
            for (int g = 0; g < G; g++) there[g] = load(gallery + g * chunk + c);
            for (int q = 0; q < Q; q++) {
                const vec here = load(query + q * chunk + c);
                for (int g = 0; g < G; g++) total[q][g] = Cell::add(total[q][g], here, there[g]);
            }
        }
        for (int g = 0; g < G; g++) {
            // Where Q < 4, what is beyond is 0; its place is that of the next rows, written later, or unused.
            const four found = sums(Cell::number(total[0][g]), Cell::number(total[1][g]), Cell::number(total[2][g]),
                                    Cell::number(total[3][g]));
            float* const to = products + g * stride;
            store_four(to, add ? load_four(to) + found : found);
        }
    }
};

// Down the rows of the gallery, G at a time.
template <typename Tile, int G = Tile::ROWS>
static void multiply_down(const float* query, const float* gallery, int64_t rows, int64_t chunk, float* products,
                          int64_t stride, bool add) {
    for (; rows >= G; rows -= G, gallery += G * chunk, products += G * stride)
        Tile::template multiply<G>(query, gallery, chunk, products, stride, add);
    if constexpr (G > 1)
        if (rows) multiply_down<Tile, G - 1>(query, gallery, rows, chunk, products, stride, add);
}

// By the tile of `number` panels or rows of the query, N at the most.
template <template <typename, int> class Tile, typename Cell, int N>
static void multiply_by(int64_t number, const float* query, const float* gallery, int64_t rows, int64_t chunk,
                        float* products, int64_t stride, bool add) {
    if (number == N) multiply_down<Tile<Cell, N>>(query, gallery, rows, chunk, products, stride, add);
    else if constexpr (N > 1)
        multiply_by<Tile, Cell, N - 1>(number, query, gallery, rows, chunk, products, stride, add);
}

// Products of all rows of the query and some rows of candidates, of which the buffer holds one chunk.
template <typename Cell>
static void multiply(Multiplier& multiplier, int64_t part, int64_t rows, float* products) {
    const Shape& shape = multiplier.shape;
    const int64_t chunk = shape.chunk, fours = shape.rows - 3 * shape.threes;
    const float* const query = multiplier.query.data + part * shape.rows * chunk;
    const float* const panels = multiplier.panels.data + part * shape.panels * WIDTH * chunk;
    const float* const gallery = multiplier.gallery.data;
    for (int64_t first = 0; first < shape.panels; first += together(shape, first))
        multiply_by<PanelTile, Cell, PANELS>(together(shape, first), panels + first * WIDTH * chunk, gallery, rows,
                                             chunk, products + first * WIDTH, shape.stride, part > 0);
    for (int64_t row = shape.in_panels; row < shape.rows;) {
        const int64_t number = row < fours ? std::min<int64_t>(4, shape.rows - row) : 3;
        multiply_by<RowTile, Cell, 4>(number, query + row * chunk, gallery, rows, chunk, products + row, shape.stride,
                                      part > 0);
        row += number;
    }
}

// Products of a query and some candidates.
template <typename Cell>
static void multiply_faces(const Problem& problem, Multiplier& multiplier, const int64_t* candidates, int64_t faces) {
    const Shape& shape = multiplier.shape;
    for (int64_t first = 0; first < faces * shape.rows; first += shape.block) {
        const int64_t rows = std::min(shape.block, faces * shape.rows - first);
        for (int64_t part = 0; part < shape.chunks; part++) {
            for (int64_t row = first; row < first + rows; row++)
                unpack(Cell(), problem.gallery, problem, candidates[row / shape.rows], row % shape.rows,
                       part * shape.chunk * Cell::CHANNELS, multiplier.gallery.data + (row - first) * shape.chunk,
                       shape.chunk);
            multiply<Cell>(multiplier, part, rows, multiplier.products.data + first * shape.stride);
        }
    }
}

// What is missing in the products of one face: nothing, or the norms, and that a context has two rows.
static inline void finish(OneChannel, const Problem&, const Multiplier&, int64_t, float*) {}
template <typename Cell>
static inline void finish(Cell, const Problem& problem, const Multiplier& multiplier, int64_t candidate,
                          float* products) {
    const int64_t patches = problem.patches, stride = multiplier.shape.stride;
    const float* const norm = problem.gallery.inverse_norm + candidate * patches;
    for (int64_t m = 0; m < patches; m++) {
        float* const row = products + m * stride;
        const float with_context = (row[patches] + row[patches + 1] * Cell::LOWER) * multiplier.query_step * norm[m];
        for (int64_t n = 0; n < stride; n += WIDTH)
            store(row + n, load(row + n) * load(multiplier.query_norm.data + n) * norm[m]);
        row[patches] = with_context;
    }
    float* const context = products + patches * stride;
    const float step = Cell::step(problem.gallery, problem, candidate);
    for (int64_t n = 0; n < stride; n += WIDTH)
        store(context + n, (load(context + n) + load(context + stride + n) * Cell::LOWER) *
                               load(multiplier.query_norm.data + n) * step);
}
