/* Words of a command line: those of response files, of lists of symbols, and how a shell reads
 * words. */
#ifndef WORDS_H
#define WORDS_H

#include "array.h"
#include "input.h"
#include <stdbool.h>

struct words {
	ARRAY(const char *);
	size_t file_count; /* response files that were read, each as often as it is named */
	bool only_files;   /* -- came before */
};

/* Appends the words, but for each `@FILE` those of the file, in which white space separates them,
 * quotes of both kinds keep it, and a backslash keeps the character after it, inside quotes too.
 * Files are nested at most 100 deep. What names no file is taken as it is where there is a file of
 * this very name, `@` included; after `--` everything is. Fails as on a wrong command line on files
 * that cannot be read, that are none (but for open descriptors, /dev/fd/N), on more than a million
 * words, and on more than 10,000 files. */
void words_expand(struct words *words, const char *const *given, size_t count);

/* The file's text in memory of its own, without a byte order mark; NULL where it is none, *why says
 * then what is wrong with it. */
char *words_text(struct input input, const char **why);

/* Takes the next symbol of a list, a line each, from the text at *next: what comes before a blank.
 * NULL where there is none. Written over the text. */
char *words_next_symbol(char **next);

/* The word as any POSIX shell reads it: for the caller to free. What a terminal would act on is
 * written as octal numbers for printf. */
char *words_quote(const char *word);

#endif
