/* Inputs of any kind, linked by bpf-linker as its users call it. Whatever the input holds: an
 * object, or one error that names it, the old output as it was, and nothing left behind; in bounds
 * of time and memory.
 *
 * The environment, beside the fuzzer's own: FUZZ_LINKER is the bpf-linker to try; FUZZ_OUTCOMES, if
 * it is there, a file that gets the outcome of each link in a line; FUZZ_FINDS a folder for what is
 * found, which does not end the fuzzer then.
 */
#include "harness.h"
#include "memory.h"
#include "message.h"
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST_SECONDS = 20,          /* of CPU time, for all of a link */
	MOST_SECONDS_TO_WAIT = 120, /* where the machine has other work */
	MOST_MEBIBYTES = 2048,      /* of any stage */
	MILLISECONDS_TO_END = 2000, /* for stages, after the driver */
};
static const char input_name[] = "mutant", old_output[] = "precious\n";
extern char **environ;

struct link {
	int status; /* as waitpid has it */
	bool is_late, leaves_processes;
	double seconds; /* of CPU time */
	long mebibytes; /* the most of a process */
	char *said;
};

static char *folder;
static int folder_file;

static void remove_folder(void)
{
	unlinkat(folder_file, input_name, 0);
	unlinkat(folder_file, "out", 0);
	unlinkat(folder_file, "temporary", AT_REMOVEDIR);
	rmdir(folder); /* where the link has left something, it stays to be looked at */
}

static void make_folder(void)
{
	const char *parent = getenv("TMPDIR");

	folder = xasprintf("%s/fuzz-inputs.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		abort();
	folder_file = open(folder, O_PATH | O_CLOEXEC);
	if (folder_file < 0 || mkdirat(folder_file, "temporary", 0700))
		abort();
	atexit(remove_folder);
	char *temporary = xasprintf("%s/temporary", folder);
	setenv("TMPDIR", temporary, true);
	free(temporary);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* stages that the driver leaves behind come here */
}

static void write_file(const char *name, const void *data, size_t size)
{
	int file = openat(folder_file, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (file < 0 || write(file, data, size) != (ssize_t)size || close(file))
		abort();
}

static pid_t start_link(int output, bool with_btf)
{
	char *driver = getenv("FUZZ_LINKER");
	char *arguments[] = {driver, "-o", "out", (char *)input_name,
	    "--export=twice,number", /* for archives, of which else nothing would be linked */
	    with_btf ? "--btf" : NULL, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t process;

	if (!driver)
		abort();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	posix_spawn_file_actions_addchdir_np(&actions, folder);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	if (posix_spawn(&process, driver, &actions, &attributes, arguments, environ))
		abort();
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return process;
}

/* Whether a process of the link was there to be reaped, -1 where there are none. libFuzzer has
 * others. */
static int reap(struct link *link, pid_t driver, int options)
{
	struct rusage usage;
	int status;
	pid_t process = wait4(-driver, &status, options, &usage);

	if (process <= 0)
		return process < 0 && errno == ECHILD ? -1 : 0;
	if (process == driver)
		link->status = status;
	if (usage.ru_maxrss / 1024 > link->mebibytes)
		link->mebibytes = usage.ru_maxrss / 1024;
	link->seconds += usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
			 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	return 1;
}

static void wait_for(struct link *link, pid_t driver)
{
	struct pollfd end = {syscall(SYS_pidfd_open, driver, 0), POLLIN, 0};
	int result, waited = 0;

	while ((result = poll(&end, 1, MOST_SECONDS_TO_WAIT * 1000)) < 0 && errno == EINTR)
		;
	link->is_late = result == 0;
	close(end.fd);
	if (link->is_late)
		kill(-driver, SIGKILL);
	while ((result = reap(link, driver, WNOHANG)) >= 0 && waited < MILLISECONDS_TO_END)
		if (!result && ++waited)
			usleep(1000);
	link->leaves_processes = result >= 0;
	if (link->leaves_processes)
		kill(-driver, SIGKILL);
	while (result >= 0)
		result = reap(link, driver, 0);
}

static char *read_all(int file, size_t *size)
{
	*size = lseek(file, 0, SEEK_END);
	char *text = xcalloc(*size + 1, 1);
	if (pread(file, text, *size, 0) != (ssize_t)*size)
		abort();
	return text;
}

static struct link run_link(bool with_btf)
{
	struct link link = {0};
	int output = memfd_create("said", MFD_CLOEXEC);
	size_t size;

	if (output < 0 || fcntl(output, F_SETFL, O_APPEND))
		abort();
	wait_for(&link, start_link(output, with_btf));
	link.said = read_all(output, &size);
	close(output);
	return link;
}

/* What is wrong with the messages, NULL for nothing. */
static const char *judge_messages(const struct link *link)
{
	char *text = xstrdup(link->said), *rest = text;
	const char *fault = NULL;
	int errors = 0;

	if (*text && text[strlen(text) - 1] != '\n')
		fault = "unfinished-line";
	for (char *line; (line = strsep(&rest, "\n")) && rest;) {
		char *colon = strstr(line, ": ");
		if (!is_shown_safely(line))
			fault = "unsafe-message";
		bool is_ours = !strncmp(line, "bpf-", 4) && colon;
		if (is_ours && !strncmp(colon, ": error: ", 9)) {
			errors++;
			if (!strstr(colon, input_name) && !strstr(colon, "nothing to link: "))
				fault = "error-without-input";
		} else if (!is_ours || strncmp(colon, ": warning: ", 11) != 0) {
			fault = "message-of-another";
		}
	}
	free(text);
	if (errors != (WEXITSTATUS(link->status) != 0))
		fault = errors ? "too-many-errors" : "no-error";
	return fault;
}

static bool has_only(const char *path, const char *const *names)
{
	DIR *directory = path ? opendir(path) : NULL;
	bool only = true;

	if (!directory)
		abort();
	for (struct dirent *entry; (entry = readdir(directory));) {
		const char *const *name = names;
		while (*name && strcmp(*name, entry->d_name))
			name++;
		only = only && *name;
	}
	closedir(directory);
	return only;
}

static const char *judge_files(const struct link *link)
{
	int file = openat(folder_file, "out", O_RDONLY | O_CLOEXEC);
	bool is_object = false, is_old = false;

	if (file >= 0) {
		size_t size;
		char *data = read_all(file, &size);
		close(file);
		is_old = size == sizeof old_output - 1 && !memcmp(data, old_output, size);
		const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;
		is_object =
		    size > sizeof *header && !memcmp(data, ELFMAG, SELFMAG) &&
		    (header->e_machine == EM_BPF || header->e_machine == (EM_BPF << 8 & 0xffff));
		free(data);
	}
	if (WEXITSTATUS(link->status) ? !is_old : !is_object)
		return WEXITSTATUS(link->status) ? "output-touched" : "no-object";
	if (!has_only(
		folder, (const char *const[]){".", "..", input_name, "out", "temporary", NULL}) ||
	    !has_only(getenv("TMPDIR"), (const char *const[]){".", "..", NULL}))
		return "file-left";
	return NULL;
}

static const char *judge(const struct link *link)
{
	const char *fault;

	if (link->is_late)
		return "late";
	if (!WIFEXITED(link->status) || WEXITSTATUS(link->status) > 2)
		return "status";
	if (link->leaves_processes)
		return "process-left";
	if (link->mebibytes > MOST_MEBIBYTES)
		return "memory";
	if (link->seconds > MOST_SECONDS)
		return "time";
	fault = judge_files(link);
	return fault ? fault : judge_messages(link);
}

static void append_line(const char *path, const char *line)
{
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (file && fprintf(file, "%s\n", line) < 0)
		abort();
	if (file && fclose(file))
		abort();
}

static void keep_find(const char *finds, const char *fault, const unsigned char *data, size_t size)
{
	static unsigned count;
	char *path = xasprintf("%s/%s-%ld-%u", finds, fault, (long)getpid(), count++);
	FILE *file = fopen(path, "we");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		abort();
	free(path);
}

void fuzz(const unsigned char *data, size_t size)
{
	static const char *const outcomes[] = {"linked", "refused", "refused the command line"};
	if (!folder)
		make_folder();
	write_file(input_name, data, size);
	write_file("out", old_output, sizeof old_output - 1);
	struct link link = run_link(size % 2);
	const char *fault = judge(&link);
	append_line(getenv("FUZZ_OUTCOMES"), fault ? "found" : outcomes[WEXITSTATUS(link.status)]);
	const char *finds = getenv("FUZZ_FINDS");
	if (fault && finds) {
		keep_find(finds, fault, data, size);
	} else if (fault) {
		printf("%s: status %#x, %.1f s, %ld MiB\n%s", fault, link.status, link.seconds,
		    link.mebibytes, link.said);
		expect(false, fault);
	}
	free(link.said);
}
