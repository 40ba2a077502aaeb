#!/usr/bin/env bats
# C programs: what clang's own object does, the linked one does too.

load helper
load module

# direct FILE.c [FLAG...]: clang's own object, FILE.direct.o, beside FILE.bc
direct() {
	local source=$1 name=${1##*/}
	compile "$@"
	shift
	[[ -e $source ]] || source=$FIXTURES/$source
	"$CLANG" "${BPF_CFLAGS[@]}" "$@" -c -o "${name%.c}.direct.o" "$source"
}

# code_of OBJECT: without addresses
code_of() {
	"$OBJDUMP" -dr --no-show-raw-insn "$1" | sed -E '/file format/d; s/^\s*[0-9a-f]+:?\s//'
}

# same_code A B
same_code() {
	diff <(code_of "$1") <(code_of "$2")
}

# relocations_of OBJECT: its CO-RE relocations, as the loader sees them
relocations_of() {
	bpftool -d prog loadall "$1" "$PINS" 2>&1 |
		sed -n "s/.*prog '\(.*\)': relo #[0-9]*: \(<[^>]*>\) \[[0-9]*\] \(.*\)/\1 \2 \3/p" | sed 's/___[0-9]*//'
	unload
}

# --- What clang has optimized ---

@test "a program alone has clang's code, at any level" {
	for file in bounds ctxload calls loop globals kfunc; do
		direct $file.c
		# without BTF there are no relocations of kfunc
		for options in --btf '--btf -O0' '--btf -O3' '--btf -Oz' '--btf --debug-info=full'; do
			# shellcheck disable=SC2086 # several words, or none
			bpf-linker $options --unresolved-symbols=ignore -o $file.o $file.bc
			same_code $file.direct.o $file.o
		done
	done
}

# Kernels take no call of a pointer, which clang leaves at -O0 where a helper is no constant.
@test "helpers in variables that nothing writes, at -O0" {
	need_kernel
	cat >helpers.c <<-'END'
		static long (*get_random)(void) = (void *)7;
		static long (*const get_time)(void) = (void *)5;
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";
		__attribute__((section("xdp"), used)) int prog(void *c)
		{
			return get_random() && get_time() ? 2 : 1;
		}
	END
	head -c 60 /dev/zero >packet
	compile helpers.c -O0
	bpf-linker --btf -o helpers.o helpers.bc
	"$OBJDUMP" -d helpers.o >code
	absent callx code
	load_with_btf helpers.o
	[[ $(run_program prog packet) == 2 ]]
}

@test "a check that is there for the verifier stays" {
	need_kernel
	head -c 60 /dev/zero >packet
	for file in bounds ctxload; do
		compile $file.c
		bpf-linker --btf -o $file.o $file.bc
		load_with_btf $file.o
	done
	[[ $(run_program filter packet) == 2 ]]
}

@test "--passes runs others, and none" {
	direct bounds.c
	bpf-linker --passes=none -o out.o bounds.bc
	same_code bounds.direct.o out.o
	compile bounds.c -Xclang -disable-llvm-passes
	bpf-linker --passes=none -o none.o bounds.bc
	bpf-linker --passes='default<O2>' -o out.o bounds.bc
	run ! same_code none.o out.o
	run -2 bpf-opt --passes=no-such-pass -o out.bc bounds.bc
	[[ $output == "bpf-opt: error: --passes: unknown pass name 'no-such-pass'; see 'bpf-opt --help'" ]]
	run -2 bpf-linker --passes='instcombine,simplifycfg' --passes=nothing -o out.o bounds.bc
	[[ $output == "bpf-linker: error: --passes: "*nothing*"; see 'bpf-linker --help'" ]]
}

@test "--unroll-loops and --ignore-inline-never optimize it again" {
	direct calls.c
	direct loop.c
	compile calls-lib.c
	bpf-linker --unroll-loops -o out.o loop.bc
	run ! same_code loop.direct.o out.o
	bpf-linker --ignore-inline-never --export calls -o out.o calls.bc calls-lib.bc
	absent -w call <(code_of out.o)
}

@test "a function of another input is inlined, and those that have none keep their code" {
	cat >lib.c <<-'END'
		int scale(int x) { return x * 12 + 7; }
	END
	cat >user.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		extern int scale(int);
		static __noinline int weight(unsigned n) { return n < 40 ? n * 3 : 0; }
		SEC("xdp") int uses(struct xdp_md *ctx) { return scale(ctx->data_end - ctx->data); }
		SEC("tc") int other(struct __sk_buff *ctx) { return weight(ctx->len & 7) + weight(3); }
		char LICENSE[] SEC("license") = "GPL";
	END
	direct user.c
	compile lib.c
	"$LLVM_AR" rcs liblib.a lib.bc
	for options in 'user.bc liblib.a' '--export uses,other user.bc lib.bc'; do
		# shellcheck disable=SC2086 # several words
		bpf-linker --btf -o out.o $options
		# the call is gone
		absent scale <("$READELF" -s out.o)
		diff <("$OBJDUMP" -d --no-show-raw-insn --section=tc --section=.text user.direct.o | sed '1,/Disassembly/d') \
			<("$OBJDUMP" -d --no-show-raw-insn --section=tc --section=.text out.o | sed '1,/Disassembly/d')
	done
	# a C developer makes a function visible so that it is verified on its own
	bpf-linker --btf -o out.o user.bc lib.bc
	"$READELF" -s out.o | grep -w scale
	need_kernel
	head -c 60 /dev/zero >packet
	load_with_btf out.o
	[[ $(run_program uses packet) == $((60 * 12 + 7)) ]]
	bpf-linker --btf -o out.o user.bc liblib.a
	load_with_btf out.o
	[[ $(run_program uses packet) == $((60 * 12 + 7)) && $(run_program other packet) == 21 ]]
}

@test "what is always inlined, from another input, and what has more parameters than a call" {
	need_kernel
	cat >lib.c <<-'END'
		__attribute__((always_inline)) int all(int a, int b, int c, int d, int e, int f) { return a + b * c - d * e + f; }
	END
	cat >user.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		extern int all(int, int, int, int, int, int);
		SEC("xdp") int uses(struct xdp_md *ctx) { int n = ctx->data_end - ctx->data; return all(n, n, 2, n, 1, 5); }
		char LICENSE[] SEC("license") = "GPL";
	END
	compile user.c
	compile lib.c
	"$LLVM_AR" rcs liblib.a lib.bc
	head -c 60 /dev/zero >packet
	for options in 'user.bc liblib.a' '--export uses user.bc lib.bc'; do
		# shellcheck disable=SC2086 # several words
		bpf-linker --btf -o out.o $options
		load_with_btf out.o
		[[ $(run_program uses packet) == 125 ]]
	done
}

@test "what no pass has seen is optimized" {
	direct bounds.c
	compile bounds.c -Xclang -disable-llvm-passes
	bpf-linker --btf -o out.o bounds.bc
	(($(code_of out.o | wc -l) < 2 * $(code_of bounds.direct.o | wc -l)))
	need_kernel
	load_with_btf out.o
}

@test "optimized and unoptimized in one link" {
	need_kernel
	compile shared-a.c
	compile shared-b.c -Xclang -disable-llvm-passes
	compile shared-lib.c -O1
	bpf-linker --btf -o out.o shared-a.bc shared-b.bc shared-lib.bc
	load_with_btf out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program record packet 2) == 2 ]]
}

# --- The CPU ---

@test "the CPU is what the input was compiled for" {
	for cpu in v1 v2 v3 v4; do
		direct cpu.c -mcpu=$cpu
		bpf-linker -o out.o cpu.bc
		same_code cpu.direct.o out.o
		# and by hand, with the flag given to none, or to one
		bpf-merge cpu.bc | bpf-opt | bpf-codegen -o out.o
		same_code cpu.direct.o out.o
		bpf-codegen -o out.o cpu.bc
		same_code cpu.direct.o out.o
	done
	direct cpu.c
	bpf-linker -o out.o cpu.bc
	same_code cpu.direct.o out.o
	direct cpu.c -mcpu=v2
	bpf-linker --cpu v2 -o out.o cpu.bc
	same_code cpu.direct.o out.o
}

@test "features, as the input was compiled" {
	direct cpu.c -mcpu=v3 -Xclang -target-feature -Xclang -alu32
	bpf-linker -o out.o cpu.bc
	same_code cpu.direct.o out.o
}

@test "of several CPUs, the oldest" {
	cat >a.c <<<'__attribute__((section("socket"))) int a(int *x) { return x[0] < x[1] ? x[0] + x[2] : x[1]; }'
	sed 's/int a/int b/' a.c >b.c
	direct a.c -mcpu=v2
	compile b.c -mcpu=v3
	bpf-linker --log-level=info --log-file=log -o out.o a.bc b.bc
	[[ $(grep -c 'CPU' log) == 1 ]]
	grep "info: .*a.bc: function 'a' was compiled for CPU v2, b.bc: function 'b' for v3; .*--cpu" log
	diff <(code_of a.direct.o | grep -A99 '<a>:') <(code_of out.o | sed '/<b>:/,$d' | grep -A99 '<a>:' | sed '$d')
}

@test "what the CPU cannot do: the input, the function, and the option" {
	compile atomic.c -mcpu=v3
	compile cpu.c -mcpu=v1
	one_error "*error: atomic.bc: *'add'*CPU v1 does not support*compiled for v3*--cpu=v3*" bpf-linker -o out.o atomic.bc cpu.bc
	one_error "*error: atomic.bc: *'add'*CPU v1 does not support*compiled for v3*--cpu=v3*" bpf-linker --cpu v1 -o out.o atomic.bc
	bpf-linker --cpu v3 -o out.o atomic.bc cpu.bc
	# where LLVM dies of it
	echo 'long n; __attribute__((section("socket"))) long acquires(void) { return __atomic_load_n(&n, __ATOMIC_ACQUIRE); }' >acquire.c
	compile acquire.c -mcpu=v4
	bpf-linker -o out.o acquire.bc
	one_error "*error: acquire.bc: *'acquires'*CPU v3 does not support*compiled for v4*--cpu=v4*" bpf-linker --cpu v3 -o out.o acquire.bc
	need_kernel
	compile atomic.c
	bpf-linker --btf -o out.o atomic.bc
	load_with_btf out.o
	head -c 60 /dev/zero >packet
	run_program add packet 3
	[[ $(run_program add packet) == 3 ]]
}

# --- CO-RE ---

@test "two structs of one name keep their own relocations, at any level" {
	need_kernel
	direct core-a.c
	direct core-b.c
	bpftool gen object wanted.o core-a.direct.o core-b.direct.o
	[[ $(relocations_of wanted.o) == $'a <byte_off> struct task_struct.pid (0:0 @ offset 0)\nb <byte_off> struct task_struct.tgid (0:0 @ offset 0)' ]]
	for a in -O2 -O0 -Xclang=-disable-llvm-passes; do
		compile core-a.c "${a%%=*}" ${a#*=}
		for b in -O2 -O0 -Xclang=-disable-llvm-passes; do
			compile core-b.c "${b%%=*}" ${b#*=}
			bpf-linker --btf -o out.o core-a.bc core-b.bc
			diff <(relocations_of wanted.o) <(relocations_of out.o)
		done
	done
}

@test "relocations of a struct that several files have" {
	need_kernel
	cat >header.h <<-'END'
		#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
		struct task_struct___mine { int tgid; int pid; struct task_struct___mine *real_parent; union { int flags; int exit_code; }; };
		enum pid_type { PIDTYPE_TGID = 9 };
		#pragma clang attribute pop
	END
	for file in a b c; do
		cat >$file.c <<-END
			#include "header.h"
			__attribute__((section("license"), used)) char license_${file}[] = "GPL";
			struct task_struct___mine *global_$file;
			__attribute__((section("tp_btf/sched_switch"))) int $file(unsigned long long *c)
			{
				struct task_struct___mine *task = (void *)c[1];
				return task->pid + task->real_parent->tgid + task->exit_code +
				       __builtin_preserve_type_info(*task, 1) + __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_TGID, 1) +
				       __builtin_preserve_field_info(task->flags, 0);
			}
		END
		direct $file.c
	done
	bpftool gen object wanted.o {a,b,c}.direct.o
	[[ $(relocations_of wanted.o | wc -l) == 21 ]]
	for kind in lines full; do
		bpf-linker --btf --debug-info=$kind -o out.o {a,b,c}.bc
		diff <(relocations_of wanted.o) <(relocations_of out.o)
		[[ $(bpftool btf dump file out.o | grep -c "STRUCT 'task_struct___mine'") == 1 ]]
		load_object out.o
	done
}

@test "a flavor stays one of the same type where it is told apart from another" {
	need_kernel
	for member in pid tgid; do
		cat >$member.c <<-END
			struct task_struct___old { int $member; };
			__attribute__((section("socket"))) int read_$member(void *c)
			{
				return __builtin_preserve_field_info(((struct task_struct___old *)0)->$member, 2);
			}
		END
		compile $member.c -Xclang -disable-llvm-passes
	done
	bpf-linker --btf -o out.o pid.bc tgid.bc
	[[ $(bpftool btf dump file out.o | grep -c "STRUCT 'task_struct___old") == 2 ]]
	load_object out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program read_pid packet) == 1 ]]
	[[ $(run_program read_tgid packet) == 1 ]]
}

@test "types, their ids, and values of enums keep their own relocations" {
	need_kernel
	for file in a b; do
		cat >$file.c <<-END
			struct both { int x_$file; };
			struct only_$file { int y; };
			enum values { LEAST_$file = 3 };
			__attribute__((section("raw_tp/$file"))) int $file(void *c)
			{
				return __builtin_preserve_type_info(*(struct both *)0, 0) +
				       __builtin_btf_type_id(*(struct only_$file *)0, 0) +
				       __builtin_preserve_enum_value(*(enum values *)LEAST_$file, 1);
			}
		END
		direct $file.c
	done
	bpftool gen object wanted.o a.direct.o b.direct.o
	[[ $(relocations_of wanted.o | wc -l) == 6 ]]
	for a in -O2 -Xclang=-disable-llvm-passes; do
		compile a.c "${a%%=*}" ${a#*=}
		for b in -O2 -Xclang=-disable-llvm-passes; do
			compile b.c "${b%%=*}" ${b#*=}
			bpf-linker --btf -o out.o a.bc b.bc
			diff <(relocations_of wanted.o) <(relocations_of out.o)
		done
	done
}

# --- Symbols ---

@test "hidden variables stay in the skeleton" {
	direct hidden.c
	bpf-linker --btf -o out.o hidden.bc
	for object in hidden.direct.o out.o; do
		bpftool gen skeleton $object name skeleton | sed -n '/^struct skeleton {/,/^#ifdef/p' >$object.h
		"$READELF" -s $object | grep 'GLOBAL HIDDEN .* shared'
	done
	# newer bpftools leave it out, of clang's object as well
	diff hidden.direct.o.h out.o.h
	bpftool btf dump file out.o | grep "VAR 'shared' .*linkage=global"
}

@test "a callback of exceptions, which a declaration tag names, is reachable" {
	compile exception-callback.c
	for options in '' --export=thrower; do
		# shellcheck disable=SC2086 # one word, or none
		bpf-linker --btf $options -o out.o exception-callback.bc
		"$READELF" -s out.o | grep 'FUNC *GLOBAL DEFAULT .* handler'
		bpftool btf dump file out.o | grep "FUNC 'handler' .*linkage=global"
		bpftool btf dump file out.o | grep "DECL_TAG 'exception_callback:handler'"
	done
}

@test "a callback of exceptions in another file, or in an archive" {
	cat >thrower.c <<-'END'
		extern void bpf_throw(unsigned long long cookie) __attribute__((section(".ksyms")));
		static __attribute__((noinline)) int check(int a) { if (a > 10) bpf_throw(a); return a; }
		__attribute__((section("tc"), btf_decl_tag("exception_callback:handler"), btf_decl_tag("see:unrelated")))
		int thrower(int *context) { return check(*context); }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";
	END
	cat >handler.c <<-'END'
		__attribute__((noinline)) int handler(unsigned long long cookie) { return cookie + 1; }
	END
	echo 'int unrelated(void) { return 1; }' >unrelated.c
	for name in thrower handler unrelated; do
		compile $name.c
	done
	"$LLVM_AR" rcs libhandler.a unrelated.bc handler.bc
	for inputs in '--export=thrower thrower.bc handler.bc' '--export=thrower handler.bc thrower.bc' \
		'--export=thrower thrower.bc libhandler.a' 'thrower.bc libhandler.a' 'libhandler.a thrower.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		"$READELF" -s out.o | grep 'FUNC *GLOBAL DEFAULT .* handler'
		absent unrelated <("$READELF" -s out.o)
		bpftool btf dump file out.o | grep "FUNC 'handler' .*linkage=global"
		bpf-linker --btf --why handler -o out.o $inputs 2>why
		absent dead why
	done
	[[ $(<why) == "live symbol: libhandler.a(handler.bc):(handler) (named by a declaration tag)" ]]
}

@test "an alias of a program in a section becomes the program, as Zig has it" {
	ir zig <<-'END'
		@prog = alias i32 (ptr), ptr @a.prog
		@also = alias i32 (ptr), ptr @a.prog
		define internal i32 @a.prog(ptr %c) section "xdp" { ret i32 2 }
	END
	for options in '' --export=prog; do
		# shellcheck disable=SC2086 # one word, or none
		bpf-linker $options -o out.o zig.ll
		"$READELF" -s out.o | grep 'FUNC *GLOBAL DEFAULT .* prog$'
		absent -E 'a\.prog|LOCAL.* also|unnamed' <("$READELF" -s out.o)
	done
	bpf-linker --export=prog -o out.o zig.ll
	need_kernel
	load_object out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program prog packet) == 2 ]]
}

# --- BTF ---

# prototype_in_btf OBJECT FUNCTION: the names of its parameters, in BTF
prototype_in_btf() {
	bpftool -j btf dump file "$1" |
		jq -r --arg name "$2" '.types as $types | $types[] | select(.kind == "FUNC" and .name == $name) |
			.type_id as $id | $types[] | select(.id == $id) | [.params[].name] | join(" ")'
}

@test "a function that lost parameters has the prototype that is left" {
	compile six-parameters.c
	cat >lost.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		struct s { int a, b; };
		static __noinline int few(int unused, int a, struct s *s, int also, long c, int e) { asm volatile("" : "+r"(a)); return a + s->b + c + e; }
		static __noinline int none(int unused) { asm volatile(""); return 3; }
		SEC("xdp") int prog(struct xdp_md *ctx)
		{
			int n = ctx->data_end - ctx->data;
			struct s s = {n, 2 * n};
			asm volatile("" : : "r"(&s) : "memory");
			return few(n, n + 1, &s, n + 3, n + 4, n + 5) + none(n);
		}
		char LICENSE[] SEC("license") = "GPL";
	END
	compile lost.c
	for options in '' --debug-info=full; do
		bpf-linker --btf $options -o six.o six-parameters.bc
		bpf-linker --btf $options -o lost.o lost.bc
		# LLVM 21 does not show debug records
		if ((LLVM_MAJOR > 21)) && [[ ! $options ]]; then
			[[ $(prototype_in_btf six.o f) == 'a b c d e' ]]
			[[ $(prototype_in_btf lost.o few) == 'a s c e' ]]
		fi
		[[ $(prototype_in_btf six.o f | wc -w) == 5 && $(prototype_in_btf lost.o few | wc -w) == 4 ]]
		((LLVM_MAJOR == 21)) || [[ ! $(prototype_in_btf lost.o none) ]]
	done
	absent bpf-linker-parameter <(bpf-linker --btf --emit=llvm-ir -o - lost.bc)
	need_kernel
	load_with_btf six.o
	load_with_btf lost.o
	head -c 60 /dev/zero >packet
	[[ $(run_program prog packet) == $((61 + 120 + 64 + 65 + 3)) ]]
}

@test "a function that loses a parameter in the link, too" {
	# what clang has not optimized
	cat >lose.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		static __attribute__((noinline)) int six(int unused, int a, int b, int c, int d, int e) { asm volatile("" : "+r"(a)); return a + b + c + d + e; }
		SEC("xdp") int prog(struct xdp_md *ctx) { int n = ctx->data_end - ctx->data; return six(n, n, n, n, n, n + 1); }
		char LICENSE[] SEC("license") = "GPL";
	END
	compile lose.c -Xclang -disable-llvm-passes
	bpf-linker --btf -o lose.o lose.bc
	[[ $(prototype_in_btf lose.o six | wc -w) == 5 ]]
	if ((LLVM_MAJOR > 21)); then
		[[ $(prototype_in_btf lose.o six) == 'a b c d e' ]]
	fi
	need_kernel
	load_with_btf lose.o
	head -c 60 /dev/zero >packet
	[[ $(run_program prog packet) == 301 ]]
}

@test "variables that became smaller in the link have types of their size" {
	need_kernel
	cat >lib.c <<-'END'
		struct state { unsigned hits, misses; unsigned long pad[4]; } state;
		unsigned flag;
		int lib(int x) { if (x > 3) flag = 9; state.hits += x; return ++state.misses + flag; }
	END
	cat >prog.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		extern int lib(int);
		static long callback(unsigned i, void *p) { return 0; }
		SEC("tc") int prog(struct __sk_buff *ctx) { bpf_loop(3, callback, 0, 0); return lib(ctx->len); }
		char LICENSE[] SEC("license") = "GPL";
	END
	compile lib.c
	compile prog.c
	head -c 60 /dev/zero >packet
	for options in --btf '--btf --debug-info=full' '--btf --passes=default<O2>'; do
		# shellcheck disable=SC2086 # several words
		bpf-linker $options --export prog -o out.o prog.bc lib.bc
		load_with_btf out.o
		[[ $(run_program prog packet) == 10 ]]
	done
}

# --- Optimized functions, away while others are optimized ---

@test "aliases of optimized functions, and of aliases" {
	need_kernel
	cat >a.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		int real(int x) { return x * 3 + 1; }
		extern int other(int x) __attribute__((alias("real")));
		extern int third(int x) __attribute__((alias("other")));
		static int hidden(int x) __attribute__((alias("real")));
		SEC("tc") int f(struct __sk_buff *ctx) { return hidden(ctx->len) + third(1); }
		char LICENSE[] SEC("license") = "GPL";
	END
	cat >b.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		int other(int);
		int third(int);
		int lib(int);
		SEC("tc") int g(struct __sk_buff *ctx) { return other(lib(ctx->len)) + third(2); }
	END
	echo 'int lib(int x) { return x + 2; }' >lib.c
	compile a.c
	compile lib.c
	"$LLVM_AR" rcs liblib.a lib.bc
	head -c 60 /dev/zero >packet
	for flags in '' '-Xclang -disable-llvm-passes'; do
		# shellcheck disable=SC2086 # several words, or none
		compile b.c $flags
		for options in 'a.bc b.bc liblib.a' '--export f,g a.bc b.bc lib.bc' 'b.bc lib.bc a.bc'; do
			# shellcheck disable=SC2086 # several words
			bpf-linker --btf -o out.o $options
			load_object out.o
			[[ $(run_program f packet) == $((181 + 4)) && $(run_program g packet) == $((187 + 7)) ]]
		done
	done
}

@test "a symbol that its compiler did not know is tested for its address" {
	need_kernel
	cat >a.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		extern int perhaps(int) __attribute__((weak));
		SEC("tc") int prog(struct __sk_buff *ctx) { return perhaps ? perhaps(ctx->len) : 7; }
		char LICENSE[] SEC("license") = "GPL";
	END
	echo 'int perhaps(int x) { return x + 1; }' >b.c
	compile a.c
	compile b.c
	head -c 60 /dev/zero >packet
	for options in '' '--export prog'; do
		# shellcheck disable=SC2086 # several words, or none
		bpf-linker --btf $options -o out.o a.bc b.bc
		load_with_btf out.o
		[[ $(run_program prog packet) == 61 ]]
	done
}

@test "a noinline function that nothing calls in the end is dropped" {
	cat >a.c <<-'END'
		extern int undefined(int);
		static int off;
		static __attribute__((noinline)) int dead(int x) { return undefined(x) + 1; }
		__attribute__((section("socket"))) int f(int *c) { return *c + (off ? dead(*c) : 0); }
	END
	compile a.c -Xclang -disable-llvm-passes
	bpf-linker --btf --unresolved-symbols=ignore -o out.o a.bc
	absent -E 'dead|undefined' <("$READELF" -s out.o)
}

@test "CO-RE relocations of modules that were linked before" {
	need_kernel
	for name in a b c d; do
		sed "s/raw_tp.b/raw_tp\/$name/; s/int b(/int $name(/" "$FIXTURES/core-b.c" >$name.c
		compile $name.c
	done
	bpf-linker --btf --emit=llvm-bc -o ab.bc a.bc b.bc
	bpf-linker --btf --emit=llvm-bc -o cab.bc c.bc ab.bc
	bpf-linker --btf -o out.o d.bc cab.bc
	[[ $(relocations_of out.o | grep -c 'task_struct.tgid (0:0') == 4 ]]
}

@test "a function of another file that makes a tail call stays a function" {
	cat >a.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		char LICENSE[] SEC("license") = "GPL";
		struct programs { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, int);
			__array(values, int (struct __sk_buff *)); };
		#ifdef SUB
		extern struct programs jumps SEC(".maps");
		__hidden int sub(struct __sk_buff *s) { volatile int r = 1; bpf_tail_call(s, &jumps, 0); return r; }
		#else
		struct programs jumps SEC(".maps");
		__hidden int sub(struct __sk_buff *s);
		SEC("tc") int target(struct __sk_buff *s) { return 7; }
		SEC("tc") int entry(struct __sk_buff *s) { return sub(s) + 1000; }
		#endif
	END
	sed 1i'#define SUB' a.c >b.c
	compile a.c
	compile b.c
	bpf-linker --btf -o out.o a.bc b.bc
	need_kernel
	load_object out.o
	[[ $(bpftool -j prog show pinned "$PINS/entry" | jq .btf_id) != null ]]
	packet 6 >packet
	bpftool map update pinned "$PINS/maps/jumps" key 0 0 0 0 value pinned "$PINS/target"
	[[ $(run_program entry packet) == 1007 ]]
}

@test "a function of another file with a label in its assembly stays a function" {
	echo '__attribute__((visibility("hidden"))) int twice(int a);
		__attribute__((section("tc"))) int ta(void *s) { return twice(3); }
		__attribute__((section("tc"))) int tb(void *s) { return twice(4); }' >a.c
	compile a.c
	for code in 'r1 = 3; loop: r1 -= 1; if r1 != 0 goto loop; %0 += %0' 'r1 = 3\n.Lloop:\nr1 -= 1\nif r1 != 0 goto .Lloop\n%0 += %0'; do
		echo "__attribute__((visibility(\"hidden\"))) int twice(int a)
			{ asm volatile(\"$code\" : \"+r\"(a) :: \"r1\"); return a; }" >b.c
		compile b.c
		bpf-linker -o out.o a.bc b.bc
		[[ $("$OBJDUMP" -d out.o | grep -c 'call ') == 2 ]]
	done
	# however it is written, and what is no label, or one that may be there twice
	while read -r calls code; do
		echo "__attribute__((visibility(\"hidden\"))) int twice(int a)
			{ asm volatile(\"$code; %0 += %0\" : \"+r\"(a)); return a; }" >c.c
		compile c.c
		bpf-linker -o out.o a.bc c.bc
		[[ $("$OBJDUMP" -d out.o | grep -c 'call ') == "$calls" ]]
	done <<-'END'
		2 foo : %0 += 1
		2 1: foo: %0 += 1
		2 /* c */ foo: %0 += 1
		2 %0 += 1\n/* c\n */ foo:
		2 %0 += 1 // c\n foo:
		2 \"foo\": %0 += 1
		2 .equiv foo, 1
		2 .macro foo\n %0 += 1\n .endm\n foo
		0 1: %0 += 1
		0 # foo:\n %0 += 1
		0 .set foo, 1
		0 .pushsection .data.x; .asciz \"; foo: \"; .popsection
	END
	# a label of its own in each
	sed 's/\.Lloop/l_%=/g' b.c >c.c
	compile c.c
	bpf-linker -o out.o a.bc c.bc
	[[ $("$OBJDUMP" -d out.o | grep -c 'call ') == 0 ]]
}

@test "functions of other files stay functions where both are too much for the stack" {
	# bytes N: N bytes of stack, in use
	cat >bytes.h <<-'END'
		#define HIDDEN __attribute__((visibility("hidden")))
		#define BYTES(n) char bytes[n]; USE(bytes)
		#define USE(bytes) asm volatile("*(u8 *)(%0 + 0) = %1" ::"r"(bytes), "r"(1) : "memory")
		HIDDEN int in_b(int x);
		HIDDEN int in_c(int x);
	END
	local counts=() in_b code
	echo '#include "bytes.h"
		HIDDEN int in_c(int x) { BYTES(200); return x + 1; }' >c.c
	compile c.c -I .
	while IFS='|' read -r in_b code; do
		echo "#include \"bytes.h\"
			HIDDEN int in_b(int x) { $in_b }" >b.c
		echo "#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			#include \"bytes.h\"
			SEC(\"raw_tp/sys_enter\") int prog(void *ctx)
			{
				int x = bpf_get_prandom_u32() & 1;
				$code
			}
			char LICENSE[] SEC(\"license\") = \"GPL\";" >a.c
		compile b.c -I .
		compile a.c -I .
		bpf-linker --btf -o out.o a.bc b.bc c.bc
		counts+=("$("$OBJDUMP" -d out.o | grep -c 'call -' || :)")
		mv out.o "${#counts[@]}.o"
	done <<-'END'
		BYTES(200); return x;|BYTES(200); x = in_b(x); USE(bytes); return x;
		BYTES(400); return x;|BYTES(400); x = in_b(x); USE(bytes); return x;
		BYTES(400); return x;|{ BYTES(400); } return in_b(x);
		BYTES(400); return x;|for (; x < 3; x++) { { BYTES(400); } in_b(x); } return x;
		BYTES(200); x = in_c(x); USE(bytes); return x;|BYTES(200); x = in_b(x); USE(bytes); return x;
		return in_c(x);|BYTES(400); x = in_b(x); USE(bytes); return x;
		return x;|BYTES(400); x = in_b(x); USE(bytes); return x;
	END
	diff <(printf '%s\n' 0 1 0 0 1 1 0) <(printf '%s\n' "${counts[@]}")
	need_kernel
	# since 6.13 the frames of such a program are in memory of their own
	[[ $(printf '%s\n' 6.13 "$(uname -r)" | sort -V | head -n 1) == 6.13 ]] || skip "needs Linux 6.13"
	for object in ?.o; do
		load_object "$object"
		rm -r "$PINS"
	done
}

@test "files for one kind of LTO and for another" {
	echo 'int g(int); __attribute__((section("socket"), used)) int prog(int *x) { return g(*x); }' >a.c
	echo 'int g(int x) { return x * 3; }' >b.c
	for flags in '-flto|-flto=thin' '-flto=thin|-O2' '-fshort-wchar|-O2' '-flto|-flto=thin -fshort-wchar'; do
		# shellcheck disable=SC2086 # several words
		compile a.c ${flags%|*}
		# shellcheck disable=SC2086
		compile b.c ${flags#*|}
		for order in 'a.bc b.bc' 'b.bc a.bc'; do
			# shellcheck disable=SC2086
			run -0 --separate-stderr bpf-linker --btf -o out.o $order
			# shellcheck disable=SC2154 # bats sets it
			[[ ! $stderr ]]
			"$READELF" -s out.o | grep 'FUNC *GLOBAL.* prog$'
		done
	done
}

@test "names of the stages' own are refused" {
	local name
	for name in llvm.bpf-linker-order llvm.bpf-linker-notes bpf-linker-end; do
		for definition in 'internal global i32 3' 'alias i32, ptr @x' 'ifunc i32 (), ptr @g'; do
			ir a <<-END
				@"$name" = $definition
				@x = global i32 1
				define ptr @g() { ret ptr @f }
				define i32 @f() section "socket" {
				  %v = load i32, ptr @"$name"
				  ret i32 %v
				}
			END
			one_error "bpf-merge: error: a.ll: symbol '$name' is reserved" bpf-merge -o out.bc a.ll
			one_error "bpf-opt: error: a.ll: symbol '$name' is reserved" bpf-opt -o out.bc a.ll
		done
	done
	ir a <<-'END'
		define i32 @"bpf-linker-end"(i32 %x) noinline { ret i32 %x }
		define i32 @f(ptr %p) section "socket" {
		  %v = call i32 @"bpf-linker-end"(i32 3)
		  ret i32 %v
		}
	END
	one_error "bpf-linker: error: a.ll: symbol 'bpf-linker-end' is reserved" bpf-linker -o out.o a.ll
	# what bpf-codegen takes is but what bpf-opt makes
	local code declaration
	while IFS='|' read -r code declaration; do
		ir a <<-END
			$declaration
			define void @f(ptr %p) section "socket" {
			  $code
			  ret void
			}
		END
		one_error "bpf-linker: error: a.ll: symbol 'bpf-linker-end' is reserved" bpf-linker -o out.o a.ll
		one_error "bpf-codegen: error: a.ll: symbol 'bpf-linker-end' is reserved" bpf-codegen -o out.o a.ll
	done <<-'END'
		%v = call i32 @"bpf-linker-end"(i32 1)|declare i32 @"bpf-linker-end"(i32)
		call void (...) @"bpf-linker-end"(ptr %p)|declare void @"bpf-linker-end"(...)
		store ptr @"bpf-linker-end", ptr %p|declare void @"bpf-linker-end"()
		call void @"bpf-linker-end"(ptr @"bpf-linker-end")|declare void @"bpf-linker-end"()
		call void @"bpf-linker-end"() [ "x"(i32 1) ]|declare void @"bpf-linker-end"()
		call void @g()|declare void @"bpf-linker-end"() @g = alias void (), ptr @f @h = global ptr @"bpf-linker-end"
		call void @"bpf-linker-end"()|@"bpf-linker-end" = external global i8
	END
	ir a <<-'END'
		declare void @"bpf-linker-end"()
		define i32 @f(ptr %p) section "socket" {
		  call void @"bpf-linker-end"()
		  unreachable
		}
	END
	bpf-opt a.ll | bpf-codegen -o out.o
	bpf-opt a.ll >a.bc
	bpf-linker -o out.o a.bc 2>said
	absent undefined said
	ir b <<-'END'
		@"llvm.bpf-linker-notes" = external global i8
		define i32 @g(ptr %p) section "socket" {
		  ret i32 0
		}
	END
	one_error "bpf-linker: error: b.ll: symbol 'llvm.bpf-linker-notes' is reserved" bpf-linker -o out.o b.ll
	one_error "bpf-codegen: error: b.ll: symbol 'llvm.bpf-linker-notes' is reserved" bpf-codegen -o out.o b.ll
}

@test "aliases of aliases, and of an address in a function" {
	local order
	ir a <<-'END'
		@z = alias i32 (i32), ptr @y
		@in = alias i8, getelementptr (i8, ptr @z, i64 8)
		@y = alias i32 (i32), ptr @x
		@x = alias i32 (i32), ptr @impl
		define i32 @impl(i32 %x) section "socket" {
		  %y = mul i32 %x, 7
		  ret i32 %y
		}
		define i32 @f(ptr %p) section "socket" {
		  %v = load i32, ptr %p
		  %r = call i32 @z(i32 %v)
		  %s = call i32 @x(i32 %r)
		  %t = call i32 @y(i32 %s)
		  ret i32 %t
		}
		!llvm.ident = !{!0}
		!0 = !{!"clang version 22.0.0"}
	END
	# not optimized by its compiler
	ir b <<-'END'
		define i32 @g(ptr %p) section "socket" {
		  %v = load i32, ptr %p
		  %r = add i32 %v, 1
		  ret i32 %r
		}
	END
	for order in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # words
		bpf-linker -o out.o $order
		[[ $("$OBJDUMP" -dr out.o | grep -o 'R_BPF_64_32.*' | tr -d '\t' | tr '\n' ' ') == *z*x*y* ]]
		[[ $("$OBJDUMP" -t out.o) == *" in"* ]]
	done
}

# --- What BPF has no instruction for ---

@test "what BPF cannot do is one error: the user's function, file and line" {
	cat >half.c <<-'END'
		struct context { int a, b; };
		static inline __attribute__((always_inline)) int half(float x)
		{
			return x * 0.5f;
		}
		__attribute__((section("socket"))) int prog(struct context *c)
		{
			return half(c->a);
		}
	END
	cat >divide.c <<-'END'
		struct context { int a, b; };
		__attribute__((section("socket"))) int prog(struct context *c)
		{
			unsigned __int128 x = (unsigned __int128)c->a * c->b;

			return x / (c->b + 3);
		}
	END
	cat >sign.c <<-'END'
		__attribute__((section("socket"))) int prog(int *c)
		{
			return c[0] / c[1];
		}
	END
	compile half.c
	compile divide.c
	compile sign.c
	for options in --btf ''; do
		# shellcheck disable=SC2086 # one or none
		one_error "bpf-linker: error: half.bc: function 'prog' (half.c:8) uses floating point *; use integers" \
			bpf-linker $options -o out.o half.bc
		# LLVM 23 has code of its own for the others
		# shellcheck disable=SC2086 # one or none
		((LLVM_MAJOR > 22)) ||
			one_error "bpf-linker: error: divide.bc: function 'prog' (divide.c:6) divides 128-bit integers (__*divti3), *; divide 64-bit integers" \
				bpf-linker $options -o out.o divide.bc
		# shellcheck disable=SC2086 # one or none
		one_error "bpf-linker: error: sign.bc: function 'prog' (sign.c:3) uses signed division, *; *--cpu=v4" \
			bpf-linker --cpu v3 $options -o out.o sign.bc
	done
	bpf-linker --cpu v4 -o out.o sign.bc
	# an inlined function, and what it is inlined into
	cat >inlined.c <<-'END'
		int half(float x)
		{
			return x * 0.5f;
		}
	END
	sed -i '/^static/,/^}/d; 1a int half(float x);' half.c
	compile half.c
	compile inlined.c
	one_error "bpf-linker: error: half.bc: function 'prog' (half.c:5) uses floating point *" \
		bpf-linker --btf --export prog -o out.o half.bc inlined.bc
}

@test "what BPF cannot do, in Rust's and C++'s functions: their names as the source has them" {
	local at names=(
		_RNvCsgCBci2OW3gx_11log_headers5parse log_headers::parse
		'_ZN50_$LT$f32$u20$as$u20$core..str..traits..FromStr$GT$8from_str17h0123456789abcdefE'
		'<f32 as core::str::traits::FromStr>::from_str'
		_ZN3one3twoEi one::two
	)
	for ((at = 0; at < ${#names[@]}; at += 2)); do
		ir a <<-END
			define float @"${names[at]}"(float %x) {
			  %r = fadd float %x, %x
			  ret float %r
			}
		END
		one_error "bpf-codegen: error: a.ll: function '${names[at + 1]}' uses floating point *" \
			bpf-codegen -o out a.ll
	done
	# what leads there is a crate of others
	cat >a.cc <<-'END'
		# 1 "/rustc/core/a.cc"
		namespace one { __attribute__((noinline)) float two(float x) { return x * x; } }
		# 1 "a.cc"
		extern "C" __attribute__((section("socket"))) int prog(float *c) { *c = one::two(*c); return 0; }
	END
	"$CLANG" "${BPF_CFLAGS[@]}" -x c++ -emit-llvm -c a.cc
	one_error "bpf-linker: error: a.bc: function 'prog' (a.cc:1), by way of 'one::two', uses floating point *" \
		bpf-linker --btf --export prog -o out a.bc
}

@test "library functions that LLVM is allowed to call are found, or named in one error" {
	((LLVM_MAJOR > 22)) || skip "LLVM $LLVM_MAJOR calls none"
	cat >add.c <<-'END'
		__attribute__((section("socket"))) int prog(float *c) { return c[0] + c[1] > c[2]; }
	END
	cat >library.c <<-'END'
		int __addsf3(int a, int b) { return a + b; }
		int __gtsf2(int a, int b) { return a > b; }
	END
	compile add.c
	compile library.c
	one_error "bpf-linker: error: *'__addsf3'*'__gtsf2'*--export*" \
		bpf-linker --llvm-args=--bpf-allows-libcalls -o out.o add.bc
	bpf-linker --llvm-args=--bpf-allows-libcalls --export prog,__addsf3,__gtsf2 -o out.o add.bc library.bc
}
