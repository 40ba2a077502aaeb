/* The tools of a toolset are one program with a name for each: LLVM is most of it.
 * Where files cannot have several names, as in an archive that knows no links, the first argument
 * --tool=NAME says which one is meant.
 */
#include "btf-types.h"
#include "crash.h"
#include "debug-info.h"
#include "diagnostic.h"
#include "exports.h"
#include "input.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "notes.h"
#include "noreturn.h"
#include "options.h"
#include "output.h"
#include "pipeline.h"
#include "system.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* toolset.mk says which tools the program is: TOOLS is TOOL("bpf-merge", bpf_merge_main) and so on,
 * with the names that it gives to their main functions. */
#define TOOL(name, main) int main(int argc, char **argv);
TOOLS
#undef TOOL
#define TOOL(name, main) {name, main},
static const struct program {
	const char *name;
	int (*main)(int argc, char **argv);
} tools[] = {TOOLS};

/* Between two others, the driver's runs only where the module needs it; one that was typed may have
 * a command line to complain of. */
static bool is_needed(const struct program *tool)
{
	return module_needs_core || !pipeline_has_driver() || strcmp(tool->name, "bpf-core");
}

static const struct program *find_tool(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path ? path : "";

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (!strcmp(name, tools[i].name))
			return &tools[i];
	return NULL;
}

static _Noreturn void fail_to_find(const char *name)
{
	fprintf(stderr, "error: %s%sthis program goes by the names", name ? name : "",
	    name ? " is another program, which | is to be put before; " : "");
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		fprintf(stderr, " %s", tools[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

/* The stages: `bpf-merge ARGUMENT... : bpf-internalize ARGUMENT...` */

/* Where the next stage's name stands; NULL where there is none. */
static char **find_next_stage(char **arguments)
{
	for (; *arguments; arguments++)
		if (!strcmp(*arguments, ":"))
			return arguments + 1;
	return NULL;
}

/* The tool that a command line begins with. */
static const struct program *tool_of(char **arguments)
{
	const struct program *tool = find_tool(*arguments);

	if (!tool)
		fail_to_find(*arguments ? *arguments : "nothing after :");
	return tool;
}

/* Fails before a stage does its work for nothing. */
static void check_stages(char **arguments)
{
	const struct program *last = find_tool(*arguments);

	if (!last)
		fail_to_find(NULL);
	program_name = last->name;
	while ((arguments = find_next_stage(arguments)))
		last = tool_of(arguments);
	if (!strcmp(last->name, "bpf-codegen"))
		pipeline_set_last_stage();
}

/* What a stage has left in memory, beside LLVM's own. */
static void reset(void)
{
	message_reset();
	output_reset();
	input_bytes = 0;
	crash_reset();
	diagnostic_reset();
	module_reset();
	exports_reset();
	notes_reset();
	noreturn_reset();
	debug_info_reset();
	btf_types_reset();
}

static char **next_stage; /* its command line, and those after it */

static void run_stage(char **arguments);

static void run_next_stage(void)
{
	const struct program *tool = tool_of(next_stage);
	char **after = find_next_stage(next_stage);

	reset();
	run_stage(after && !is_needed(tool) ? after : next_stage);
}

static void run_stage(char **arguments)
{
	static bool has_run[sizeof tools / sizeof *tools];
	const struct program *tool = tool_of(arguments);
	int count = 0;

	next_stage = find_next_stage(arguments);
	pipeline_begin_stage(arguments, next_stage ? run_next_stage : NULL);
	if (has_run[tool - tools] || llvm_is_shut_down)
		pipeline_start_afresh();
	has_run[tool - tools] = true;
	system_name_process(tool->name);
	while (arguments[count] && strcmp(arguments[count], ":"))
		count++;
	char **own = xcalloc(count + 1, sizeof *own);
	memcpy(own, arguments, count * sizeof *own);
	exit(tool->main(count, own));
}

/* Takes --tool=NAME from the front of the arguments: it is the name that counts. */
static void take_name(int *argc, char ***argv)
{
	static const char option[] = "--tool=";
	char *argument = *argc > 1 ? (*argv)[1] : "";

	if (strncmp(argument, option, sizeof option - 1))
		return;
	*argc -= 1;
	*argv += 1;
	**argv = argument + sizeof option - 1;
}

int main(int argc, char **argv)
{
	struct words words = {0};

	take_name(&argc, &argv);
	if (!argc)
		fail_to_find(NULL);
	check_stages((char *[]){argv[0], NULL});
	words_expand(&words, (const char *const *)argv, argc);
	array_add(&words, NULL);
	check_stages((char **)words.items);
	run_stage((char **)words.items);
}
