#!/usr/bin/env bats
# BPF programs of Debian's packages load as clang's own objects do; `make check-corpus` takes all of them.

load helper

@test "no program of the sample of the corpora is lost" {
	need_kernel
	cd "$TESTS/.."
	mapfile -t patterns < <(grep -v '^#' "$TESTS/corpus/sample")
	run -0 scripts/dev/check-corpus "${patterns[@]}"
	cat "$BUILT/corpus/table.txt"
	# a source that the mirror lacks is left out, but not all of them
	(($(awk '$1 == "all" { print $7 }' "$BUILT/corpus/table.txt") > 100))
}
