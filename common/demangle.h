/* Symbols as their source has them. */
#ifndef DEMANGLE_H
#define DEMANGLE_H

/* The path that a symbol of Rust's stands for, without the hashes that tell crates and versions
 * apart; of one of C++, the path of the function without its parameters. NULL where the symbol is
 * not mangled, or not as is known here. For the caller to free.
 * https://doc.rust-lang.org/rustc/symbol-mangling/v0.html,
 * https://itanium-cxx-abi.github.io/cxx-abi */
char *demangle(const char *symbol);

/* The same, or the symbol as it is, for the caller to free. */
char *demangle_or_copy(const char *symbol);

#endif
