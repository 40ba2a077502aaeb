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

# The signal comes at each of the calls in turn; what bpf-opt was to write to dir/out is then there in full, or as
# before, a file or empty for nothing, and nothing else.
ended_by() {
	local signal=$1 before=$2 call=$3 at name

	for ((at = 1; ; at++)); do
		rm -rf dir && mkdir dir
		[[ ! $before ]] || cp "$before" dir/out
		{ strace -qq -o trace -e "trace=$call" -e "inject=$call:signal=$signal:when=$at" bpf-opt -o dir/out merged.bc || :; } 2>log
		grep -q "$signal" trace || break
		for name in dir/* dir/.[!.]*; do
			case $name in
			dir/\* | 'dir/.[!.]*') ;;
			dir/out) cmp dir/out wanted || cmp dir/out "$before" ;;
			*) echo "SIG$signal at $call, number $at, leaves $name" && return 1 ;;
			esac
		done
	done
	((at > 1))
}

@test "what kills a stage while it makes a file leaves no other, and what ends it, none where it replaces one" {
	bpf-merge calls.bc calls-lib.bc -o merged.bc 2>/dev/null
	bpf-opt -o wanted merged.bc
	mkdir dir
	strace -qq -o trace -e trace=linkat bpf-opt -o dir/out merged.bc
	[[ -s trace ]] || skip 'no file without a name here'
	for call in openat fcntl linkat close exit_group; do
		ended_by KILL '' "$call"
	done
	for call in openat fcntl linkat rename close; do
		ended_by TERM out "$call"
	done
}

# with_descriptors LIMIT COMMAND...: COMMAND, a script, by dash, and nothing is open but standard files
with_descriptors() {
	# shellcheck disable=SC2016 # the other shell expands it
	bash -c '
		for file in /proc/self/fd/*; do
			file=${file##*/}
			((file < 3)) || exec {file}>&-
		done
		ulimit -n "$1" && exec dash "${@:2}"' bash "$@"
}

@test "with hardly a descriptor, a link ends well or with one error" {
	local limit ended options
	command -v dash >/dev/null || skip 'no dash, which keeps in another descriptor what it redirects'
	for options in '' --save-temps=temps '--log-file=log --dump-module=dump/'; do
		ended=0
		for limit in 11 12 13; do
			# shellcheck disable=SC2086 # words
			run --separate-stderr with_descriptors "$limit" "$(command -v bpf-linker)" $options -o out calls.bc calls-lib.bc
			# shellcheck disable=SC2154 # bats sets stderr
			echo "$options, $limit: $status, $stderr"
			case $status in
			0) [[ ! $stderr ]] && rm out ;;
			1) [[ $stderr == 'bpf-linker: error: the stages cannot be run: too few processes or descriptors' ]] && ended=1 ;;
			*) return 1 ;;
			esac
		done
		((ended))
	done
}

@test "with hardly a process, a link ends well or with one error" {
	local limit options
	((EUID == 0)) || skip 'only root can become a user with no other process'
	command -v dash >/dev/null || skip 'no dash: others try again'
	chmod 777 .
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	setpriv --reuid 70001 --regid 70000 --clear-groups test -r "$(command -v bpf-linker)" ||
		skip 'another user cannot read the tools where they are'
	for options in '' --save-temps=temps '--log-file=log --dump-module=dump/'; do
		for limit in 1 2 3; do
			# shellcheck disable=SC2016,SC2086 # the other shell expands it; words
			run --separate-stderr setpriv --reuid $((70000 + limit)) --regid 70000 --clear-groups bash -c '
				ulimit -u "$1" && exec dash "${@:2}"' bash "$limit" "$(command -v bpf-linker)" $options -o out calls.bc calls-lib.bc
			echo "$options, $limit: $status, $stderr"
			case $status in
			0) [[ ! $stderr ]] && rm out ;;
			1) [[ $stderr == 'bpf-'*': error: '* && $stderr != *$'\n'* ]] ;;
			*) return 1 ;;
			esac
			rm -rf temps log dump
		done
	done
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
