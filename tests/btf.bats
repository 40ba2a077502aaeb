#!/usr/bin/env bats
# --btf: the object's types, that the kernel takes them, and what they say of the program.
# Rust's core is built once for each profile, in the first test that needs it.

load helper
load module

OPT=opt-$LLVM_MAJOR
OBJCOPY=llvm-objcopy-$LLVM_MAJOR
cargo=$TESTS/../scripts/dev/bpf-cargo

setup_file() {
	export CARGO_HOME=$BATS_FILE_TMPDIR/home CARGO_TARGET_DIR=$BATS_FILE_TMPDIR/target
	cp -r "$FIXTURES/rust-btf" "$BATS_FILE_TMPDIR"
}

# need_rust: skips the test where there is none; in CI that is a failure
need_rust() {
	local why

	if ! why=$("$cargo" --version 2>&1); then
		[[ ${CI:-} != true || ${RUST_IS_OPTIONAL-} ]] || { echo "$why" && return 1; }
		skip "$why"
	fi
}

# rust PROFILE PROGRAM [LINKER-ARGUMENT...]: PROGRAM.o; in the release profile, core has no debug info
rust() {
	local profile=$1 program=$2 folder=$1 argument arguments=()

	shift 2
	for argument; do
		arguments+=(-C "link-arg=$argument")
	done
	[[ $profile == release ]] || folder=debug
	(
		cd "$BATS_FILE_TMPDIR/rust-btf" &&
			"$cargo" rustc --profile "$profile" --target bpfel-unknown-none -Z build-std=core \
				--bin "$program" -- -C debuginfo=2 -C link-arg=--btf "${arguments[@]}"
	) || return
	cp "$CARGO_TARGET_DIR/bpfel-unknown-none/$folder/$program" "$program.o"
}

# compile_classes [FLAG...]: C++
compile_classes() {
	"$CLANG" -x c++ -std=c++20 -fno-exceptions -fno-rtti -fstandalone-debug -target bpf -O2 -g -w "$@" \
		-emit-llvm -c -o btf-classes.bc "$FIXTURES/btf-classes.cc"
}

# section OBJECT NAME: its bytes
section() {
	"$OBJCOPY" -O binary --only-section="$2" --set-section-flags "$2=alloc" "$1" "$1$2" && cat "$1$2"
}

# has_function_info OBJECT: each function of OBJECT has a record in .BTF.ext
has_function_info() {
	diff <("$OBJDUMP" -t "$1" | awk '/ F / { print $NF }' | wc -l) \
		<(section "$1" .BTF.ext | function_records)
}

# function_records: how many the .BTF.ext on standard input has
function_records() {
	local words at end count=0

	mapfile -t words < <(od -An -v -tu4 -w4 | tr -d ' ')
	# https://docs.kernel.org/bpf/btf.html: the header's size, and place and size of the records
	at=$(((words[1] + words[2]) / 4 + 1)) end=$(((words[1] + words[2] + words[3]) / 4))
	while ((at < end)); do
		count=$((count + words[at + 1]))
		at=$((at + 2 + 2 * words[at + 1]))
	done
	echo "$count"
}

# --- C ---

@test "C's types, functions and maps" {
	compile btf-types.c
	bpf-linker --btf -o out.o btf-types.bc
	has_function_info out.o
	c_says out.o <<-'END'
		struct qualified q;
		struct list l;
		_Static_assert(sizeof(struct bits) == 16 && sizeof(struct packed) == 13);
		_Static_assert(sizeof(struct arrays) == 152);
		_Static_assert(__builtin_offsetof(struct anonymous, b) == 4);
		_Static_assert(__builtin_offsetof(struct anonymous, named.x) == 8);
		_Static_assert(__builtin_offsetof(struct flexible, b) == 8);
		_Static_assert(GREEN == -5 && LARGE == 0xffffffffff && NEGATIVE == -1);
		_Static_assert(GREATEST == 0x7fffffffffffffff && TYPEDEF_A == 3);
		_Static_assert(_Generic(l.callback, int (*)(struct forward *, int, ...): 1));
		_Static_assert(_Generic(&q.e, const volatile unsigned int *: 1));
		_Static_assert(_Generic((thrice *)0, const volatile unsigned int *: 1));
		_Static_assert(_Generic((unnamed_enum)0, unsigned int: 1));
		_Static_assert(sizeof(unnamed) == 4 && sizeof(text) == 8);
	END
	grep "DECL_TAG 'struct'" types.raw
	grep "TYPE_TAG 'user'" types.raw
	grep "DECL_TAG 'argument'" types.raw
	grep "FWD 'forward' fwd_kind=struct" types.raw
	grep "FWD 'forward_union' fwd_kind=union" types.raw

	need_kernel
	load_with_btf out.o
	diff <(prototypes_of types) - <<-'END'
		int global(int x, struct bits * b)
		int internal(struct list * l, enum color c, int * a, callback f)
		int types(struct xdp_md * ctx)
	END
	bpftool -j map show pinned "$PINS/maps/map" | jq -e .btf_id
}

@test "C at every level, and of every version of DWARF" {
	need_kernel
	for flags in -O1 -O3 -Os -gdwarf-4 -gdwarf-5 -gsplit-dwarf -gno-column-info -glldb \
		-fdebug-types-section -fstandalone-debug -gembed-source -ggnu-pubnames; do
		# shellcheck disable=SC2086 # several words
		compile btf-types.c $flags
		bpf-linker --btf -o out.o btf-types.bc
		dump_btf out.o
		load_with_btf out.o
		[[ $(prototypes_of types | wc -l) == 3 ]]
	done
}

@test "a function with as many static variables as parameters, at -O0" {
	cat >s.c <<-'END'
		__attribute__((section("socket"))) int counter(void *context)
		{
			static int count;
			return count++;
		}
	END
	compile s.c -O0
	bpf-linker --btf -o out.o s.bc
	bpftool btf dump file out.o | grep "VAR 'counter.count'"
}

@test "C at -O0" {
	compile calls.c -O0
	compile calls-lib.c -O0
	bpf-linker --btf -o out.o calls.bc calls-lib.bc
	has_function_info out.o
	need_kernel
	load_with_btf out.o
	((LLVM_MAJOR == 21)) || prototypes_of calls | absent -v '[a-z](.*[a-z])'
}

@test "line tables only: a prototype that the kernel takes" {
	compile calls.c -gline-tables-only
	compile calls-lib.c -gline-tables-only
	bpf-linker --btf -o out.o calls.bc calls-lib.bc
	need_kernel
	load_with_btf out.o
}

@test "no debug info: a warning says how to have it, and the object loads" {
	compile calls.c -g0
	compile calls-lib.c -g0
	run -0 --separate-stderr bpf-linker --btf -o out.o calls.bc calls-lib.bc
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == "bpf-linker: warning: "*"clang -g"*"rustc -C debuginfo=2"* && $stderr != *$'\n'* ]]
	need_kernel
	load_object out.o
}

# needs_btf WHAT DECLARATIONS: what a program with these lacks without --btf, and without debug info
needs_btf() {
	local program='__attribute__((section("xdp"), used)) int prog(int *c) { return c[0]; }'

	printf '\n%s\n' "$2" >need.c
	echo "$program" >plain.c
	compile need.c -w
	compile plain.c
	warns "bpf-linker: warning: need.bc: $1 (need.c:2) needs BTF: link with --btf" need.bc plain.bc
	links_in_silence --btf need.bc plain.bc
	links_in_silence --emit=llvm-bc need.bc plain.bc
	links_in_silence --emit=llvm-ir need.bc plain.bc
	bpf-merge --strip-debug need.bc 2>log >/dev/null
	[[ $(<log) == "bpf-merge: warning: need.bc: $1 (need.c:2) needs BTF: link with --btf" ]]
	compile need.c -w -g0
	[[ ${3-} ]] || warns "bpf-linker: warning: need.bc: $1 needs BTF: link with --btf, and compile with clang -g" need.bc plain.bc
}

# warns WARNING ARGUMENT...: it is all that a link with these says
warns() {
	run -0 --separate-stderr bpf-linker -o out.o "${@:2}"
	[[ ! $output && $stderr == "$1" ]] || { echo "wanted: $1" && echo "got: $stderr" && return 1; }
}

links_in_silence() {
	warns '' "$@"
}

@test "a program that needs BTF, without --btf: a warning says what needs it" {
	needs_btf "map 'm'" 'struct { int (*type)[1]; int *key, *value; } m __attribute__((section(".maps"), used));'
	needs_btf "kernel configuration 'CONFIG_HZ'" 'extern int CONFIG_HZ __attribute__((section(".kconfig"))); int f(void) { return CONFIG_HZ; }'
	needs_btf "kernel symbol 'f'" 'extern void f(void) __attribute__((section(".ksyms"))); int g(void) { f(); return 0; }'
	needs_btf "kernel symbol 's'" 'extern const void s __attribute__((section(".ksyms"))); long f(void) { return (long)&s; }'
	needs_btf "struct_ops 'ops'" 'struct { void *f; } ops __attribute__((section(".struct_ops.link"), used));'
	needs_btf "arena variable 'a'" '__attribute__((address_space(1))) int a = 1;'
	needs_btf "CO-RE relocation 'llvm.task:0:4\$0:1'" 'struct task { int a, b; } __attribute__((preserve_access_index)); int f(struct task *t) { return t->b; }' none
	needs_btf "declaration tag of 'f'" '__attribute__((btf_decl_tag("exception_callback:g"))) int f(void) { return 1; }' none
	needs_btf "declaration tag of 'v'" '__attribute__((btf_decl_tag("percpu"))) int v = 1;' none
}

@test "a program that loads without BTF: not a word" {
	# what is not linked needs nothing
	echo 'struct { int *type; } unused __attribute__((section(".maps"))); int *f(void) { return unused.type; }
		int g(int x) { return x; }' >library.c
	compile library.c -w
	"$LLVM_AR" rcs liblibrary.a library.bc
	cat >plain.c <<-'END'
		struct { int type, key, value, count; } m __attribute__((section("maps"), used)) = {1, 4, 4, 1};
		int data = 1, g(int);
		__attribute__((section("xdp"))) int prog(int *c) { return g(c[0]) + data++; }
		char LICENSE[] __attribute__((section("license"))) = "GPL";
	END
	for flag in -g -g0; do
		compile plain.c $flag
		links_in_silence plain.bc -L. -l library
	done
}

@test "an input without debug info, whose map needs BTF: a warning says what to compile it with" {
	echo 'struct { int (*type)[1]; int *key, *value; } m __attribute__((section(".maps"), used));' >need.c
	echo '__attribute__((section("xdp"), used)) int prog(int *c) { return c[0]; }' >plain.c
	for flag in -g0 -gline-tables-only; do
		compile need.c $flag
		compile plain.c
		warns "bpf-linker: warning: need.bc: map 'm' needs BTF, which is made of debug info: compile with clang -g" --btf need.bc plain.bc
		warns "bpf-linker: warning: need.bc: map 'm' needs BTF, which is made of debug info: compile with clang -g" --btf --debug-info full plain.bc need.bc
	done
	# a line of its use, where there is none of the map
	echo 'int f(void) { return m.key != 0; }' >>need.c
	compile need.c -gline-tables-only
	compile plain.c
	warns "bpf-linker: warning: need.bc: map 'm' (need.c:2) needs BTF, which is made of debug info: compile with clang -g" --btf need.bc plain.bc
	warns "bpf-linker: warning: need.bc: map 'm' (need.c:2) needs BTF: link with --btf" need.bc plain.bc
	compile need.c
	compile plain.c -g0
	links_in_silence --btf need.bc plain.bc
	# as rustc has it
	ir need <<-'END'
		@m = global [4 x i64] zeroinitializer, section ".maps"
		!llvm.ident = !{!0}
		!0 = !{!"rustc version 1.95.0"}
	END
	compile plain.c
	warns "bpf-linker: warning: need.ll: map 'm' needs BTF, which is made of debug info: compile with rustc -C debuginfo=2" --btf need.ll plain.bc
	warns "bpf-linker: warning: need.ll: map 'm' needs BTF: link with --btf, and compile with rustc -C debuginfo=2" need.ll plain.bc
}

@test "a library without debug info, linked into a program that has it" {
	compile btf-user.c
	compile btf-library.c -g0
	"$LLVM_AR" rcs liblibrary.a btf-library.bc
	bpf-linker --btf --export user -o out.o btf-user.bc liblibrary.a
	has_function_info out.o
	dump_btf out.o
	for name in sum clear of_its_own count_up; do
		grep "FUNC '$name' .*linkage=static" types.raw
	done

	need_kernel
	load_with_btf out.o
	[[ $(prototypes_of user | wc -l) == 5 ]]
	head -c 60 /dev/zero >packet
	[[ $(run_program user packet) == 251 ]]
}

@test "a program without debug info, linked with a library that has it" {
	compile btf-user.c -g0
	compile btf-library.c
	bpf-linker --btf --export user -o out.o btf-user.bc btf-library.bc
	has_function_info out.o
	need_kernel
	load_with_btf out.o
	[[ $(prototypes_of user | wc -l) == 5 ]]
}

@test "types that several files have are there once" {
	for file in shared-a shared-b shared-lib; do
		compile $file.c
	done
	bpf-linker --btf -o out.o shared-a.bc shared-b.bc shared-lib.bc
	dump_btf out.o
	[[ $(grep -c "STRUCT 'lengths'" types.raw) == 1 ]]
	need_kernel
	load_with_btf out.o
}

# two_files: a.c and b.c of the C in header.h and what standard input has for each, @ for its name
two_files() {
	local body file

	body=$(cat)
	for file in a b; do
		cat >$file.c <<-END
			#include "header.h"
			${body//@/$file}
			__attribute__((section("license"), used)) char license_${file}[] = "GPL";
		END
		compile $file.c -I.
	done
}

# once NAME...: types.raw has a type of each name once
once() {
	local name

	for name; do
		[[ $(grep -c "^\[[0-9]*\] [A-Z0-9_]* '$name'" types.raw) == 1 ]] || { grep "'$name'" types.raw; echo "$name"; return 1; }
	done
}

@test "what a header declares is there once, in whichever files it is" {
	cat >header.h <<-'END'
		struct list { struct list *next, **slots[3]; };
		struct even { struct odd *next; int e; };
		struct odd { struct even *next; const struct odd *const same; long o; };
		enum color { RED, GREEN = 7 };
		enum wide { WIDE = 0xffffffffffULL };
		union either { int i; enum color c; struct { short low, high; }; };
		typedef int (*callback)(struct list *, enum color, ...);
		typedef struct { callback call; volatile union either e; } unnamed;
		struct bits { unsigned a : 3; unsigned : 2; int b : 7; enum color c : 4; };
		struct nested { struct inner { int x; } in; struct { union { int p; char q[5]; }; } deep[2]; unnamed u; };
		struct tagged { int __attribute__((btf_type_tag("user"))) *p; int d __attribute__((btf_decl_tag("mark"))); };
		struct all { struct list l; struct even e; enum wide w; struct bits b; struct nested n; struct tagged t; };
	END
	two_files <<-'END'
		struct all all_@;
		callback call_@;
		int __attribute__((noinline)) take_@(struct odd *odd, const struct all *all) { return odd->o + all->w; }
		__attribute__((section("socket"), used)) int prog_@(struct all *x) { return take_@(x->e.next, x) + all_@.b.a; }
	END
	for kind in lines full none; do
		bpf-linker --btf --debug-info=$kind -o $kind.o a.bc b.bc
		dump_btf $kind.o
		once list even odd color wide either callback unnamed bits nested inner tagged all user int
		[[ $(grep -c "STRUCT '(anon)'" types.raw) == 3 ]]
		[[ $(grep -c "DECL_TAG 'mark'" types.raw) == 1 ]]
		section $kind.o .BTF >$kind.btf
		cmp lines.btf $kind.btf
	done
	c_says lines.o <<-'END'
		struct bits b;
		_Static_assert(sizeof(struct all) == 120 && sizeof(struct bits) == 4 && sizeof(struct nested) == 40);
		_Static_assert(_Generic(&((struct odd *)0)->next->next->next, struct even **: 1));
	END
}

@test "types of one name that differ stay apart, and what leads to them" {
	echo 'struct same { int x; };' >header.h
	for member in 'int m' 'long m' 'int n' 'int m : 5' 'unsigned m' 'const int m' 'int m[2]' 'int *m' 'char m' \
		'int __attribute__((btf_decl_tag("t"))) m' 'enum { X, Y } m' 'enum { X, Z } m' \
		'enum { X, Y = 3 } m' 'int (*m)(int)' 'int (*m)(long)' 'int (*m)(int, int)' 'long (*m)(int)' 'struct { int x; } m' \
		'union { int x; } m' 'struct same *m' 'int __attribute__((btf_type_tag("t"))) *m'; do
		echo "struct differs { struct leads *up; $member; }; struct leads { struct differs d[1], *p; struct same *s; };"
	done >members
	while read -r line; do
		count=$((count + 1))
		printf '%s\n' '#include "header.h"' "$line" "struct leads leads_$count;" \
			"__attribute__((section(\"socket\"), used)) int prog_$count(void *x) { return *(char *)&leads_$count; }" >f$count.c
		compile f$count.c -I.
		[[ $count != 1 ]] || { cp f1.c again.c && sed -i 's/_1/_again/g' again.c && compile again.c -I.; }
	done <members
	bpf-linker --btf -o out.o f*.bc again.bc
	bpftool btf dump file out.o >types.raw
	[[ $(grep -c "STRUCT 'differs'" types.raw) == "$count" ]]
	[[ $(grep -c "STRUCT 'leads'" types.raw) == "$count" ]]
	once same
	need_kernel
	load_with_btf out.o
}

@test "a struct that one file only names, and another one has in full" {
	cat >header.h <<-'END'
		struct holder { struct held *p; const struct held *c; };
		#ifdef FULL
		struct held { int x; struct holder *back; };
		#endif
	END
	echo '#include "header.h"
		struct holder h_a; __attribute__((section("socket"), used)) int prog_a(void *c) { return !!h_a.p; }' >a.c
	echo '#include "header.h"
		struct holder h_b; struct held h; __attribute__((section("socket"), used)) int prog_b(void *c) { return !!h_b.p + h.x; }' >b.c
	compile b.c -I. -DFULL
	for flag in -DFULL -DNAMED; do
		compile a.c -I. $flag
		for order in 'a.bc b.bc' 'b.bc a.bc'; do
			# shellcheck disable=SC2086 # two words
			bpf-linker --btf -o out.o $order
			dump_btf out.o
			once holder held
			absent FWD types.raw
		done
	done
	# two that differ
	sed 's/h_b/h_c/g; s/prog_b/prog_c/; s/held h;/held held_c;/; s/h\.x/held_c.y/' b.c >c.c
	compile c.c -I. -DFULL -Dx=y
	bpf-linker --btf -o out.o a.bc c.bc b.bc
	bpftool btf dump file out.o >types.raw
	[[ $(grep -c "STRUCT 'held'" types.raw) == 2 ]]
	need_kernel
	load_with_btf out.o
}

@test "types are one where BTF has the same of both" {
	local count=0 order
	cat >pairs <<-'END'
		struct t { long x; int m; };|struct t { long x; int m __attribute__((aligned(8))); };
		struct t { long m; };|struct t { long m; } __attribute__((aligned(8)));
		typedef int i; struct t { i m; long x; };|typedef int i __attribute__((aligned(4))); struct t { i m; long x; };
		struct t { long m; int x[]; };|struct t { long m; int x[0]; };
		struct owner; struct t { struct owner *m; };|struct owner { int id; }; struct t { struct owner *m; };
		struct owner { long id; }; struct t { struct owner *m; };|struct owner { int id; }; struct t { struct owner *m; };
		union owner; struct t { union owner *m; };|union owner { int id; }; struct t { union owner *m; };
		enum e; struct t { enum e *m; };|enum e { A, B }; struct t { enum e *m; };
		C++|enum e { A, B }; struct t { enum e m; unsigned char y; };
	END
	while IFS='|' read -r first second; do
		local language=c
		[[ $first != C++ ]] || { first=$second && language=c++; }
		for file in a b; do
			[[ $file == a ]] && echo "$first" || echo "$second"
			echo "extern \"C\" struct t v_$file; struct t v_$file;
				extern \"C\" __attribute__((section(\"socket\"), used)) int prog_$file(void *x) { return !!v_$file.m; }"
		done >both
		sed '1,/prog_a/!d; s/extern "C"//' both >a.c
		sed '1,/prog_a/d' both >b.c
		[[ $language == c++ ]] || sed -i 's/extern "C"//' b.c
		compile a.c
		compile b.c -x $language
		for order in 'a.bc b.bc' 'b.bc a.bc'; do
			for kind in lines full; do
				# shellcheck disable=SC2086 # two words
				bpf-linker --btf --debug-info=$kind -o out.o $order
				dump_btf out.o
				once t
				[[ $(grep -c 'owner' types.raw) -le 1 ]]
			done
		done
		mv out.o "$((count += 1)).o"
	done <pairs
	[[ $count == 9 ]]
	need_kernel
	for object in [0-9].o; do
		load_with_btf "$object"
	done
}

# the same name for two or three structs, of which LLVM would take the first that it meets
@test "what leads to a struct by a pointer means that of its own file" {
	need_kernel
	local count=0 order
	cat >pairs <<-'END'
		struct s { int a; }; struct in { struct s *s; int z; };
		int NOINLINE global_@(struct in *p, struct s *q) { return p && q ? p->z + q->a : 0; }
		PROG { struct s q = {4}; struct in v = {0, 3}; return global_@(&v, &q); }
		---
		struct s { long a[6]; }; struct in { struct s *s; int z; };
		int NOINLINE global_@(struct in *p, struct s *q) { return p && q ? p->z + q->a[5] : 0; }
		PROG { struct s q = {}; struct in v = {0, 3}; q.a[5] = 4; return global_@(&v, &q); }
		===
		struct s { long z; }; struct s v_@ = {7}; PROG { return v_@.z; }
		---
		struct s { int z; }; typedef struct s s_t; struct x { s_t *p; int k; }; struct x x_@ = {.k = 3}; s_t v_@ = {4};
		PROG { return x_@.k + v_@.z; }
		===
		struct s { long z; }; struct s v_@ = {7}; PROG { return v_@.z; }
		---
		struct s { int z; }; typedef struct s s_t; struct x { s_t *p; int k; }; struct x x_@ = {.k = 3};
		struct y { s_t t; }; struct y v_@ = {{4}};
		PROG { return x_@.k + v_@.t.z; }
		===
		union s { int a; char b[2]; }; struct in { union s *s; int z; };
		int NOINLINE global_@(struct in *p, union s *q) { return p && q ? p->z + q->a : 0; }
		PROG { union s q = {4}; struct in v = {0, 3}; return global_@(&v, &q); }
		---
		struct s { long a[6]; }; struct in { struct s *s; int z; };
		int NOINLINE global_@(struct in *p, struct s *q) { return p && q ? p->z + q->a[5] : 0; }
		PROG { struct s q = {}; struct in v = {0, 3}; q.a[5] = 4; return global_@(&v, &q); }
	END
	head -c 60 /dev/zero >packet
	awk '/^===/ { n++; m = 0; next } /^---/ { m++; next } { print > "pair" n + 0 (m ? "b" : "a") }' pairs
	for pair in 0 1 2 3; do
		for file in a b; do
			cat >$file.c <<-END
				#define NOINLINE __attribute__((noinline))
				#define PROG __attribute__((section("tc"), used)) int prog_$file(void *ctx)
				__attribute__((section("license"), used)) char license_${file}[] = "GPL";
				$(sed "s/@/$file/g" pair$pair$file)
			END
			compile $file.c
		done
		for order in 'a.bc b.bc' 'b.bc a.bc'; do
			for kind in lines full; do
				# shellcheck disable=SC2086 # two words
				bpf-linker --btf --debug-info=$kind -o $kind.o $order
				load_with_btf $kind.o
				for file in a b; do
					[[ $(run_program prog_$file packet) == 7 ]]
				done
				rm -r "$PINS"
			done
			# linked before
			# shellcheck disable=SC2086
			bpf-linker --btf --emit=llvm-bc -o ab.bc $order
			bpf-linker --btf -o again.o ab.bc
			diff <(bpftool btf dump file lines.o) <(bpftool btf dump file again.o)
		done
		count=$((count + 1))
	done
	[[ $count == 4 ]]
}

@test "structs of one name in two scopes" {
	# C++: namespaces, one of which only declares it
	echo 'namespace a { struct f { int x; }; } a::f *first; a::f one;
		extern "C" __attribute__((section("socket"), used)) int prog_a(void *) { return one.x + !!first; }' >a.c
	echo 'namespace b { struct f; } b::f *second;
		extern "C" __attribute__((section("socket"), used)) int prog_b(void *) { return !!second; }' >b.c
	# C: functions of one file
	cat >c.c <<-'END'
		__attribute__((section("socket"), used)) int prog_c(void *x)
		{
			static volatile struct f { int y; struct f *next; } in_c;
			return in_c.y + !!in_c.next;
		}
		__attribute__((section("socket"), used)) int prog_d(void *x)
		{
			static volatile struct f { long z; struct f *next; } in_d;
			return in_d.z + !!in_d.next;
		}
	END
	compile a.c -x c++
	compile b.c -x c++
	compile c.c
	for kind in lines full; do
		bpf-linker --btf --debug-info=$kind -o ab.o a.bc b.bc
		dump_btf ab.o
		[[ $(grep -c "^\[[0-9]*\] STRUCT 'f'" types.raw) == 1 ]]
		bpf-linker --btf --debug-info=$kind -o c.o c.bc
		bpftool -j btf dump file c.o | jq -e '[.types[] | select(.kind == "STRUCT" and .name == "f")] | length == 2' >json
		bpftool -j btf dump file c.o | jq -r '.types as $all | .types[] | select(.kind == "STRUCT" and .name == "f") |
			.id == (.members[1].type_id as $p | $all[] | select(.id == $p) | .type_id)' >leads_to_itself
		diff <(printf '%s\n' true true) leads_to_itself
	done
	grep "FWD 'f' fwd_kind=struct" types.raw # without DWARF, nothing knows of namespaces
	[[ $("$READELF" -p .debug_str c.o | grep -c '] f$') -ge 1 ]]
	need_kernel
	load_with_btf ab.o
	rm -r "$PINS"
	load_with_btf c.o
}

@test "a skeleton names the struct of a header once" {
	echo 'struct foo { int a; long b; };' >header.h
	two_files <<-'END'
		struct foo x_@;
		__attribute__((section("xdp"), used)) int prog_@(void *c) { return x_@.a; }
	END
	bpf-linker --btf -o out.o a.bc b.bc
	need_kernel
	bpftool gen skeleton out.o >skeleton.h
	grep 'struct foo x_b;' skeleton.h
	absent ___2 skeleton.h
}

@test "an object that one file puts into a map, and another one takes" {
	need_kernel
	cat >header.h <<-'END'
		struct obj { long key; };
		struct value { struct obj __attribute__((btf_type_tag("kptr"))) *p; };
		struct map { int (*type)[2], (*max_entries)[1]; int *key; struct value *value; };
		extern void *bpf_obj_new_impl(unsigned long long id, void *meta) __attribute__((section(".ksyms")));
		extern void bpf_obj_drop_impl(void *kptr, void *meta) __attribute__((section(".ksyms")));
		static void *(*const lookup)(void *, const void *) = (void *)1;
		static void *(*const exchange)(void *, void *) = (void *)194;
	END
	for file in a b; do
		cat >$file.c <<-END
			#include "header.h"
			$([[ $file == a ]] || echo extern) struct map objects __attribute__((section(".maps")));
			__attribute__((section("license"), used)) char license_${file}[] = "GPL";
			__attribute__((section("tc"), used)) int prog_$file(void *c)
			{
				int zero = 0;
				struct value *v = lookup(&objects, &zero);
				if (!v)
					return 1;
				struct obj *n = $([[ $file == a ]] && echo 0 || echo "bpf_obj_new_impl(__builtin_btf_type_id(*(struct obj *)0, 0), 0);
				if (!n)
					return 2;
				n->key = 77");
				n = exchange(&v->p, n);
				if (!n)
					return 3;
				int key = n->key;
				bpf_obj_drop_impl(n, 0);
				return key;
			}
		END
		compile $file.c
	done
	# a kernel without the kfuncs takes neither file
	grep -q bpf_obj_new_impl /proc/kallsyms || skip "this kernel has no bpf_obj_new"
	bpf-linker --btf -o out.o a.bc b.bc
	dump_btf out.o
	once obj value map
	load_object out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program prog_b packet) == 3 ]]
	[[ $(run_program prog_a packet) == 77 ]]
}

# other_program: C from standard input, before a program that loads; with one warning or none, its BTF too
other_program() {
	{
		cat
		cat <<-'END'
			__attribute__((section("license"), used)) char LICENSE[] = "GPL";
			__attribute__((section("xdp"), used)) int program(void *ctx) { return 2; }
		END
	} >other.c
	compile other.c
	run -0 --separate-stderr bpf-linker --btf -o other.o other.bc
	[[ ! $output && $stderr != *$'\n'* && ${stderr:-bpf-linker: warning: } == "bpf-linker: warning: "* ]]
	load_with_btf other.o
	dump_btf other.o
	grep "INT 'int'" types.raw
}

@test "types that nest deeper than the kernel follows" {
	local i

	need_kernel
	other_program < <(
		echo 'struct s0 { int x; };'
		for ((i = 1; i <= 40; i++)); do
			echo "struct s$i { struct s$((i - 1)) s; char c; };"
		done
		echo 'struct s40 deep; int shallow;'
	)
	[[ $stderr ]]
	grep "VAR 'deep'" types.raw
	grep "STRUCT 's35'" types.raw

	other_program < <(
		echo 'typedef int t0;'
		for ((i = 1; i <= 60; i++)); do
			echo "typedef t$((i - 1)) t$i;"
		done
		echo 't60 named;'
	)
	other_program <<<"int $(printf '*%.0s' {1..50}) pointer;"
}

@test "types that are larger than the kernel allows" {
	need_kernel
	other_program <<<'int (*array)[0xffffffff]; int small;'
	other_program <<<'struct { int (*type)[1 << 30]; } map_like; int small;'
	other_program <<<'struct large { char b[1ull << 33]; int x; } *large; int small;'
	other_program <<<'struct large { char b[1ull << 29]; int x; int y : 3; } *large; int small;'
	other_program <<<'struct large { char b[3 << 20]; int bits : 3; } *large; int small;'
}

@test "enumerations that are only declared" {
	need_kernel
	other_program <<<'enum later; enum later *p; struct s { enum later *q; int x; } s;'
	[[ ! $stderr ]]
	grep "'later'" types.raw
}

@test "symbols whose names are no C identifiers" {
	need_kernel
	other_program <<<'int a$b; int c; static int d$e; int *use(void) { return &d$e; }'
	other_program <<<'int v __asm__("weird-name"); int x;'
	other_program <<<'struct \u00e9 { int \u00fc; } \u00e4; int x;'
}

@test "a module whose debug info is for remarks only has prototypes made for it" {
	need_kernel
	compile calls.c
	compile calls-lib.c
	llvm-dis-"$LLVM_MAJOR" -o - calls-lib.bc |
		sed 's/emissionKind: FullDebug/emissionKind: NoDebug/' >calls-lib.ll
	grep NoDebug calls-lib.ll
	bpf-linker --btf -o out.o calls.bc calls-lib.ll
	has_function_info out.o
	load_with_btf out.o
}

@test "tables of names, of any kind, with any debug info" {
	local flags table kind

	need_kernel
	head -c 60 /dev/zero >packet
	for flags in -gdwarf-5 -gdwarf-4 '-gdwarf-5 -gline-tables-only' '-gdwarf-5 -gline-directives-only'; do
		for table in None GNU Apple Default; do
			# shellcheck disable=SC2086 # two words
			compile dwarf5.c -gpubnames $flags
			llvm-dis-"$LLVM_MAJOR" -o - dwarf5.bc | sed "/DICompileUnit/{
				s/, nameTableKind: [A-Za-z]*//
				s/)\$/, nameTableKind: $table)/
			}" >$table.ll
			for kind in lines full none; do
				bpf-linker --btf --debug-info=$kind -o out.o $table.ll
				load_with_btf out.o
				[[ $(run_program counts packet) == [12] ]]
			done
		done
	done
}

@test "the verifier's log has C's source lines" {
	need_kernel
	compile btf-rejected.c
	bpf-linker --btf -o out.o btf-rejected.bc
	run load_with_btf out.o
	[[ $status == 1 ]]
	[[ $output == *"; return *(int *)(address ^ 0x5a5a); /* no pointer */ @ btf-rejected.c:9"*"invalid mem access"* ]]
	[[ $output == *"; return read(ctx->ingress_ifindex); @ btf-rejected.c:15"* ]]
}

# --- The source that BTF quotes ---

# quotes OBJECT LINE...: its BTF has each line, as it is
quotes() {
	local line

	section "$1" .BTF | tr '\0' '\n' >btf-strings
	for line in "${@:2}"; do
		grep -qFx -e "$line" btf-strings || { echo "not quoted: $line" && return 1; }
	done
}

quotes_nothing() {
	quotes "$1" "$PWD/quoted.c"
	run ! grep -q -e '^int ' -e return btf-strings
}

# compile_quoted: of lines that a string of IR has otherwise, and of one that no code is made of
compile_quoted() {
	printf '%s\n' '/* quoted.c */' 'int first(int x) { return x + "ab\n"[x & 1]; } // 100% \22' \
		'int other = 3;' $'int second(int x) { return x ^ other; } // \xc3\xa4\t' $'int third(int x) { return -x; }\r' >quoted.c
	printf %s 'int last(int x) { return ~x; }' >>quoted.c
	lines=('int first(int x) { return x + "ab\n"[x & 1]; } // 100% \22' $'int second(int x) { return x ^ other; } // \xc3\xa4\t'
		'int third(int x) { return -x; }' 'int last(int x) { return ~x; }')
	"$CLANG" "${BPF_CFLAGS[@]}" -g "$@" -emit-llvm -c -o quoted.bc "$PWD/quoted.c"
}

@test "BTF quotes lines of source as they are, as clang's does" {
	compile_quoted
	bpf-linker --btf -o out.o quoted.bc
	quotes out.o "${lines[@]}"
	run ! grep -q '^int other' btf-strings
	"$CLANG" "${BPF_CFLAGS[@]}" -g -c -o clang.o "$PWD/quoted.c"
	diff <(section clang.o .BTF | tr '\0' '\n' | grep -a '^int ' | sort) <(grep -a '^int ' btf-strings | sort)
	rm quoted.c
	bpf-linker --btf -o without.o quoted.bc
	quotes_nothing without.o
}

@test "--btf-source=none quotes nothing" {
	compile_quoted
	bpf-linker --btf --btf-source none -o out.o quoted.bc
	quotes_nothing out.o
	rm quoted.c
	bpf-linker --btf -o without.o quoted.bc
	cmp out.o without.o
}

@test "what the compiler has embedded is quoted, unless --btf-source=none" {
	compile_quoted -gembed-source -gdwarf-5
	rm quoted.c
	bpf-linker --btf -o out.o quoted.bc
	quotes out.o "${lines[@]}"
	bpf-linker --btf --btf-source=none -o out.o quoted.bc
	quotes_nothing out.o
	run ! grep -qa third\(int out.o
}

@test "the source is read by bpf-debuginfo, and by no later stage" {
	[[ ! ${SANITIZED-} ]] || skip 'nothing keeps LLVM from opening files in tools with sanitizers'
	compile_quoted
	bpf-merge --btf quoted.bc | bpf-debuginfo --btf -o embedded.bc
	bpf-codegen -o by-hand.o quoted.bc
	quotes_nothing by-hand.o
	rm quoted.c
	bpf-codegen -o out.o embedded.bc
	quotes out.o "${lines[@]}"
}

@test "line tables have no source, but in DWARF 5 with --debug-info=full" {
	for version in 4 5; do
		compile_quoted -gdwarf-$version
		for kind in lines none full; do
			bpf-linker --btf --debug-info=$kind -o out.o quoted.bc
			quotes out.o "${lines[@]}"
			"$OBJCOPY" --remove-section=.BTF out.o
			[[ $(grep -ac third\(int out.o) == "$([[ $version$kind == 5full ]] && echo 1 || echo 0)" ]]
			[[ $kind == none ]] || "$OBJDUMP" -S out.o | grep -F '; int third(int x)'
		done
	done
}

@test "only regular files are quoted, and nothing is waited for" {
	[[ ! ${SANITIZED-} ]] || skip 'nothing keeps LLVM from opening files in tools with sanitizers'
	compile_quoted
	mkdir folder
	mkfifo fifo
	for source in fifo /dev/zero /dev/tty folder nowhere /proc/self/environ quoted.c/x; do
		rm -f quoted.c && ln -s "$source" quoted.c
		timeout 20 bpf-linker --btf -o out.o quoted.bc
		quotes_nothing out.o
		timeout 20 bpf-codegen -o out.o quoted.bc
		quotes_nothing out.o
	done
	# sparse, and too large
	rm quoted.c && truncate -s 65M quoted.c
	bpf-linker --btf -o out.o quoted.bc
	quotes_nothing out.o
}

# --- C++ ---

@test "tags that structs say are those of clang's attributes" {
	local level

	for level in -O0 -O2; do
		# LLVM 21's C API does not show records, which alone name parameters at -O0
		[[ $level != -O0 ]] || ((LLVM_MAJOR > 21)) || continue
		"$CLANG" "${BPF_CFLAGS[@]}" "$level" -emit-llvm -c -o clang.bc "$FIXTURES/btf-tags.c"
		"$CLANG" "${BPF_CFLAGS[@]}" "$level" -DWRAPPED -emit-llvm -c -o structs.bc "$FIXTURES/btf-tags.c"
		bpf-linker --btf -o clang.o clang.bc
		bpf-linker --btf -o structs.o structs.bc
		[[ $(bpftool btf dump file clang.o format raw | grep -c TAG) == 4 ]]
		diff <(bpftool btf dump file clang.o format raw) <(bpftool btf dump file structs.o format raw)
	done
	bpf-merge --btf structs.bc | bpf-debuginfo --btf --list >list
	grep -x "type 'kept': is a pointer with the type tag 'kptr'" list
	grep -x "type 'nonnull': is its first member, with the declaration tag 'arg:nonnull'" list
}

@test "structs that say a tag, and have nothing to give it to, stay" {
	cat >a.c <<-'C'
		struct words { int kptr[0]; };
		struct number { long value; struct words __bpf_type_tag[0]; } number;
		struct nothing { struct words __bpf_type_tag[0], __bpf_decl_tag[0]; };
		struct holder { int a; struct nothing nothing; } holder; /* alone, it would have no size */
		struct many { int a, b, c, d; struct words __bpf_decl_tag[0]; } many;
		struct self { struct self *next; struct words __bpf_type_tag[0]; } self;
		struct ring { struct ring *(*next)[2]; struct words __bpf_decl_tag[0]; } ring;
		struct lone { int value; int __bpf_decl_tag; } lone;
		struct mute { int value; struct { } __bpf_decl_tag[0]; } mute;
	C
	compile a.c
	bpf-linker --btf -o a.o a.bc
	run bpftool btf dump file a.o format raw
	[[ $(grep -c " STRUCT " <<<"$output") == 10 ]]
	absent "_TAG '[^sk']" <<<"$output"
}

@test "C++'s classes, templates, references and lambdas" {
	compile_classes
	bpf-linker --btf -o out.o btf-classes.bc
	has_function_info out.o
	c_says out.o <<-'END'
		struct references r;
		struct derived d;
		_Static_assert(sizeof(struct derived) == 32);
		_Static_assert(__builtin_offsetof(struct derived, d) == 24);
		_Static_assert(__builtin_offsetof(struct hidden, shared) == 8);
		_Static_assert(sizeof(struct array_3C_int_2C__20_3_3E_) == 12);
		_Static_assert(sizeof(struct pack_3C_int_2C__20_char_3E_) == 8);
		_Static_assert(_Generic(r.l, int *: 1) && _Generic(r.r, int *: 1));
		_Static_assert(_Generic(r.c, const int *: 1));
		_Static_assert(last == 200 && least == -1);
	END
	need_kernel
	load_with_btf out.o
	[[ $(prototypes_of classes | wc -l) == 7 ]]
}

@test "C++ at every level" {
	need_kernel
	for flags in -O0 -O1 -O3 -gdwarf-4 -fdebug-types-section; do
		compile_classes $flags
		bpf-linker --btf --export classes -o out.o btf-classes.bc
		dump_btf out.o
		load_with_btf out.o
	done
}

# --- Rust ---

# rust_types_are_kept: those of types.o
rust_types_are_kept() {
	has_function_info types.o
	c_says types.o <<-'END'
		struct Shape shape;
		struct Node node;
		union MaybeUninit_3C_types_3A__3A_Pair_3C_u32_2C__20_u32_3E__3E_ uninitialized;
		struct Pair_3C_u32_2C__20_types_3A__3A_Pair_3C_u8_2C__20__5B_i64_3B__20_2_5D__3E__3E_ pair;
		struct Option_3C__26_u32_3E_ reference;
		struct _28_u8_2C__20_u32_2C__20__28__29__2C__20_types_3A__3A_Nothing_2C__20_bool_2C__20_char_29_ tuple;

		_Static_assert(sizeof(struct Shape) == 24);
		_Static_assert(sizeof(shape.Rectangle.width) == 8 && sizeof(shape.Rectangle.height) == 2);
		_Static_assert(sizeof(shape.Circle.__0) == 4 && sizeof(shape.Named.__0.length) == 8);
		_Static_assert(__builtin_offsetof(struct Shape, discriminant) == 0);
		_Static_assert(sizeof(struct Tagged) == 16);
		_Static_assert(sizeof(((struct Tagged *)0)->discriminant) == 1);
		_Static_assert(sizeof(((struct Single *)0)->Only.__0) == 4);

		_Static_assert(Minus == -5 && Zero == 0 && Plus == 100 && sizeof(enum Signed) == 4);
		_Static_assert(Many == 0xffffffffffff0000ull && One == 1);
		_Static_assert(Least == -0x7fffffffffffffffll - 1);

		_Static_assert(_Generic(node.wide, unsigned __int128: 1));
		_Static_assert(_Generic(node.negative, __int128: 1));
		_Static_assert(sizeof(node.nested) == 12 && sizeof(node.nested[0]) == 6);
		_Static_assert(sizeof(node.nothing) == 0 && sizeof(node.unit) == 0);
		_Static_assert(sizeof(node.flag) == 1 && sizeof(node.letter) == 4);
		_Static_assert(_Generic(node.next.Some.__0, struct Node *: 1));
		_Static_assert(_Generic(reference.Some.__0, unsigned int *: 1));

		_Static_assert(sizeof(uninitialized) == 8 && sizeof(uninitialized.uninit) == 0);
		_Static_assert(sizeof(pair.second.second) == 16);
		_Static_assert(sizeof(union Bits) == 4);
		_Static_assert(sizeof(tuple.__1) == 4 && sizeof(tuple.__4) == 1);
		_Static_assert(sizeof(struct _26_str) == 16);
		_Static_assert(sizeof(((struct _26_str *)0)->data_ptr) == 8);
		_Static_assert(_Generic(((struct _26__5B_u8_5D_ *)0)->data_ptr, unsigned char *: 1));
	END
	# names that the kernel has room for, each of which is one function's
	grep -oE "FUNC '[^']*'" types.raw | sort >functions
	absent -E "'[^']{128}" types.raw
	uniq -d functions | absent -v "apply\|generic"
	[[ $(grep -c "FUNC 'a_name_that_goes_on_and_on" functions) == 2 ]]
	grep "FUNC 'types' .*linkage=global" types.raw
	grep 'FUNC ' types.raw | grep -v "'types'" | absent linkage=global
}

@test "Rust's types, in the release profile" {
	need_rust
	rust release types
	rust_types_are_kept
	need_kernel
	load_with_btf types.o
	prototypes_of types | grep -F 'u32 area(struct Shape * shape)'
	prototypes_of types | grep -F 'apply_3C_types_3A__3A_types_3A__3A__7B_closure_env_23_0_7D__3E_('
	[[ $(prototypes_of types | wc -l) == $("$OBJDUMP" -t types.o | grep -c ' F ') ]]
	bpftool -j map show pinned "$PINS/maps/SHAPES" | jq -e .btf_id
	bpftool map dump pinned "$PINS/maps/SHAPES" | grep -F '"Rectangle"'
}

@test "Rust's types, in the dev profile" {
	need_rust
	rust dev types
	rust_types_are_kept
	need_kernel
	load_with_btf types.o
	prototypes_of types | grep -F 'u32 area(struct Shape * shape)'
}

@test "Rust's types, at other levels" {
	need_rust
	need_kernel
	for options in '-O1' '-Os' '--debug-info=full' '--debug-info=none'; do
		rust release types "$options"
		load_with_btf types.o
	done
}

@test "names are the same on every run" {
	need_rust
	rust release types
	cp types.o first.o
	touch "$BATS_FILE_TMPDIR/rust-btf/src/bin/types.rs"
	rust release types
	cmp first.o types.o
}

@test "maps that aya declares by a type load" {
	need_rust
	rust release maps
	c_says maps.o <<-'END'
		struct Counters_3C_u64_3E_ counters;
		_Static_assert(sizeof(counters) == 24 && sizeof(counters.packets) == 8);
	END
	grep "DATASEC '.maps' .*vlen=2" types.raw

	need_kernel
	load_with_btf maps.o
	bpftool -j map show pinned "$PINS/maps/COUNTERS" | jq -e \
		'.type == "hash" and .bytes_key == 6 and .bytes_value == 24 and .max_entries == 16 and .btf_id'
	bpftool -j map show pinned "$PINS/maps/OUTER" | jq -e \
		'.type == "array_of_maps" and .bytes_value == 4 and .max_entries == 3'
	head -c 60 /dev/zero >packet
	[[ $(run_program use_maps packet) == 2 ]]
}

@test "maps that aya declares by a structure are in the object, and in its BTF" {
	need_rust
	rust release legacy
	"$OBJDUMP" -t legacy.o | grep -E 'g +O maps\s+0*1c LEGACY$'
	"$READELF" -r legacy.o | grep LEGACY
	# type, sizes of keys and values, number, flags: as declared
	[[ $(section legacy.o maps | od -An -v -tu4 | tr -s ' \n' ' ') == " 1 4 16 8 0 0 0 " ]]
	dump_btf legacy.o
	grep -A 1 "DATASEC 'maps'" types.raw | grep "VAR 'LEGACY'"
	grep "STRUCT 'HashMap_3C_u32_2C__20_core_3A__3A_option_3A__3A_Option_3C_u64_3E__3E_' size=28" types.raw
	grep "STRUCT 'Definition' size=28 vlen=7" types.raw
}

@test "functions and addresses of the kernel's, from Rust" {
	need_rust
	rust release kernel
	dump_btf kernel.o
	for name in bpf_cast_to_kern_ctx bpf_rcu_read_lock bpf_rcu_read_unlock; do
		grep "FUNC '$name' .*linkage=extern" types.raw
	done
	grep "DATASEC '.ksyms' .*vlen=4" types.raw

	need_kernel
	grep -qw bpf_cast_to_kern_ctx /proc/kallsyms || skip "this kernel has no bpf_cast_to_kern_ctx"
	load_with_btf kernel.o
	head -c 60 /dev/zero >packet
	[[ $(run_program kernel packet) == 2 ]]
	[[ $(global_value ADDRESS) != 0 ]]
}

@test "the verifier's log has Rust's source lines" {
	need_rust
	need_kernel
	rust release rejected
	run load_with_btf rejected.o
	[[ $status == 1 ]]
	[[ $output == *"; unsafe { *((address ^ 0x5a5a) as *const u32) } // no pointer @ rejected.rs:11"*"invalid mem access"* ]]
	[[ $output == *"; read(*packet as u64) @ rejected.rs:17"* ]]
}

@test "the example, whose core has no debug info" {
	need_rust
	cp -r "$TESTS/examples/rust" "$BATS_FILE_TMPDIR"
	(
		cd "$BATS_FILE_TMPDIR/rust"
		"$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
			-C debuginfo=2 -C link-arg=--btf
	)
	need_kernel
	load_with_btf "$CARGO_TARGET_DIR/bpfel-unknown-none/release/keep-ipv4"
}

# --- Kernel ---

@test "functions and variables of the kernel's, from C" {
	need_kernel
	grep -qw bpf_cast_to_kern_ctx /proc/kallsyms || skip "this kernel has no bpf_cast_to_kern_ctx"
	compile kfunc.c
	bpf-linker --btf --export kfunc -o out.o kfunc.bc
	load_with_btf out.o
	for file in shared-a shared-b shared-lib; do
		compile $file.c
	done
	bpf-linker --btf -o out.o shared-a.bc shared-b.bc shared-lib.bc
	load_with_btf out.o
	dump_btf out.o
	grep "DATASEC '.ksyms'" types.raw
	grep "DATASEC '.kconfig'" types.raw
}

# --- All programs of the suite ---

# every_program: links every C program of the suite with the options; NAME.o
every_program() {
	local file

	for file in "$FIXTURES"/*.c "$TESTS"/examples/c/*.c; do
		[[ $file != *-host.c ]] || continue
		compile "$file"
		file=${file##*/}
		bpf-linker "$@" --unresolved-symbols=ignore --save-temps=stages -o "${file%.c}.o" "${file%.c}.bc"
	done
}

@test "LLVM's verifier passes after the stage" {
	need_rust
	for kind in lines full none; do
		every_program --btf --debug-info=$kind
		rust release types --debug-info=$kind --save-temps="$PWD/stages"
		rust dev types --debug-info=$kind --save-temps="$PWD/stages"
		for module in stages/*-debuginfo.bc; do
			"$OPT" -passes=verify -disable-output "$module"
		done
		rm -r stages
	done
}

@test "the same bytes as one process for each stage: Rust" {
	local profile

	need_rust
	for profile in release dev; do
		rust $profile types
		mv types.o shared.o
		rust $profile types --save-temps="$PWD/stages"
		cmp shared.o types.o
	done
}

@test "the same bytes, whatever memory was allocated before" {
	local module tunables

	need_rust
	every_program --btf
	rust release types --save-temps="$PWD/stages"
	if [[ -e /sys/kernel/btf/vmlinux ]]; then
		compile_core_program
		bpf-linker --btf --save-temps=stages -o core.o core.bc
	fi
	for module in stages/*-opt.bc; do
		bpf-codegen -o expected.o "$module"
		for tunables in tcache_count=0 mmap_threshold=4096 mmap_threshold=256; do
			GLIBC_TUNABLES=glibc.malloc.$tunables bpf-codegen -o out.o "$module"
			cmp expected.o out.o || { echo "$module with $tunables" && return 1; }
		done
	done
}

@test "code and BTF are the same with and without DWARF" {
	local kind program section

	need_rust
	for kind in lines full none; do
		mkdir $kind
		(
			cd $kind
			every_program --btf --debug-info=$kind
			for program in types maps kernel; do
				rust release $program --debug-info=$kind
			done
		)
	done
	for program in lines/*.o; do
		program=${program#*/}
		"$READELF" -SW lines/"$program" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\) *PROGBITS .*/\1/p' |
			grep -v debug >sections
		grep -x '\.BTF' sections
		for kind in full none; do
			# functions that lost parameters, of which DWARF has the old ones
			[[ $kind$program != full@(types|wide).o ]] || continue
			while read -r section; do
				[[ $section != .BTF ]] || continue
				# it has numbers of types, which LLVM gives in another order
				if [[ $section$kind == .BTF.extfull ]]; then
					[[ $(section lines/"$program" .BTF.ext | wc -c) == $(section full/"$program" .BTF.ext | wc -c) ]]
					continue
				fi
				cmp <(section lines/"$program" "$section") <(section $kind/"$program" "$section") ||
					{ echo "$section of $program, $kind" && return 1; }
			done <sections
			if [[ $kind == full ]]; then
				diff <(types_of lines/"$program" | without_numbers) <(types_of full/"$program" | without_numbers)
			else
				diff <(types_of lines/"$program") <(types_of $kind/"$program")
			fi
		done
	done
}

@test "a variable without a size costs no BTF" {
	cat >empty.c <<-'END'
		struct {} nothing;
		int none[0];
		int some = 3;
		__attribute__((section("license"))) char LICENSE[] = "GPL";
		__attribute__((section("socket"))) int program(void *c) { return some; }
	END
	compile empty.c
	bpf-linker --btf -o out.o empty.bc
	bpftool -j btf dump file out.o | jq -e '[.types[] | select(.kind == "DATASEC") | .vars[] | select(.size == 0)] == []'
	need_kernel
	load_with_btf out.o
}

@test "a list of functions that take and return nothing, beside functions whose types BTF does not have" {
	cat >a.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		char LICENSE[] SEC("license") = "GPL";
		struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __uint(key_size, 4);
			__array(values, void (void)); } jumps SEC(".maps");
		static __always_inline void jump(void *c, int i) { bpf_tail_call(c, &jumps, i); }
		SEC("tc") int program(struct __sk_buff *s) { jump(s, 0); return 1; }
	END
	cat >b.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		static __always_inline void add(int *x, int y) { *x += y; }
		SEC("tc") int other(struct __sk_buff *s) { int x = s->len; add(&x, s->mark); return x; }
	END
	compile a.c
	compile b.c
	bpf-linker --btf -o out.o a.bc b.bc
	bpftool btf dump file out.o | grep "FUNC_PROTO '(anon)' ret_type_id=0 vlen=0"
	need_kernel
	load_object out.o
	[[ $(bpftool -j prog show pinned "$PINS/program" | jq .btf_id) != null ]]
}
