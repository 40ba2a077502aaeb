#include "dwarf.h"
#include "elf-fields.h"
#include "memory.h"
#include "message.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The object is read and written as it is, but for the fields named here. */

struct section {
	Elf64_Shdr *header; /* in the object */
	bool dropped;
	size_t index, offset; /* in the copy */
};

struct object {
	unsigned char *data;
	size_t size;
	bool is_big;
	Elf64_Ehdr *header;
	struct section *sections;
	size_t section_count;
	size_t *symbols; /* index in the copy of each symbol, 0 of those that are dropped */
	size_t symbol_count, local_count;
};

static uint64_t get64(const struct object *object, uint64_t value)
{
	return field64(object->is_big, value);
}

static uint32_t get32(const struct object *object, uint32_t value)
{
	return field32(object->is_big, value);
}

static uint16_t get16(const struct object *object, uint16_t value)
{
	return field16(object->is_big, value);
}

#define put64 get64
#define put32 get32
#define put16 get16

static uint32_t type_of(const struct object *object, const struct section *section)
{
	return get32(object, section->header->sh_type);
}

static bool has_relocations(const struct object *object, const struct section *section)
{
	return type_of(object, section) == SHT_REL || type_of(object, section) == SHT_RELA;
}

static void read_sections(struct object *object)
{
	Elf64_Ehdr *header = object->header = (Elf64_Ehdr *)object->data;
	Elf64_Shdr *headers = (Elf64_Shdr *)(object->data + get64(object, header->e_shoff));
	size_t names = get64(object, headers[get16(object, header->e_shstrndx)].sh_offset);
	size_t kept = 0;

	object->section_count = get16(object, header->e_shnum);
	object->sections = xcalloc(object->section_count, sizeof *object->sections);
	for (size_t i = 0; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		section->header = &headers[i];
		const char *name =
		    (const char *)object->data + names + get32(object, headers[i].sh_name);
		section->dropped = !strncmp(name, ".debug_", 7);
	}
	for (size_t i = 0; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		if (has_relocations(object, section))
			section->dropped =
			    object->sections[get32(object, section->header->sh_info)].dropped;
		section->index = section->dropped ? 0 : kept++;
	}
}

static bool is_dropped(const struct object *object, const Elf64_Sym *symbol)
{
	size_t section = get16(object, symbol->st_shndx);

	return section < object->section_count && object->sections[section].dropped;
}

/* Moves the symbols that stay together. */
static void drop_symbols(struct object *object, struct section *table)
{
	Elf64_Sym *symbols = (Elf64_Sym *)(object->data + get64(object, table->header->sh_offset));
	size_t kept = 0;

	object->symbol_count = get64(object, table->header->sh_size) / sizeof *symbols;
	object->symbols = xcalloc(object->symbol_count, sizeof *object->symbols);
	for (size_t i = 0; i < object->symbol_count; i++) {
		Elf64_Sym symbol = symbols[i];
		if (is_dropped(object, &symbol))
			continue;
		size_t section = get16(object, symbol.st_shndx);
		if (section < object->section_count)
			symbol.st_shndx = put16(object, object->sections[section].index);
		if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL)
			object->local_count = kept + 1;
		object->symbols[i] = kept;
		symbols[kept++] = symbol;
	}
	table->header->sh_size = put64(object, kept * sizeof *symbols);
	table->header->sh_info = put32(object, object->local_count);
}

static void renumber_relocations(struct object *object, const struct section *section)
{
	unsigned char *entry = object->data + get64(object, section->header->sh_offset);
	unsigned char *end = entry + get64(object, section->header->sh_size);
	size_t size = type_of(object, section) == SHT_REL ? sizeof(Elf64_Rel) : sizeof(Elf64_Rela);

	for (; entry < end; entry += size) {
		Elf64_Rel *relocation = (Elf64_Rel *)entry; /* a Elf64_Rela begins as one */
		uint64_t info = get64(object, relocation->r_info);
		relocation->r_info = put64(
		    object, ELF64_R_INFO(object->symbols[ELF64_R_SYM(info)], ELF64_R_TYPE(info)));
	}
}

static size_t align(size_t offset, size_t alignment)
{
	return alignment > 1 ? (offset + alignment - 1) / alignment * alignment : offset;
}

/* Lays out the sections that stay, one after the other; returns where they end. */
static size_t lay_out_sections(struct object *object)
{
	size_t end = sizeof(Elf64_Ehdr);

	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		if (section->dropped)
			continue;
		section->offset = align(end, get64(object, section->header->sh_addralign));
		end = section->offset;
		if (type_of(object, section) != SHT_NOBITS)
			end += get64(object, section->header->sh_size);
	}
	return end;
}

static void write_section(
    const struct object *object, const struct section *section, unsigned char *copy, size_t headers)
{
	Elf64_Shdr header = *section->header;
	size_t link = get32(object, header.sh_link), info = get32(object, header.sh_info);

	if (section->offset && type_of(object, section) != SHT_NOBITS)
		memcpy(copy + section->offset, object->data + get64(object, header.sh_offset),
		    get64(object, header.sh_size));
	header.sh_offset = put64(object, section->offset);
	if (link < object->section_count)
		header.sh_link = put32(object, object->sections[link].index);
	if (has_relocations(object, section))
		header.sh_info = put32(object, object->sections[info].index);
	memcpy(copy + headers + section->index * sizeof header, &header, sizeof header);
}

unsigned char *dwarf_drop(const unsigned char *data, size_t *size)
{
	struct object object = {.size = *size, .is_big = data[EI_DATA] == ELFDATA2MSB};
	size_t headers, kept = 0;

	object.data = memcpy(xcalloc(1, *size), data, *size);
	read_sections(&object);
	for (size_t i = 0; i < object.section_count; i++) {
		kept += !object.sections[i].dropped;
		if (type_of(&object, &object.sections[i]) == SHT_SYMTAB)
			drop_symbols(&object, &object.sections[i]);
	}
	for (size_t i = 0; object.symbols && i < object.section_count; i++)
		if (has_relocations(&object, &object.sections[i]) && !object.sections[i].dropped)
			renumber_relocations(&object, &object.sections[i]);
	headers = align(lay_out_sections(&object), sizeof(uint64_t));
	*size = headers + kept * sizeof(Elf64_Shdr);
	unsigned char *copy = xcalloc(1, *size);
	for (size_t i = 0; i < object.section_count; i++)
		if (!object.sections[i].dropped)
			write_section(&object, &object.sections[i], copy, headers);
	Elf64_Ehdr header = *object.header;
	header.e_shoff = put64(&object, headers);
	header.e_shnum = put16(&object, kept);
	header.e_shstrndx =
	    put16(&object, object.sections[get16(&object, header.e_shstrndx)].index);
	memcpy(copy, &header, sizeof header);
	free(object.data);
	free(object.sections);
	free(object.symbols);
	return copy;
}
