/* Tools that need the same parts of LLVM are one program with a name for each: LLVM is most of it.
 */
#include <stdio.h>
#include <string.h>

/* GNUmakefile calls each tool's main so; weak, for no program has them all. */
#define TOOL_MAIN(name) int name##_main(int argc, char **argv) __attribute__((weak))
TOOL_MAIN(bpf_merge);
TOOL_MAIN(bpf_internalize);
TOOL_MAIN(bpf_debuginfo);
TOOL_MAIN(bpf_opt);
TOOL_MAIN(bpf_codegen);

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} tools[] = {
    {"bpf-merge", bpf_merge_main},
    {"bpf-internalize", bpf_internalize_main},
    {"bpf-debuginfo", bpf_debuginfo_main},
    {"bpf-opt", bpf_opt_main},
    {"bpf-codegen", bpf_codegen_main},
};

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (tools[i].main && !strcmp(name, tools[i].name))
			return tools[i].main(argc, argv);
	fprintf(stderr, "%s: error: this program goes by the names", name);
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (tools[i].main)
			fprintf(stderr, " %s", tools[i].name);
	fprintf(stderr, "\n");
	return 2;
}
