#include "stream.h"
#include "kind.h"
#include "memory.h"
#include "message.h"
#include "resource-limits.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const origin_names[] = {"input", "member", "index"};
static const char *const content_names[] = {"bitcode", "ir", "references", "symbols"};
static const char file_owner[] = "file"; /* of a thin stream's entries */

void stream_add(struct stream *stream, struct stream_entry entry)
{
	array_add(stream, entry);
}

/* libarchive's own words for having no memory differ from place to place, or there are none. */
const char *stream_error(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return archive_errno(archive) == ENOMEM || !text ? limits_memory_text() : text;
}

static la_ssize_t pass_on(struct archive *archive, void *output, const void *data, size_t size)
{
	(void)archive;
	output_write(output, size ? xchecked((void *)data) : NULL, size);
	return size;
}

static void check(struct archive *archive, int result)
{
	if (result < ARCHIVE_WARN)
		fail("the module stream: %s", stream_error(archive));
}

/* libarchive converts a name from the locale's encoding to the UTF-8 of a pax header. It costs a
 * third of a millisecond to have a locale, which most names do not need. */
static void set_encoding(const struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++)
		for (const char *c = stream->items[i].input.name; *c; c++)
			if ((unsigned char)*c > 127) {
				setlocale(LC_CTYPE, "C.UTF-8");
				return;
			}
}

static void write_entry(
    struct archive *archive, struct input input, const char *owner, const char *group)
{
	struct archive_entry *header = xchecked(archive_entry_new());

	archive_entry_set_pathname(header, input.name);
	archive_entry_set_uname(header, owner);
	archive_entry_set_gname(header, group);
	archive_entry_set_filetype(header, AE_IFREG);
	archive_entry_set_perm(header, 0644);
	archive_entry_set_mtime(header, 0, 0);
	archive_entry_set_size(header, input.size);
	check(archive, archive_write_header(archive, header));
	if (archive_write_data(archive, input.data, input.size) < 0)
		check(archive, ARCHIVE_FATAL);
	archive_entry_free(header);
}

/* The file to refer to for the entry, and where in it; NULL where the entry is to be copied. */
static const char *file_of(const struct stream_entry *entry, size_t *offset)
{
	const char *file = input_file_of(entry->input.data, entry->input.size, offset);

	/* a line ends at a newline, which may be in a name */
	if (!file || strchr(entry->input.name, '\n') ||
	    strncmp(entry->input.name, file, strlen(file)))
		return NULL;
	return file;
}

/* Writes one entry for as many of the stream as refer to the same file, from the first on; returns
 * how many. */
static size_t write_references(
    struct archive *archive, const struct stream *stream, size_t first, const char *file)
{
	size_t i, offset, size;
	char *text;
	FILE *lines = xopen_memstream(&text, &size);

	for (i = first; i < stream->count; i++) {
		const struct stream_entry *entry = &stream->items[i];
		if (file_of(entry, &offset) != file)
			break;
		fprintf(lines, "%zu %zu %s %s %s\n", offset, entry->input.size,
		    origin_names[entry->origin], content_names[entry->content],
		    entry->input.name + strlen(file));
	}
	xclose_memstream(lines);
	write_entry(
	    archive, (struct input){file, (unsigned char *)text, size}, file_owner, "references");
	free(text);
	return i - first;
}

void stream_write(const struct stream *stream, struct output *output, bool thin)
{
	set_encoding(stream);
	struct archive *archive = xchecked(archive_write_new());
	size_t offset;

	check(archive, archive_write_set_format_pax_restricted(archive));
	check(archive, archive_write_set_bytes_per_block(archive, 0));
	check(archive, archive_write_open(archive, output, NULL, pass_on, NULL));
	for (size_t i = 0; i < stream->count;) {
		const struct stream_entry *entry = &stream->items[i];
		const char *file = thin ? file_of(entry, &offset) : NULL;
		if (file) {
			i += write_references(archive, stream, i, file);
			continue;
		}
		write_entry(archive, entry->input, origin_names[entry->origin],
		    content_names[entry->content]);
		i++;
	}
	check(archive, archive_write_close(archive));
}

/* The index of text in names, otherwise if it is none of them. */
static size_t index_of(const char *text, const char *const *names, size_t count, size_t otherwise)
{
	for (size_t i = 0; text && i < count; i++)
		if (!strcmp(text, names[i]))
			return i;
	return otherwise;
}

static struct stream_entry read_entry(
    struct archive *archive, struct archive_entry *header, struct input stream)
{
	const char *name = archive_entry_pathname(header);
	struct stream_entry entry = {.input.name = name ? xstrdup(name) : "<unnamed>"};
	const void *data;
	la_int64_t offset;
	size_t size, whole = archive_entry_size(header);

	/* the whole stream is in memory, so that an entry comes in one block */
	int result = whole ? archive_read_data_block(archive, &data, &size, &offset) : ARCHIVE_EOF;
	if (whole && (result != ARCHIVE_OK || size < whole))
		fail("%s: the module stream is truncated in '%s'%s", stream.name, entry.input.name,
		    input_blame(stream));
	entry.input.data = whole ? data : (const unsigned char *)"";
	entry.input.size = whole;
	entry.origin = index_of(archive_entry_uname(header), origin_names, 3, ORIGIN_INPUT);
	entry.content = index_of(archive_entry_gname(header), content_names, 4,
	    kind_of(entry.input.data, entry.input.size) == KIND_IR ? CONTENT_IR : CONTENT_BITCODE);
	return entry;
}

/* Takes the next word of the line, NULL where there is none. */
static const char *next_word(char **line)
{
	return *line ? strsep(line, " ") : NULL;
}

static bool next_number(char **line, size_t *number)
{
	const char *word = next_word(line);
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	*number = strtoull(word, &end, 10);
	return !*end;
}

/* Adds what a line of a thin stream stands for; returns whether it can be that. */
static bool add_reference(struct stream *stream, struct input file, char *line)
{
	size_t offset, size;

	if (!next_number(&line, &offset) || !next_number(&line, &size))
		return false;
	size_t origin = index_of(next_word(&line), origin_names, 3, 3);
	size_t content = index_of(next_word(&line), content_names, 4, 4);
	if (!line || origin == 3 || content == 4)
		return false;
	if (offset > file.size || size > file.size - offset)
		fail("%s: has become shorter since bpf-extract read it", file.name);
	stream_add(stream,
	    (struct stream_entry){
		{*line ? xasprintf("%s%s", file.name, line) : file.name, file.data + offset, size},
		origin, content});
	return true;
}

static void read_references(
    struct stream *stream, const struct stream_entry *entry, const char *stream_name)
{
	/* standard input is in no file, and would be waited for */
	if (!strcmp(entry->input.name, "-"))
		fail("%s: malformed module stream: refers to standard input", stream_name);
	struct input file = input_read_regular(entry->input.name);
	char *lines = xstrndup((const char *)entry->input.data, entry->input.size), *line;

	while ((line = strsep(&lines, "\n")))
		if (*line && !add_reference(stream, file, line))
			fail("%s: malformed module stream: unknown reference to '%s'", stream_name,
			    file.name);
}

/* A tar ends with two blocks of zeros; libarchive takes one that does not. */
static bool ends_as_tar(struct input input)
{
	static const char zeros[1024];

	return input.size >= sizeof zeros &&
	       !memcmp(input.data + input.size - sizeof zeros, zeros, sizeof zeros);
}

void stream_read(struct stream *stream, struct input input)
{
	struct archive *archive = xchecked(archive_read_new());
	struct archive_entry *header;
	int result;

	check(archive, archive_read_support_format_tar(archive));
	result = archive_read_open_memory(archive, input.data, input.size);
	while (result != ARCHIVE_EOF) {
		/* a warning: this locale cannot have the name, which is left as it is */
		if (result < ARCHIVE_WARN)
			fail("%s: malformed module stream: %s%s", input.name, stream_error(archive),
			    input_blame(input));
		result = archive_read_next_header(archive, &header);
		if (result > ARCHIVE_OK || result < ARCHIVE_WARN ||
		    archive_entry_filetype(header) != AE_IFREG)
			continue;
		struct stream_entry entry = read_entry(archive, header, input);
		const char *owner = archive_entry_uname(header);
		if (owner && !strcmp(owner, file_owner))
			read_references(stream, &entry, input.name);
		else
			stream_add(stream, entry);
	}
	if (!ends_as_tar(input))
		fail("%s: the module stream is truncated%s", input.name, input_blame(input));
}
