#include "demangle.h"
#include "array.h"
#include "memory.h"
#include "message.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that refer to their own parts may be longer than memory. */
enum { DEEPEST = 200, LONGEST = 1 << 16 };

struct reader {
	const char *start,
	    *next; /* of what is read: what back references count from, and the rest */
	struct {
		ARRAY(char);
	} text; /* what was made of it */
	unsigned depth;
	uint64_t lifetimes; /* bound around this point */
	bool failed, silent;
};

static void put(struct reader *reader, const char *format, ...)
{
	va_list arguments;
	char *part;

	if (reader->silent || reader->failed)
		return;
	va_start(arguments, format);
	part = xvasprintf(format, arguments);
	va_end(arguments);
	size_t size = strlen(part);
	if (reader->text.count + size > LONGEST) {
		reader->failed = true;
		return;
	}
	array_reserve(&reader->text, size + 1);
	memcpy(reader->text.items + reader->text.count, part, size + 1);
	reader->text.count += size;
	free(part);
}

static bool take(struct reader *reader, char letter)
{
	if (*reader->next != letter)
		return false;
	reader->next++;
	return true;
}

static uint64_t read_decimal(struct reader *reader)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)*reader->next))
		reader->failed = true;
	if (take(reader, '0'))
		return 0;
	for (; isdigit((unsigned char)*reader->next) && value < LONGEST; reader->next++)
		value = 10 * value + (*reader->next - '0');
	return value;
}

/* C++, and Rust's older names that look like these: `_ZN`, parts with their lengths, `E`. */

/* What Rust's older names have in place of signs; the longest that begins the text. */
static size_t read_sign(struct reader *reader, const char *text)
{
	static const struct {
		const char *name, *sign;
	} signs[] = {{"$SP$", "@"}, {"$BP$", "*"}, {"$RF$", "&"}, {"$LT$", "<"}, {"$GT$", ">"},
	    {"$LP$", "("}, {"$RP$", ")"}, {"$C$", ","}, {"..", "::"}};
	int size = 0;
	unsigned code;

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (!strncmp(text, signs[i].name, strlen(signs[i].name))) {
			put(reader, "%s", signs[i].sign);
			return strlen(signs[i].name);
		}
	if (sscanf(text, "$u%2x$%n", &code, &size) == 1 && size) {
		put(reader, "%c", code);
		return size;
	}
	put(reader, "%c", *text);
	return 1;
}

static bool is_hash(const char *part, size_t length)
{
	return length == 17 && *part == 'h' && strspn(part + 1, "0123456789abcdef") >= 16;
}

static void read_part(struct reader *reader, size_t length)
{
	char *part = xstrndup(reader->next, length), *sign = part;

	if (strlen(part) < length)
		reader->failed = true;
	else
		reader->next += length;
	if (!strncmp(sign, "_$", 2))
		sign++;
	while (*sign)
		sign += read_sign(reader, sign);
	free(part);
}

static void read_parts(struct reader *reader)
{
	bool nested = take(reader, 'N'), first = true;

	while (*reader->next == 'K' || *reader->next == 'V')
		reader->next++; /* const and volatile methods */
	do {
		size_t length = read_decimal(reader);
		if (!first && is_hash(reader->next, length)) {
			reader->next += length;
			break;
		}
		put(reader, first ? "" : "::");
		read_part(reader, length);
		first = false;
	} while (nested && *reader->next != 'E' && !reader->failed);
}

/* Rust's newer names, version 0. A grammar that is read by descent. */

static void read_path(struct reader *reader, bool in_value);
static void read_type(struct reader *reader);
static void read_constant(struct reader *reader);

static bool enter(struct reader *reader)
{
	if (++reader->depth > DEEPEST)
		reader->failed = true;
	return !reader->failed;
}

/* `_` is 0, `0_` 1, and so on. */
static uint64_t read_base_62(struct reader *reader)
{
	uint64_t value = 0;

	if (take(reader, '_'))
		return 0;
	for (; isalnum((unsigned char)*reader->next); reader->next++) {
		char digit = *reader->next;
		value = 62 * value + (isdigit((unsigned char)digit)      ? digit - '0'
					 : islower((unsigned char)digit) ? digit - 'a' + 10
									 : digit - 'A' + 36);
	}
	reader->failed |= !take(reader, '_');
	return value + 1;
}

static uint64_t read_optional(struct reader *reader, char letter)
{
	return take(reader, letter) ? read_base_62(reader) + 1 : 0;
}

struct identifier {
	uint64_t number; /* tells those of one name apart */
	const char *text;
	size_t length;
	bool encoded; /* with Punycode */
};

static struct identifier read_identifier(struct reader *reader)
{
	struct identifier identifier = {.number = read_optional(reader, 's')};

	identifier.encoded = take(reader, 'u');
	identifier.length = read_decimal(reader);
	take(reader, '_');
	identifier.text = reader->next;
	if (strnlen(reader->next, identifier.length) < identifier.length)
		reader->failed = true;
	else
		reader->next += identifier.length;
	return identifier;
}

static void put_identifier(struct reader *reader, struct identifier identifier)
{
	put(reader, identifier.encoded ? "punycode{%.*s}" : "%.*s", (int)identifier.length,
	    identifier.text);
}

/* `B` is the offset of an earlier part, which is read again. */
static void read_back(struct reader *reader, void (*read)(struct reader *reader))
{
	const char *here = reader->next - 1;
	uint64_t offset = read_base_62(reader);
	const char *after = reader->next;

	if (offset >= (uint64_t)(here - reader->start))
		reader->failed = true;
	if (reader->failed || reader->silent)
		return;
	reader->next = reader->start + offset;
	read(reader);
	reader->next = after;
}

static void read_value_path(struct reader *reader)
{
	read_path(reader, true);
}

static void read_type_path(struct reader *reader)
{
	read_path(reader, false);
}

/* Lifetimes are counted from the innermost outwards; they are shown as letters. */
static void put_lifetime(struct reader *reader, uint64_t index)
{
	if (!index)
		put(reader, "'_");
	else if (index > reader->lifetimes)
		reader->failed = true;
	else
		put(reader, "'%c", (char)('a' + (reader->lifetimes - index) % 26));
}

static void read_argument(struct reader *reader)
{
	if (take(reader, 'L'))
		put_lifetime(reader, read_base_62(reader));
	else if (take(reader, 'K'))
		read_constant(reader);
	else
		read_type(reader);
}

/* Reads until E, with commas between; returns how many there were. */
static size_t read_list(struct reader *reader, void (*read)(struct reader *reader))
{
	size_t count = 0;

	while (!reader->failed && !take(reader, 'E')) {
		put(reader, count++ ? ", " : "");
		read(reader);
	}
	return count;
}

static void skip_path_of_implementation(struct reader *reader)
{
	bool silent = reader->silent;

	reader->silent = true;
	read_optional(reader, 's');
	read_path(reader, false);
	reader->silent = silent;
}

static void read_nested(struct reader *reader, bool in_value)
{
	char space = *reader->next;

	if (!isalpha((unsigned char)space)) {
		reader->failed = true;
		return;
	}
	reader->next++;
	read_path(reader, in_value);
	struct identifier identifier = read_identifier(reader);
	if (isupper((unsigned char)space)) {
		if (space == 'C' || space == 'S')
			put(reader, space == 'C' ? "::{closure" : "::{shim");
		else
			put(reader, "::{%c", space);
		put(reader, identifier.length ? ":" : "");
		put_identifier(reader, identifier);
		put(reader, "#%llu}", (unsigned long long)identifier.number);
	} else if (identifier.length) {
		put(reader, "::");
		put_identifier(reader, identifier);
	}
}

static void read_path(struct reader *reader, bool in_value)
{
	char letter = *reader->next;

	if (!enter(reader) || !letter) {
		reader->failed = true;
		return;
	}
	reader->next++;
	switch (letter) {
	case 'C':
		put_identifier(reader, read_identifier(reader));
		break;
	case 'M':
	case 'X':
	case 'Y':
		if (letter != 'Y')
			skip_path_of_implementation(reader);
		put(reader, "<");
		read_type(reader);
		if (letter != 'M') {
			put(reader, " as ");
			read_path(reader, false);
		}
		put(reader, ">");
		break;
	case 'N':
		read_nested(reader, in_value);
		break;
	case 'I':
		read_path(reader, in_value);
		put(reader, in_value ? "::<" : "<");
		read_list(reader, read_argument);
		put(reader, ">");
		break;
	case 'B':
		read_back(reader, in_value ? read_value_path : read_type_path);
		break;
	default:
		reader->failed = true;
	}
	reader->depth--;
}

static const char *basic_type(char letter)
{
	static const char *const names[] = {"i8", "bool", "char", "f64", "str", "f32", NULL, "u8",
	    "isize", "usize", NULL, "i32", "u32", "i128", "u128", "_", NULL, NULL, "i16", "u16",
	    "()", "...", NULL, "i64", "u64", "!"};

	return islower((unsigned char)letter) ? names[letter - 'a'] : NULL;
}

/* The lifetimes of `for<'a>`; returns how many. */
static uint64_t read_binder(struct reader *reader)
{
	uint64_t count = read_optional(reader, 'G');

	if (count > DEEPEST)
		reader->failed = true;
	for (uint64_t i = 0; i < count && !reader->failed; i++) {
		reader->lifetimes++;
		put(reader, i ? ", " : "for<");
		put_lifetime(reader, 1);
	}
	put(reader, count ? "> " : "");
	return count;
}

static void read_signature(struct reader *reader)
{
	uint64_t bound = read_binder(reader);

	put(reader, take(reader, 'U') ? "unsafe " : "");
	if (take(reader, 'K')) {
		struct identifier abi = {.text = "C", .length = 1};
		if (!take(reader, 'C'))
			abi = read_identifier(reader);
		put(reader, "extern \"%.*s\" ", (int)abi.length, abi.text);
	}
	put(reader, "fn(");
	read_list(reader, read_type);
	put(reader, ")");
	if (!take(reader, 'u')) {
		put(reader, " -> ");
		read_type(reader);
	}
	reader->lifetimes -= bound;
}

/* A trait of `dyn`, and what its associated types are. */
static void read_bound(struct reader *reader)
{
	read_path(reader, false);
	/* those of its generic arguments are among these */
	bool first = !reader->text.count || reader->text.items[reader->text.count - 1] != '>';
	bool any = false;
	for (; take(reader, 'p'); first = false, any = true) {
		if (!any && !first && !reader->silent)
			reader->text.count--;
		put(reader, first ? "<" : ", ");
		put_identifier(reader, read_identifier(reader));
		put(reader, " = ");
		read_type(reader);
	}
	put(reader, any ? ">" : "");
}

static void read_dynamic(struct reader *reader)
{
	put(reader, "dyn ");
	uint64_t bound = read_binder(reader);
	for (bool first = true; !reader->failed && !take(reader, 'E'); first = false) {
		put(reader, first ? "" : " + ");
		read_bound(reader);
	}
	reader->lifetimes -= bound;
	reader->failed |= !take(reader, 'L');
	uint64_t lifetime = reader->failed ? 0 : read_base_62(reader);
	if (lifetime) {
		put(reader, " + ");
		put_lifetime(reader, lifetime);
	}
}

static void read_reference(struct reader *reader, bool is_mutable)
{
	put(reader, "&");
	uint64_t lifetime = take(reader, 'L') ? read_base_62(reader) : 0;
	if (lifetime) {
		put_lifetime(reader, lifetime);
		put(reader, " ");
	}
	put(reader, is_mutable ? "mut " : "");
	read_type(reader);
}

static void read_compound_type(struct reader *reader, char letter)
{
	switch (letter) {
	case 'A':
	case 'S':
		put(reader, "[");
		read_type(reader);
		if (letter == 'A') {
			put(reader, "; ");
			read_constant(reader);
		}
		put(reader, "]");
		break;
	case 'T':
		put(reader, "(");
		put(reader, read_list(reader, read_type) == 1 ? ",)" : ")");
		break;
	case 'R':
	case 'Q':
		read_reference(reader, letter == 'Q');
		break;
	case 'P':
	case 'O':
		put(reader, letter == 'P' ? "*const " : "*mut ");
		read_type(reader);
		break;
	case 'F':
		read_signature(reader);
		break;
	case 'D':
		read_dynamic(reader);
		break;
	case 'B':
		read_back(reader, read_type);
		break;
	default:
		reader->next--;
		read_path(reader, false);
	}
}

static void read_type(struct reader *reader)
{
	const char *basic = basic_type(*reader->next);

	if (!enter(reader) || !*reader->next) {
		reader->failed = true;
		return;
	}
	reader->next++;
	if (basic)
		put(reader, "%s", basic);
	else
		read_compound_type(reader, reader->next[-1]);
	reader->depth--;
}

/* A number of Rust's type, or what is written as one. */
static void read_number(struct reader *reader, char type)
{
	bool negative = take(reader, 'n');
	size_t digits = strspn(reader->next, "0123456789abcdef");
	uint64_t value = digits <= 16 ? strtoull(reader->next, NULL, 16) : 0;
	const char *text = reader->next;

	reader->next += digits;
	reader->failed |= !take(reader, '_');
	if (type == 'b')
		put(reader, value ? "true" : "false");
	else if (type == 'c' && value >= ' ' && value < 127)
		put(reader, "'%c'", (char)value);
	else if (digits <= 16)
		put(reader, "%s%llu", negative ? "-" : "", (unsigned long long)value);
	else
		put(reader, "%s0x%.*s", negative ? "-" : "", (int)digits, text);
}

/* Constants of structs, references and the like are too rare to be shown. */
static void read_constant(struct reader *reader)
{
	char type = *reader->next;

	if (take(reader, 'p')) {
		put(reader, "_");
	} else if (take(reader, 'B')) {
		read_back(reader, read_constant);
	} else if (type && strchr("ablhstmxynojic", type)) {
		reader->next++;
		read_number(reader, type);
	} else {
		reader->failed = true;
	}
}

/* What tells copies apart that LLVM has made of a function. */
static void put_suffix(struct reader *reader)
{
	if (*reader->next == '.' && strncmp(reader->next, ".llvm.", 6))
		put(reader, "%s", reader->next);
}

/* The crate that a generic function was made for. */
static void skip_crate(struct reader *reader)
{
	reader->silent = true;
	if (isupper((unsigned char)*reader->next))
		read_path(reader, false);
	reader->silent = false;
}

char *demangle(const char *symbol)
{
	struct reader reader = {0};

	if (!strncmp(symbol, "_ZN", 3) ||
	    (!strncmp(symbol, "_Z", 2) && isdigit((unsigned char)symbol[2]))) {
		reader.start = reader.next = symbol + 2;
		read_parts(&reader);
		take(&reader, 'E');
	} else if (!strncmp(symbol, "_R", 2) && isupper((unsigned char)symbol[2])) {
		reader.start = reader.next = symbol + 2;
		read_path(&reader, true);
		skip_crate(&reader);
	} else {
		return NULL;
	}
	put_suffix(&reader);
	if (reader.failed || !reader.text.count) {
		free(reader.text.items);
		return NULL;
	}
	return reader.text.items;
}

char *demangle_or_copy(const char *symbol)
{
	char *path = demangle(symbol);

	return path ? path : xasprintf("%s", symbol);
}
