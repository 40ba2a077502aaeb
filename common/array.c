#include "array.h"
#include "memory.h"

void *array_grow(void *items, size_t wanted, size_t *capacity, size_t size)
{
	if (wanted <= *capacity)
		return items;
	*capacity = wanted < 8 ? 8 : wanted < 2 * *capacity ? 2 * *capacity : wanted;
	return xrealloc(items, *capacity * size);
}
