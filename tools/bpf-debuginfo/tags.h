/* BTF tags of languages that have no attributes for them. */
#ifndef TAGS_H
#define TAGS_H

/* Has each struct that stands for a type with a tag replaced by what it stands for, and gives the
 * tag to the pointer, or to what is declared of the type. */
void fit_tags(void);

#endif
