// The compiled engine: chooses the instruction set that this processor has, and shares the queries among threads.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

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
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (ufour){__VA_ARGS__})
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
#undef WIDTH
}  // namespace portable

#if defined(__x86_64__)
TARGET_BEGIN("avx2,fma")
namespace avx2 {
#define WIDTH 8
#include "pairs.h"
#undef WIDTH
}  // namespace avx2
TARGET_END

TARGET_BEGIN("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
namespace avx512 {
#define WIDTH 16
#include "pairs.h"
#undef WIDTH
}  // namespace avx512
TARGET_END
#endif

struct Instructions {
    const char* name;
    bool here;
    void (*solve)(const Problem&, int64_t first, int64_t last, int64_t threads);
};

// Items [first, last) on several threads. An item is a query and some of its candidates.
template <typename Scratch, void (*solve_candidates)(const Problem&, Scratch&, int64_t, int64_t, int64_t)>
void share(const Problem& problem, int64_t first, int64_t last, int64_t threads) {
    const int64_t parts = (problem.places + problem.places_at_once - 1) / problem.places_at_once;
    std::atomic<int64_t> next{first};
    const auto work = [&] {
        Scratch scratch(problem);
        for (int64_t item = next++; item < last; item = next++) {
            const int64_t place = item % parts * problem.places_at_once;
            const int64_t end = std::min(place + problem.places_at_once, problem.places);
            solve_candidates(problem, scratch, item / parts, place, end);
        }
    };
    std::vector<std::thread> others;
    for (int64_t thread = 1; thread < std::min(threads, last - first); thread++) others.emplace_back(work);
    work();
    for (auto& other : others) other.join();
}

const Instructions* instructions() {
    static const Instructions all[] = {
#if defined(__x86_64__)
        {"avx512", __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"),
         share<avx512::Scratch, avx512::solve_candidates>},
        {"avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"),
         share<avx2::Scratch, avx2::solve_candidates>},
#endif
        {"portable", true, share<portable::Scratch, portable::solve_candidates>},
        {nullptr, false, nullptr},
    };
    return all;
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

extern "C" void fdemd_solve(const Problem* problem, int64_t first, int64_t last, int64_t threads, const char* name) {
    for (const Instructions* set = instructions(); set->name; set++)
        if (set->here && !strcmp(set->name, name)) set->solve(*problem, first, last, threads);
}
