# What the tests share. Each test runs in an empty directory of its own.

bats_require_minimum_version 1.5.0

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
FIXTURES=$TESTS/fixtures
# the build to test, as make has it
BUILT=$(cd "$TESTS/../${BUILD:-build}" && pwd)
PATH=$BUILT/bin:$PATH
# of its toolsets TOOLSET, a version or any, or else the newest
if [[ ${TOOLSET:-} ]]; then
	PATH=$BUILT/libexec/bpf-linker/llvm-$TOOLSET:$PATH
	export BPF_LINKER_LLVM=$TOOLSET
fi

LLVM_MAJOR=${LLVM_MAJOR:-$(bpf-merge --version | sed -n 's/.*LLVM \([0-9]*\).*/\1/p')}
export CLANG=clang-$LLVM_MAJOR
export LLVM_AR=llvm-ar-$LLVM_MAJOR
export OBJDUMP=llvm-objdump-$LLVM_MAJOR
export READELF=llvm-readelf-$LLVM_MAJOR

# <asm/types.h> is where clang does not look when the target is bpf.
BPF_CFLAGS=(-target bpf -O2 -g -Wall -idirafter "/usr/include/$(uname -m)-linux-gnu")

# What a make above was told is not for the examples' make.
MAKE_FLAGS=${MAKE_FLAGS-${MAKEFLAGS:-}}
unset MAKEFLAGS MAKELEVEL MFLAGS

PINS=/sys/fs/bpf/bpf-linker-test-$$

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	unload
}

# install_copy: an installation with the toolset that is tested and no other, in stubs/, and first in
# PATH
install_copy() {
	local toolset
	toolset=$(dirname "$(readlink -f "$(command -v bpf-merge)")")
	mkdir -p stubs/bin "stubs/libexec/bpf-linker/${toolset##*/}"
	cp "$BUILT/bin/bpf-linker" stubs/bin
	cp "$BUILT/libexec/bpf-linker"/bpf-{extract,driver} stubs/libexec/bpf-linker
	cp "$toolset"/* "stubs/libexec/bpf-linker/${toolset##*/}"
	PATH=$PWD/stubs/bin:$PATH
}

# compile FILE.c [FLAG...]: FILE.c of the working directory or of the fixtures into FILE.bc
compile() {
	local source=$1 name=${1##*/}
	shift
	[[ -e $source ]] || source=$FIXTURES/$source
	"$CLANG" "${BPF_CFLAGS[@]}" "$@" -emit-llvm -c -o "${name%.c}.bc" "$source"
}

# compile_core_program: core.bc, which includes all of the kernel's types
compile_core_program() {
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h
	cp "$FIXTURES/core/core.c" .
	compile core.c -I .
}

# one_error PATTERN COMMAND...: COMMAND exits 1, and says one line that matches the glob PATTERN
one_error() {
	local pattern=$1
	shift
	run --separate-stderr "$@"
	# shellcheck disable=SC2154,SC2053 # bats sets stderr; the pattern is one
	if [[ $status != 1 || $stderr == *$'\n'* || $stderr != $pattern ]]; then
		printf '%s\n' "wanted: status 1, $pattern" "got: status $status, $stderr"
		return 1
	fi
}

# Skips the test where the kernel does not take BPF programs from us; in CI that is a failure.
need_kernel() {
	local why=

	if ((EUID)); then
		why="only root can load BPF programs"
	elif ! mountpoint -q /sys/fs/bpf && ! mount -t bpf bpf /sys/fs/bpf; then
		why="/sys/fs/bpf cannot be mounted"
	elif ! bpftool prog list >/dev/null; then
		why="the kernel refuses BPF"
	fi
	[[ $why ]] || return 0
	[[ ${CI:-} != true ]] || { echo "$why" && return 1; }
	skip "$why"
}

# Skips the test where no terminal can be made, as in a root without devices.
need_terminal() {
	script -qec true /dev/null >/dev/null || skip "no pseudo-terminal can be had here"
	[[ ${EMULATED_TERMINAL-yes} == yes ]] ||
		skip "emulated programs see no terminal: their C library is newer than the emulator"
}

# load_object OBJECT: its programs and maps, pinned under their names
load_object() {
	unload
	OBJECT=$1
	bpftool prog loadall "$OBJECT" "$PINS" pinmaps "$PINS/maps"
}

unload() {
	[[ ! -e $PINS ]] || rm -r "$PINS"
}

# run_program NAME FILE [REPEAT]: prints what the loaded program returns for the packet in FILE
run_program() {
	bpftool prog run pinned "$PINS/$1" data_in "$2" repeat "${3:-1}" |
		sed -n 's/^Return value: \([0-9]*\).*/\1/p'
}

# map_bytes MAP KEY: the value under the 32-bit KEY, a hexadecimal byte a line
map_bytes() {
	local key=$2

	bpftool -j map lookup pinned "$PINS/maps/$1" key $((key & 255)) $((key >> 8 & 255)) \
		$((key >> 16 & 255)) $((key >> 24)) |
		sed 's/.*"value":\[\([^]]*\)\].*/\1/; s/"\(0x\)\?//g' | tr , '\n'
}

# map_value MAP KEY [SKIP [SIZE]]: the number in SIZE (8) bytes at SKIP (0) of KEY's value
map_value() {
	local skip=${3:-0} size=${4:-8} bytes number='' i

	mapfile -t -s "$skip" -n "$size" bytes < <(map_bytes "$1" "$2")
	((${#bytes[@]} == size)) || return
	for ((i = size; i > 0; i--)); do
		number+=${bytes[i - 1]}
	done
	echo $((16#$number))
}

# global_value NAME: the loaded object's global variable NAME
global_value() {
	local offset section size

	read -r offset section size < <("$OBJDUMP" -t "$OBJECT" | awk -v name="$1" \
		'$NF == name { print $1, $(NF - 2), $(NF - 1) }') || return
	map_value "$(cd "$PINS/maps" && echo *"${section/./_}")" 0 $((16#$offset)) $((16#$size))
}

# packet PROTOCOL [SIZE]: writes an Ethernet frame with an IPv4 packet of PROTOCOL
packet() {
	printf '%b' '\0\0\0\0\0\1\0\0\0\0\0\2\x08\0\x45' "$(printf '\\0%.0s' {1..8})" \
		"\\x$(printf %x "$1")"
	head -c $((${2:-60} - 24)) /dev/zero
}

# absent ARGUMENT...: grep with these finds nothing
absent() {
	if grep "$@"; then
		echo "the above was not wanted"
		return 1
	fi
}

# How what bpftool prints in C is compiled.
C_OF_BTF=("$CLANG" -target bpf -DBPF_NO_PRESERVE_ACCESS_INDEX -w -fsyntax-only)

# dump_btf OBJECT: its BTF as bpftool prints it, in types.raw and types.h; the latter is good C
dump_btf() {
	bpftool btf dump file "$1" format raw >types.raw
	# bpftool 7.5 leaves out a type when it sorts them
	bpftool btf dump file "$1" format c unsorted >types.h 2>/dev/null ||
		bpftool btf dump file "$1" format c >types.h
	"${C_OF_BTF[@]}" types.h
}

# types_of OBJECT: its BTF, but for the order of the forward declarations at its end, which LLVM takes
# from where they are in memory
types_of() {
	bpftool btf dump file "$1" format raw >"$1.raw"
	awk 'FNR == NR {
			if ($2 == "FWD")
				forward[substr($1, 2, length($1) - 2)] = $2 " " $3 " " $4
			next
		}
		$2 != "FWD" {
			for (i = 1; i <= NF; i++)
				if (split($i, word, "=") == 2 && word[1] ~ /type_id$/ && word[2] in forward)
					$i = word[1] "=" forward[word[2]]
			print
		}
		END {
			for (id in forward)
				print forward[id] | "LC_ALL=C sort"
		}' "$1.raw" "$1.raw"
}

# c_says OBJECT: what standard input says in C holds for the types of OBJECT's BTF
c_says() {
	dump_btf "$1"
	cat - >says.c
	"${C_OF_BTF[@]}" -include types.h says.c
}

# load_with_btf OBJECT: the kernel takes it, its BTF, and a prototype of each of its functions
load_with_btf() {
	local program

	unload
	OBJECT=$1
	bpftool --debug prog loadall "$OBJECT" "$PINS" pinmaps "$PINS/maps" >load.log 2>&1 ||
		{ tail -n 30 load.log && return 1; }
	# libbpf goes on without BTF that the kernel refuses
	absent -E -A 3 'BTF.*(error|Error|ignoring)|missing .BTF.ext|Invalid' load.log || return
	for program in "$PINS"/*; do
		[[ -f $program ]] || continue
		bpftool -j prog show pinned "$program" | jq -e .btf_id || { echo "no BTF: $program" && return 1; }
		[[ $(bpftool prog dump xlated pinned "$program" | head -n 1) == *\(*\): ]] ||
			{ echo "no prototype: $program" && return 1; }
	done
}

# prototypes_of PROGRAM: those of the loaded program's functions
prototypes_of() {
	bpftool prog dump xlated pinned "$PINS/$1" | sed -n 's/^\([a-z].*(.*)\):$/\1/p' | LC_ALL=C sort
}

# types in the order of their texts, where another order gives them other numbers
without_numbers() {
	sed -E 's/^\[[0-9]+\]//; s/type_id=[0-9]+/type_id/g' | LC_ALL=C sort
}

# map_agrees MAP OBJECT: the map has each function and variable that the object has, where it is, with
# its size and, of a function, its instructions; and no other
map_agrees() {
	local value size type index name section=()

	while read -r index name; do
		section[index]=$name
	done < <("$READELF" -SW "$2" | sed -nE 's/^ *\[ *([0-9]+)\] ([^ ]+) .*/\1 \2/p')
	while read -r _ value size type _ _ index name; do
		case $type in
		FUNC) echo "function $((16#$value)) $size $((size / 8)) ${section[index]} $name" ;;
		OBJECT) echo "variable $((16#$value)) $size - ${section[index]} $name" ;;
		esac
	done < <("$READELF" -sW "$2") | sort >of-object
	awk '$5 ~ /^(function|variable)$/ && $1 != "-" { print $5, $1, $2, $3, $6, $8 }' "$1" | sort >of-map
	[[ -s of-object ]]
	diff of-object of-map
}

# in_map MAP KIND SYMBOL: columns 3, 4, 7 and those from 9 on of its line
in_map() {
	awk -v kind="$2" -v symbol="$3" '$5 == kind && $8 == symbol {
		printf "%s %s %s", $3, $4, $7
		for (i = 9; i <= NF; i++)
			printf " %s", $i
		print "" }' "$1"
}
