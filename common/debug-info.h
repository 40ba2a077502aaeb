/* The part of debug info that BTF is made of: subprograms, variables, their types, and the
 * instructions' locations. What is needed of it is noted; then the rest is dropped. */
#ifndef DEBUG_INFO_H
#define DEBUG_INFO_H

#include "metadata.h"

/* A function and its subprogram. */
struct function {
	LLVMValueRef value, subprogram;
};

/* Those noted that have one. */
extern struct functions {
	ARRAY(struct function);
} functions;

/* Notes a function whose body has been read, or one that is declared only. */
void note_function(LLVMValueRef function);

/* Notes a global variable. */
void note_variable(LLVMValueRef variable);

/* All nodes that are reached from those noted, and what add_node adds, once each. */
extern struct values nodes;
void add_node(LLVMValueRef value);

/* Reaches what the nodes from the first on, an index into nodes, have for operands, and so on. */
void reach_operands(size_t first);

enum detail {
	EVERYTHING, /* nothing is dropped */
	TEMPLATES,  /* what BTF is made of, and the parameters of templates */
	ONLY_BTF,
};

/* Reaches all nodes from those noted. Unless EVERYTHING is kept, each is slimmed in place, so that
 * BTF comes out the same: no scopes, no names for linkers, no parameters of functions that
 * were inlined everywhere; and no members of structs that BTF only names, so that all that is
 * behind them is not reached. To be called once, after all is noted of all modules of the context;
 * module is one of them. */
void reach_nodes(LLVMModuleRef module, enum detail detail);

/* The compile units, for the caller to free. */
struct values units_of(LLVMModuleRef module);

/* Drops a unit's lists, of types and others, from which no BTF is made. */
void slim_unit(LLVMValueRef unit);

/* Puts back what was noted of all modules after LLVMStripModuleDebugInfo: locations, and variables'
 * debug info. Not the subprograms, and not the units. */
void put_back_attachments(void);

/* How many parameters the subprogram's type has. */
size_t count_parameters(LLVMValueRef subprogram);

/* Calls visit for the location and the variable of each debug record: one of the two is NULL. */
void each_debug_record(LLVMValueRef function,
    void (*visit)(LLVMMetadataRef location, LLVMMetadataRef variable, void *data), void *data);

/* Forgets all of a module, before another one. */
void debug_info_reset(void);

#endif
