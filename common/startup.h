/* What a tool does before anything else. */
#ifndef STARTUP_H
#define STARTUP_H

#include <stdbool.h>

/* Whether the tool holds LLVM's passes and code generation: it has more to set up. */
extern const bool startup_is_heavy;

/* Does nothing; what calls it has startup.c linked in, which acts before main. */
void startup_link_in(void);

#endif
