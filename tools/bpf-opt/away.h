/* The functions that are optimized already, put away while passes run on the others. */
#ifndef AWAY_H
#define AWAY_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Moves the bodies of the module's optimized functions into another module, so that LLVM sees
 * declarations. What these refer to is held meanwhile. Returns whether there are any. */
bool away_put(LLVMModuleRef module);

/* Moves them back. To be called once after away_put. */
void away_put_back(void);

#endif
