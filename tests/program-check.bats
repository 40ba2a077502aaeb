#!/usr/bin/env bats
# Warnings of what no kernel takes of a program. Where there is one, the kernel is asked, too.

load helper

# program NAME [OPTION...]: NAME.bc of the C code on standard input, by clang OPTION...
program() {
	{
		cat <<-'END'
			#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			#define NOINLINE __attribute__((noinline))
			/* so many bytes of stack, in use */
			#define FRAME(bytes) char frame[bytes]; \
				asm volatile("*(u8 *)(%0 + 0) = %1" ::"r"(frame), "r"(1) : "memory")
			#line 1
		END
		cat
	} >"$1.c"
	compile "$1.c" "${@:2}"
	rm "$1.c"
}

# warns NAME PATTERN: of what is in NAME.bc there is one warning, which matches the glob PATTERN
warns() {
	run --separate-stderr bpf-linker --btf -o "$1.o" "$1.bc"
	# shellcheck disable=SC2154,SC2053 # bats sets stderr; the pattern is one
	if [[ $status != 0 || $stderr == *$'\n'* || $stderr != "bpf-linker: warning: "$2 ]]; then
		printf '%s\n' "wanted: $2" "got: $status $stderr"
		return 1
	fi
}

# refuses NAME: the kernel does so
refuses() {
	need_kernel
	run load_object "$1.o"
	[[ $status != 0 && $output == *"${2-}"* ]]
}

# passes NAME: without a warning, and the kernel takes it
passes() {
	run --separate-stderr bpf-linker --btf -o "$1.o" "$1.bc"
	# shellcheck disable=SC2154
	[[ $status == 0 && ! $stderr ]] || { echo "$stderr" && return 1; }
	need_kernel
	load_object "$1.o"
}

@test "a call through a pointer" {
	((LLVM_MAJOR < 23)) || skip "clang 23 makes a branch of it"
	compile callx.c
	warns callx "program 'prog' calls through a pointer*: prog (*/callx.c:5); *"
	refuses callx
}

@test "a call through a pointer, in a function that another calls" {
	program pointers <<-'END'
		static NOINLINE int a(int x) { return x ^ 1; }
		static NOINLINE int b(int x) { return x * 3; }
		static int (*volatile const ops[2])(int) = {a, b};
		static NOINLINE int choose(int *c) {
			return ops[c[3] & 1](c[4]);
		}
		static NOINLINE int first(int *c) {
			return choose(c) + 1;
		}
		SEC("xdp") int prog(int *c) {
			return choose(c) + first(c) + choose(c);
		}
		SEC("xdp") int another(int *c) { return a(c[3]); }
	END
	warns pointers "program 'prog' *: prog -> choose (pointers.c:11) (pointers.c:5); *"
}

@test "without debug info a warning says what would tell the line" {
	local source='SEC("xdp") int prog(int *c) { return ((int (*)(int))(long)c[3])(c[4]) & 1; }'
	program callx <<<"$source"
	run -0 --separate-stderr bpf-linker -o out - <callx.bc
	[[ $stderr == *"program 'prog' calls through a pointer"*"debug info tells the line: --btf keeps that of the input"* ]]
	program callx -g0 <<<"$source"
	run -0 --separate-stderr bpf-linker -o out callx.bc
	[[ $stderr == *"program 'prog' calls through a pointer"*"debug info in the input tells the line: clang -g"* ]]
}

@test "a loop without an end" {
	program spin <<-'END'
		static NOINLINE int spin(int *p) {
			if (p[4] == 99)
				for (;;);
			return p[4];
		}
		SEC("xdp") int prog(int *c) { return spin(c) & 1; }
	END
	warns spin "program 'prog' can reach an infinite loop*: prog -> spin (spin.c:6) (spin.c:3); *"
	refuses spin
	program forever <<-'END'
		static NOINLINE void forever(int *p) {
			volatile int n = 0;
			for (;;)
				n += p[4];
		}
		SEC("xdp") int prog(int *c) {
			if (c[4] == 77)
				forever(c);
			return 1;
		}
	END
	warns forever "program 'prog' can reach an infinite loop*: prog -> forever (forever.c:8) (forever.c:[34]); *"
	refuses forever
}

@test "loops that end" {
	program ends <<-'END'
		SEC("xdp") int breaks(int *c) {
			int n = 0;
			while (1) {
				asm volatile("%0 += 1" : "+r"(n));
				if (n > 5) break;
			}
			return n & 1;
		}
		#ifndef bpf_for /* newer headers have these */
		struct bpf_iter_num;
		extern int bpf_iter_num_new(struct bpf_iter_num *, int, int) __ksym;
		extern int *bpf_iter_num_next(struct bpf_iter_num *) __ksym;
		extern void bpf_iter_num_destroy(struct bpf_iter_num *) __ksym;
		struct bpf_iter_num { unsigned long long x; };
		#endif
		SEC("xdp") int iterates(int *c) {
			struct bpf_iter_num it;
			int n = 0;
			bpf_iter_num_new(&it, 0, 1000);
			while (bpf_iter_num_next(&it))
				n++;
			bpf_iter_num_destroy(&it);
			return n & 1;
		}
		char LICENSE[] SEC("license") = "GPL";
	END
	passes ends
	program may_goto <<-'END'
		SEC("xdp") int may_go(int *c) {
			volatile int n = 0;
			for (;;) {
				asm volatile goto(".byte 0xe5; .byte 0; .long ((%l[over] - . - 8) / 8) & 0xffff; "
						  ".short 0" :::: over);
				n++;
			}
		over:
			return n & 1;
		}
	END
	run -0 --separate-stderr bpf-linker --btf -o out may_goto.bc
	[[ ! $stderr ]]
}

@test "an exception" {
	program throws <<-'END'
		extern __attribute__((noreturn)) void bpf_throw(unsigned long long cookie) __ksym;
		static NOINLINE int ends(int *c) {
			if (c[4] == 99) bpf_throw(7);
			return 1;
		}
		SEC("tc") int prog(int *c) { return ends(c); }
		char LICENSE[] SEC("license") = "GPL";
	END
	passes throws
}

@test "more stack than there is over a chain of calls" {
	program deep <<-'END'
		static NOINLINE int leaf(int *p) { FRAME(248); return p[4]; }
		static NOINLINE int middle(int *p) {
			FRAME(248);
			int r = leaf(p);
			asm volatile("" : "+r"(r));
			return r;
		}
		SEC("xdp") int prog(int *c) { FRAME(16); return middle(c) & 1; }
	END
	warns deep "program 'prog' uses 528 bytes of stack; *allow 512: prog: 16 bytes -> middle (deep.c:8): 248 bytes -> leaf (deep.c:4): 248 bytes; *"
	refuses deep "combined stack size of 3 calls is 528"
}

@test "as much stack as there is" {
	program fits <<-'END'
		static NOINLINE int leaf(int *p) { FRAME(240); return p[4]; }
		static NOINLINE int middle(int *p) {
			FRAME(240);
			int r = leaf(p);
			asm volatile("" : "+r"(r));
			return r;
		}
		SEC("xdp") int prog(int *c) { FRAME(32); return middle(c) & 1; }
		static NOINLINE int one(int *p) { FRAME(300); return 1; }
		static NOINLINE int other(int *p) { FRAME(300); return 2; }
		SEC("xdp") int side_by_side(int *c) { FRAME(100); return (one(c) + other(c)) & 1; }
	END
	passes fits
}

@test "what is too much stack for older kernels alone is no warning" {
	program old <<-'END'
		#define F(caller, callee) static NOINLINE int caller(int *p) { \
			FRAME(72); \
			int r = callee(p); \
			asm volatile("" : "+r"(r)); \
			return r; \
		}
		static NOINLINE int f7(int *p) { return p[4]; }
		F(f6, f7) F(f5, f6) F(f4, f5) F(f3, f4) F(f2, f3)
		SEC("xdp") int prog(int *c) { FRAME(72); return f2(c) & 1; }
		struct {
			__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
			__uint(max_entries, 1);
			__type(key, int);
			__type(value, int);
		} programs SEC(".maps");
		static NOINLINE int leave(struct xdp_md *c) {
			FRAME(8);
			int r = 1;
			bpf_tail_call(c, &programs, 0);
			asm volatile("" : "+r"(r)); // clang 23 says void of what always returns the same
			return r;
		}
		static NOINLINE int before(struct xdp_md *c) {
			FRAME(104);
			int r = leave(c);
			asm volatile("" : "+r"(r));
			return r;
		}
		SEC("xdp") int tail(struct xdp_md *c) { FRAME(104); return before(c); }
		char LICENSE[] SEC("license") = "GPL";
	END
	bpf-linker --btf --log-level=info --log-file=log -o old.o old.bc
	grep stack log >said
	[[ $(wc -l <said) == 2 ]]
	# with the last, which has no stack
	grep -F "info: program 'prog' uses 608 bytes of stack; kernels before 6.9, or without a JIT, allow 512: prog: 72 bytes -> f2 (" said
	grep -F "info: program 'tail' uses 256 bytes of stack at a tail call; kernels before 6.9, or without a JIT, allow less than 256: tail -> before (" said
	passes old
}

@test "the stack of callbacks" {
	program callback <<-'END'
		static int each(unsigned i, void *data) { FRAME(300); return 0; }
		SEC("xdp") int prog(int *c) {
			FRAME(256);
			bpf_loop(3, each, 0, 0);
			return 1;
		}
		char LICENSE[] SEC("license") = "GPL";
	END
	warns callback "program 'prog' uses 560 bytes of stack; * -> each (callback.c:4): *"
	refuses callback "combined stack size of 2 calls is 560"
	# a timer's has its own, and may start itself again
	program timer <<-'END'
		struct timed { struct bpf_timer timer; };
		struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__type(key, int);
			__type(value, struct timed);
		} timers SEC(".maps");
		static int late(void *map, int *key, struct timed *timed) {
			FRAME(300);
			bpf_timer_set_callback(&timed->timer, late);
			return 0;
		}
		SEC("xdp") int prog(int *c) {
			FRAME(256);
			int key = 0;
			struct timed *timed = bpf_map_lookup_elem(&timers, &key);
			if (!timed) return 0;
			bpf_timer_init(&timed->timer, &timers, 1);
			bpf_timer_set_callback(&timed->timer, late);
			return 1;
		}
		char LICENSE[] SEC("license") = "GPL";
	END
	passes timer
}

@test "a tail call under much stack" {
	program tail <<-'END'
		struct {
			__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
			__uint(max_entries, 1);
			__type(key, int);
			__type(value, int);
		} programs SEC(".maps");
		static NOINLINE int leave(struct xdp_md *c) {
			bpf_tail_call(c, &programs, 0);
			volatile int r = 1;
			return r;
		}
		SEC("xdp") int too_late(struct xdp_md *c) { FRAME(264); return leave(c); }
		SEC("xdp") int early(struct xdp_md *c) { FRAME(240); return leave(c); }
		char LICENSE[] SEC("license") = "GPL";
	END
	warns tail "program 'too_late' uses 272 bytes of stack at a tail call*: too_late -> leave (tail.c:12); *"
	refuses tail "tail_calls are not allowed when call stack of previous frames is 272 bytes"
}

@test "too many frames, and recursion" {
	program frames <<-'END'
		#define F(caller, callee) \
			static NOINLINE int caller(int *p) { volatile int x = callee(p); return x; }
		static NOINLINE int f9(int *p) { return p[4]; }
		F(f8, f9) F(f7, f8) F(f6, f7) F(f5, f6) F(f4, f5) F(f3, f4) F(f2, f3)
		SEC("xdp") int eight(int *c) { return f3(c) & 1; }
		SEC("xdp") int nine(int *c) { return f2(c) & 1; }
	END
	warns frames "program 'nine' nests calls 9 functions deep; *allow 8: nine -> f2 (frames.c:6) -> f3 *-> f9 (*); *"
	refuses frames "the call stack of 9 frames is too deep"
	program recursion <<-'END'
		static NOINLINE int odd(int *p, int n);
		static NOINLINE int even(int *p, int n) { volatile int r = n ? odd(p, n - 1) : 1; return r; }
		static NOINLINE int odd(int *p, int n) { volatile int r = n ? even(p, n - 1) : 0; return r; }
		SEC("xdp") int prog(int *c) { return even(c, c[4]) & 1; }
	END
	warns recursion "program 'prog' calls a function recursively*: prog -> even (recursion.c:4) -> odd (recursion.c:2) -> even (recursion.c:3); *"
	refuses recursion
}

@test "maps in the section that libbpf reads no more" {
	program legacy <<-'END'
		struct { int type, key_size, value_size, max_entries, flags; } old SEC("maps") = {2, 4, 4, 1};
		SEC("xdp") int prog(int *c) { return 1; }
	END
	run -0 --separate-stderr bpf-linker -o out legacy.bc
	[[ ! $stderr ]]
	run -0 --separate-stderr bpf-linker --log-level info -o out legacy.bc
	[[ $stderr == *"bpf-linker: info: map 'old' is in the legacy section maps, "* ]]
}

@test "a panic in a small function ends the program, in a large one it goes on for ever" {
	# large_ir COUNT [CODE]: a function of so many additions that may panic; CODE is of the program
	large_ir() {
		echo 'target triple = "bpf"
			define internal void @panic() noreturn noinline { call void asm sideeffect "", ""() br label %1 1: br label %1 }
			define internal i64 @sum(i64 %x) noinline {
			  %bad = icmp eq i64 %x, 7
			  br i1 %bad, label %panics, label %adds
			panics: call void @panic() noreturn unreachable
			adds: %v0 = add i64 %x, 1'
		for ((i = 1; i <= $1; i++)); do
			echo "%v$i = call i64 asm sideeffect \"\$0 = \$1\", \"=r,r\"(i64 %v$((i - 1)))"
		done
		echo "ret i64 %v$1 }
			define i64 @prog(ptr %c) section \"xdp\" {
			  %x = load i64, ptr %c
			  ${2-}
			  %r = call i64 @sum(i64 %x) ret i64 %r }
			!llvm.ident = !{!0}
			!0 = !{!\"rustc version 1.95.0\"}"
	}
	large_ir 20 >in.ll
	run -0 --separate-stderr bpf-linker --export prog -o out in.ll
	[[ $stderr == "bpf-linker: warning: program 'prog' "*"returns 0"* ]]
	# all that the program is for, as with aya's: it is inlined
	large_ir 600 >in.ll
	run -0 --separate-stderr bpf-linker --export prog -o out in.ll
	[[ $stderr == "bpf-linker: warning: program 'prog' "*"returns 0"* ]]
	"$OBJDUMP" -d out >code
	absent -E 'goto -0x1|goto -1|<sum>:' code
	large_ir 600 '%y = call i64 @sum(i64 8) store i64 %y, ptr %c' >in.ll
	run -0 --separate-stderr bpf-linker --export prog -o out in.ll
	[[ $stderr == "bpf-linker: warning: program 'prog' can panic in a large function,"* ]]
	"$OBJDUMP" -d out >code
	grep -E 'goto -0x1|goto -1' code
}
