#include "pipeline.h"
#include "message.h"
#include "standard-files.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The mark of the highest status; it has LEAST_MARK newlines for status 1. */
static const char mark[] = "\n\n\n\n\n";
enum { LEAST_MARK = 3 };

static const char *driver; /* its process number */
static pid_t forked_by;    /* the process of the stages after this one */
static bool may_retry, is_last_stage;
static int output_file = STDOUT_FILENO;

static void give_up(int unused)
{
	(void)unused;
	if (message_cleanup)
		message_cleanup(STATUS_UNREADABLE);
	_exit(STATUS_UNREADABLE);
}

void pipeline_join(void)
{
	const char *limit = getenv("BPF_LINKER_TIME_LIMIT");

	driver = getenv("BPF_LINKER_PIPELINE");
	if (!driver)
		return;
	may_retry = getenv("BPF_LINKER_RETRY");
	if (limit) {
		signal(SIGALRM, give_up);
		alarm(atoi(limit));
	}
	/* a driver that is killed must leave no stage behind */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if ((kill(atoi(driver), 0) && errno == ESRCH) || (forked_by && forked_by != getppid()))
		_exit(1);
	if (atoi(driver) != getppid() && !forked_by)
		fail("the bpf-linker that BPF_LINKER_PIPELINE names, process %s, is not what "
		     "started this",
		    driver);
}

bool pipeline_fork(const char *stage)
{
	pid_t self = getpid(), child = -1;
	int ends[2];

	program_name = stage;
	standard_files_guard();
	if (!pipe(ends))
		child = fork();
	if (child < 0)
		fail("cannot start the next stage:");
	standard_file_replace(child ? STDIN_FILENO : STDOUT_FILENO, ends[child ? 0 : 1]);
	close(ends[child ? 1 : 0]);
	if (!child) {
		forked_by = self;
		return true;
	}
	unsetenv("BPF_LINKER_RETRY"); /* it is the first stage's */
	setenv("BPF_LINKER_STAGE_BEFORE", stage, true);
	return false;
}

void pipeline_wait(void)
{
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

bool pipeline_has_driver(void)
{
	return driver;
}

bool pipeline_may_retry(void)
{
	return may_retry;
}

void pipeline_set_last_stage(void)
{
	is_last_stage = true;
}

bool pipeline_is_last_stage(void)
{
	return is_last_stage;
}

void pipeline_set_output(int file)
{
	output_file = file;
}

/* Whether a stage may read our output. */
static bool feeds_next_stage(void)
{
	return output_file == STDOUT_FILENO && !is_last_stage;
}

void pipeline_wait_for(int file)
{
	int reader = feeds_next_stage() ? STDOUT_FILENO : -1;
	struct pollfd files[] = {{file, POLLIN, 0}, {reader, 0, 0}};

	while (poll(files, 2, -1) < 0 && errno == EINTR)
		;
	if (!files[0].revents && files[1].revents & POLLERR)
		fail_silently(1);
}

void pipeline_fail_with_producer(const void *data, size_t size)
{
	if (size >= LEAST_MARK && size <= strlen(mark) && !memcmp(data, mark, size))
		fail_silently(size - LEAST_MARK + 1);
}

const char *pipeline_producer(void)
{
	return driver ? getenv("BPF_LINKER_STAGE_BEFORE") : NULL;
}

void pipeline_leave_mark(int exit_status)
{
	struct stat status;

	if (feeds_next_stage() && !fstat(STDOUT_FILENO, &status) && S_ISFIFO(status.st_mode))
		(void)!write(STDOUT_FILENO, mark, LEAST_MARK + exit_status - 1);
}
