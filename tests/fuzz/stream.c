/* What bpf-merge reads: a tar, an archive's index in it, which inputs take part. A file that the
 * tar refers to is the tar itself. */
#include "harness.h"
#define input_read read_data
#define input_read_regular read_data
#include "../../common/stream.c"
#include "../../tools/bpf-merge/read.c"

static struct input stream_input;

struct input read_data(const char *name)
{
	return (struct input){
	    name ? name : stream_input.name, stream_input.data, stream_input.size};
}

static bool is_within(struct input part)
{
	return !part.size ||
	       (part.data >= stream_input.data && part.size <= stream_input.size &&
		   (size_t)(part.data - stream_input.data) <= stream_input.size - part.size);
}

/* A header that libarchive takes, whatever is in it: what a fuzzer would hardly hit upon. See
 * pax(1), "ustar Interchange Format". */
static void mend_checksums(unsigned char *tar, size_t size)
{
	enum { BLOCK = 512, CHECKSUM = 148, CHECKSUM_SIZE = 8, MAGIC = 257 };

	for (unsigned char *header = tar; size >= BLOCK; header += BLOCK, size -= BLOCK) {
		unsigned sum = CHECKSUM_SIZE * ' ';
		if (memcmp(header + MAGIC, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < BLOCK; i++)
			if (i < CHECKSUM || i >= CHECKSUM + CHECKSUM_SIZE)
				sum += header[i];
		snprintf((char *)header + CHECKSUM, CHECKSUM_SIZE, "%06o", sum);
	}
}

static void check_entries(const struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++) {
		EXPECT(stream->items[i].input.name);
		EXPECT(is_within(stream->items[i].input));
		EXPECT(stream->items[i].origin <= ORIGIN_INDEX);
		EXPECT(stream->items[i].content <= CONTENT_INDEX);
	}
}

void fuzz(const unsigned char *data, size_t size)
{
	struct linker linker = {
	    .symbols.kind = MAP_OF_STRINGS, .lazy_symbols.kind = MAP_OF_STRINGS};
	struct operands operands = {NULL};

	if (!size)
		return;
	unsigned char *tar = memcpy(xcalloc(size, 1), data, size);
	if (data[size - 1] % 2 == 0)
		mend_checksums(tar, size);
	stream_input = (struct input){"<stdin>", tar, size};
	read_inputs(&linker, &operands);
	check_entries(&linker.stream);
	for (size_t i = 0; i < linker.lazy_symbols.count; i++)
		EXPECT(holds_module(linker.lazy_symbols.items[i].value));
	for (size_t i = 0; i < linker.module_count; i++)
		is_root_module(&linker.modules[i]);
	free(linker.lazy_symbols.items);
	free(linker.lazy_symbols.slots);
	free(linker.stream.items);
	free(linker.modules);
	free(tar);
}
