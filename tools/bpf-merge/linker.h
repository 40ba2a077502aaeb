/* bpf-merge: the state of a link, and what each file does to it, in the order of main. */
#ifndef LINKER_H
#define LINKER_H

#include "array.h"
#include "map.h"
#include "options.h"
#include "stream.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

/* How strong a definition is; a stronger one prevails, and of equals the first. */
enum strength { UNDEFINED, WEAK, COMMON, STRONG };

struct module {
	struct linker *linker;
	const struct stream_entry *entry;
	LLVMModuleRef ir; /* NULL until it is opened */
	bool takes_part;  /* its symbols are in the symbol table */
	bool is_needed;   /* a definition of it is live */
	bool indexed;     /* its archive's index names a symbol of it */
	bool strips_late; /* only when all bodies are materialized, see has_debug_calls */
	LLVMPassManagerRef materializer; /* reads function bodies, see materialize */
	struct used *used;
	bool has_debug_info;           /* when it was opened */
	LLVMModuleRef with_debug_info; /* opened again for that, see find_with_debug_info */
};

/* How a module refers to a symbol of another. */
struct use {
	struct module *module;
	LLVMValueRef user;      /* a function or variable of the module; may be NULL */
	LLVMValueRef reference; /* the module's declaration; NULL for an object without bitcode */
};

struct symbol {
	const char *name;
	struct module *module;   /* of the prevailing definition */
	LLVMValueRef definition; /* the prevailing one, NULL while there is none */
	enum strength strength;
	const struct use *use; /* the first that is not weak, NULL while there is none */
	bool hidden;           /* one declaration or definition says so */
	bool live;
	bool visible_in_input; /* a file of the command line defines it, not hidden */
	bool in_asm;           /* module asm defines it */
	const char *section;   /* of the first declaration that has one */
};

/* A definition, and the module that it is in. */
struct definition {
	struct module *module;
	LLVMValueRef value;
};

struct definitions {
	ARRAY(struct definition);
};

struct linker {
	/* the command line */
	const char *unresolved_symbols;
	bool strip_debug, btf, without_btf;

	/* the inputs */
	LLVMContextRef context;
	struct stream stream;
	struct module *modules; /* one for each entry of the stream */
	size_t module_count;
	struct module *target_module; /* whose target the result has: the first for BPF */
	struct definitions bodies;    /* functions that are materialized */

	/* resolution */
	struct map symbols;      /* by name: struct symbol */
	struct map lazy_symbols; /* by name: the archive member that would define it */
	struct map nonprevailing;
	struct arena {
		char *free;
		size_t left;
	} arena;

	/* liveness */
	bool is_marking;             /* all inputs that take part from the start do so */
	bool must_restart;           /* what was a live definition, or a root, is none any more */
	struct definitions worklist; /* live, but their references are still to be scanned */
	struct map live;             /* definitions, and constants that were scanned */
	struct map references;       /* live declarations, of what another module defines or none */
	struct {
		ARRAY(struct use);
	} uses; /* the first of each module of each symbol that it does not define */
	struct {
		ARRAY(LLVMValueRef);
	} memory_intrinsics;          /* live */
	struct definitions asm_calls; /* calls of inline asm, in live functions */
	struct map tagged;     /* by name: functions that a declaration tag names, each must stay */
	struct map asm_named;  /* by name: what the text of asm refers to, each must stay */
	struct map asm_locals; /* the same, of what is local to the module of the asm */
	bool needs_btf;        /* something live does */

	/* linking */
	unsigned modules_linked;
	struct map core_structs; /* by name: the first of those that unoptimized code accesses */
};

/* symbols.c: the symbol table, and the kinds of global values */

/* Memory for what lives until the program ends, zeroed; there are many symbols. */
void *allocate(struct linker *linker, size_t size);
/* A copy of the text in such memory. */
const char *allocate_string(struct linker *linker, const char *text);
/* The symbol of the name, which is added when it is new. */
struct symbol *symbol_of(struct linker *linker, const char *name);
/* internal or private, or without a name: other modules cannot refer to it */
bool is_local(LLVMValueRef global);
/* One of LLVM's own: llvm.used, which LLVM concatenates, intrinsics, CO-RE's. */
bool is_llvm_global(LLVMValueRef global);
/* The name by which other modules refer to the global; NULL where it is local, or LLVM's own. LLVM
 * looks names up in a table, so that asking once is faster. */
const char *symbol_name(LLVMValueRef global);
/* UNDEFINED of a declaration, and of a copy of what another module defines. */
enum strength strength_of(LLVMValueRef global);
/* A function or an alias of one. */
bool is_function(LLVMValueRef global);
/* "function" or "variable", for messages. */
const char *kind_name(LLVMValueRef global);
/* What an alias is of, which may be in the middle of that. As in ELF, it stands for what its own
 * module has, even where that does not prevail. */
LLVMValueRef base_of(LLVMValueRef alias);

/* module-asm.c */

/* Calls visit for each name that module asm both makes global and has a label for. */
void each_asm_symbol(struct module *module, void (*visit)(struct module *module, const char *name));

/* read.c: the inputs, and their modules, which are opened lazily */

/* Reads the operands, or standard input, into linker->modules. Fails on what holds no module. */
void read_inputs(struct linker *linker, const struct operands *operands);
/* The module's name as the user knows it. */
const char *input_name(const struct module *module);
/* Whether the entry holds bitcode or IR. */
bool holds_module(const struct module *module);
/* Whether the module takes part though nothing refers to it. */
bool is_root_module(const struct module *module);
/* Opens the module, unless it is open. Fails with its name when it is damaged. */
void open_module(struct module *module);
/* Opens an archive member that has no index, and adds what it would define to the lazy symbols. */
void add_lazy_symbols(struct module *member);
/* Makes the module's target the result's where that is to be so; fails on the other byte order. */
void check_target(struct module *module);
/* Reads the body of a function. Fails on a damaged one. */
void materialize(struct module *module, LLVMValueRef function);
/* Fails on a materialized function that is not valid. */
void verify_functions(struct linker *linker);

/* resolve.c: which definition of a symbol prevails, and what is live */

/* Adds the symbols of all modules that take part from the start to the symbol table. Fails on
 * duplicate symbols. */
void add_inputs(struct linker *linker);
/* Marks live what is reachable from the roots; adds the archive members that define something of
 * that. Fails as add_inputs does. */
void mark_live(struct linker *linker);

/* sections.c: sections that variables of several modules share */

/* Whether both are variables in the section license, or in version. Fails, naming both inputs,
 * where their contents differ. */
bool is_same_license(struct definition first, struct definition other);
/* Of live licenses and versions in several modules, keeps one where nothing refers to the others;
 * fails as is_same_license does. Makes all variables of a section writable where modules differ in
 * that. */
void unify_sections(struct linker *linker);

/* why-live.c: --why */

/* Prints by what each symbol that the user asked for is live, or why it is dead. */
void print_why(struct linker *linker);

/* slim.c: --btf */

/* Drops debug info of which no BTF is made from the modules that take part. */
void slim_debug_info(struct linker *linker);

/* locate.c: where a use stands in the source */

/* The function or variable in the module with its debug info, which may have been dropped when the
 * module was opened: it is opened once more. NULL where it is not found. */
LLVMValueRef find_with_debug_info(struct module *module, LLVMValueRef global);
/* `FILE:LINE` of the function's first instruction that uses the reference and has a location; where
 * none has, as those of CO-RE relocations, of what follows in the block. NULL where there is none;
 * for the caller to free. */
char *find_line_of_use(LLVMValueRef function, LLVMValueRef reference);
/* `, used by function 'f' (file.c:3)`, as far as that is known; stays valid. */
const char *describe_user(const struct use *use);

/* mismatch.c, missing-btf.c, undefined.c: what the user is told of the link */

/* Warns of what is defined otherwise than a module declares or calls it: once for each symbol in
 * each module. */
void report_mismatches(struct linker *linker);
/* Warns where something live needs BTF, and there will be none of it. */
void report_missing_btf(struct linker *linker);
/* Warns of exports that nothing defines, and as --unresolved-symbols says, of undefined symbols, or
 * fails. */
void report_undefined(struct linker *linker);

/* link.c: linking the modules */

/* The result: what is live of all modules that take part. */
LLVMModuleRef link_modules(struct linker *linker);

/* replace.c: what does not prevail */

/* Makes a declaration of a definition, for the module's users of it. Fails where an alias points
 * into it. */
void replace_by_declaration(LLVMModuleRef ir, LLVMValueRef definition);

/* asm-names.c: asm that refers to functions and variables by their names */

/* Calls visit for each symbol that the asm names, of a live function's instruction, which is
 * remembered, where that is inline asm. */
void each_inline_asm_reference(struct module *module, LLVMValueRef instruction,
    void (*visit)(struct module *module, const char *name));
/* The same for module asm. */
void each_module_asm_reference(
    struct module *module, void (*visit)(struct module *module, const char *name));
/* Marks live locals that asm names as used. Renames locals, and labels in asm, there as well, where
 * another module has the name, or its asm means another one by it. */
void separate_asm_names(struct linker *linker);

/* module-flags.c */

/* Where modules differ in a flag that means nothing to BPF, has the larger value prevail. */
void reconcile_module_flags(struct linker *linker);

/* core-relocations.c */

/* Renames what CO-RE relocations are made of, where the result has or may get its like. */
void separate_core_relocations(struct linker *linker, LLVMModuleRef ir);

/* function-order.c */

/* Makes LLVM link the live functions of the module first, and in their order. Fails where the
 * module has the name that this takes. */
void keep_function_order(const struct linker *linker, LLVMModuleRef ir);
/* Removes what that has left in the result. */
void drop_function_order(LLVMModuleRef result);

#endif
