/* Fields of ELF, in the byte order of their file. Swapping bytes is its own inverse, so that these
 * serve for writing, too. */
#ifndef ELF_FIELDS_H
#define ELF_FIELDS_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

static inline uint64_t field64(bool is_big, uint64_t value)
{
	return is_big ? be64toh(value) : le64toh(value);
}

static inline uint32_t field32(bool is_big, uint32_t value)
{
	return is_big ? be32toh(value) : le32toh(value);
}

static inline uint16_t field16(bool is_big, uint16_t value)
{
	return is_big ? be16toh(value) : le16toh(value);
}

#endif
