#!/usr/bin/env bats
# What BPF cannot do: an error of code generation's names the function and the line in the user's source, and
# says what else to do, though the link has asked for no debug info.

load helper

# compile_at NAME [FLAG...]: NAME.bc of the C code on standard input, with debug info. In NAME.line is the
# number of the line with the comment HERE.
compile_at() {
	cat >"$1.c"
	grep -n HERE "$1.c" | cut -d : -f 1 >"$1.line"
	compile "$1.c" "${@:2}"
	mv "$1.c" "$1.source" # no message has it from there
}

PROGRAM='__attribute__((section("socket"), used)) int prog(int *c)'

# refused NAME WHAT: of NAME.bc there is one error, `FUNCTION (LINE) WHAT`, the same with --btf and without.
# WHAT is a glob, with @ in the place of the location.
refused() {
	local wanted="bpf-linker: error: $1.bc: function ${2/@/(*$1.c:$(<"$1.line"))}"

	echo precious >"$1.o"
	one_error "$wanted" bpf-linker -o "$1.o" "$1.bc" "${@:3}"
	one_error "$wanted" bpf-linker --btf -o "$1.o" "$1.bc" "${@:3}"
	[[ $(<"$1.o") == precious ]]
}

@test "a struct of 24 bytes is returned" {
	compile_at a <<-END
		struct big { long a, b, c; };
		__attribute__((noinline)) struct big make(long x) /* HERE */
		{
			struct big b = { x, x + 1, x + 2 };
			return b;
		}
		$PROGRAM { return make(*c).c; }
	END
	refused a "'make' @ returns 24 bytes, and BPF returns at most 8 bytes; have the caller pass a pointer*"
}

@test "a division of 128 bits, in an inlined function" {
	((LLVM_MAJOR < 23)) || skip "LLVM 23 has code for it"
	compile_at a <<-END
		static unsigned long divide(unsigned long a, unsigned long b)
		{
			unsigned __int128 x = (unsigned __int128)a * b;
			return x / (((unsigned __int128)b << 40) | 1); /* HERE */
		}
		$PROGRAM { return divide(c[0], c[1]); }
	END
	refused a "'divide' @, inlined into 'prog' (*a.c:6), divides 128-bit integers (__udivti3), which BPF does not support; divide 64-bit integers"
}

@test "six parameters" {
	((LLVM_MAJOR < 23)) || skip "LLVM 23 has arguments on the stack"
	compile_at a <<-END
		__attribute__((noinline)) int six(int a, int b, int c, int d, int e, int *f) /* HERE */
		{
			return a * b + c * d + e * f[0];
		}
		$PROGRAM { return six(c[0], c[1], c[2], c[3], c[4], c); }
	END
	refused a "'six' @ takes 6 arguments, and BPF passes at most 5; pass a pointer to a struct*"
}

@test "six arguments, of a function that is declared" {
	((LLVM_MAJOR < 23)) || skip "LLVM 23 has arguments on the stack"
	compile_at a <<-END
		extern int six(int a, int b, int c, int d, int e, int *f);
		static int inner(int *c)
		{
			return
				six(c[0], c[1], c[2], c[3], c[4], c); /* HERE */
		}
		$PROGRAM { return inner(c) + 1; }
	END
	refused a "'inner' @, inlined into 'prog' (*a.c:7), passes 6 arguments to 'six', and BPF passes at most 5; *" --unresolved-symbols=ignore
}

@test "600 bytes of stack" {
	compile_at a <<-END
		static int inner(int *c)
		{
			char buffer[600]; /* HERE */
			for (int i = 0; i < 600; i++)
				((volatile char *)buffer)[i] = c[0];
			return buffer[c[1] & 255];
		}
		$PROGRAM { return inner(c) + 1; }
	END
	# which access LLVM names is its own affair
	echo '[0-9]' >a.line
	refused a "'inner' @, inlined into 'prog' (*a.c:8), uses too much stack, 600 bytes of it for one variable, and kernels allow 512 bytes; make local variables smaller*"
}

@test "a call through a pointer: the output is written, and has no debug info" {
	((LLVM_MAJOR < 23)) || skip "clang 23 makes a branch of it"
	compile_at a <<-END
		int (*handler)(int);
		static int inner(int *c)
		{
			return
				handler(c[0]); /* HERE */
		}
		$PROGRAM { return inner(c) + 1; }
	END
	run -0 --separate-stderr bpf-linker -o a.o a.bc
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == "bpf-linker: warning: program 'prog' calls through a pointer, which kernels refuse: prog (a.c:$(<a.line)); "* && $stderr != *$'\n'* ]]
	run ! grep -e '\.debug\|\.BTF' <("$READELF" -SW a.o)
	run -0 --separate-stderr bpf-linker --log-level=error -o b.o a.bc
	[[ ! $stderr ]]
	cmp a.o b.o
}

@test "variable arguments, structs by value, arrays of variable size, signed division" {
	compile_at a <<-END
		__attribute__((noinline)) int sum(int n, ...) /* HERE */
		{
			__builtin_va_list v;
			int s = 0;
			__builtin_va_start(v, n);
			while (n--)
				s += __builtin_va_arg(v, int);
			__builtin_va_end(v);
			return s;
		}
		$PROGRAM { return sum(c[0], c[1], c[2]); }
	END
	refused a "'sum' @ takes a variable number of arguments, which BPF does not support; pass an array*"
	compile_at b <<-END
		struct s { long a, b, c; };
		__attribute__((noinline)) int take(struct s x) { return x.a + x.c; }
		$PROGRAM
		{
			struct s x = { c[0], c[1], c[2] };
			return take(x); /* HERE */
		}
	END
	sed -i 's/.*/*/' b.line # of the call, or of the copy
	refused b "'prog' @ passes a struct by value to 'take', which BPF does not support; pass a pointer to it"
	compile_at c <<-END
		static int inner(int *c)
		{
			volatile char b[c[0]]; /* HERE */
			b[0] = 3;
			return b[c[1]];
		}
		$PROGRAM { return inner(c) + 1; }
	END
	refused c "'inner' @ has a variable whose size is not constant, which BPF does not support; *"
	compile_at d -mcpu=v3 <<-END
		static int inner(int *c)
		{
			return
				c[0] / c[1]; /* HERE */
		}
		$PROGRAM { return inner(c) + 1; }
	END
	refused d "'inner' @, inlined into 'prog' (*d.c:6), uses signed division, which CPU v3 does not support; divide unsigned integers, or link with --cpu=v4"
}

# atomic NAME FLAGS EXPRESSION WHAT [OPTION...]: refused, of a long at p, a short at s
atomic() {
	# shellcheck disable=SC2086 # a list
	compile_at "$1" $2 <<-END
		static long inner(long *p)
		{
			short *s = (short *)p; int *w = (int *)p;
			return $3; /* HERE */
		}
		__attribute__((section("socket"), used)) int prog(long *c) { return inner(c) + 1; }
	END
	refused "$1" "'inner' @, inlined into 'prog' (*$1.c:6), $4" "${@:5}"
}

@test "atomic operations that no CPU has, or not that of the link" {
	local small='uses an atomic operation of 8 or 16 bits, which BPF does not support; use 32 or 64 bits'

	atomic a -mcpu=v3 '__sync_fetch_and_add(s, 3)' "$small"
	atomic b -mcpu=v3 '__sync_fetch_and_and(w, 3)' \
		'uses an atomic operation of 32 bits, which CPU v1 does not support; the function was compiled for v3, which --cpu=v3 chooses' \
		--cpu=v1
	atomic c -mcpu=v2 '__sync_fetch_and_and(w, 3)' \
		'uses an atomic operation of 32 bits, which CPU v2 does not support; use 64 bits, or link with --cpu=v3'
	atomic d -mcpu=v1 '__sync_fetch_and_add(p, 3)' \
		'uses the result of an atomic operation, which CPU * does not support; do without the result, or link with --cpu=v3'
	atomic e -mcpu=v3 '__atomic_fetch_nand(p, 3, 0)' \
		'uses an atomic operation (AtomicLoadNand), which BPF does not support; make a loop of compare and exchange'
	atomic f -mcpu=v3 '__atomic_load_n(p, __ATOMIC_ACQUIRE)' \
		'uses an atomic load or store of acquire or release order, which CPU v3 does not support; order it as relaxed, or link with --cpu=v4'
	atomic g -mcpu=v4 '__atomic_load_n(p, __ATOMIC_SEQ_CST)' \
		'uses a sequentially consistent atomic load or store, which BPF does not support; order it as *'
	atomic h -mcpu=v3 '({ __atomic_thread_fence(__ATOMIC_SEQ_CST); 0; })' \
		'uses a memory fence, which BPF does not support; *'
}

@test "a return address, and assembly that is none" {
	compile_at a <<-END
		__attribute__((section("socket"), used)) long prog(int *c)
		{
			return (long)__builtin_return_address(0); /* HERE */
		}
	END
	refused a "'prog' @ asks for the address that it returns to, or for its frame, which BPF does not support; *"
	compile_at b <<-END
		$PROGRAM
		{
			asm volatile("nonsense r1"); /* HERE */
			return 0;
		}
	END
	refused b "'prog' @: invalid register/token name: 'nonsense r1'"
}

@test "assembly with operands that is none: one error, of the user's line" {
	local code text
	while IFS='|' read -r code text; do
		compile_at a <<-END
			static inline __attribute__((always_inline)) int other(int x)
			{
				asm volatile("r1 = %0; r2 = %0" ::"r"(x));
				return x;
			}
			$PROGRAM
			{
				int x = other(*c);
				$code /* HERE */
				return x;
			}
		END
		refused a "'prog' @: $text"
	done <<-'END'
		asm volatile("nonsense %0 more" ::"r"(x));|invalid register/token name: 'nonsense r? more'
		asm volatile("r1 = 1\n\tnonsense %0\n\tr2 = 2" ::"r"(x));|invalid register/token name: 'nonsense r?'
		asm volatile("%w0 = %h0" ::"r"(x));|invalid operand in inline asm: '\${0:w} = \${0:h}'
		asm volatile("%0 = %z1" : "=r"(x) : "m"(*c));|invalid operand in inline asm: '\$0 = \${1:z}'
		asm volatile("r1 = %0" ::"i"(c));|invalid operand for inline asm constraint 'i'
		for (int i = 0; i < 2; i++) asm volatile("nonsense %0" ::"r"(x + i));|invalid register/token name: 'nonsense r?'
	END
	# two files may have one number for two places: which it is, is not known
	for name in a b; do
		compile_at $name <<<"__attribute__((section(\"socket\"), used)) int $name(int *c) { asm volatile(\"r1 = %0 // $name\" ::\"i\"(c)); return 0; }"
	done
	run -1 bpf-linker -o a.o a.bc b.bc
	[[ $output == *"invalid operand for inline asm constraint 'i'"* && $output != *'at line'* ]]
}

@test "a name of C++'s" {
	((LLVM_MAJOR < 23)) || skip "LLVM 23 has arguments on the stack"
	cat >a.cc <<-'END'
		namespace n {
		template <class T> __attribute__((noinline)) int six(T a, int b, int c, int d, int e, int *f)
		{
			return a * b + c * d + e * f[0];
		}
		}
		extern "C" __attribute__((section("socket"), used)) int prog(int *c)
		{
			return n::six(c[0], c[1], c[2], c[3], c[4], c);
		}
	END
	"$CLANG" -target bpf -O2 -g -emit-llvm -c -o a.bc a.cc
	one_error "bpf-linker: error: a.bc: function 'six<int>' (*a.cc:2) takes 6 arguments, *" bpf-linker -o a.o a.bc
	sed 's/template <class T>//; s/T a/int a/' a.cc >b.cc
	"$CLANG" -target bpf -O2 -emit-llvm -c -o b.bc b.cc
	one_error "bpf-linker: error: b.bc: function 'n::six' takes 6 arguments, *" bpf-linker -o b.o b.bc
}

# many NAME: a function of six parameters, with debug info
many() {
	compile_at "$1" <<-END
		$PROGRAM { volatile char b[c[0]]; return b[c[1]]; } /* HERE */
	END
}

@test "without debug info in the input the error says what would have told the line" {
	many a
	cp a.source a.c
	compile a.c -g0
	one_error "bpf-linker: error: a.bc: function 'prog' has a variable whose size is not constant, * (debug info in the input tells the line: clang -g, rustc -C debuginfo=1)" \
		bpf-linker -o a.o a.bc
}

@test "what can be read but once is not read twice" {
	local without="function 'prog' has a variable *; * (debug info tells the line: --btf keeps that of the input)"

	many a
	one_error "bpf-linker: error: <stdin>: $without" bash -c 'cat a.bc | bpf-linker -o a.o -'
	one_error "bpf-linker: error: <stdin>: $without" bash -c 'bpf-linker -o a.o - <a.bc'
	one_error "bpf-linker: error: /dev/fd/*: $without" bash -c 'bpf-linker -o a.o <(cat a.bc)'
	one_error "bpf-linker: error: a.bc: $without" bpf-linker --save-temps=stages -o a.o a.bc
	one_error "bpf-linker: error: a.bc: function 'prog' (*a.c:1) has *" \
		bash -c 'bpf-linker --export-symbols <(echo prog) -o a.o a.bc'
	one_error "bpf-linker: error: a.bc: function 'prog' (*a.c:1) has *" \
		bash -c 'bpf-linker --export-symbols /dev/null -o a.o a.bc'
}

@test "only what fails runs twice, and the second time writes nothing" {
	many a
	compile_at b <<<"$PROGRAM { return *c; }"
	run -0 --separate-stderr bpf-linker -v -o b.o b.bc
	[[ $(grep -c 'bpf-extract\b.* --thin' <<<"$stderr") == 1 ]]
	run -1 --separate-stderr bpf-linker -v --time --map a.map --dump-module a.ll --log-file log \
		--log-level info --why prog --btf-source=none -o a.o a.bc
	[[ $(grep -c 'bpf-extract\b.* --thin' <<<"$stderr") == 2 && $stderr == *'bpf-codegen --log-level=info --log-file=log --check'* ]]
	[[ $(grep -c "function 'prog' (.*a.c:1) has" <<<"$stderr") == 1 ]]
	[[ $(grep -c "function 'prog' (.*a.c:1) has" log) == 1 ]]
	[[ $(grep -c '^bpf-merge .* wall' <<<"$stderr") == 1 ]]
	absent -e '!dbg' a.ll
	[[ ! -e a.map && ! -e a.o ]]
	# the stages' outputs are kept as they were
	run -1 --separate-stderr bpf-linker --save-temps=kept -o a.o a.bc
	[[ $stderr == "bpf-linker: error: a.bc: function 'prog' has a variable "* ]]
	run -0 bpf-codegen --check "kept/a.o.2-merge.bc" --fatal-errors=false
	rm -rf kept
}

@test "bpf-codegen --check writes nothing" {
	compile_at b <<<"$PROGRAM { return *c; }"
	run -0 bpf-codegen --check b.bc
	[[ ! $output ]]
	run -0 bpf-codegen --check -o b.o b.bc
	[[ ! -e b.o ]]
	many a
	one_error "bpf-codegen: error: a.bc: function 'prog' (*a.c:1) has a variable *" bpf-codegen --check -o a.o a.bc
	[[ ! -e a.o ]]
}

@test "clang -O0: a warning" {
	compile_at a -O0 <<-END
		static inline __attribute__((always_inline)) int twice(int x) { return 2 * x; }
		$PROGRAM { return twice(*c); }
	END
	compile_at b <<-'END'
		int other(int x) { return x + 1; }
		__attribute__((optnone, noinline)) int unoptimized(int x) { return x; }
	END
	run -0 --separate-stderr bpf-linker -o a.o b.bc a.bc
	[[ $stderr == "bpf-linker: warning: a.bc: was compiled by clang -O0, "*"; compile with -O2" && $stderr != *$'\n'* ]]
	run -0 --separate-stderr bpf-linker --ignore-inline-never -o a.o b.bc a.bc
	[[ ! $stderr ]]
}

@test "module assembly that LLVM does not understand is one error" {
	local options
	compile_at a <<<"$PROGRAM { return *c; }"
	echo 'module asm "bogus bogus"' >asm.ll
	for options in '' --btf --emit=llvm-bc; do
		# shellcheck disable=SC2086 # one or none
		one_error 'bpf-linker: error: asm.ll*: <inline asm>:1:1: *' bpf-linker $options -o a.o asm.ll a.bc
	done
}

@test "of many errors in inline assembly, some are shown" {
	{
		echo 'target triple = "bpf" define i32 @f(ptr %c) section "xdp" {'
		for ((i = 0; i < 5000; i++)); do
			echo "call void asm sideeffect \"bad$i bad\", \"\"()"
		done
		echo 'ret i32 0 }'
	} >many.ll
	run -1 --separate-stderr bpf-linker -o out.o many.ll
	[[ $(wc -l <<<"$stderr") == 21 && $stderr == *"'bad0 bad'"*"'bad19 bad'"*$'\n'"bpf-linker: error: too many errors in inline assembly; no more are shown" ]]
}
