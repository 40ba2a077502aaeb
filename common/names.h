/* A set of names, each with a value: a hash table that keeps the order of insertion. */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
	struct name {
		const char *text;
		void *value;
		uint32_t hash;
	} *items; /* in the order in which they came */
	size_t count;
	unsigned *slots; /* index into items plus one, 0 when free */
	size_t slot_count;
};

/* A hash of text, the same always: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t names_hash(const char *text);

/* The place of the value of text, NULL when text is not in the set. */
void **names_find(const struct names *names, const char *text);

/* The place of the value of text, which is put in with value NULL when it is new. text must
 * stay valid. The place is valid until the next names_add. */
void **names_add(struct names *names, const char *text);

#endif
