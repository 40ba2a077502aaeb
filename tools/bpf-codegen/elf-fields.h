/* ELF of 64 bits, as far as it is read and written here, with the ELF specification's names: elf.h
 * is not on every system. Fields have the byte order of their file. */
#ifndef ELF_FIELDS_H
#define ELF_FIELDS_H

#include "byte-order.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	unsigned char e_ident[16];
	uint16_t e_type, e_machine;
	uint32_t e_version;
	uint64_t e_entry, e_phoff, e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
} Elf64_Ehdr;

typedef struct {
	uint32_t sh_name, sh_type;
	uint64_t sh_flags, sh_addr, sh_offset, sh_size;
	uint32_t sh_link, sh_info;
	uint64_t sh_addralign, sh_entsize;
} Elf64_Shdr;

typedef struct {
	uint32_t st_name;
	unsigned char st_info, st_other;
	uint16_t st_shndx;
	uint64_t st_value, st_size;
} Elf64_Sym;

typedef struct {
	uint64_t r_offset, r_info;
} Elf64_Rel;

typedef struct {
	uint64_t r_offset, r_info;
	int64_t r_addend;
} Elf64_Rela;

_Static_assert(sizeof(Elf64_Ehdr) == 64 && sizeof(Elf64_Shdr) == 64 && sizeof(Elf64_Sym) == 24 &&
		   sizeof(Elf64_Rel) == 16 && sizeof(Elf64_Rela) == 24,
    "as in files");

enum { EI_DATA = 5, ELFDATA2MSB = 2 };
enum { SHT_SYMTAB = 2, SHT_RELA = 4, SHT_NOBITS = 8, SHT_REL = 9, SHT_SYMTAB_SHNDX = 18 };
enum { SHF_EXECINSTR = 4 };
enum { SHN_UNDEF = 0, SHN_XINDEX = 0xffff };
enum { STB_LOCAL = 0, STT_NOTYPE = 0, STT_OBJECT = 1, STT_FUNC = 2 };

#define ELF64_ST_BIND(info) ((info) >> 4)
#define ELF64_ST_TYPE(info) ((info) & 0xf)
#define ELF64_R_SYM(info) ((info) >> 32)
#define ELF64_R_TYPE(info) ((info) & 0xffffffff)
#define ELF64_R_INFO(symbol, type) (((uint64_t)(symbol) << 32) + (type))

/* Swapping bytes is its own inverse, so that these serve for writing, too. */

static inline uint64_t field64(bool is_big, uint64_t value)
{
	return is_big == HOST_IS_BIG_ENDIAN ? value : __builtin_bswap64(value);
}

static inline uint32_t field32(bool is_big, uint32_t value)
{
	return is_big == HOST_IS_BIG_ENDIAN ? value : __builtin_bswap32(value);
}

static inline uint16_t field16(bool is_big, uint16_t value)
{
	return is_big == HOST_IS_BIG_ENDIAN ? value : __builtin_bswap16(value);
}

#endif
