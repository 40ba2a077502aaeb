#include "libllvm.h"
#include "input.h"
#include "llvm-version.h"
#include "memory.h"
#include "message.h"
#include "pipeline.h"
#include "system.h"
#include <llvm-c/Core.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where this LLVM cannot be used. */
static void leave_it_to_others(bool reads_stdin)
{
	if (pipeline_may_retry())
		fail_silently(STATUS_UNREADABLE);
	/* in a pipe, a stage before fails of the same, and says so */
	if (reads_stdin && pipeline_has_driver())
		input_fail_with_producer();
}

void libllvm_refuse(const char *format, ...)
{
	const char *path = libllvm_path();
	va_list arguments;
	char *reason;

	va_start(arguments, format);
	if (vasprintf(&reason, format, arguments) < 0)
		reason = "";
	va_end(arguments);
	leave_it_to_others(true);
	fail("%s%sLLVM %s %s%s", path ? path : "", path ? ": " : "", libllvm_version(), reason,
	    path ? "; set BPF_LINKER_LIBLLVM to another libLLVM" : "");
}

bool libllvm_is_linked_in(void)
{
#ifdef LLVM_STATIC
	return true;
#else
	return false;
#endif
}

#ifndef LLVM_ANY

void libllvm_load(bool reads_stdin)
{
	(void)reads_stdin;
}

unsigned libllvm_major(void)
{
	return LLVM_VERSION_MAJOR;
}

const char *libllvm_version(void)
{
	return LLVM_VERSION_STRING;
}

const char *libllvm_path(void)
{
	return NULL;
}

bool libllvm_has_debug_records(void)
{
	return DECLARES_DEBUG_RECORDS;
}

#else

#include <dlfcn.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path;
static unsigned version[3];

static _Noreturn void fail_of_missing(const char *function)
{
	fail("%s: LLVM %s has no function %s; set BPF_LINKER_LIBLLVM to another libLLVM", path,
	    libllvm_version(), function);
}

/* A pointer for each function, to one that says that it is missing. */
#define DEFINE(name) \
	static void no_##name(void) \
	{ \
		fail_of_missing("LLVM" #name); \
	} \
	__typeof__(*LLVM##name) *found_LLVM##name = (void *)no_##name;
LIBLLVM_FUNCTIONS(DEFINE)

#define ENTRY(name) {"LLVM" #name, (void **)&found_LLVM##name},
static const struct {
	const char *name;
	void **function;
} functions[] = {LIBLLVM_FUNCTIONS(ENTRY)};

/* The first line that the program writes; NULL where it fails. */
static char *output_of(const char *program)
{
	int ends[2], status;
	char *line = NULL;
	size_t room = 0;

	if (pipe(ends))
		fail("%s:", program);
	signal(SIGCHLD, SIG_DFL); /* where it is ignored, there is nothing to wait for */
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(program, program, NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *output = xchecked(fdopen(ends[0], "r"));
	ssize_t length = getline(&line, &room, output);
	if (length < 0 && !feof(output))
		fail("%s:", program);
	fclose(output);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status || length < 1 || *line == '\n')
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static const char *find_library(void)
{
	char *program = system_program();

	if (!program)
		fail("the file of this program is not known:");
	const char *folder = dirname(program);
	char *finder = xasprintf("%s/find-libllvm", folder);
	if (access(finder, X_OK)) /* bpf-extract is above the toolsets */
		finder = xasprintf("%s/llvm-any/find-libllvm", folder);
	const char *found = output_of(finder);
	if (!found)
		fail("no libLLVM was found here; install one of LLVM %d or newer, or set "
		     "BPF_LINKER_LIBLLVM to its file",
		    OLDEST_LLVM);
	return found;
}

static const char *load(void)
{
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return dlerror();
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		void *function = dlsym(library, functions[i].name);
		if (function)
			*functions[i].function = function;
	}
	if (!dlsym(library, "LLVMGetVersion"))
		return xasprintf("is no libLLVM of LLVM %d or newer", OLDEST_LLVM);
	LLVMGetVersion(&version[0], &version[1], &version[2]);
	if (version[0] < OLDEST_LLVM)
		return xasprintf(
		    "is of LLVM %s; %d or newer is needed", libllvm_version(), OLDEST_LLVM);
	if (!dlsym(library, "LLVMInitializeBPFTarget"))
		return "has no BPF target";
	return NULL;
}

void libllvm_load(bool reads_stdin)
{
	const char *wanted = getenv("BPF_LINKER_LIBLLVM");

	if (version[0]) /* a stage before has done it */
		return;
	path = wanted && *wanted ? wanted : find_library();
	const char *reason = load();
	/* a stage that starts afresh may not run the finder again */
	if (!reason && !setenv("BPF_LINKER_LIBLLVM", path, 1))
		return;
	leave_it_to_others(reads_stdin);
	/* dlerror names the file itself */
	fail("%s%s%s; set BPF_LINKER_LIBLLVM to the file of another libLLVM",
	    strncmp(reason, path, strlen(path)) ? path : "",
	    strncmp(reason, path, strlen(path)) ? ": " : "", reason);
}

unsigned libllvm_major(void)
{
	return version[0];
}

const char *libllvm_version(void)
{
	return xasprintf("%u.%u.%u", version[0], version[1], version[2]);
}

const char *libllvm_path(void)
{
	return path;
}

bool libllvm_has_debug_records(void)
{
	return DECLARES_DEBUG_RECORDS && version[0] >= 22;
}

#endif
