#include "sources.h"
#include "debug-info.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "node-text.h"
#include "nodes.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_SOURCE = 1 << 26 };

/* The lines of a file that are quoted, and where all are found, its text up to the last as IR has
 * it in a string: the other lines are empty. */
struct source {
	ARRAY(unsigned);
	char *text;
};

/* By path: LLVM has one text for each. */
static struct map sources = {.kind = MAP_OF_STRINGS};
static struct map source_of_file; /* by the file's node */

/* The path as LLVM makes it. */
static char *path_of(LLVMMetadataRef file)
{
	unsigned directory_size, name_size;
	const char *directory = LLVMDIFileGetDirectory(file, &directory_size),
		   *name = LLVMDIFileGetFilename(file, &name_size);
	bool is_whole = !directory_size || (name_size && *name == '/');

	return xasprintf("%.*s%s%.*s", is_whole ? 0 : (int)directory_size, directory,
	    is_whole ? "" : "/", (int)name_size, name);
}

static struct source *source_of(LLVMMetadataRef file)
{
	void **of_file = map_insert(&source_of_file, file);

	if (!*of_file) {
		void **source = map_insert(&sources, path_of(file));
		if (!*source)
			*source = xcalloc(1, sizeof(struct source));
		*of_file = *source;
	}
	return *of_file;
}

static void note_line(LLVMMetadataRef scope, unsigned line)
{
	LLVMMetadataRef file = scope ? LLVMDIScopeGetFile(scope) : NULL;
	struct source *source = file && line ? source_of(file) : NULL;

	if (source && (!source->count || source->items[source->count - 1] != line))
		array_add(source, line);
}

static void note_lines(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);

	if (subprogram)
		note_line(subprogram, LLVMDISubprogramGetLine(subprogram));
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
			if (location)
				note_line(LLVMDILocationGetScope(location),
				    LLVMDILocationGetLine(location));
		}
}

/* Fails where errno tells not of the file, but of a fault that may be gone the next time: the
 * output would then be another one. */
static void check_fault(const char *path)
{
	static const int faults[] = {EMFILE, ENFILE, ENOMEM, EIO};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (errno == faults[i])
			fail("%s:", path);
}

/* Reads size bytes, or all that are there. */
static size_t read_text(int file, const char *path, char *text, size_t size)
{
	size_t done = 0;
	ssize_t count;

	while (done < size && (count = read(file, text + done, size - done)) != 0)
		if (count > 0)
			done += count;
		else if (errno != EINTR) {
			check_fault(path);
			break;
		}
	return done;
}

static int open_source(const char *path)
{
	int file;

	do
		file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (file < 0 && errno == EINTR);
	return file;
}

/* All of a regular file, and a NUL; NULL where it is none, cannot be read or is too large. What the
 * debug info names is not to be waited for, nor to be changed by opening it. */
static char *read_source(const char *path, size_t *size)
{
	struct stat status = {0};
	char *text = NULL;
	int file = -1;

	bool is_there = !stat(path, &status);
	if (is_there && S_ISREG(status.st_mode))
		file = open_source(path);
	if (!is_there || (S_ISREG(status.st_mode) && file < 0))
		check_fault(path);
	if (file < 0)
		return NULL;
	/* it may be another one by now */
	if (fstat(file, &status)) {
		check_fault(path);
	} else if (S_ISREG(status.st_mode) && status.st_size <= LARGEST_SOURCE) {
		text = xcalloc(status.st_size + 1, 1);
		*size = read_text(file, path, text, status.st_size);
	}
	close(file);
	return text;
}

/* As IR has it in a string. */
static void write_escaped(FILE *out, const char *text, size_t size)
{
	for (; size--; text++)
		if (*text >= ' ' && *text < 127 && *text != '"' && *text != '\\')
			fputc(*text, out);
		else
			fprintf(out, "\\%02X", (unsigned char)*text);
}

static int compare_lines(const void *a, const void *b)
{
	unsigned first = *(const unsigned *)a, second = *(const unsigned *)b;

	return first < second ? -1 : first > second;
}

/* Writes the lines that are quoted where they are in the file. */
static void write_quoted(FILE *out, const struct source *source, const char *text, size_t size)
{
	const char *end = text + size;
	size_t next = 0;

	for (unsigned number = 1; text < end && next < source->count; number++) {
		const char *newline = memchr(text, '\n', end - text);
		size_t length = (newline ? newline : end) - text;
		if (source->items[next] == number)
			/* LLVM takes a NUL for the end of a file */
			write_escaped(out, text, strnlen(text, length));
		write_escaped(out, "\n", 1);
		while (next < source->count && source->items[next] == number)
			next++;
		text += length + 1;
	}
}

static void find_text(const char *path, struct source *source, bool embed)
{
	size_t size = 0, text_size;
	char *text = embed && source->count ? read_source(path, &size) : NULL;
	FILE *out = xopen_memstream(&source->text, &text_size);

	if (text) {
		qsort(source->items, source->count, sizeof *source->items, compare_lines);
		write_quoted(out, source, text, size);
	} else if (embed && source->count) {
		message(LEVEL_DEBUG, "no source of '%s' is there to quote", path);
	}
	/* what is empty is to LLVM as what is not there */
	write_escaped(out, "\n", 1);
	xclose_memstream(out);
	free(text);
}

/* Of a file's text, what its source is; NULL where it has none. */
static char *own_source(LLVMValueRef file)
{
	static const char start[] = "source: \"";
	char *text = node_text(file), *found = find_in_node(text, start), *part = NULL;

	if (found)
		part = xstrndup(found, strlen(start) + strcspn(found + strlen(start), "\"") + 1);
	free(text);
	return part;
}

/* LLVM-C cannot set the source. */
static void fit_file(LLVMValueRef file, bool embed)
{
	char *own = own_source(file);
	char *new = xasprintf("%ssource: \"%s\"%s", own ? "" : ", ",
	    own ? "\\0A" : source_of(metadata_of(file))->text, own ? "" : ")");

	if (!own || !embed)
		remake(file, own ? own : ")", new);
	free(own);
	free(new);
}

static bool is_file(LLVMValueRef node)
{
	return kind_of_node(node) == LLVMDIFileMetadataKind;
}

void fit_sources(bool embed)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		note_lines(function);
	for (size_t i = 0; i < nodes.count; i++)
		if (is_file(nodes.items[i]))
			source_of(metadata_of(nodes.items[i]));
	for (size_t i = 0; i < sources.count; i++)
		find_text(sources.items[i].key, sources.items[i].value, embed);
	for (size_t i = 0; i < nodes.count; i++)
		if (is_file(nodes.items[i]))
			fit_file(nodes.items[i], embed);
}

/* DWARF 5 has sources in line tables. Without all of DWARF there is nothing else of version 5. */
void keep_sources_out_of_line_tables(void)
{
	enum { BEHAVIOR, KEY, VALUE, OPERANDS };
	unsigned count = LLVMGetNamedMetadataNumOperands(module, "llvm.module.flags"), size;
	LLVMValueRef *flags = xcalloc(count + 1, sizeof *flags);
	LLVMValueRef version = LLVMConstInt(LLVMInt32TypeInContext(metadata_context), 4, false);

	LLVMGetNamedMetadataOperands(module, "llvm.module.flags", flags);
	for (unsigned i = 0; i < count; i++) {
		struct values operands = operands_of(flags[i]);
		const char *key = operands.count == OPERANDS && operands.items[KEY]
				      ? LLVMGetMDString(operands.items[KEY], &size)
				      : NULL;
		if (key && size == strlen("Dwarf Version") && !memcmp(key, "Dwarf Version", size))
			set_operand(flags[i], VALUE, version);
		free(operands.items);
	}
	free(flags);
}
