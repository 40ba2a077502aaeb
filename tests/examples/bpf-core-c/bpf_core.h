/* CO-RE relocations for C compilers that write LLVM bitcode but have not clang's builtins, or not all of
 * them: calls of which the linker makes relocations, as bpf-core(7) says. Statement expressions,
 * typeof, asm labels and __COUNTER__ are all that the compiler must know of GNU C.
 *
 * Structs need no attribute, only those members that are used, and these in any order. Compile with -g, and link
 * with bpf-linker --btf. What CORE_READ and CORE_BIT_FIELD call is declared by <bpf/bpf_helpers.h>. */
#ifndef BPF_CORE_H
#define BPF_CORE_H

#define CORE_STRING_OF(x) #x
#define CORE_STRING(x) CORE_STRING_OF(x)

/* The symbol has the place in the source, which errors begin with, and a number of its own. */
#define CORE_QUERY(kind, type, path) CORE_QUERY_AT(kind, type, path, __COUNTER__)
#define CORE_QUERY_AT(kind, type, path, number) CORE_QUERY_AS(kind, type, path, number)
#define CORE_QUERY_AS(kind, type, path, number) \
	({ \
		static const __typeof__(type) *core_carrier; \
		extern unsigned long long core_query_##number(const void *) \
		    __asm__("__bpf_core." kind ":" path "@" __FILE__ \
			    ":" CORE_STRING(__LINE__) ":1#" #number); \
		core_query_##number(&core_carrier); \
	})
/* the same, where the compiler finds what the path names */
#define CORE_FIELD(kind, type, path) \
	((void)sizeof(&((__typeof__(type) *)0)->path), CORE_QUERY(kind, type, #path))
#define CORE_BITS(kind, type, path) \
	((void)sizeof(((__typeof__(type) *)0)->path + 0), CORE_QUERY(kind, type, #path))

/* Where the member is in the kernel's type: CORE_FIELD_BYTE_OFFSET(struct task_struct, se.load.weight). A call
 * of what the kernel has not must not be reached: ask CORE_FIELD_EXISTS. */
#define CORE_FIELD_BYTE_OFFSET(type, path) CORE_FIELD("field_byte_offset", type, path)
#define CORE_FIELD_BYTE_SIZE(type, path) CORE_FIELD("field_byte_size", type, path)
#define CORE_FIELD_EXISTS(type, path) CORE_QUERY("field_exists", type, #path)
#define CORE_FIELD_SIGNED(type, path) CORE_BITS("field_signed", type, path)

#define CORE_TYPE_EXISTS(type) CORE_QUERY("type_exists", type, "")
#define CORE_TYPE_MATCHES(type) CORE_QUERY("type_matches", type, "")
#define CORE_TYPE_SIZE(type) CORE_QUERY("type_size", type, "")
#define CORE_TYPE_ID_KERNEL(type) CORE_QUERY("type_id_target", type, "")

#define CORE_ENUM_EXISTS(type, name) ((void)(name), CORE_QUERY("enum_exists", type, #name))
#define CORE_ENUM_VALUE(type, name) ((void)(name), CORE_QUERY("enum_value", type, #name))

/* Where the member of *from is. */
#define CORE_FIELD_PTR(from, path) \
	((__typeof__(&(from)->path))((const char *)(from) + \
				     CORE_FIELD_BYTE_OFFSET(*(from), path)))

/* What from leads to, by one path after the other; each but the last is that of a pointer: CORE_READ(task,
 * mm, exe_file, f_inode, i_ino). 0 where memory cannot be read. As many as five. */
#define CORE_READ(from, ...) \
	CORE_READ_BY(__VA_ARGS__, CORE_READ_5, CORE_READ_4, CORE_READ_3, CORE_READ_2, CORE_READ_1)(from, __VA_ARGS__)
#define CORE_READ_BY(a, b, c, d, e, by, ...) by
#define CORE_READ_1(from, a) \
	({ \
		__typeof__((from)->a) core_value_1; \
		bpf_probe_read_kernel( \
		    (void *)&core_value_1, sizeof core_value_1, CORE_FIELD_PTR(from, a)); \
		core_value_1; \
	})
#define CORE_READ_2(from, a, b) \
	({ \
		__typeof__((from)->a) core_from_2 = CORE_READ_1(from, a); \
		CORE_READ_1(core_from_2, b); \
	})
#define CORE_READ_3(from, a, ...) \
	({ \
		__typeof__((from)->a) core_from_3 = CORE_READ_1(from, a); \
		CORE_READ_2(core_from_3, __VA_ARGS__); \
	})
#define CORE_READ_4(from, a, ...) \
	({ \
		__typeof__((from)->a) core_from_4 = CORE_READ_1(from, a); \
		CORE_READ_3(core_from_4, __VA_ARGS__); \
	})
#define CORE_READ_5(from, a, ...) \
	({ \
		__typeof__((from)->a) core_from_5 = CORE_READ_1(from, a); \
		CORE_READ_4(core_from_5, __VA_ARGS__); \
	})

/* The bit-field of *from that has the name, 0 where memory cannot be read; for little-endian programs. */
#define CORE_BIT_FIELD(from, path) \
	({ \
		unsigned long long core_bits = 0; \
		bpf_probe_read_kernel(&core_bits, CORE_BITS("field_byte_size", *(from), path), \
		    (const char *)(from) + CORE_BITS("field_byte_offset", *(from), path)); \
		core_bits <<= CORE_BITS("field_lshift_u64", *(from), path); \
		CORE_FIELD_SIGNED(*(from), path) \
		    ? (unsigned long long)((long long)core_bits >> \
			  CORE_BITS("field_rshift_u64", *(from), path)) \
		    : core_bits >> CORE_BITS("field_rshift_u64", *(from), path); \
	})

#endif
