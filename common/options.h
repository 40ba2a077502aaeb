/* Command lines: one table for each tool gives its parser and its --help. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "array.h"
#include <stdbool.h>
#include <stddef.h>

enum option_kind {
	OPTION_FLAG,   /* bool *value becomes true */
	OPTION_TEXT,   /* const char **value, the last one wins */
	OPTION_LIST,   /* struct list *value collects the parts between commas */
	OPTION_TEXTS,  /* struct list *value collects them all */
	OPTION_CHOICE, /* const char **value, one of choices */
	OPTION_BOOL,   /* bool *value, true or false */
	OPTION_OPERAND /* the option stands among the operands: value is NULL */
};

struct option_spec {
	const char *name; /* without the dashes, or NULL */
	char letter;      /* its short form, or 0 */
	enum option_kind kind;
	void *value;
	const char *placeholder; /* what --help calls the value */
	const char *help;        /* one line, with the default; NULL ends a table */
	const char *const *choices;
};

struct list {
	ARRAY(const char *);
	bool given; /* the option was there, if only with an empty list */
};

void list_add(struct list *list, const char *item);

struct operand {
	char letter; /* of the option, 0 for a plain operand */
	const char *text;
};

struct operands {
	ARRAY(struct operand);
};

/* What every tool has, and what it is. */
struct tool {
	const char *name;
	const char *operands; /* as in the usage line: `[FILE]` */
	const char *purpose;  /* a sentence or two */
	const struct option_spec *const *tables;
	size_t most_operands; /* how many it takes */
	void (*check)(void);  /* what --version fails of; or NULL */
};

/* -o's value, NULL when not given. */
extern const char *output_path;

/* Reads the command line into the places that the tool's tables name, and returns the operands.
 * Handles --help and --version, --log-level, --log-file and --time; installs the crash handlers.
 * A wrong command line ends in fail_usage. */
struct operands tool_start(const struct tool *tool, int argc, char **argv);

/* Whether the next stage of the process can have the output in memory: not where --time is to say
 * its bytes, or LLVM is shut down in between. */
bool tool_hands_on_in_memory(void);

/* Ends the stage, --time's line printed: the next one begins (pipeline.h), or the program ends with
 * status 0. All output must be committed. */
_Noreturn void tool_finish(void);

/* The same, but that the program ends with the status. */
_Noreturn void tool_finish_with(int status);

/* Whether a stage before has done with LLVM. */
extern bool llvm_is_shut_down;

#endif
