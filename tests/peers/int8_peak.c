/* Measures how many products of 8-bit numbers the processor can make for exact sums, with numbers that never leave the registers:
 *
 *   cc -O2 -o int8_peak int8_peak.c && ./int8_peak
 *
 * prints the instruction and multiply-accumulate operations a second, of the fastest that there is. AVX2's instruction for
 * bytes saturates: exact sums take vpmaddwd, which reads 16 bits, and additions, which are left out here: they have units of their own.
 */
#include <stdio.h>
#include <time.h>

#define RUNS 20
#define TURNS 2000000

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* The best of several runs of `TURNS` turns. */
static double macs_a_second(void (*turns)(void), double macs_a_turn) {
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        turns();
        double rate = macs_a_turn * TURNS / (seconds() - start);
        if (rate > best) best = rate;
    }
    return best;
}

#if defined(__x86_64__)
/* Ten results in turn: as many as two units have under way. */
#define EACH(step) step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9)
#define LOOP(step) for (long turn = 0; turn < TURNS; turn++) __asm__ volatile(EACH(step) : : : CLOBBERED)
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14"

#define MADD(n) "vpmaddwd %%ymm14, %%ymm14, %%ymm" #n "\n"
static void avx2(void) { LOOP(MADD); }

#define DOT_256(n) "%{vex%} vpdpbusd %%ymm14, %%ymm14, %%ymm" #n "\n"
static void avx_vnni(void) { LOOP(DOT_256); }

#define DOT_512(n) "vpdpbusd %%zmm14, %%zmm14, %%zmm" #n "\n"
static void avx512_vnni(void) { LOOP(DOT_512); }

static int report(void) {
    const char *name = NULL;
    double best = 0, rate;
    if (__builtin_cpu_supports("avx2") && (rate = macs_a_second(avx2, 10 * 16)) > best) best = rate, name = "vpmaddwd, 256 bits";
    if (__builtin_cpu_supports("avxvnni") && (rate = macs_a_second(avx_vnni, 10 * 32)) > best) best = rate, name = "vpdpbusd, 256 bits";
    if (__builtin_cpu_supports("avx512vnni") && (rate = macs_a_second(avx512_vnni, 10 * 64)) > best) best = rate, name = "vpdpbusd, 512 bits";
    if (!name) return 1;
    printf("{\"instruction\": \"%s\", \"macs_per_second\": %.0f}\n", name, best);
    return 0;
}
#else
static int report(void) { return 1; }
#endif

int main(void) { return report(); }
