#!/usr/bin/env bats
# bpf-core: calls that ask for CO-RE relocations become what clang makes of its builtins.

load helper
load module

# relocations OBJECT: of each instruction that has one, its function, the relocation as it is in
# .BTF.ext (kind, type, path, access string), and the value in the instruction; one line, where LLVM
# has loaded a constant twice
relocations() {
	"$OBJDUMP" -dr "$1" | awk -F '\t' '
		/^[0-9a-f]+ <.*>:$/ { sub(/.* </, ""); sub(/>:/, ""); name = $0; next }
		/CO-RE/ { sub(/.*CO-RE /, ""); sub(/\[[0-9]+\] /, ""); print name, $0, value }
		{ value = $NF; sub(/.*= /, "= ", value) }' | uniq >"$1.relocations"
	[[ -s $1.relocations ]]
	cat "$1.relocations"
}

# symbols_of OBJECT: binding, visibility and name of those that it has not defined
symbols_of() {
	"$READELF" -sW "$1" | awk '$7 == "UND" && NF > 7 { print $5, $6, $8 }' | LC_ALL=C sort
}

# by_builtins FILE.c: what clang makes of its builtins, in wanted.o
by_builtins() {
	"$CLANG" "${BPF_CFLAGS[@]}" -c -o wanted.o "$FIXTURES/$1"
}

# rust_to_bitcode FILE.rs [FLAG...]: FILE.bc, of FILE.rs here or of the fixtures. Skips the test where
# there is no rustc of which these tools read the bitcode.
rust_to_bitcode() {
	local rustc=rustc llvm
	[[ ! -x /usr/bin/rustc ]] || rustc=/usr/bin/rustc
	if ! llvm=$("$rustc" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p') || [[ ! $llvm ]]; then
		[[ ${CI:-} != true || ${RUST_IS_OPTIONAL-} ]] || { echo "no rustc" && return 1; }
		skip "no rustc"
	fi
	((llvm <= LLVM_MAJOR)) || skip "rustc's LLVM $llvm is newer than the tools'"
	[[ -e $1 ]] || cp "$FIXTURES/$1" .
	"$rustc" --edition 2024 --crate-type lib -O -C panic=abort -C debuginfo=2 "${@:2}" \
		--emit=llvm-bc -o "${1%.rs}.bc" "$1"
}

# marked_ir BODY [TYPE]: a.ll, with the function f that has BODY, and @carrier, which is of the type !13
marked_ir() {
	ir a <<-END
		@carrier = internal global ptr null, !dbg !10
		define i64 @f() !dbg !4 {
		  $1
		}
		declare i64 @"__bpf_core.field_exists:x@a.c:3:4"(ptr)
		!llvm.dbg.cu = !{!0}
		!llvm.module.flags = !{!2}
		!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, emissionKind: FullDebug)
		!1 = !DIFile(filename: "a.c", directory: "/")
		!2 = !{i32 2, !"Debug Info Version", i32 3}
		!3 = !DISubroutineType(types: !{null})
		!4 = distinct !DISubprogram(name: "f", file: !1, type: !3, unit: !0, spFlags: DISPFlagDefinition)
		!5 = !DILocation(line: 1, scope: !4)
		!6 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
		!10 = !DIGlobalVariableExpression(var: !11, expr: !DIExpression())
		!11 = distinct !DIGlobalVariable(name: "carrier", scope: !0, file: !1, type: !12)
		!12 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !13, size: 64)
		${2-$STRUCT}
	END
}
STRUCT='!13 = !DICompositeType(tag: DW_TAG_structure_type, name: "s", file: !1, size: 32, elements: !14)
!14 = !{!15}
!15 = !DIDerivedType(tag: DW_TAG_member, name: "x", file: !1, baseType: !6, size: 32)'
CALL='%x = call i64 @"__bpf_core.field_exists:x@a.c:3:4"(ptr @carrier), !dbg !5
ret i64 %x'

# --- Relocations ---

@test "each kind of relocation is the one that clang makes" {
	local flags
	by_builtins core-kinds.c
	relocations wanted.o >wanted
	for kind in byte_off byte_sz field_exists signed lshift_u64 rshift_u64 local_type_id target_type_id \
		type_exists type_size type_matches enumval_exists enumval_value; do
		grep -F " <$kind> " wanted
	done
	for flags in -O2 -O0 -Xclang=-disable-llvm-passes; do
		# shellcheck disable=SC2086 # words
		compile core-kinds.c -DMARKERS ${flags/=/ }
		bpf-linker --btf -o out.o core-kinds.bc
		diff wanted <(relocations out.o)
	done
}

@test "Rust's types: relocations as for the same in C, at any level" {
	local level comparable='s/___[a-z0-9_]*//; s/\(type_id>.*\) = .*/\1/'
	by_builtins core-rust.c
	relocations wanted.o | sed "$comparable" | LC_ALL=C sort >wanted
	for level in 3 s 0; do
		rust_to_bitcode core-rust.rs -C opt-level=$level
		bpf-linker --btf -o out.o core-rust.bc
		diff wanted <(relocations out.o | sed "$comparable" | LC_ALL=C sort)
	done
}

@test "paths through pointers: of what the last one points to" {
	local flags

	cat >path.c <<-'C'
		#include "core-query.h"
		struct inode { int mode; struct { long number; }; };
		typedef const struct inode *inode_pointer;
		struct file { long a; struct { inode_pointer inode; } path[3]; };
		struct mm { union { struct { int b; struct file *volatile files[2]; }; }; };
		struct task { char c; struct mm *mm; struct task *parent; };
		#ifdef MARKERS
		#define THROUGH(path, type, last) QUERY(pointee_byte_offset, struct task, path)
		#else
		#define THROUGH(path, type, last) FIELD(byte_offset, 0, struct type, last)
		#endif
		PROGRAM(none, THROUGH(parent, task, parent))
		PROGRAM(one, THROUGH(mm.b, mm, b))
		PROGRAM(array, THROUGH(mm.files[1].a, file, a))
		PROGRAM(inner, THROUGH(mm.files[1].path[2].inode, file, path[2].inode))
		PROGRAM(number, THROUGH(parent.parent.mm.files[0].path[2].inode.number, inode, number))
	C
	cp "$FIXTURES/core-query.h" .
	"$CLANG" "${BPF_CFLAGS[@]}" -c -o wanted.o path.c
	relocations wanted.o >wanted
	[[ $(grep -c '<byte_off>' wanted) == 5 ]]
	for flags in -O2 -O0; do
		compile path.c -DMARKERS $flags
		bpf-linker --btf -o out.o path.bc
		diff wanted <(relocations out.o)
	done
	# only there
	sed -i 's/pointee_byte_offset/field_byte_offset/' path.c
	compile path.c -DMARKERS
	run bpf-linker --btf -o out.o path.bc
	[[ $status == 1 && $output == *"'mm.b': unnamed pointer has no members, and no 'b'"* ]]
}

@test "declarations: their types and sections are those of clang's attributes" {
	local flags

	cat >externs.c <<-'C'
		typedef unsigned u32;
		struct task { int pid; };
		#define WEAK , weak
		#ifdef MARKERS
		#define DECLARE(kind, place, more, carried, name, ...) \
			extern __VA_ARGS__; \
			extern void *query_##name(const void *, const void *) \
			    __asm__("__bpf_core." kind ":" #name "@externs.c:1:1"); \
			static carried *carrier_##name;
		#define AT(name) ((typeof(name) *)query_##name(&carrier_##name, (const void *)&name))
		#else
		#define DECLARE(kind, place, more, carried, name, ...) \
			extern __VA_ARGS__ __attribute__((section(place) more));
		#define AT(name) (&name)
		#endif
		DECLARE("ksym", ".ksyms", , typeof(find) *, find, struct task *find(u32, const void *))
		DECLARE("weak_ksym", ".ksyms", WEAK, typeof(finish) *, finish, void finish(struct task *))
		DECLARE("ksym", ".ksyms", , struct task, init_task, struct task init_task)
		DECLARE("kconfig", ".kconfig", , u32, CONFIG_HZ, u32 CONFIG_HZ)
		DECLARE("weak_kconfig", ".kconfig", WEAK, _Bool, CONFIG_X, _Bool CONFIG_X)
		__attribute__((section("tc"))) int program(u32 *context)
		{
			struct task *task = AT(find)(*context, context);
			if (AT(finish))
				AT(finish)(task);
			return *AT(CONFIG_HZ) + *AT(CONFIG_X) + AT(init_task)->pid;
		}
		char LICENSE[] __attribute__((section("license"))) = "GPL";
	C
	compile externs.c
	bpf-linker --btf -o wanted.o externs.bc
	for flags in -O2 -O0; do
		# LLVM 21's C API does not show records, which alone name parameters at -O0
		[[ $flags != -O0 ]] || ((LLVM_MAJOR > 21)) || continue
		compile externs.c -DMARKERS $flags
		bpf-linker --btf -o out.o externs.bc 2>errors
		absent -v 'clang -O0' errors
		diff <(symbols_of wanted.o) <(symbols_of out.o)
		diff <(types_of wanted.o) <(types_of out.o)
		[[ $flags == -O0 ]] || diff <("$OBJDUMP" -dr wanted.o | tail -n +3) <("$OBJDUMP" -dr out.o | tail -n +3)
	done
}

@test "declarations that are none" {
	local call='%p = call ptr @"__bpf_core.ksym:d@a.c:3:4"(ptr @carrier, ptr @d), !dbg !5
		%x = ptrtoint ptr %p to i64
		ret i64 %x'
	# said DECLARATIONS [CALL [TYPE]]: a.ll with these
	said() {
		marked_ir "${2-$call}" "${3-$STRUCT}"
		sed -i 's/^declare.*/declare ptr @"__bpf_core.ksym:d@a.c:3:4"(ptr, ptr)/' a.ll
		echo "$1" >>a.ll
	}
	said '@d = external global i32'
	becomes bpf-core a.ll
	grep '^@d = external global i32, section "\.ksyms"' out.ll
	said 'declare void @d()'
	wrong "'d' is a function, and its type is no pointer to one"
	said '@d = global i32 0'
	wrong "'d' is defined in the program"
	said '@d = external global i32, section ".kconfig"'
	wrong "'d' is declared for another section, .kconfig"
	said '' "${call/ptr @d/ptr null}"
	wrong 'the second argument is to be the address of a declaration'
	said '' "${call/, ptr @d/}"
	wrong 'ksym takes the address of a static and a declaration, and returns a pointer'
	said 'declare void @d()'
	sed -i 's/__bpf_core.ksym/__bpf_core.kconfig/' a.ll
	wrong "'d' is a function, and kconfig has variables"
}

@test "a generic function as the carrier" {
	marked_ir "$CALL"
	bpf-core --list a.ll >wanted
	becomes bpf-core a.ll
	cp out.ll of-static.ll
	marked_ir "${CALL/@carrier/@carrier_of}"
	cat >>a.ll <<-'END'
		define internal void @carrier_of() !dbg !20 {
		  ret void
		}
		!20 = distinct !DISubprogram(name: "carrier_of<s>", file: !1, type: !3, unit: !0, spFlags: DISPFlagDefinition, templateParams: !21)
		!21 = !{!22}
		!22 = !DITemplateTypeParameter(name: "T", type: !13)
	END
	diff wanted <(bpf-core --list a.ll)
	becomes bpf-core a.ll
	absent carrier_of out.ll
	sed -i 's/, templateParams: !21//' a.ll
	wrong "the carrier 'carrier_of' names no type: *"
	sed -i 's/@carrier_of() !dbg !20/@carrier_of()/' a.ll
	wrong 'the type that is asked for is not known, for the carrier has no debug info; *'
}

@test "types of one name keep their own members, those that are alike the name" {
	rust_to_bitcode core-rust.rs
	bpf-linker --btf -o out.o core-rust.bc
	relocations out.o >given
	[[ $(sed -n 's/^\(pid\|alike_pid\|signed_\|type_size\) .* struct \([a-z0-9_]*\).*/\2/p' given | sort -u | wc -l) == 1 ]]
	[[ $(sed -n 's/^\(comm\|type_exists\) .* struct \([a-z0-9_]*\).*/\2/p' given | sort -u | wc -l) == 1 ]]
	for pair in 'pid comm' 'old second_old'; do
		# shellcheck disable=SC2086 # words
		[[ $(printf '%s\n' $pair | while read -r name; do
			sed -n "s/^$name .* struct \([a-z0-9_]*\).*/\1/p" given
		done | sort -u | wc -l) == 2 ]]
	done
	# three underscores once: a loader takes the last for the end of the name
	absent -E 'struct [a-z]*_[a-z]*___.*___' given
	bpftool btf dump file out.o | grep -A 2 "STRUCT 'task_struct" >types
	grep "'comm'" types
	grep "'pid'" types
}

@test "types of one name in files of both kinds, optimized and not" {
	local a b
	cat >a.c <<-END
		#include "$FIXTURES/core-query.h"
		struct task_struct { int pid; };
		PROGRAM(a, FIELD(byte_offset, 0, struct task_struct, pid))
	END
	sed 's/pid/tgid/g; s/(a,/(b,/' a.c >b.c
	for a in -DMARKERS '-DMARKERS -O0' '-Xclang -disable-llvm-passes' -O2; do
		# shellcheck disable=SC2086 # words
		compile a.c $a
		for b in '-DMARKERS -Xclang -disable-llvm-passes' -O0 -O2; do
			# shellcheck disable=SC2086 # words
			compile b.c $b
			bpf-linker --btf -o out.o a.bc b.bc
			relocations out.o | sed 's/___[0-9]*//' >given
			diff given - <<-'END'
				a <byte_off> struct task_struct::pid (0:0) = 0x0
				b <byte_off> struct task_struct::tgid (0:0) = 0x0
			END
		done
	done
}

@test "what this kernel has instead, which it says in its BTF" {
	need_kernel
	local name value
	by_builtins core-kernel.c
	compile core-kernel.c -DMARKERS
	bpf-linker --btf -o out.o core-kernel.bc
	head -c 60 /dev/zero >packet
	for object in wanted.o out.o; do
		load_object $object
		for program in "$PINS"/*; do
			[[ ! -f $program ]] || echo "${program##*/} $(run_program "${program##*/}" packet)"
		done >$object.values
	done
	diff wanted.o.values out.o.values

	bpftool -j btf dump file /sys/kernel/btf/vmlinux >vmlinux.json
	# member TYPE NAME FIELD: what the kernel says of a member
	member() {
		jq -r ".types[] | select(.kind == \"STRUCT\" and .name == \"$1\").members[]? | select(.name == \"$2\").$3" \
			vmlinux.json | head -n 1
	}
	of_task() {
		jq -r ".types[] | select(.kind == \"STRUCT\" and .name == \"task_struct\").$1" vmlinux.json | head -n 1
	}
	se=$(member task_struct se bits_offset)
	rlim=$(member signal_struct rlim bits_offset)
	while read -r name value; do
		grep -x "$name $value" out.o.values
	done <<-END
		pid $(($(member task_struct pid bits_offset) / 8))
		pid_size 4
		vruntime $(((se + $(member sched_entity vruntime bits_offset)) / 8))
		comm_3 $(($(member task_struct comm bits_offset) / 8 + 3))
		rlim $((rlim / 8 + 2 * 16 + 8))
		bits_signed 0
		there 1
		gone 0
		gone_or_7 7
		type_there 1
		type_gone 0
		flavor_there 1
		type_size $(of_task size)
		type_id $(of_task id)
		matches 1
		matches_not 0
		hash 1
		hash_there 1
		none_there 0
	END
	# pkt_type has 3 bits: the shifts leave these, however they are loaded
	read -r _ value < <(grep '^bits_right ' out.o.values)
	[[ $value == 61 ]]
}

@test "Rust's, loaded" {
	need_kernel
	rust_to_bitcode core-rust.rs
	# what the kernel has not is poisoned, and reached there
	cat >program.rs <<-'END'
		#![no_std]
		#![allow(improper_ctypes, non_camel_case_types, dead_code)]
	END
	sed -n '/^pub struct Carrier/,/^$/p; /^macro_rules! query/,/^}/p; /^macro_rules! program/,/^}/p' \
		"$FIXTURES/core-rust.rs" | sed 's/PhantomData/core::marker::PhantomData/g' >>program.rs
	cat >>program.rs <<-'END'
		#[repr(C)] pub struct task_struct { pid: i32, comm: [u8; 16], gone: u32 }
		#[repr(C)] pub struct sk_buff { pkt_type: u8 }
		#[repr(u32)] pub enum bpf_map_type { BPF_MAP_TYPE_HASH = 77 }
		program!(pid, query!("field_byte_offset", task_struct, pid));
		program!(comm, query!("field_byte_offset", task_struct, comm[3]));
		program!(gone, if query!("field_exists", task_struct, gone) != 0 {
		    query!("field_byte_offset", task_struct, gone) } else { 7 });
		program!(left, query!("field_lshift_u64", sk_buff, pkt_type));
		program!(hash, query!("enum_value", bpf_map_type, BPF_MAP_TYPE_HASH));
	END
	compile core-kernel.c
	bpf-linker --btf -o of-c.o core-kernel.bc
	head -c 60 /dev/zero >packet
	load_object of-c.o
	for name in pid comm_3 gone_or_7 bits_left hash; do
		run_program $name packet
	done >wanted
	rust_to_bitcode program.rs
	bpf-linker --btf -o of-rust.o program.bc
	load_object of-rust.o
	for name in pid comm gone left hash; do
		run_program $name packet
	done >given
	[[ $(wc -l <wanted) == 5 ]]
	diff wanted given
}

@test "the header for C compilers without the builtins: what clang makes of these, and the kernel has" {
	local object

	need_kernel
	cp "$TESTS"/examples/bpf-core-c/* .
	"$CLANG" "${BPF_CFLAGS[@]}" -DBUILTINS -c -o wanted.o program.c
	"$CLANG" "${BPF_CFLAGS[@]}" -Wall -Wextra -Wno-unused-parameter -Werror -emit-llvm -c -o program.bc program.c
	bpf-linker --btf -o out.o program.bc
	relocations wanted.o | cut -d = -f 1 | sort >wanted
	[[ $(wc -l <wanted) -gt 20 ]]
	diff wanted <(relocations out.o | cut -d = -f 1 | sort)

	"$CLANG" "${BPF_CFLAGS[@]}" -O0 -emit-llvm -c -o program.bc program.c
	bpf-linker --btf -o slow.o program.bc
	head -c 60 /dev/zero >packet
	for object in wanted out slow; do
		load_object $object.o
		[[ $(run_program values packet) == 0 ]]
		# but for the pid, numbers[10]
		map_bytes "$(cd "$PINS/maps" && echo *bss)" 0 | sed 81,88d >$object.values
	done
	[[ $(map_value "$(cd "$PINS/maps" && echo *bss)" 0 $((8 * 3))) == 77 ]]
	diff wanted.values out.values
	diff wanted.values slow.values
}

@test "the header: what is not there, in the user's words" {
	cat >wrong.c <<-'C'
		#include "bpf_core.h"
		struct task { int pid; };
		enum kind { ONE };
		__attribute__((section("socket"))) long f(void *c) { return CORE_FIELD_BYTE_SIZE(struct task, pod); }
	C
	cp "$TESTS"/examples/bpf-core-c/bpf_core.h .
	run -1 "$CLANG" "${BPF_CFLAGS[@]}" -emit-llvm -c -o wrong.bc wrong.c
	[[ $output == *"wrong.c:4:"*"no member named 'pod' in 'struct task'"* ]]
	sed -i 's/CORE_FIELD.*)/CORE_FIELD_EXISTS(struct task, pod)/' wrong.c
	compile wrong.c
	one_error "bpf-linker: error: *wrong.c:4:1: struct 'task' has no member 'pod'" bpf-linker --btf -o out.o wrong.bc
}

@test "Zig's types: by the last part of their names" {
	local path

	marked_ir "${CALL/field_exists:x/pointee_byte_offset:next.x}" '!13 = !DICompositeType(tag: DW_TAG_structure_type, name: "program.list", file: !1, size: 128, elements: !14)
		!14 = !{!15, !20, !16}
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "x", file: !1, baseType: !6, size: 32)
		!16 = !DIDerivedType(tag: DW_TAG_member, name: "next", file: !1, baseType: !17, size: 64, offset: 64)
		!17 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*const vmlinux.fs.s", baseType: !18, size: 64)
		!18 = !DICompositeType(tag: DW_TAG_structure_type, name: "vmlinux.fs.s", file: !1, size: 32, elements: !19)
		!19 = !{!15}
		!20 = !DIDerivedType(tag: DW_TAG_member, name: "y", file: !1, baseType: !21, size: 32, offset: 32)
		!21 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "vmlinux.color", file: !1, baseType: !6, size: 32, elements: !{})'
	sed -i 's/^declare.*/declare i64 @"__bpf_core.pointee_byte_offset:next.x@a.c:3:4"(ptr)/' a.ll
	run -0 bpf-core --list a.ll
	[[ $output == "a.c:3:4: pointee_byte_offset of struct 's', next.x (0:0), in 'f'" ]]
	for path in next y; do
		sed "s/pointee_byte_offset:next.x/field_byte_offset:$path/" a.ll >b.ll
		bpf-core -o b.bc b.ll
		"$DIS" -o - b.bc | grep 'name: "list"'
		"$DIS" -o - b.bc | grep 'name: "color"'
	done
	# a name that is no such
	sed -i 's/"vmlinux.fs.s"/"vmlinux.List(program.s)"/' a.ll
	one_error "bpf-core: error: a.c:3:4: 'vmlinux.List(program.s)' is no name of a type of C, as the kernel's are" bpf-core -o b.bc a.ll
}

# --- The stage ---

@test "intrinsics in the place of the call, and nothing else left of it" {
	marked_ir "$CALL"
	becomes bpf-core a.ll
	has 'call ptr @llvm.preserve.struct.access.index.p0.p0(ptr elementtype({ i32 }) null, i32 0, i32 0), !dbg'
	has 'call i32 @llvm.bpf.preserve.field.info.p0(ptr %1, i64 2), !dbg'
	has 'zext i32 %2 to i64'
	lacks __bpf_core
	lacks '@carrier'
}

@test "a result of fewer bits, or of more" {
	for bits in 8 32 128; do
		marked_ir "${CALL//i64/i$bits}"
		sed -i "s/define i64/define i$bits/; s/declare i64/declare i$bits/" a.ll
		becomes bpf-core a.ll
		lacks __bpf_core
		[[ $(body f) == *"ret i$bits %"* ]]
	done
}

@test "a carrier that something else needs stays" {
	marked_ir "$CALL"
	echo '@llvm.used = appending global [1 x ptr] [ptr @carrier], section "llvm.metadata"' >>a.ll
	becomes bpf-core a.ll
	has '@carrier ='
	lacks '@"__bpf_core'
}

@test "a module that asks for nothing is written as it was" {
	compile calls.c
	bpf-core -o out.bc calls.bc
	cmp calls.bc out.bc
	run -0 bpf-core --list calls.bc
	[[ ! $output ]]
}

@test "--list says what becomes of each call" {
	marked_ir "$CALL"
	run -0 --separate-stderr bpf-core --list a.ll
	[[ $output == "a.c:3:4: field_exists of struct 's', x (0:0), in 'f'" && ! $stderr ]]
	run -0 --separate-stderr bpf-core --log-level=debug -o out.bc a.ll
	[[ $stderr == "bpf-core: debug: a.c:3:4: field_exists of struct 's', x (0:0), in 'f'" ]]
	compile core-kinds.c -DMARKERS
	bpf-core --list core-kinds.bc >listed
	[[ $(wc -l <listed) == "$(grep -c ^PROGRAM "$FIXTURES/core-kinds.c")" ]]
	grep -E "core-kinds.c:[0-9]+:1: field_byte_offset of struct 'all', cells\[1\]\[2\]\.b \(0:2:1:2:1\), in 'element'" listed
	grep -E ":1: enum_value of enum 'negative', MINUS = -5, in 'enum_negative'" listed
	grep -E ":1: type_size of typedef 'unnamed', in 'typedef_size'" listed
}

@test "bpf-linker --btf runs it where there is something to do, and by hand it does the same" {
	compile core-kinds.c -DMARKERS
	compile calls-lib.c
	run -0 --separate-stderr bpf-linker --btf --time -o out.o core-kinds.bc
	grep '^bpf-core ' <<<"$stderr"
	run -0 --separate-stderr bpf-linker --btf --time -o other.o calls-lib.bc
	grep '^bpf-debuginfo ' <<<"$stderr"
	absent '^bpf-core ' <<<"$stderr"

	bpf-extract core-kinds.bc | bpf-merge --btf : bpf-internalize : bpf-core : bpf-debuginfo --btf |
		bpf-opt : bpf-codegen -o by-hand.o
	cmp out.o by-hand.o
	bpf-merge --btf core-kinds.bc | bpf-internalize | bpf-core | bpf-debuginfo --btf | bpf-opt |
		bpf-codegen -o by-hand.o
	cmp out.o by-hand.o
	bpf-merge --btf core-kinds.bc : bpf-core : bpf-internalize : bpf-debuginfo --btf | bpf-opt |
		bpf-codegen -o by-hand.o
	diff <(relocations out.o) <(relocations by-hand.o)
	bpf-linker --btf --save-temps=stages -o kept.o core-kinds.bc
	cmp out.o kept.o
	[[ -s stages/kept.o.4-core.bc ]]
}

@test "without --btf there can be no relocations" {
	compile core-kinds.c -DMARKERS
	one_error 'bpf-linker: error: *core-kinds.c:*:1: a CO-RE relocation needs BTF: link with --btf' \
		bpf-linker -o out.o core-kinds.bc
	bpf-merge --btf core-kinds.bc >merged.bc
	one_error 'bpf-debuginfo: error: *core-kinds.c:*:1: a CO-RE relocation is asked for, which bpf-core makes: run it before this' \
		bpf-debuginfo --btf -o out.bc merged.bc
	# it is no undefined symbol otherwise
	run -0 --separate-stderr bpf-linker --btf --unresolved-symbols=error -o out.o core-kinds.bc
	[[ ! $stderr ]]
}

# --- What is wrong ---

@test "what is wrong is said with the user's file, line and column" {
	rust_to_bitcode core-rust-wrong.rs
	echo precious >out.o
	awk '/^program!.* \/\/ / {
		message = $0
		sub(/.* \/\/ /, "", message)
		printf "bpf-linker: error: core-rust-wrong.rs:%d:%d: %s\n", NR, index($0, "query!"), message
	}' core-rust-wrong.rs | LC_ALL=C sort >wanted
	[[ $(wc -l <wanted) -gt 20 ]]
	run -1 --separate-stderr bpf-linker --btf -o out.o core-rust-wrong.bc
	diff wanted <(LC_ALL=C sort <<<"$stderr")
	[[ $(<out.o) == precious ]]
}

@test "no debug info that names the type: once" {
	rust_to_bitcode core-rust.rs -C debuginfo=1
	one_error 'bpf-linker: error: core-rust.rs:*:*: the type that is asked for is not known, for the carrier has no debug info; compile with rustc -C debuginfo=2 or clang -g' \
		bpf-linker --btf -o out.o core-rust.bc
	compile core-kinds.c -DMARKERS -g0
	one_error 'bpf-core: error: *core-kinds.c:*:1: the type that is asked for is not known, *' \
		bpf-core -o out.bc core-kinds.bc
}

# wrong MESSAGE: bpf-core says it of the call in a.ll
wrong() {
	one_error "bpf-core: error: a.c:3:4: $1" timeout 10 bpf-core -o out.bc a.ll
}

@test "a carrier that is none" {
	local query='call i64 @"__bpf_core.field_exists:x@a.c:3:4"'
	marked_ir "%p = alloca ptr
		%x = $query(ptr %p), !dbg !5
		ret i64 %x"
	wrong 'the carrier is not known here; pass the address of a static, in the call itself'
	marked_ir "%c = icmp eq ptr @f, null
		%p = select i1 %c, ptr @carrier, ptr @other
		%x = $query(ptr %p), !dbg !5
		ret i64 %x"
	echo '@other = global i32 0' >>a.ll
	wrong "two calls of '__bpf_core.field_exists:x@a.c:3:4' have been merged into one; what follows the @ must be another for each"
	marked_ir "${CALL/@carrier/@other}"
	echo '@other = private unnamed_addr constant i32 0' >>a.ll
	wrong 'the carrier is a constant without a name, of which no debug info says the type; pass the address of a static'
	marked_ir "${CALL/@carrier/null}"
	wrong 'the carrier is not known here; *'
	marked_ir "$CALL" '!13 = !DISubroutineType(types: !{null})'
	sed -i 's/^!12 = .*/!12 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)/' a.ll
	wrong "the carrier 'carrier' names no type: it is to be a static of a struct with a type parameter, or of a pointer to the type"
}

@test "a function that is called otherwise, or not called" {
	local query='@"__bpf_core.field_exists:x@a.c:3:4"'
	marked_ir "%x = ptrtoint ptr $query to i64
		ret i64 %x"
	wrong 'field_exists is to be called, and its address is taken'
	marked_ir "${CALL/(ptr @carrier)/(ptr @carrier, i32 1)}"
	wrong 'field_exists takes one argument, the address of a static'
	marked_ir "${CALL/(ptr @carrier)/(i64 0)}"
	wrong 'field_exists takes one argument, the address of a static'
	marked_ir "call void $query(ptr @carrier), !dbg !5
		ret i64 0"
	wrong 'field_exists returns an integer, u64 as a rule'
	marked_ir "$CALL"
	sed -i "s/^declare.*/define i64 $query(ptr %p) { ret i64 0 }/" a.ll
	wrong 'what asks for a relocation is to be declared only'
	marked_ir "$CALL"
	sed -i 's/@a\.c:3:4//' a.ll
	one_error "bpf-core: error: '__bpf_core.field_exists:y': struct 's' has no member 'y'" \
		bpf-core -o out.bc <(sed 's/field_exists:x/field_exists:y/' a.ll)
	becomes bpf-core a.ll # nothing in the name is needed for the relocation
}

@test "the place in a name: colons in the file, and what is not shown" {
	local name wanted
	while read -r name wanted; do
		marked_ir "$CALL"
		sed -i "s|field_exists:x@a.c:3:4|field_exists:y@$name|" a.ll
		one_error "bpf-core: error: $wanted: struct 's' has no member 'y'" bpf-core -o out.bc a.ll
	done <<-'END'
		C:dir:a.rs:3:4 C:dir:a.rs:3:4
		a#b.rs:3:4#17 a#b.rs:3:4
		a@b.rs:3:4#x#y a@b.rs:3:4
		a a
	END
}

@test "types that are only declared, without a name, or nonsense" {
	marked_ir "$CALL" '!13 = !DICompositeType(tag: DW_TAG_structure_type, name: "s", flags: DIFlagFwdDecl)'
	wrong "struct 's' is only declared here, without members"
	marked_ir "$CALL"
	sed -i 's/name: "s", //' a.ll
	wrong 'the type has no name to look for in the kernel'
	marked_ir "$CALL" '!13 = distinct !DIDerivedType(tag: DW_TAG_typedef, name: "t", baseType: !13)'
	wrong '*'
	# structs that have each other for a member without a name, two of them at each level
	marked_ir "$CALL" '!13 = distinct !DICompositeType(tag: DW_TAG_structure_type, name: "s", file: !1, size: 64, elements: !14)
		!14 = !{!15, !16, !17}
		!15 = !DIDerivedType(tag: DW_TAG_member, file: !1, scope: !13, baseType: !13, size: 32)
		!16 = !DIDerivedType(tag: DW_TAG_member, file: !1, scope: !13, baseType: !13, size: 32, offset: 32)
		!17 = !DIDerivedType(tag: DW_TAG_member, name: "y", file: !1, scope: !13, baseType: !6, size: 32, offset: 32)'
	wrong "struct 's' has no member 'x'"
	sed -i 's/field_exists:x@/field_exists:y@/' a.ll
	becomes bpf-core a.ll
}

@test "a path that is longer than loaders follow" {
	local path
	path=x$(printf '.x%.0s' {1..70})
	marked_ir "$CALL" '!13 = distinct !DICompositeType(tag: DW_TAG_structure_type, name: "s", file: !1, size: 32, elements: !14)
		!14 = !{!15}
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "x", file: !1, scope: !13, baseType: !13, size: 32)'
	sed -i "s/field_exists:x@/field_exists:$path@/" a.ll
	wrong "'x.x.*' is deeper than loaders follow it"
}

# --- What holds for every tool ---

@test "options" {
	lists_options bpf-core --list
	says_version bpf-core
	refuses_wrong_options bpf-core
	takes_log_options bpf-core
	usage_error_of bpf-core "too many operands: 'b'" a b
}

@test "files" {
	marked_ir "$CALL"
	says_time bpf-core a.ll
	reads_and_writes_anywhere bpf-core a.ll
	leaves_output_on_failure bpf-core
	keeps_quiet_after_failure bpf-core
}

@test "no binary to a terminal" {
	marked_ir "$CALL"
	keeps_terminal_clean bpf-core a.ll
}
