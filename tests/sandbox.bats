# What stages give up before they read their input.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >program.c <<-'END'
		struct state {
			int count;
			long sum;
		} state;
		__attribute__((section("license"))) char _license[] = "GPL";
		__attribute__((section("xdp"))) int program(void *ctx)
		{
			state.count++;
			return state.sum;
		}
	END
	compile program.c
	mkdir elsewhere out
	touch elsewhere/old elsewhere/other
}

# Skips the test where the kernel has not all of the sandbox.
need_sandbox() {
	[[ $(uname -m) == x86_64 ]] || skip "the program that tries calls in a stage knows x86-64 only"
	[[ $(bpf-opt --log-level=trace -o /dev/null program.bc 2>&1) == \
		*'sandbox: Landlock'*'sandbox: seccomp'* ]] || skip "this kernel has no Landlock, or no seccomp"
}

build() {
	cc -Wall -Wextra -Werror -o "$1" "$TESTS/sandbox/$1.c"
}

# tries FILE STAGE...: what becomes of the calls that a stage is not to do, once it opens the FILE
tries() {
	local file=$1
	shift
	./forbidden-calls "$file" elsewhere "$@"
}

# STAGES: FILE COMMAND, for each stage, and for those that run others after them
STAGES=('program.bc bpf-extract -o out/file program.bc'
	'program.bc bpf-merge --btf -o out/file program.bc'
	'program.bc bpf-merge --btf program.bc : bpf-internalize : bpf-core : bpf-debuginfo --btf -o out/file'
	'program.bc bpf-merge --btf program.bc : bpf-internalize : bpf-opt : bpf-codegen -o out/file'
	'program.bc bpf-internalize -o out/file program.bc'
	'program.bc bpf-core -o out/file program.bc'
	'program.bc bpf-debuginfo --btf -o out/file program.bc'
	'program.bc bpf-opt -o out/file program.bc'
	'program.bc bpf-opt program.bc : bpf-codegen --debug-info=full -o out/file'
	'program.bc bpf-codegen -o out/file program.bc')

@test "no stage runs programs, opens sockets or changes files elsewhere once it reads" {
	need_sandbox
	build forbidden-calls
	for stage in "${STAGES[@]}"; do
		echo "$stage"
		# shellcheck disable=SC2086 # words
		tries $stage 2>tried
		diff - tried <<-END
			socket: EPERM
			socket of the system: EPERM
			make a file: EACCES
			write a file: EACCES
			rename: EACCES
			remove: EACCES
			make a directory: EACCES
			change a mode: EPERM
			make a BPF map: EPERM
			look into a process: EPERM
			type: EPERM
			run a program: $([[ $stage == *' : '* ]] && echo EACCES || echo EPERM)
		END
		# and the rest was done
		[[ -s out/file && $(echo out/* elsewhere/*) == 'out/file elsewhere/old elsewhere/other' ]]
		rm out/file
	done
}

@test "--no-sandbox" {
	need_sandbox
	build forbidden-calls
	for stage in "${STAGES[@]}"; do
		echo "$stage"
		read -r file tool rest <<<"$stage"
		# shellcheck disable=SC2086 # words
		tries "$file" "$tool" --no-sandbox $rest 2>tried
		for what in socket 'make a file' 'write a file' rename remove 'make a directory' 'change a mode' 'run a program'; do
			grep -qx "$what: done" tried
		done
		rm -r elsewhere
		mkdir elsewhere
		touch elsewhere/old elsewhere/other
	done
}

@test "where seccomp or Landlock is missing, the other does what it can" {
	need_sandbox
	build forbidden-calls
	build refuse-calls
	./refuse-calls 38 landlock -- ./forbidden-calls program.bc elsewhere bpf-merge program.bc >out/file 2>tried
	[[ $(cut -d : -f 2 tried | sort -u) == ' EPERM' ]] || { cat tried && false; }
	./refuse-calls 38 seccomp -- ./forbidden-calls program.bc elsewhere bpf-merge -o out/file program.bc 2>tried
	for what in 'make a file' 'write a file' rename remove 'make a directory' 'run a program'; do
		grep -qx "$what: EACCES" tried
	done
}

@test "links go on where the kernel refuses all or some of it" {
	build refuse-calls
	bpf-linker --btf --no-sandbox -o wanted.o program.bc
	for error in 38 1; do
		for calls in 'landlock seccomp no_new_privs' landlock seccomp no_new_privs; do
			for options in "" --llvm-args=-inline-threshold=100 --debug-info=full; do
				[[ ! $options || $calls == *" "* ]] || continue
				# shellcheck disable=SC2086 # words
				./refuse-calls $error $calls -- bpf-linker --btf $options -o linked.o program.bc >said 2>&1
				[[ ! -s said ]]
				[[ $options ]] || cmp wanted.o linked.o
			done
		done
	done
	./refuse-calls 38 landlock seccomp -- bpf-opt --log-level=trace -o /dev/null program.bc 2>said
	grep -q 'trace: sandbox: no Landlock: Function not implemented' said
	grep -q 'trace: sandbox: no seccomp: Function not implemented' said
	./refuse-calls 1 no_new_privs -- bpf-opt --log-level=trace -o /dev/null program.bc 2>said
	grep -q 'trace: no sandbox: Operation not permitted' said
}

@test "every output is written, wherever it is" {
	for options in '' --debug-info=full; do
		mkdir a b c d e f
		ln -s ../b/real.o a/link.o
		# shellcheck disable=SC2086 # words
		bpf-linker --btf $options -o a/link.o --map c/map --dump-module d/ --log-file e/log --log-level=trace \
			program.bc
		# shellcheck disable=SC2086 # words
		bpf-linker --btf $options --save-temps=f -o a/link.o program.bc
		[[ -s b/real.o && -s c/map && -s d/pre-opt.ll && -s d/post-opt.ll && -s e/log && -s f/link.o.5-debuginfo.bc ]]
		grep -q '^bpf-codegen: trace: sandbox: ' e/log
		# options cut short, or in one word, or by themselves
		# shellcheck disable=SC2086 # words
		bpf-merge --btf program.bc : bpf-debuginfo --btf |
			bpf-opt --dump d/first.ll : bpf-codegen $options --ma=c/second --du d/second.ll -oa/second.o
		[[ -s a/second.o && -s c/second && -s d/first.ll && -s d/second.ll ]]
		rm -r a b c d e f
	done
	bpf-linker -o /dev/stdout program.bc >to-file
	bpf-linker -o /dev/stdout program.bc | cmp - to-file
	bpf-linker -o /dev/null program.bc
	mkfifo fifo
	timeout 20 cat fifo >from-fifo &
	bpf-linker -o fifo program.bc
	wait $!
	cmp from-fifo to-file
}

@test "files that LLVM's own options and passes name" {
	bpf-opt --llvm-args=-print-after=instcombine,-ir-dump-directory=elsewhere/ir -o /dev/null program.bc
	[[ $(ls elsewhere/ir) ]]
	bpf-opt --passes=dot-callgraph -o /dev/null program.bc
	[[ $(ls ./*.dot) ]]
}

@test "a stage that starts afresh runs no finder of libLLVM" {
	[[ $(bpf-opt --version) == *'('* ]] || skip "this toolset looks for no libLLVM"
	bpf-merge --btf program.bc : bpf-debuginfo --btf --debug-info=full |
		bpf-opt : bpf-codegen --debug-info=full -o out.o
	[[ -s out.o ]]
}

@test "bpf-merge, which is started meanwhile, becomes that of the toolset that is chosen" {
	[[ $LLVM_MAJOR == "${TOOLSET:-$LLVM_MAJOR}" ]] || skip "this toolset is chosen by the driver alone"
	bpf-linker --btf -o wanted program.bc
	install_copy
	unset BPF_LINKER_LLVM
	cp -r stubs/libexec/bpf-linker/llvm-{"$LLVM_MAJOR",99}
	bpf-linker --btf --log-level=trace -o out.o program.bc 2>said
	cmp wanted out.o
	# that of 99 and that of the other, one after the other
	[[ $(grep -c '^bpf-merge: trace: sandbox: ' said) == $((2 * $(grep -c '^bpf-extract: trace: sandbox: ' said))) ]]
	one_error "bpf-linker: error: missing.bc: *" bpf-linker -o out.o missing.bc
	# the line and a failure's mark, or what a killed stage has written, at once
	for after in '\n\n\n' 'BC'; do
		# shellcheck disable=SC2016 # of the other shell
		run -1 --separate-stderr bash -c 'printf "/$1\t\n$2" >all
			cat all | bash -c '"'"'sleep 0.1; BPF_LINKER_PIPELINE=$$ BPF_LINKER_TOOLSETS="$1 99" BPF_LINKER_STAGE_BEFORE=bpf-extract \
			stubs/libexec/bpf-linker/llvm-99/bpf-merge : bpf-opt : bpf-codegen -o out.o; exit $?'"'"' bash "$1"' bash "$LLVM_MAJOR" "$after"
		# shellcheck disable=SC2154 # bats sets stderr
		[[ ! $output && $stderr == $([[ $after != BC ]] || echo 'bpf-linker: error: bpf-extract was killed, perhaps since memory ran out') ]]
	done
	run -2 --separate-stderr bpf-linker --llvm-args=-no-such-option -o out.o program.bc
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $(wc -l <<<"$stderr") == 1 && $stderr == 'bpf-linker: error: --llvm-args: '* ]]
}

@test "the bpf-merge of the toolset that is chosen has the limits of before, and any command line" {
	[[ $LLVM_MAJOR == "${TOOLSET:-$LLVM_MAJOR}" ]] || skip "this toolset is chosen by the driver alone"
	# the words of one option are one on a command line, too long for exec
	printf -- '--export=%s\n' program,state {10000..32000} 'a\ "b' >many.rsp
	bpf-linker --log-level=error -o wanted @many.rsp program.bc
	install_copy
	unset BPF_LINKER_LLVM
	mv stubs/libexec/bpf-linker/llvm-{"$LLVM_MAJOR",99}
	mkdir "stubs/libexec/bpf-linker/llvm-$LLVM_MAJOR"
	cat >"stubs/libexec/bpf-linker/llvm-$LLVM_MAJOR/bpf-merge" <<-'END'
		#!/bin/bash
		{ ulimit -St; ulimit -Sd; } >limits
		exec "${0%/*}/../llvm-99/bpf-merge" "$@"
	END
	chmod +x "stubs/libexec/bpf-linker/llvm-$LLVM_MAJOR/bpf-merge"
	bpf-linker --no-sandbox --log-level=error -o out.o program.bc
	cmp limits <(ulimit -St && ulimit -Sd)
	bpf-linker --no-sandbox --log-level=error -o out.o @many.rsp program.bc
	cmp out.o wanted
	cmp limits <(ulimit -St && ulimit -Sd)
}
