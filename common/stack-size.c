#include "stack-size.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include <stdlib.h>
#include <string.h>

struct size {
	unsigned stack, instructions;
};

static struct map sizes = {.kind = MAP_OF_STRINGS}; /* a struct size for each function */
static struct size *last;                           /* what the next remark is of, too */
static bool collects;

/* The number in front of the words; NULL where they are not there. */
static const char *number_before(const char *text, const char *words)
{
	const char *found = strstr(text, words), *digits = found;

	while (digits > text && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	return digits == found ? NULL : digits;
}

/* The remarks of PrologEpilogInserter and AsmPrinter, as in `f.c:3:0: 16 stack bytes in function
 * 'f'` and `f.c:3:0: 8 instructions in function`, one after the other for each function. */
static void take_remark(const char *remark)
{
	static const char words[] = " stack bytes in function '";
	const char *bytes = number_before(remark, words);
	const char *count = number_before(remark, " instructions in function");

	if (bytes) {
		const char *name = strstr(bytes, words) + strlen(words), *end = strrchr(name, '\'');
		last = xcalloc(1, sizeof *last);
		last->stack = strtoul(bytes, NULL, 10);
		*map_insert(&sizes, xstrndup(name, end ? (size_t)(end - name) : strlen(name))) =
		    last;
	} else if (count && last)
		last->instructions = strtoul(count, NULL, 10);
}

void stack_size_collect(void)
{
	collects = true;
	diagnostic_takes_remark = take_remark;
}

/* Any pass's name will do: where one remark is wanted, LLVM hands all of them to the handler. */
const char *stack_size_option(void)
{
	return collects ? "--pass-remarks-analysis=prologepilog" : NULL;
}

static const struct size *size_of(const char *function)
{
	void **slot = map_find(&sizes, function);

	return slot ? *slot : NULL;
}

bool stack_size_of(const char *function, unsigned *bytes)
{
	const struct size *size = size_of(function);

	if (size)
		*bytes = size->stack;
	return size;
}

unsigned stack_size_instructions(const char *function)
{
	const struct size *size = size_of(function);

	return size ? size->instructions : 0;
}
