#include "producer.h"
#include "bitcode.h"
#include "memory.h"
#include "message.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read past the end is zeros. */
struct bits {
	struct input block;
	size_t at; /* in bits */
};

static uint64_t read_fixed(struct bits *bits, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++, bits->at++)
		if (bits->at / 8 < bits->block.size && i < 64)
			value |= (uint64_t)(bits->block.data[bits->at / 8] >> bits->at % 8 & 1)
				 << i;
	return value;
}

static bool at_end(const struct bits *bits)
{
	return bits->at / 8 >= bits->block.size;
}

static uint64_t read_variable(struct bits *bits, unsigned width)
{
	uint64_t value = 0, more = width ? 1ull << (width - 1) : 0;

	for (unsigned shift = 0; shift < 64; shift += width - 1) {
		uint64_t chunk = read_fixed(bits, width);
		value |= (chunk & ~more) << shift;
		if (!(chunk & more) || width < 2)
			break;
	}
	return value;
}

enum encoding { LITERAL, FIXED = 1, VBR, ARRAY, CHAR6, BLOB };
enum { MOST_OPERANDS = 8, MOST_ABBREVIATIONS = 8, LONGEST = 256 };

struct abbreviation {
	size_t count;
	struct {
		enum encoding encoding;
		uint64_t value; /* the literal, or the width */
	} operands[MOST_OPERANDS];
};

static bool read_abbreviation(struct bits *bits, struct abbreviation *abbreviation)
{
	abbreviation->count = read_variable(bits, 5);
	if (abbreviation->count > MOST_OPERANDS)
		return false;
	for (size_t i = 0; i < abbreviation->count; i++) {
		bool literal = read_fixed(bits, 1);
		enum encoding encoding = literal ? LITERAL : read_fixed(bits, 3);
		abbreviation->operands[i].encoding = encoding;
		abbreviation->operands[i].value = 0;
		if (literal)
			abbreviation->operands[i].value = read_variable(bits, 8);
		else if (encoding == FIXED || encoding == VBR)
			abbreviation->operands[i].value = read_variable(bits, 5);
		if (abbreviation->operands[i].value > 64 && !literal)
			return false;
	}
	return true;
}

static uint64_t read_operand(struct bits *bits, const struct abbreviation *abbreviation, size_t i)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";

	switch (abbreviation->operands[i].encoding) {
	case LITERAL:
		return abbreviation->operands[i].value;
	case FIXED:
		return read_fixed(bits, abbreviation->operands[i].value);
	case VBR:
		return read_variable(bits, abbreviation->operands[i].value);
	case CHAR6:
		return letters[read_fixed(bits, 6)];
	default:
		return 0;
	}
}

/* A record: its code, and what follows. */
struct record {
	size_t count;
	uint64_t values[LONGEST];
};

static void add(struct record *record, uint64_t value)
{
	if (record->count < LONGEST)
		record->values[record->count++] = value;
}

static struct record read_unabbreviated(struct bits *bits)
{
	struct record record = {0};

	add(&record, read_variable(bits, 6));
	for (uint64_t count = read_variable(bits, 6); count && !at_end(bits); count--)
		add(&record, read_variable(bits, 6));
	return record;
}

static struct record read_abbreviated(struct bits *bits, const struct abbreviation *abbreviation)
{
	struct record record = {0};

	for (size_t i = 0; i < abbreviation->count; i++) {
		enum encoding encoding = abbreviation->operands[i].encoding;
		if (encoding == ARRAY && i + 1 < abbreviation->count) {
			size_t before = 0; /* what takes no bits would never end */
			for (uint64_t count = read_variable(bits, 6);
			    count && bits->at != before && !at_end(bits); count--) {
				before = bits->at;
				add(&record, read_operand(bits, abbreviation, i + 1));
			}
			break;
		}
		add(&record, read_operand(bits, abbreviation, i));
	}
	return record;
}

static char *text_of(const struct record *record)
{
	char *text = xcalloc(record->count, 1);

	for (size_t i = 1; i < record->count; i++) {
		text[i - 1] = record->values[i];
		if (record->values[i] < ' ' || record->values[i] > '~')
			text[i - 1] = '?';
	}
	return text;
}

char *producer_of(struct input bitcode)
{
	enum { END_BLOCK, ENTER_SUBBLOCK, DEFINE_ABBREV, UNABBREV_RECORD, FIRST_OWN };
	enum { IDENTIFICATION_CODE_STRING = 1 };
	struct abbreviation abbreviations[MOST_ABBREVIATIONS] = {{0}};
	size_t offset = 0, count = 0;
	unsigned width;
	struct bits bits = {
	    bitcode_next_block(bitcode, BITCODE_IDENTIFICATION, &offset, &width), 0};

	while (bits.block.data && !at_end(&bits)) {
		uint64_t id = read_fixed(&bits, width);
		struct record record;
		if (id == DEFINE_ABBREV) {
			if (count == MOST_ABBREVIATIONS ||
			    !read_abbreviation(&bits, &abbreviations[count]))
				return NULL;
			count++;
			continue;
		}
		if (id == UNABBREV_RECORD)
			record = read_unabbreviated(&bits);
		else if (id >= FIRST_OWN && id - FIRST_OWN < count)
			record = read_abbreviated(&bits, &abbreviations[id - FIRST_OWN]);
		else
			return NULL;
		if (record.count > 1 && record.values[0] == IDENTIFICATION_CODE_STRING)
			return text_of(&record);
	}
	return NULL;
}

static const char llvm[] = "LLVM", rust[] = "-rust-", stable[] = "-stable";

unsigned producer_llvm(const char *producer)
{
	if (!producer || strncmp(producer, llvm, strlen(llvm)))
		return 0;
	unsigned long version = strtoul(producer + strlen(llvm), NULL, 10);
	return version < 1000 ? version : 0;
}

bool producer_may_be_newer(const char *producer, const char *version)
{
	unsigned long theirs, ours;
	char *end;

	if (!producer_llvm(producer))
		return true;
	producer += strlen(llvm);
	for (;;) {
		theirs = strtoul(producer, &end, 10);
		producer = end;
		ours = strtoul(version, &end, 10);
		version = end;
		if (theirs != ours || *producer != '.' || *version != '.')
			return theirs > ours;
		producer++, version++;
	}
}

char *producer_in_words(const char *producer)
{
	if (!producer_llvm(producer))
		return xasprintf("%s", producer ? producer : "an unknown LLVM");
	const char *version = producer + strlen(llvm);
	const char *rustc = strstr(version, rust);
	if (!rustc)
		return xasprintf("LLVM %s", version);
	const char *channel = strstr(rustc, stable);
	const char *release = rustc + strlen(rust);
	return xasprintf("LLVM %.*s (rustc %.*s)", (int)(rustc - version), version,
	    channel ? (int)(channel - release) : (int)strlen(release), release);
}
