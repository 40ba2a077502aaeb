/* Tools that need the same parts of LLVM are one program with a name for each: LLVM is most of it.
 */
#include "message.h"
#include "pipeline.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* GNUmakefile calls each tool's main so; weak, for no program has them all. */
#define TOOL_MAIN(name) int name##_main(int argc, char **argv) __attribute__((weak))
TOOL_MAIN(bpf_merge);
TOOL_MAIN(bpf_internalize);
TOOL_MAIN(bpf_debuginfo);
TOOL_MAIN(bpf_opt);
TOOL_MAIN(bpf_codegen);

static const struct program {
	const char *name;
	int (*main)(int argc, char **argv);
} tools[] = {
    {"bpf-merge", bpf_merge_main},
    {"bpf-internalize", bpf_internalize_main},
    {"bpf-debuginfo", bpf_debuginfo_main},
    {"bpf-opt", bpf_opt_main},
    {"bpf-codegen", bpf_codegen_main},
};

static const struct program *find_tool(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path ? path : "";

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (tools[i].main && !strcmp(name, tools[i].name))
			return &tools[i];
	return NULL;
}

static _Noreturn void fail_to_find(const char *name)
{
	fprintf(stderr, "error: %s%sthis program goes by the names", name ? name : "",
	    name ? " is another program, which | is to be put before; " : "");
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (tools[i].main)
			fprintf(stderr, " %s", tools[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

/* `bpf-merge ARGUMENT... : bpf-internalize ARGUMENT...`: where the second name stands, if there is
 * one. */
static int find_next_stage(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], ":"))
			return i + 1;
	return 0;
}

int main(int argc, char **argv)
{
	const struct program *tool = find_tool(argc ? argv[0] : NULL);
	struct words words = {0};
	int next;

	if (!tool)
		fail_to_find(NULL);
	program_name = tool->name;
	words_expand(&words, (const char *const *)argv, argc);
	argc = words.count;
	array_add(&words, NULL);
	argv = (char **)words.items;
	while ((next = find_next_stage(argc, argv))) {
		const struct program *next_tool = find_tool(argv[next]);
		if (!next_tool)
			fail_to_find(argv[next] ? argv[next] : "nothing after :");
		argv[next - 1] = NULL;
		if (pipeline_fork(tool->name)) {
			prctl(PR_SET_NAME, tool->name);
			return tool->main(next - 1, argv);
		}
		tool = next_tool;
		argv += next;
		argc -= next;
		prctl(PR_SET_NAME, tool->name); /* what ps shows */
	}
	return tool->main(argc, argv);
}
