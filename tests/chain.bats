# Stages in one process: `bpf-merge ... : bpf-internalize ...`
load helper

# same_bytes OPTION... FILE...: whether the stages share processes or not, as with --save-temps
same_bytes() {
	bpf-linker --log-level=error --unresolved-symbols=ignore -o shared.o "$@"
	bpf-linker --log-level=error --unresolved-symbols=ignore --save-temps=stages -o alone.o "$@"
	cmp shared.o alone.o || { echo "$*" && return 1; }
	rm -r stages shared.o alone.o
}

# same_bitcode FILE...: whether a stage gets the module itself, or what was written
same_bitcode() {
	bpf-extract --thin "$@" >stream.tar
	bpf-merge --btf --unresolved-symbols=ignore stream.tar : bpf-internalize : bpf-core : bpf-debuginfo --btf >shared.bc
	bpf-merge --btf --unresolved-symbols=ignore stream.tar | bpf-internalize | bpf-core | bpf-debuginfo --btf >alone.bc
	cmp shared.bc alone.bc || { echo "$*" && return 1; }
}

@test "the same bytes as one process for each stage: C" {
	local file

	for file in "$FIXTURES"/*.c "$TESTS"/examples/c/*.c; do
		[[ $file != *-host.c ]] || continue
		compile "$file"
		file=$(basename "$file" .c).bc
		same_bytes "$file"
		same_bytes --btf "$file"
		same_bytes --btf --debug-info=none --ignore-inline-never "$file"
		same_bitcode "$file" 2>/dev/null
	done
}

# What is inlined over files is optimized here, in an order that uses decide.
@test "the same bytes as one process for each stage: C of several files" {
	local i

	cat >library.c <<-'END'
		int table[8];
		static int twice(int x) { return 2 * x + table[x & 7]; }
		int add(int x, int y) { return table[y & 7]++ + x; }
		int mix(int x) { return x > 5 ? add(x, 3) : twice(x) + twice(x + 1); }
		int loop(int x) { for (int i = 0; i < 4; i++) x = mix(x) ^ table[i]; return x; }
		static int inner(int x) { return add(x, x) + mix(x); }
		int call_inner(int x) { return inner(x) - inner(x + 1); }
	END
	for i in 1 2 3; do
		cat >program$i.c <<-END
			extern int table[8];
			int add(int, int), mix(int), loop(int), call_inner(int);
			static int own$i(int x) { return mix(x * $i) + mix(x + $i) + add(x, table[$i]); }
			__attribute__((section("socket"))) int program$i(int *x) {
				return own$i(x[$i]) + (x[0] & 1 ? loop(x[1]) : add(x[2], x[$i])) + call_inner(x[2]);
			}
		END
	done
	# variables that constants use several times, and names of which there are two
	cat >more.c <<-'END'
		int more(int);
		static int other[8], *slots[] = {other + 2, other};
		static int inner(int x) { return *slots[x & 1] + more(x); }
		__attribute__((section("socket"))) int program4(int *x) { return more(x[0]) + inner(x[1]) + inner(*slots[x[1] & 1]); }
	END
	echo 'extern int table[8]; int more(int x) { return table[x & 7] ^ x; }' >one-more.c
	for i in library program{1,2,3} more one-more; do
		compile $i.c
	done
	for i in '' ,mix ,add,loop; do
		same_bytes --btf --export=program1,program2,program3$i program{1,2,3}.bc library.bc
		same_bytes --export=program1,program2,program3$i library.bc program{1,3,2}.bc
		same_bytes --btf --export=program1$i program{1,2}.bc library.bc
		same_bytes --export=program1,program4$i program1.bc more.bc library.bc one-more.bc
	done
}

# Types of two files become one, beside those of functions that are dropped, which are left in memory.
@test "the same bytes as one process for each stage: C with a header's types" {
	local i kind

	cat >header.h <<-'END'
		struct held { int x; struct holder *back; };
		struct holder { struct held *p; const struct held *c; int (*call)(struct held *, long); };
		typedef struct held held_t;
		typedef int (*taker)(held_t *);
	END
	for i in a b c; do
		cat >$i.c <<-END
			#include "header.h"
			static __attribute__((noinline)) int own_$i(const held_t *h, taker t) { return t ? h->x : 2; }
			struct held *drop_$i(struct held *h, struct holder **o) { return h + own_$i(o[1]->c, 0); }
			$([[ $i == a ]] && echo "struct holder h_a;" || echo "struct held h_$i; struct holder *o_$i;")
			__attribute__((section("socket"))) int prog_$i(int *x) { return *(char *)&h_$i; }
			__attribute__((section("socket"))) int last_$i(taker *x, held_t **y) { return $([[ $i == a ]] && echo 1 || echo "!!x[1]"); }
		END
		compile $i.c
	done
	for kind in lines full; do
		same_bytes --btf --debug-info=$kind a.bc b.bc
		same_bytes --btf --debug-info=$kind --export=prog_b,prog_a,last_c c.bc b.bc a.bc
	done
	same_bitcode a.bc b.bc
	same_bitcode c.bc b.bc a.bc
}

# bpf-opt changes what clang has not optimized, and hands it on with another order of uses than it read.
@test "the same bytes as one process for each stage: C that is optimized here" {
	local file

	for file in "$FIXTURES"/*.c; do
		[[ $file != *-host.c ]] || continue
		compile "$file" -O1 -Xclang -disable-llvm-passes
		file=$(basename "$file" .c).bc
		same_bytes --btf "$file"
		same_bytes --emit=llvm-ir "$file"
	done
}

@test "the same bytes as one process for each stage: options" {
	local options

	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	while read -r options; do
		# shellcheck disable=SC2086
		same_bytes $options program.bc count.bc
	done <<-'END'
		--btf --debug-info=full
		--btf --export=count_and_drop
		--export=nothing
		-O0 --cpu=v1
		-O3 --unroll-loops --btf
		--emit=llvm-bc
		--emit=asm --btf
		--map=map.txt --btf
		--why=count --btf
		--llvm-args=-inline-threshold=0,-enable-load-pre=true --btf
		--allow-bpf-trap --cpu-features=+alu32
		--disable-memory-builtins
	END
}

@test "the same bytes as one process for each stage: a program with the kernel's types" {
	[[ -e /sys/kernel/btf/vmlinux ]] || skip "the kernel has no BTF"
	compile_core_program
	same_bytes --btf core.bc
	same_bytes --btf --debug-info=full core.bc
}

@test "options are of one stage, and of no other" {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	bpf-merge -o merged.bc program.bc count.bc

	# what the first exports, the second does not
	bpf-internalize --export=count_and_drop merged.bc : bpf-debuginfo --strip >one.bc
	bpf-internalize --export=count_and_drop merged.bc | bpf-debuginfo --strip | cmp - one.bc
	bpf-merge --export=count_and_drop,count program.bc count.bc : bpf-internalize --export=count_and_drop >one.bc
	bpf-merge --export=count_and_drop,count program.bc count.bc | bpf-internalize --export=count_and_drop | cmp - one.bc

	# LLVM's, which a process keeps
	for options in --llvm-args=-inline-threshold=0 --unroll-loops --note-map --allow-bpf-trap --llvm-args=-stats; do
		bpf-opt "$options" merged.bc : bpf-codegen -o one.o 2>/dev/null
		bpf-opt "$options" merged.bc 2>/dev/null | bpf-codegen -o two.o
		cmp one.o two.o || { echo "$options" && return 1; }
	done
	bpf-opt merged.bc : bpf-codegen --llvm-args=-bpf-expand-memcpy-in-order=false -o one.o
	bpf-opt merged.bc | bpf-codegen --llvm-args=-bpf-expand-memcpy-in-order=false -o two.o
	cmp one.o two.o

	# a log, and its level
	bpf-opt --log-level=debug --log-file=opt.log merged.bc : bpf-codegen -o one.o 2>said
	[[ ! -s said ]]
	run -1 grep bpf-codegen opt.log
}

@test "one stage twice" {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	bpf-merge -o merged.bc program.bc count.bc
	bpf-internalize --export=count_and_drop,count merged.bc : bpf-internalize --export=count_and_drop >one.bc
	bpf-internalize --export=count_and_drop merged.bc | cmp - one.bc
	bpf-opt -O1 merged.bc : bpf-opt -O2 : bpf-codegen -o one.o
	bpf-opt -O1 merged.bc | bpf-opt -O2 | bpf-codegen -o two.o
	cmp one.o two.o
}

@test "what fails in a process ends it, with its status" {
	compile "$TESTS/examples/c/program.c"
	run -1 --separate-stderr bpf-opt absent.bc : bpf-codegen -o out.o
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == 'bpf-opt: error: absent.bc: No such file or directory' && ! -e out.o ]]
	run -2 --separate-stderr bpf-opt program.bc : bpf-codegen --cpu=v9 -o out.o
	[[ $stderr == "bpf-codegen: error: invalid value 'v9' for '--cpu' "* && ! -e out.o ]]
	run -2 --separate-stderr bpf-opt -o other program.bc : bpf-codegen -o out.o
	[[ $stderr == "bpf-opt: error: -o 'other': the output goes to the stage after ':'; see 'bpf-opt --help'" && ! -e other ]]
	run -2 --separate-stderr bpf-opt program.bc : bpf-extract
	[[ $stderr == 'error: bpf-extract is another program, which | is to be put before; '* ]]
	run -2 --separate-stderr bpf-opt program.bc :
	[[ $stderr == *'nothing after :'* ]]
}

@test "a stage that has the program started afresh, and what is written directly" {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	mkfifo fifo
	for options in '--emit=llvm-ir' '--btf --debug-info=full' '--emit=llvm-ir --map=fifo' '--llvm-args=-inline-threshold=5'; do
		for ((i = 0; i < 5; i++)); do
			timeout 20 cat fifo >got &
			# shellcheck disable=SC2086 # words
			timeout 20 bpf-linker --log-level=error -o "$([[ $options == *fifo ]] && echo out.ll || echo fifo)" $options program.bc count.bc
			wait $!
			[[ -s got ]]
		done
	done
}

@test "a stage that has the program started afresh names the input" {
	compile "$TESTS/examples/c/count.c"
	for options in '' --llvm-args=-inline-threshold=5; do
		# shellcheck disable=SC2086 # one or none
		one_error 'bpf-linker: error: count.bc: was compiled for *' bpf-linker --btf --target=bpfeb $options -o out.o count.bc
	done
	# what a user has of this name is nothing to go by
	BPF_LINKER_INPUT=other one_error 'bpf-linker: error: count.bc: was compiled for *' bpf-linker --btf --target=bpfeb -o out.o count.bc
	BPF_LINKER_INPUT=other one_error 'bpf-opt: error: <stdin>: is empty*' bpf-opt -o out.bc </dev/null
}

@test "a stage that cannot be started afresh says why" {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	for options in --debug-info=full --llvm-args=-inline-threshold=5; do
		run -1 --separate-stderr bash -c "ulimit -f 3; bpf-linker --btf $options -o out.o program.bc count.bc"
		# shellcheck disable=SC2154 # bats sets stderr
		[[ $stderr == *'File too large'* || $stderr == *'error: --llvm-args: LLVM cannot list its options' ]]
		[[ $stderr != *ioctl* && $stderr != *'has no option'* ]]
	done
}

@test "a stage between others reads its command line, whether there is work for it or not" {
	compile "$TESTS/examples/c/program.c"
	run -2 --separate-stderr bpf-merge --unresolved-symbols=ignore program.bc : bpf-internalize : bpf-core --nonsense : bpf-opt -o out.bc
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == "bpf-core: error: unknown option '--nonsense'"* ]]
}
