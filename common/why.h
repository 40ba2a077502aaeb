/* --why: by which chain of references a symbol is reached from what stays visible. Of all chains, a
 * shortest one. As ld.lld's --why-live prints it. */
#ifndef WHY_H
#define WHY_H

#include "options.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

/* The names that --why was given: to be the value of an OPTION_TEXTS. */
extern struct list why_names;

/* Whether the symbol is one of those that wanted means: by its name, by its demangled name or the
 * last parts of that; or as a glob, by either whole name. */
bool why_means(const char *wanted, const char *symbol);

/* Whether wanted is a glob: it has one of `*?[`. */
bool why_is_glob(const char *wanted);

/* The modules that symbols are in, as the caller has them. */
struct why_modules {
	/* The definition that a reference in *module stands for, and its module in *module; the
	 * reference where nothing defines it; NULL where it is not of interest. */
	LLVMValueRef (*resolve)(void **module, LLVMValueRef reference);
	/* The name of the module's input. */
	const char *(*name)(void *module);
};

/* Adds what stays by itself, for the reason, and all that it leads to. Those that were added before
 * have led to what they reach. */
void why_add_root(
    const struct why_modules *modules, void *module, LLVMValueRef definition, const char *reason);
void why_follow(const struct why_modules *modules);

/* Prints the chain of each symbol that was reached and that wanted means; returns whether there was
 * one. */
bool why_print(const struct why_modules *modules, const char *wanted);

/* Prints what has become of a symbol by itself: `WHAT symbol: INPUT:(SYMBOL) (REASON)`; input may
 * be NULL. */
void why_print_state(const char *what, const char *input, const char *symbol, const char *reason);

/* Prints a line, with what all tools print in one write; why_flush ends it. */
void why_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void why_flush(void);

#endif
