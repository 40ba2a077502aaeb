#include "exports.h"
#include "input.h"
#include "message.h"
#include "words.h"

struct map exports = {.kind = MAP_OF_STRINGS};
bool exports_given, keep_memory_builtins;

static struct list export_list, export_files;
static bool disable_memory_builtins;

const struct option_spec export_options[] = {
    {"export", 0, OPTION_LIST, &export_list, "LIST",
	"keep the symbols in LIST visible, separated by commas"},
    {"export-symbols", 0, OPTION_TEXTS, &export_files, "FILE",
	"keep the symbols in FILE visible, one a line"},
    {"disable-memory-builtins", 0, OPTION_FLAG, &disable_memory_builtins, NULL,
	"do not keep memcpy, memmove, memset, memcmp and bcmp"},
    {NULL},
};

static void read_file(const char *path)
{
	struct input input = input_read_text(path);
	const char *why;
	char *text = words_text(input, &why), *symbol;

	if (!text)
		fail("%s: %s", path, why);
	while ((symbol = words_next_symbol(&text)))
		map_add(&exports, symbol);
}

void exports_read(void)
{
	for (size_t i = 0; i < export_list.count; i++)
		map_add(&exports, export_list.items[i]);
	for (size_t i = 0; i < export_files.count; i++)
		read_file(export_files.items[i]);
	exports_given = export_list.given || export_files.given;
	keep_memory_builtins = !disable_memory_builtins;
}

bool is_exported(const char *name)
{
	return map_find(&exports, name);
}

void exports_reset(void)
{
	map_clear(&exports);
}
