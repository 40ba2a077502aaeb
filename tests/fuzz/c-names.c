/* Names of types that become identifiers of C. */
#include "harness.h"
#include "../../tools/bpf-debuginfo/c-names.c"

void note(const char *what, const char *name, const char *why)
{
	(void)what;
	(void)name;
	(void)why;
}

void fuzz(const unsigned char *data, size_t size)
{
	char *name = xstrndup((const char *)data, size), *fit = sanitized(name);

	EXPECT(is_identifier(fit) && strlen(fit) <= LONGEST_NAME);
	EXPECT(!*name == !*fit);
	EXPECT(!is_identifier(name) || strlen(name) > LONGEST_NAME || !strcmp(name, fit));
	encoding_of_c(name);
	free(fit);
	free(name);
}
