/* Files of --export-symbols. */
#include "harness.h"
#define input_read_text read_data
#include "../../common/exports.c"
#include <string.h>

static struct input file;

struct input read_data(const char *name)
{
	return (struct input){name, file.data, file.size};
}

void fuzz(const unsigned char *data, size_t size)
{
	static const char *name = "symbols";

	file = (struct input){name, data, size};
	export_files.items = &name;
	export_files.count = 1;
	exports_read();
	for (size_t i = 0; i < exports.count; i++) {
		const char *symbol = exports.items[i].key;
		EXPECT(*symbol && *symbol != '#' && !strpbrk(symbol, " \t\r\n"));
		EXPECT(is_exported(symbol));
	}
	exports_reset();
}
