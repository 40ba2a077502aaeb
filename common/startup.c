/* Before LLVM's constructors run: a small link is over in some milliseconds, of which page faults
 * and the order in which the stages get a processor are a good part. */
#include "startup.h"
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; an older one refuses it, which does no harm */
#endif

extern char __bss_start, _end; /* from the linker */

__attribute__((weak)) const bool startup_is_heavy = false;

/* All at once costs a tenth of what one fault for each page does. */
static void populate(const void *begin, const void *end)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	uintptr_t first = (uintptr_t)begin & ~(page - 1);
	uintptr_t last = ((uintptr_t)end + page - 1) & ~(page - 1);

	madvise((void *)first, last - first, MADV_POPULATE_WRITE);
}

static void start(void)
{
	int heap_size = startup_is_heavy ? 1536 << 10 : 256 << 10;

	mallopt(M_TOP_PAD, heap_size);
	void *heap = malloc(1);
	populate(&__bss_start, &_end);
	if (heap && (char *)heap < (char *)sbrk(0))
		populate(heap, sbrk(0));
	free(heap);
	/* the first stages have work already, these wait for them */
	if (startup_is_heavy)
		sched_yield();
}

void startup_link_in(void)
{
}

__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(
    void) = start;
