#include "bitcode.h"
#include <stdint.h>
#include <string.h>

static uint32_t word_at(struct input bitcode, size_t offset)
{
	const unsigned char *byte = bitcode.data + offset;

	return byte[0] | byte[1] << 8 | byte[2] << 16 | (uint32_t)byte[3] << 24;
}

bool bitcode_is_wrapped(struct input bitcode)
{
	enum { WRAPPER_MAGIC = 0x0b17c0de, WRAPPER_SIZE = 20 };

	return bitcode.size >= WRAPPER_SIZE && word_at(bitcode, 0) == WRAPPER_MAGIC;
}

/* Past the magic number, and the wrapper where there is one. */
static size_t first_block(struct input bitcode)
{
	enum { WRAPPER_OFFSET = 8 };

	if (!bitcode_is_wrapped(bitcode))
		return 4;
	return (size_t)word_at(bitcode, WRAPPER_OFFSET) + 4;
}

struct input bitcode_next_block(
    struct input bitcode, enum bitcode_block kind, size_t *offset, unsigned *width)
{
	size_t at = *offset ? *offset : first_block(bitcode);

	/* a block starts with ENTER_SUBBLOCK (1 in 2 bits), its kind (8 bits), the width of its
	 * abbreviations (4 bits) and, in the next word, its length in words; kind and width are as
	 * small as that for all blocks out here, which their highest bits tell */
	while (at <= bitcode.size && bitcode.size - at >= 8) {
		uint32_t head = word_at(bitcode, at);
		size_t size = 4 * (size_t)word_at(bitcode, at + 4);
		if ((head & 0x2203) != 1 || size > bitcode.size - at - 8)
			break;
		at += 8 + size;
		if ((head >> 2 & 0x7f) == kind) {
			*offset = at;
			if (width)
				*width = head >> 10 & 7;
			return (struct input){bitcode.name, bitcode.data + at - size, size};
		}
	}
	return (struct input){bitcode.name, NULL, 0};
}
