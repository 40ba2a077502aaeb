/* Response files: the first part of the data, up to a NUL, is the file 0, the next 1, and 2. They
 * refer to each other by names that are there. */
#include "harness.h"
#define input_read_text read_part_of_data
#include "../../common/words.c"
#include <stdlib.h>

static const unsigned char *rest;
static size_t rest_size;

struct input read_part_of_data(const char *name)
{
	static const char folder[] = "/proc/self/fd/";
	struct input part = {name, rest, rest_size};
	const unsigned char *end;

	/* of other names, which are those of files here, nothing is read */
	if (strncmp(name, folder, strlen(folder)))
		return (struct input){name, (const unsigned char *)"", 0};
	for (char number = '0'; (end = memchr(part.data, '\0', part.size)); number++) {
		if (name[strlen(folder)] == number)
			return (struct input){name, part.data, end - part.data};
		part.size -= end + 1 - part.data;
		part.data = end + 1;
	}
	return part;
}

void fuzz(const unsigned char *data, size_t size)
{
	struct words words = {0};

	rest = data;
	rest_size = size;
	words_expand(&words, (const char *[]){"@/proc/self/fd/0"}, 1);
	for (size_t i = 0; i < words.count; i++)
		EXPECT(strlen(words.items[i]) <= size);
	free(words.items);
}
