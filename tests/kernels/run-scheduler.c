/* run-scheduler OBJECT: has the kernel schedule by the object's sched_ext_ops while processes compute, and
 * prints `scheduled by NAME: N tasks enqueued`. Where the kernel has no sched_ext, `no sched_ext`; where
 * anything fails, `failed: ` and what. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 6, SECONDS = 2, MOST_BYTES = 1 << 16 };

static char last_messages[1 << 16];

static int keep_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t length = strlen(last_messages);

	if (level == LIBBPF_WARN && length + 1 < sizeof last_messages)
		vsnprintf(last_messages + length, sizeof last_messages - length, format, arguments);
	return 0;
}

static void fail(const char *what)
{
	printf("failed: %s: %s\n%s\n", what, strerror(errno), last_messages);
	exit(1);
}

static void compute(void)
{
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end;)
		usleep(100);
	_exit(0);
}

static void print_scheduler(struct bpf_map *bss)
{
	static unsigned long long bytes[MOST_BYTES / 8];
	char name[128] = "";
	unsigned zero = 0;
	FILE *ops = fopen("/sys/kernel/sched_ext/root/ops", "r");

	if (!ops || !fgets(name, sizeof name, ops))
		fail("/sys/kernel/sched_ext/root/ops");
	name[strcspn(name, "\n")] = '\0';
	if (!bss || bpf_map_lookup_elem(bpf_map__fd(bss), &zero, bytes))
		fail("reading .bss");
	/* two numbers, one of them a pid */
	printf("scheduled by %s: %s tasks enqueued\n", name, bytes[0] > 100 || bytes[1] > 100 ? "many" : "few");
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_map *map, *bss = NULL, *ops = NULL;

	if (argc != 2)
		return 2;
	if (access("/sys/kernel/sched_ext", R_OK)) {
		printf("no sched_ext\n");
		return 0;
	}
	libbpf_set_print(keep_message);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		fail("loading");
	bpf_object__for_each_map(map, object) {
		if (strstr(bpf_map__name(map), ".bss"))
			bss = map;
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			ops = map;
	}
	struct bpf_link *link = ops ? bpf_map__attach_struct_ops(ops) : NULL;
	if (!link)
		fail("attaching");
	for (int i = 0; i < PROCESSES; i++)
		if (!fork())
			compute();
	sleep(SECONDS);
	print_scheduler(bss);
	bpf_link__destroy(link);
	while (wait(NULL) > 0)
		;
	return 0;
}
