#include "crash.h"
#include "demangle.h"
#include "diagnostic.h"
#include "resource-limits.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include <llvm-c/ErrorHandling.h>
#include <signal.h>
#include <stdlib.h>
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

const char *(*crash_input_of)(const char *function);
volatile bool crash_is_reading;

enum { LONGEST_TRACE = 1 << 14, SECONDS_TO_REPORT = 2 };

static struct sigaction llvm_action; /* LLVM's own, which prints its stack of passes */
static volatile sig_atomic_t entries, crash_signal;
static const char *volatile fatal_reason; /* LLVM's own words, where it has ended by itself */

/* What LLVM was at, of which there may be none. */
struct location {
	const char *pass, *function;
};
static struct location crash_location;

static void catch_crashes(void);

static const char *name_of_signal(int signal)
{
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		if (crashes[i].signal == signal)
			return crashes[i].name;
	return "";
}

static void write_text(const char *text)
{
	static char shown[512]; /* the stack may be gone */
	size_t size = strnlen(text, sizeof shown);

	memcpy(shown, text, size);
	message_write_error(shown, printable(shown, size, "\n"));
}

static _Noreturn void end(int status)
{
	output_abandon(status);
	_exit(status);
}

/* ` in pass 'instcombine'`, where that is known. */
static void write_quoted(const char *before, const char *name)
{
	if (!name)
		return;
	write_text(before);
	write_text(" '");
	write_text(name);
	write_text("'");
}

static void start_error(void)
{
	const char *subject = message_subject;

	write_text(message_speaker(LEVEL_ERROR));
	write_text(": error: ");
	write_text(subject ? subject : "");
	write_text(subject ? ": " : "");
}

/* Only what is safe in a signal handler: what has crashed may have left no memory to ask for, and
 * names stay mangled. */
static _Noreturn void say_least(int signal)
{
	start_error();
	write_text("LLVM crashed (");
	write_text(name_of_signal(signal));
	write_text(")");
	write_quoted(" in pass", crash_location.pass);
	write_quoted(" on function", crash_location.function);
	write_text("\n");
	end(1);
}

/* The part of text between the quotes that follow before: `Running pass "x" on function "f"` has
 * two, of either kind. NULL where there is none. Ends it. */
static char *quoted_after(char *text, const char *before)
{
	char *found = strstr(text, before), *end;

	if (!found)
		return NULL;
	found += strlen(before);
	if (*found != '"' && *found != '\'')
		return NULL;
	found++;
	end = strchr(found, found[-1]);
	if (!end)
		return NULL;
	*end = '\0';
	return found;
}

/* The last line of LLVM's stack that names a pass. */
static struct location read_trace(char *trace)
{
	struct location location = {NULL, NULL};

	for (char *line = strtok(trace, "\n"); line; line = strtok(NULL, "\n")) {
		char *on = strstr(line, " on function "), *function = NULL;
		if (on)
			function = quoted_after(on, " on function ");
		char *pass = quoted_after(line, "Running pass ");
		if (!pass)
			continue;
		location.pass = pass;
		location.function = function && *function == '@' ? function + 1 : function;
	}
	return location;
}

/* ` in pass 'instcombine' on function 'a::f'`, as far as that is known. */
static char *describe_location(struct location location)
{
	char *function = location.function ? demangle_or_copy(location.function) : NULL;

	return xasprintf("%s%s%s%s%s%s", location.pass ? " in pass '" : "",
	    location.pass ? location.pass : "", location.pass ? "'" : "",
	    function ? " on function '" : "", function ? function : "", function ? "'" : "");
}

/* What LLVM and the C++ library print where an allocation has failed. */
static bool tells_of_memory(const char *trace)
{
	return strstr(trace, "LLVM ERROR: out of memory") || strstr(trace, "std::bad_alloc") ||
	       strstr(trace, "std::length_error") || strstr(trace, "Internal Error in libarchive");
}

static _Noreturn void die_of_limit(const char *text)
{
	start_error();
	write_text(text);
	write_text("\n");
	end(1);
}

static _Noreturn void report_crash(int signal)
{
	static char trace[LONGEST_TRACE + 1];
	const char *subject = message_subject, *name = name_of_signal(signal);

	message_read_captured(trace, LONGEST_TRACE);
	if (tells_of_memory(trace))
		die_of_limit(limits_memory_text());
	crash_location = read_trace(trace);
	const char *input =
	    crash_input_of && !crash_is_reading ? crash_input_of(crash_location.function) : NULL;
	subject = input ? input : subject ? subject : "";
	const char *colon = *subject ? ": " : "";
	char *where = describe_location(crash_location);
	if (fatal_reason)
		message(LEVEL_ERROR, "%s%s%s%s%s%s", subject, colon, fatal_reason,
		    *where ? " (" : "", *where ? where + 1 : "", *where ? ")" : "");
	else if (crash_is_reading)
		message(LEVEL_ERROR,
		    "%s%sLLVM crashed (%s) while reading this; the input may be corrupt", subject,
		    colon, name);
	else
		message(LEVEL_ERROR,
		    "%s%sLLVM crashed (%s)%s; report this to LLVM, with what bpf-linker "
		    "--save-temps keeps",
		    subject, colon, name, where);
	end(1);
}

static void die_of_slowness(int unused)
{
	(void)unused;
	say_least(crash_signal);
}

/* LLVM's handler raises the signal again, and what is damaged may crash it, or what is done here.
 */
static void die_of_crash(int signal, siginfo_t *info, void *context)
{
	struct sigaction slow = {.sa_handler = die_of_slowness};

	switch (entries++) {
	case 0:
		crash_signal = signal;
		if (diagnostic_wants_other_llvm())
			end(STATUS_UNREADABLE);
		if (message_error_was_said())
			end(1);
		sigaction(SIGALRM, &slow, NULL);
		alarm(SECONDS_TO_REPORT);
		catch_crashes();
		if (llvm_action.sa_flags & SA_SIGINFO && llvm_action.sa_sigaction)
			llvm_action.sa_sigaction(signal, info, context);
		else if (llvm_action.sa_handler)
			llvm_action.sa_handler(signal);
		entries++;
		report_crash(signal);
	case 1:
		catch_crashes();
		report_crash(signal);
	default:
		say_least(signal);
	}
}

/* libarchive ends the program itself where memory runs out; our own end is _exit. */
static void die_of_exit(void)
{
	static char text[LONGEST_TRACE + 1];

	message_read_captured(text, LONGEST_TRACE);
	if (tells_of_memory(text))
		die_of_limit(limits_memory_text());
}

static void die_of_request(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	output_remove_temporaries();
	sigaction(signal, &action, NULL);
	raise(signal);
}

/* SIGXCPU */
static void die_of_time(int unused)
{
	(void)unused;
	if (message_error_was_said())
		end(1);
	die_of_limit(limits_time_text());
}

/* LLVM has printed why, and more of it than is of use. */
static _Noreturn void die_of_broken_module(void)
{
	const char *subject = message_subject;
	char *text = message_take_captured();

	text[strcspn(text, "\n")] = '\0';
	fail("%s%sis not valid LLVM IR: %s", subject ? subject : "", subject ? ": " : "", text);
}

static void die_of_llvm(const char *reason)
{
	if (diagnostic_wants_other_llvm())
		fail_silently(STATUS_UNREADABLE);
	if (message_error_was_said())
		fail_silently(1);
	if (!strncmp(reason, "Broken module found", strlen("Broken module found")))
		die_of_broken_module();
	char *reworded = diagnostic_rewords ? diagnostic_rewords(reason) : NULL;
	if (reworded && *reworded)
		fail("%s", reworded);
	/* LLVM tells where it was to its own handler alone */
	fatal_reason = reason;
	raise(SIGABRT);
}

void crash_reset(void)
{
	crash_input_of = NULL;
	crash_is_reading = false;
}

/* A stack overflow leaves no stack to handle it on. */
static void catch_crashes(void)
{
	static char stack[1 << 18];
	struct sigaction action = {
	    .sa_sigaction = die_of_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		sigaction(crashes[i].signal, &action, NULL);
}

static void catch_requests(void)
{
	static const int requests[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {
	    .sa_handler = die_of_request, .sa_flags = SA_ONSTACK | SA_RESETHAND};
	static struct sigaction hangup; /* what it was at first */
	static bool is_known;

	if (!is_known)
		is_known = !sigaction(SIGHUP, NULL, &hangup);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		sigaction(requests[i], &action, NULL);
	/* nohup; SIGINT is ignored by all that a shell starts with & */
	if (hangup.sa_handler == SIG_IGN)
		sigaction(SIGHUP, &hangup, NULL);
	signal(SIGXCPU, die_of_time);
	/* the write fails then, and says why */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

void crash_catch(void)
{
	catch_crashes();
	catch_requests();
}

void crash_catch_llvm(void)
{
	static bool is_caught;

	if (is_caught)
		return;
	is_caught = true;
	atexit(die_of_exit);
	LLVMInstallFatalErrorHandler(die_of_llvm);
	LLVMEnablePrettyStackTrace();
	sigaction(SIGABRT, NULL, &llvm_action);
	crash_catch();
}
