/* The lines of source that BTF quotes. LLVM would read them while it generates code, from whatever
 * the debug info names: here they become part of it. */
#ifndef SOURCES_H
#define SOURCES_H

#include <stdbool.h>

/* Gives each file of the debug info its source: where embed, the lines that are quoted, if the file
 * is a regular one and can be read; else nothing. What a compiler has embedded stays where embed.
 * After reach_all. */
void fit_sources(bool embed);

/* Has code generation write line tables that have no place for sources. */
void keep_sources_out_of_line_tables(void);

#endif
