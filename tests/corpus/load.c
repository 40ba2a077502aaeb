/*
 * Loads each program of a BPF object alone, as libbpf does it, and prints what became of it:
 *
 *	load OBJECT
 *
 * A line of JSON for the object, with what libbpf sees in it, and one for each program. Each
 * program is loaded by a process of its own, with a limit of time and memory, and nothing is
 * attached. Compiled with -DRUN=1, it also runs each program where the kernel has a way to: see
 * run.h.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RUN
#define RUN 0
#endif
#if RUN
#include "run.h"
#else
static void print_run(struct bpf_object *object, struct bpf_program *program)
{
	(void)object;
	(void)program;
}
static bool run_executable(const char *path)
{
	(void)path;
	return false;
}
#endif

enum {
	LOG_STATS = 4, /* of the verifier: its errors, and what the check took */
	LOG_SIZE = 16 << 20,
	LAST_LINES = 6,           /* that are shown of a log */
	SECONDS = RUN ? 600 : 60, /* an emulated kernel takes its time */
	MEMORY = 2 << 20,         /* in KB */
	MOST_ENTRIES = 16384,
	SMALL_LOG_SIZE = 64 << 10, /* where there are no errors */
	MOST_PROGRAMS = 256,
	STACK_DEPTH = 127, /* the kernel's default */
};

static char libbpf_log[8 << 20]; /* it repeats the kernel's on BTF */
static size_t libbpf_log_len;
static char verifier_log[LOG_SIZE];

static int keep_message(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t space = sizeof(libbpf_log) - libbpf_log_len;
	int n;

	if (level == LIBBPF_DEBUG || space < 2)
		return 0;
	n = vsnprintf(libbpf_log + libbpf_log_len, space, format, args);
	if (n > 0)
		libbpf_log_len += (size_t)n < space ? (size_t)n : space - 1;
	return 0;
}

static void print_string(const char *s)
{
	putchar('"');
	for (; s && *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* The last lines of the log as an array, but not the verifier's figures. */
static void print_last_lines(char *log, size_t most)
{
	char *line, *lines[4096];
	size_t n = 0, i;

	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "processed ", 10) || !strncmp(line, "verification time ", 18) ||
		    !strncmp(line, "stack depth ", 12) || strstr(line, "BEGIN PROG LOAD LOG") ||
		    strstr(line, "END PROG LOAD LOG"))
			continue;
		if (n == sizeof(lines) / sizeof(*lines))
			memmove(lines, lines + 1, --n * sizeof(*lines));
		lines[n++] = line;
	}
	putchar('[');
	for (i = n > most ? n - most : 0; i < n; i++) {
		print_string(lines[i]);
		if (i + 1 < n)
			putchar(',');
	}
	putchar(']');
}

static bool is_storage(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

static bool is_hash(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* Sizes that user space would set, and large ones that only take memory. */
static void size_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		enum bpf_map_type type = bpf_map__type(map);
		__u32 n = bpf_map__max_entries(map);

		if (type == BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
			bpf_map__set_value_size(map, STACK_DEPTH * sizeof(__u64));
		if (!n && !is_storage(type))
			bpf_map__set_max_entries(
			    map, type == BPF_MAP_TYPE_RINGBUF ? getpagesize() : 1);
		else if (n > MOST_ENTRIES && is_hash(type))
			bpf_map__set_max_entries(map, MOST_ENTRIES);
	}
}

/* libbpf loads the programs that a struct_ops map names; leaves only one in those. */
static void empty_struct_ops(struct bpf_object *object, struct bpf_program *but)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		char *value;
		size_t size, at;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		bpf_map__set_autocreate(map, bpf_program__type(but) == BPF_PROG_TYPE_STRUCT_OPS);
		value = bpf_map__initial_value(map, &size);
		for (at = 0; value && at + sizeof(program) <= size; at += sizeof(program)) {
			bpf_object__for_each_program(program, object)
			{
				if (program != but &&
				    !memcmp(value + at, &program, sizeof(program)))
					memset(value + at, 0, sizeof(program));
			}
		}
	}
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object) {
		printf("{\"opened\":false,\"error\":");
		print_last_lines(libbpf_log, LAST_LINES);
		puts("}");
	}
	return object;
}

/* The number of CO-RE relocations: those of all sections in .BTF.ext. */
static unsigned count_core_relocations(const char *path)
{
	struct {
		__u16 magic;
		__u8 version, flags;
		__u32 header_len, func_off, func_len, line_off, line_len, core_off, core_len;
	} header;
	struct btf_ext *ext = NULL;
	struct btf *btf = btf__parse_elf(path, &ext);
	const char *data;
	__u32 size, at, count = 0, record, section[2];

	if (!btf || !ext)
		return 0;
	data = btf_ext__raw_data(ext, &size);
	memset(&header, 0, sizeof(header));
	memcpy(&header, data, size < sizeof(header) ? size : sizeof(header));
	if (header.header_len >= sizeof(header) && header.core_len > sizeof(record)) {
		data += header.header_len + header.core_off;
		memcpy(&record, data, sizeof(record));
		for (at = sizeof(record); at + sizeof(section) <= header.core_len;) {
			memcpy(section, data + at, sizeof(section));
			count += section[1];
			at += sizeof(section) + section[1] * record;
		}
	}
	btf_ext__free(ext);
	btf__free(btf);
	return count;
}

static void describe(struct bpf_object *object, const char *path)
{
	const char *comma = "";
	struct bpf_map *map;

	printf("{\"opened\":true,\"btf\":%s,\"core_relocations\":%u,\"maps\":{",
	    bpf_object__btf(object) ? "true" : "false", count_core_relocations(path));
	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		/* the name of an internal one starts with that of the object's file */
		const char *internal = bpf_map__is_internal(map) ? strchr(name, '.') : NULL;

		printf("%s", comma);
		print_string(internal ? internal : name);
		printf(":\"type %d, key %u, value %u, max_entries %u, flags %#x, BTF types %s\"",
		    bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
		    bpf_map__max_entries(map), bpf_map__map_flags(map),
		    bpf_map__btf_value_type_id(map) ? "yes" : "no");
		comma = ",";
	}
	puts("}}");
}

/* Has the object loaded with this program alone, and what is said of it kept. */
static void choose_program(struct bpf_object *object, struct bpf_program *wanted)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	    bpf_program__set_autoload(program, program == wanted);
	size_maps(object);
	empty_struct_ops(object, wanted);
	bpf_program__set_log_buf(wanted, verifier_log, sizeof(verifier_log));
	bpf_program__set_log_level(wanted, LOG_STATS);
	libbpf_log_len = 0;
}

/* What became of a program, after the object was loaded or was not. */
static void print_program(struct bpf_object *object, struct bpf_program *program, bool loaded)
{
	struct bpf_prog_info info;
	__u32 size = sizeof(info);
	char *log = (char *)bpf_program__log_buf(program, &(size_t){0}),
	     *processed = strstr(log, "processed ");
	unsigned long walked = processed ? strtoul(processed + 10, NULL, 10) : 0;
	bool has_btf = false;
	int fd = bpf_program__fd(program);

	memset(&info, 0, sizeof(info));
	if (loaded && fd >= 0) {
		if (!bpf_prog_get_info_by_fd(fd, &info, &size))
			has_btf = info.btf_id != 0;
	} else if (strstr(libbpf_log, "failed to initialize slot")) {
		/* of an array of programs, which are not all here; libbpf fills it when all else is
		 * done */
		loaded = true;
		has_btf = !strstr(libbpf_log, "Error loading .BTF");
	} else {
		loaded = false;
	}
	printf("{\"program\":");
	print_string(bpf_program__name(program));
	printf(",\"section\":");
	print_string(bpf_program__section_name(program));
	printf(
	    ",\"type\":%d,\"loaded\":%s,\"btf\":%s,\"insns\":%zu,\"processed\":%lu,\"xlated\":%u",
	    bpf_program__type(program), loaded ? "true" : "false", has_btf ? "true" : "false",
	    bpf_program__insn_cnt(program), walked, info.xlated_prog_len / 8);
	if (loaded && fd >= 0)
		print_run(object, program);
	if (!loaded || !has_btf) {
		printf(",\"log\":");
		print_last_lines(log, LAST_LINES);
		printf(",\"libbpf\":");
		print_last_lines(libbpf_log, LAST_LINES);
	}
	puts("}");
}

static bool load_program(const char *path, const char *name)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *wanted;

	if (!object)
		return true;
	wanted = bpf_object__find_program_by_name(object, name);
	choose_program(object, wanted);
	print_program(object, wanted, !bpf_object__load(object));
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(bpf_program__name(*(struct bpf_program *const *)a),
	    bpf_program__name(*(struct bpf_program *const *)b));
}

/* Loads all programs at once, which takes less time; says nothing where one of them is refused. */
static bool load_whole(const char *path, const char *name)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *program, *programs[MOST_PROGRAMS];
	size_t n = 0;

	(void)name;
	bpf_object__for_each_program(program, object)
	{
		if (n == MOST_PROGRAMS)
			return false;
		programs[n++] = program;
		bpf_program__set_autoload(program, true);
		bpf_program__set_log_buf(program, calloc(1, SMALL_LOG_SIZE), SMALL_LOG_SIZE);
		bpf_program__set_log_level(program, LOG_STATS);
	}
	size_maps(object);
	if (bpf_object__load(object))
		return false;
	qsort(programs, n, sizeof(*programs), by_name);
	for (size_t i = 0; i < n; i++)
		print_program(object, programs[i], true);
	return true;
}

/* Calls load in a process of its own; returns what that does, or says that it failed otherwise. */
static bool in_process(
    bool load(const char *path, const char *name), const char *path, const char *name)
{
	struct rlimit limit = {(rlim_t)MEMORY << 10, (rlim_t)MEMORY << 10};
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool done;

		setrlimit(RLIMIT_AS, &limit);
		alarm(SECONDS);
		done = load(path, name);
		fflush(stdout);
		_exit(!done);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		return WEXITSTATUS(status) == 0;
	if (!name)
		return false;
	printf("{\"program\":");
	print_string(name);
	printf(",\"loaded\":false,\"btf\":false,\"log\":[\"signal %d\"]}\n", WTERMSIG(status));
	return true;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;

	if (argc != 2) {
		fputs("usage: load OBJECT\n", stderr);
		return 2;
	}
	if (run_executable(argv[1]))
		return 0;
	libbpf_set_print(keep_message);
	object = open_object(argv[1]);
	if (!object)
		return 0;
	describe(object, argv[1]);
	if (RUN && in_process(load_whole, argv[1], NULL))
		return 0;
	bpf_object__for_each_program(program, object)
	    in_process(load_program, argv[1], bpf_program__name(program));
	return 0;
}
