#include "printable.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the UTF-8 character at the beginning, and what it is; 0 where there is none. */
static size_t read_character(const unsigned char *text, size_t size, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = *text < 0x80    ? 1
			: *text < 0xc2  ? 0
			: *text < 0xe0  ? 2
			: *text < 0xf0  ? 3
			: *text <= 0xf4 ? 4
					: 0;

	if (length == 0 || length > size)
		return 0;
	*character = length == 1 ? *text : *text & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	bool is_surrogate = *character >= 0xd800 && *character < 0xe000;
	return *character < least[length] || *character > 0x10ffff || is_surrogate ? 0 : length;
}

/* https://www.unicode.org/reports/tr9/, and what separates lines and paragraphs */
static bool is_bidi_control(uint32_t character)
{
	return character == 0x61c || character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

static bool is_control(uint32_t character)
{
	return character < ' ' || (character >= 0x7f && character <= 0x9f);
}

size_t printable(char *text, size_t size, const char *kept)
{
	char *end = text;

	for (size_t i = 0, length; i < size; i += length ? length : 1) {
		uint32_t character = 0;
		length = read_character((const unsigned char *)text + i, size - i, &character);
		bool keep = character > 0 && character < 0x80 && strchr(kept, (int)character);
		if (keep || (length && !is_control(character) && !is_bidi_control(character))) {
			memmove(end, text + i, length);
			end += length;
		} else
			*end++ = '?';
	}
	return end - text;
}

size_t printable_character(const char *text, size_t size)
{
	uint32_t character;
	size_t length = read_character((const unsigned char *)text, size, &character);

	return length && !is_control(character) && !is_bidi_control(character) ? length : 0;
}
