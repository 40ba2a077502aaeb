/* What the parts of random-program share: the program, as modules and symbols. */
#ifndef RANDOM_PROGRAM_H
#define RANDOM_PROGRAM_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MODULES = 6,
	SYMBOLS = 200,
	PARAMETERS = 5,
	ELEMENTS = 8,
	PROGRAMS = 2,
	PACKETS = 3,
	PACKET_WORDS = 16,
	MOST_CALLS = 20, /* that a call of a function leads to; the verifier follows each */
	MOST_CALLS_OF_PROGRAM = 60,
	MOST_FRAMES = 6,
};

enum role { INPUT, NEEDED, UNNEEDED, USED_ONLY };
enum linkage { NONE, STRONG, WEAK, COMMON, INLINE };
enum shape { FUNCTION, SCALAR, WIDE, ARRAY, RECORD };
enum parameter { UNSIGNED, BYTE, LONG, POINTER };

struct record {
	uint64_t wide;
	uint32_t word;
	uint8_t bytes[4];
	uint32_t words[4];
};

/* One statement. All of them read and change x, and never make it predictable: no compiler can
 * find that a symbol is not needed after all. */
enum action {
	MULTIPLY,
	SHIFT,
	DIVIDE,
	USE_PARAMETER,
	USE_RECORD,
	USE_VARIABLE,
	USE_STRING,
	USE_POINTERS,
	CALL,
	CALL_BY_TABLE,
	BRANCH,
	LOOP,
};

struct statement {
	enum action action;
	int symbol, other; /* numbers of symbols; a record to pass to a call, -1 for a new one */
	uint32_t a, b;
	bool tested; /* the call, for whether the function is there */
	struct statement *then, *otherwise, *next;
};

struct module {
	enum role role;
	int archive;
	int level;
	bool debug;
	bool called_by_input; /* its first function; by a member's otherwise */
	bool left_out;        /* of the eager link: it would win, or be a duplicate, there */
};

struct symbol {
	char name[16];
	enum shape shape;
	int local;  /* the module that it is static in, or -1 */
	int winner; /* the module whose definition is taken, or -1 */
	int alias_of;
	int alias; /* a variable's alias, which other modules use in its place */
	enum linkage linkage[MODULES];
	bool hidden[MODULES], referred[MODULES], weak_reference[MODULES], noinline_in[MODULES];
	bool used, constant, program, reached, exported;
	/* variables */
	uint32_t size[MODULES], initial[MODULES][ELEMENTS];
	uint64_t wide;
	uint32_t words[ELEMENTS];
	struct record record;
	/* functions */
	int parameter_count, calls, frames;
	enum parameter parameters[PARAMETERS];
	struct statement *body[MODULES];
};

extern uint64_t random_state;
extern const char *directory;
extern struct module modules[MODULES];
extern int module_count, input_count;
extern struct symbol symbols[SYMBOLS];
extern int symbol_count;
extern bool exports_given, archives_last, aliases_of_lost;
extern FILE *out;

/* symbols.c */
uint32_t random_word(void);
int below(int bound);
bool percent(int chance);
bool takes_part(int module);
bool is_member(int module);
void make_modules(void);
struct symbol *add_symbol(enum shape shape, int local, const char *name, ...);
bool has_local(int module, const char *name);
void set_winner(struct symbol *symbol);
int random_module_for_definition(void);
void repeat_in_unneeded(struct symbol *symbol);
void define_in_several(struct symbol *symbol, int first);
void define_as_common(struct symbol *symbol, int first);
void hide_somewhere(struct symbol *symbol);
bool may_share(int module);
bool is_defined_once(const struct symbol *symbol);
struct symbol *add_local(enum shape shape, int module);

/* program.c */
uint32_t size_in(const struct symbol *symbol, int module);
void refer(unsigned set, int number);
void make_program(void);

/* run.c */
extern const char *const texts[4];
uint32_t call_symbol(int number, uint32_t x, const uint64_t *arguments, struct record *record);
void load(void);

#endif
