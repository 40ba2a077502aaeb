/* The tar that bpf-merge reads. A file that it refers to is the stream itself. */
#include "harness.h"
#define input_read_regular read_data
#include "../../common/stream.c"

static struct input stream_input;

struct input read_data(const char *name)
{
	return (struct input){name, stream_input.data, stream_input.size};
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

void fuzz(const unsigned char *data, size_t size)
{
	static struct stream stream;

	if (!size)
		return;
	unsigned char *tar = memcpy(xcalloc(size, 1), data, size);
	if (data[size - 1] % 2 == 0)
		mend_checksums(tar, size);
	stream.count = 0;
	stream_input = (struct input){"<stdin>", tar, size};
	stream_read(&stream, stream_input);
	for (size_t i = 0; i < stream.count; i++) {
		EXPECT(stream.items[i].input.name);
		EXPECT(is_within(stream.items[i].input));
		EXPECT(stream.items[i].origin <= ORIGIN_INDEX);
		EXPECT(stream.items[i].content <= CONTENT_INDEX);
	}
	free(tar);
}
