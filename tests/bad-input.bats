#!/usr/bin/env bats
# Input that is damaged or not there, output that cannot be written: one clear error, exit status 1,
# the old output as it was, nothing left behind. By the driver, and by the stages in a pipe.

load helper

# program.bc and debug.bc are a program, without and with debug info; library.bc what it calls.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	compile calls.c && mv calls.bc debug.bc
	compile calls.c -g0 && mv calls.bc program.bc
	compile calls-lib.c -g0 && mv calls-lib.bc library.bc
	"$CLANG" "${BPF_CFLAGS[@]}" -g0 -emit-llvm -S -o program.ll "$FIXTURES/calls.c"
	"$CLANG" "${BPF_CFLAGS[@]}" -g0 -fembed-bitcode -c -o program.o "$FIXTURES/calls.c"
	echo 'int number(int x) { return x; }' >number.c
	"$CLANG" -target arm64-apple-macos -O2 -fembed-bitcode -c -o macho.o number.c
	"$LLVM_AR" rcs library.a program.bc library.bc
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/* .
	mkdir dir
	echo precious >dir/out
}

teardown() {
	[[ ! -e "$BATS_TEST_TMPDIR/mounted" ]] || umount "$BATS_TEST_TMPDIR/full"
}

# --- What these tests share ---

driver() {
	timeout 20 bpf-linker -o dir/out "$@"
}

by_hand() {
	timeout 20 bpf-extract "$@" | bpf-merge | bpf-internalize | bpf-opt -O2 |
		timeout 20 bpf-codegen -o dir/out
}

# untouched: dir/out is what it was, and alone
untouched() {
	[[ $(<dir/out) == precious && $(ls -A dir) == out ]] ||
		{ echo "in dir: $(ls -A dir)" && return 1; }
}

# refused PATTERN INPUT...: the link ends in one error that matches PATTERN, however it is done
refused() {
	one_error "$1" driver "${@:2}" && untouched &&
		one_error "$1" by_hand "${@:2}" && untouched
}

# sound INPUT...: the link ends in an object or in one error. Warnings may come before it.
sound() {
	local link errors
	for link in ${LINKS:-driver}; do
		echo precious >dir/out
		run --separate-stderr "$link" "$@"
		# shellcheck disable=SC2154 # bats sets stderr
		errors=$(grep -vE '^bpf-[a-z]+: warning: ' <<<"$stderr") || true
		case $status in
		0) [[ ! $errors ]] && is_object dir/out && [[ $(ls -A dir) == out ]] && continue ;;
		1) [[ $errors == 'bpf-'*': error: '* && $errors != *$'\n'* ]] && untouched && continue ;;
		esac
		echo "$link $*: status $status, $stderr"
		return 1
	done
}

is_object() {
	"$READELF" -h "$1" >header 2>&1 && grep -q 'Machine: *EM_BPF' header
}

# flip FILE OFFSET MASK [LENGTH]: FILE with the bits of MASK flipped in the bytes at OFFSET
flip() {
	perl -0777 -pe 'substr($_, '"$2, ${4:-1}"') ^= chr('"$3"') x '"${4:-1}" "$1"
}

# cut FILE SIZE: the first SIZE bytes; less the last -SIZE where it is negative
cut() {
	head -c "$2" "$1"
}

# without_privileges COMMAND...: the permissions of files count for root too
without_privileges() {
	if ((EUID)); then
		"$@"
	else
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	fi
}

# --- What is no input ---

@test "nothing: an empty file, standard input without a word, no such file, a directory" {
	: >empty
	mkdir folder
	refused 'bpf-extract: error: empty: is empty' program.bc empty
	refused 'bpf-extract: error: nowhere.bc: No such file or directory' program.bc nowhere.bc
	refused 'bpf-extract: error: folder: is a directory' program.bc folder
	refused 'bpf-extract: error: program.bc/x: Not a directory' program.bc/x
}

@test "empty standard input" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdin>: is empty" $tool -o dir/out </dev/null
		untouched
	done
	refused 'bpf-extract: error: <stdin>: is empty' - </dev/null
}

@test "closed standard input" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdin>: Bad file descriptor" bash -c "$tool -o dir/out <&-"
		untouched
	done
	one_error 'bpf-extract: error: <stdin>: *' bash -c 'bpf-linker -o dir/out - <&-'
	untouched
	bash -c 'bpf-linker -o dir/out program.bc library.bc <&-'
	is_object dir/out
}

@test "text, and files of other kinds" {
	echo hello >hello.txt
	tar -cf files.tar number.c
	gzip -k program.bc
	head -c 5000 /dev/urandom >random
	head -c 5000 /dev/zero >zeros
	for input in number.c hello.txt files.tar program.bc.gz random zeros; do
		refused "bpf-extract: error: $input: is neither bitcode, textual IR, an object file nor an archive" \
			program.bc $input
	done
}

@test "the stages refuse what is for another" {
	bpf-extract program.bc >stream.tar
	for tool in bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: stream.tar: is a stream of modules, *" $tool stream.tar
		one_error "$tool: error: number.c: is neither *" $tool number.c
		one_error "$tool: error: program.o: is neither *" $tool program.o
	done
	one_error 'bpf-merge: error: program.o: is neither *; bpf-extract reads *' bpf-merge program.o
	one_error 'bpf-merge: error: library.a: is neither *; bpf-extract reads *' bpf-merge library.a
}

@test "an unreadable file" {
	without_privileges true || skip 'privileges cannot be dropped'
	chmod 000 library.bc
	[[ ! $(without_privileges cat library.bc 2>&1 >/dev/null) == '' ]]
	one_error 'bpf-extract: error: library.bc: Permission denied' \
		without_privileges bpf-linker -o dir/out program.bc library.bc
	untouched
}

@test "a reading error" {
	# the memory of a process cannot be read at its start
	one_error 'bpf-extract: error: /proc/self/mem: Input/output error' \
		bpf-extract -o dir/out /proc/self/mem
	untouched
}

# --- What is cut off ---

@test "cut bitcode" {
	for file in program.bc debug.bc; do
		for size in 1 2 3; do
			cut $file $size >in
			refused 'bpf-extract: error: in: is neither *' in
		done
		for size in 4 8 19 20 21 100 1000 2000 -100 -4 -1; do
			cut $file $size >in
			refused 'bpf-merge: error: in: *' in
		done
	done
}

@test "cut wrapped bitcode" {
	{ printf '\xde\xc0\x17\x0b\0\0\0\0\x14\0\0\0\x00\x10\0\0\x07\0\0\0' && cat program.bc; } >wrapped
	for size in 4 8 12 19 20 24 1000 -4; do
		cut wrapped $size >in
		refused 'bpf-*: error: in: *' in
	done
}

@test "cut textual IR" {
	for size in 30 100 700 -600 -20; do
		cut program.ll $size >in
		[[ $(tail -c 1 in) ]]
		refused 'bpf-*: error: in: *' in
	done
}

@test "cut object files" {
	for file in program.o macho.o; do
		for size in 4 5 20 63 64 600 -100 -1; do
			cut $file $size >in
			refused 'bpf-extract: error: in: *' in
		done
	done
}

@test "an archive cut at any place" {
	size=$(stat -c %s library.a)
	for place in 9 67 68 72 100 1000 $((size - 1000)) $((size - 2)); do
		cut library.a $place >in.a
		refused 'bpf-extract: error: in.a: *' in.a
	done
	cut library.a 1000 >in.a
	refused "bpf-extract: error: in.a: *'program.bc'*" in.a
}

@test "a stream cut at any place" {
	bpf-extract program.bc library.bc >stream.tar
	second=$(tar -tRf stream.tar | sed -n 's/^block \([0-9]*\): library.bc/\1/p')
	end=$(tar -tRf stream.tar | sed -n 's/^block \([0-9]*\): \*.*/\1/p')
	for size in 100 257 300 512 1000 $((second * 512)) $((second * 512 + 300)) \
		$((second * 512 + 512)) $((second * 512 + 2000)) $((end * 512)); do
		cut stream.tar $size >in.tar
		one_error 'bpf-merge: error: in.tar: *' bpf-merge -o dir/out in.tar || { echo "$size" && return 1; }
		untouched
	done
}

# --- What is damaged ---

@test "a flipped byte every 64 bytes, in bitcode" {
	size=$(stat -c %s program.bc)
	for ((offset = 0; offset < size; offset += 64)); do
		flip program.bc $offset 0xff >in
		sound -O2 in library.bc
	done
	for ((offset = 21; offset < size; offset += 64)); do
		flip program.bc $offset 1 >in
		LINKS=by_hand sound in library.bc
	done
}

@test "a flipped byte every 64 bytes, in bitcode with debug info" {
	size=$(stat -c %s debug.bc)
	for ((offset = 0; offset < size; offset += 64)); do
		flip debug.bc $offset 0xff >in
		sound --btf -O2 in library.bc
	done
	for ((offset = 21; offset < size; offset += 128)); do
		flip debug.bc $offset 1 >in
		LINKS=by_hand sound in library.bc
	done
}

@test "a flipped byte every 64 bytes, in a member of an archive" {
	size=$(stat -c %s library.a)
	for ((offset = 0; offset < size; offset += 64)); do
		flip library.a $offset 0x10 >in.a
		sound program.ll in.a
	done
}

@test "a flipped byte every 64 bytes, in textual IR" {
	size=$(stat -c %s program.ll)
	for ((offset = 0; offset < size; offset += 64)); do
		flip program.ll $offset 0x04 >in
		sound in library.bc
	done
}

@test "a damaged ELF header" {
	# offset, length: class, byte order, version, type, machine, version, entry, section table,
	# flags, header size, section size, section count, section of names
	for field in '4 1' '5 1' '6 1' '16 2' '18 2' '20 4' '24 8' '40 8' '40 1' '47 1' '48 4' '52 2' '58 2' \
		'60 2' '60 1' '62 2' '62 1'; do
		flip program.o "${field% *}" 0xff "${field#* }" >in
		sound in library.bc
		flip program.o "${field% *}" 0x01 "${field#* }" >in
		LINKS=by_hand sound in library.bc
	done
	for field in '4 1' '40 8' '47 1' '58 2' '62 2'; do
		flip program.o "${field% *}" 0xff "${field#* }" >in
		refused 'bpf-extract: error: in: *' in
	done
}

@test "a damaged section table" {
	table=$(od -An -tu8 -j40 -N8 program.o)
	size=$(stat -c %s program.o)
	for ((offset = table; offset < size; offset += 16)); do
		flip program.o "$offset" 0xff 4 >in
		sound in library.bc
	done
}

@test "a damaged Mach-O header" {
	for ((offset = 4; offset < 400; offset += 12)); do
		flip macho.o $offset 0xff 4 >in
		sound in
	done
}

@test "a damaged archive header" {
	for ((offset = 0; offset < 68; offset += 6)); do
		flip library.a $offset 0x04 4 >in.a
		sound program.ll in.a
	done
	# the size of the first member: negative, none, beyond all bounds
	for size in -1 x 9999999999 4294967296; do
		perl -0777 -pe 'substr($_, 56, 10) = sprintf "%-10s", "'$size'"' library.a >in.a
		refused 'bpf-extract: error: in.a: *' in.a
	done
}

@test "a damaged symbol index" {
	# the number of symbols, the place of the first, and the end of the last name
	flip library.a 68 0xff 4 >in.a
	refused 'bpf-extract: error: in.a: damaged symbol index' in.a
	flip library.a 72 0xff 4 >in.a
	sound in.a
	perl -0777 -pe 'substr($_, 68) =~ s/calls\0/callsX/; s/LICENSE\0/LICENSEX/' library.a >in.a
	sound in.a
}

@test "a damaged stream" {
	bpf-extract program.bc library.a >stream.tar
	for ((offset = 0; offset < 512; offset += 16)); do
		flip stream.tar $offset 0xff >in.tar
		one_error 'bpf-merge: error: in.tar: *' bpf-merge -o dir/out in.tar || { echo "$offset" && return 1; }
		untouched
	done
}

# --- What does not fit together ---

@test "duplicate symbols" {
	cp library.bc again.bc
	refused "bpf-merge: error: again.bc: duplicate symbol 't*', also defined in library.bc" \
		program.bc library.bc again.bc
	"$LLVM_AR" rcS both.a program.bc
	refused "bpf-merge: error: both.a(program.bc): duplicate symbol 'calls', also defined in program.bc" \
		program.bc library.bc both.a
}

@test "licenses that differ" {
	for license in GPL MIT; do
		echo "char LICENSE[] __attribute__((section(\"license\"), used)) = \"$license\";" >$license.c
		compile $license.c
	done
	refused "bpf-merge: error: MIT.bc: duplicate symbol 'LICENSE', also defined in GPL.bc" GPL.bc MIT.bc
}

@test "a function here, a variable there" {
	echo 'unsigned long long twice = 2;' >variable.c
	compile variable.c
	refused "bpf-merge: error: *'twice'*function*variable*" variable.bc program.bc library.bc
}

@test "little and big endian" {
	compile number.c -target bpfeb
	refused 'bpf-merge: error: number.bc: is big-endian BPF, but program.bc is little-endian' \
		program.bc library.bc number.bc
	refused 'bpf-merge: error: library.bc: is little-endian BPF, but number.bc is big-endian' \
		number.bc library.bc
}

@test "one stage fails, and only that one speaks" {
	one_error 'bpf-extract: error: nowhere: No such file or directory' by_hand nowhere
	: | one_error "bpf-merge: error: nowhere: No such file or directory" \
		bash -o pipefail -c 'bpf-extract program.bc | bpf-merge nowhere | bpf-internalize |
			bpf-opt | bpf-codegen -o dir/out'
	one_error 'bpf-internalize: error: nowhere: No such file or directory' \
		bash -o pipefail -c 'bpf-merge program.bc library.bc |
			bpf-internalize --export-symbols nowhere | bpf-opt | bpf-codegen -o dir/out'
	one_error "bpf-codegen: error: <stdin>: *BPF stack limit*" bash -o pipefail -c "
		echo 'char g(char *); int f(void) { char b[2000]; return g(b); }' |
			$CLANG -target bpf -O2 -emit-llvm -x c -c -o - - | bpf-merge --unresolved-symbols ignore |
			bpf-opt | bpf-codegen -o dir/out"
	untouched
}

@test "an option that one stage does not know" {
	for tool in bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		stages='bpf-extract program.bc library.bc | bpf-merge | bpf-internalize | bpf-opt | bpf-codegen -o dir/out'
		run --separate-stderr bash -c "${stages/$tool/$tool --nonsense}"
		[[ $stderr == "$tool: error: unknown option '--nonsense'; see '$tool --help'" && $status != 0 ]]
		untouched
	done
}

@test "a stage that is killed" {
	one_error 'bpf-merge: error: <stdin>: is empty; *was killed*' \
		bash -c '(kill -9 $BASHPID) | bpf-merge | bpf-internalize | bpf-opt | bpf-codegen -o dir/out'
	untouched
	one_error 'bpf-merge: error: <stdin>: the module stream is cut off *' \
		bash -c 'bpf-extract program.bc | head -c 1000 | bpf-merge | bpf-codegen -o dir/out'
	untouched
	one_error 'bpf-opt: error: <stdin>: *' \
		bash -c 'bpf-merge program.bc library.bc | head -c 1000 | bpf-opt | bpf-codegen -o dir/out'
	untouched
}

@test "Ctrl-C" {
	mkfifo fifo
	for signal in INT TERM HUP; do
		# all of them in one process group, as a shell at a terminal puts them
		env --default-signal=INT,HUP setsid bash -c 'bpf-extract fifo | bpf-merge -o dir/merged |
			bpf-internalize | bpf-opt | bpf-codegen -o dir/out' 2>said 3>&- &
		pipeline=$!
		for ((tries = 0; tries < 500; tries++)); do
			[[ $(ps -o comm= -g "$pipeline" | grep -c '^bpf-') == 5 ]] && break
			sleep 0.01
		done
		sleep 0.05
		kill -s $signal -- -$pipeline
		ended=0
		wait $pipeline || ended=$?
		((ended == 128 + $(kill -l $signal)))
		for ((tries = 0; tries < 500; tries++)); do
			[[ $(ps -o comm= -g "$pipeline") ]] || break
			sleep 0.01
		done
		((tries < 500))
		untouched
		grep -v '^bash: ' said && return 1
	done
	true
}

# --- What cannot be written ---

@test "an output folder that is not there, or is a file" {
	one_error 'bpf-codegen: error: nowhere/out: No such file or directory' \
		bpf-linker -o nowhere/out program.bc library.bc
	one_error 'bpf-codegen: error: program.bc/out: Not a directory' \
		bpf-linker -o program.bc/out program.bc library.bc
}

@test "an output that is a folder" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: dir: Is a directory" $tool -o dir program.ll
	done
	one_error 'bpf-codegen: error: dir: Is a directory' bpf-linker -o dir program.bc library.bc
	untouched
}

@test "an output folder that cannot be written" {
	without_privileges true || skip 'privileges cannot be dropped'
	chmod 555 dir
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: dir/*: Permission denied" without_privileges $tool -o dir/out library.bc
		one_error "$tool: error: dir/*: Permission denied" without_privileges $tool -o dir/new library.bc
	done
	one_error "bpf-codegen: error: dir/out: Permission denied" \
		without_privileges bpf-linker -o dir/out program.bc library.bc
	untouched
	chmod 755 dir
}

@test "a full disk" {
	((EUID == 0)) || skip 'only root can mount a small disk'
	mkdir full
	mount -t tmpfs -o size=16k tmpfs full || skip 'no tmpfs can be mounted'
	touch mounted
	echo precious >full/out
	cat /dev/zero >full/filling 2>/dev/null || true
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		for output in out new; do
			one_error "$tool: error: full/$output: No space left on device" \
				$tool -o full/$output library.bc
		done
	done
	one_error "bpf-codegen: error: full/out: No space left on device" \
		bpf-linker -o full/out program.bc library.bc
	[[ $(ls -A full) == $'filling\nout' && $(<full/out) == precious ]]
}

@test "a limit on the size of files" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: dir/out: File too large" \
			bash -o pipefail -c "(ulimit -f 0; $tool -o dir/out library.bc) 2>&1 | cat >&2"
		untouched
	done
}

@test "/dev/full" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdout>: No space left on device" bash -c "$tool library.bc >/dev/full"
		one_error "$tool: error: /dev/full: No space left on device" $tool -o /dev/full library.bc
	done
	one_error 'bpf-codegen: error: /dev/full: No space left on device' \
		bpf-linker -o /dev/full program.bc library.bc
}

@test "closed standard output" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdout>: Bad file descriptor" bash -c "$tool library.bc >&-"
		bash -c "$tool -o dir/out library.bc >&-"
		$tool library.bc | cmp - dir/out
		[[ $(ls -A dir) == out ]]
	done
	bash -c 'bpf-linker -o dir/out program.bc library.bc >&-'
	is_object dir/out
}

# Whatever is opened next would get the number of standard error.
@test "closed standard error" {
	bpf-merge -o wanted program.bc 2>warnings
	[[ -s warnings ]]
	bash -c 'bpf-merge -o dir/out program.bc 2>&-'
	cmp dir/out wanted
	bash -c 'bpf-merge -o dir/out program.bc <&- >&- 2>&-'
	cmp dir/out wanted
	bpf-linker -o wanted program.bc 2>warnings
	bash -c 'bpf-linker -o dir/out program.bc 2>&-'
	cmp dir/out wanted
	[[ $(ls -A dir) == out ]]
}

@test "nobody reads the output" {
	# a stage before the last keeps quiet: its reader has said why
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt; do
		run --separate-stderr -1 broken_pipe $tool
		[[ ! $stderr ]]
	done
	one_error 'bpf-codegen: error: <stdout>: Broken pipe' broken_pipe bpf-codegen
}

broken_pipe() {
	mkfifo pipe-of-$1
	true <pipe-of-$1 &
	bash -c "exec >pipe-of-$1; wait; sleep 0.1; $1 library.bc"
}

# --- What is already there ---

@test "an output that is its own input" {
	bpf-linker -o wanted program.bc library.bc
	bpf-linker -o program.bc program.bc library.bc
	cmp program.bc wanted
	cut library.bc 1000 >in
	cp in kept
	one_error 'bpf-merge: error: in: *' bpf-linker -o in in
	cmp in kept
}

@test "an output that is a link stays one" {
	ln -s dir/out link
	bpf-linker -o link program.bc library.bc
	[[ -L link ]]
	is_object dir/out
	ln -s dir/new dangling
	bpf-linker -o dangling program.bc library.bc
	is_object dangling
}

@test "a file of blank lines is no stage that failed" {
	printf '\n\n\n' >blank
	bpf-linker --export-symbols blank -o dir/out program.bc library.bc
	[[ $(head -c 4 dir/out) == $'\x7f'ELF ]]
	one_error 'bpf-extract: error: blank: is neither *' bpf-linker -o dir/out blank
}

@test "a stage that is asked to end" {
	install_copy
	cat >stubs/libexec/bpf-linker/bpf-extract <<-'END'
		#!/bin/bash
		echo -
		exec setpriv --pdeathsig TERM sleep 10 # some shells wait for it
	END
	for stage in merge opt codegen; do
		bpf-linker -o dir/out program.bc 2>message 3>&- &
		driver=$!
		for ((i = 0; i < 500; i++)); do
			[[ $(pgrep -c -P $driver 'bpf-[^l]') != 4 ]] || break
			sleep 0.01
		done
		sleep 0.05
		pkill -TERM -P $driver bpf-$stage
		status=0
		wait $driver || status=$?
		[[ $status == 1 && $(grep -c error: message) == 1 && $(wc -l <message) == 1 ]]
		untouched
	done
}

@test "BPF_LINKER_PIPELINE that no driver has set" {
	export BPF_LINKER_PIPELINE=1
	for tool in bpf-extract bpf-merge bpf-internalize bpf-opt bpf-codegen; do
		one_error "$tool: error: the bpf-linker that BPF_LINKER_PIPELINE names, *" \
			$tool -o dir/out program.bc
		untouched
	done
	bpf-linker -o dir/out program.bc library.bc
}
