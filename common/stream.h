/* The stream of modules from bpf-extract to bpf-merge: a pax tar. An entry's name is the input's
 * as the user wrote it, `archive(member)` for a member; its owner says where it comes from, its
 * group what it holds. Both show in `tar -tv`. */
#ifndef STREAM_H
#define STREAM_H

#include "array.h"
#include "input.h"
#include "output.h"
#include <stdbool.h>

enum stream_origin {
	ORIGIN_INPUT,  /* named on the command line */
	ORIGIN_MEMBER, /* of an archive: takes part when something needs it */
	ORIGIN_INDEX   /* the symbol index of the archive whose members come just before */
};

enum stream_content {
	CONTENT_BITCODE,
	CONTENT_IR,
	CONTENT_REFERENCES, /* a symbol each line: what an object without bitcode leaves undefined
			     */
	CONTENT_INDEX /* `DISTANCE SYMBOL` each line: the entry that many before this one has it */
};

/* A thin stream does not hold what stands in regular files but refers to it, as a thin archive
 * does: an entry with the name of the file and the owner `file` has lines `OFFSET SIZE OWNER GROUP
 * REST`, one for each entry that it stands for; that one's name is the file's and REST, `(member)`
 * or nothing. */

struct stream_entry {
	struct input input; /* its name, and its bytes */
	enum stream_origin origin;
	enum stream_content content;
};

struct stream {
	ARRAY(struct stream_entry);
};

/* Appends a copy of entry; its bytes stay the caller's. */
void stream_add(struct stream *stream, struct stream_entry entry);

/* Writes all entries, the same bytes for the same entries; where thin, those that input_read mapped
 * as references. Fails as output_write does. */
void stream_write(const struct stream *stream, struct output *output, bool thin);

/* Adds the entries of the stream that input holds; their bytes stay in the input's memory. Entries
 * that bpf-extract did not write are taken as inputs. Fails on a damaged stream, and where a file
 * that it refers to cannot be read. */
void stream_read(struct stream *stream, struct input input);

struct archive;

/* Why libarchive has failed. */
const char *stream_error(struct archive *archive);

#endif
