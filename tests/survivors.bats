#!/usr/bin/env bats
# What survives a link is the same, whether bpf-linker reads what is reachable, or LLVM's own tools
# link everything and strip it down: the same symbols and sections, and the same behaviour in the
# kernel. Of random programs it is known beforehand what they answer and which symbols they show;
# the machine's own compiler and linker confirm the answers.
#
# 525 random programs by default; SEEDS=1000-2000 takes others, SEEDS=17 only that one. KEEP=DIR
# keeps their files, in DIR/SEED.

load helper

SEEDS=${SEEDS:-1-525}
PARTS=10
LINK=llvm-link-$LLVM_MAJOR
OPT=opt-$LLVM_MAJOR
LLC=llc-$LLVM_MAJOR

setup_file() {
	"${CC:-cc}" -std=c11 -O1 -Wall -Wextra -o "$BATS_FILE_TMPDIR/random-program" \
		"$TESTS"/random-program/*.c
}

teardown() {
	for PINS in "$PINS" "$PINS"-[01]; do
		unload
	done
}

# link_eagerly VISIBLE MODULE...: eager.o of all, in which VISIBLE (a,b) stay visible. With STRIP set,
# without debug info, as bpf-linker does it without --btf. With it, functions that have become internal
# need bpf-debuginfo's hand: the kernel would verify each on its own.
link_eagerly() {
	# What is common is allocated, as in every final link. --bpf-expand-memcpy-in-order keeps llc from
	# expanding a memset, which bpf-codegen does by itself.
	local debug_info=(bpf-debuginfo --btf)
	[[ ! $STRIP ]] || debug_info=(cat)
	"$LINK" -S "${@:2}" | sed 's/^\(@[^ ]* = \)common /\1/' |
		"$OPT" ${STRIP:+-strip-debug} -passes=internalize --internalize-public-api-list="$1" |
		"${debug_info[@]}" |
		"$OPT" -mcpu=generic -passes='default<O2>,dce' --cold-callsite-rel-freq=0 |
		"$LLC" -mcpu=generic -O3 -filetype=obj --bpf-disable-trap-unreachable -o eager.o
}

# describe NAME...: of NAME.o, what is to be the same, by sections, symbols that are not local, and
# variables. LLVM numbers names that occur twice. The size of code may differ: whether LLVM inlines a
# function depends on how many calls of it there are, also in functions that it drops later. From the
# code follow .debug_* and relocations; padding depends on the order of variables.
describe() {
	local name
	"$READELF" -sSW "${@/%/.o}" | awk -v name="$1" '
		/^File: / { name = substr($2, 1, length($2) - 2) }
		sub(/^ *\[ */, "") && sub(/\]/, "") && $1 + 0 {
			section[$1] = $2
			flags = $8 ~ /^[A-Z]+$/ ? $8 : "-"
			if ($2 !~ /^\.(debug_|rel)/)
				print "section", $2, $3, flags, flags ~ /S/ ? $6 : "" >(name ".description")
		}
		$5 ~ /^(GLOBAL|WEAK)$/ {
			print "visible", $8, $4, $5, $6, $7 == "UND" ? "undefined" : "defined" >(name ".description")
		}
		$4 == "OBJECT" {
			sub(/(\.[0-9]+)+$/, "", $8)
			print "variable", $8, section[$7], $3 >(name ".description")
		}'
	for name; do
		sort -o "$name.description" "$name.description"
	done
}

same_survive() {
	describe lazy eager
	diff eager.description lazy.description
}

# --- Random programs ---

# read_manifest: what random-program says
read_manifest() {
	local what words

	modules=() archives=() inputs=() options=() eager=() visible=() answers=()
	while read -r what words; do
		case $what in
		module) modules+=("$words") ;;
		archive) archives+=("$words") ;;
		input) read -ra inputs <<<"$words" ;;
		option) options+=("$words") ;;
		eager) read -ra eager <<<"$words" ;;
		visible) visible+=("$words") ;;
		answer) answers+=("$words") ;;
		esac
	done <manifest
	printf '%s\n' "${answers[@]}" >answers
}

compile_modules() {
	local module name flags

	for module in "${modules[@]}"; do
		read -r name flags <<<"$module"
		# shellcheck disable=SC2086 # several
		"$CLANG" -target bpf -w -fcommon $flags -emit-llvm -c -o "$name.bc" "$name.c" || return
	done
}

# archive_modules AR SUFFIX [PREFIX]: the archives of modules with this suffix
archive_modules() {
	local archive words members

	for archive in "${archives[@]}"; do
		read -ra words <<<"$archive"
		members=("${words[@]:1}")
		"$1" rcs "${3-}${words[0]}.a" "${members[@]/%/$2}" || return
	done
}

# As LLVM's tools do it, and by default, where what clang has optimized keeps its code.
link_lazily() {
	bpf-linker "${options[@]}" --passes='default<O2>,dce' -o lazy.o "${inputs[@]}" 2>warnings &&
		bpf-linker "${options[@]}" -o default.o "${inputs[@]}" 2>>warnings &&
		[[ ! -s warnings ]] || { cat warnings && return 1; }
}

shows_what_is_known() {
	local name

	describe default
	for name in lazy default; do
		diff <(printf 'visible %s defined\n' "${visible[@]}" | sort) <(grep '^visible' $name.description) ||
			return
	done
}

link_random_eagerly() {
	local names=("${visible[@]%% *}") STRIP=yes

	[[ ${options[0]-} != --btf ]] || STRIP=
	link_eagerly "$(IFS=, && echo "${names[*]}")" "${eager[@]/%/.bc}"
}

# The same files and archives, but in the order in which any ELF linker finds everything.
answers_on_host() {
	local files=("${inputs[@]/%*.a/}") archive libraries=()

	"${CC:-cc}" -w -fcommon -c host.c m?.c && archive_modules ar .o host- || return
	for archive in "${archives[@]}"; do
		libraries+=("host-${archive%% *}.a")
	done
	# shellcheck disable=SC2068 # what became empty is dropped
	"${CC:-cc}" -o host host.o ${files[@]/%.bc/.o} \
		-Wl,--no-warnings,--start-group "${libraries[@]}" -Wl,--end-group &&
		./host | diff answers -
}

# answers_in_kernel NAME: of NAME.o; returns 2 when the kernel refuses it
answers_in_kernel() {
	local program packet

	load_object "$1.o" >"$1.log" 2>&1 || return 2
	while read -r program packet _; do
		echo "$program $packet $(run_program "$program" "packet$packet")"
	done <answers | diff answers -
}

# --- Each seed, in the folder of its program ---

build_and_compare() {
	local modules archives inputs options eager visible answers

	"$BATS_FILE_TMPDIR/random-program" "$1" . &&
		read_manifest && compile_modules && archive_modules "$LLVM_AR" .bc &&
		link_lazily && answers_on_host || return
	if ((${#eager[@]})); then
		link_random_eagerly && same_survive || return
	else
		describe lazy
	fi
	shows_what_is_known
}

run_in_kernel() {
	local name status refused=()

	for name in lazy default eager; do
		[[ -e $name.o ]] || continue
		answers_in_kernel $name && continue
		(($? == 2)) || return 1
		refused+=("$name.log")
	done
	((${#refused[@]})) || return 0
	if [[ -e eager.o ]] && ((${#refused[@]} < 3)); then
		cat "${refused[@]}"
		return 1
	fi
	echo "$1" >>"$BATS_FILE_TMPDIR/refused"
}

# each FROM TO COMMAND: COMMAND SEED for each, two at a time
each() {
	local from=$1 to=$2 command=$3 worker workers=() failed=0

	for worker in 0 1; do
		work &
		workers+=($!)
	done
	for worker in "${workers[@]}"; do
		wait "$worker" || failed=1
	done
	return $failed
}

work() {
	local seed status=0

	trap - DEBUG # bats would look at each command
	PINS+=-$worker
	for ((seed = from + worker; seed <= to; seed += 2)); do
		mkdir -p "$FOLDER/$seed"
		cd "$FOLDER/$seed" || return
		if ! "$command" "$seed" >log 2>&1; then
			cat log
			echo "seed $seed: $command failed; SEEDS=$seed KEEP=DIR for this one alone"
			status=1
		fi
	done
	unload
	return $status
}

# part NUMBER: one of PARTS of the seeds
part() {
	local first=${SEEDS%-*} last=${SEEDS#*-} count from to

	count=$((last - first + 1))
	from=$((first + count * ($1 - 1) / PARTS))
	to=$((first + count * $1 / PARTS - 1))
	((from <= to)) || skip "SEEDS=$SEEDS are too few"
	FOLDER=${KEEP:-$BATS_TEST_TMPDIR}
	mkdir -p "$FOLDER"
	each $from $to build_and_compare
	need_kernel
	each $from $to run_in_kernel
	echo $((to - from + 1)) >>"$BATS_FILE_TMPDIR/run"
}

@test "random programs, part 1" {
	part 1
}

@test "random programs, part 2" {
	part 2
}

@test "random programs, part 3" {
	part 3
}

@test "random programs, part 4" {
	part 4
}

@test "random programs, part 5" {
	part 5
}

@test "random programs, part 6" {
	part 6
}

@test "random programs, part 7" {
	part 7
}

@test "random programs, part 8" {
	part 8
}

@test "random programs, part 9" {
	part 9
}

@test "random programs, part 10" {
	part 10
}

@test "the kernel refuses at most one random program in twenty" {
	need_kernel
	local run number=0

	[[ -e $BATS_FILE_TMPDIR/run ]] || skip "no part has run to its end"
	run=$(paste -sd + "$BATS_FILE_TMPDIR/run")
	[[ ! -e $BATS_FILE_TMPDIR/refused ]] || number=$(wc -l <"$BATS_FILE_TMPDIR/refused")
	echo "refused: $number of $((run))"
	((number * 20 <= run))
}

# --- The examples ---

@test "the C example" {
	cp "$TESTS"/examples/c/* .
	make CLANG="$CLANG" LLVM_AR="$LLVM_AR"
	mv program.bpf.o lazy.o
	link_eagerly LICENSE,dropped,count_and_drop,traffic program.bc count.bc
	same_survive

	need_kernel
	packet 6 80 >tcp
	packet 17 100 >udp
	head -c 60 /dev/zero >not-ip
	for object in lazy.o eager.o; do
		load_object $object
		[[ $(run_program count_and_drop tcp 5) == 2 ]]
		[[ $(run_program count_and_drop udp 3) == 1 ]]
		[[ $(run_program count_and_drop not-ip) == 2 ]]
		[[ $(map_value traffic 6) == 5 ]]
		[[ $(map_value traffic 6 8) == 400 ]]
		[[ $(map_value traffic 17) == 3 ]]
	done
}

@test "the Rust example" {
	local why members=() library

	why=$("$TESTS/../scripts/dev/bpf-cargo" --version 2>&1) || skip "$why"
	export KEEP=$PWD/kept CARGO_TARGET_DIR=$PWD/target CARGO_HOME=$PWD/home
	export CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER=$TESTS/bench/keep-inputs
	cp -r "$TESTS/examples/rust" .
	(cd rust && "$TESTS/../scripts/dev/bpf-cargo" build --release --target bpfel-unknown-none -Z build-std=core)
	mv target/bpfel-unknown-none/release/keep-ipv4 lazy.o
	for library in kept/*.rlib; do
		mkdir "${library%.rlib}"
		(cd "${library%.rlib}" && "$LLVM_AR" x "../${library##*/}")
	done
	STRIP=yes link_eagerly "$(paste -sd , kept/symbols)" kept/*.rcgu.o kept/*/*.rcgu.o
	same_survive

	need_kernel
	packet 17 >ipv4
	head -c 60 /dev/zero >other
	for object in lazy.o eager.o; do
		load_object $object
		[[ $(run_program keep_ipv4 ipv4 5) == 46 ]]
		[[ $(run_program keep_ipv4 other 2) == 0 ]]
		[[ $(global_value KEPT) == 5 ]]
		[[ $(global_value DROPPED) == 2 ]]
	done
}
