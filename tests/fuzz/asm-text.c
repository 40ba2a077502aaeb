/* The text of assembly, of modules and inline: the first byte says which. */
#include "harness.h"
#include "../../common/asm-text.c"

static struct asm_text text;

static void visit(const struct asm_word *word, void *data)
{
	const char **last = data;

	EXPECT(word->length && word->text >= *last);
	*last = word->text + word->length;
	EXPECT(*last <= text.text + text.size);
	EXPECT(!word->name || (*word->name && strlen(word->name) <= word->length));
}

void fuzz(const unsigned char *data, size_t size)
{
	if (!size)
		return;
	text = (struct asm_text){(const char *)data + 1, size - 1, *data == '$'};
	const char *last = text.text;
	asm_each_word(text, visit, &last);
}
