/* A set of pointers: a hash table. */
#ifndef POINTERS_H
#define POINTERS_H

#include <stdbool.h>
#include <stddef.h>

struct pointers {
	const void **slots; /* NULL when free */
	size_t slot_count, count;
};

/* Puts pointer in; returns whether it is new. */
bool pointers_add(struct pointers *pointers, const void *pointer);

bool pointers_has(const struct pointers *pointers, const void *pointer);

/* Takes all out. */
void pointers_clear(struct pointers *pointers);

#endif
