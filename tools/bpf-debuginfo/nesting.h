/* Nesting: the kernel follows a type only so deep. It goes through the members of structs and
 * the elements of arrays, but stops at pointers; and from pointer to pointer, but stops at
 * structs; in both it goes through typedefs and qualifiers. */
#ifndef NESTING_H
#define NESTING_H

/* Cuts types that are nested deeper. */
void fit_nesting(void);

#endif
