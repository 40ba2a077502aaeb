/* values OBJECT: loads it, runs its program `values`, and prints what that has put into .bss, a
 * number each; for its own pid, `pid`. */
#include <assert.h>
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { COUNT = 16 };

int main(int argc, char **argv)
{
	static char packet[60];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet);
	struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program = bpf_object__find_program_by_name(object, "values");
	struct bpf_map *bss = bpf_object__find_map_by_name(object, ".bss");
	__u64 numbers[COUNT];
	__u32 zero = 0;

	assert(program && bss && bpf_map__value_size(bss) == sizeof numbers);
	assert(!bpf_object__load(object));
	assert(!bpf_prog_test_run_opts(bpf_program__fd(program), &options));
	assert(!bpf_map__lookup_elem(bss, &zero, sizeof zero, numbers, sizeof numbers, 0));
	for (unsigned i = 0; i < COUNT; i++)
		if (numbers[i] == (__u64)getpid())
			printf("pid ");
		else
			printf("%llu ", numbers[i]);
	printf("\n");
	bpf_object__close(object);
}
