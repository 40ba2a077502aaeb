#include "names.h"
#include "message.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

uint64_t names_hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

static uint32_t hash(const char *text)
{
	uint64_t value = names_hash(text);

	return value ^ value >> 32;
}

static size_t find_slot(const struct names *names, const char *text, uint32_t hash)
{
	size_t mask = names->slot_count - 1, slot = hash & mask;
	const struct name *name;

	for (; names->slots[slot]; slot = (slot + 1) & mask) {
		name = &names->items[names->slots[slot] - 1];
		if (name->hash == hash && !strcmp(name->text, text))
			break;
	}
	return slot;
}

static void grow(struct names *names)
{
	names->slot_count = names->slot_count ? 2 * names->slot_count : 256;
	free(names->slots);
	names->slots = xcalloc(names->slot_count, sizeof *names->slots);
	names->items = xrealloc(names->items, names->slot_count * sizeof *names->items);
	for (size_t i = 0; i < names->count; i++)
		names->slots[find_slot(names, names->items[i].text, names->items[i].hash)] = i + 1;
}

void **names_find(const struct names *names, const char *text)
{
	if (!names->count)
		return NULL;
	unsigned place = names->slots[find_slot(names, text, hash(text))];
	return place ? &names->items[place - 1].value : NULL;
}

void **names_add(struct names *names, const char *text)
{
	if (2 * (names->count + 1) > names->slot_count)
		grow(names);
	uint32_t text_hash = hash(text);
	size_t slot = find_slot(names, text, text_hash);
	if (!names->slots[slot]) {
		names->items[names->count] = (struct name){text, NULL, text_hash};
		names->slots[slot] = ++names->count;
	}
	return &names->items[names->slots[slot] - 1].value;
}
