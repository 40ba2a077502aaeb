/* bpf-driver: what bpf-linker, a shell script, needs and a shell does badly. */
#include "input.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "system.h"
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* words ARGUMENT...: prints them as a shell reads them, response files expanded. */
static int print_words(char **arguments, int count)
{
	struct words words = {0};

	words_expand(&words, (const char *const *)arguments, count);
	for (size_t i = 0; i < words.count; i++) {
		char *quoted = words_quote(words.items[i]);
		printf("%s ", quoted);
		free(quoted);
	}
	return 0;
}

/* symbols FILE: prints those of a file of --export-symbols as a list for --export. */
static int print_symbols(char **arguments, int count)
{
	struct input input = input_read_text(arguments[0]);
	const char *why, *comma = "";
	char *text = words_text(input, &why), *symbol;

	(void)count;
	if (!text)
		fail("%s: %s", input.name, why);
	for (; (symbol = words_next_symbol(&text)); comma = ",") {
		printf("%s", comma);
		for (; *symbol; symbol++) {
			if (*symbol == ',' || *symbol == '\\')
				putchar('\\');
			putchar(*symbol);
		}
	}
	return 0;
}

/* quote START END WORD...: prints START, the words as a shell reads them, response files expanded,
 * and END: a line. */
static int print_command(char **arguments, int count)
{
	struct words words = {0};

	words_expand(&words, (const char *const *)arguments + 2, count - 2);
	for (size_t i = 0; i < words.count; i++) {
		char *quoted = words_quote(words.items[i]);
		printf("%s%s", i ? " " : arguments[0], quoted);
		free(quoted);
	}
	printf("%s\n", arguments[1]);
	return 0;
}

/* say LOG LEVEL MESSAGE: the message, in the log too, unless LOG is empty. */
static int say(char **arguments, int count)
{
	enum message_level level = LEVEL_ERROR;

	(void)count;
	int log = *arguments[0] ? output_open_log(arguments[0]) : -1;
	if (log >= 0)
		message_set_file(log);
	message_set_level(LEVEL_TRACE);
	for (enum message_level i = LEVEL_OFF; message_level_names[i]; i++)
		if (!strcmp(arguments[1], message_level_names[i]))
			level = i;
	message(level, "%s", arguments[2]);
	return 0;
}

/* The log, -1 with errno set. The reader of a FIFO may just be starting. */
static int open_log(const char *path)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int log = output_open_log(path);
	struct stat status;

	if (log >= 0 || stat(path, &status) || !S_ISFIFO(status.st_mode))
		return log;
	for (int i = 0; i < 100 && log < 0 && errno == ENXIO; i++) {
		nanosleep(&pause, NULL);
		log = output_open_log(path);
	}
	if (log < 0 && errno == ENXIO)
		fail("cannot write log file '%s': nobody reads it", path);
	return log;
}

/* log FILE: empties it. */
static int empty_log(char **arguments, int count)
{
	(void)count;
	int log = open_log(arguments[0]);
	struct stat status;
	if (log < 0 || fstat(log, &status) || (S_ISREG(status.st_mode) && ftruncate(log, 0)))
		fail("cannot write log file '%s':", arguments[0]);
	return 0;
}

/* outputs OPTION FILE...: fails where two of the files are one. */
static int check_outputs(char **arguments, int count)
{
	for (int i = 3; i < count; i += 2)
		for (int other = 1; other < i; other += 2)
			if (output_is_same(arguments[other], arguments[i]))
				fail_usage("the outputs of '%s' and '%s' are one file, '%s'",
				    arguments[other - 1], arguments[i - 1], arguments[i]);
	return 0;
}

/* The number of letters to insert, remove, change or exchange with their neighbour: the restricted
 * Damerau-Levenshtein distance, https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance */
static unsigned distance(const char *a, const char *b)
{
	enum { LONGEST = 64 };
	unsigned rows[3][LONGEST + 1], length = strlen(b);

	if (strlen(a) > LONGEST || length > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= length; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= strlen(a); i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3],
			 *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= length; j++) {
			unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
			unsigned best = above[j] < row[j - 1] ? above[j] + 1 : row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_above[j - 2] + 1 < change)
				change = two_above[j - 2] + 1;
			row[j] = change < best ? change : best;
		}
	}
	return rows[strlen(a) % 3][length];
}

/* like OPTION <HELP: prints the long option in the help that OPTION is most like, if it is. */
static int print_like(char **arguments, int count)
{
	static const char delimiters[] = " \t\n,;=[]()";
	const char *wanted = arguments[0];
	unsigned least = strlen(wanted) < 6 ? 2 : strlen(wanted) / 3 + 1;
	char line[1024], *nearest = NULL;

	(void)count;
	while (strlen(wanted) > 3 && fgets(line, sizeof line, stdin))
		for (char *word = strtok(line, delimiters); word; word = strtok(NULL, delimiters)) {
			unsigned other = strncmp(word, "--", 2) ? least : distance(wanted, word);
			if (other >= least)
				continue;
			least = other;
			free(nearest);
			nearest = xstrdup(word);
		}
	printf("%s", nearest ? nearest : "");
	return 0;
}

/* now: prints the time in microseconds. */
static int print_now(char **arguments, int count)
{
	struct timespec now;

	(void)arguments, (void)count;
	clock_gettime(CLOCK_REALTIME, &now);
	printf("%lld\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	return 0;
}

/* wrote PROCESS FILE: whether the regular file was written since the process started. */
static int was_written(char **arguments, int count)
{
	long long start = system_start_of(arguments[0]);
	struct stat status;

	(void)count;
	if (start < 0 || stat(arguments[1], &status) || !S_ISREG(status.st_mode))
		return 1;
	return system_time_written(&status) < start;
}

static const struct {
	const char *name;
	int least_arguments;
	int (*run)(char **arguments, int count);
} commands[] = {
    {"words", 0, print_words},
    {"symbols", 1, print_symbols},
    {"quote", 3, print_command},
    {"say", 3, say},
    {"log", 1, empty_log},
    {"outputs", 2, check_outputs},
    {"like", 1, print_like},
    {"now", 0, print_now},
    {"wrote", 2, was_written},
};

int main(int argc, char **argv)
{
	program_name = "bpf-linker";
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name) &&
		    argc - 2 >= commands[i].least_arguments) {
			int status = commands[i].run(argv + 2, argc - 2);
			if (fflush(stdout) || ferror(stdout))
				fail("<stdout>:");
			return status;
		}
	fprintf(stderr, "bpf-driver: error: bpf-linker runs this, and nobody else\n");
	return 2;
}
