// What Python hands over. fdemd/emd/engines/cpu.py has the same structures, field by field.
#pragma once

#include <cstdint>

enum Precision : int64_t { FLOAT32 = 0, FLOAT16 = 1, BFLOAT16 = 2, INT8 = 3 };

// Faces (B): patches (B, N, C) as stored, inverse norms, offset and scale (B, N), context (B, C).
struct Side {
    const void* patches;
    const float* inverse_norm;
    const float* offset;
    const float* scale;
    const float* context;
    int64_t precision;
};

struct Problem {
    Side query, gallery;
    int64_t queries, faces;     // Q, and G of the gallery
    const int64_t* candidates;  // (Q, k) rows of the gallery
    int64_t candidates_apart;   // from a query's first to the next one's; 0 where all have the same
    int64_t places;             // k
    int64_t places_at_once;     // that a thread takes
    int64_t patches;            // N
    int64_t channels;           // C
    double eps;
    double tolerance;
    int64_t max_rounds;
    int64_t products_only;      // leave out everything after the products, to measure what they cost
    float* similarity;          // (Q, k), as the next two
    uint8_t* fallback;
    uint8_t* unfinished;
};

// What fdemd_solve answers; anything but DONE leaves the scores without meaning.
enum Answer : int64_t { DONE = 0, BAD_PROBLEM = 1, BAD_CANDIDATE = 2, NO_SUCH_INSTRUCTIONS = 3, NO_MEMORY = 4 };
