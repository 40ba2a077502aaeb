/* A hash map that keeps the order of insertion; without values, a set. */
#ifndef MAP_H
#define MAP_H

#include "array.h"
#include <stdbool.h>
#include <stdint.h>

struct map_entry {
	const void *key;
	void *value;
	uint32_t hash;
};

struct map {
	enum { MAP_OF_POINTERS, MAP_OF_STRINGS } kind; /* what tells keys apart */
	ARRAY(struct map_entry);                       /* in the order in which they came */
	uint32_t *slots;                               /* index into items plus one, 0 when free */
	size_t slot_count;
};

/* A hash of text, the same always: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t hash_string(const char *text);

/* Where the value of the key is; NULL where there is no such key. Valid until the next insertion.
 */
void **map_find(const struct map *map, const void *key);

/* The value of the key; NULL where there is no such key. */
void *map_get(const struct map *map, const void *key);

/* Where the value of the key is, which is put in with the value NULL when it is new. A string must
 * stay valid. Valid until the next insertion. */
void **map_insert(struct map *map, const void *key);

/* Puts the key in; returns whether it is new. */
bool map_add(struct map *map, const void *key);

bool map_has(const struct map *map, const void *key);

/* Takes all out. */
void map_clear(struct map *map);

#endif
