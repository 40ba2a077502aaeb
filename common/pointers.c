#include "pointers.h"
#include "message.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4. */
static size_t find_slot(const struct pointers *pointers, const void *pointer)
{
	uint64_t value = (uintptr_t)pointer * 0x9e3779b97f4a7c15;
	size_t mask = pointers->slot_count - 1, slot = value >> 32 & mask;

	while (pointers->slots[slot] && pointers->slots[slot] != pointer)
		slot = (slot + 1) & mask;
	return slot;
}

static void grow(struct pointers *pointers)
{
	struct pointers larger = {
	    .slot_count = pointers->slot_count ? 2 * pointers->slot_count : 1024,
	    .count = pointers->count,
	};

	larger.slots = xcalloc(larger.slot_count, sizeof *larger.slots);
	for (size_t i = 0; i < pointers->slot_count; i++)
		if (pointers->slots[i])
			larger.slots[find_slot(&larger, pointers->slots[i])] = pointers->slots[i];
	free(pointers->slots);
	*pointers = larger;
}

bool pointers_add(struct pointers *pointers, const void *pointer)
{
	if (2 * (pointers->count + 1) > pointers->slot_count)
		grow(pointers);
	size_t slot = find_slot(pointers, pointer);
	if (pointers->slots[slot])
		return false;
	pointers->slots[slot] = pointer;
	pointers->count++;
	return true;
}

bool pointers_has(const struct pointers *pointers, const void *pointer)
{
	return pointers->count && pointers->slots[find_slot(pointers, pointer)];
}

void pointers_clear(struct pointers *pointers)
{
	if (pointers->count)
		memset(pointers->slots, 0, pointers->slot_count * sizeof *pointers->slots);
	pointers->count = 0;
}
