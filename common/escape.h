/* Names as they may be shown: whatever they hold, a terminal shows it and does nothing else. */
#ifndef ESCAPE_H
#define ESCAPE_H

/* A copy in which each byte that printable would take out is `\OOO`, its value in octal; so is a
 * backslash, and each of the characters in also. For the caller to free. */
char *escape(const char *text, const char *also);

#endif
