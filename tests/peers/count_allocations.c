/* Counts requests for memory of a whole program, whatever language asks:
 *
 *   cc -O2 -shared -fPIC -o libcount_allocations.so count_allocations.c && LD_PRELOAD=./libcount_allocations.so PROGRAM
 *
 * A program reads the count through `count_allocations()`. Requests are handed on to the C library (glibc) as they came; C++'s `new`, and
 * what other languages ask of the system, end there too.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t items, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_ulong count;

unsigned long count_allocations(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

static void one_more(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

void *malloc(size_t bytes) {
    one_more();
    return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
    one_more();
    return __libc_calloc(items, bytes);
}

void *realloc(void *block, size_t bytes) {
    one_more();
    return __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    one_more();
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    void *found = memalign(alignment, bytes);
    if (!found) return ENOMEM;
    *block = found;
    return 0;
}
