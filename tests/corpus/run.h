/* Runs a loaded program on packets of its own, and prints what it returns and what it has left in
 * the object's global variables. */
#ifndef RUN_H
#define RUN_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PACKETS = 3, MOST_CONTEXT = 64, MOST_BYTES = 1 << 16 };

/* Ethernet frames: of zeros, of UDP, and of TCP. */
static unsigned make_packet(unsigned char *packet, unsigned number)
{
	static const unsigned sizes[PACKETS] = {60, 100, 80};
	static const unsigned char protocols[PACKETS] = {0, 17, 6};
	static const unsigned char start[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45};

	memset(packet, 0, sizes[number]);
	if (number) {
		memcpy(packet, start, sizeof(start));
		packet[17] = sizes[number] - 14;
		packet[23] = protocols[number];
	}
	return sizes[number];
}

/* Runs it on a packet, or with a context of zeros; returns 0 or what failed. */
static int run_once(struct bpf_program *program, unsigned number, unsigned *result)
{
	static unsigned char packet[MOST_BYTES], context[MOST_CONTEXT];
	LIBBPF_OPTS(bpf_test_run_opts, options);

	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_CGROUP_SKB:
		options.data_size_in = make_packet(packet, number);
		options.data_in = packet;
		break;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_SYSCALL:
		options.ctx_in = context;
		options.ctx_size_in = sizeof(context);
		break;
	default:
		return ENOTSUP;
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		return errno;
	*result = options.retval;
	return 0;
}

/* FNV-1a */
static unsigned hash(const unsigned char *bytes, size_t size)
{
	unsigned value = 2166136261;

	for (size_t i = 0; i < size; i++)
		value = (value ^ bytes[i]) * 16777619;
	return value;
}

/* Of each variable in a map of them, a hash of its value. */
static void print_variables(struct bpf_object *object, struct bpf_map *map, const char **comma)
{
	static unsigned char bytes[MOST_BYTES];
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_var_secinfo *variables;
	size_t size = bpf_map__value_size(map);
	unsigned zero = 0;

	if (!section || !btf_is_datasec(section) || size > sizeof(bytes) ||
	    bpf_map_lookup_elem(bpf_map__fd(map), &zero, bytes))
		return;
	variables = btf_var_secinfos(section);
	for (unsigned i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, variables[i].type);

		if (variables[i].offset + variables[i].size > size)
			continue;
		printf("%s\"%s\":\"%08x\"", *comma, btf__name_by_offset(btf, variable->name_off),
		    hash(bytes + variables[i].offset, variables[i].size));
		*comma = ",";
	}
}

static void print_run(struct bpf_object *object, struct bpf_program *program)
{
	const char *comma = "";
	struct bpf_map *map;
	unsigned result = 0;
	int error = 0;

	printf(",\"results\":[");
	for (unsigned number = 0; !error && number < PACKETS; number++) {
		error = run_once(program, number, &result);
		if (!error)
			printf("%s%u", number ? "," : "", result);
	}
	printf("],\"error\":%d,\"variables\":{", error);
	if (!error && bpf_object__btf(object)) {
		bpf_object__for_each_map(map, object)
		{
			const char *name = bpf_map__name(map);

			if (bpf_map__is_internal(map) &&
			    (strstr(name, ".bss") || strstr(name, ".data")))
				print_variables(object, map, &comma);
		}
	}
	printf("}");
}

/* Whether the file is a program of the machine's own: it is run, and prints what it likes. */
static bool run_executable(const char *path)
{
	Elf64_Ehdr header = {0};
	int file = open(path, O_RDONLY | O_CLOEXEC), status = 0;
	bool native = file >= 0 && read(file, &header, sizeof(header)) == sizeof(header) &&
		      header.e_machine == EM_X86_64;
	pid_t pid;

	if (file >= 0)
		close(file);
	if (!native)
		return false;
	pid = fork();
	if (!pid) {
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	printf(
	    "{\"program\":\"-\",\"loaded\":%s,\"btf\":true,\"processed\":0,\"results\":[%d],\"error\":0}\n",
	    status ? "false" : "true", status);
	return true;
}

#endif
