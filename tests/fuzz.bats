#!/usr/bin/env bats
# The fuzzers of our own parsers: they run on the inputs of tests/fuzz and for a moment beyond them, and
# a fault that was planted is found.

load helper

PROJECT=$(cd "$TESTS/.." && pwd -P)
# the clang that make builds them with
VERSION=$("$PROJECT/scripts/dev/llvms" main)

setup_file() {
	local why
	if ! echo 'int LLVMFuzzerTestOneInput(char *data, long size) { return 0; }' |
		"clang-$VERSION" -fsanitize=fuzzer,address -x c -o "$BATS_FILE_TMPDIR/try" - 2>"$BATS_FILE_TMPDIR/log"; then
		why="no libFuzzer here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
		[[ ${CI:-} != true ]] || { echo "$why" && return 1; }
		skip "$why"
	fi
}

# fuzzers: their names, in lines
fuzzers() {
	basename -s .c "$PROJECT"/tests/fuzz/*.c | grep -vx harness
}

@test "each fuzzer runs, and finds nothing" {
	export MAKEFLAGS=$MAKE_FLAGS
	run make -C "$PROJECT" --no-print-directory fuzz FUZZ_TIME=1
	echo "$output"
	((status == 0))
	grep -oE '^[a-z-]+: [1-9][0-9]* executions, [1-9][0-9]* edges covered, 0 found$' <<<"$output" | cut -d: -f1 >ran
	diff <(fuzzers) ran
}

@test "the inputs of tests/fuzz are of fuzzers that there are, and small" {
	# what inputs links is no code of its own, which could say what is worth keeping
	diff <(cd "$PROJECT/tests/fuzz/corpus" && ls) <(fuzzers | grep -vx inputs)
	(($(cat "$PROJECT"/tests/fuzz/{corpus,found}/* | wc -c) < 200000))
	for name in $(cd "$PROJECT/tests/fuzz/found" && ls); do
		fuzzers | grep -x "$name"
	done
}

# plant FILE SED: a copy of the project, in copy, whose fuzzer of demangle.c is built with FILE changed
plant() {
	mkdir -p copy/tests copy/build/fuzz
	cp -r "$PROJECT"/{common,scripts} copy
	cp -r "$PROJECT"/tests/{fuzz,fixtures} "$PROJECT"/tests/*.bats copy/tests
	sed -i "$2" "copy/$1"
	run ! cmp "$PROJECT/$1" "copy/$1"
	(cd copy && "clang-$VERSION" -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-D_GNU_SOURCE -Icommon -o build/fuzz/demangle common/demangle.c tests/fuzz/{demangle,harness}.c \
		"$BUILT/fuzz/objects-$VERSION/common.a")
}

# fuzz_copy SECONDS: runs it, and finds something
fuzz_copy() {
	BUILD=build FUZZ_TIME=$1 run -1 copy/scripts/dev/fuzz demangle
	[[ $output =~ 'demangle: '[0-9]+' executions, '[0-9]+' edges covered, 1 found' ]]
	[[ $output == *'/copy/build/fuzz/demangle.log has the report'* ]]
}

@test "what is wrong in memory is found, reported, and kept for the next run" {
	# no longer: whether a name ends before its length says
	plant common/demangle.c 's/if (strnlen(reader->next, identifier.length) < identifier.length)/if (false)/'
	fuzz_copy 60
	[[ $output == *'SUMMARY: AddressSanitizer: heap-buffer-overflow'*demangle.c* ]]
	grep -q 'READ of size' copy/build/fuzz/demangle.log
	compgen -G 'copy/build/fuzz/finds/demangle/crash-*'
	rm -r copy/build/fuzz/corpus
	fuzz_copy 60
	[[ $output =~ 'demangle: '[0-9]{1,3}' executions' ]]
}

@test "undefined behaviour is found" {
	plant common/demangle.c 's/value = 10 \* value + (\*reader->next - .0.)/value = 1 << (10 * value + (*reader->next - 48))/'
	fuzz_copy 60
	[[ $output == *'runtime error: shift exponent'* ]]
}

@test "an expectation that does not hold is found" {
	plant tests/fuzz/demangle.c 's/EXPECT(!path || \*path)/EXPECT(!path || !strchr(path, 60))/'
	fuzz_copy 60
	[[ $output == *'!strchr(path, 60) does not hold'* ]]
}

# link_by COMMAND: the outcome of a link by it, in place of bpf-linker
link_by() {
	printf '#!/bin/bash\n%s\n' "$1" >linker
	chmod 755 linker
	rm -rf finds outcome && mkdir finds
	FUZZ_LINKER=$PWD/linker FUZZ_OUTCOMES=$PWD/outcome FUZZ_FINDS=$PWD/finds "$BUILT/fuzz/inputs" input 2>log
	tail -n 1 outcome
}

@test "a link that does not end as it must is found, and its input kept" {
	echo damaged >input
	[[ $(link_by 'exit 3') == found ]]
	cmp input "$(find finds -name 'status-*-0')"
	[[ $(link_by 'echo "bpf-merge: error: mutant: no"; exit 1') == refused && ! $(ls finds) ]]
	[[ $(link_by 'echo "bpf-merge: warning: x"; cp '"$BATS_TEST_TMPDIR"'/input out') == found ]]
	while IFS=$'\t' read -r find command; do
		[[ $(link_by "$command") == found ]] || { echo "$find" && return 1; }
		compgen -G "finds/$find-*" || { ls finds && return 1; }
	done <<-'END'
		status	exit 3
		status	kill -SEGV $$
		no-error	exit 1
		too-many-errors	echo "bpf-opt: error: mutant"; echo "bpf-opt: error: mutant"; exit 1
		error-without-input	echo "bpf-merge: error: <stdin>: no"; exit 1
		message-of-another	echo "bpf-merge: error: mutant: no"; echo oops; exit 1
		output-touched	echo "bpf-merge: error: mutant: no"; : >out; exit 1
		no-object	exit 0
		file-left	echo "bpf-merge: error: mutant: no"; : >.temporary; exit 1
		file-left	echo "bpf-merge: error: mutant: no"; : >$TMPDIR/x; exit 1
		process-left	echo "bpf-merge: error: mutant: no"; sleep 9 & exit 1
	END
}

@test "an unknown fuzzer is an error" {
	run -1 --separate-stderr "$PROJECT/scripts/dev/fuzz" nothing
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == "fuzz: error: no fuzzer 'nothing' in "* ]]
}
