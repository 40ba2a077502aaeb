#!/usr/bin/env bats
# The build: installing, other ways to build, and what it says where LLVM is missing.

load helper

ROOT=$TESTS/..

setup_file() {
	# the flags of the make that runs these tests, so that it finds nothing to build anew
	export MAKEFLAGS=$MAKE_FLAGS
	make -C "$ROOT" --no-print-directory install DESTDIR="$BATS_FILE_TMPDIR/root" PREFIX=/opt
}

# links WITH: the bpf-linker WITH links the C example
links() {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	"$1" --btf -o out.o program.bc count.bc
	"$READELF" -S out.o | grep -q ' xdp '
}

@test "make install: all there, and it links" {
	cd "$BATS_FILE_TMPDIR/root/opt"
	for tool in bpf-linker bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		[[ -s share/man/man1/$tool.1 ]]
		bin/$tool --version | grep -q "^$tool "
	done
	cd "$BATS_TEST_TMPDIR"
	links "$BATS_FILE_TMPDIR/root/opt/bin/bpf-linker"
}

@test "make install: a name with a space, strict permissions, and no strip" {
	export MAKEFLAGS=$MAKE_FLAGS
	(umask 077 && make -C "$ROOT" --no-print-directory install PREFIX="$PWD/my tools" STRIP=)
	[[ -x "my tools/bin/bpf-linker" && ! $(find "my tools" ! -type l ! -perm -444) ]]
	[[ ! $(find "my tools" -type d ! -perm 755) ]]
	"$READELF" -S "my tools/libexec/bpf-linker/bpf-extract" | grep -F .debug_info
}

@test "an installation that is interrupted leaves no parts of files" {
	# shellcheck disable=SC2016 # the stub's
	printf '#!/bin/sh\ncp "$3" "$2"\nkill $PPID\n' >strip-stub
	chmod +x strip-stub
	STRIP=$PWD/strip-stub run -143 "$ROOT/scripts/place" placed "$BUILT/libexec/bpf-linker/bpf-extract"
	[[ -d placed && ! $(ls -A placed) ]]
}

@test "what is installed can be moved, and called through a link" {
	mv "$BATS_FILE_TMPDIR/root/opt" "$BATS_FILE_TMPDIR/else where"
	ln -s "$BATS_FILE_TMPDIR/else where/bin/bpf-linker" here
	links ./here
	mv "$BATS_FILE_TMPDIR/else where" "$BATS_FILE_TMPDIR/root/opt"
}

@test "the tools are static, and no more is missing at run time" {
	[[ $("llvm-config-$LLVM_MAJOR" --link-static --libs core 2>/dev/null) ]] ||
		skip "LLVM's static libraries are not here"
	for tool in bpf-extract "llvm-$LLVM_MAJOR/bpf-merge" "llvm-$LLVM_MAJOR/bpf-codegen"; do
		run ldd "$BATS_FILE_TMPDIR/root/opt/libexec/bpf-linker/$tool"
		[[ $output == *'not a dynamic executable'* ]]
	done
}

@test "LLVM_LINK=shared" {
	make -C "$ROOT" -j2 BUILD="$PWD/shared" LLVM_LINK=shared LLVM_CONFIG="llvm-config-$LLVM_MAJOR"
	ldd "shared/libexec/bpf-linker/llvm-$LLVM_MAJOR/bpf-opt" | grep libLLVM
	links shared/bin/bpf-linker
}

@test "SANITIZE=address,undefined finds nothing in a link" {
	make -C "$ROOT" -j2 BUILD="$PWD/sane" SANITIZE=address,undefined \
		LLVM_CONFIG="llvm-config-$LLVM_MAJOR"
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	"$LLVM_AR" rcs libcount.a count.bc
	run -0 --separate-stderr sane/bin/bpf-linker --btf -o out.o program.bc libcount.a
	[[ ! $stderr && -s out.o ]]
}

@test "the same bytes from another directory" {
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	mkdir -p a/long/way b
	cp ./*.bc a/long/way
	cp ./*.bc b
	(cd a/long/way && bpf-linker --btf -o one.o program.bc count.bc)
	(cd b && bpf-linker --btf -o two.o program.bc count.bc)
	cmp a/long/way/one.o b/two.o
}

# refuses PATTERN MAKE-ARGUMENT...: make ends in one line that matches
refuses() {
	run make -C "$ROOT" --no-print-directory BUILD="$PWD/none" "${@:2}"
	# shellcheck disable=SC2053 # a pattern
	[[ $status != 0 && ${#lines[@]} == 1 && $output == $1 && ! -e none ]]
}

@test "an LLVM that is missing, and one that is too old" {
	refuses '*one of LLVM 23 22 21 is needed: /missing/llvm-config was not found*make deps*llvm-22-dev*' \
		LLVM_CONFIG=/missing/llvm-config
	printf '#!/bin/sh\necho 14.0.6\n' >llvm-config
	chmod +x llvm-config
	refuses "*one of LLVM 23 22 21 is needed: $PWD/llvm-config is of LLVM 14.0.6*make deps*" \
		LLVM_CONFIG="$PWD/llvm-config"
}

# without_llvm_config ARGUMENT...: make, on a machine that has no LLVM
without_llvm_config() {
	[[ -e bin ]] || { mkdir bin && ln -s /usr/bin/* bin && rm -f bin/llvm-config*; }
	run env -u LLVM_CONFIG -u LLVM_PREFIX PATH="$PWD/bin" make -C "$ROOT" --no-print-directory BUILD="$PWD/build" "$@"
}

@test "where there is no LLVM: what scripts/toolset has made is there to be installed" {
	without_llvm_config
	[[ $status != 0 && ${#lines[@]} == 1 && $output == *'one of LLVM 23 22 21 is needed: '*'make deps'* ]]

	mkdir -p build/libexec/bpf-linker/llvm-21
	cp "$BUILT/libexec/bpf-linker/bpf-extract" build/libexec/bpf-linker
	for tool in merge internalize debuginfo opt codegen; do
		cp "$BUILT/bin/bpf-$tool" build/libexec/bpf-linker/llvm-21
	done
	mkdir -p opt/libexec/bpf-linker/llvm-20
	without_llvm_config install PREFIX="$PWD/opt" STRIP=
	[[ $status == 0 && ${#lines[@]} == 2 ]] || { echo "$output" && false; }
	[[ ${lines[1]} == "note: $PWD/opt/libexec/bpf-linker/llvm-20 is of another installation, "* ]]
	BPF_LINKER_LLVM=21 links opt/bin/bpf-linker
	[[ $(readlink opt/bin/bpf-opt) == ../libexec/bpf-linker/llvm-21/bpf-opt ]]

	without_llvm_config LLVM=21
	[[ $status == 0 && ! $output ]]
	for goal in bench llvm-any; do
		without_llvm_config $goal
		[[ $status != 0 && ${#lines[@]} == 1 && $output == *'one of LLVM 23 22 21 is needed: '* ]]
	done
	without_llvm_config LLVM=22
	[[ $status != 0 && $output == *'LLVM 22 was not found; `make toolset LLVM=22` '* ]]
}

@test "tools that scripts/toolset has made, older than the source" {
	mkdir -p build/libexec/bpf-linker/llvm-21
	cp "$BUILT/bin/bpf-merge" build/libexec/bpf-linker/llvm-21
	cp "$BUILT/libexec/bpf-linker/bpf-extract" build/libexec/bpf-linker
	touch -d 2001-01-01 build/libexec/bpf-linker/llvm-21/bpf-merge
	without_llvm_config
	[[ $status == 0 && $output == *'the tools for LLVM 21 are older than the source; '*'`make toolset LLVM=21`' ]]
}

@test "LLVM=, and what is no version of it" {
	for llvm in foo 24 22.1 21,22; do
		refuses "*LLVM=$llvm is not one of 23 22 21 any*" LLVM=$llvm
	done
}
