#include "resource-limits.h"
#include <stdio.h>
#include <sys/resource.h>

/* AddressSanitizer takes terabytes for itself; clang says otherwise than gcc that it is there. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { LIMITS_MEMORY = 0 };
#else
enum { LIMITS_MEMORY = 1 };
#endif

/* A module takes about ten times the bytes of its bitcode, and tens of megabytes are read in a
 * second; an emulator needs twenty times as long. */
enum { MEBIBYTES = 2048, MEBIBYTES_FOR_ONE = 16, SECONDS = 15, MEBIBYTES_IN_A_SECOND = 1 };
static const size_t mebibyte = 1 << 20;

struct limit {
	int resource;
	rlim_t unit;
	const char *unit_name, *fault;
	struct rlimit at_start;
	rlim_t used;    /* when it was set */
	char text[160]; /* what to say where it is reached */
};

static struct limit memory = {RLIMIT_DATA, 1 << 20, "MiB", "out of memory"},
		    cpu_time = {RLIMIT_CPU, 1, "s", "out of CPU time"};
static bool are_set;
bool limits_are_off;

static void set(struct limit *limit, rlim_t units)
{
	struct rlimit wanted = limit->at_start;

	if (wanted.rlim_cur <= (limit->used + units) * limit->unit)
		return;
	wanted.rlim_cur = (limit->used + units) * limit->unit;
	if (setrlimit(limit->resource, &wanted))
		return;
	snprintf(limit->text, sizeof limit->text,
	    "%s: reading took more than %llu %s; the input may be corrupt, or --no-limits lifts "
	    "this limit",
	    limit->fault, (unsigned long long)units, limit->unit_name);
}

static void set_for(size_t bytes)
{
	size_t mebibytes = bytes / mebibyte;

	if (LIMITS_MEMORY)
		set(&memory, MEBIBYTES + mebibytes * MEBIBYTES_FOR_ONE);
	set(&cpu_time, SECONDS + mebibytes / MEBIBYTES_IN_A_SECOND);
}

/* A process may have been another program before. */
static rlim_t seconds_used(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
}

void limits_set(void)
{
	if (limits_are_off || getrlimit(memory.resource, &memory.at_start) ||
	    getrlimit(cpu_time.resource, &cpu_time.at_start))
		return;
	are_set = true;
	cpu_time.used = seconds_used();
	set_for(0);
}

void limits_raise(size_t bytes)
{
	if (are_set && bytes >= mebibyte)
		set_for(bytes);
}

static void lift(struct limit *limit)
{
	setrlimit(limit->resource, &limit->at_start);
	limit->text[0] = '\0';
}

void limits_lift(void)
{
	if (!are_set)
		return;
	are_set = false;
	lift(&memory);
	lift(&cpu_time);
}

void limits_allow_files(bool allow)
{
	static struct rlimit at_start;
	struct rlimit none = {0};

	/* AddressSanitizer opens /proc/self/maps, where a signal has come */
	if (!LIMITS_MEMORY)
		return;
	if (allow) {
		setrlimit(RLIMIT_NOFILE, &at_start);
	} else if (!getrlimit(RLIMIT_NOFILE, &at_start)) {
		none.rlim_max = at_start.rlim_max;
		setrlimit(RLIMIT_NOFILE, &none);
	}
}

static const char *text_of(const struct limit *limit)
{
	return limit->text[0] ? limit->text : limit->fault;
}

const char *limits_memory_text(void)
{
	return text_of(&memory);
}

const char *limits_time_text(void)
{
	return text_of(&cpu_time);
}
