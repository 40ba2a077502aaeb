#include "map.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

uint64_t hash_string(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

static uint32_t hash_key(const struct map *map, const void *key)
{
	/* Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4 */
	uint64_t value =
	    map->kind == MAP_OF_STRINGS ? hash_string(key) : (uintptr_t)key * 0x9e3779b97f4a7c15;

	return value ^ value >> 32;
}

static bool is_key(const struct map *map, const struct map_entry *entry, const void *key)
{
	return entry->key == key || (map->kind == MAP_OF_STRINGS && !strcmp(entry->key, key));
}

static uint32_t *find_slot(const struct map *map, const void *key, uint32_t hash)
{
	size_t mask = map->slot_count - 1, slot = hash & mask;

	for (; map->slots[slot]; slot = (slot + 1) & mask) {
		const struct map_entry *entry = &map->items[map->slots[slot] - 1];
		if (entry->hash == hash && is_key(map, entry, key))
			break;
	}
	return &map->slots[slot];
}

/* At most half of the slots are taken. */
static void grow(struct map *map)
{
	map->slot_count = map->slot_count ? 2 * map->slot_count : 64;
	free(map->slots);
	map->slots = xcalloc(map->slot_count, sizeof *map->slots);
	for (size_t i = 0; i < map->count; i++)
		*find_slot(map, map->items[i].key, map->items[i].hash) = i + 1;
}

void **map_find(const struct map *map, const void *key)
{
	if (!map->count)
		return NULL;
	uint32_t slot = *find_slot(map, key, hash_key(map, key));
	return slot ? &map->items[slot - 1].value : NULL;
}

void *map_get(const struct map *map, const void *key)
{
	void **value = map_find(map, key);

	return value ? *value : NULL;
}

void **map_insert(struct map *map, const void *key)
{
	if (2 * (map->count + 1) > map->slot_count)
		grow(map);
	uint32_t hash = hash_key(map, key), *slot = find_slot(map, key, hash);
	if (!*slot) {
		array_add(map, (struct map_entry){key, NULL, hash});
		*slot = map->count;
	}
	return &map->items[*slot - 1].value;
}

bool map_add(struct map *map, const void *key)
{
	size_t count = map->count;

	map_insert(map, key);
	return map->count != count;
}

bool map_has(const struct map *map, const void *key)
{
	return map_find(map, key);
}

void map_clear(struct map *map)
{
	if (map->count)
		memset(map->slots, 0, map->slot_count * sizeof *map->slots);
	map->count = 0;
}
