#include "node-text.h"
#include "libllvm.h"
#include "memory.h"
#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

char *node_text(LLVMValueRef node)
{
	char *printed = xchecked(LLVMPrintValueToString(node)), *start = strstr(printed, "!DI");

	char *text = start ? xstrdup(start) : NULL;

	if (!text)
		libllvm_refuse("prints a node of debug info in an unknown way: %s", printed);
	LLVMDisposeMessage(printed);
	return text;
}

char *find_in_node(char *text, const char *part)
{
	size_t length = strlen(part);

	for (bool quoted = false; *text; text++) {
		if (*text == '"')
			quoted = !quoted; /* in a string it is \22 */
		else if (!quoted && *text == *part && !strncmp(text, part, length))
			return text;
	}
	return NULL;
}

char *node_field(LLVMValueRef node, const char *field)
{
	char *text = node_text(node), *start = xasprintf("%s: ", field), *value = NULL;

	for (char *found = text; (found = find_in_node(found, start)); found++)
		if (found[-1] == '(' || found[-1] == ' ') {
			found += strlen(start);
			value = xstrndup(found, strcspn(found, ",)"));
			break;
		}
	free(start);
	free(text);
	return value;
}
