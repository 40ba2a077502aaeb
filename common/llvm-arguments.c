#include "llvm-arguments.h"
#include "message.h"
#include <llvm-c/Support.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a file that has been written to holds. */
static char *read_back(int file)
{
	off_t size = lseek(file, 0, SEEK_END);
	char *text = xcalloc(size + 1, 1);

	if (pread(file, text, size, 0) != size)
		*text = '\0';
	return text;
}

/* Sends what is written to the stream to memory, until end_capture returns it. */
static int begin_capture(int stream, int *saved)
{
	int file = memfd_create("captured", MFD_CLOEXEC);

	if (file < 0)
		fail("memfd_create:");
	*saved = dup(stream);
	dup2(file, stream);
	return file;
}

static char *end_capture(int stream, int saved, int file)
{
	dup2(saved, stream);
	close(saved);
	char *text = read_back(file);
	close(file);
	return text;
}

/* All options that LLVM knows here, a line `  --name=<value> - text` each. LLVM-C has no list of
 * them, and says nothing of an option that it does not know; but it prints help, and exits. */
static char *list_options(void)
{
	const char *arguments[] = {program_name, "--help-list-hidden"};
	int saved, file = begin_capture(STDOUT_FILENO, &saved);
	pid_t child = fork();

	if (child < 0)
		fail("fork:");
	if (child == 0) {
		LLVMParseCommandLineOptions(2, arguments, "");
		exit(0);
	}
	waitpid(child, NULL, 0);
	return end_capture(STDOUT_FILENO, saved, file);
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
	int saved, file;

	if (unknown)
		return xasprintf("LLVM has no option '%s'", unknown);
	if (!given->count) {
		LLVMParseCommandLineOptions(arguments->count, arguments->items, "");
		return NULL;
	}
	file = begin_capture(STDERR_FILENO, &saved);
	LLVMParseCommandLineOptions(arguments->count, arguments->items, "");
	char *complaint = end_capture(STDERR_FILENO, saved, file);
	return *complaint ? complaint : NULL;
}
