#!/usr/bin/env bats
# The build: installing, other ways to build, and what it says where LLVM is missing.

load helper

ROOT=$TESTS/..
LLVMS=$("$ROOT/scripts/dev/llvms")

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
	for tool in bpf-linker bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
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
	STRIP=$PWD/strip-stub run -143 "$ROOT/scripts/dev/install-programs" placed "$BUILT/libexec/bpf-linker/bpf-extract"
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
	# of which check-faults lets allocations fail
	BUILD=$BUILT WORK=$PWD/faults SHARED_BUILD=$PWD/shared LINK=1 STEP=53 run -0 "$ROOT/scripts/dev/check-faults" memory
	[[ $output =~ ^'memory: '[1-9][0-9]*' faults, '[0-9]+' linked nevertheless, '[1-9][0-9]*' ended, 0 deviations'$ ]]
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
	refuses "*one of LLVM $LLVMS is needed: /missing/llvm-config was not found*make deps*llvm-22-dev*" \
		LLVM_CONFIG=/missing/llvm-config
	printf '#!/bin/sh\necho 14.0.6\n' >llvm-config
	chmod +x llvm-config
	refuses "*one of LLVM $LLVMS is needed: $PWD/llvm-config is of LLVM 14.0.6*make deps*" \
		LLVM_CONFIG="$PWD/llvm-config"
}

# without_llvm_config ARGUMENT...: make, on a machine that has no LLVM
without_llvm_config() {
	[[ -e bin ]] || { mkdir bin && ln -s /usr/bin/* bin && rm -f bin/llvm-config*; }
	run env -u LLVM_CONFIG -u LLVM_PREFIX PATH="$PWD/bin" make -C "$ROOT" --no-print-directory BUILD="$PWD/build" "$@"
}

@test "where there is no LLVM: what scripts/dev/toolset has made is there to be installed" {
	without_llvm_config
	[[ $status != 0 && ${#lines[@]} == 1 && $output == *"one of LLVM $LLVMS is needed: "*'make deps'* ]]

	mkdir -p build/libexec/bpf-linker/llvm-21
	cp "$BUILT"/libexec/bpf-linker/bpf-{extract,driver} build/libexec/bpf-linker
	for tool in extract merge internalize debuginfo opt codegen; do
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
		[[ $status != 0 && ${#lines[@]} == 1 && $output == *"one of LLVM $LLVMS is needed: "* ]]
	done
	without_llvm_config LLVM=22
	[[ $status != 0 && $output == *'LLVM 22 was not found; `make toolset LLVM=22` '* ]]
}

@test "tools that scripts/dev/toolset has made, older than the source" {
	mkdir -p build/libexec/bpf-linker/llvm-21
	cp "$BUILT/bin/bpf-merge" build/libexec/bpf-linker/llvm-21
	cp "$BUILT/libexec/bpf-linker/bpf-extract" build/libexec/bpf-linker
	touch -d 2001-01-01 build/libexec/bpf-linker/llvm-21/bpf-merge
	without_llvm_config
	[[ $status == 0 && $output == *'the tools for LLVM 21 are older than the source; '*'`make toolset LLVM=21`' ]]
}

@test "LLVM=, and what is no version of it" {
	for llvm in foo $((${LLVMS%% *} + 1)) 22.1 21,22; do
		refuses "*LLVM=$llvm is not one of $LLVMS any*" LLVM=$llvm
	done
}

# --- Make ---

# copy_project: the files of the project, in `a copy`
copy_project() {
	mkdir 'a copy'
	(cd "$ROOT" && cp -r GNUmakefile common scripts tools "$BATS_TEST_TMPDIR/a copy")
}

# extract ARGUMENT...: make builds bpf-extract in the copy; what make says is in output
extract() {
	run make -C 'a copy' --no-print-directory BUILD=build -j2 CFLAGS=-O0 LLVM="$LLVM_MAJOR" \
		build/libexec/bpf-linker/bpf-extract "$@"
	((status == 0)) || { echo "$output" && return 1; }
}

@test "a tool is a folder of its name; only what has changed is made anew" {
	copy_project
	folder='a copy/tools/bpf-extract'
	mkdir "$folder"
	mv "$folder.c" "$folder/main.c"
	echo 'int more(void);' >"$folder/more.h"
	printf '#include "more.h"\nextern const char some_code_ir[];\nint more(void)\n{\n\treturn some_code_ir[0];\n}\n' >"$folder/more.c"
	sed -i -e '1i #include "more.h"' -e 's/^int main(.*/int more_of_it(void);\nint more_of_it(void)\n{\n\treturn more();\n}\n\n&/' "$folder/main.c"
	printf '; a "module" \\\n' >"$folder/some-code.ll"

	extract
	[[ $output != *jobserver* ]]
	"a copy/build/libexec/bpf-linker/bpf-extract" --version | grep '^bpf-extract '
	# it is one tool, for this system
	sources=$(cd 'a copy' && printf '%s\n' common/*.c tools/bpf-driver.c tools/bpf-extract/*.{c,ll} |
		grep -vx -e common/main.c -e common/system-darwin.c)
	diff <(sort <<<"$sources") <(sed -n 's/^compile \(.*\) (extract)$/\1/p' <<<"$output" | sort)

	extract
	[[ ! $output ]]
	touch "$folder/more.h"
	extract -n
	[[ $output == *tools/bpf-extract/more.c* && $output != *common/* ]]
	extract
	diff <(printf '%s\n' "compile tools/bpf-extract/"{main,more}'.c (extract)' 'link build/libexec/bpf-linker/bpf-extract') \
		<(sort <<<"$output")
	touch "$folder/some-code.ll"
	extract V=1
	[[ $output == *' -O0 '*/some-code.ll.o*' -larchive '* && $output != *common/escape* ]]
	extract CPPFLAGS=-DNOTHING
	[[ $(grep -c ^compile <<<"$output") == "$(wc -l <<<"$sources")" ]]
}

@test "what fails is named, and the rest is not linked" {
	copy_project
	echo nonsense >>'a copy/common/escape.c'
	run make -C 'a copy' --no-print-directory BUILD=build -j2 CFLAGS=-O0 LLVM="$LLVM_MAJOR" build/libexec/bpf-linker/bpf-extract
	[[ $status == 2 && $output == *common/escape.c:*error:* && ! -e 'a copy/build/libexec/bpf-linker/bpf-extract' ]]
	sed -i '$d' 'a copy/common/escape.c'
	run make -C 'a copy' --no-print-directory BUILD=build -j2 CFLAGS=-O0 LLVM="$LLVM_MAJOR" ARCHIVE_LIBS= \
		build/libexec/bpf-linker/bpf-extract
	[[ $status == 2 && $output == *undefined*archive_* && ! -e 'a copy/build/libexec/bpf-linker/bpf-extract' ]]
}

# A line in one list is all that a new LLVM needs to be known.
@test "an LLVM that is added to the list" {
	copy_project
	new=$((${LLVMS%% *} + 1))
	sed -i "s/^  ${LLVMS%% *} .*/  $new experimental newest\n&/" 'a copy/scripts/dev/llvms.txt'
	mkdir bin
	printf '#!/bin/sh\nexec llvm-config-%s "$@"\n' "$LLVM_MAJOR" >"bin/llvm-config-$new"
	chmod +x "bin/llvm-config-$new"
	PATH=$PWD/bin:$PATH
	make() {
		command make -C 'a copy' --no-print-directory BUILD=build "$@"
	}

	[[ $(make show-SUPPORTED_LLVM) == "$new $LLVMS" && $(make show-NEWEST_LLVM) == "$new" ]]
	run -0 make -n
	[[ $output == *" LLVM=$new LLVM_CONFIG=$PWD/bin/llvm-config-$new toolset"* && $output == *" -DNEWEST_LLVM=$new "* ]]
	make build/bin/bpf-linker
	grep "NEWEST_LLVM='$new'" 'a copy/build/bin/bpf-linker'
	run -1 'a copy/scripts/dev/toolset'
	[[ $output == *" $new $LLVMS" ]]
	[[ $('a copy/scripts/dev/llvms' suite "$new") == experimental ]]
}

# --- Sources ---

@test "no file includes one that comes to include it: common/, and each tool" {
	cd "$ROOT"
	for folder in common tools/*/; do
		for file in "$folder"/*.[ch]; do
			name=${file##*/} name=${name%.*}
			sed -n "s/^#include \"\(.*\)\.h\"$/$name \1/p" "$file" | grep -vx "$name $name" || true
		done | tsort >/dev/null
	done
}

# function_lengths FILE...: FILE:LINE and the lines between the braces, as clang-format places them
function_lengths() {
	awk '/^\{$/ { start = FNR } /^}$/ && start { print FILENAME ":" start, FNR - start - 1; start = 0 }' "$@"
}

@test "no C file has more than 700 lines, no function more than 50" {
	cd "$ROOT"
	mapfile -t files < <(find common tools tests -name '*.[ch]')
	wc -l "${files[@]}" | awk '$2 != "total" && $1 > 700' >"$BATS_TEST_TMPDIR/long"
	function_lengths "${files[@]}" >"$BATS_TEST_TMPDIR/lengths"
	awk '$2 > 50' "$BATS_TEST_TMPDIR/lengths" >>"$BATS_TEST_TMPDIR/long"
	grep '^tools/bpf-opt/main\.c:' "$BATS_TEST_TMPDIR/lengths"
	diff /dev/null "$BATS_TEST_TMPDIR/long"
}

@test "analyze finds what is planted, by each of its programs" {
	local version
	version=$("$ROOT/scripts/dev/llvms" main)
	command -v "clang-tidy-$version" >/dev/null || { [[ ${CI:-} != true ]] && skip 'clang-tidy is not installed'; }
	echo 'int f(int x); int f(int x) { return x; }' >clean.c
	run -0 "$ROOT/scripts/dev/analyze" "$PWD/clean.c"
	[[ $output == 'analyze: nothing found in 1 files' ]]
	printf '#include <stdlib.h>\nint f(void); int f(void) { int *p = malloc(4); *p = 1; free(p); return *p; }\n' >freed.c
	run -1 "$ROOT/scripts/dev/analyze" "$PWD/freed.c"
	[[ $output == *analyzer-use-after-free* && $output == *clang-analyzer-unix.Malloc* ]]
	printf '#include <stdlib.h>\n#include <string.h>\nchar *f(const char *s); char *f(const char *s) { return malloc(strlen(s + 1)); }\n' >misplaced.c
	run -1 "$ROOT/scripts/dev/analyze" "$PWD/misplaced.c"
	[[ $output == *bugprone-misplaced-operator-in-strlen-in-alloc* ]]
}
