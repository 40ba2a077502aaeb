/* Loads the program through its skeleton, sets and reads variables through that and the library's
 * subskeleton, and runs it on packets. */
#include <assert.h>
#include <stdio.h>
#include <bpf/bpf.h>
#include "limit.subskel.h"
#include "program.skel.h"

enum { PACKETS = 5, LIMIT = 3, LENGTH = 60 };

int main(void)
{
	char packet[LENGTH] = {0};
	struct program *program = program__open();
	struct limit *limit;
	__u32 length = LENGTH - 14; /* a socket filter sees no Ethernet header */
	__u64 count = 0;

	assert(program);
	limit = limit__open(program->obj);
	assert(limit);
	*limit->rodata.limit = LIMIT;
	assert(!program__load(program));
	for (unsigned i = 0; i < PACKETS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet);
		assert(!bpf_prog_test_run_opts(bpf_program__fd(program->progs.keep_first), &options));
		assert(options.retval == (i < LIMIT ? length : 0));
	}
	assert(program->bss->seen == PACKETS);
	assert(*limit->bss.over == PACKETS - LIMIT);
	assert(!bpf_map__lookup_elem(program->maps.lengths, &length, sizeof length, &count, sizeof count, 0));
	assert(count == PACKETS);
	printf("libbpf %s: skeleton and subskeleton: %d of %d packets kept\n", libbpf_version_string(), LIMIT, PACKETS);
	limit__destroy(limit);
	program__destroy(program);
}
