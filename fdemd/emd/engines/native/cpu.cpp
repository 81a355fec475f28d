// The compiled engine: chooses the instruction set that this processor has, and shares the queries among threads.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "problem.h"

#define PRAGMA(...) _Pragma(#__VA_ARGS__)
#if defined(__clang__)
#define TARGET_BEGIN(names) PRAGMA(clang attribute push(__attribute__((target(names))), apply_to = function))
#define TARGET_END PRAGMA(clang attribute pop)
#else
#define TARGET_BEGIN(names) PRAGMA(GCC push_options) PRAGMA(GCC target(names))
#define TARGET_END PRAGMA(GCC pop_options)
#endif
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (uvec){__VA_ARGS__})
#endif

namespace {

inline int64_t up(int64_t number, int64_t multiple) { return (number + multiple - 1) / multiple * multiple; }

// Zeros that begin on a cache line.
struct Floats {
    float* data;
    explicit Floats(int64_t count) : data(static_cast<float*>(operator new(up(count, 16) * 4, std::align_val_t(64)))) {
        std::fill_n(data, up(count, 16), 0.f);
    }
    Floats(const Floats&) = delete;
    ~Floats() { operator delete(data, std::align_val_t(64)); }
};

namespace portable {
#define WIDTH 4
#include "pairs.h"
#include "tiles.h"
#undef WIDTH

// The tile instructions in plain C++, for tests on processors without them.
struct Emulated {
    static inline thread_local float found[32][32];

    static void configure() {}
    static void release() {}
    static void zero() { memset(found, 0, sizeof found); }
    static void multiply(const bfloat16* top, const bfloat16* bottom, int64_t bytes, const bfloat16* left,
                         const bfloat16* right) {
        dot(top, bytes, left, 0, 0);
        dot(top, bytes, right, 0, 16);
        dot(bottom, bytes, left, 16, 0);
        dot(bottom, bytes, right, 16, 16);
    }
    static void dot(const bfloat16* gallery, int64_t bytes, const bfloat16* query, int m, int n) {
        for (int row = 0; row < 16; row++)
            for (int pair = 0; pair < 16; pair++)
                for (int column = 0; column < 16; column++)
                    for (int of = 0; of < 2; of++)
                        found[m + row][n + column] += number(gallery[row * bytes / 2 + 2 * pair + of]) *
                                                      number(query[pair * 32 + 2 * column + of]);
    }
    static void store(float* to, int64_t stride) {
        for (int row = 0; row < 32; row++) std::copy_n(found[row], 32, to + row * stride);
    }
};
}  // namespace portable

#if defined(__x86_64__)
TARGET_BEGIN("avx2,fma,f16c")
namespace avx2 {
#define WIDTH 8
#include "pairs.h"
#undef WIDTH
}  // namespace avx2
TARGET_END

TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")
namespace avx512 {
#define WIDTH 16
#include "pairs.h"
#undef WIDTH
}  // namespace avx512
TARGET_END

#if __has_include(<avx512bf16intrin.h>) && (!defined(__clang__) || __clang_major__ >= 18)  // 16 and 17 crash on it
#define AVX512_BF16
// All processors with AVX512-BF16 have AVX512-VNNI.
TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vnni")
namespace avx512_bf16 {
#define WIDTH 16
#define HAS_BF16_PRODUCTS
#define HAS_INT16_SUMS
#include "pairs.h"
#undef HAS_INT16_SUMS
#undef HAS_BF16_PRODUCTS
#undef WIDTH
}  // namespace avx512_bf16
TARGET_END
#endif

#if defined(__linux__) && __has_include(<amxbf16intrin.h>)
#define AMX
TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-bf16")
namespace amx {
#define WIDTH 16
#include "pairs.h"
#include "tiles.h"
#undef WIDTH

struct Amx {
    static void configure() {
        // Palette 1, then bytes a row (from 16 on) and rows (from 48 on) of each of the eight tiles.
        struct { uint8_t palette = 1, unused[15] = {}; uint16_t bytes[16] = {}; uint8_t rows[16] = {}; } shape;
        std::fill_n(shape.bytes, 8, 64);
        std::fill_n(shape.rows, 8, 16);
        written(&shape);
        _tile_loadconfig(&shape);
    }
    static void release() { _tile_release(); }
    // GCC does not know that tiles are loaded from memory: without this, what is stored there may come too late.
    static void written(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }
    static void zero() {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    static void multiply(const bfloat16* top, const bfloat16* bottom, int64_t bytes, const bfloat16* left,
                         const bfloat16* right) {
        written(top);
        _tile_loadd(4, top, bytes);
        _tile_loadd(5, bottom, bytes);
        _tile_loadd(6, left, 64);
        _tile_loadd(7, right, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    static void store(float* to, int64_t stride) {
        _tile_stored(0, to, 4 * stride);
        _tile_stored(1, to + 16, 4 * stride);
        _tile_stored(2, to + 16 * stride, 4 * stride);
        _tile_stored(3, to + 16 * stride + 16, 4 * stride);
    }
};
}  // namespace amx
TARGET_END

// Whether the processor has tiles and Linux lets this process use them, which it wants to be asked for.
bool tiles_here() {
    unsigned a, b, c, d;
    const bool has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);
    const long ask = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return has && syscall(SYS_arch_prctl, ask, tile_data) == 0;
}
#endif
#endif

struct Instructions {
    const char* name;
    bool here;
    bool (*solve)(const Problem&, int64_t first, int64_t last, int64_t threads);
};

// Items [first, last) on several threads. An item is a query and some of its candidates. False if memory ran out.
template <typename Solver>
bool share(const Problem& problem, int64_t first, int64_t last, int64_t threads) {
    const int64_t parts = (problem.places + problem.places_at_once - 1) / problem.places_at_once;
    std::atomic<int64_t> next{first};
    std::atomic<bool> failed{false};
    const auto work = [&] {
        try {
            Solver solver(problem);
            for (int64_t item = next++; item < last && !failed; item = next++) {
                const int64_t place = item % parts * problem.places_at_once;
                const int64_t end = std::min(place + problem.places_at_once, problem.places);
                solver.solve(problem, item / parts, place, end);
            }
        } catch (const std::exception&) {  // no memory: nothing else throws
            failed = true;
        }
    };
    std::vector<std::thread> others;
    try {
        for (int64_t thread = 1; thread < std::min(threads, last - first); thread++) others.emplace_back(work);
    } catch (const std::exception&) {  // those that there are do the work
    }
    work();
    for (auto& other : others) other.join();
    return !failed;
}

// Likewise, by the solver for what both sides are stored in; the first is for everything.
template <typename Solver, typename ForBfloat16, typename ForInt8>
bool share_by_precision(const Problem& problem, int64_t first, int64_t last, int64_t threads) {
    const int64_t precision = problem.query.precision == problem.gallery.precision ? problem.query.precision : FLOAT32;
    const auto solve = precision == BFLOAT16 ? share<ForBfloat16> : precision == INT8 ? share<ForInt8> : share<Solver>;
    return solve(problem, first, last, threads);
}

#if defined(__x86_64__)
// Older compilers cannot be asked for it by name.
bool f16c_here() {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#endif

const Instructions* instructions() {
#if defined(__x86_64__)
    static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c_here();
    static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    static const Instructions all[] = {
#if defined(AMX)
        {"amx", avx512 && tiles_here(), share_by_precision<amx::ByOne, amx::TileSolver<amx::Amx>, amx::ByTwoIntegers>},
#endif
#if defined(AVX512_BF16)
        {"avx512-bf16", avx512 && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni"),
         share_by_precision<avx512_bf16::ByOne, avx512_bf16::ByTwo, avx512_bf16::ByTwoIntegers>},
#endif
#if defined(__x86_64__)
        {"avx512", avx512, share_by_precision<avx512::ByOne, avx512::ByOne, avx512::ByTwoIntegers>},
        {"avx2", avx2, share_by_precision<avx2::ByOne, avx2::ByOne, avx2::ByTwoIntegers>},
#endif
        {"portable", true, share<portable::ByOne>},
        {"pairs-emulated", true, share_by_precision<portable::ByOne, portable::ByTwo, portable::ByTwoIntegers>},
        {"amx-emulated", true,
         share_by_precision<portable::ByOne, portable::TileSolver<portable::Emulated>, portable::ByTwoIntegers>},
        {nullptr, false, nullptr},
    };
    return all;
}

// Of sizes, so that no product of them overflows.
constexpr int64_t MOST_PATCHES = int64_t(1) << 20, MOST_CHANNELS = int64_t(1) << 26, MOST = int64_t(1) << 31;

bool possible(const Side& side) {
    return side.patches && side.inverse_norm && side.offset && side.scale && side.context &&
           side.precision >= FLOAT32 && side.precision <= INT8;
}

bool possible(const Problem& problem, int64_t first, int64_t last) {
    if (problem.patches < 1 || problem.patches > MOST_PATCHES || problem.channels < 1 ||
        problem.channels > MOST_CHANNELS || problem.places_at_once < 1)
        return false;
    for (int64_t size : {problem.queries, problem.faces, problem.places, problem.places_at_once,
                         problem.candidates_apart, problem.max_rounds})
        if (size < 0 || size > MOST) return false;
    const int64_t parts = (problem.places + problem.places_at_once - 1) / problem.places_at_once;
    if (first < 0 || first > last || last > problem.queries * parts) return false;
    if (first == last) return true;
    // Below, the exponential of float32 would leave its range.
    if (!(problem.eps >= 0.025 && problem.eps <= 10) || !(problem.tolerance >= 0)) return false;
    return possible(problem.query) && possible(problem.gallery) && problem.candidates && problem.similarity &&
           problem.fallback && problem.unfinished;
}

// Whether the candidates of items [first, last) are rows of the gallery.
bool candidates_inside(const Problem& problem, int64_t first, int64_t last) {
    const int64_t parts = (problem.places + problem.places_at_once - 1) / problem.places_at_once;
    for (int64_t item = first; item < last; item++) {
        const int64_t place = item % parts * problem.places_at_once;
        const int64_t end = std::min(place + problem.places_at_once, problem.places);
        const int64_t* const candidates = problem.candidates + item / parts * problem.candidates_apart;
        if (std::any_of(candidates + place, candidates + end,
                        [&](int64_t row) { return row < 0 || row >= problem.faces; }))
            return false;
    }
    return true;
}

}  // namespace

// For the caller to see that this library was built from the problem.h that it knows.
extern "C" int64_t fdemd_problem_bytes() { return sizeof(Problem); }

// Names of the instruction sets of this processor, the fastest first, with blanks between.
extern "C" const char* fdemd_instructions() {
    static const std::string names = [] {
        std::string found;
        for (const Instructions* set = instructions(); set->name; set++)
            if (set->here) found += std::string(found.empty() ? "" : " ") + set->name;
        return found;
    }();
    return names.c_str();
}

// Items [first, last) of a problem: an item is a query and at most `places_at_once` of its candidates. What cannot be
// right is not read; that the arrays are as long as the problem says is the caller's to know.
extern "C" int64_t fdemd_solve(const Problem* problem, int64_t first, int64_t last, int64_t threads, const char* name) {
    if (!problem || !name || !possible(*problem, first, last)) return BAD_PROBLEM;
    if (!candidates_inside(*problem, first, last)) return BAD_CANDIDATE;
    for (const Instructions* set = instructions(); set->name; set++)
        if (set->here && !strcmp(set->name, name)) return set->solve(*problem, first, last, threads) ? DONE : NO_MEMORY;
    return NO_SUCH_INSTRUCTIONS;
}
