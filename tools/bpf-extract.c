/* bpf-extract: finds the LLVM modules in files of any kind and writes them as one stream. */
#include "bitcode.h"
#include "crash.h"
#include "input.h"
#include "kind.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "producer.h"
#include "stream.h"
#include <archive.h>
#include <archive_entry.h>
#include <llvm-c/Core.h>
#include <llvm-c/Object.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct list library_directories;
static bool thin, list, say_llvm, print_llvm;

static const struct option_spec own_options[] = {
    {"library-path", 'L', OPTION_TEXTS, &library_directories, "DIR",
	"search DIR for the libraries of -l"},
    {"library", 'l', OPTION_OPERAND, NULL, "NAME",
	"read libNAME.a, in this position among the files"},
    {"list", 0, OPTION_FLAG, &list, NULL,
	"instead of the stream, write what is found: name, kind, size, producer"},
    {"thin", 0, OPTION_FLAG, &thin, NULL, "refer to the files instead of copying from them"},
    {"say-llvm", 0, OPTION_FLAG, &say_llvm, NULL,
	"begin with a line on the newest LLVM that produced a module, after - where one does not say"},
    {"print-llvm", 0, OPTION_FLAG, &print_llvm, NULL, "write this line and no stream"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-extract",
    .operands = "[FILE...]",
    .purpose =
	"Finds the LLVM modules in bitcode, textual IR, object files and archives, and writes\n"
	"them as a stream (a tar) for bpf-merge.",
    .tables = (const struct option_spec *const[]){own_options, NULL},
    .most_operands = -1,
};

enum { DEEPEST_ARCHIVE = 8 };

static struct stream stream;
static struct list without_bitcode; /* inputs of the command line without bitcode */
static struct output *output;

static void extract(struct input input, enum stream_origin origin, int depth);

/* A line of --list. */
static void list_input(struct input input, const char *kind)
{
	if (!list)
		return;
	char *producer = producer_of(input);
	char *words = producer ? producer_in_words(producer) : xasprintf("-");
	char *name = xasprintf("%s", input.name);
	name[printable(name, strlen(name), "")] = '\0';
	char *line = xasprintf("%s\t%s\t%zu\t%s\n", name, kind, input.size, words);

	output_write(output, line, strlen(line));
	free(line);
	free(name);
	free(words);
	free(producer);
}

static void add(struct input input, enum stream_origin origin, enum stream_content content)
{
	stream_add(&stream, (struct stream_entry){input, origin, content});
}

static bool has_native_code(LLVMBinaryRef object)
{
	LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(object);

	for (; section && !LLVMObjectFileIsSectionIteratorAtEnd(object, section);
	    LLVMMoveToNextSection(section)) {
		const char *name = LLVMGetSectionName(section);
		if (name && !strncmp(name, ".text", 5) && LLVMGetSectionSize(section))
			return true;
	}
	return false;
}

/* Returns whether the object defines something, that is, holds native code or data; gives the names
 * of what it leaves undefined in references, a line each. */
static bool read_symbols(LLVMBinaryRef object, char **references, size_t *size)
{
	LLVMSymbolIteratorRef symbol = LLVMObjectFileCopySymbolIterator(object);
	LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(object);
	bool defines = !symbol && has_native_code(object);
	FILE *lines = xopen_memstream(references, size);

	/* LLVM has no iterator where there is nothing to iterate over */
	for (; symbol && section && !LLVMObjectFileIsSymbolIteratorAtEnd(object, symbol);
	    LLVMMoveToNextSymbol(symbol)) {
		const char *name = LLVMGetSymbolName(symbol);
		LLVMMoveToContainingSection(section, symbol);
		if (!LLVMObjectFileIsSectionIteratorAtEnd(object, section))
			defines = true;
		else if (name && *name && !LLVMGetSymbolAddress(symbol) &&
			 !LLVMGetSymbolSize(symbol)) /* neither absolute nor common */
			fprintf(lines, "%s\n", name);
	}
	xclose_memstream(lines);
	return defines;
}

static bool is_bitcode_section(LLVMSectionIteratorRef section, const char *name)
{
	const char *own = LLVMGetSectionName(section);

	/* `marker` embeddings hold a section with nothing in it */
	return own && !strncmp(own, name, 16) && LLVMGetSectionSize(section) >= 4;
}

/* The module in the object: `.llvm.lto` of FatLTO objects, `.llvmbc` or Mach-O's `__bitcode` of
 * -fembed-bitcode. */
static bool find_bitcode(LLVMBinaryRef object, struct input *bitcode)
{
	static const char *const names[] = {".llvm.lto", ".llvmbc", "__bitcode"};
	LLVMSectionIteratorRef section;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (section = LLVMObjectFileCopySectionIterator(object);
		    section && !LLVMObjectFileIsSectionIteratorAtEnd(object, section);
		    LLVMMoveToNextSection(section))
			if (is_bitcode_section(section, names[i])) {
				bitcode->data =
				    (const unsigned char *)LLVMGetSectionContents(section);
				bitcode->size = LLVMGetSectionSize(section);
				return true;
			}
	return false;
}

static void extract_object(struct input input, enum stream_origin origin)
{
	char *reason, *references;
	size_t size;
	struct input bitcode = {.name = input.name};
	LLVMMemoryBufferRef buffer = xchecked(LLVMCreateMemoryBufferWithMemoryRange(
	    (const char *)input.data, input.size, input.name, false));
	LLVMBinaryRef object = LLVMCreateBinary(buffer, NULL, &reason);

	if (!object)
		fail("%s: %s", input.name, reason);
	if (find_bitcode(object, &bitcode)) {
		if (kind_of(bitcode.data, bitcode.size) != KIND_BITCODE)
			fail("%s: its bitcode section does not hold bitcode", input.name);
		add(bitcode, origin, CONTENT_BITCODE);
		list_input(bitcode, "object");
		return;
	}
	list_input(input, "native");
	if (origin == ORIGIN_MEMBER) {
		message(LEVEL_INFO, "%s: skipped: contains no LLVM bitcode", input.name);
		return;
	}
	if (read_symbols(object, &references, &size))
		list_add(&without_bitcode, input.name);
	if (size)
		add((struct input){input.name, (unsigned char *)references, size}, origin,
		    CONTENT_REFERENCES);
}

static unsigned long long big_endian(const unsigned char *bytes, size_t width)
{
	unsigned long long value = 0;

	while (width--)
		value = value << 8 | *bytes++;
	return value;
}

/* By the offset of an archive's member: the stream's entry, to make sense of the index. */
static const void *key_of(uint64_t offset)
{
	return (const void *)(uintptr_t)offset;
}

/* The System V index: a count, that many offsets of members, that many names; numbers big-endian,
 * 4 bytes wide, or 8 in `/SYM64/`. See ar(5) and the System V ABI, "Archive File". */
static void add_index(
    struct input archive, struct input index, size_t width, const struct map *members)
{
	const unsigned char *end = index.data + index.size;
	char *lines;
	size_t size;

	if (index.size < width)
		return;
	unsigned long long count = big_endian(index.data, width);
	if (count > (index.size - width) / (width + 1))
		fail("%s: malformed symbol index", archive.name);
	const unsigned char *offset = index.data + width;
	const unsigned char *name = offset + count * width;
	FILE *file = xopen_memstream(&lines, &size);
	for (; count--; offset += width) {
		const unsigned char *next = memchr(name, '\0', end - name);
		if (!next)
			fail("%s: malformed symbol index", archive.name);
		unsigned long long place = big_endian(offset, width);
		if (place >= archive.size)
			fail(
			    "%s: is a truncated archive: its index has more members", archive.name);
		void **entry = map_find(members, key_of(place));
		if (entry)
			fprintf(file, "%zu %s\n", stream.count - (size_t)*entry, name);
		name = next + 1;
	}
	xclose_memstream(file);
	if (size)
		add((struct input){archive.name, (unsigned char *)lines, size}, ORIGIN_INDEX,
		    CONTENT_INDEX);
}

/* See ar(5). */
enum { MEMBER_HEADER = 60 };

/* The size of the member, by its header. */
static size_t size_in(const unsigned char *header)
{
	enum { SIZE = 48, SIZE_LENGTH = 10 };
	char size[SIZE_LENGTH + 1] = "";

	memcpy(size, header + SIZE, SIZE_LENGTH);
	return strtoull(size, NULL, 10);
}

/* The tables that a System V archive begins with, an index and the members' long names, are of its
 * format: newer libarchives have no entries for them. Returns whether one is at offset. See
 * ar(5). */
static bool table_at(struct input archive, size_t offset, struct input *table)
{
	static const char *const names[] = {"/ ", "// ", "/SYM64/ "};

	if (offset > archive.size || archive.size - offset < MEMBER_HEADER)
		return false;
	const unsigned char *header = archive.data + offset;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (memcmp(header, names[i], strlen(names[i])) != 0)
			continue;
		*table = (struct input){names[i], header + MEMBER_HEADER, size_in(header)};
		return table->size <= archive.size - offset - MEMBER_HEADER;
	}
	return false;
}

/* libarchive takes a member's header that is cut, or a table, for the end: whether it was that. The
 * last member may lack the byte that pads it; newlines after it pad an archive in one of Darwin's.
 */
static bool ends_as_archive(struct input archive)
{
	size_t offset = strlen("!<arch>\n");

	while (offset < archive.size) {
		const unsigned char *header = archive.data + offset;
		size_t rest = archive.size - offset;
		if (rest < MEMBER_HEADER)
			return *header == '\n';
		size_t size = size_in(header);
		if (size > rest - MEMBER_HEADER)
			return false;
		offset += MEMBER_HEADER + size + size % 2;
	}
	return true;
}

/* Sets *index to the first one, or to none, and returns where the first member is. */
static long long read_tables(struct input archive, struct input *index)
{
	size_t offset = strlen("!<arch>\n");
	struct input table;

	*index = (struct input){NULL, NULL, 0};
	while (table_at(archive, offset, &table)) {
		/* COFF's second index is of another kind, and says the same */
		if (!index->data && table.name[1] != '/')
			*index = table;
		offset = table.data + table.size + table.size % 2 - archive.data;
	}
	return offset;
}

static struct input read_member(
    struct archive *reader, struct archive_entry *header, struct input archive)
{
	const void *data = NULL;
	size_t size = 0, whole = archive_entry_size(header);
	la_int64_t offset;

	/* the archive is in memory, so that a member comes in one block */
	if (whole && archive_read_data_block(reader, &data, &size, &offset) < ARCHIVE_WARN)
		fail("%s: %s", archive.name, stream_error(reader));
	if (size < whole)
		fail("%s: truncated in member '%s'", archive.name, archive_entry_pathname(header));
	return (struct input){archive_entry_pathname(header), data, whole};
}

/* Whether it is a file that was asked for before, by whatever name. */
static bool was_read_before(const char *name)
{
	static struct map files = {.kind = MAP_OF_STRINGS};
	struct stat status;

	if (stat(name, &status) || !S_ISREG(status.st_mode))
		return false;
	return !map_add(
	    &files, xasprintf("%ju %ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino));
}

/* Returns whether there was anything in the archive. */
static bool extract_archive(struct input archive, int depth)
{
	struct archive *reader = xchecked(archive_read_new());
	struct archive_entry *header;
	struct input index, member;
	long long first = read_tables(archive, &index);
	struct map members = {0};
	bool any = false;
	int result;

	result = archive_read_support_format_ar(reader);
	if (result == ARCHIVE_OK)
		result = archive_read_open_memory(reader, archive.data, archive.size);
	while (result == ARCHIVE_OK &&
	       (result = archive_read_next_header(reader, &header)) == ARCHIVE_OK) {
		size_t entry = stream.count;
		member = read_member(reader, header, archive);
		if (!strcmp(member.name, "/") || !strcmp(member.name, "//") ||
		    !strncmp(member.name, "/SYM64", 6) || !strncmp(member.name, "__.SYMDEF", 9) ||
		    !member.size)
			continue;
		any = true;
		member.name = xasprintf("%s(%s)", archive.name, member.name);
		extract(member, ORIGIN_MEMBER, depth + 1);
		/* an archive in an archive has its own index */
		if (stream.count != entry + 1)
			continue;
		long long offset = archive_read_header_position(reader);
		/* or where the tables before it are */
		const void *key = key_of(offset < first ? first : offset);
		if (map_add(&members, key))
			*map_find(&members, key) = (void *)entry;
	}
	if (result != ARCHIVE_EOF)
		fail("%s: %s", archive.name, stream_error(reader));
	if (!ends_as_archive(archive))
		fail("%s: is a truncated archive", archive.name);
	if (index.data)
		add_index(archive, index, index.name[1] == 'S' ? 8 : 4, &members);
	archive_read_free(reader);
	return any;
}

static void extract(struct input input, enum stream_origin origin, int depth)
{
	enum kind kind = kind_of(input.data, input.size);
	size_t before = stream.count;

	message_subject = input.name;
	crash_is_reading = true;
	switch (kind) {
	case KIND_BITCODE:
		add(input, origin, CONTENT_BITCODE);
		list_input(input, bitcode_is_wrapped(input) ? "wrapper" : "bitcode");
		break;
	case KIND_IR:
		add(input, origin, CONTENT_IR);
		list_input(input, "ir");
		break;
	case KIND_OBJECT:
		extract_object(input, origin);
		break;
	case KIND_ARCHIVE:
		if (depth == DEEPEST_ARCHIVE)
			fail("%s: archives are nested too deep", input.name);
		if (origin == ORIGIN_INPUT && was_read_before(input.name)) {
			message(LEVEL_INFO, "%s: skipped: already read", input.name);
			break;
		}
		if (extract_archive(input, depth) && stream.count == before &&
		    origin == ORIGIN_INPUT)
			list_add(&without_bitcode, input.name);
		break;
	case KIND_THIN_ARCHIVE:
		fail("%s: is a thin archive, which holds no members; link the files themselves",
		    input.name);
	default:
		if (origin == ORIGIN_INPUT)
			fail("%s: is neither bitcode, textual IR, an object file nor an archive",
			    input.name);
		message(LEVEL_INFO, "%s: skipped: contains no LLVM bitcode", input.name);
		list_input(input, "other");
	}
	crash_is_reading = false;
	message_subject = NULL;
}

/* Finds libNAME.a, or FILE of `:FILE`, as ld does. */
static const char *find_library(const char *name)
{
	for (size_t i = 0; i < library_directories.count; i++) {
		const char *directory = library_directories.items[i];
		char *path = *name == ':' ? xasprintf("%s/%s", directory, name + 1)
					  : xasprintf("%s/lib%s.a", directory, name);
		if (!access(path, F_OK))
			return path;
		free(path);
	}
	fail("cannot find -l%s in the directories of -L", name);
}

static bool has_module(void)
{
	for (size_t i = 0; i < stream.count; i++)
		if (stream.items[i].content != CONTENT_REFERENCES)
			return true;
	return false;
}

/* Writes the major version of the newest LLVM that produced a module of the stream, in words too,
 * and which module; - before it, or alone, where a version is not known, as of textual IR. With
 * bpf-merge in the process, its toolset is chosen by that. */
static void say_newest_llvm(void)
{
	const struct stream_entry *newest = NULL, *oldest = NULL, *entry;
	unsigned newest_llvm = 0, oldest_llvm = 0;
	bool all_known = true;
	char *line;

	for (size_t i = 0; i < stream.count; i++) {
		entry = &stream.items[i];
		if (entry->content != CONTENT_BITCODE && entry->content != CONTENT_IR)
			continue;
		char *producer = entry->content == CONTENT_IR ? NULL : producer_of(entry->input);
		unsigned llvm = producer_llvm(producer);
		free(producer);
		all_known &= llvm > 0;
		if (llvm && (!newest || llvm > newest_llvm))
			newest = entry, newest_llvm = llvm;
		if (llvm && (!oldest || llvm < oldest_llvm))
			oldest = entry, oldest_llvm = llvm;
	}
	if (newest_llvm > oldest_llvm)
		message(LEVEL_INFO, "the newest producer decides: %s is by %s, %s only by %s",
		    newest->input.name, producer_in_words(producer_of(newest->input)),
		    oldest->input.name, producer_in_words(producer_of(oldest->input)));
	if (pipeline_chooses_toolset()) {
		pipeline_settle_toolset(newest_llvm, all_known);
		return;
	}
	if (!newest || strchr(newest->input.name, '\n'))
		line = xasprintf("-\n");
	else
		line = xasprintf("%s%u\t%s\t%s\n", all_known ? "" : "-", newest_llvm,
		    producer_in_words(producer_of(newest->input)), newest->input.name);
	output_write(output, line, strlen(line));
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	const char *name = NULL;

	output = output_open(output_path, !list);

	if (!operands.count)
		extract(input_read(NULL), ORIGIN_INPUT, 0);
	for (size_t i = 0; i < operands.count; i++) {
		name = operands.items[i].text;
		if (operands.items[i].letter == 'l')
			name = find_library(name);
		extract(input_read(name), ORIGIN_INPUT, 0);
	}
	if (list) {
		output_commit(output);
		tool_finish();
	}
	if (!has_module())
		fail(
		    "%s: no LLVM bitcode to link; compile with clang -emit-llvm or rustc --emit=llvm-bc",
		    without_bitcode.count ? without_bitcode.items[0]
		    : operands.count      ? name
					  : "<stdin>");
	for (size_t i = 0; i < without_bitcode.count; i++)
		message(LEVEL_WARN, "%s: contains no LLVM bitcode; its native code is ignored",
		    without_bitcode.items[i]);
	if (say_llvm || print_llvm)
		say_newest_llvm();
	if (!print_llvm)
		stream_write(&stream, output, thin);
	output_commit(output);
	tool_finish();
}
