#!/usr/bin/env bats
# scripts/dev/toolset and scripts/dev/debian-root: a toolset for an LLVM that this system does not have,
# made in a private Debian root. The roots are kept in build/roots.

load helper

PROJECT=$(cd "$TESTS/.." && pwd -P)
SUITE=$("$PROJECT/scripts/dev/llvms" suite 21)
unset BPF_LINKER_LLVM LLVM LLVM_CONFIG LLVM_PREFIX ROOTS

setup_file() {
	# as on a system where nothing else was built
	export OURS=$BATS_FILE_TMPDIR/build
	BUILD=$OURS "$PROJECT/scripts/dev/toolset" 21 >"$BATS_FILE_TMPDIR/log" 2>&1 || true
}

root() {
	"$PROJECT/scripts/dev/debian-root" "$@"
}

# Skips the test where no root can be made; in CI that is a failure.
need_root() {
	root "$SUITE" true && return
	[[ ${CI:-} != true ]] || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
	skip "no Debian root can be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
}

# error_of STATUS PATTERN COMMAND...: COMMAND exits with STATUS, and says one line that matches
error_of() {
	run --separate-stderr "${@:3}"
	# shellcheck disable=SC2154,SC2053 # bats sets stderr; a pattern
	[[ $status == "$1" && ! $output && $stderr != *$'\n'* && $stderr == $2 ]] ||
		{ echo "status $status: $output$stderr" && return 1; }
}

@test "a static toolset of LLVM 21, and what else a link needs" {
	need_root
	cd "$OURS/libexec/bpf-linker"
	for tool in llvm-21/bpf-{merge,internalize,debuginfo,opt,codegen} bpf-extract bpf-driver; do
		run ldd $tool
		[[ $output == *'not a dynamic executable'* ]]
		[[ $tool == bpf-driver ]] || $tool --version | grep '^LLVM 21\.' || [[ $tool == bpf-extract ]]
	done
	"$OURS/bin/bpf-linker" --version | grep 'LLVM 21\.'
}

@test "it links the C example of clang 21's, and the kernel takes it" {
	need_root
	need_kernel
	for name in program count; do
		root --with 'clang-21 libbpf-dev linux-libc-dev libc6-dev' "$SUITE" \
			clang-21 "${BPF_CFLAGS[@]}" -emit-llvm -c -o - "tests/examples/c/$name.c" >$name.bc
	done
	"$OURS/bin/bpf-linker" --btf -o out.o program.bc count.bc
	load_object out.o

	packet 17 100 >udp
	[[ $(run_program count_and_drop udp 3) == 1 ]]
	[[ $(map_value traffic 17 8) == 300 ]]
}

@test "a second run reuses the root, and makes nothing anew" {
	need_root
	stamps() {
		stat -c '%n %i %y' "$PROJECT/build/roots/$SUITE/etc/debian_version" "$OURS"/bin/* \
			"$OURS"/libexec/bpf-linker/* "$OURS"/libexec/bpf-linker/*/*
	}
	stamps >before
	BUILD=$OURS run -0 "$PROJECT/scripts/dev/toolset" 21
	[[ $output == "toolset: LLVM 21."*" in $OURS/libexec/bpf-linker/llvm-21" ]]
	diff before <(stamps)
}

@test "where make has built the rest, only the tools for that LLVM are placed" {
	need_root
	mkdir -p build/objects-extract build/bin build/libexec/bpf-linker/llvm-22
	for file in bin/bpf-linker libexec/bpf-linker/bpf-extract libexec/bpf-linker/llvm-22/bpf-opt; do
		echo ours >"build/$file"
	done
	find build -type f -exec cksum {} + >before
	BUILD=$PWD/build "$PROJECT/scripts/dev/toolset" 21
	cksum --check before 2>/dev/null || diff before <(cut -d ' ' -f 3 before | xargs cksum)
	[[ $(cd build && echo * libexec/bpf-linker/*) == \
		"bin libexec objects-extract libexec/bpf-linker/bpf-extract libexec/bpf-linker/llvm-21 libexec/bpf-linker/llvm-22" ]]
}

@test "the newest tools are those called by name" {
	need_root
	mkdir -p build/bin build/libexec/bpf-linker/llvm-99
	ln -s ../libexec/bpf-linker/llvm-99/bpf-opt build/bin
	BUILD=$PWD/build "$PROJECT/scripts/dev/toolset" 21
	[[ $(ls build/bin) == $'bpf-linker\nbpf-opt' && $(readlink build/bin/bpf-opt) == */llvm-99/bpf-opt ]]
	rm -r build/libexec/bpf-linker/llvm-99
	BUILD=$PWD/build "$PROJECT/scripts/dev/toolset" 21
	[[ $(readlink build/bin/bpf-opt) == ../libexec/bpf-linker/llvm-21/bpf-opt ]]
	[[ -x build/bin/bpf-opt && -x build/bin/bpf-extract ]]
}

@test "packages go into the root, and not into this system; two calls at once" {
	need_root
	root "$SUITE" apt-get -qq -y purge hello
	cksum /var/lib/dpkg/status /var/lib/apt/extended_states >before
	for i in 1 2; do
		root --with hello "$SUITE" hello >hello-$i 2>messages-$i &
	done
	wait
	[[ $(sort -u hello-1 hello-2) == 'Hello, world!' ]]
	[[ $(grep -ch 'debian-root: installing hello in build/roots/' messages-1 messages-2 | sort | xargs) == '0 1' ]]
	cksum /var/lib/dpkg/status /var/lib/apt/extended_states | diff before -
}

@test "in the root: the project, its own /tmp, few variables" {
	need_root
	# shellcheck disable=SC2016 # for the root's shell
	V=1 SECRET=1 run -0 root "$SUITE" sh -c 'pwd; ls GNUmakefile; echo $HOME $LC_ALL $V $SECRET; id -u
		head -c 1 /dev/zero | wc -c; [ $$ -lt 100 ] && [ -e /proc/$$/exe ] && [ -d /sys/fs/bpf ]
		touch /tmp/file; [ ! -e "$1" ]' sh "$PWD"
	diff <(printf '%s\n' "$PROJECT" GNUmakefile "/root C.UTF-8 1" 0 1) - <<<"$output"
}

@test "a root is entered from a root, and from a chroot" {
	need_root
	run -0 --separate-stderr root "$SUITE" scripts/dev/debian-root "$SUITE" echo nested
	[[ $output == nested && ! $stderr ]]
	((EUID == 0)) || skip "only root can change the root"
	# shellcheck disable=SC2016 # for that shell
	run -0 --separate-stderr unshare --mount sh -e -c 'mkdir -p "$1$2"
		mount --bind "$2" "$1$2"
		mount -t proc proc "$1/proc"
		chroot "$1" "$2/scripts/dev/debian-root" "$3" echo changed' sh "$PROJECT/build/roots/$SUITE" "$PROJECT" "$SUITE"
	[[ $output == changed && ! $stderr ]]
}

@test "a chroot whose mounts are seen outside of it" {
	need_root
	((EUID == 0)) || skip "only root can change the root"
	# shellcheck disable=SC2016 # for that shell
	run -125 --separate-stderr unshare --mount --propagation shared sh -e -c 'mkdir -p "$1$2"
		mount --bind "$2" "$1$2"
		mount -t proc proc "$1/proc"
		chroot "$1" env "ROOTS=/tmp/ro ots" "$2/scripts/dev/debian-root" "$3" true' sh "$PROJECT/build/roots/$SUITE" "$PROJECT" "$SUITE"
	[[ $stderr == "debian-root: error: in a chroot, mounts made here would be seen outside of it; "* ]]
	rmdir "$PROJECT/build/roots/$SUITE/tmp/ro ots" # nothing is left in it
}

@test "the command's input, output and status are its own" {
	need_root
	run -7 --separate-stderr root "$SUITE" sh -c 'cat; echo error >&2; exit 7' < <(echo input)
	[[ $output == input && $stderr == error ]]
	run -127 --separate-stderr root "$SUITE" no-such-command
	[[ ! $output && $stderr == *no-such-command* ]]
}

# ends_with SIGNAL: so does the command, however deep it is, and nothing stays mounted
ends_with() {
	local pid

	mkfifo "$1"
	"$PROJECT/scripts/dev/debian-root" "$SUITE" sh -c 'echo up; sleep 100' >"$1" 3>&- &
	pid=$!
	exec 4<"$1"
	read -ru 4
	kill -s "$1" $pid
	timeout 10 cat <&4 # until nobody has it open for writing
	absent -F "$PROJECT/build/roots" /proc/self/mountinfo
}

@test "a signal ends all, and leaves nothing" {
	need_root
	ends_with TERM
	ends_with KILL
}

# The README's first command, of which a bare Ubuntu 24.04 has neither LLVM nor make.
@test "Ubuntu 24.04: make deps demo builds the tools in a Debian root" {
	need_root
	((EUID == 0)) || skip "only root can remove the root that was made before"
	rm -rf --one-file-system "$PROJECT/build/roots/deps-noble"
	ours=build/ubuntu # of the system's files, only the project's are seen there
	rm -rf "${PROJECT:?}/$ours"
	BUILD=$ours root --name deps-noble noble sh -ec '
		apt-get -qq update
		apt-get -qq -y install make >/dev/null 2>&1
		make deps demo
		make -s install PREFIX=/usr/local
		/usr/local/bin/bpf-linker --version' >said 2>&1 || { cat said && return 1; }
	grep "^deps: apt's sources have none of llvm-22-dev .* built in a Debian root" said
	grep '<count_and_drop>:$' said
	grep '<keep_ipv4>:$' said
	grep '^LLVM 22\.' said
	[[ $(readlink "$PROJECT/$ours/bin/bpf-opt") == ../libexec/bpf-linker/llvm-22/bpf-opt ]]
	rm -r "${PROJECT:?}/$ours"
	need_kernel
	grep 'prog run pinned .*/keep_ipv4' said
	absent 'Not loaded' said
}

@test "errors" {
	llvms=$("$PROJECT/scripts/dev/llvms")
	error_of 1 "toolset: error: *'make toolset LLVM=21'*$llvms" "$PROJECT/scripts/dev/toolset"
	error_of 1 "toolset: error: *$llvms" "$PROJECT/scripts/dev/toolset" 14
	error_of 125 "debian-root: error: *SUITE*" root
	error_of 125 "debian-root: error: unknown option '--nonsense'" root --nonsense bookworm
	error_of 125 "debian-root: error: option --with needs a value" root --with
	error_of 125 "debian-root: error: '../etc' is no suite of Debian or Ubuntu" root ../etc true
	error_of 125 "debian-root: error: '../etc' is no name for a root" root --name ../etc bookworm true
	error_of 125 "debian-root: error: programs of s390x do not run here*" root --arch s390x bookworm true
}

@test "a root that cannot be made" {
	need_root
	export ROOTS=$PWD/roots
	run -125 --separate-stderr root nosuchsuite true
	[[ $stderr == *"debian-root: error: mmdebstrap failed; all that it said is in $ROOTS/nosuchsuite.log" ]]
	[[ ! -e roots/nosuchsuite && ! -e roots/nosuchsuite.new && -s roots/nosuchsuite.log ]]

	mkdir bin
	ln -s /usr/bin/* /usr/sbin/* bin 2>/dev/null || true
	rm bin/mmdebstrap
	PATH=$PWD/bin run -125 --separate-stderr root bookworm true
	[[ $stderr == "debian-root: error: mmdebstrap is not installed; 'make deps toolset' installs it" ]]
}
