#!/usr/bin/env bats
# What a link does when system calls fail. `make check-faults` has all of them fail in turn; these are those
# that have made a difference, and some of the others.

load helper

setup_file() {
	command -v strace >/dev/null || { [[ ${CI:-} != true ]] && skip 'strace is not installed'; }
	strace -o "$BATS_FILE_TMPDIR/trace" true || skip 'strace cannot trace here'
	cd "$BATS_FILE_TMPDIR" || return
	cp "$FIXTURES"/calls.c .
	compile "$PWD/calls.c"
	compile calls-lib.c
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/*.bc .
	echo precious >out
}

# The path of the source that the debug info names.
source_file() {
	echo "$BATS_FILE_TMPDIR/calls.c"
}

# failing FAULT PATH COMMAND...: the calls on the path fail
failing() {
	strace -f -qq -o trace -P "$2" -e "inject=$1" "${@:3}"
}

@test "a source that cannot be opened or read for now is an error, and not another output" {
	for fault in openat:error=EMFILE openat:error=ENFILE read:error=EIO newfstatat:error=EIO stat:error=EIO fstat:error=EIO; do
		run --separate-stderr failing "$fault" "$(source_file)" bpf-debuginfo --btf -o out calls.bc
		grep -q INJECTED trace || continue # this machine has no such call
		# shellcheck disable=SC2154 # bats sets stderr
		[[ $status == 1 && $stderr == "bpf-debuginfo: error: $(source_file): "* && $(<out) == precious ]]
	done
	grep -q INJECTED trace || failing openat:error=EMFILE "$(source_file)" bpf-debuginfo --btf -o out calls.bc || true
	grep -q INJECTED trace
}

@test "a source that may not be read is not quoted" {
	bpf-debuginfo --btf --btf-source=none -o wanted calls.bc
	failing openat:error=EACCES "$(source_file)" bpf-debuginfo --btf -o out calls.bc
	grep -q INJECTED trace
	cmp out wanted
}

@test "a signal while a source is read changes nothing" {
	bpf-debuginfo --btf -o wanted calls.bc
	for call in openat read; do
		failing "$call:error=EINTR:when=1" "$(source_file)" bpf-debuginfo --btf -o out calls.bc
		grep -q INJECTED trace
		cmp out wanted
	done
}

# Not all file systems have files without a name.
@test "a stage that starts afresh leaves no temporary file" {
	mkdir dir
	bpf-merge calls.bc calls-lib.bc -o merged.bc 2>/dev/null
	failing openat:error=EOPNOTSUPP dir bpf-opt --dump-module=pre.ll merged.bc : bpf-codegen --dump-module=post.ll -o dir/out
	grep -q 'O_TMPFILE.*INJECTED' trace
	[[ $(ls -A dir) == out ]]
}

@test "--save-temps names its files without another program" {
	bpf-linker --btf -o object calls.bc calls-lib.bc
	mkdir temps
	PATH=/nowhere "$(command -v bpf-linker)" --btf --save-temps=temps -o out calls.bc calls-lib.bc
	cmp out object
	diff <(ls temps) - <<-'END'
		out.1-extract.tar
		out.2-merge.bc
		out.3-internalize.bc
		out.4-core.bc
		out.5-debuginfo.bc
		out.6-opt.bc
	END
}

@test "check-faults says what it tried, and finds nothing" {
	((EUID == 0)) || skip 'only root can mount a small disk'
	BUILD=$BUILT WORK=$PWD/faults LINK=1 run "$TESTS/../scripts/dev/check-faults" disk descriptors
	echo "$output"
	((status == 0))
	[[ ${lines[0]} =~ ^'disk: '[1-9][0-9]*' faults, 1 linked nevertheless, '[1-9][0-9]*' ended, 0 deviations'$ ]]
	[[ ${lines[1]} =~ ^'descriptors: '[1-9][0-9]*' faults, '.*', 0 deviations'$ ]]
}

@test "check-faults: an unknown part is an error" {
	run -2 --separate-stderr "$TESTS/../scripts/dev/check-faults" nothing
	[[ $stderr == "check-faults: error: there is no part 'nothing', but calls "* ]]
}
