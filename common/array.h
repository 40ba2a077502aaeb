/* A growable array: any struct with the members items, count and capacity, all zero at first. */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/* The members, for the head of a struct. */
#define ARRAY(type) \
	type *items; \
	size_t count, capacity

/* array_add(ARRAY, ITEM): appends a copy of the item. Pointers to items are valid until then. */
#define array_add(array, ...) \
	do { \
		array_reserve(array, 1); \
		(array)->items[(array)->count++] = (__VA_ARGS__); \
	} while (0)

/* Makes room for so many more items. */
#define array_reserve(array, more) \
	((array)->items = array_grow( \
	     (array)->items, (array)->count + (more), &(array)->capacity, sizeof *(array)->items))

/* What array_reserve calls: items, or their copy with room for at least wanted of size bytes. */
void *array_grow(void *items, size_t wanted, size_t *capacity, size_t size);

#endif
