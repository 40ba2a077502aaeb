/* What BTF is made from, and dropping the rest. */
#ifndef REACH_H
#define REACH_H

#include "debug-info.h"
#include <stdbool.h>

/* --debug-info=full: all stays that is there. To be set first. */
extern bool keeps_all;

/* Reaches the nodes of the module, whose compile units these are, that BTF is made from; or all. */
void reach_all(const struct values *units);

/* Has LLVM make BTF of the units. */
void fit_units(const struct values *units);

/* Drops all debug info of the module that is not reached, and puts what replaces it in place. */
void drop_the_rest(const struct values *units);

#endif
