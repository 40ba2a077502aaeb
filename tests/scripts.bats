#!/usr/bin/env bats
# What scripts/dev/deps installs, and what scripts find missing. The system that they see is in
# stubs/.

load helper

SCRIPTS=$(cd "$TESTS/../scripts/dev" && pwd -P)
unset BPF_LINKER_LLVM BPF_LINKER_LIBLLVM LLVM LLVM_CONFIG LLVM_PREFIX

setup() {
	cd "$BATS_TEST_TMPDIR" && mkdir stubs
}

# stub NAME SCRIPT
stub() {
	printf '#!/bin/bash\n%s\n' "$2" >"stubs/$1"
	chmod +x "stubs/$1"
}

# stub_apt: apt has every package; INSTALLED are installed
# shellcheck disable=SC2016 # the stubs'
stub_apt() {
	stub dpkg-query '[[ " $INSTALLED " != *" ${@: -1} "* ]] || echo -n installed'
	stub apt-cache 'echo Package'
	stub apt-get :
	stub sudo 'exec "$@"'
	export INSTALLED=
}

# deps PART...: what it says; what it installs is in wanted, in lines
deps() {
	PATH=$PWD/stubs:$PATH run --separate-stderr "$SCRIPTS/deps" "$@"
	sed -n 's/^deps: installing //p' <<<"$output" | tr ' ' '\n' >wanted
}

# alone SCRIPT [ARGUMENT...]: with the stubs, bash and dirname
alone() {
	ln -sf "$(command -v bash)" "$(command -v dirname)" stubs
	/usr/bin/env PATH="$PWD/stubs" "$@"
}

# --- scripts/dev/deps ---

@test "deps: the compiler for another architecture is that of check-arch" {
	stub_apt
	INSTALLED=llvm-21-dev
	deps check-aarch64
	for package in clang-22 lld-22 llvm-22 qemu-user-static lld-21 clang-format-21; do
		grep -x $package wanted
	done
	[[ ! $(sort wanted | uniq -d) ]]
}

@test "deps: what check-corpus needs is not a compiler for another architecture" {
	stub_apt
	INSTALLED=llvm-22-dev
	deps check-corpus
	for package in clang-22 llvm-22 bpftool libelf-dev jq qemu-system-x86; do
		grep -x $package wanted
	done
	absent qemu-user-static wanted
}

@test "deps: what check-upstream needs is FileCheck, clang and Rust" {
	stub_apt
	INSTALLED=llvm-22-dev
	deps check-upstream
	for package in llvm-22-tools clang-22 llvm-22 jq rustc-web cargo-web rust-web-src; do
		grep -x $package wanted
	done
	absent qemu wanted
}

@test "deps: what check-clients needs is not a compiler for another architecture" {
	stub_apt
	INSTALLED=llvm-22-dev
	deps check-clients
	for package in clang-22 bpftool libelf-dev python3-venv cargo-web rust-web-src sccache ccache; do
		grep -x $package wanted
	done
	absent qemu wanted
}

@test "deps: what check-faults needs is strace, and no compiler for another architecture" {
	stub_apt
	INSTALLED=llvm-22-dev
	deps check-faults
	for package in strace clang-22 llvm-22 gcc libarchive-dev; do
		grep -x $package wanted
	done
	absent qemu wanted
	deps check
	grep -x strace wanted
}

# check_copy: scripts/dev/check in copy, where the toolset of LLVM $LLVM_MAJOR and any are
check_copy() {
	# this bats is not that one
	run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$PWD/copy/scripts/dev/check" "$@"
}

# file_of_tests NAME LINE...: a file in copy, with a test of these lines
file_of_tests() {
	# bats would take a line that begins with it for a test of this file
	printf '%s\n' "@""test \"${1%.bats}\" {" "${@:2}" '}' >"copy/tests/$1"
}

@test "check: what works in Debian roots runs beside the rest, and counts" {
	mkdir -p copy/scripts/dev copy/tests copy/build/libexec/bpf-linker/llvm-{"$LLVM_MAJOR",any}
	cp "$SCRIPTS"/{check,llvms,llvms.txt} copy/scripts/dev
	mkfifo copy/meet
	# each waits for the other
	file_of_tests dist.bats "timeout 60 sh -c 'echo dist >$PWD/copy/meet'"
	file_of_tests a.bats "[[ \$(timeout 60 cat $PWD/copy/meet) == dist ]]"
	file_of_tests compilers.bats true
	file_of_tests toolset.bats true
	file_of_tests chain.bats "[[ \$TOOLSET ]]"
	for file in $(sed -n 's,^OF_ANY=(tests/{\(.*\)}\.bats)$,\1,p' "$SCRIPTS/check" | tr , ' '); do
		[[ -e copy/tests/$file.bats ]] || file_of_tests "$file.bats" "[[ \$TOOLSET ]]"
	done
	files=$(find copy/tests -name '*.bats' | wc -l)
	check_copy
	[[ $status == 0 && ${lines[-1]} == "$((2 * files - 4)) passed, 0 failed, 0 skipped" ]] || { echo "$output" && return 1; }
	[[ $output == "# LLVM $LLVM_MAJOR"$'\n'*'ok 1 a '*"# LLVM any"*" chain "*$'\n''ok 1 compilers '*'ok 2 dist '*'ok 3 toolset '* ]]

	file_of_tests dist.bats false
	check_copy tests/dist.bats tests/chain.bats
	[[ $status == 1 && ${lines[-1]} == '2 passed, 2 failed, 0 skipped' ]] || { echo "$output" && return 1; }
	echo nonsense >copy/tests/dist.bats
	check_copy tests/dist.bats tests/chain.bats
	[[ $status == 1 ]]
}

@test "continuous integration: what fails fails the run, wherever it runs; the last line counts all" {
	mkdir -p copy/.ci copy/build copy/scripts/dev
	cp "$SCRIPTS/../../.ci/run" copy/.ci
	cp "$SCRIPTS"/llvms{,.txt} copy/scripts/dev
	# what has $FAILS in its words fails; checks count one test each
	# shellcheck disable=SC2016 # the stub's
	stub make 'echo "$(basename "$0") $*" >>called
		[[ ! $FAILS || " $* " != *" $FAILS "* ]] || { echo "no $FAILS" && [[ $* == *" check"* ]] && echo "0 passed, 1 failed, 0 skipped"; exit 1; }
		[[ $* != *" check"* ]] || echo "1 passed, 0 failed, 2 skipped"'
	stub true ''
	cp stubs/true copy/scripts/dev/deps
	cp stubs/true copy/scripts/dev/check-arch
	PATH=$PWD/stubs:$PATH FAILS='' run copy/.ci/run
	[[ $status == 0 ]] || { echo "$output" && return 1; }
	checks=$(grep -c 'make .*deps check' copy/called)
	[[ ${lines[-1]} == "$checks passed, 0 failed, $((2 * checks)) skipped" ]]
	for version in $(cd copy && scripts/dev/llvms); do
		grep -c "make toolset LLVM=$version" copy/called || [[ $version == "$(copy/scripts/dev/llvms main)" ]]
	done
	for fails in lint toolset BUILD=build/clang; do
		PATH=$PWD/stubs:$PATH FAILS=$fails run copy/.ci/run
		[[ $status != 0 && $output == *"no $fails"* && $output != *passed* ]] || { echo "$fails: $output" && return 1; }
	done
	for fails in check check-macos check-s390x; do
		PATH=$PWD/stubs:$PATH FAILS=$fails run copy/.ci/run
		[[ $status == 1 && ${lines[-1]} == "$((checks - 1)) passed, 1 failed, "* ]] || { echo "$fails: $output" && return 1; }
	done
}

@test "check-kernels: a kernel that is none of them" {
	one_error "check-kernels: error: there is no '2.6', but here 5.10 *" "$SCRIPTS/check-kernels" 2.6
}

@test "dist: of another architecture only the archive in one folder" {
	ARCH=s390x PACKAGES='flat deb' BUILD=$PWD/made one_error 'dist: error: of s390x only PACKAGES=flat can be made here' \
		"$SCRIPTS/dist"
	stub_apt
	INSTALLED=llvm-22-dev
	ARCH=s390x deps dist
	grep -x qemu-user-static wanted
	[[ $(uname -m) == s390x ]] || { deps dist && absent qemu wanted; }
}

@test "check-shells: the shell is sh, for the tests alone" {
	((EUID == 0)) || skip 'only root may make a mount namespace'
	[[ ! ${EMULATED-} ]] || skip 'this machine has its own'
	# bats would take a line that begins with it for a test of this file
	echo @test 'sh { [[ $(readlink -f /bin/sh) == *busybox ]]
}' >shell.bats
	# this bats is not that one
	run -0 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin BUILD="$BUILT" TOOLSET="$LLVM_MAJOR" TESTS="$PWD/shell.bats" "$SCRIPTS/check-shells" busybox
	[[ ${lines[0]} == '# sh is busybox' && ${lines[-1]} == '1 passed, 0 failed, 0 skipped' ]]
	[[ $(readlink -f /bin/sh) != *busybox ]]
	one_error "check-shells: error: nosuchsh is not installed; 'make deps check-shells' installs it" "$SCRIPTS/check-shells" nosuchsh
}

@test "check-clients: a client that fails is one, and a name that is none is an error" {
	one_error "check-clients: error: unknown client 'perl'; there are *" "$SCRIPTS/check-clients" perl
	mkdir -p made/bin
	printf '#!/bin/sh\necho it does not link >&2\nexit 1\n' >made/bin/bpf-linker
	printf '#!/bin/sh\necho LLVM %s.1\n' "$LLVM_MAJOR" >made/bin/bpf-merge
	chmod +x made/bin/*
	((EUID == 0)) || skip "only root can load BPF programs"
	BUILD=$PWD/made run -1 --separate-stderr "$SCRIPTS/check-clients" libbpf
	[[ ${lines[0]} == 'not ok libbpf' && $output == *'it does not link'* && $output == *$'\n0 passed, 1 failed, 0 skipped' ]]
}

@test "check-clients: a client's line has the version of its loader, and its time" {
	((EUID == 0)) || skip "only root can load BPF programs"
	[[ ! ${EMULATED-} ]] || skip 'this machine has its own'
	type ccache >/dev/null || { [[ ${CI:-} != true ]] && skip "no ccache here"; }
	mkdir made
	ln -s "$BUILT"/{bin,libexec} made
	BUILD=$PWD/made run -0 "$SCRIPTS/check-clients" libbpf
	[[ ${lines[0]} =~ ^'ok libbpf: libbpf '[0-9.]+' in '[0-9]+ms$ && ${lines[-1]} == '1 passed, 0 failed, 0 skipped' ]]
}

@test "deps: what fuzz needs is clang's runtime" {
	stub_apt
	INSTALLED=llvm-22-dev
	deps fuzz
	for package in clang-22 llvm-22 libclang-rt-22-dev libarchive-dev; do
		grep -x $package wanted
	done
	deps check
	grep -x libclang-rt-22-dev wanted
}

@test "deps: what make needs with an LLVM from source" {
	stub_apt
	deps llvm
	for package in cmake gcc libarchive-dev libzstd-dev zlib1g-dev; do
		grep -x $package wanted
	done
	absent llvm wanted
}

@test "deps: LLVM_PREFIX has an LLVM already" {
	stub_apt
	stub apt-cache '[[ ${@: -1} == @(llvm|clang)-* ]] || echo Package'
	mkdir -p prefix/bin
	printf '#!/bin/sh\necho 21.1.2\n' >prefix/bin/llvm-config
	chmod +x prefix/bin/llvm-config
	LLVM_PREFIX=prefix deps build
	((status == 0))
	[[ $output == *'deps: no package clang-21 here; '* ]]
	grep -x libarchive-dev wanted
	absent -e llvm -e clang wanted

	make -C "$TESTS/.." LLVM_PREFIX="$PWD/prefix" PATH="$PWD/stubs:$PATH" deps | grep 'no package clang-21'

	stub apt-cache 'echo Package'
	LLVM_PREFIX=prefix deps
	grep -x clang-21 wanted
	absent llvm wanted
	LLVM_PREFIX=prefix deps demo
	grep -x clang-21 wanted
	[[ ! $(sort wanted | uniq -d) ]]

	LLVM_PREFIX=elsewhere deps build
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $status == 1 && $stderr == "deps: error: LLVM_PREFIX: elsewhere/bin/llvm-config is not a program" ]]
}

@test "deps: without LLVM_PREFIX, apt's LLVM" {
	stub_apt
	deps
	grep -x llvm-22-dev wanted
	grep -x clang-22 wanted
	stub apt-cache '[[ ${@: -1} == llvm-* ]] || echo Package'
	LLVM=21 deps
	[[ $status == 1 && $stderr == "deps: error: package llvm-21-dev not found in apt's sources; "* ]]
}

# A copy, whose scripts/dev/toolset says what it is asked for.
@test "deps: where apt has no LLVM, the tools are built in a Debian root" {
	stub_apt
	stub apt-cache '[[ ${@: -1} == @(llvm|clang|lld)-*([!-])*(-dev) || ${@: -1} == bpftool ]] || echo Package'
	mkdir -p scripts/dev
	cp "$SCRIPTS"/{deps,llvms,llvms.txt} scripts/dev
	printf '#!/bin/sh\necho "toolset $*"\n' >scripts/dev/toolset
	chmod +x scripts/dev/toolset
	others=$("$SCRIPTS/llvms" | tr ' ' '\n' | sed '/^22$/d; s/.*/llvm-&-dev/' | xargs)
	SCRIPTS=$PWD/scripts/dev
	for goal in build demo check; do
		deps $goal
		# shellcheck disable=SC2154 # bats sets it
		((status == 0))
		[[ $output == *"deps: apt's sources have none of llvm-22-dev $others; "*$'\ntoolset 22' ]]
		for package in gpg mmdebstrap debian-archive-keyring make; do
			grep -x $package wanted
		done
		absent -e '-22' -e gcc wanted
	done
	grep -x bats wanted
	deps demo
	grep -x clang wanted
	grep -x rustc-1.97 wanted
	grep -x linux-tools-generic wanted # which has bpftool
	deps lint
	[[ $status == 1 && $stderr == "deps: error: apt's sources have none of "*", which lint needs; "* ]]
	deps toolset
	[[ $status == 0 && $output != *'toolset 22'* ]]
	LLVM=21 deps
	[[ $status == 1 && $output != *'toolset 2'* ]]
}

@test "deps: how many packages, how large, as apt says; and how long it took" {
	stub_apt
	# shellcheck disable=SC2016 # the stubs'
	{
		stub apt-get '[[ $* != *" -s "* && $1 != -s ]] || printf "%s\n" "Inst new (2:1-1 Debian [amd64])" \
			"Inst old [1.0] (1.5 Debian [amd64])" "Conf new (2:1-1 Debian [amd64])"'
		stub apt-cache 'case "$*" in
			*new=2:1-1*old=1.5*) printf "%s\n" "Package: new" "Size: 5000000" "Installed-Size: 1000" \
				"Package: old" "Size: 7000000" "Installed-Size: 20000" ;;
			*) echo Package ;;
			esac'
	}
	deps llvm
	[[ $output == *'deps: packages, with those that they need: 2; at most 12 MB to fetch, 22 MB installed'* ]]
	[[ $output =~ 'deps: installed in '[0-9]+' s'$ ]]
}

@test "deps: apt shows on a terminal how far it is, and nothing elsewhere" {
	need_terminal
	stub_apt
	# shellcheck disable=SC2016 # the stub's
	stub apt-get '[[ $1 == -s ]] || echo "apt-get $*"'
	PATH=$PWD/stubs:$PATH script -qec "$SCRIPTS/deps llvm" /dev/null </dev/null >said
	grep 'apt-get -y .*Progress-Fancy=1 install .*cmake' said
	deps llvm
	[[ $output != *apt-get* ]]
}

@test "deps: without apt, by the names of the system" {
	local id
	for id in 'fedora:dnf install' 'rhel fedora:dnf install' 'arch:pacman -S' 'alpine:apk add' 'nixos:nix-shell -p'; do
		printf 'ID=other\nID_LIKE="%s"\n' "${id%:*}" >os-release
		OS_RELEASE=os-release one_error "deps: error: no apt-get here; '${id#*:} *zstd*' has what the build*of version 21 or newer" \
			alone "$SCRIPTS/deps"
	done
	echo ID=unknown >os-release
	OS_RELEASE=os-release one_error 'deps: error: no apt-get here; install what Debian calls make gcc *llvm-22-dev*' \
		alone "$SCRIPTS/deps"
}

# --- What is missing ---

@test "one of two programs is not there" {
	stub apt-get :
	stub qemu-s390x-static :
	one_error 'deps: error: no apt-get here; *' alone "$SCRIPTS/deps"
	one_error "check-arch: error: clang-22 is not installed; 'make deps check-s390x' installs it" \
		alone "$SCRIPTS/check-arch" s390x
	run -125 alone "$SCRIPTS/debian-root" bookworm
	[[ $output == "debian-root: error: Debian's apt and dpkg are needed to make a root" ]]
}

# --- scripts/dev/bpf-cargo ---

# stub_rust: a Rust of LLVM 32 with its source, and no other
stub_rust() {
	mkdir -p lib/rustlib/src/rust/library/core/src
	touch lib/rustlib/src/rust/library/core/src/lib.rs
	stub rustc "[[ \$1 == -vV ]] && echo LLVM version: 32.1.2 || echo '$PWD'"
	stub cargo 'echo cargo "$@"'
	sed 's|/usr/bin/rustc ||' "$SCRIPTS/bpf-cargo" >bpf-cargo
	PATH=$PWD/stubs:$PATH
}

# linker_has LINE...
linker_has() {
	stub bpf-linker "printf '%s\n' 'bpf-linker 1' $(printf ' %q' "$@")"
}

# refuses LLVMS: bpf-cargo says that bpf-linker has only these
refuses() {
	one_error "bpf-cargo: error: $PWD/stubs/rustc has LLVM 32, bpf-linker has $1" bash bpf-cargo build
}

@test "bpf-cargo: any of bpf-linker's LLVMs may be as new as rustc's" {
	stub_rust
	none='any: no libLLVM was found here; set BPF_LINKER_LIBLLVM to its file'
	for lines in 'LLVM 32.0.0' $'LLVM 31.1.8, 33.1.0\n'"$none" $'LLVM none\nany: LLVM 32.1.2 (/lib/libLLVM.so)'; do
		linker_has "$lines"
		[[ $(bash bpf-cargo build) == "cargo build" ]]
	done

	linker_has 'LLVM 9.1.8, 31.1.8' 'any: LLVM 30.1.2 (/LLVM 99.1.1/libLLVM-99.1.so)'
	refuses '9.1.8, 31.1.8, any: LLVM 30.1.2'
	linker_has 'LLVM none' "$none"
	refuses none
}

@test "bpf-cargo: of bpf-linker's LLVMs, what BPF_LINKER_LLVM names" {
	stub_rust
	linker_has 'LLVM 31.1.8, 32.1.8' 'any: LLVM 31.1.2 (/lib/libLLVM.so)'
	[[ $(BPF_LINKER_LLVM=32 bash bpf-cargo build) == "cargo build" ]]
	BPF_LINKER_LLVM=31 refuses '31.1.8 (BPF_LINKER_LLVM is 31)'
	BPF_LINKER_LLVM=any refuses 'any: LLVM 31.1.2 (BPF_LINKER_LLVM is any)'
	linker_has 'LLVM 31.1.8' 'any: LLVM 32.1.2 (/lib/libLLVM.so)'
	[[ $(BPF_LINKER_LLVM=any bash bpf-cargo build) == "cargo build" ]]
}

@test "make: ARCH counts on the command line alone" {
	shown() { # ARGUMENT...
		make -C "$SCRIPTS/../.." --no-print-directory --eval 'shown: ; @echo "[$$ARCH]"' "$@" shown
	}
	unset MAKEFLAGS MAKELEVEL
	[[ $(ARCH=x86 shown) == '[]' ]]
	[[ $(shown ARCH=aarch64) == '[aarch64]' ]]
}
