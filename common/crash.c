#include "crash.h"
#include "message.h"
#include "output.h"
#include <llvm-c/ErrorHandling.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct {
	int signal;
	const char *name;
} crashes[] = {
    {SIGSEGV, "SIGSEGV"},
    {SIGBUS, "SIGBUS"},
    {SIGABRT, "SIGABRT"},
    {SIGILL, "SIGILL"},
    {SIGFPE, "SIGFPE"},
    {SIGTRAP, "SIGTRAP"},
};

static void write_text(const char *text)
{
	(void)!write(message_file(), text, strlen(text));
}

/* Only what is safe in a signal handler. */
static void die_of_crash(int signal)
{
	const char *subject = message_subject;

	if (message_another_llvm_waits) {
		output_abandon(STATUS_UNREADABLE);
		_exit(STATUS_UNREADABLE);
	}
	if (message_error_was_said()) {
		output_abandon(1);
		_exit(1);
	}
	write_text(program_name);
	write_text(": error: ");
	write_text(subject ? subject : "");
	write_text(subject ? ": " : "");
	write_text("LLVM crashed (");
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		if (crashes[i].signal == signal)
			write_text(crashes[i].name);
	write_text("); is the input intact?\n");
	output_abandon(1);
	_exit(1);
}

static void die_of_request(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	output_remove_temporaries();
	sigaction(signal, &action, NULL);
	raise(signal);
}

static void die_of_llvm(const char *reason)
{
	const char *subject = message_subject;

	if (message_another_llvm_waits)
		fail_silently(STATUS_UNREADABLE);
	if (message_error_was_said())
		fail_silently(1);
	fail("%s%s%s", subject ? subject : "", subject ? ": " : "", reason);
}

void crash_catch(void)
{
	static const int requests[] = {SIGINT, SIGTERM, SIGHUP};
	static char stack[1 << 16]; /* a stack overflow leaves none to handle it on */
	struct sigaction action = {
	    .sa_handler = die_of_crash, .sa_flags = SA_ONSTACK | SA_RESETHAND};

	struct sigaction old;

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		sigaction(crashes[i].signal, &action, NULL);
	action.sa_handler = die_of_request;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		sigaction(requests[i], &action, &old);
	if (old.sa_handler ==
	    SIG_IGN) /* nohup; SIGINT is ignored by all that a shell starts with & */
		sigaction(SIGHUP, &old, NULL);
	/* the write fails then, and says why */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

void crash_catch_llvm(void)
{
	LLVMInstallFatalErrorHandler(die_of_llvm);
}
