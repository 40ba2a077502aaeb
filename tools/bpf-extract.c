/* bpf-extract: finds the LLVM modules in files of any kind and writes them as one stream. */
#include "input.h"
#include "kind.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "producer.h"
#include "stream.h"
#include <archive.h>
#include <archive_entry.h>
#include <llvm-c/Core.h>
#include <llvm-c/Object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct list library_directories;
static bool thin, list, say_llvm;

static const struct option_spec own_options[] = {
    {"library-path", 'L', OPTION_TEXTS, &library_directories, "DIR",
	"search DIR for the libraries of -l"},
    {"library", 'l', OPTION_OPERAND, NULL, "NAME", "read libNAME.a, at this place among the files"},
    {"list", 0, OPTION_FLAG, &list, NULL,
	"instead of the stream, write what is found: name, kind, size, producer"},
    {"thin", 0, OPTION_FLAG, &thin, NULL, "refer to the files instead of copying from them"},
    {"say-llvm", 0, OPTION_FLAG, &say_llvm, NULL,
	"begin with a line on the newest LLVM that produced a module, after - where one does not say"},
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
static struct list barren; /* inputs of the command line without bitcode */
static struct output *output;

static void extract(struct input input, enum stream_origin origin, int depth);

/* A line of --list. */
static void list_input(struct input input, const char *kind)
{
	if (!list)
		return;
	char *producer = producer_of(input);
	char *words = producer ? producer_in_words(producer) : xasprintf("-");
	char *line = xasprintf("%s\t%s\t%zu\t%s\n", input.name, kind, input.size, words);

	output_write(output, line, strlen(line));
	free(line);
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
	FILE *lines = open_memstream(references, size);

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
	fclose(lines);
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
	LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(
	    (const char *)input.data, input.size, input.name, false);
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
		message(LEVEL_INFO, "%s: passed over, holds no LLVM bitcode", input.name);
		return;
	}
	if (read_symbols(object, &references, &size))
		list_add(&barren, input.name);
	if (size)
		add((struct input){input.name, (unsigned char *)references, size}, origin,
		    CONTENT_REFERENCES);
}

/* Where each entry of an archive stood in it, to make sense of the index. */
struct members {
	struct {
		long long offset;
		size_t entry;
	} *items;
	size_t count;
};

static const size_t *find_member(const struct members *members, long long offset)
{
	size_t low = 0, high = members->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (members->items[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < members->count && members->items[low].offset == offset
		   ? &members->items[low].entry
		   : NULL;
}

static unsigned long long big_endian(const unsigned char *bytes, size_t width)
{
	unsigned long long value = 0;

	while (width--)
		value = value << 8 | *bytes++;
	return value;
}

/* The System V index: a count, that many offsets of members, that many names; numbers big-endian,
 * 4 bytes wide, or 8 in `/SYM64/`. See ar(5) and the System V ABI, "Archive File". */
static void add_index(
    struct input archive, struct input index, size_t width, const struct members *members)
{
	const unsigned char *end = index.data + index.size;
	char *lines;
	size_t size;

	if (index.size < width)
		return;
	unsigned long long count = big_endian(index.data, width);
	if (count > (index.size - width) / (width + 1))
		fail("%s: damaged symbol index", archive.name);
	const unsigned char *offset = index.data + width;
	const unsigned char *name = offset + count * width;
	FILE *file = open_memstream(&lines, &size);
	for (; count--; offset += width) {
		const unsigned char *next = memchr(name, '\0', end - name);
		if (!next++)
			fail("%s: damaged symbol index", archive.name);
		const size_t *entry = find_member(members, big_endian(offset, width));
		if (entry)
			fprintf(file, "%zu %s\n", stream.count - *entry, name);
		name = next;
	}
	fclose(file);
	if (size)
		add((struct input){archive.name, (unsigned char *)lines, size}, ORIGIN_INDEX,
		    CONTENT_INDEX);
}

static struct input read_member(
    struct archive *reader, struct archive_entry *header, struct input archive)
{
	const void *data = NULL;
	size_t size = 0, whole = archive_entry_size(header);
	la_int64_t offset;

	/* the archive is in memory, so that a member comes in one block */
	if (whole && archive_read_data_block(reader, &data, &size, &offset) < ARCHIVE_WARN)
		fail("%s: %s", archive.name, archive_error_string(reader));
	if (size < whole)
		fail("%s: is cut off in member '%s'", archive.name, archive_entry_pathname(header));
	return (struct input){archive_entry_pathname(header), data, whole};
}

/* Whether it is a file that was asked for before, by whatever name. */
static bool was_read_before(const char *name)
{
	static struct stat *files;
	static size_t count;
	struct stat status;

	if (stat(name, &status) || !S_ISREG(status.st_mode))
		return false;
	for (size_t i = 0; i < count; i++)
		if (files[i].st_dev == status.st_dev && files[i].st_ino == status.st_ino)
			return true;
	files = xrealloc(files, (count + 1) * sizeof *files);
	files[count++] = status;
	return false;
}

/* Returns whether there was anything in the archive. */
static bool extract_archive(struct input archive, int depth)
{
	struct archive *reader = archive_read_new();
	struct archive_entry *header;
	struct input index = {NULL, NULL, 0}, member;
	struct members members = {NULL, 0};
	size_t index_width = 4;
	bool any = false;
	int result;

	archive_read_support_format_ar(reader);
	result = archive_read_open_memory(reader, archive.data, archive.size);
	while (result == ARCHIVE_OK &&
	       (result = archive_read_next_header(reader, &header)) == ARCHIVE_OK) {
		size_t entry = stream.count;
		member = read_member(reader, header, archive);
		if (!strcmp(member.name, "/") || !strncmp(member.name, "/SYM64", 6)) {
			/* COFF's second index is of another kind, and says the same */
			if (!index.data) {
				index_width = member.name[1] ? 8 : 4;
				index = member;
			}
			continue;
		}
		if (!strcmp(member.name, "//") || !strncmp(member.name, "__.SYMDEF", 9) ||
		    !member.size)
			continue;
		any = true;
		member.name = xasprintf("%s(%s)", archive.name, member.name);
		extract(member, ORIGIN_MEMBER, depth + 1);
		/* an archive in an archive has its own index */
		if (stream.count != entry + 1)
			continue;
		members.items =
		    xrealloc(members.items, (members.count + 1) * sizeof *members.items);
		members.items[members.count].offset = archive_read_header_position(reader);
		members.items[members.count++].entry = entry;
	}
	if (result != ARCHIVE_EOF)
		fail("%s: %s", archive.name, archive_error_string(reader));
	if (index.data)
		add_index(archive, index, index_width, &members);
	archive_read_free(reader);
	return any;
}

static void extract(struct input input, enum stream_origin origin, int depth)
{
	enum kind kind = kind_of(input.data, input.size);
	size_t before = stream.count;

	message_subject = input.name;
	switch (kind) {
	case KIND_BITCODE:
		add(input, origin, CONTENT_BITCODE);
		list_input(input, input.data[0] == 'B' ? "bitcode" : "wrapper");
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
			message(LEVEL_INFO, "%s: passed over, was read before", input.name);
			break;
		}
		if (extract_archive(input, depth) && stream.count == before &&
		    origin == ORIGIN_INPUT)
			list_add(&barren, input.name);
		break;
	case KIND_THIN_ARCHIVE:
		fail("%s: is a thin archive, which holds no members; link the files themselves",
		    input.name);
	default:
		if (origin == ORIGIN_INPUT)
			fail("%s: is neither bitcode, textual IR, an object file nor an archive",
			    input.name);
		message(LEVEL_INFO, "%s: passed over, holds no LLVM bitcode", input.name);
		list_input(input, "other");
	}
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
		if (stream.entries[i].content != CONTENT_REFERENCES)
			return true;
	return false;
}

/* Writes the major version of the newest LLVM that produced a module of the stream, in words too,
 * and which module; - before it, or alone, where a version is not known, as of textual IR. */
static void write_newest_llvm(void)
{
	const struct stream_entry *newest = NULL, *oldest = NULL, *entry;
	unsigned newest_llvm = 0, oldest_llvm = 0;
	bool all_known = true;
	char *line;

	for (size_t i = 0; i < stream.count; i++) {
		entry = &stream.entries[i];
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
		    barren.count     ? barren.items[0]
		    : operands.count ? name
				     : "<stdin>");
	for (size_t i = 0; i < barren.count; i++)
		message(LEVEL_WARN, "%s: holds no LLVM bitcode; its native code is left out",
		    barren.items[i]);
	if (say_llvm)
		write_newest_llvm();
	stream_write(&stream, output, thin);
	output_commit(output);
	tool_finish();
}
