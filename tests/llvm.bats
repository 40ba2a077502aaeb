#!/usr/bin/env bats
# Which LLVM links: the producers that bitcode names, the toolset that the driver picks for them, and
# the libLLVM that the toolset llvm-any loads.

load helper

LIBEXEC=$BUILT/libexec/bpf-linker

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	echo 'int f(int x) { return x + 1; }' >f.c
	compile f.c
	# as it is installed
	sed "s/@OLDEST_LLVM@/$("$TESTS/../scripts/dev/llvms" oldest)/" "$TESTS/../scripts/find-libllvm" >find-libllvm
}

FINDER=$BATS_FILE_TMPDIR/find-libllvm

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset BPF_LINKER_LLVM BPF_LINKER_LIBLLVM RUSTC
	export HOME=$PWD/home # no toolchain of the user's
	export -n RUSTUP_HOME
	cp "$BATS_FILE_TMPDIR"/f.* .
}

# --- What these tests share ---

# by PRODUCER [FORM] <MODULE: MODULE as written by PRODUCER, named in bitcode of this FORM: char6,
# array8 (default), unabbreviated, or endless: many letters of no bits. The module stays readable.
by() {
	perl -e '
		my ($producer, $form) = @ARGV;
		my @codes = map ord, split //, $producer;
		my $letters = join "", "a" .. "z", "A" .. "Z", "0" .. "9", "._";
		my $bits = "";
		sub fixed {
			my ($value, $width) = @_;
			$bits .= join "", map { $value >> $_ & 1 } 0 .. $width - 1;
		}
		sub variable {
			my ($value, $width) = @_;
			my $more = 1 << $width - 1;
			for (; $value >= $more; $value >>= $width - 1) {
				fixed($value & $more - 1 | $more, $width);
			}
			fixed($value, $width);
		}
		sub define { # literals as N, encodings as [ENCODING] or [ENCODING, WIDTH]
			my $id_width = shift;
			fixed(2, $id_width);
			variable(scalar @_, 5);
			for (@_) {
				fixed(!ref, 1);
				if (!ref) { variable($_, 8); next }
				fixed($_->[0], 3);
				variable($_->[1], 5) if @$_ > 1;
			}
		}
		sub number { oct "0b" . reverse $_[0] }

		my ($fixed, $vbr, $array, $char6) = 1 .. 4;
		if ($form eq "unabbreviated") {
			fixed(3, 5);
			variable($_, 6) for 1, scalar @codes, @codes;
			fixed(3, 5);
			variable($_, 6) for 2, 1, 0;
		} else {
			my $letter = $form eq "char6" ? [$char6] : [$fixed, $form eq "endless" ? 0 : 8];
			define(5, 1, [$array], $letter);
			fixed(4, 5);
			variable($form eq "endless" ? 1 << 50 : scalar @codes, 6);
			$form eq "char6" ? fixed(index($letters, chr), 6) : fixed($_, 8) for @codes;
			define(5, 2, [$vbr, 6]);
			fixed(5, 5);
			variable(0, 6);
		}
		fixed(0, 5);
		$bits .= "0" while length($bits) % 32;
		my $block = $bits;

		local $/;
		binmode $_ for *STDIN, *STDOUT;
		my $module = <STDIN>;
		my ($head, $size) = unpack "a8 V", $module;
		my $rest = unpack "b*", substr $module, 12 + 4 * $size;
		my $more = length($block) / 32 - $size;

		# offsets count from the start: of the symbol table, and in it of each function
		($bits = "") || define(3, 13, [$fixed, 32]);
		$rest =~ /\Q$bits\E.../g or die "no offset of the symbol table\n";
		my $place = pos $rest;
		my $table = number(substr $rest, $place, 32);
		($bits = "") || fixed($table + $more, 32);
		substr($rest, $place, 32) = $bits;
		$place = 32 * ($table - $size - 1);
		($bits = "") || define(4, 3, [$vbr, 8], [$vbr, 8]);
		substr($rest, $place) =~ /^$bits/ or die "another symbol table than was thought\n";
		$place += length $bits;
		while (substr($rest, $place) =~ /^0001((?:.{7}1)*.{7}0)((?:.{7}1)*.{7}0)/) {
			my $offset = number(join "", map { substr $_, 0, 7 } unpack "(a8)*", $2);
			($bits = "") || variable($offset + $more, 8);
			length $bits == length $2 or die "the offset of a function grows\n";
			substr($rest, $place + 4 + length $1, length $2) = $bits;
			$place += 4 + length $1 . $2;
		}
		print $head, pack("V b*", length($block) / 32, $block . $rest);
	' "$1" "${2:-array8}"
}

# wrapped <MODULE: in a wrapper, with something between the two
wrapped() {
	perl -0777 -ne 'print pack("V5", 0x0b17c0de, 0, 24, length, 7), "____", $_, "\0" x 8'
}

# flipped BIT <FILE: with this bit of it the other way
flipped() {
	perl -0777 -pe 'BEGIN { $bit = shift } vec($_, $bit, 1) ^= 1' "$1"
}

# lists PRODUCER FILE: so bpf-extract shows it
lists() {
	run -0 --separate-stderr bpf-extract --list "$2"
	# shellcheck disable=SC2154 # bats sets stderr
	[[ ! $stderr && $output == "$2"$'\t'*$'\t'"$1" ]] || { echo "$output$stderr" && return 1; }
}

# link_real VERSION: puts the real toolset in the place of the stubs
link_real() {
	rm -rf "$(folder "$1")"
	mkdir -p "$(folder "$1")"
	ln -s "$LIBEXEC/llvm-$1"/* "$(folder "$1")"
}

# install VERSION...: an installation in stubs/, first in PATH, of the real driver and bpf-extract,
# and toolsets of which each tool adds a line with its stage and version; bpf-merge those of all after it in its
# process, to out, as bpf-codegen alone does. find-libllvm finds nothing.
install() {
	local version stage
	mkdir -p stubs/bin stubs/libexec/bpf-linker
	cp "$BUILT/bin/bpf-linker" stubs/bin
	cp "$LIBEXEC"/bpf-{extract,driver} stubs/libexec/bpf-linker
	for version; do
		mkdir -p "$(folder "$version")"
		stub "$version" bpf-merge 'take_stream; if [[ " $* " == *" : "* ]]; then exec >out; fi; say merge; say_rest "$@"'
		for stage in internalize debuginfo opt; do
			stub "$version" bpf-$stage "cat; say $stage"
		done
		stub "$version" bpf-codegen '{ cat; say codegen; } >out'
		[[ $version != any ]] || stub any find-libllvm 'exit 1'
	done
	PATH=$PWD/stubs/bin:$PATH
}

folder() {
	echo "stubs/libexec/bpf-linker/llvm-$1"
}

# stub VERSION TOOL SCRIPT. With -o FILE the script writes to FILE, and reads the last argument.
stub() {
	local file
	file=$(folder "$1")/$2
	rm -f "$file"
	cat >"$file" <<-END
		#!/bin/bash
		say() { echo "\$1 $1\${BPF_LINKER_LIBLLVM:+ \$BPF_LINKER_LIBLLVM}"; }
		say_rest() { # of the stages in the same process
			for word; do
				[[ ! \$is_stage ]] || say "\${word#bpf-}"
				[[ \$word == : ]] && is_stage=yes || is_stage=
			done
		}
		fail() { # STATUS [MESSAGE]
			[[ ! \$2 ]] || echo "\$2" >&2
			exit "\$1"
		}
		take_stream() { # or fail as the mark says (common/pipeline.h)
			local marks
			marks=\$(head -c 10 | tr -d -c '\n' | wc -c) && cat >/dev/null
			((marks < 3)) || exit \$((marks - 2))
		}
		if [[ $2 == bpf-merge && \$BPF_LINKER_TOOLSETS ]]; then # it becomes that of the toolset that was chosen
			status=-1
			IFS=\$'/\t' read -r _ version
			[[ \$version ]] || { while read -r _; do ((status += 1)); done && exit \$status; }
			unset BPF_LINKER_TOOLSETS
			[[ \$version == $1 ]] || exec "\${0%/*}/../llvm-\$version/bpf-merge" "\$@"
		fi
		if [[ $2 != find-libllvm && \$1 == -o ]]; then # --save-temps, but for bpf-codegen
			[[ $2 == bpf-merge || \$# == 2 ]] || exec <"\${!#}"
			[[ $2 == bpf-codegen ]] || exec >"\$2"
		fi
		$3
	END
	chmod +x "$file"
}

# merge_fails VERSION: its bpf-merge cannot read the input, and says so as the real one does
merge_fails() {
	stub "$1" bpf-merge 'cat >/dev/null
		if [[ $BPF_LINKER_RETRY ]]; then fail 3; fi
		fail 1 "bpf-linker: error: Invalid record, says '"$1"'"'
}

# uses VERSION ARGUMENT...: that toolset, all of it, links without a word
uses() {
	local toolset=$1 library=${LIBRARY:+ $LIBRARY}
	shift
	rm -f out
	run --separate-stderr bpf-linker -o out "$@"
	if [[ $status != 0 || $output || $stderr != "${SAYS-}" ]] ||
		! diff out <(printf "%s $toolset$library\n" merge internalize opt codegen); then
		echo "status $status: $output$stderr"
		return 1
	fi
}

# fails_once PATTERN COMMAND...: one_error, and out stays what it was
fails_once() {
	echo precious >out
	one_error "$@" && [[ $(<out) == precious && $(ls -A out*) == out ]]
}

# static: the toolset of the clang here, else the newest with an LLVM in it
static() {
	local toolset newest=0
	if [[ -d $LIBEXEC/llvm-$LLVM_MAJOR ]]; then
		echo "$LLVM_MAJOR"
		return
	fi
	for toolset in "$LIBEXEC"/llvm-[0-9]*; do
		((${toolset##*-} <= newest)) || newest=${toolset##*-}
	done
	echo "$newest"
}

# need_static, need_any: the toolset is built; need_library: so is a libLLVM of the same version here
need_static() {
	STATIC=$(static)
	[[ $STATIC != 0 ]] || skip "no toolset with an LLVM in it was built"
}

need_any() {
	[[ -d $LIBEXEC/llvm-any ]] || skip "llvm-any was not built"
}

need_library() {
	local version
	need_static
	need_any
	version=$("$LIBEXEC/llvm-$STATIC/bpf-merge" --version | tail -n 1)
	for LIBRARY in /usr/lib/llvm-"$STATIC"/lib/libLLVM.so.* /usr/lib*/libLLVM.so.* \
		/usr/lib/*/libLLVM.so.*; do
		[[ $(BPF_LINKER_LIBLLVM=$LIBRARY "$LIBEXEC/llvm-any/bpf-merge" --version 2>/dev/null |
			tail -n 1) != "$version ("* ]] || return 0
	done
	[[ ${CI:-} != true ]] || { echo "no libLLVM of the version of llvm-$STATIC is here" && return 1; }
	skip "no libLLVM of the version of llvm-$STATIC is here"
}

# library FILE: something that looks like one
library() {
	mkdir -p "$(dirname "$1")"
	head -c 64 "$BASH" >"$1"
}

# rustc_of FOLDER: a rustc with its sysroot there
rustc_of() {
	printf '#!/bin/sh\n[ "$RUSTUP_AUTO_INSTALL $*" = "0 --print sysroot" ] && echo "%s"\n' "$1" >rustc-stub
	chmod +x rustc-stub
	export RUSTC=$PWD/rustc-stub
}

# finder ARGUMENT...: find-libllvm, with no rustc and no system's libraries but those that a test
# provides
finder() {
	run --separate-stderr env PATH="$PWD/bin" "$BASH" "$FINDER" "$@"
}

# finds FILE ARGUMENT...
finds() {
	finder "${@:2}"
	[[ $status == 0 && $output == "$1" && ! $stderr ]] ||
		{ echo "wanted: $1, got: status $status, $output$stderr" && return 1; }
}

# finds_nothing_of PART ARGUMENT...: nothing with this in its name; this system may have others
finds_nothing_of() {
	finder "${@:2}"
	[[ $output != *"$1"* && ! $stderr ]] || { echo "status $status: $output$stderr" && return 1; }
}

# make_bin: bin/ has what find-libllvm calls, and an ldconfig that lists the lines in libraries
make_bin() {
	mkdir -p bin
	for name in od printf readlink sed timeout; do # mksh has no printf of its own
		ln -sf "$(type -P $name)" bin
	done
	printf '#!%s\n[[ $1 == -p ]] && echo "2 libs found in cache" && echo "$(<"%s/libraries")"\n' \
		"$BASH" "$PWD" >bin/ldconfig
	chmod +x bin/ldconfig
	: >libraries
}

# --- Producers ---

@test "bpf-extract shows the producer" {
	lists "LLVM $("$CLANG" -dumpversion)" f.bc
	run -0 bpf-extract --list f.bc
	[[ $output == $'f.bc\tbitcode\t'"$(stat -c %s f.bc)"$'\tLLVM '* ]]
}

@test "producers, in all ways that a record is written" {
	for form in char6 array8 unabbreviated; do
		by LLVM99.1.0 $form <f.bc >x.bc
		lists 'LLVM 99.1.0' x.bc
	done
	for form in array8 unabbreviated; do
		by LLVM99.1.0-rust-1.200.0-nightly $form <f.bc >x.bc
		lists 'LLVM 99.1.0 (rustc 1.200.0-nightly)' x.bc
	done
}

@test "producers in words" {
	in_words() {
		by "$1" <f.bc >x.bc
		lists "$2" x.bc
	}
	in_words LLVM22.1.2-rust-1.95.0-stable 'LLVM 22.1.2 (rustc 1.95.0)'
	in_words LLVM23.0.0git 'LLVM 23.0.0git'
	in_words LLVM7.0.1 'LLVM 7.0.1'
	in_words APPLE_1_1600.0.26.6_0 APPLE_1_1600.0.26.6_0
	in_words LLVM LLVM
	in_words $'LLVM9\n9\t\x01\xff' 'LLVM 9?9???'
	in_words "$(printf 'x%.0s' {1..200})" "$(printf 'x%.0s' {1..200})"
}

@test "what a small link calls stands together in the program" {
	local program section ordered all

	need_static
	program=$LIBEXEC/llvm-$STATIC/bpf-opt
	section=$("$READELF" --sections --wide "$program" | sed -n 's/^ *\[ *\([0-9]*\)\] \.text\.ordered .*/\1/p')
	"$READELF" --symbols --wide "$program" >symbols
	awk -v section="$section" '$7 == section { print $8 }' symbols >ordered
	grep -qx LLVMTargetMachineEmitToMemoryBuffer ordered
	ordered=$(wc -l <ordered)
	all=$(grep -c ' FUNC ' symbols)
	((all / 10 < ordered && ordered < all / 2)) # a list that names nearly none, or nearly all, is of no use
}

@test "the producer of a fake is what LLVM sees, and the module is the same" {
	need_static
	bpf-linker --llvm "$STATIC" -o wanted f.bc
	for form in char6 array8 unabbreviated; do
		by LLVM99.1.0 $form <f.bc >x.bc
		"llvm-bcanalyzer-$LLVM_MAJOR" --dump x.bc | grep -A 1 IDENTIFICATION_BLOCK >dump
		grep -q "op2=86 op3=77 op4=57 op5=57" dump # VM99
		bpf-linker --llvm "$STATIC" -o out x.bc
		cmp wanted out
	done
}

@test "the producer in a wrapper, whatever is around the module" {
	by LLVM99.1.0 <f.bc | wrapped >x.bc
	lists 'LLVM 99.1.0' x.bc
	[[ $output == $'x.bc\twrapper\t'* ]]
}

@test "the producer in an object" {
	"$CLANG" -target bpf -O2 -fembed-bitcode=all -c -o x.o f.c
	lists "LLVM $("$CLANG" -dumpversion)" x.o
	[[ $output == $'x.o\tobject\t'* ]]
	"$CLANG" -target x86_64-linux -O2 -flto -ffat-lto-objects -c -o fat.o f.c
	lists "LLVM $("$CLANG" -dumpversion)" fat.o
	by LLVM99.1.0 <f.bc >x.bc
	"llvm-objcopy-$LLVM_MAJOR" --update-section .llvmbc=x.bc x.o
	lists 'LLVM 99.1.0' x.o
}

@test "producers in an archive, in one in it, and what has none" {
	by LLVM98.1.0 <f.bc >x.bc
	by LLVM99.1.0-rust-1.200.0-nightly <f.bc | wrapped >y.bc
	"llvm-dis-$LLVM_MAJOR" -o z.ll f.bc
	echo text >notes
	"$CLANG" -target x86_64-linux -c -o native.o f.c
	"$LLVM_AR" rcS inner.a y.bc
	"$LLVM_AR" rcS outer.a x.bc inner.a z.ll notes native.o
	run -0 --separate-stderr bpf-extract --list outer.a
	diff <(cut -f 1,2,4 <<<"$output") - <<-END
		outer.a(x.bc)	bitcode	LLVM 98.1.0
		outer.a(inner.a)(y.bc)	wrapper	LLVM 99.1.0 (rustc 1.200.0-nightly)
		outer.a(z.ll)	ir	-
		outer.a(notes)	other	-
		outer.a(native.o)	native	-
	END
	[[ ! $stderr ]]
}

@test "bitcode that names no producer" {
	perl -0777 -ne 'print substr($_, 0, 4), substr($_, 12 + 4 * unpack "x8V")' f.bc >none.bc
	lists - none.bc
	head -c 4 f.bc >magic.bc
	lists - magic.bc
	head -c 12 f.bc >head.bc
	lists - head.bc
	head -c 20 f.bc >cut.bc
	lists - cut.bc
}

@test "damaged identification blocks: a line, and an end" {
	by LLVM99.1.0-rust-1.200.0-nightly <f.bc >array8.bc
	by LLVM99.1.0-rust-1.200.0-nightly unabbreviated <f.bc >unabbreviated.bc
	for form in array8 unabbreviated; do
		lists 'LLVM 99.1.0 (rustc 1.200.0-nightly)' $form.bc
		mkdir $form
		perl -0777 -ne 'for my $bit (32 .. 8 * 40 - 1) {
			my $damaged = $_;
			vec($damaged, $bit, 1) ^= 1;
			open my $file, ">", "$ARGV[0]/$bit.bc";
			print $file $damaged;
		}' - $form <$form.bc
		run -0 --separate-stderr timeout 10 bpf-extract --list $form/*.bc
		[[ ${#lines[@]} == 288 && ! $stderr ]]
		absent -vE $'^[a-z0-9]+/[0-9]+\\.bc\tbitcode\t[0-9]+\t[ -~]+$' <<<"$output"
		for bit in {32..319..8} {96..135}; do
			timeout 5 bpf-extract --say-llvm --thin $form/$bit.bc >said
			IFS= read -r line < <(tr -d '\0' <said)
			[[ $line == - || $line =~ ^[1-9][0-9]{0,2}$'\tLLVM '[^$'\t']*$'\t'$form/$bit.bc$ ]]
		done
	done
}

@test "sizes that are not true" {
	by '' endless <f.bc >x.bc
	run -0 timeout 5 bpf-extract --list x.bc
	[[ ${#lines[@]} == 1 ]]
	for size in ffffffff 7fffffff 00000000 01000000; do
		perl -0777 -pe 'BEGIN { $size = shift } substr($_, 8, 4) = pack "H8", $size' $size <f.bc >x.bc
		run -0 timeout 5 bpf-extract --list x.bc
		[[ ${#lines[@]} == 1 ]]
	done
	for offset in ffffffff fcffffff 00100000; do
		wrapped <f.bc | perl -0777 -pe 'BEGIN { $o = shift } substr($_, 8, 4) = pack "H8", $o' $offset >x.bc
		lists - x.bc
	done
}

# --- Which toolset ---

@test "the oldest toolset that is as new as the producer" {
	install 9 21 22 100
	for version in 3 8 9; do
		by LLVM$version.0.0 <f.bc >x.bc
		uses 9 x.bc
	done
	by LLVM14.0.6 <f.bc >x.bc
	uses 21 x.bc
	by LLVM21.1.8-rust-1.91.0-stable <f.bc >x.bc
	uses 21 x.bc
	by LLVM22.1.0git unabbreviated <f.bc >x.bc
	uses 22 x.bc
	by LLVM23.1.4 char6 <f.bc >x.bc
	uses 100 x.bc
}

@test "of several producers, the newest decides" {
	install 21 22 23
	by LLVM14.0.6 <f.bc >14.bc
	by LLVM22.1.8-rust-1.95.0-stable <f.bc >22.bc
	"$LLVM_AR" rcS 22.a 22.bc
	uses 21 14.bc 14.bc
	uses 22 14.bc 22.bc
	uses 22 22.bc 14.bc
	uses 22 14.bc 22.a
	SAYS='bpf-linker: info: the newest producer decides: 22.a(22.bc) is by LLVM 22.1.8 (rustc 1.95.0), 14.bc only by LLVM 14.0.6'
	uses 22 14.bc 22.a --log-level info
	SAYS=
	uses 22 22.bc 22.a --log-level info
	uses 21 14.bc --log-level info
}

@test "of several producers, the newest decides: said with -v and --save-temps as well" {
	install 21 22
	by LLVM14.0.6 <f.bc >14.bc
	by LLVM22.1.8 <f.bc >22.bc
	for option in -v --save-temps; do
		run -0 --separate-stderr bpf-linker -o out 14.bc 22.bc $option --log-level info
		[[ $(grep -c 'the newest producer decides: 22.bc is by LLVM 22.1.8, 14.bc only by LLVM 14.0.6' \
			<<<"$stderr") == 1 ]]
	done
}

@test "the newest toolset, where a producer is not known" {
	install 21 22 100
	"llvm-dis-$LLVM_MAJOR" -o f.ll f.bc
	uses 100 f.ll
	by APPLE_1_1600.0.26 <f.bc >apple.bc
	uses 100 apple.bc
	by LLVM14.0.6 <f.bc >14.bc
	uses 100 14.bc apple.bc
	perl -0777 -ne 'print substr($_, 0, 4), substr($_, 12 + 4 * unpack "x8V")' f.bc >none.bc
	uses 100 none.bc
}

@test "in whatever the module comes" {
	install 21 22 23
	by LLVM22.1.8 <f.bc >x.bc
	wrapped <x.bc >wrapped.bc
	uses 22 wrapped.bc
	"$LLVM_AR" rcS libx.a x.bc
	uses 22 libx.a
	uses 22 -L . -lx
	uses 22 - <x.bc
	uses 22 /dev/stdin < <(cat x.bc)
	uses 22 <(cat x.bc)
	mkfifo fifo
	cat x.bc >fifo &
	uses 22 fifo
	cp x.bc $'tab\tx.bc'
	uses 22 $'tab\tx.bc'
	cp x.bc ' spaces '
	uses 22 ' spaces '
	uses 22 -- x.bc
}

@test "--llvm and BPF_LINKER_LLVM" {
	install 21 22 23 any
	stub any find-libllvm 'echo /lib/libLLVM'
	by LLVM22.1.8 <f.bc >x.bc
	uses 21 x.bc --llvm 21
	uses 23 x.bc --llvm=23
	uses 23 - --llvm=23 <x.bc
	LIBRARY=/lib/libLLVM uses any x.bc --llvm any
	export BPF_LINKER_LLVM=21
	uses 21 x.bc
	uses 23 x.bc --llvm 23
	BPF_LINKER_LLVM='' uses 22 x.bc
	BPF_LINKER_LLVM=any LIBRARY=/lib/libLLVM uses any x.bc
}

# fails_as_version VERSION: as --llvm's, on the command line
fails_as_version() {
	run -2 --separate-stderr bpf-linker -o out f.bc "--llvm=$1"
	[[ ! $output && $stderr == "bpf-linker: error: invalid value '$1' for '--llvm' (possible values: a major version, any); see 'bpf-linker --help'" ]]
}

@test "--llvm and BPF_LINKER_LLVM of what is not installed" {
	install 21 22
	for version in 23 2 any; do
		fails_once "bpf-linker: error: no toolset for LLVM '$version' is installed; installed: 21, 22" \
			bpf-linker -o out f.bc "--llvm=$version"
	done
	for version in Any abc 22.1 22x -1 ../22 '21 22' 'a[$(touch made)]' '*' 99999999999999999999 18446744073709551638; do
		fails_as_version "$version"
	done
	for version in 23 any 22.1 '21 22' 'a[$(touch made)]' '*' 99999999999999999999; do
		BPF_LINKER_LLVM=$version fails_once "bpf-linker: error: BPF_LINKER_LLVM: no toolset for LLVM *; installed: 21, 22" \
			bpf-linker -o out f.bc
	done
	[[ ! -e made ]]
	install any
	fails_once "bpf-linker: error: no toolset for LLVM '23' is installed; installed: 21, 22, any" \
		bpf-linker -o out f.bc --llvm 23
	run -2 --separate-stderr bpf-linker -o out f.bc --llvm
	[[ $stderr == "bpf-linker: error: option '--llvm' needs a value; "* ]]
	fails_as_version abc
}

@test "--llvm with zeros in front" {
	install 21 22 8 any
	for version in 08 022 0; do
		fails_as_version $version
		BPF_LINKER_LLVM=$version \
			fails_once "bpf-linker: error: BPF_LINKER_LLVM: no toolset for LLVM '$version' is installed; installed: 8, 21, 22, any" \
			bpf-linker -o out f.bc
	done
}

@test "-### with what cannot be read" {
	install 21 22
	: >empty
	for file in empty missing; do
		run -0 --separate-stderr bpf-linker -### -o out $file
		[[ $stderr == */llvm-22/bpf-merge* ]]
	done
}

@test "-v, -### and --save-temps choose alike" {
	install 21 22 23 any
	stub any find-libllvm 'echo /lib/libLLVM'
	by LLVM22.1.8 <f.bc >22.bc
	by LLVM99.1.0 <f.bc >99.bc
	for option in -v -###; do
		run -0 --separate-stderr bpf-linker -o out 22.bc $option
		# shellcheck disable=SC2154 # bats sets stderr_lines
		[[ ${#stderr_lines[@]} == 2 && ${stderr_lines[0]} == "$PWD/stubs/libexec/bpf-linker/bpf-extract "* ]]
		[[ ${stderr_lines[1]} == "$PWD/$(folder 22)/bpf-merge "* ]]
		run -0 --separate-stderr bpf-linker -o out 99.bc $option
		for line in "${stderr_lines[@]:1}"; do
			[[ $line == "BPF_LINKER_LIBLLVM=/lib/libLLVM $PWD/$(folder any)/bpf-"* ]]
		done
		run -0 --separate-stderr bpf-linker -o out 99.bc $option --llvm 21
		[[ ${stderr_lines[1]} == "$PWD/$(folder 21)/bpf-"* ]]
	done
	bpf-linker -v -o out 22.bc 2>/dev/null
	[[ $(tail -n 1 out) == 'codegen 22' ]]
	bpf-linker --save-temps -o out 22.bc
	diff out.4-opt.bc <(printf '%s 22\n' merge internalize opt)
	bpf-linker --save-temps -o out 99.bc
	diff out.4-opt.bc <(printf '%s any /lib/libLLVM\n' merge internalize opt)
}

@test "--btf: every stage is of the chosen toolset" {
	install 21 22
	by LLVM22.1.8 <f.bc >x.bc
	bpf-linker --btf -o out x.bc
	diff out <(printf '%s 22\n' merge internalize core debuginfo opt codegen)
}

@test "only llvm-any is installed" {
	install any
	fails_once "bpf-linker: error: f.bc was produced by LLVM *; installed: any, which finds no libLLVM $LLVM_MAJOR or newer here; *" \
		bpf-linker -o out f.bc
	"llvm-dis-$LLVM_MAJOR" -o f.ll f.bc
	fails_once 'bpf-linker: error: no libLLVM was found here; set BPF_LINKER_LIBLLVM to its file' \
		bpf-linker -o out f.ll
	stub any find-libllvm 'echo "/lib/for ${1:-21}"'
	LIBRARY="/lib/for $LLVM_MAJOR" uses any f.bc
	LIBRARY='/lib/for 21' uses any f.ll
}

@test "no toolset is installed" {
	install
	fails_once "bpf-linker: error: no LLVM toolset in '$PWD/stubs/libexec/bpf-linker'; *" \
		bpf-linker -o out f.bc
	mkdir "$(folder '')" "$(folder x)" "$(folder 2x)"
	fails_once "bpf-linker: error: no LLVM toolset in *" bpf-linker -o out f.bc
}

@test "an installation under any name" {
	install 22 any
	stub any find-libllvm 'echo "/lib/a  b"'
	by LLVM22.1.8 <f.bc >22.bc
	by LLVM99.1.0 <f.bc >99.bc
	here=$PATH
	for name in 'a  b ' "it's" '$x*' $'tab\tbed' $'two\nlines'; do
		mv stubs "$name"
		PATH=$PWD/$name/bin:$here
		uses 22 22.bc
		LIBRARY='/lib/a  b' uses any 99.bc
		mv "$name" stubs
	done
}

# --- Producers newer than all toolsets ---

too_new="was produced by LLVM 99.1.0 (rustc 1.200.0); installed: 21, 22; a toolset for LLVM 99 or newer is needed: a newer bpf-linker may have one"

@test "too new: what, by whom, and what to do" {
	install 21 22
	by LLVM99.1.0-rust-1.200.0-stable <f.bc >x.bc
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out x.bc
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out f.bc x.bc
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out x.bc --log-level off
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out x.bc --save-temps
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out x.bc -v
	fails_once "bpf-linker: error: <stdin> $too_new" bpf-linker -o out - <x.bc
	fails_once "bpf-linker: error: <stdin> $too_new" bpf-linker -o out - < <(cat x.bc)
	fails_once "bpf-linker: error: /dev/fd/* $too_new" bpf-linker -o out <(cat x.bc)
	"$LLVM_AR" rcS x.a x.bc
	fails_once "bpf-linker: error: x.a(x.bc) $too_new" bpf-linker -o out f.bc x.a
}

@test "too new: in the log as well" {
	install 21 22
	by LLVM99.1.0-rust-1.200.0-stable <f.bc >x.bc
	fails_once "bpf-linker: error: x.bc $too_new" bpf-linker -o out x.bc --log-file log
	[[ $(<log) == "$stderr" ]]
}

@test "too new: a name that is not one line" {
	install 21 22
	by LLVM99.1.0 <f.bc >$'x\ty\e[31m\r.bc'
	fails_once "bpf-linker: error: x y?[31m?.bc was produced by LLVM 99.1.0; *" \
		bpf-linker -o out $'x\ty\e[31m\r.bc'
}

@test "too new: beside an input whose producer is not known" {
	install 21 22
	by LLVM99.1.0 <f.bc >x.bc
	"llvm-dis-$LLVM_MAJOR" -o f.ll f.bc
	fails_once "bpf-linker: error: x.bc was produced by LLVM 99.1.0; *" bpf-linker -o out f.ll x.bc
}

@test "too new, and llvm-any finds nothing as new" {
	install 21 any
	stub any find-libllvm 'echo "$@" >asked; exit 1'
	by LLVM99.1.0 <f.bc >x.bc
	fails_once "bpf-linker: error: x.bc was produced by LLVM 99.1.0; installed: 21, any, which finds no libLLVM 99 or newer here; * is needed: a newer bpf-linker may have one, or set BPF_LINKER_LIBLLVM to such a library" \
		bpf-linker -o out x.bc
	[[ $(<asked) == 99 ]]
}

@test "the oldest LLVM that will do" {
	install any
	by LLVM14.0.6 <f.bc >x.bc
	fails_once "bpf-linker: error: x.bc was produced by LLVM 14.0.6; installed: any, which finds no libLLVM 21 or newer here; a toolset for LLVM 21 or newer is needed: 'make toolset LLVM=21' *" \
		bpf-linker -o out x.bc
}

@test "a folder with no toolset in it" {
	install 21 any
	mkdir "$(folder 22)"
	by LLVM22.1.8 <f.bc >x.bc
	fails_once "bpf-linker: error: x.bc was produced by LLVM 22.1.8; installed: 21, any, *" bpf-linker -o out x.bc
	run -0 --separate-stderr bpf-linker --version
	[[ ${lines[1]} != *,* ]]
}

@test "too new, and llvm-any goes on" {
	install 21 any
	stub any find-libllvm 'echo "/lib/for ${1:-21}"'
	by LLVM99.1.0 <f.bc >x.bc
	LIBRARY='/lib/for 99'
	uses any x.bc
	uses any - <x.bc
	uses any f.bc x.bc
	SAYS='bpf-linker: info: x.bc was produced by LLVM 99.1.0; linking with /lib/for 99'
	uses any x.bc --log-level info
	uses any x.bc --log-level trace --no-sandbox
	SAYS=
	uses any x.bc --log-level info --log-file log
	[[ $(<log) == 'bpf-linker: info: x.bc was produced by LLVM 99.1.0; linking with /lib/for 99' ]]
	LIBRARY='' uses 21 x.bc --llvm 21
}

@test "the info line is in the log with -v as well" {
	install 21 any
	stub any find-libllvm 'echo /lib/libLLVM'
	by LLVM99.1.0 <f.bc >x.bc
	echo old >log
	bpf-linker -v -o out x.bc --log-level info --log-file log
	[[ $(<log) == 'bpf-linker: info: x.bc was produced by LLVM 99.1.0; linking with /lib/libLLVM' ]]
	fails_once "bpf-linker: error: cannot write log file 'none/log': No such file or directory" \
		bpf-linker --save-temps -o out x.bc --log-level info --log-file none/log
}

# --- What a toolset cannot read ---

@test "what a toolset cannot read is tried with llvm-any" {
	install 22 any
	stub any find-libllvm 'echo "/lib/for ${1:-21}"'
	merge_fails 22
	by LLVM22.1.8 <f.bc >x.bc
	LIBRARY='/lib/for 22'
	uses any x.bc
	SAYS='bpf-linker: info: LLVM failed to read an input; linking with /lib/for 22'
	uses any x.bc --log-level info
	"llvm-dis-$LLVM_MAJOR" -o f.ll f.bc
	SAYS='bpf-linker: info: LLVM failed to read an input; linking with /lib/for 21' LIBRARY='/lib/for 21' uses any f.ll --log-level info
}

@test "what a toolset cannot read, with -v and --save-temps" {
	install 22 any
	stub any find-libllvm 'echo "/lib/for ${1:-21}"'
	merge_fails 22
	by LLVM22.1.8 <f.bc >x.bc
	rm -f out
	run -0 --separate-stderr bpf-linker -v -o out x.bc
	[[ $(grep -c 'bpf-codegen -o out$' <<<"$stderr") == 2 && $stderr != *error:* ]]
	[[ $(tail -n 1 out) == 'codegen any /lib/for 22' ]]
	LIBRARY='/lib/for 22'
	rm out
	run -0 --separate-stderr bpf-linker --save-temps -o out x.bc
	[[ ! $stderr ]]
	diff out.4-opt.bc <(printf '%s any /lib/for 22\n' merge internalize opt)
}

@test "what llvm-any cannot read either" {
	install 22 any
	merge_fails 22
	merge_fails any
	by LLVM22.1.8 <f.bc >x.bc
	fails_once 'bpf-linker: error: Invalid record, says 22' bpf-linker -o out x.bc
	stub any find-libllvm 'echo /lib/libLLVM'
	fails_once 'bpf-linker: error: Invalid record, says 22' bpf-linker -o out x.bc
	one_error 'bpf-linker: error: Invalid record, says 22' bpf-linker -o out x.bc --save-temps
	run -1 --separate-stderr bpf-linker -o out x.bc --log-level info
	[[ $stderr == 'bpf-linker: info: LLVM failed to read an input; linking with /lib/libLLVM
bpf-linker: error: Invalid record, says 22' ]]
}

@test "textual IR that cannot be read" {
	need_static
	printf 'target triple = "bpf"\nretx\n' >x.ll
	fails_once "bpf-linker: error: x.ll: x.ll:2:1: error: * (read by LLVM $STATIC.*)" \
		bpf-linker --llvm "$STATIC" -o out x.ll
}

@test "what cannot be read, and a library that cannot be loaded" {
	need_static
	need_any
	head -c 1000 f.bc >cut.bc
	run -1 --separate-stderr bpf-linker --llvm "$STATIC" -o out cut.bc
	for library in "$PWD/missing" "$PWD/f.bc"; do
		BPF_LINKER_LIBLLVM=$library fails_once "$stderr" bpf-linker -o out cut.bc
		BPF_LINKER_LIBLLVM=$library one_error "$stderr" bpf-linker -o out cut.bc --save-temps
		rm out.*
	done
}

@test "what is not tried again" {
	install 22 any
	stub any find-libllvm 'touch asked; exit 1'
	merge_fails 22
	by LLVM22.1.8 <f.bc >x.bc
	said='bpf-linker: error: Invalid record, says 22'
	fails_once "$said" bpf-linker -o out - <x.bc
	fails_once "$said" bpf-linker -o out /dev/stdin < <(cat x.bc)
	fails_once "$said" bpf-linker -o out <(cat x.bc)
	mkfifo fifo
	cat x.bc >fifo &
	fails_once "$said" bpf-linker -o out fifo
	fails_once "$said" bpf-linker -o out x.bc --llvm 22
	BPF_LINKER_LLVM=22 fails_once "$said" bpf-linker -o out x.bc
	[[ ! -e asked ]]
	rm -r "$(folder any)"
	fails_once "$said" bpf-linker -o out x.bc
}

@test "what is damaged, and not newer, is not tried again" {
	need_static
	install any
	link_real "$STATIC"
	stub any find-libllvm 'touch asked; exit 1'
	version=$("$LIBEXEC/llvm-$STATIC/bpf-merge" --version | sed -n 's/^LLVM \([0-9.]*\).*/\1/p')
	for producer in "LLVM$version" "LLVM$version-rust-1.99.0-stable" "LLVM$STATIC.0.0" LLVM15.0.7; do
		by "$producer" <f.bc | head -c 1000 >cut.bc
		fails_once "bpf-linker: error: cut.bc: *" bpf-linker -o out cut.bc
	done
	[[ ! -e asked ]]
	for producer in "LLVM$version.1" "LLVM${version%.*}.99-rust-1.99.0-nightly" "LLVM$STATIC.99git" MyLLVM; do
		rm -f asked
		by "$producer" <f.bc | head -c 1000 >cut.bc
		fails_once "bpf-linker: error: cut.bc: *" bpf-linker -o out cut.bc
		[[ -e asked || $producer == "LLVM$version.1" ]]
	done
	rm -f asked
	echo 'target triple = "bpf' >cut.ll # does not say
	fails_once "bpf-linker: error: cut.ll: *" bpf-linker -o out cut.ll
	[[ -e asked ]]
	# what cannot be read is what counts
	rm -f asked
	by "LLVM$STATIC.0.0" <f.bc | head -c 1000 >cut.bc
	by "LLVM$STATIC.99.0" <f.bc >new.bc
	fails_once "bpf-linker: error: cut.bc: *" bpf-linker -o out new.bc cut.bc
	[[ ! -e asked ]]
}

@test "what llvm-any does not end with is ended" {
	need_any
	install 22 any
	link_real any
	echo '#include <unistd.h>
		__attribute__((constructor)) static void hang(void) { for (;;) pause(); }' >hang.c
	cc -shared -fPIC -o hang.so hang.c
	stub any find-libllvm "echo $PWD/hang.so"
	merge_fails 22
	sed -i 's/^TIME_LIMIT=30/TIME_LIMIT=1/' stubs/bin/bpf-linker
	by LLVM22.1.8 <f.bc >x.bc
	for options in '' --save-temps; do
		SECONDS=0
		one_error 'bpf-linker: error: Invalid record, says 22' timeout 20 bpf-linker -o out x.bc $options
		[[ ! -e out ]]
		((SECONDS < 10))
	done
}

@test "an error that is not about reading is not tried again" {
	install 22 any
	stub any find-libllvm 'touch asked; exit 1'
	stub 22 bpf-merge 'cat >/dev/null; fail 1 "bpf-linker: error: duplicate"'
	by LLVM22.1.8 <f.bc >x.bc
	fails_once 'bpf-linker: error: duplicate' bpf-linker -o out x.bc
	stub 22 bpf-merge 'cat >/dev/null; fail 2'
	run -2 bpf-linker -o out x.bc
	[[ ! -e asked ]]
}

@test "tried again: warnings are said once" {
	need_static
	install any
	link_real "$STATIC"
	"$CLANG" -target x86_64-linux -c -o native.o f.c
	by "LLVM$STATIC.99.0" <f.bc | head -c 1000 >cut.bc
	stub any find-libllvm 'echo /lib/libLLVM'
	warning='bpf-linker: warning: native.o: contains no LLVM bitcode; its native code is ignored'
	for level in '' --log-level=warn --log-level=debug; do
		run -0 --separate-stderr bpf-linker -o out cut.bc native.o $level
		[[ $(grep -cxF "$warning" <<<"$stderr") == 1 ]]
	done
}

@test "BPF_LINKER_RETRY in the environment" {
	install 22
	merge_fails 22
	by LLVM22.1.8 <f.bc >x.bc
	for arguments in '' '--llvm 22' --save-temps; do
		BPF_LINKER_RETRY=yes one_error 'bpf-linker: error: Invalid record, says 22' \
			bpf-linker -o out x.bc $arguments
		[[ ! -e out ]]
	done
}

@test "damaged bitcode: one message, of producer and reader" {
	need_static
	install
	link_real "$STATIC"
	version=$("$LIBEXEC/llvm-$STATIC/bpf-merge" --version | sed -n 's/^LLVM //p')
	by "LLVM$STATIC.0.77" <f.bc | head -c 1000 >x.bc
	fails_once "bpf-linker: error: x.bc: *LLVM $STATIC.0.77*LLVM $version*" bpf-linker -o out x.bc
	fails_once "bpf-linker: error: <stdin>: *LLVM $STATIC.0.77*LLVM $version*" bpf-linker -o out - <x.bc
}

@test "damaged bitcode: a failing record, too, has producer and reader once" {
	need_static
	install
	link_real "$STATIC"
	by LLVM1.77.0 <f.bc >x.bc
	refused= # some by LLVM with both names
	for ((bit = 8 * 200; bit < 8 * 200 + 60; bit++)); do
		flipped $bit <x.bc >damaged.bc
		run --separate-stderr "$LIBEXEC/llvm-$STATIC/bpf-merge" -o out damaged.bc
		[[ $status == 0 || $status == 1 && $stderr != *$'\n'* ]]
		[[ $(grep -o 1.77.0 <<<"$stderr" | wc -l) -le 1 ]] || { echo "$stderr" && return 1; }
		refused+=${stderr:+$stderr$'\n'}
	done
	[[ $refused == *'produced by LLVM 1.77.0, read by LLVM '"$STATIC"* ]]
}

@test "damaged bitcode, llvm-any there: one message" {
	need_library
	install
	link_real "$STATIC"
	link_real any
	version=$("$LIBEXEC/llvm-$STATIC/bpf-merge" --version | sed -n 's/^LLVM //p')
	by "LLVM$STATIC.0.77" <f.bc | head -c 1000 >x.bc
	export BPF_LINKER_LIBLLVM=$LIBRARY
	fails_once "bpf-linker: error: x.bc: *LLVM $STATIC.0.77*LLVM $version*" bpf-linker -o out x.bc
	one_error "bpf-linker: error: x.bc: *LLVM $STATIC.0.77*LLVM $version*" \
		bpf-linker -o out x.bc --save-temps
	merge_fails "$STATIC"
	run -0 --separate-stderr bpf-linker -o out f.bc --log-level info
	[[ $stderr == "bpf-linker: info: LLVM failed to read an input; linking with $LIBRARY" ]]
	"$LIBEXEC/../../bin/bpf-linker" -o wanted f.bc --llvm "$STATIC"
	cmp wanted out
}

# --- llvm-any ---

@test "llvm-any gives the bytes that LLVM gives linked in" {
	need_library
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	export BPF_LINKER_LIBLLVM=$LIBRARY
	for options in '' --btf '--btf --debug-info=full' '--emit=asm -O3 --unroll-loops' \
		'--cpu=v3 -Oz' '--emit=llvm-bc --llvm-args=-enable-newgvn'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --llvm "$STATIC" $options -o static.o program.bc count.bc
		# shellcheck disable=SC2086
		bpf-linker --llvm any $options -o any.o program.bc count.bc
		cmp static.o any.o
	done
}

# What the kernel says of the objects of one holds for the other: scripts/dev/check relies on it.
@test "llvm-any gives the bytes that LLVM gives linked in, of each fixture" {
	local file options toolset

	need_library
	export BPF_LINKER_LIBLLVM=$LIBRARY
	for file in "$FIXTURES"/*.c; do
		[[ $file == *-host.c ]] || compile "$file"
	done
	"$CLANG" "${BPF_CFLAGS[@]}" -emit-llvm -c -o classes.bc "$FIXTURES/btf-classes.cc"
	[[ ! -e /sys/kernel/btf/vmlinux ]] || compile_core_program
	for file in *.bc; do
		for options in --btf '-O3 --unroll-loops --ignore-inline-never'; do
			for toolset in "$STATIC" any; do
				# shellcheck disable=SC2086 # words
				bpf-linker --llvm "$toolset" --log-level=error --unresolved-symbols=ignore $options -o "$toolset.o" "$file"
			done
			cmp "$STATIC.o" any.o || { echo "$options $file" && return 1; }
		done
	done
}

@test "llvm-any: what it links is loaded" {
	need_library
	need_kernel
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	BPF_LINKER_LIBLLVM=$LIBRARY bpf-linker --llvm any --btf -o any.o program.bc count.bc
	load_with_btf any.o
}

# newer_llvm: LIBRARY becomes one that the environment makes differ, for which see newer-llvm-host.c
newer_llvm() {
	need_library
	cc -shared -fPIC -D_GNU_SOURCE -o newer.so "$FIXTURES/newer-llvm-host.c" -Wl,--no-as-needed "$LIBRARY" \
		-Wl,-rpath,"${LIBRARY%/*}"
	LIBRARY=$PWD/newer.so
	export BPF_LINKER_LIBLLVM=$LIBRARY BPF_LINKER_LLVM=any
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
}

# is_not_known PATTERN: so the pipe, with and without BTF, and each tool that reads debug info fail
is_not_known() {
	local reason="error: $LIBRARY: LLVM 99.1.0 $1; set BPF_LINKER_LIBLLVM to another libLLVM" tool
	fails_once "bpf-linker: $reason" bpf-linker -o out program.bc count.bc
	fails_once "bpf-linker: $reason" bpf-linker --btf -o out program.bc count.bc
	for tool in 'bpf-merge' 'bpf-debuginfo --btf' 'bpf-codegen'; do
		# shellcheck disable=SC2086 # words
		fails_once "${tool% *}: $reason" "$LIBEXEC"/llvm-any/$tool -o out program.bc
		fails_once "${tool% *}: $reason" "$LIBEXEC/llvm-any/${tool% *}" --version
	done
}

@test "llvm-any: an LLVM newer than any, whose debug info is as it was" {
	newer_llvm
	bpf-linker --btf -o out program.bc count.bc
	"$READELF" -S out | grep -q '\.BTF '
}

@test "llvm-any: an LLVM that has moved operands of debug info" {
	newer_llvm
	for place in {0..11}; do
		MOVED=$place is_not_known "lays out debug info in an unknown way: * of DI* is not operand *"
	done
	MOVED=11 is_not_known '*: annotations of DISubprogram is not operand 11'
	MOVED=3 "$LIBEXEC/llvm-any/bpf-internalize" -o out program.bc
}

@test "llvm-any: an LLVM that prints debug info in another way" {
	newer_llvm
	prints() {
		PRINTED=$1=$2 is_not_known "prints debug info in an unknown way: $3"
	}
	prints 'arg: ' 'number: ' 'arg of DILocalVariable is missing, not 1'
	prints LineTables Lines 'emissionKind of DICompileUnit is LinesOnly, not LineTablesOnly'
	prints 'encoding: DW_ATE_' 'encoding: ' 'encoding of DIBasicType is unsigned, not DW_ATE_unsigned'
	prints DISPFlag SPFlag 'spFlags of DISubprogram is SPFlag*, not DISPFlag*'
	PRINTED='!DI=!' is_not_known 'prints a node of debug info in an unknown way: *'
}

@test "llvm-any: a change of what LLVM prints that cannot be made is an error" {
	newer_llvm
	cat >class.ll <<-'END'
		@v = global i32 0, !dbg !3
		!llvm.dbg.cu = !{!0}
		!llvm.module.flags = !{!2}
		!0 = distinct !DICompileUnit(language: DW_LANG_C_plus_plus, file: !1, emissionKind: FullDebug)
		!1 = !DIFile(filename: "a.cc", directory: "/src")
		!2 = !{i32 2, !"Debug Info Version", i32 3}
		!3 = !DIGlobalVariableExpression(var: !4, expr: !DIExpression())
		!4 = distinct !DIGlobalVariable(name: "v", scope: !0, file: !1, type: !5)
		!5 = !DICompositeType(tag: DW_TAG_class_type, name: "c", size: 32, elements: !{})
	END
	debuginfo=$LIBEXEC/llvm-any/bpf-debuginfo
	"$debuginfo" --btf -o out class.ll
	PRINTED=DW_TAG_class_type=2 fails_once "bpf-debuginfo: error: $LIBRARY: LLVM 99.1.0 prints \
debug info in an unknown way: no 'DW_TAG_class_type' is in !DICompositeType(tag: 2, name: \"c\", *; \
set BPF_LINKER_LIBLLVM to another libLLVM" "$debuginfo" --btf -o out class.ll
}

@test "llvm-any: an LLVM that prints nodes with their numbers" {
	newer_llvm
	bpf-linker --btf -o wanted program.bc count.bc
	NUMBERED=1 bpf-linker --btf -o out program.bc count.bc
	cmp wanted out
}

@test "llvm-any with the library of a Rust toolchain" {
	need_any
	rustc=$(PATH=${PATH#*"$BUILT"/bin:} command -v rustc) || skip "rustc is not here"
	HOME=~root sysroot=$("$rustc" --print sysroot 2>/dev/null) || skip "rustc has no sysroot here"
	set -- "$sysroot"/lib/libLLVM.so.*
	[[ -e $1 ]] || skip "this rustc's LLVM is not in its sysroot"
	"$rustc" --edition 2021 --crate-type lib -O -C panic=abort --emit=llvm-bc -o host.bc "$FIXTURES/host.rs"
	install
	link_real any
	RUSTC=$rustc bpf-linker --export host,LICENSE -o out host.bc --log-level info 2>said
	grep -q "^bpf-linker: info: host.bc was produced by LLVM .*rustc.*; linking with $sysroot/lib/libLLVM" said
	"$READELF" -h out | grep 'Machine: .*BPF'
}

@test "a library that llvm-any cannot use" {
	need_any
	mkdir dir
	echo text >text
	library short
	ln -s nowhere dangling
	refuses() {
		BPF_LINKER_LIBLLVM=$1 fails_once "bpf-linker: error: $1: $2set BPF_LINKER_LIBLLVM to the file of another libLLVM" \
			bpf-linker --llvm any -o out f.bc </dev/null
		BPF_LINKER_LIBLLVM=$1 one_error "bpf-linker: error: $1: $2*" \
			bpf-linker --llvm any -o out f.bc --save-temps </dev/null
		rm out.*
		BPF_LINKER_LIBLLVM=$1 one_error "bpf-opt: error: $1: $2*" "$LIBEXEC/llvm-any/bpf-opt" -o out f.bc
	}
	refuses "$PWD/missing" '*No such file or directory; '
	refuses "$PWD/dir" '*; '
	refuses "$PWD/text" '*; '
	refuses "$PWD/short" '*; '
	refuses "$PWD/dangling" '*; '
	refuses "$(ldd "$(command -v bash)" | sed -n 's/.* => \(.*libc.so.6\) .*/\1/p')" \
		'is no libLLVM of LLVM 21 or newer; '
	for old in /usr/lib/*/libLLVM-1[0-9].so.1 /usr/lib/*/libLLVM.so.{18,19,20}*; do
		[[ ! -e $old ]] || refuses "$old" 'is *of LLVM * or newer*; '
	done
}

@test "a library that cannot be used, and a pipe that stays open" {
	need_any
	SECONDS=0
	BPF_LINKER_LIBLLVM=$PWD/missing fails_once "bpf-linker: error: $PWD/missing: *" \
		bpf-linker --llvm any -o out f.bc < <(exec sleep 5)
	BPF_LINKER_LIBLLVM=$PWD/missing one_error "bpf-linker: error: $PWD/missing: *" \
		bpf-linker --llvm any -o out f.bc --save-temps < <(exec sleep 5)
	((SECONDS < 4))
}

@test "the tools of llvm-any look for a library by themselves" {
	need_library
	cp -r "$LIBEXEC/llvm-any" any
	printf '#!/bin/sh\necho %s\n' "$LIBRARY" >any/find-libllvm
	run -0 --separate-stderr any/bpf-merge --version
	[[ ${lines[1]} == "LLVM $STATIC."*" ($LIBRARY)" && ! $stderr ]]
	BPF_LINKER_LIBLLVM='' any/bpf-merge -o found.bc f.bc
	BPF_LINKER_LIBLLVM=$LIBRARY any/bpf-merge -o named.bc f.bc
	cmp found.bc named.bc
	perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' any/bpf-merge -o found.bc f.bc
	cmp found.bc named.bc
	nothing='bpf-merge: error: no libLLVM was found here; *set BPF_LINKER_LIBLLVM to its file'
	for script in 'exit 1' 'echo' 'echo /lib/libLLVM; exit 1' 'kill -9 $$'; do
		printf '#!/bin/sh\n%s\n' "$script" >any/find-libllvm
		one_error "$nothing" any/bpf-merge -o out f.bc
	done
	rm any/find-libllvm
	one_error "$nothing" any/bpf-merge -o out f.bc
}

@test "--version names the libLLVM, or that there is none" {
	need_library
	install
	link_real "$STATIC"
	link_real any
	BPF_LINKER_LIBLLVM=$LIBRARY run -0 --separate-stderr bpf-linker --version
	[[ ${#lines[@]} == 4 && ${lines[1]} == "LLVM $STATIC."* && ! $stderr ]]
	[[ ${lines[2]} == "any: LLVM $STATIC."*" ($LIBRARY)" ]]
	rm -r "$(folder any)"
	cp -r "$LIBEXEC/llvm-any" "$(folder any)" # where the tools are is where they look
	stub any find-libllvm 'exit 1'
	run -0 --separate-stderr bpf-linker --version
	[[ ${lines[2]} == 'any: no libLLVM was found here; install one '* && ! $stderr ]]
	BPF_LINKER_LIBLLVM=/missing run -0 --separate-stderr bpf-linker --version
	[[ ${lines[2]} == 'any: /missing: '*': No such file '* && ! $stderr ]]
	BPF_LINKER_LLVM=99 run -0 --separate-stderr bpf-linker --version
	[[ ${lines[1]} == "LLVM $STATIC."* && ! $stderr ]]
}

# --- find-libllvm ---

@test "find-libllvm: BPF_LINKER_LIBLLVM goes before all" {
	make_bin
	library rust/lib/libLLVM.so.99.1
	rustc_of "$PWD/rust"
	BPF_LINKER_LIBLLVM=/any/thing finds /any/thing
	BPF_LINKER_LIBLLVM='' finds "$PWD/rust/lib/libLLVM.so.99.1"
}

@test "find-libllvm: the rustc that is called" {
	make_bin
	rustc_of "$PWD/rust"
	for name in libLLVM.so.99.1 libLLVM-99.so libLLVM.so.99.1-rust-1.200.0-stable libLLVM-99-rust-1.200.0-stable.so \
		libLLVM-99.0.6.so.1 libLLVM.so.99.0git; do
		library "rust/lib/$name"
		finds "$PWD/rust/lib/$name"
		finds "$PWD/rust/lib/$name" 99
		finds_nothing_of rust/lib 100
		rm -r rust
	done
	library rust/lib/libLLVM.so.99.1
	mv rustc-stub bin/rustc
	unset RUSTC
	finds "$PWD/rust/lib/libLLVM.so.99.1"
}

@test "find-libllvm: a name without a version is that of the file behind it" {
	make_bin
	rustc_of "$PWD/rust"
	library behind/libLLVM.so.99.1
	mkdir -p rust/lib
	ln -s ../../behind/libLLVM.so.99.1 rust/lib/libLLVM.so
	finds "$PWD/behind/libLLVM.so.99.1"
	finds_nothing_of libLLVM.so.99 100
}

@test "find-libllvm: what is no library is passed over" {
	make_bin
	rustc_of "$PWD/rust"
	mkdir -p rust/lib/libLLVM-98-dir.so
	echo 'INPUT(libLLVM.so.99.1-rust-1.200.0-stable)' >rust/lib/libLLVM-99-rust-1.200.0-stable.so
	: >rust/lib/libLLVM-97.so
	ln -s nowhere rust/lib/libLLVM-96.so
	library rust/lib/libLLVM.so.99.1-rust-1.200.0-stable
	finds "$PWD/rust/lib/libLLVM.so.99.1-rust-1.200.0-stable"
	rm rust/lib/libLLVM.so.99.1-rust-1.200.0-stable
	finds_nothing_of rust/lib
}

@test "find-libllvm: a library for another machine" {
	make_bin
	rustc_of "$PWD/rust"
	for byte in 4 5 18 19; do
		library rust/lib/libLLVM.so.99.1
		printf '\377' | dd of=rust/lib/libLLVM.so.99.1 bs=1 seek=$byte conv=notrunc status=none
		finds_nothing_of rust/lib
	done
	library rust/lib/libLLVM.so.99.1
	finds "$PWD/rust/lib/libLLVM.so.99.1"
}

@test "find-libllvm: a rustc that is of no use" {
	make_bin
	library toolchains/toolchains/x/lib/libLLVM.so.99.1
	export RUSTUP_HOME=$PWD/toolchains
	for script in 'exit 1' 'echo /nowhere' 'echo' 'echo why >&2; exit 101' 'kill -9 $$'; do
		printf '#!/bin/sh\n%s\n' "$script" >rustc-stub
		chmod +x rustc-stub
		RUSTC=$PWD/rustc-stub finds "$PWD/toolchains/toolchains/x/lib/libLLVM.so.99.1"
	done
	RUSTC=/nowhere/rustc finds "$PWD/toolchains/toolchains/x/lib/libLLVM.so.99.1"
}

# Run in a folder where all that can lead astray lies about.
@test "what the current directory holds is not run, and not loaded" {
	make_bin
	rm -f bin/rustc
	library evil/lib/libLLVM.so.99.1
	library libLLVM.so.99.1
	library toolchains/x/lib/libLLVM.so.99.1
	printf '[toolchain]\npath = "evil"\n' >rust-toolchain.toml
	for name in rustc ldconfig readlink; do
		printf '#!/bin/sh\necho %s >>"%s/ran"; echo "%s/evil"\n' $name "$PWD" "$PWD" >$name
		chmod +x $name
	done
	script=$FINDER
	for path in ".:$PWD/bin" ":$PWD/bin" "$PWD/bin::" "$PWD/bin:" "evil/..:$PWD/bin" ''; do
		run env PATH="$path" RUSTUP_HOME=. HOME=. "$BASH" "$script" 99
		[[ $output != *99* && ! -e ran ]] || { echo "$path: $output" && cat ran && return 1; }
		RUSTC=./rustc run env PATH="$path" "$BASH" "$script" 99
		[[ $output != *99* && ! -e ran ]] || { echo "$path: $output" && cat ran && return 1; }
	done
	# the rustc that is run, as rustup's, would look at where it runs
	printf '#!/bin/sh\npwd >"%s/cwd"\necho "$PATH $LD_LIBRARY_PATH" >"%s/environment"\necho evil\n' "$PWD" "$PWD" >bin/rustc
	chmod +x bin/rustc
	run env PATH="$PWD/bin:." LD_LIBRARY_PATH=".:/usr/lib;x::" "$BASH" "$script" 99
	[[ $(<cwd) == / && $(<environment) == "$PWD/bin /usr/lib" && $output != *99* && ! -e ran ]]
	# nor by the driver
	install 22 any
	stub any find-libllvm 'echo /lib/libLLVM; echo "$PATH $LD_LIBRARY_PATH" >environment'
	stub any bpf-merge 'echo "$LD_LIBRARY_PATH" >loaded; cat; say merge'
	merge_fails 22
	by LLVM22.1.8 <f.bc >x.bc
	ln -s "$PWD/stubs/bin/bpf-linker" linked
	rm -f ran
	LD_LIBRARY_PATH=".:/usr/lib" PATH="::$PATH:." ./linked -o out x.bc
	[[ $(<environment) == *:*" /usr/lib" && $(<environment) != .* && $(<environment) != *:.* && ! -e ran ]]
	[[ $(<loaded) == /usr/lib ]]
}

@test "find-libllvm: a rustc that does not end" {
	make_bin
	sed 's/timeout 10/timeout 1/' "$FINDER" >finder
	printf '#!/bin/sh\necho $$ >"%s/pid"\nexec /bin/sleep 100\n' "$PWD" >bin/rustc
	chmod +x bin/rustc
	library toolchains/toolchains/x/lib/libLLVM.so.99.1
	SECONDS=0
	RUSTUP_HOME=$PWD/toolchains PATH=$PWD/bin run "$BASH" finder 99
	[[ $output == "$PWD/toolchains/toolchains/x/lib/libLLVM.so.99.1" && $SECONDS -lt 10 ]]
	[[ ! -e /proc/$(<pid)/stat || $(<"/proc/$(<pid)/stat") == *') Z '* ]]
}

@test "--llvm any without a libLLVM: leave it out" {
	install 22 any
	stub any find-libllvm 'exit 1'
	by LLVM22.1.8 <f.bc >x.bc
	"llvm-dis-$LLVM_MAJOR" -o f.ll f.bc
	rest="install one, such as Debian's libllvm22 or a toolchain of rustup's, or set BPF_LINKER_LIBLLVM to its file"
	for options in '' -v --save-temps; do
		# shellcheck disable=SC2086
		one_error "bpf-linker: error: no libLLVM 22 or newer was found here; leave out --llvm any, $rest" \
			bpf-linker --llvm any -o out x.bc $options
	done
	one_error "bpf-linker: error: no libLLVM 21 or newer was found here; leave out --llvm any, *" \
		bpf-linker --llvm any -o out f.ll
	BPF_LINKER_LLVM=any one_error "bpf-linker: error: no libLLVM 22 or newer was found here; unset BPF_LINKER_LLVM, $rest" \
		bpf-linker -o out x.bc
	# where that would not help
	by LLVM99.1.0 <f.bc >x.bc
	one_error "bpf-linker: error: no libLLVM 99 or newer was found here; ${rest/22/99}" bpf-linker --llvm any -o out x.bc
}

@test "find-libllvm: nothing older than llvm-any can use" {
	make_bin
	rustc_of "$PWD/rust"
	library rust/lib/libLLVM-17.so
	library toolchains/toolchains/x/lib/libLLVM.so.99.1
	export RUSTUP_HOME=$PWD/toolchains
	for oldest in '' 21 14 3; do
		finds "$PWD/toolchains/toolchains/x/lib/libLLVM.so.99.1" $oldest
	done
}

@test "find-libllvm: the newest of the system and of rustup's toolchains" {
	make_bin
	export RUSTUP_HOME="$PWD/rustup home"
	library "$RUSTUP_HOME/toolchains/one/lib/libLLVM.so.97.1-rust-1.198.0-stable"
	library "$RUSTUP_HOME/toolchains/two/lib/libLLVM.so.98.1-rust-1.200.0-nightly"
	library system/libLLVM.so.99.1
	library system/libLLVM-100.so
	echo text >system/libLLVM-101.so
	cat >libraries <<-END
			libLLVMSupport.so.102 (libc6,x86-64) => $PWD/system/libLLVMSupport.so.102
			libLLVM.so.99.1 (libc6,x86-64) => $PWD/system/libLLVM.so.99.1
			libLLVM-101.so (libc6,x86-64) => $PWD/system/libLLVM-101.so
			libLLVM-100.so (libc6,x86-64) => $PWD/system/libLLVM-100.so
			libm.so.6 (libc6,x86-64) => /lib/libm.so.6
	END
	sed -i 's/^ */\t/' libraries
	finds "$PWD/system/libLLVM-100.so"
	rm system/libLLVM-100.so
	finds "$PWD/system/libLLVM.so.99.1"
	finds "$PWD/system/libLLVM.so.99.1" 99
	: >libraries
	finds "$RUSTUP_HOME/toolchains/two/lib/libLLVM.so.98.1-rust-1.200.0-nightly"
	rm -r "$RUSTUP_HOME/toolchains/two"
	finds "$RUSTUP_HOME/toolchains/one/lib/libLLVM.so.97.1-rust-1.198.0-stable"
	unset RUSTUP_HOME
	library home/.rustup/toolchains/three/lib/libLLVM.so.96.1
	finds "$PWD/home/.rustup/toolchains/three/lib/libLLVM.so.96.1"
}

@test "find-libllvm: nothing here" {
	make_bin
	finder 10000
	[[ $status == 1 && ! $output && ! $stderr ]]
	unset HOME
	finder 10000
	[[ $status == 1 && ! $output && ! $stderr ]]
	run --separate-stderr env -i PATH= "$BASH" "$FINDER" 10000
	[[ $status == 1 && ! $output && ! $stderr ]]
}

@test "find-libllvm: in other shells" {
	make_bin
	library toolchains/toolchains/x/lib/libLLVM.so.99.1
	export RUSTUP_HOME=$PWD/toolchains
	for shell in dash mksh busybox; do
		path=$(command -v $shell) || continue
		[[ $shell != busybox ]] || path+=' sh'
		# shellcheck disable=SC2086 # two words
		run --separate-stderr env PATH="$PWD/bin" $path "$FINDER" 99
		[[ $output == "$PWD/toolchains/toolchains/x/lib/libLLVM.so.99.1" && ! $stderr ]]
	done
}

@test "find-libllvm: names of macOS, which have no version" {
	make_bin
	export RUSTUP_HOME=$PWD/toolchains
	for toolchain in a:98 b:99 c:97; do
		library "toolchains/toolchains/${toolchain%:*}/lib/libLLVM.dylib"
		echo "${toolchain#*:}" >"toolchains/toolchains/${toolchain%:*}/lib/version"
	done
	cp "$FINDER" find-libllvm
	printf '#!/bin/sh\necho bpf-merge 0; echo "LLVM $(/bin/cat "${BPF_LINKER_LIBLLVM%%/*}/version").1.0 ($BPF_LINKER_LIBLLVM)"\n' >bpf-merge
	chmod +x bpf-merge
	FINDER=$PWD/find-libllvm finds "$PWD/toolchains/toolchains/b/lib/libLLVM.dylib" 98
	rustc_of "$PWD/toolchains/toolchains/c"
	FINDER=$PWD/find-libllvm finds "$PWD/toolchains/toolchains/c/lib/libLLVM.dylib"
	FINDER=$PWD/find-libllvm finds_nothing_of toolchains 100
}

# mach_o MACHINE: the start of a Mach-O file
mach_o() {
	printf '\317\372\355\376%b\0\0\1\0\0\0\0\6\0\0\0' "$1"
}

@test "find-libllvm: Mach-O libraries for another machine" {
	make_bin
	sed 's,/proc/\$\$/exe,/nowhere,' "$FINDER" >find-libllvm # there is no /proc
	mach_o '\014' >bpf-merge
	mkdir -p toolchains/x/lib
	export RUSTUP_HOME=$PWD
	mach_o '\007' >toolchains/x/lib/libLLVM-99.dylib
	FINDER=$PWD/find-libllvm finds_nothing_of toolchains
	mach_o '\014' >toolchains/x/lib/libLLVM-99.dylib
	FINDER=$PWD/find-libllvm finds "$PWD/toolchains/x/lib/libLLVM-99.dylib"
}

@test "find-libllvm: leaves standard input alone" {
	make_bin
	printf '#!/bin/sh\n/bin/cat >/dev/null\nexit 1\n' >bin/rustc
	chmod +x bin/rustc
	echo kept >file
	run --separate-stderr bash -c 'PATH=$PWD/bin "$BASH" "$1" 10000; read -r line; echo "$line"' \
		bash "$FINDER" <file
	[[ $output == kept ]]
}

# calling_rustc LIBRARY ARGUMENT...: find-libllvm, called by a process with that name and library
calling_rustc() {
	local preload=$1
	shift
	mkdir -p caller
	cp "$BASH" caller/rustc
	run --separate-stderr env LD_PRELOAD="$preload" caller/rustc -c \
		'unset LD_PRELOAD; PATH=$1; shift; "$@"; exit $?' rustc "$PWD/bin" \
		"$BASH" -c '"$@"; exit $?' between "$BASH" "$FINDER" "$@"
}

@test "find-libllvm: the library of the rustc that calls" {
	make_bin
	library rust/lib/libLLVM.so.98.1
	rustc_of "$PWD/rust"
	some=$(ldd "$(command -v bash)" | sed -n 's/.* => \(.*libc.so.6\) .*/\1/p')
	some=$(dirname "$some")/libdl.so.2
	[[ -e $some ]] || skip "no small library to call libLLVM"
	mkdir 'of rustc'
	cp "$some" 'of rustc/libLLVM.so.99.1-rust-1.200.0-stable'
	ln -s 'of rustc' of-rustc # LD_PRELOAD is split at spaces
	calling_rustc "$PWD/of-rustc/libLLVM.so.99.1-rust-1.200.0-stable"
	[[ $status == 0 && $output == "$PWD/of"?rustc/libLLVM.so.99.1-rust-1.200.0-stable ]]
	calling_rustc "$PWD/of-rustc/libLLVM.so.99.1-rust-1.200.0-stable" 99
	[[ $output == "$PWD/of"?rustc/libLLVM.so.99.1-rust-1.200.0-stable ]]
	# too old, or without one
	mv 'of rustc/libLLVM.so.99.1-rust-1.200.0-stable' 'of rustc/libLLVM.so.20.1'
	calling_rustc "$PWD/of-rustc/libLLVM.so.20.1"
	[[ $output == "$PWD/rust/lib/libLLVM.so.98.1" ]]
	calling_rustc ''
	[[ $output == "$PWD/rust/lib/libLLVM.so.98.1" ]]
}

# --- What may go wrong besides ---

@test "two links at once, with different LLVMs" {
	install 21 22
	by LLVM21.1.0 <f.bc >21.bc
	by LLVM22.1.0 <f.bc >22.bc
	for version in 21 22; do
		stub $version bpf-merge 'cat >/dev/null; say_rest "$@" >"${!#}.x"'
	done
	for ((tries = 0; tries < 5; tries++)); do
		bpf-linker -o a 21.bc &
		bpf-linker -o b 22.bc
		wait $!
		[[ $(tail -n 1 a.x) == 'codegen 21' && $(tail -n 1 b.x) == 'codegen 22' ]]
		rm a.x b.x
	done
}

@test "a stage that was killed is complained of, whatever the driver is called" {
	need_static
	install
	link_real "$STATIC"
	stub "$STATIC" bpf-extract 'kill -9 $$'
	mv "$(folder "$STATIC")/bpf-extract" stubs/libexec/bpf-linker
	mv stubs/bin/bpf-linker 'stubs/bin/my (old) linker'
	fails_once 'bpf-linker: error: bpf-extract was killed, perhaps since memory ran out' 'my (old) linker' -o out f.bc
}

@test "a signal while a library is looked for" {
	install any
	stub any find-libllvm 'echo $$ >finder; exec sleep 5'
	for signal in INT TERM; do
		rm -f finder
		env --default-signal=INT bpf-linker -o out f.bc 3>&- &
		driver=$!
		for ((tries = 0; tries < 500; tries++)); do
			[[ ! -s finder ]] || break
			sleep 0.01
		done
		SECONDS=0
		kill -$signal $driver
		status=0
		wait $driver || status=$?
		[[ $status == $((128 + $(kill -l $signal))) && $SECONDS -lt 3 && ! -e out ]]
		kill "$(<finder)" || true
	done
}
