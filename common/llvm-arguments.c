#include "llvm-arguments.h"
#include "memory.h"
#include "message.h"
#include "system.h"
#include <llvm-c/Support.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* All options that LLVM knows here, a line `  --name=<value> - text` each. LLVM-C has no list of
 * them, and says nothing of an option that it does not know; but it prints help, and exits. */
static char *list_options(void)
{
	const char *arguments[] = {program_name, "--help-list-hidden"};
	int file = system_open_memory("options", true);
	pid_t child = file < 0 ? -1 : fork();

	if (child < 0)
		fail("--llvm-args:");
	if (child == 0) {
		dup2(file, STDOUT_FILENO);
		LLVMParseCommandLineOptions(2, arguments, "");
		exit(0);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status)
		fail("--llvm-args: LLVM cannot list its options");
	off_t size = lseek(file, 0, SEEK_END);
	char *text = xcalloc(size + 1, 1);
	if (pread(file, text, size, 0) != size)
		fail("--llvm-args:");
	close(file);
	return text;
}

static bool is_listed(const char *options, const char *argument)
{
	const char *name = argument + strspn(argument, "-");
	size_t length = strcspn(name, "=");

	for (const char *line = options; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		const char *listed = line + strspn(line, " ");
		listed += strspn(listed, "-");
		if (!strncmp(listed, name, length) && strchr("= \n", listed[length]))
			return true;
	}
	return false;
}

/* LLVM prints and exits, as if all were well, on these. */
static bool ends_program(const char *argument)
{
	static const char *const names[] = {
	    "h", "help", "help-hidden", "help-list", "help-list-hidden", "version"};
	const char *name = argument + strspn(argument, "-");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static const char *find_unknown(const struct list *given)
{
	char *options = given->count ? list_options() : NULL;

	for (size_t i = 0; i < given->count; i++)
		if (given->items[i][0] != '-' || !is_listed(options, given->items[i]))
			return given->items[i];
	return NULL;
}

const char *llvm_arguments_parse(const struct list *arguments, const struct list *given)
{
	const char *unknown = find_unknown(given);

	/* -stats, -debug-pass and their like print to standard error */
	message_pass_on |= given->count;

	for (size_t i = 0; i < given->count; i++)
		if (ends_program(given->items[i]))
			return xasprintf(
			    "'%s' would link nothing; ask LLVM's opt", given->items[i]);
	if (unknown)
		return xasprintf("LLVM has no option '%s'", unknown);
	/* LLVM says what is wrong with a value on standard error, and nowhere else */
	LLVMParseCommandLineOptions(arguments->count, arguments->items, "");
	char *complaint = message_take_captured();
	return *complaint ? complaint : NULL;
}
