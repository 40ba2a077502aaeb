/* What LLVM says, in which names of any kind stand: errors, remarks, its stack at a crash. */
#include "harness.h"
#include "../../common/crash.c"
#include "../../common/diagnostic.c"
#include "stack-size.h"

static void try_stack(char *text)
{
	struct location location = read_trace(text);
	char *description = describe_location(location);

	EXPECT(!location.function || location.pass);
	free(description);
}

void fuzz(const unsigned char *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *copy = xstrdup(text);

	stack_size_collect();
	diagnostic_takes_remark(text);
	EXPECT(strlen(skip_unknown_location(text)) <= size);
	remove_producer(copy);
	remove_addresses(copy);
	EXPECT(strlen(copy) <= strlen(text) && !strstr(copy, " (Producer: '"));
	free(copy);
	try_stack(text);
	free(text);
}
