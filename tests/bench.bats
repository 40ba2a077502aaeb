#!/usr/bin/env bats
# The benchmark: what it measures is right, and it says what it could not measure. How fast anything
# is, is not tested here.

load helper

# bench CASE...: with two runs of each linker, in a folder of its own, which holds no one-process
bench() {
	mkdir -p build
	ln -sfn "$(cd "${TESTS}/../${BUILD:-build}" && pwd)"/{bin,libexec} build
	mkdir -p home/.cargo/bin
	ln -sf "$PWD/upstream" home/.cargo/bin/bpf-linker
	run -0 --separate-stderr env HOME="$PWD/home" BUILD="$PWD/build" RUNS=2 BUDGET=0 \
		"$TESTS/../scripts/dev/bench" "$@"
}

# upstream_is COMMAND...: what the script that stands for upstream's linker runs
upstream_is() {
	printf '%s\n' '#!/bin/sh' "$@" >upstream
	chmod +x upstream
}

# holds FILTER: true of the linkers of two-files, by name
holds() {
	jq -e '.cases[] | select(.case == "two-files").linkers |
		map({key: .linker, value: .}) | from_entries | '"$1" build/bench/results.json ||
		{ cat build/bench/results.json && return 1; }
}

@test "time, ratio and memory of each linker, and the goals that hold" {
	# shellcheck disable=SC2016
	upstream_is 'sleep 0.5' 'exec bpf-linker "$@"'
	bench two-files unused-7
	holds '.["bpf-linker"] | .runs == 2 and .milliseconds.median > 1 and
		.milliseconds.quartiles[0] <= .milliseconds.median and
		.peak_megabytes.largest > 5 and .peak_megabytes.together > .peak_megabytes.largest * 1.2'
	holds '.upstream | .runs == 2 and .milliseconds.median > 500 and .goal == 1 and .held and
		.cpu_milliseconds.median < 500 and .cpu_ratio.median > 0.5 and
		.ratio.median > 0 and .ratio.median < 0.8 and .ratio.quartiles[0] <= .ratio.quartiles[1]'
	holds '.["by-hand"] | .ratio.median > 0 and .peak_megabytes.together > .peak_megabytes.largest * 1.5'
	[[ $output == case*bpf-linker*upstream*unused-7*bpf-linker*upstream* ]]
	awk -F '\t' '$1 == "two-files" && $2 == "upstream" && $8 == 1 && $9 == "yes" { found = 1 }
		END { exit !found }' build/bench/table.tsv
	# the raw times: two rounds, bpf-linker and upstream in both
	jq -e 'length == 2 and all(.[]; .results | map(.command) | contains(["bpf-linker", "upstream"]))' \
		build/bench/two-files.json
}

@test "a goal that is missed, in time and in memory" {
	upstream_is 'cp bpf-linker.o upstream.o'
	bench two-files
	holds '.upstream | .held == false and .memory_held == false and .ratio.median > 1.5'
	awk -F '\t' '$2 == "upstream" && $9 == "no" && $14 ~ /memory/ { found = 1 } END { exit !found }' \
		build/bench/table.tsv
}

@test "which linkers are missing, and why" {
	bench two-files
	holds ".upstream.missing == \"$PWD/home/.cargo/bin/bpf-linker is not installed\""
	holds '.floor.missing | endswith("one-process is not installed")'
	[[ $output == *"missing: upstream in two-files: "*"bpf-linker is not installed"* ]]

	upstream_is 'echo reading >&2' 'echo upstream: error: no, thanks >&2' 'exit 1'
	bench two-files
	holds '.upstream.missing == "upstream: error: no, thanks"'

	upstream_is 'bpf-linker -o upstream.o ../count.bc'
	bench two-files
	holds '.upstream.missing | startswith("its object lacks count_and_drop")'
}

@test "inputs are made once" {
	bench unused-3-nodebug
	cd build/bench/inputs-"$LLVM_MAJOR"/unused-3-nodebug
	"$LLVM_AR" t library.a | grep member
	touch mark
	cd "$BATS_TEST_TMPDIR"
	bench unused-3-nodebug
	[[ -e build/bench/inputs-$LLVM_MAJOR/unused-3-nodebug/mark ]]
	rm -r build/bench/inputs-*
	bench unused-3-nodebug
	[[ -e build/bench/inputs-$LLVM_MAJOR/unused-3-nodebug/library.a ]]
	[[ ! -e build/bench/inputs-$LLVM_MAJOR/unused-3-nodebug/mark ]]
}

@test "a case that cannot be prepared, for want of cargo's registry: the others go on" {
	export CARGO_HOME=$PWD/empty CARGO_NET_OFFLINE=true
	bench aya-btf two-files
	jq -e '.cases[0] | .case == "aya-btf" and (.missing | startswith("cannot be prepared: "))' \
		build/bench/results.json
	holds '.["bpf-linker"].runs == 2'
	[[ $output == *aya-btf*'cannot be prepared: '*two-files* ]]
}

@test "ten links at once, of which memory is that of one" {
	# shellcheck disable=SC2016
	upstream_is 'exec bpf-linker "$@"'
	bench ten-btf
	jq -e '.cases[0].linkers | map({key: .linker, value: .}) | from_entries |
		.upstream.runs == 2 and .upstream.ratio.median > 0.2 and .upstream.ratio.median < 5' build/bench/results.json
	for i in {1..10}; do
		cmp "build/bench/inputs-$LLVM_MAJOR/ten/link/upstream.$i.o" "build/bench/inputs-$LLVM_MAJOR/ten/link/bpf-linker.$i.o"
	done
}

@test "the chart" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	# shellcheck disable=SC2016
	upstream_is 'exec bpf-linker "$@"'
	bench one-file-btf large
	grep -c '>one-file-btf<' build/bench/chart.svg
	grep -c '>large<' build/bench/chart.svg
}

@test "an UPSTREAM that is not there, before anything is run" {
	UPSTREAM=$PWD/nothing BUILD=$BUILT one_error "bench: error: UPSTREAM is '$PWD/nothing', which is no program" \
		"$TESTS/../scripts/dev/bench" two-files
}

@test "a case that does not exist" {
	local name
	for name in unused- rust-nodebug two-files-fast; do
		one_error "bench: error: there is no case '$name', but one-file-btf *" \
			"$TESTS/../scripts/dev/bench" "$name"
	done
}
