/* Loads the program, sets the variable in .data, runs it on packets, and reads the one in .bss. */
#include <assert.h>
#include <stdio.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { PACKETS = 4, LENGTH = 60 };

int main(void)
{
	char packet[LENGTH] = {0};
	struct ethhdr *ethernet = (void *)packet;
	struct bpf_object *object = bpf_object__open_file("program.bpf.o", NULL);
	struct bpf_program *program = bpf_object__find_program_by_name(object, "keep_protocol");
	struct bpf_map *data = bpf_object__find_map_by_name(object, ".data");
	struct bpf_map *bss = bpf_object__find_map_by_name(object, ".bss");
	__u16 protocol = ETH_P_IPV6;
	__u32 zero = 0;
	__u64 kept = 0;

	assert(program && data && bss);
	assert(bpf_map__value_size(data) == sizeof protocol && bpf_map__value_size(bss) == sizeof kept);
	assert(!bpf_map__set_initial_value(data, &protocol, sizeof protocol));
	assert(!bpf_object__load(object));
	for (unsigned i = 0; i < PACKETS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet);
		ethernet->h_proto = htons(i % 2 ? ETH_P_IPV6 : ETH_P_IP);
		assert(!bpf_prog_test_run_opts(bpf_program__fd(program), &options));
		assert(options.retval == (i % 2 ? LENGTH - sizeof *ethernet : 0));
	}
	assert(!bpf_map__lookup_elem(bss, &zero, sizeof zero, &kept, sizeof kept, 0));
	assert(kept == PACKETS / 2);
	printf("%d of %d packets kept\n", PACKETS / 2, PACKETS);
	bpf_object__close(object);
}
