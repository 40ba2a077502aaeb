/* Notes for the link map, of what comes from where and what becomes of it, which the stages hand on
 * in the module: in a variable of which code generation makes nothing. */
#ifndef NOTES_H
#define NOTES_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* --note-map: whether notes are taken. */
extern bool notes_wanted;

enum note_kind {
	NOTE_FUNCTION, /* a definition, and its input */
	NOTE_VARIABLE,
	NOTE_DROPPED, /* a definition that is linked no more, and its input */
	NOTE_INLINED, /* a function, and that which it was inlined into */
};

/* Adds a note to those that are collected. */
void note_add(enum note_kind kind, const char *name, const char *other);

/* Puts the notes that were collected into the module, if there are any. */
void notes_put(LLVMModuleRef module);

/* Takes the notes out of the module, so that nothing sees them; they are among those collected. */
void notes_hold(LLVMModuleRef module);

/* Takes the notes out of the module, and calls visit for each, with names that escape has made a
 * word of and that stay valid. Returns whether there were any. */
bool notes_take(
    LLVMModuleRef module, void (*visit)(enum note_kind kind, const char *name, const char *other));

/* Notes the input of each variable of the module before it is linked with others, which may rename
 * it. */
void notes_mark_variables(LLVMModuleRef module, const char *input);

/* Notes the definitions of the module that all are linked into, and their inputs. */
void notes_add_definitions(LLVMModuleRef module);

/* Forgets the notes that were not put. */
void notes_reset(void);

#endif
