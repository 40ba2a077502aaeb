#include "crash.h"
#include "message.h"
#include "output.h"
#include <llvm-c/ErrorHandling.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *exit_text_of; /* what crash_catch_exit was given, NULL when off */
static int saved_stderr, caught_stderr;

static void write_text(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* Only what is safe in a signal handler. */
static void die_of_crash(int signal)
{
	const char *subject = message_subject;

	write_text(program_name);
	write_text(": error: ");
	write_text(subject ? subject : "");
	write_text(subject ? ": " : "");
	write_text("LLVM crashed (SIG");
	write_text(sigabbrev_np(signal));
	write_text("); is the input intact?\n");
	output_abandon();
	_exit(1);
}

static void die_of_request(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	output_abandon();
	sigaction(signal, &action, NULL);
	raise(signal);
}

static void die_of_llvm(const char *reason)
{
	const char *subject = message_subject;

	fail("%s%s%s", subject ? subject : "", subject ? ": " : "", reason);
}

static void die_of_exit(void)
{
	static char text[4096];

	if (!exit_text_of)
		return;
	dup2(saved_stderr, STDERR_FILENO);
	ssize_t length = pread(caught_stderr, text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	fail_usage("%s: %s", exit_text_of, text);
}

void crash_catch_exit(const char *what)
{
	exit_text_of = strdup(what);
	saved_stderr = dup(STDERR_FILENO);
	caught_stderr = memfd_create("stderr", MFD_CLOEXEC);
	if (caught_stderr >= 0)
		dup2(caught_stderr, STDERR_FILENO);
	atexit(die_of_exit);
}

void crash_release_exit(void)
{
	exit_text_of = NULL;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(caught_stderr);
}

void crash_catch(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP};
	static const int requests[] = {SIGINT, SIGTERM, SIGHUP};
	static char stack[1 << 16]; /* a stack overflow leaves none to handle it on */
	struct sigaction action = {.sa_handler = die_of_crash, .sa_flags = SA_ONSTACK | SA_RESETHAND};

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		sigaction(crashes[i], &action, NULL);
	action.sa_handler = die_of_request;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		sigaction(requests[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	LLVMInstallFatalErrorHandler(die_of_llvm);
}
