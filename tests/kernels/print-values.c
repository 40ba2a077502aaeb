/* print-values OBJECT: loads the object, runs its program `values` with a packet, and prints what it has
 * put into .bss but for the first 8 bytes, the pid: `values: ` and the bytes in hexadecimal. Where the
 * kernel has no BTF, `no BTF`; where anything fails, `failed: ` and what. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKET_SIZE = 90, PID_SIZE = 8, MOST_BYTES = 1 << 16 };

static char last_message[4096];

static int keep_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN)
		vsnprintf(last_message, sizeof last_message, format, arguments);
	return 0;
}

static void fail(const char *what)
{
	last_message[strcspn(last_message, "\n")] = '\0';
	printf("failed: %s: %s (%s)\n", what, strerror(errno), last_message);
	exit(1);
}

static void run(struct bpf_program *program)
{
	static unsigned char packet[PACKET_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet);

	if (!program || bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		fail("running");
	if (options.retval)
		fail("the program's result");
}

static void print(struct bpf_map *map)
{
	static unsigned char bytes[MOST_BYTES];
	size_t size = map ? bpf_map__value_size(map) : 0;
	unsigned zero = 0;

	if (!size || size > sizeof bytes || bpf_map_lookup_elem(bpf_map__fd(map), &zero, bytes))
		fail("reading .bss");
	printf("values: ");
	for (size_t i = PID_SIZE; i < size; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_map *map;

	if (argc != 2)
		return 2;
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("no BTF\n");
		return 0;
	}
	libbpf_set_print(keep_message);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		fail("opening");
	if (bpf_object__load(object))
		fail("loading");
	run(bpf_object__find_program_by_name(object, "values"));
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".bss"))
			print(map);
	return 0;
}
