#include "options.h"
#include "crash.h"
#include "input.h"
#include "libllvm.h"
#include "resource-limits.h"
#include "sandbox.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "standard-files.h"
#include "system.h"
#include "words.h"
#include <getopt.h>
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char *output_path;
bool llvm_is_shut_down;

static const char *level_name, *log_path;
static bool wants_help, wants_version, wants_time;
static struct timespec start_time;
static struct rusage start_usage; /* what other stages have cost in this process */

static const struct option_spec common_options[] = {
    {"output", 'o', OPTION_TEXT, &output_path, "FILE", "write to FILE (default: standard output)"},
    {"log-level", 0, OPTION_CHOICE, &level_name, "LEVEL",
	"log at LEVEL: off, error, warn, info, debug or trace (default: warn)",
	message_level_names},
    {"log-file", 0, OPTION_TEXT, &log_path, "FILE",
	"append the log to FILE (default: standard error)"},
    {"time", 0, OPTION_FLAG, &wants_time, NULL, "say what the run cost, on standard error"},
    {"no-limits", 0, OPTION_FLAG, &limits_are_off, NULL,
	"let reading the input take any memory and CPU time (default: off)"},
    {"no-sandbox", 0, OPTION_FLAG, &sandbox_is_off, NULL,
	"let the tool run programs, use the network and write any file (default: off)"},
    {"help", 'h', OPTION_FLAG, &wants_help, NULL, "print this help"},
    {"version", 'V', OPTION_FLAG, &wants_version, NULL, "print the version, and LLVM's"},
    {NULL},
};

enum { MOST_OPTIONS = 64 };

/* A tool's own options, then the common ones. */
struct all_options {
	const struct option_spec *specs[MOST_OPTIONS];
	size_t count;
};

/* What the options of the stage were before its command line was read. */
union option_value {
	bool flag;
	const char *text;
	struct list list;
};
static struct all_options stage_options;
static union option_value first_values[MOST_OPTIONS];

static size_t size_of_value(const struct option_spec *spec)
{
	switch (spec->kind) {
	case OPTION_FLAG:
	case OPTION_BOOL:
		return sizeof(bool);
	case OPTION_TEXT:
	case OPTION_CHOICE:
		return sizeof(const char *);
	case OPTION_TEXTS:
	case OPTION_LIST:
		return sizeof(struct list);
	case OPTION_OPERAND:
		break;
	}
	return 0;
}

static void keep_values(void)
{
	for (size_t i = 0; i < stage_options.count; i++) {
		const struct option_spec *spec = stage_options.specs[i];
		if (spec->value)
			memcpy(&first_values[i], spec->value, size_of_value(spec));
	}
}

static void restore_values(void)
{
	for (size_t i = 0; i < stage_options.count; i++) {
		const struct option_spec *spec = stage_options.specs[i];
		if (spec->value)
			memcpy(spec->value, &first_values[i], size_of_value(spec));
	}
}

static struct all_options gather(const struct tool *tool)
{
	struct all_options all = {.count = 0};

	for (const struct option_spec *const *table = tool->tables; *table; table++)
		for (const struct option_spec *spec = *table; spec->help; spec++)
			all.specs[all.count++] = spec;
	for (const struct option_spec *spec = common_options; spec->help; spec++)
		all.specs[all.count++] = spec;
	return all;
}

void list_add(struct list *list, const char *item)
{
	array_add(list, item);
	list->given = true;
}

static void add_operand(struct operands *operands, char letter, const char *text)
{
	array_add(operands, (struct operand){letter, text});
}

/* Parts are separated by commas; one that is a part of a name has a backslash in front of it, and
 * so has a backslash itself. */
static void add_parts(struct list *list, const char *text)
{
	char *part = xstrdup(text), *end = part;

	list->given = true;
	for (;; text++) {
		if (*text && *text != ',') {
			text += *text == '\\' && (text[1] == ',' || text[1] == '\\');
			*end++ = *text;
			continue;
		}
		*end++ = '\0';
		if (*part)
			list_add(list, part);
		part = end;
		if (!*text)
			return;
	}
}

static char *join(const char *const *words)
{
	char *text = xasprintf("%s", words[0]);

	for (words++; *words; words++)
		text = xasprintf("%s, %s", text, *words);
	return text;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* An option as the user writes it. */
static const char *form_of(const struct option_spec *spec)
{
	return spec->name ? xasprintf("--%s", spec->name) : xasprintf("-%c", spec->letter);
}

static void take(const struct option_spec *spec, const char *text, struct operands *operands)
{
	static const char *const truths[] = {"true", "false", NULL};
	const char *const *choices = spec->kind == OPTION_BOOL ? truths : spec->choices;

	if (choices && !is_one_of(text, choices))
		fail_usage("invalid value '%s' for '%s' (possible values: %s)", text, form_of(spec),
		    join(choices));
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)spec->value = true;
		break;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		*(const char **)spec->value = text;
		break;
	case OPTION_TEXTS:
		list_add(spec->value, text);
		break;
	case OPTION_LIST:
		add_parts(spec->value, text);
		break;
	case OPTION_BOOL:
		*(bool *)spec->value = !strcmp(text, "true");
		break;
	case OPTION_OPERAND:
		add_operand(operands, spec->letter, text);
		break;
	}
}

static void print_help(const struct tool *tool, const struct all_options *all)
{
	printf("Usage: %s [options] %s\n\n%s\n\nOptions:\n", tool->name, tool->operands,
	    tool->purpose);
	for (size_t i = 0; i < all->count; i++) {
		const struct option_spec *spec = all->specs[i];
		const char *both = spec->letter ? xasprintf("-%c, --%s", spec->letter, spec->name)
						: xasprintf("    --%s", spec->name);
		char *form = xasprintf("%s%s%s", spec->name ? both : form_of(spec),
		    spec->placeholder ? " " : "", spec->placeholder ? spec->placeholder : "");
		printf("  %-40s %s\n", form, spec->help);
	}
}

static struct operands parse(const struct all_options *all, int argc, char **argv)
{
	struct option longs[MOST_OPTIONS + 1] = {{0}};
	char shorts[3 * MOST_OPTIONS] = "-:"; /* operands in order; `:` for a missing value */
	struct operands operands = {NULL, 0};
	int choice, index;
	size_t long_count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct option_spec *spec = all->specs[i];
		if (spec->name)
			longs[long_count++] =
			    (struct option){spec->name, spec->kind != OPTION_FLAG, NULL, 256 + i};
		if (spec->letter)
			sprintf(shorts + strlen(shorts), "%c%s", spec->letter,
			    spec->kind == OPTION_FLAG ? "" : ":");
	}
	opterr = 0;
	optind = 0; /* another stage may have had its options read */
	while ((choice = getopt_long(argc, argv, shorts, longs, &index)) != -1) {
		const struct option_spec *spec = NULL;
		if (choice >= 256)
			spec = all->specs[choice - 256];
		for (size_t i = 0; choice < 256 && i < all->count; i++)
			if (all->specs[i]->letter == choice)
				spec = all->specs[i];
		if (spec)
			take(spec, optarg, &operands);
		else if (choice == 1)
			add_operand(&operands, 0, optarg);
		else if (choice == ':')
			fail_usage("option '%s' needs a value", argv[optind - 1]);
		else if (optopt >= 256)
			fail_usage("option '--%s' takes no value", all->specs[optopt - 256]->name);
		else if (optopt)
			fail_usage("unknown option '-%c'", optopt);
		else
			fail_usage("unknown option '%s'", argv[optind - 1]);
	}
	for (; optind < argc; optind++)
		add_operand(&operands, 0, argv[optind]);
	return operands;
}

static void set_log(void)
{
	if (log_path) {
		int file = output_open_log(log_path);
		if (file < 0)
			fail("%s:", log_path);
		message_set_file(file);
	}
	if (!level_name)
		return;
	for (enum message_level level = LEVEL_OFF; message_level_names[level]; level++)
		if (!strcmp(level_name, message_level_names[level]))
			message_set_level(level);
}

static void print_version(const struct tool *tool)
{
	libllvm_load(false);
	if (tool->check)
		tool->check();
	printf("%s %s\nLLVM %s", tool->name, VERSION, libllvm_version());
	if (libllvm_path()) {
		char *path = xasprintf("%s", libllvm_path());
		path[printable(path, strlen(path), "")] = '\0';
		printf(" (%s)", path);
	}
	printf("\n");
}

/* The sandbox is for all stages of the process: what later ones write is told by their words. */

/* Whether a word is the option of that name, which may be cut short. */
static bool is_option(const char *word, const char *name)
{
	size_t length = strcspn(word, "=");

	return length > 2 && !strncmp(word, "--", 2) && !strncmp(word + 2, name, length - 2);
}

static void note_needs(struct sandbox_needs *needs, char **word)
{
	static const char *const outputs[] = {"output", "map", "dump-module"};
	const char *equals = strchr(*word, '='), *value = equals ? equals + 1 : word[1],
		   *place = NULL;

	for (size_t i = 0; value && i < sizeof outputs / sizeof *outputs; i++)
		if (is_option(*word, outputs[i]))
			place = output_place(value, false);
	if (!strncmp(*word, "-o", 2) && ((*word)[2] || word[1]))
		place = output_place((*word)[2] ? *word + 2 : word[1], false);
	if (value && is_option(*word, "log-file"))
		place = output_place(value, true);
	if (place)
		array_add(&needs->places, place);
	/* some of LLVM's options name files, and some passes make them in the working directory */
	needs->writes_any_file |= is_option(*word, "llvm-args") || is_option(*word, "passes");
}

static void enter_sandbox(char **own_words)
{
	struct sandbox_needs needs = {
	    .runs_itself = pipeline_has_next_stage(), .programs = pipeline_toolsets()};

	for (char **word = pipeline_has_next_stage() ? pipeline_words() : own_words; *word; word++)
		note_needs(&needs, word);
	sandbox_enter(&needs);
}

struct operands tool_start(const struct tool *tool, int argc, char **argv)
{
	clock_gettime(CLOCK_MONOTONIC, &start_time);
	if (pipeline_has_stage_before())
		getrusage(RUSAGE_SELF, &start_usage);
	stage_options = gather(tool);
	keep_values();
	program_name = tool->name;
	standard_files_guard();
	message_cleanup = output_abandon;
	pipeline_before_exec = output_leave_to_next_program;
	pipeline_join();
	crash_catch();
	struct words words = {0};
	words_expand(&words, (const char *const *)argv, argc);
	array_add(&words, NULL);
	struct operands operands = parse(&stage_options, words.count - 1, (char **)words.items);
	if (wants_help)
		print_help(tool, &stage_options);
	else if (wants_version)
		print_version(tool);
	if (wants_help || wants_version) {
		if (fflush(stdout) || ferror(stdout))
			fail("<stdout>:");
		_exit(0);
	}
	if (operands.count > tool->most_operands)
		fail_usage("too many operands: '%s'", operands.items[tool->most_operands].text);
	if (output_path && strcmp(output_path, "-") != 0)
		pipeline_set_output(-1); /* what reads standard output is no stage */
	set_log();
	libllvm_load(!operands.count || !strcmp(operands.items[0].text, "-"));
	message_capture_stderr();
	crash_catch_llvm();
	/* what another stage has made is no stranger's, and its cost would count */
	if (!pipeline_has_stage_before()) {
		limits_set();
		enter_sandbox((char **)words.items);
	}
	return operands;
}

static double seconds(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

static void say_cost(void)
{
	struct timespec now;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &usage);
	double wall = now.tv_sec - start_time.tv_sec + (now.tv_nsec - start_time.tv_nsec) / 1e9;
	double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime) -
		     seconds(start_usage.ru_utime) - seconds(start_usage.ru_stime);
	dprintf(message_file(),
	    "%-16s wall %8.1f ms  cpu %8.1f ms  peak %7.1f MB  in %9.1f kB  out %9.1f kB\n",
	    program_name, wall * 1e3, cpu * 1e3,
	    (system_peak_memory(&usage) - system_peak_memory(&start_usage)) / 1024.0,
	    input_bytes / 1e3, output_bytes / 1e3);
}

bool tool_hands_on_in_memory(void)
{
	return pipeline_has_next_stage() && !wants_time && !message_pass_on;
}

void tool_finish_with(int status)
{
	if (message_pass_on) {
		LLVMShutdown(); /* prints what -stats and -time-passes have gathered */
		llvm_is_shut_down = true;
	}
	message_release_stderr();
	if (wants_time)
		say_cost();
	restore_values();
	pipeline_start_next_stage();
	/* not exit(): nothing that LLVM would still free is of use */
	_exit(status);
}

void tool_finish(void)
{
	tool_finish_with(0);
}
