#include "words.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 100, MOST_FILES = 10000, MOST_WORDS = 1000000 };

static void expand_file(struct words *words, const char *argument, unsigned depth);

static void add(struct words *words, const char *word)
{
	if (words->count == MOST_WORDS)
		fail_usage("more than %d arguments", MOST_WORDS);
	array_add(words, word);
	words->only_files |= !strcmp(word, "--");
}

char *words_text(struct input input, const char **why)
{
	const char *bytes = (const char *)input.data;
	size_t size = input.size;

	*why = "is UTF-16; write it in UTF-8";
	if (size >= 2 && (!memcmp(bytes, "\xFF\xFE", 2) || !memcmp(bytes, "\xFE\xFF", 2)))
		return NULL;
	*why = "is no text: it has a NUL byte";
	if (size && memchr(bytes, '\0', size))
		return NULL;
	if (size >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3))
		bytes += 3, size -= 3;
	return xstrndup(bytes, size);
}

char *words_next_symbol(char **next)
{
	char *line;

	while ((line = strsep(next, "\n"))) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = '\0';
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

/* Takes the next word of the text at *next, NULL where there is none. Written over the text. */
static char *next_word(char **next)
{
	char *from = *next + strspn(*next, " \t\n\r\v\f"), *word = from, *to = from, quote = 0;

	if (!*from)
		return NULL;
	for (; *from && (quote || !isspace((unsigned char)*from)); from++)
		if (*from == '\\' && from[1])
			*to++ = *++from;
		else if (*from == quote)
			quote = 0;
		else if (!quote && (*from == '\'' || *from == '"'))
			quote = *from;
		else
			*to++ = *from;
	*next = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* Whether the argument is to be replaced by what the file has. */
static bool is_response_file(const char *argument)
{
	struct stat status;

	if (argument[0] != '@' || !argument[1])
		return false;
	if (!stat(argument + 1, &status)) {
		/* a FIFO may never end, and what is open already is the user's own */
		if (S_ISREG(status.st_mode) || !strncmp(argument + 1, "/dev/fd/", 8) ||
		    !strncmp(argument + 1, "/proc/", 6))
			return true;
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	} else if (!lstat(argument, &status))
		return false;
	fail_usage("cannot read response file '%s': %s", argument + 1,
	    errno == EINVAL ? "is not a regular file" : strerror(errno));
}

static void expand(struct words *words, const char *argument, unsigned depth)
{
	if (!words->only_files && is_response_file(argument))
		expand_file(words, argument, depth + 1);
	else
		add(words, argument);
}

static void expand_file(struct words *words, const char *argument, unsigned depth)
{
	if (depth > DEEPEST)
		fail_usage("response files nest too deep: '%s'", argument);
	if (++words->file_count > MOST_FILES)
		fail_usage(
		    "more than %d response files, the last of them '%s'", MOST_FILES, argument);
	struct input input = input_read_text(argument + 1);
	const char *why;
	char *next = words_text(input, &why), *word;

	if (!next)
		fail_usage("response file '%s' %s", argument + 1, why);
	while ((word = next_word(&next)))
		expand(words, word, depth);
}

void words_expand(struct words *words, const char *const *given, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expand(words, given[i], 0);
}

/* A character as printf has it in its format, in single quotes. */
static size_t quote_for_printf(char *to, const char *from, size_t length)
{
	if (!printable_character(from, length))
		return sprintf(to, "\\%03o", (unsigned char)*from);
	if (*from == '\'')
		return sprintf(to, "'\\''");
	return sprintf(to, *from == '%' ? "%%%%" : *from == '\\' ? "\\\\" : "%c", *from);
}

/* By printf; but $() drops newlines at the end, which stay as they are. */
static char *quote_unprintable(const char *word)
{
	size_t length = strlen(word), last = length;

	while (last && word[last - 1] == '\n')
		last--;
	char *text = xcalloc(4 * last + 1, 1), *end = text;
	for (size_t i = 0; i < last;) {
		size_t size = printable_character(word + i, last - i);
		if (size > 1)
			end = (char *)memcpy(end, word + i, size) + size;
		else
			end += quote_for_printf(end, word + i, last - i);
		i += size ? size : 1;
	}
	const char *mark = last < length ? "'" : "";
	return xasprintf("\"$(printf -- '%s')\"%s%s%s", text, mark, word + last, mark);
}

static bool is_printable(const char *word)
{
	for (size_t size, rest = strlen(word); rest; word += size, rest -= size) {
		size = printable_character(word, rest);
		if (!size)
			return false;
	}
	return true;
}

char *words_quote(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_@%+=:,./-";

	if (*word && !word[strspn(word, plain)])
		return xstrdup(word);
	if (!is_printable(word))
		return quote_unprintable(word);
	char *quoted = xcalloc(4 * strlen(word) + 3, 1), *end = quoted;
	*end++ = '\'';
	for (; *word; word++)
		end += sprintf(end, *word == '\'' ? "'\\''" : "%c", *word);
	*end = '\'';
	return quoted;
}
