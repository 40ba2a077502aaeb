#!/usr/bin/env bats
# Input that is damaged or not there, output that cannot be written: one clear error, exit status 1,
# the old output as it was, nothing left behind. By the driver, and by the stages in a pipe.

load helper
load module

# program.bc and debug.bc are a program, without and with debug info; library.bc what it calls.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	compile calls.c && mv calls.bc debug.bc
	compile calls.c -g0 && mv calls.bc program.bc
	compile calls-lib.c -g0 && mv calls-lib.bc library.bc
	# its path is in it, so that where it is cut depends on that
	(cd "$FIXTURES" && "$CLANG" "${BPF_CFLAGS[@]}" -g0 -emit-llvm -S -o "$BATS_FILE_TMPDIR/program.ll" calls.c)
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

# refused PATTERN INPUT...: the link ends in one error that matches PATTERN, however it is done; who says it
# is bpf-linker, where that has started the stage
refused() {
	one_error "bpf-linker:${1#*:}" driver "${@:2}" && untouched &&
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
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdin>: is empty" $tool -o dir/out </dev/null
		untouched
	done
	refused 'bpf-extract: error: <stdin>: is empty' - </dev/null
}

@test "closed standard input" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdin>: Bad file descriptor" bash -c "$tool -o dir/out <&-"
		untouched
	done
	one_error 'bpf-linker: error: <stdin>: *' bash -c 'bpf-linker -o dir/out - <&-'
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
	one_error 'bpf-linker: error: library.bc: Permission denied' \
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

@test "an archive cut in a header, in its index or between members is not taken as whole" {
	"$LLVM_AR" rcs two.a library.bc program.bc
	size=$(stat -c %s two.a)
	last=$((size - $(stat -c %s program.bc) - 60))
	first=$((last - $(stat -c %s library.bc) - 60))
	for place in $(seq 8 $((first + 64))) $(seq $((first + 100)) 97 $last) $(seq $last $((last + 64))) \
		$(seq $((last + 100)) 97 $size); do
		cut two.a "$place" >in.a
		run --separate-stderr bpf-extract --list in.a
		[[ $status == 1 && $stderr == 'bpf-extract: error: in.a: '* || $place == 8 ]] || { echo "$place" && return 1; }
	done
	for place in $((last + 40)) $last; do
		cut two.a "$place" >in.a
		refused 'bpf-extract: error: in.a: is a truncated archive*' in.a
		"$LLVM_AR" rcS outer.a in.a
		refused 'bpf-extract: error: outer.a(in.a): is a truncated archive*' outer.a
		rm outer.a
	done
	# what pads an archive in one of Darwin's is not read as a header
	{ cat two.a && printf '\n\n\n'; } >in.a
	"$LLVM_AR" --format=bsd rcS outer.a in.a
	[[ $(bpf-extract --list outer.a | grep -c bitcode) == 2 ]]
	# what ar itself forgives: a byte to pad the last member
	{ cat library.bc && printf '\0'; } >odd.bc
	"$LLVM_AR" rcs odd.a program.bc odd.bc
	[[ $(tail -c 1 odd.a | od -An -tx1) == ' 0a' ]]
	cut odd.a -1 >short.a
	{ cat two.a && echo; } >long.a
	for archive in two.a odd.a short.a long.a; do
		[[ $(bpf-extract --list $archive | grep -c bitcode) == 2 ]]
	done
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
	refused 'bpf-extract: error: in.a: malformed symbol index' in.a
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

@test "a thin stream that refers to what is no regular file" {
	mkfifo fifo
	bpf-extract --thin program.bc library.bc >stream.tar
	for name in fifo /dev/zero /dev/fd/0; do
		# a tar, whose checksums are made anew
		perl -0777 -pe '
			my $name = "'"$name"'";
			substr($_, 0, 100) = pack "a100", $name;
			substr($_, 148, 8) = " " x 8;
			substr($_, 148, 8) = sprintf "%06o\0 ", unpack "%32C*", substr $_, 0, 512;' stream.tar >in.tar
		[[ $(tar -tPf in.tar | head -n 1) == "$name" ]]
		one_error "bpf-merge: error: $name: is not a regular file" timeout 20 bpf-merge -o dir/out in.tar < <(sleep 1)
		untouched
	done
}

@test "what is only seen in the module as a whole" {
	printf '%s\n' 'target triple = "bpf"' 'declare i32 @g(i32 immarg)' 'define i32 @f(i32 %x) {' '  %y = call i32 @g(i32 1)' \
		'  ret i32 %y' '}' '!llvm.module.flags = !{!0}' '!0 = !{i32 2, !"Debug Info Version", i32 3}' >whole.ll
	"$AS" -disable-verify -o whole.bc whole.ll
	run -1 --separate-stderr driver whole.bc
	# shellcheck disable=SC2154 # bats sets stderr_lines
	[[ ${stderr_lines[-1]} == 'bpf-linker: error: whole.bc: is not valid LLVM IR: '*immarg* ]]
	run -1 --separate-stderr driver library.bc whole.bc
	[[ ${stderr_lines[-1]} == 'bpf-linker: error: library.bc and others: is not valid LLVM IR: '*immarg* ]]
	untouched
}

# --- What is read without an end ---

# many_types: bitcode that says that it has 2^31 types, which takes 16 GiB
many_types() {
	perl -e '
		sub bits { my ($value, $width) = @_; join "", map { $value >> $_ & 1 } 0 .. $width - 1 }
		sub vbr {
			my ($value, $width) = @_;
			my ($text, $more) = ("", 1 << $width - 1);
			for (; $value >= $more; $value >>= $width - 1) { $text .= bits($value % $more + $more, $width) }
			$text . bits($value, $width);
		}
		sub words { my $bits = join "", @_; $bits . "0" x (-length($bits) % 32) }
		sub block {
			my ($id, $outer, $inner, $content) = @_;
			words(bits(1, $outer), vbr($id, 8), vbr($inner, 4)) . bits(length($content) / 32, 32) . $content;
		}
		my $count = bits(3, 4) . vbr(1, 6) . vbr(1, 6) . vbr(1 << 31, 6); # a record NUMENTRY
		my $types = block(17, 3, 4, words($count, bits(0, 4)));
		print "BC\xc0\xde", pack "b*", block(8, 2, 3, words($types, bits(0, 3)));'
}

# endless_scope: IR in which a lexical block is in itself
endless_scope() {
	cat <<-'END'
		define i32 @f(i32 %x) !dbg !4 {
		  ret i32 %x, !dbg !7
		}
		!llvm.dbg.cu = !{!0}
		!llvm.module.flags = !{!3}
		!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, emissionKind: FullDebug)
		!1 = !DIFile(filename: "f.c", directory: "/")
		!2 = !{}
		!3 = !{i32 2, !"Debug Info Version", i32 3}
		!4 = distinct !DISubprogram(name: "f", file: !1, line: 1, type: !5, unit: !0, spFlags: DISPFlagDefinition)
		!5 = !DISubroutineType(types: !2)
		!6 = distinct !DILexicalBlock(scope: !6, file: !1, line: 2)
		!7 = !DILocation(line: 2, scope: !6)
	END
}

@test "what takes too much memory" {
	[[ ! ${SANITIZED-} ]] || skip 'AddressSanitizer takes terabytes'
	many_types >in
	(($(stat -c %s in) < 100))
	limit='out of memory: reading took more than 2048 MiB; the input may be corrupt, or --no-limits lifts this limit'
	refused "bpf-merge: error: in: $limit" in
	for tool in bpf-merge bpf-internalize 'bpf-debuginfo --btf' bpf-opt bpf-codegen; do
		# shellcheck disable=SC2086 # words
		one_error "${tool% *}: error: in: $limit" $tool -o dir/out in
	done
	for input in /dev/zero '<stdin>'; do
		one_error "bpf-extract: error: $input: $limit" bpf-extract -o dir/out "${input/<stdin>/-}" </dev/zero
	done
	untouched
	# with no more said where the limit is another's
	one_error 'bpf-merge: error: in: out of memory' bash -c 'ulimit -v 1000000; bpf-merge --no-limits -o dir/out in'
	one_error 'bpf-merge: error: in: out of memory' bash -c 'ulimit -Sd 1000000; bpf-merge -o dir/out in'
	untouched
}

@test "lists of symbols and response files without an end" {
	local list tool limit='is larger than 256 MiB, the most that a list of symbols or a response file may have'
	truncate -s 3G sparse
	for list in /dev/zero /dev/urandom sparse; do
		one_error "bpf-linker: error: $list: $limit" timeout 20 bpf-linker -o dir/out program.bc --export-symbols "$list"
		for tool in bpf-merge bpf-internalize; do
			one_error "$tool: error: $list: $limit" timeout 20 $tool -o dir/out program.bc --export-symbols "$list"
		done
	done
	one_error "bpf-linker: error: <stdin>: $limit" \
		bash -c 'yes | timeout 20 bpf-linker -o dir/out program.bc --export-symbols -'
	run -2 bpf-linker -o dir/out program.bc @sparse
	[[ $output == "bpf-linker: error: sparse: $limit" ]]
	run -2 bash -c 'timeout 20 bpf-linker -o dir/out program.bc @/dev/fd/7 7</dev/zero'
	[[ $output == "bpf-linker: error: /dev/fd/7: $limit" ]]
	untouched
}

@test "what takes too much time" {
	endless_scope >in
	one_error 'bpf-merge: error: in: out of CPU time: reading took more than 15 s; the input may be corrupt, or --no-limits lifts this limit' \
		bpf-merge --btf -o dir/out in
	one_error 'bpf-opt: error: in: out of CPU time' bash -c 'ulimit -St 1; bpf-opt -o dir/out in'
	one_error 'bpf-linker: error: in: out of CPU time' \
		bash -c 'ulimit -St 1; bpf-linker --btf --no-limits -o dir/out in'
	untouched
}

# limits_of TOOL [ARGUMENT...]: MEMORY SECONDS, the limits of the tool while it waits for its input
limits_of() {
	local pid status

	rm -f fifo && mkfifo fifo
	"$@" -o dir/out fifo 3>&- &
	pid=$!
	exec {writer}>fifo
	# a limit is set before the input is opened
	awk '/^Max data size/ { memory = $4 } /^Max cpu time/ { seconds = $4 } END { print memory, seconds }' /proc/$pid/limits
	printf '\0' >&$writer
	exec {writer}>&-
	wait $pid || true
}

@test "--no-limits" {
	[[ ! ${SANITIZED-} ]] || skip 'AddressSanitizer takes terabytes'
	for tool in bpf-extract bpf-merge bpf-internalize 'bpf-debuginfo --btf' bpf-opt bpf-codegen; do
		# shellcheck disable=SC2086 # words
		[[ $(limits_of $tool 2>/dev/null) == '2147483648 15' ]]
		# shellcheck disable=SC2086 # words
		[[ $(limits_of $tool --no-limits 2>/dev/null) == 'unlimited unlimited' ]]
	done
}

@test "larger inputs may take more memory and time" {
	[[ ! ${SANITIZED-} ]] || skip 'AddressSanitizer takes terabytes'
	# what comes after a module of bitcode counts
	{ cat program.bc && head -c 64M /dev/zero; } >in
	[[ $(limits_of bpf-merge in 2>/dev/null) == '3221225472 79' ]]
}

# --- What does not fit together ---

@test "duplicate symbols" {
	cp library.bc again.bc
	refused "bpf-merge: error: again.bc: duplicate symbol 't*', also defined in library.bc, which is the same file or a copy of it" \
		program.bc library.bc again.bc
	refused "bpf-merge: error: library.bc: duplicate symbol 't*', also defined in library.bc: this input is given twice" \
		program.bc library.bc library.bc
	"$LLVM_AR" rcS both.a program.bc
	refused "bpf-merge: error: both.a(program.bc): duplicate symbol 'calls', also defined in program.bc, which is the same file or a copy of it" \
		program.bc library.bc both.a
}

@test "licenses that differ" {
	for license in GPL MIT; do
		echo "char LICENSE[] __attribute__((section(\"license\"), used)) = \"$license\";" >$license.c
		compile $license.c
	done
	refused "bpf-merge: error: MIT.bc: licenses differ: 'LICENSE' is \"MIT\", but 'LICENSE' in GPL.bc is \"GPL\"; a program has one license" \
		GPL.bc MIT.bc
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
	one_error "bpf-codegen: error: <stdin>: *uses too much stack, *" bash -o pipefail -c "
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
	one_error 'bpf-merge: error: <stdin>: the module stream is truncated *' \
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
	one_error 'bpf-linker: error: nowhere/out: No such file or directory' \
		bpf-linker -o nowhere/out program.bc library.bc
	one_error 'bpf-linker: error: program.bc/out: Not a directory' \
		bpf-linker -o program.bc/out program.bc library.bc
}

@test "an output that is a folder" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: dir: Is a directory" $tool -o dir program.ll
	done
	one_error 'bpf-linker: error: dir: Is a directory' bpf-linker -o dir program.bc library.bc
	untouched
}

@test "an output folder that cannot be written" {
	without_privileges true || skip 'privileges cannot be dropped'
	chmod 555 dir
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: dir/*: Permission denied" without_privileges $tool -o dir/out library.bc
		one_error "$tool: error: dir/*: Permission denied" without_privileges $tool -o dir/new library.bc
	done
	one_error "bpf-linker: error: dir/out: Permission denied" \
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
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		for output in out new; do
			one_error "$tool: error: full/$output: No space left on device" \
				$tool -o full/$output library.bc
		done
	done
	one_error "bpf-linker: error: full/out: No space left on device" \
		bpf-linker -o full/out program.bc library.bc
	[[ $(ls -A full) == $'filling\nout' && $(<full/out) == precious ]]
}

@test "a limit on the size of files" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: dir/out: File too large" \
			bash -o pipefail -c "(ulimit -f 0; $tool -o dir/out library.bc) 2>&1 | cat >&2"
		untouched
	done
}

@test "/dev/full" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: <stdout>: No space left on device" bash -c "$tool library.bc >/dev/full"
		one_error "$tool: error: /dev/full: No space left on device" $tool -o /dev/full library.bc
	done
	one_error 'bpf-linker: error: /dev/full: No space left on device' \
		bpf-linker -o /dev/full program.bc library.bc
}

@test "closed standard output" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
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

# --- What is shown ---

# ESC, U+009B (which terminals take for ESC [), U+202E, U+2066, U+200F, no UTF-8; and letters, which stay
WILD=$'a\e[31m\u009b\u202e\u2066\u200f\x7f\xff\xc2 \xed\xa0\x80é名𝄞'
TAMED='a?[31m??????? ???é名𝄞'
TAMED_PATTERN='a[?][[]31m[?][?][?][?][?][?][?] [?][?][?]é名𝄞'

# harmless FILE: nothing in it, but for lines and tabs, makes a terminal do something
harmless() {
	iconv -f UTF-8 -t UTF-8 "$1" >utf-8 && perl -CSD -ne 'exit 1 if
		/[\x00-\x08\x0b-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]/' utf-8 && return
	cat -v "$1"
	return 1
}

@test "what a terminal would act on in names and values" {
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core 'bpf-debuginfo --btf' bpf-opt bpf-codegen; do
		# shellcheck disable=SC2086 # words
		one_error "${tool%% *}: error: $TAMED_PATTERN: No such file or directory" $tool "$WILD"
		# shellcheck disable=SC2086
		one_error "${tool%% *}: error: $TAMED_PATTERN/x: No such file or directory" $tool -o "$WILD/x" library.bc
		run --separate-stderr -2 "${tool%% *}" "--$WILD"
		printf '%s\n' "$stderr" >said
		harmless said
	done
	for locale in C C.UTF-8; do
		export LC_ALL=$locale
		for argument in "--$WILD" "--cpu=$WILD" "--llvm=$WILD" "-l$WILD" "--target=$WILD" "--passes=$WILD" \
			"--llvm-args=-$WILD" "--export-symbols=$WILD" "--save-temps=$WILD/$WILD/x"$'\n/dev/null' "--log-file=$WILD/x"; do
			bpf-linker -o dir/out library.bc "$argument" >said 2>&1 || [[ -s said ]]
			harmless said
		done
		run -2 --separate-stderr bpf-linker -o dir/out library.bc "--emit=$WILD"
		[[ $stderr == "bpf-linker: error: invalid value '$TAMED' for '--emit' "* ]]
	done
}

@test "what a terminal would act on in what is listed and printed" {
	cp library.bc "$WILD"
	bpf-extract --list "$WILD" >said
	[[ $(<said) == "$TAMED"$'\t'bitcode* ]]
	bpf-linker -o wanted library.bc
	name=$WILD$'%s\\n\'"\n\t'
	cp library.bc "$name"$'\n'
	for locale in C C.UTF-8; do
		LC_ALL=$locale bpf-linker -v -o "$name" "$name"$'\n' --dump-module="$name dir/" 2>commands
		harmless commands
		cmp "$name" wanted
		for shell in sh bash; do
			rm -r "$name" "$name dir"
			LC_ALL=$locale $shell commands
			cmp "$name" wanted
			[[ -s $name\ dir/pre-opt.ll ]]
		done
		rm -r "$name" "$name dir"
	done
}

@test "what a terminal would act on in symbols, and in what LLVM says" {
	cat >wild.ll <<-'END'
		target triple = "bpf"
		declare i64 @"u\1B[31m\C2\9B\E2\80\AE\FF"()
		define i64 @"f\1B[31m\C2\9B\E2\80\AE\FF"() section "tc" {
			%x = call i64 @"u\1B[31m\C2\9B\E2\80\AE\FF"()
			%y = call i64 asm sideeffect "bogus \1B[31m\C2\9B", "=r"()
			ret i64 %x
		}
	END
	bpf-linker -o dir/out wild.ll >said 2>&1 && return 1
	grep -F 'u?[31m???' said
	harmless said
	sed -i /bogus/d wild.ll
	bpf-linker --llvm-args=-print-after-all -o dir/out wild.ll >said 2>&1
	harmless said
	bpf-merge -o wild.bc wild.ll
	need_terminal
	for emit in asm llvm-ir; do
		script -qec "bpf-codegen --emit=$emit wild.bc" /dev/null </dev/null | tr -d '\r' >said
		grep 'f?\[31m\|f\\1B\[31m' said
		harmless said
		bpf-codegen --emit=$emit wild.bc | grep $'f\e\\[31m\|f\\\\1B\\[31m' # for programs, as it is
	done
}

# --- What is already there ---

@test "an output that is its own input" {
	cp program.bc kept
	run --separate-stderr -2 bpf-linker -o program.bc program.bc library.bc
	[[ $stderr == "bpf-linker: error: the output 'program.bc' is an input, too; "* ]]
	cmp program.bc kept
	# by hand
	bpf-merge program.bc library.bc | bpf-codegen -o wanted
	bpf-merge program.bc library.bc -o program.bc
	bpf-codegen -o program.bc program.bc
	cmp program.bc wanted
}

@test "an output that is a link stays one" {
	ln -s dir/out link
	bpf-linker -o link program.bc library.bc
	[[ -L link ]]
	is_object dir/out
	ln -s dir/new dangling
	mkdir links
	ln -s ../dangling links/relative
	ln -s "$PWD/links" absolute
	bpf-linker -o absolute//relative program.bc library.bc
	[[ -L dangling && -L links/relative && -L absolute && ! -L dir/new ]]
	cmp dir/new dir/out
	[[ $(ls -A dir links) == $'dir:\nnew\nout\n\nlinks:\nrelative' ]]

	ln -s loop loop
	one_error 'bpf-linker: error: loop: Too many levels of symbolic links' \
		bpf-linker -o loop program.bc library.bc
	ln -s nowhere/out astray
	one_error 'bpf-linker: error: astray: No such file or directory' bpf-linker -o astray program.bc library.bc
	ln -s dir folder
	one_error 'bpf-linker: error: folder: Is a directory' bpf-linker -o folder program.bc library.bc
	one_error 'bpf-linker: error: new/: No such file or directory' bpf-linker -o new/ program.bc library.bc
}

@test "an output keeps its mode, and not its other names" {
	echo precious >out
	ln out other
	for mode in 600 755 444 664; do
		chmod $mode out
		bpf-linker -o out program.bc library.bc
		is_object out
		[[ $(stat -c %a out) == "$mode" && $(<other) == precious ]]
	done
	(umask 027 && bpf-linker -o new program.bc library.bc)
	[[ $(stat -c %a new) == 640 ]]
	((EUID == 0)) || skip 'only root can give files away'
	chown 12345:54321 out
	bpf-linker -o out program.bc library.bc
	[[ $(stat -c '%u %g %a' out) == '12345 54321 664' ]]
}

@test "another user's link in a directory for all is not written through" {
	((EUID == 0)) || skip 'only root can give files away'
	mkdir -m 1777 shared
	ln -s ../dir/out shared/link
	ln -s ../dir shared/folder
	ln -s shared/link mine
	bpf-linker -o mine program.bc library.bc # mine, too
	chown -h 12345 shared/*
	echo precious >dir/out
	said="is another user's link in a directory that everyone can write to; remove it, or name another file"
	one_error "bpf-linker: error: shared/link: 'shared/link' $said" bpf-linker -o shared/link program.bc library.bc
	one_error "bpf-linker: error: mine: 'shared/link' $said" bpf-linker -o mine program.bc library.bc
	one_error "bpf-linker: error: shared/folder/out: 'shared/folder' $said" \
		bpf-linker -o shared/folder/out program.bc library.bc
	untouched
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: shared/link: *" $tool -o shared/link library.bc
		one_error "$tool: error: shared/link: 'shared/link' $said" \
			$tool --log-file shared/link -o other library.bc
	done
	for log in shared/link mine shared/folder/log "$PWD/shared/link"; do
		one_error "bpf-linker: error: $log: '*shared/@(link|folder)' $said" \
			bpf-linker --log-file "$log" -o other program.bc library.bc
		[[ ! -e other && ! -e dir/log ]]
	done
	untouched

	# a file of another user's is replaced, and has nothing of it
	(umask 077 && echo theirs >shared/file)
	chown 12345 shared/file
	chmod 666 shared/file
	(umask 022 && bpf-linker -o shared/file program.bc library.bc)
	[[ $(stat -c '%u %a' shared/file) == '0 644' ]]
	# the directory's owner may put links there, and anybody where not all can
	chown 12345 shared
	bpf-linker -o shared/link program.bc library.bc
	is_object dir/out
	echo precious >dir/out
	bpf-linker --log-file mine -o other program.bc library.bc
	[[ $(<dir/out) != precious ]]
	echo precious >dir/out
	chown 0 shared
	chmod 755 shared
	bpf-linker -o shared/link program.bc library.bc
	is_object dir/out
}

@test "what is no file is written as it is" {
	bpf-linker -o wanted program.bc library.bc
	ln -s /dev/stdout link
	for output in /dev/stdout /dev/fd/1 /proc/self/fd/1 link; do
		echo before >said
		bpf-linker -o $output program.bc library.bc >>said
		cat <(echo before) wanted | cmp - said
		bpf-linker -o $output program.bc library.bc | cmp - wanted
	done
	[[ -L link ]]
	bpf-linker -o /dev/null program.bc library.bc
	[[ -c /dev/null ]]
	mkfifo fifo
	bpf-linker -o fifo program.bc library.bc 3>&- &
	cmp fifo wanted
	wait $!
	[[ -p fifo ]]
	one_error 'bpf-linker: error: /dev/stdout: Bad file descriptor' \
		bash -c 'bpf-linker -o /dev/stdout program.bc library.bc >&-'
	[[ -d /dev/shm && -w /dev/shm ]] || skip 'there is no /dev/shm'
	folder=$(mktemp -d /dev/shm/XXXXXXXX)
	bpf-linker -o "$folder/out" program.bc library.bc
	cmp "$folder/out" wanted
	rm -r "$folder"
}

@test "a file of blank lines is no stage that failed" {
	printf '\n\n\n' >blank
	bpf-linker --export-symbols blank -o dir/out program.bc library.bc
	[[ $(head -c 4 dir/out) == $'\x7f'ELF ]]
	one_error 'bpf-linker: error: blank: is neither *' bpf-linker -o dir/out blank
}

@test "the mark of a failure: newlines, two more than the exit status, handed on" {
	newlines='\n\n\n\n\n'
	for status in 1 2 3; do
		printf %b "${newlines:0:2*(status + 2)}" >mark
		for tool in bpf-merge bpf-internalize bpf-core "bpf-debuginfo --btf" bpf-opt; do
			cat mark | { $tool 2>said || echo $? >ended; } | cat >left
			[[ $(<ended) == "$status" && ! -s said ]]
			cmp left mark
		done
		cat mark | { bpf-codegen 2>said || echo $? >ended; } | cat >left
		[[ $(<ended) == "$status" && ! -s said && ! -s left ]]
	done
	bpf-merge --unknown 2>said | cmp - <(printf '\n\n\n\n')
	bpf-extract absent 2>said | cmp - <(printf '\n\n\n')
}

@test "a stage that is asked to end" {
	unset BPF_LINKER_LLVM
	install_copy
	cat >stubs/libexec/bpf-linker/bpf-extract <<-'END'
		#!/bin/bash
		echo -
		exec setpriv --pdeathsig TERM sleep 10 # some shells wait for it
	END
	# what follows in its process waits with it
	bpf-linker -o dir/out - <program.bc 2>message 3>&- &
	driver=$!
	for ((i = 0; i < 500; i++)); do
		! pgrep -P $driver bpf-merge >/dev/null || break
		sleep 0.01
	done
	sleep 0.05
	pkill -TERM -P $driver bpf-merge
	status=0
	wait $driver || status=$?
	[[ $status == 1 && $(grep -c error: message) == 1 && $(wc -l <message) == 1 ]]
	untouched
}

@test "BPF_LINKER_TOOLSETS and BPF_LINKER_STAGE_BEFORE that no driver has set" {
	export BPF_LINKER_TOOLSETS=1 BPF_LINKER_STAGE_BEFORE=bpf-extract
	bpf-extract --list program.bc | grep '^program\.bc'
	bpf-extract program.bc >stream
	bpf-merge <stream >merged.bc
	bpf-merge : bpf-opt : bpf-codegen -o dir/out <stream
	env -u BPF_LINKER_TOOLSETS -u BPF_LINKER_STAGE_BEFORE bpf-merge program.bc : bpf-opt : bpf-codegen | cmp - dir/out
}

@test "BPF_LINKER_PIPELINE that no driver has set" {
	export BPF_LINKER_PIPELINE=1
	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-opt bpf-codegen; do
		one_error "$tool: error: the bpf-linker that BPF_LINKER_PIPELINE names, *" \
			$tool -o dir/out program.bc
		untouched
	done
	bpf-linker -o dir/out program.bc library.bc
}

@test "a driver that has ended, but that nobody has asked for its end, leaves no stage that speaks" {
	run --separate-stderr -1 timeout 20 perl -e 'my $driver = fork // die; exit 0 unless $driver; sleep 1;
		$ENV{BPF_LINKER_PIPELINE} = $driver; exec @ARGV' bpf-opt -o dir/out library.bc
	[[ ! $stderr ]]
	untouched
}

# --- LLVM crashes ---

@test "a crash of LLVM: pass, function and the user's input" {
	echo 'int f(int x) { return x; }' >a.c
	echo 'int f(int); int g(int x) { return f(x) + 1; }' >b.c
	compile a.c
	compile b.c
	echo precious >out
	for passes in trigger-crash-function 'function(instcombine,trigger-crash-function)'; do
		one_error "bpf-linker: error: [ab].bc: LLVM crashed (SIG*) in pass 'trigger-crash-function' on function '[fg]'; report this to LLVM, with what bpf-linker --save-temps keeps" \
			bpf-linker --passes="$passes" -o out a.bc b.bc
	done
	one_error "bpf-linker: error: a.bc and others: LLVM crashed (SIG*) in pass 'trigger-crash-module'; report this to LLVM, *" \
		bpf-linker --passes=trigger-crash-module -o out a.bc b.bc
	one_error "bpf-opt: error: a.bc: LLVM crashed (SIG*) in pass 'trigger-crash-function' on function 'f'; *" \
		bpf-opt --passes=trigger-crash-function -o out a.bc
	[[ $(<out) == precious ]]
}

@test "a crash of LLVM in Rust's and C++'s functions: their names as the source has them" {
	local at names=(
		_RNvCsgCBci2OW3gx_11log_headers5parse log_headers::parse
		_RNCNvCsgCBci2OW3gx_11log_headers7look_ats5_0B3_ 'log_headers::look_at::{closure#7}'
		'_ZN50_$LT$f32$u20$as$u20$core..str..traits..FromStr$GT$8from_str17h0123456789abcdefE'
		'<f32 as core::str::traits::FromStr>::from_str'
		_ZN3one3twoEi one::two
		_RNvB0_1f _RNvB0_1f # which is no name of Rust's
	)
	for ((at = 0; at < ${#names[@]}; at += 2)); do
		ir a <<<"define i32 @\"${names[at]}\"() { ret i32 1 }"
		for tool in bpf-opt bpf-linker; do
			one_error "$tool: error: a.ll: LLVM crashed (SIG*) in pass 'trigger-crash-function' on function '${names[at + 1]}'; *" \
				$tool --passes=trigger-crash-function -o out a.ll
		done
	done
}

@test "what code generation dies of: pass, function and the user's input" {
	ir bad <<-'END'
		define i32 @good() { ret i32 1 }
		define <vscale x 2 x i64> @bad(ptr %p) {
		  %x = load <vscale x 2 x i64>, ptr %p
		  ret <vscale x 2 x i64> %x
		}
	END
	one_error "bpf-codegen: error: bad.ll: *[(]in pass '*' on function 'bad')" bpf-codegen -o out bad.ll
	one_error "bpf-linker: error: bad.ll: *[(]in pass '*' on function 'bad')" bpf-linker -o out bad.ll
}

@test "each tool says in one line that it crashed" {
	local arguments signal tool

	for tool in bpf-extract bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen; do
		arguments=()
		[[ $tool != bpf-debuginfo ]] || arguments=(--btf)
		for signal in SEGV ABRT; do
			rm -f input
			mkfifo input
			"$tool" "${arguments[@]}" -o out - <input 2>said 3>&- &
			exec 4>input
			wait_for_catching $! SYS # with LLVM's own handlers
			kill -$signal $!
			status=0
			wait $! || status=$?
			exec 4>&-
			[[ $status == 1 && $(<said) == "$tool: error: LLVM crashed (SIG$signal); report this to LLVM, "* &&
				$(wc -l <said) == 1 && ! -e out ]] || { cat said && return 1; }
		done
	done
}

# wait_for_catching PROCESS SIGNAL: until the process has a handler for it
wait_for_catching() {
	local mask number try

	number=$(kill -l "$2")
	for ((try = 0; try < 500; try++)); do
		mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status")
		((16#${mask:-0} >> (number - 1) & 1)) && return
		sleep 0.01
	done
	return 1
}
