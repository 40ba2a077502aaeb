#!/usr/bin/env bats
# bpf-extract: every kind of input, archives and their indexes, and the stream that comes of them.

load helper
load module

KINDS=(raw.bc wrapped.bc text.ll llvmbc.o host.o big.o elf32.o fat.o thin-lto.o macho.o macho32.o)

# All kinds define the function twice; thrice.bc and native.o go with them.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	echo 'unsigned long long twice(unsigned long long x) { return 2 * x; }' >twice.c
	echo 'unsigned long long thrice(unsigned long long x) { return 3 * x; }' >thrice.c
	source_to raw.bc -target bpf -emit-llvm
	source_to text.ll -target bpf -emit-llvm -S
	source_to llvmbc.o -target bpf -fembed-bitcode
	source_to host.o -target x86_64-linux-gnu -fembed-bitcode
	source_to big.o -target bpfeb -fembed-bitcode
	source_to elf32.o -target armv7-linux-gnueabi -fembed-bitcode
	source_to fat.o -target x86_64-linux-gnu -flto -ffat-lto-objects
	source_to thin-lto.o -target x86_64-linux-gnu -flto=thin -ffat-lto-objects
	source_to macho.o -target arm64-apple-macos -fembed-bitcode
	source_to macho32.o -target i386-apple-macos -fembed-bitcode
	wrap raw.bc >wrapped.bc
	"$CLANG" -target bpf -O2 -emit-llvm -c -o thrice.bc thrice.c
	assemble native.o <<-'END'
		.file "native.c"
		.globl entry, five
		.set five, 5
		.comm buffer, 8
		.text
		entry: .quad helper
	END
	assemble references.o <<-'END'
		.globl twice, missing
	END
	echo 'source_filename = "nothing"' >nothing.ll
}

# source_to OUTPUT FLAG...: compiles twice.c
source_to() {
	"$CLANG" -O2 "${@:2}" -c -o "$1" twice.c
}

# wrap BITCODE: in a wrapper, as Apple's compilers do
wrap() {
	local size
	size=$(stat -c %s "$1")
	little_endian 0x0B17C0DE 0 20 "$size" 7
	cat "$1"
	printf '\0\0\0\0'
}

# little_endian NUMBER...: each in 4 bytes
little_endian() {
	local number shift
	for number; do
		for shift in 0 8 16 24; do
			printf '%b' "\\x$(printf %02x $((number >> shift & 255)))"
		done
	done
}

# assemble OUTPUT <<SOURCE
assemble() {
	"$CLANG" -target x86_64-linux-gnu -x assembler -c -o "$1" -
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/* .
}

# entries ARGUMENT...: what bpf-extract makes of them, a line `ORIGIN/CONTENT NAME` for each entry.
# It leaves them in stream.tar. tar must have nothing to complain of.
entries() {
	bpf-extract "$@" >stream.tar || return
	list stream.tar
}

list() {
	tar --quoting-style=literal -Ptvf "$1" 2>complaints |
		sed -E 's/^\S+ (\S+) +[0-9]+ \S+ \S+ /\1 /'
	[[ ! -s complaints ]] || { cat complaints >&2 && return 1; }
}

# entries_are ARGUMENT... <<WANTED
entries_are() {
	local given
	given=$(entries "$@") && diff - <(echo "$given")
}

# content NAME: of the last entry of that name in stream.tar
content() {
	tar --quoting-style=literal --no-unquote -PxOf stream.tar --no-wildcards -- "$1"
}

# defines ARGUMENT...: the functions in the program that is linked of what is extracted
defines() {
	bpf-extract "$@" | bpf-merge --export twice,thrice nothing.ll - 2>/dev/null |
		bpf-codegen --emit llvm-ir | sed -n 's/^define .*@\([a-z]*\)(.*/\1/p' | sort | xargs
}

content_of() {
	case $1 in
	*.ll) echo ir ;;
	*) echo bitcode ;;
	esac
}

# --- Kinds of input ---

@test "every kind of input, told apart by content alone" {
	for kind in "${KINDS[@]}"; do
		for name in input input.a input.rs 'input.bc '; do
			cp $kind "$name"
			entries_are "$name" <<<"input/$(content_of $kind) $name"
		done
		run -0 defines input
		[[ $output == twice ]] || { echo "$kind: $output" && return 1; }
	done
}

@test "every kind of input, as a member of an archive" {
	for kind in "${KINDS[@]}"; do
		cp $kind member
		rm -f archive
		"$LLVM_AR" rcS archive member
		entries_are archive <<<"member/$(content_of $kind) archive(member)"
		run -0 defines archive
		[[ $output == twice ]] || { echo "$kind: $output" && return 1; }
	done
}

@test "bitcode comes out as it went in" {
	entries raw.bc wrapped.bc text.ll
	for file in raw.bc wrapped.bc text.ll; do
		content $file | cmp - $file
	done
}

@test "textual IR, however it begins" {
	while read -r line; do
		printf '%b\n' "$line" >input
		entries_are input <<<'input/ir input' || { echo "$line" && return 1; }
		bpf-merge <stream.tar >merged.bc
	done <<-'END'
		source_filename = "x"
		target triple = "bpf"
		; a comment\ndeclare void @f()
		\r\n\t\n;; target\r\n\r\ndefine void @f() { ret void }
		%t = type { i32 }
		@x = global i32 0
		@"a b" = global i32 0
		$c = comdat any
		declare void @f()
		attributes #0 = { noinline }
		!llvm.module.flags = !{}
		!0 = !{}
		^0 = module: (path: "", hash: (0, 0, 0, 0, 0))
		module asm ""
	END
}

@test "text that is no IR" {
	while read -r line; do
		printf '%b\n' "$line" >input
		one_error 'bpf-extract: error: input: is neither *' bpf-extract -o out input ||
			{ echo "$line" && return 1; }
	done <<-'END'
		hello
		targeted
		\xef\xbb\xbf
		#!/bin/sh
		@
		\n\n\n\n
		!<arxh>\nlib.bc/         0           0     0     644     2368      `
		int twice(int x);
		define
	END
}

@test "a FatLTO object gives the module, not the native code" {
	run -0 "$READELF" -sW fat.o
	[[ $output == *' twice'* ]]
	entries fat.o
	content fat.o | cmp -n 4 - raw.bc
}

@test "an object in a bitcode section of which is none" {
	assemble wrong.o <<-'END'
		.section .llvmbc, "e", @progbits
		.ascii "not bitcode"
	END
	one_error 'bpf-extract: error: wrong.o: its bitcode section does not hold bitcode' \
		bpf-extract wrong.o
	"$LLVM_AR" rc archive.a wrong.o
	one_error 'bpf-extract: error: archive.a(wrong.o): its bitcode section does not hold bitcode' \
		bpf-extract archive.a
}

# --- Objects without bitcode ---

@test "an object with native code is warned of, and ignored" {
	run --separate-stderr -0 bpf-extract -o stream.tar native.o raw.bc
	[[ $stderr == 'bpf-extract: warning: native.o: contains no LLVM bitcode; its native code is ignored' ]]
	[[ $(list stream.tar) == *'input/bitcode raw.bc' ]]
}

@test "an object's references are its undefined symbols and nothing else" {
	entries native.o raw.bc
	# LLVM-C cannot tell the symbol of the source file's name from others
	[[ $(content native.o | grep -v '^native\.c$') == helper ]]
}

@test "an object with nothing but references is silent" {
	run --separate-stderr -0 bpf-extract -o stream.tar raw.bc references.o
	[[ ! $stderr ]]
	list stream.tar | diff - <(printf '%s\n' 'input/bitcode raw.bc' 'input/references references.o')
	[[ $(content references.o | sort | xargs) == 'missing twice' ]]
}

@test "references bring in members of archives" {
	"$LLVM_AR" rcs lib.a raw.bc
	run -0 --separate-stderr defines thrice.bc references.o lib.a
	[[ $output == 'thrice twice' ]]
}

@test "a stripped object with native code" {
	strip -o stripped.o native.o
	run --separate-stderr -0 bpf-extract -o stream.tar stripped.o raw.bc
	[[ $stderr == 'bpf-extract: warning: stripped.o: contains no LLVM bitcode; its native code is ignored' ]]
}

@test "an object without symbols, and one without sections" {
	assemble no-symbols.o </dev/null
	run --separate-stderr -0 bpf-extract -o stream.tar no-symbols.o raw.bc
	[[ ! $stderr && $(list stream.tar) == 'input/bitcode raw.bc' ]]
	{ head -c 40 no-symbols.o && head -c 24 /dev/zero; } >no-sections.o # no e_shoff, e_shnum
	run --separate-stderr -0 bpf-extract -o stream.tar no-sections.o raw.bc
	[[ ! $stderr && $(list stream.tar) == 'input/bitcode raw.bc' ]]
	"$LLVM_AR" rc lib.a no-symbols.o no-sections.o raw.bc
	[[ $(entries lib.a | head -n 1) == 'member/bitcode lib.a(raw.bc)' ]]
}

@test "-fembed-bitcode=marker leaves nothing to link" {
	source_to marker.o -target bpf -fembed-bitcode=marker
	run --separate-stderr -0 bpf-extract -o stream.tar raw.bc marker.o
	[[ $stderr == 'bpf-extract: warning: marker.o: contains no LLVM bitcode; its native code is ignored' ]]
	[[ $(list stream.tar | grep bitcode) == 'input/bitcode raw.bc' ]]
}

@test "no bitcode at all" {
	printf '!<arch>\n' >empty.a
	"$LLVM_AR" rc native.a native.o
	for input in native.o references.o empty.a native.a; do
		one_error "bpf-extract: error: $input: no LLVM bitcode to link; *" bpf-extract $input
	done
}

# --- Archives ---

@test "a GNU archive" {
	"$LLVM_AR" --format=gnu rcs lib.a raw.bc thrice.bc
	entries_are lib.a <<-'END'
		member/bitcode lib.a(raw.bc)
		member/bitcode lib.a(thrice.bc)
		index/symbols lib.a
	END
	content lib.a | diff - <(printf '2 twice\n1 thrice\n')
	content 'lib.a(thrice.bc)' | cmp - thrice.bc
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "a member that begins with a NUL is no IR, whatever follows" {
	printf '\0name = 1\n' >data
	"$LLVM_AR" rcS lib.a raw.bc data
	entries_are lib.a <<<'member/bitcode lib.a(raw.bc)'
}

@test "an archive with an index of 64 bits" {
	SYM64_THRESHOLD=0 "$LLVM_AR" --format=gnu rcs lib.a raw.bc thrice.bc
	[[ $(head -c 15 lib.a) == $'!<arch>\n/SYM64/' ]]
	entries lib.a
	content lib.a | diff - <(printf '2 twice\n1 thrice\n')
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "an archive of binutils" {
	cp host.o a-name-longer-than-sixteen-characters.o
	ar --plugin /dev/null rcs lib.a a-name-longer-than-sixteen-characters.o native.o
	entries_are lib.a <<-'END'
		member/bitcode lib.a(a-name-longer-than-sixteen-characters.o)
		index/symbols lib.a
	END
	[[ $(content lib.a) == '1 twice' ]]
	[[ $(defines lib.a) == twice ]]
}

@test "BSD and Darwin archives" {
	cp raw.bc a-name-longer-than-sixteen-characters.bc
	for format in bsd darwin; do
		rm -f lib.a
		"$LLVM_AR" --format=$format rcs lib.a a-name-longer-than-sixteen-characters.bc thrice.bc
		grep -aq '#1/' lib.a
		entries_are lib.a <<-'END'
			member/bitcode lib.a(a-name-longer-than-sixteen-characters.bc)
			member/bitcode lib.a(thrice.bc)
		END
		[[ $(defines lib.a) == 'thrice twice' ]]
	done
}

@test "an archive in COFF form, with two indexes" {
	"$LLVM_AR" --format=coff rcs lib.a raw.bc thrice.bc
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "an archive without an index" {
	"$LLVM_AR" rcS lib.a raw.bc thrice.bc
	entries_are lib.a <<-'END'
		member/bitcode lib.a(raw.bc)
		member/bitcode lib.a(thrice.bc)
	END
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "members of one name" {
	mkdir a b
	cp raw.bc a/x.bc
	cp thrice.bc b/x.bc
	"$LLVM_AR" qcs lib.a a/x.bc b/x.bc
	entries lib.a
	content lib.a | diff - <(printf '2 twice\n1 thrice\n')
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "an index counts past members without bitcode, and archives" {
	echo 'nothing here' >notes.txt
	: >empty.txt
	"$LLVM_AR" rcs inner.a text.ll native.o
	"$LLVM_AR" rcs lib.a native.o raw.bc notes.txt inner.a empty.txt thrice.bc
	entries_are lib.a <<-'END'
		member/bitcode lib.a(raw.bc)
		member/ir lib.a(inner.a)(text.ll)
		member/bitcode lib.a(thrice.bc)
		index/symbols lib.a
	END
	content lib.a | diff - <(printf '3 twice\n1 thrice\n')
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "an archive in an archive has its own index" {
	"$LLVM_AR" rcs inner.a raw.bc
	"$LLVM_AR" rcs lib.a inner.a thrice.bc
	entries_are lib.a <<-'END'
		member/bitcode lib.a(inner.a)(raw.bc)
		index/symbols lib.a(inner.a)
		member/bitcode lib.a(thrice.bc)
		index/symbols lib.a
	END
	[[ $(content 'lib.a(inner.a)') == '1 twice' ]]
	[[ $(content lib.a) == '1 thrice' ]]
	[[ $(defines lib.a) == 'thrice twice' ]]
}

@test "archives nested too deep" {
	cp raw.bc nest
	for ((depth = 1; depth <= 9; depth++)); do
		((depth != 9)) || [[ $(defines nest) == twice ]]
		mv nest member
		"$LLVM_AR" rcS nest member
	done
	one_error 'bpf-extract: error: nest(member)*: archives are nested too deep' bpf-extract nest
}

@test "an rlib" {
	rustc --version >version 2>&1 || skip 'no rustc'
	llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
	((llvm <= LLVM_MAJOR)) || skip "rustc has LLVM $llvm"
	cat >numbers.rs <<-'END'
		#![no_std]
		#[no_mangle]
		pub extern "C" fn twice(x: u64) -> u64 { x.wrapping_add(x) }
	END
	rustc --crate-type rlib -C panic=abort -C linker-plugin-lto -O numbers.rs
	run --separate-stderr -0 bpf-extract --log-level info -o stream.tar libnumbers.rlib
	[[ $stderr == 'bpf-extract: info: libnumbers.rlib(lib.rmeta): skipped: contains no LLVM bitcode' ]]
	[[ $(list stream.tar) == 'member/bitcode libnumbers.rlib('*'.rcgu.o)'*'index/symbols libnumbers.rlib' ]]
	[[ $(content libnumbers.rlib) == *' twice' ]]
	[[ $(defines libnumbers.rlib) == twice ]]
}

@test "archives alone, linked by what is exported" {
	"$LLVM_AR" rcs lib.a raw.bc thrice.bc
	run -0 --separate-stderr bash -c 'bpf-extract lib.a | bpf-merge --export thrice |
		bpf-codegen --emit llvm-ir'
	[[ $output == *'@thrice('* && $output != *'@twice('* && ! $stderr ]]
}

@test "a thin archive" {
	"$LLVM_AR" rcsT thin.a raw.bc
	one_error 'bpf-extract: error: thin.a: is a thin archive, *' bpf-extract thin.a
	"$LLVM_AR" rc outer.a thin.a
	one_error 'bpf-extract: error: outer.a(thin.a): is a thin archive, *' bpf-extract outer.a
}

@test "members without bitcode are passed over with a note" {
	echo 'nothing here' >notes.txt
	"$LLVM_AR" rc lib.a notes.txt raw.bc native.o references.o
	run --separate-stderr -0 bpf-extract -o stream.tar lib.a
	[[ ! $stderr ]]
	run --separate-stderr -0 bpf-extract --log-level info -o stream.tar lib.a
	diff - <(echo "$stderr") <<-'END'
		bpf-extract: info: lib.a(notes.txt): skipped: contains no LLVM bitcode
		bpf-extract: info: lib.a(native.o): skipped: contains no LLVM bitcode
		bpf-extract: info: lib.a(references.o): skipped: contains no LLVM bitcode
	END
	[[ $(list stream.tar) == 'member/bitcode lib.a(raw.bc)'* ]]
}

@test "an archive without bitcode among others" {
	"$LLVM_AR" rc native.a native.o
	run --separate-stderr -0 bpf-extract -o stream.tar native.a raw.bc
	[[ $stderr == 'bpf-extract: warning: native.a: contains no LLVM bitcode; its native code is ignored' ]]
	[[ $(list stream.tar) == 'input/bitcode raw.bc' ]]
}

# --- Where inputs come from ---

@test "standard input, named or not" {
	[[ $(entries <raw.bc) == 'input/bitcode <stdin>' ]]
	[[ $(entries - <raw.bc) == 'input/bitcode <stdin>' ]]
	[[ $(cat raw.bc | entries) == 'input/bitcode <stdin>' ]]
	[[ $(cat raw.bc | defines) == twice ]]
}

@test "standard input among files" {
	entries - thrice.bc <raw.bc >listing
	printf '%s\n' 'input/bitcode <stdin>' 'input/bitcode thrice.bc' | diff - listing
	[[ $(cat raw.bc | defines thrice.bc -) == 'thrice twice' ]]
}

@test "pipes" {
	"$LLVM_AR" rcs lib.a raw.bc thrice.bc
	entries <(cat raw.bc) <(cat lib.a) >listing
	sed 's,/dev/fd/[0-9]*,PIPE,' listing | diff - <(printf '%s\n' 'input/bitcode PIPE' \
		'member/bitcode PIPE(raw.bc)' 'member/bitcode PIPE(thrice.bc)' 'index/symbols PIPE')
	[[ $(defines <("$CLANG" -target bpf -emit-llvm -c -o - twice.c)) == twice ]]
	[[ $(cat lib.a | defines) == 'thrice twice' ]]
}

@test "-l finds libNAME.a in the directories of -L, in their order" {
	mkdir first second
	"$LLVM_AR" rcS first/libone.a raw.bc
	"$LLVM_AR" rcS second/libone.a thrice.bc
	"$LLVM_AR" rcS second/libtwo.a thrice.bc
	cp text.ll second/plain.o
	entries_are -L first -L second -l one -ltwo <<-'END'
		member/bitcode first/libone.a(raw.bc)
		member/bitcode second/libtwo.a(thrice.bc)
	END
	entries_are --library one --library-path=second <<<'member/bitcode second/libone.a(thrice.bc)'
	entries_are -Lsecond -l :plain.o -l:libtwo.a <<-'END'
		input/ir second/plain.o
		member/bitcode second/libtwo.a(thrice.bc)
	END
	entries_are -Lnowhere -L "$PWD/second" -ltwo <<<"member/bitcode $PWD/second/libtwo.a(thrice.bc)"
}

@test "a library that is not there" {
	mkdir first
	cp raw.bc libone.a
	one_error 'bpf-extract: error: cannot find -lone *' bpf-extract -l one
	one_error 'bpf-extract: error: cannot find -lone *' bpf-extract -L first -l one
	one_error 'bpf-extract: error: cannot find -l:one *' bpf-extract -L first -l :one
}

@test "entries stand in the order of the command line" {
	mkdir dir
	"$LLVM_AR" rcS dir/libone.a raw.bc
	entries_are thrice.bc -L dir -lone raw.bc text.ll -lone thrice.bc <<-'END'
		input/bitcode thrice.bc
		member/bitcode dir/libone.a(raw.bc)
		input/bitcode raw.bc
		input/ir text.ll
		input/bitcode thrice.bc
	END
}

@test "an archive that is given twice is read once, files are not" {
	"$LLVM_AR" rcs lib.a raw.bc
	ln lib.a link.a
	cp lib.a copy.a
	entries_are lib.a thrice.bc ./lib.a link.a copy.a thrice.bc <<-'END'
		member/bitcode lib.a(raw.bc)
		index/symbols lib.a
		input/bitcode thrice.bc
		member/bitcode copy.a(raw.bc)
		index/symbols copy.a
		input/bitcode thrice.bc
	END
	run -0 --separate-stderr bpf-extract --log-level=info -o out lib.a ./lib.a
	[[ $stderr == 'bpf-extract: info: ./lib.a: skipped: already read' ]]
}

@test "an empty archive among others is worth no word" {
	"$LLVM_AR" rcs empty.a
	run -0 --separate-stderr bpf-extract -o out raw.bc empty.a
	[[ ! $stderr ]]
}

# --- The stream ---

@test "names of all sorts" {
	long=$(printf 'long%.0s' {1..60})
	mkdir -p "$long/$long"
	also_long=${long}x
	for name in 'a b' ' ' zoë 名前 "it's" '"quoted"' 'a(b)' 'a\b' -dash '*' "$also_long" "$long/$long/x"; do
		cp raw.bc "./$name"
		for locale in C C.UTF-8; do
			LC_ALL=$locale entries -- "$name" >listing
			diff listing - <<<"input/bitcode $name"
			content "$name" | cmp - raw.bc
		done
		[[ $name == */* ]] && continue
		rm -f lib.a
		"$LLVM_AR" rcS lib.a "./$name"
		entries_are lib.a <<<"member/bitcode lib.a($name)"
	done
}

@test "names in no encoding" {
	name=$'\xff\xfe'
	cp raw.bc "$name"
	same_module <(bpf-extract "$name" | bpf-merge) <(bpf-merge raw.bc)
	echo hello >"$name"
	one_error "bpf-extract: error: [?][?]: is neither *" bpf-extract "$name"
}

@test "names as the user wrote them" {
	mkdir dir
	entries_are ./raw.bc dir/..//text.ll "$PWD/raw.bc" <<-END
		input/bitcode ./raw.bc
		input/ir dir/..//text.ll
		input/bitcode $PWD/raw.bc
	END
}

@test "the same inputs give the same bytes, anywhere and at any time" {
	"$LLVM_AR" rcs lib.a raw.bc thrice.bc
	bpf-extract text.ll lib.a >first
	mkdir elsewhere
	cp text.ll lib.a elsewhere
	touch -d 2001-02-03 elsewhere/*
	chmod 600 elsewhere/*
	cd elsewhere
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C bpf-extract -o second text.ll lib.a)
	cmp ../first second
	bpf-extract lib.a text.ll >third
	run ! cmp -s ../first third
}

@test "a stream links as the files do" {
	bpf-extract raw.bc text.ll | tar -t | diff - <(printf '%s\n' raw.bc text.ll)
	bpf-extract raw.bc thrice.bc | bpf-merge | cmp - <(bpf-merge raw.bc thrice.bc)
}

@test "what tar has taken apart and put together again links too" {
	"$LLVM_AR" rcs lib.a raw.bc
	entries thrice.bc lib.a
	mkdir dir
	tar -xf stream.tar -C dir thrice.bc 'lib.a(raw.bc)'
	tar -cf again.tar -C dir thrice.bc 'lib.a(raw.bc)'
	bpf-merge --export twice,thrice again.tar | cmp - <(bpf-merge --export twice,thrice stream.tar)
}

# --- Thin streams ---

# thin_is_as_full ARGUMENT...: a thin stream links as the full one does
thin_is_as_full() {
	bpf-extract --thin "$@" >thin.tar
	bpf-extract "$@" | bpf-merge --export twice,thrice -o full.bc
	bpf-merge --export twice,thrice -o thin.bc thin.tar
	cmp full.bc thin.bc
}

@test "a thin stream refers to files, and links as the full one" {
	"$LLVM_AR" rcs inner.a thrice.bc
	for kind in "${KINDS[@]}"; do
		[[ $kind != big.o ]] || continue # the others are little-endian
		rm -f lib.a
		"$LLVM_AR" rcs lib.a "$kind" inner.a
		thin_is_as_full "$kind" lib.a
		thin_is_as_full lib.a thrice.bc
		(($(stat -c %s thin.tar) < 8192))
	done
}

@test "what a thin stream holds" {
	"$LLVM_AR" rcs lib.a raw.bc thrice.bc
	bpf-extract --thin text.ll lib.a >stream.tar
	list stream.tar | diff - <(printf '%s\n' 'file/references text.ll' 'file/references lib.a' \
		'index/symbols lib.a')
	content text.ll | diff - <(echo "0 $(stat -c %s text.ll) input ir ")
	tar -xOf stream.tar lib.a | head -n 2 >lines
	while read -r offset size origin content name <&3; do
		[[ $origin == member && $content == bitcode ]]
		tail -c +$((offset + 1)) lib.a | head -c "$size" | cmp - "${name//[()]/}"
	done 3<lines
	[[ $(tail -n 1 lines) == *' (thrice.bc)' ]]
}

@test "a thin stream copies what is in no file" {
	entries --thin - <raw.bc | diff - <(echo 'input/bitcode <stdin>')
	cat raw.bc | entries --thin | diff - <(echo 'input/bitcode <stdin>')
	content '<stdin>' | cmp - raw.bc
	# the next stage has another standard input
	bpf-extract --thin /dev/stdin <raw.bc >stream.tar
	list stream.tar | diff - <(echo 'input/bitcode /dev/stdin')
	entries --thin <(cat raw.bc) | sed 's,/dev/fd/[0-9]*,PIPE,' | diff - <(echo 'input/bitcode PIPE')
	cp raw.bc $'new\nline'
	same_module <(bpf-extract --thin $'new\nline' | bpf-merge) <(bpf-merge raw.bc)
}

@test "a thin stream refers to files of any name" {
	long=$(printf 'long%.0s' {1..60})
	mkdir -p "$long/$long"
	for name in 'a b' ' ' zoë 名前 $'\xff\xfe' "it's" 'a\b' -dash "$long/$long/x"; do
		for locale in C C.UTF-8; do
			cp raw.bc "./$name"
			LC_ALL=$locale bpf-extract --thin -- "$name" >stream.tar
			list stream.tar | grep '^file/references'
			same_module <(LC_ALL=$locale bpf-merge stream.tar) <(bpf-merge raw.bc)
		done
	done
}

@test "a thin stream whose files are not what they were" {
	cp raw.bc gone.bc
	cp raw.bc short.bc
	cp raw.bc other.bc
	bpf-extract --thin gone.bc >gone.tar
	bpf-extract --thin short.bc >short.tar
	bpf-extract --thin other.bc >other.tar
	rm gone.bc
	truncate -s 100 short.bc
	tr '\0-\377' x <raw.bc >other.bc
	one_error 'bpf-merge: error: gone.bc: No such file or directory' bpf-merge -o out gone.tar
	one_error 'bpf-merge: error: short.bc: has become shorter since bpf-extract read it' \
		bpf-merge -o out short.tar
	one_error 'bpf-merge: error: other.bc: *' bpf-merge -o out other.tar
	[[ ! -e out ]]
}

@test "a thin stream with references that make no sense" {
	while read -r line; do
		printf '%s\n' "$line" >raw.txt
		tar -cf bad.tar --owner=file:0 --group=references:0 --transform=s/txt/bc/ raw.txt
		one_error 'bpf-merge: error: *' bpf-merge -o out bad.tar || { echo "$line" && return 1; }
	done <<-'END'
		x 4 input bitcode
		0 4 input bitcode
		-1 4 input bitcode
		0 99999999999999999999999999 input bitcode
		18446744073709551615 4 input bitcode
		4 18446744073709551615 input bitcode
		0
		0 4
		0 4 input
		0 4 inputs bitcode
		0 4 file references
		0 4 input native
	END
	echo '0 4 input bitcode ' >raw.txt
	tar -cf bad.tar --owner=file:0 --group=references:0 --transform='s/raw.txt/-/' raw.txt
	mkfifo nobody
	sleep 20 <>nobody >nobody 3>&- &
	one_error 'bpf-merge: error: bad.tar: malformed module stream: *' timeout 5 bpf-merge -o out bad.tar <nobody
	kill $!
}

# --- The command line ---

@test "-o writes the stream to a file" {
	bpf-extract -o out raw.bc
	bpf-extract --output=other raw.bc
	cmp out other
	bpf-extract raw.bc | cmp - out
	bpf-extract -o /dev/stdout raw.bc | cmp - out
	bpf-extract -o - raw.bc | cmp - out
}

@test "nothing binary goes to a terminal" {
	need_terminal
	run -2 script -qec 'bpf-extract raw.bc' /dev/null
	[[ $output == 'bpf-extract: error: <stdout>: will not write binary to a terminal'* ]]
}

@test "--help and --version" {
	run --separate-stderr -0 bpf-extract --help
	[[ $output == 'Usage: bpf-extract '*-L*-l*--thin*--output*--log-level*--log-file*--time*--version* && ! $stderr ]]
	run --separate-stderr -0 bpf-extract -V
	[[ $output == 'bpf-extract '[0-9]* && ! $stderr ]]
}

@test "a wrong command line" {
	for arguments in --nonsense '-x raw.bc' -l -L '-o' '--log-level loud raw.bc' '--time=1 raw.bc'; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr bpf-extract $arguments
		[[ $status == 2 && $stderr == "bpf-extract: error: "*"see 'bpf-extract --help'" ]]
		[[ $stderr != *$'\n'* ]]
	done
}

@test "--time, --log-file" {
	run --separate-stderr -0 bpf-extract --time -o stream.tar raw.bc
	[[ $stderr == 'bpf-extract '*wall*cpu*peak*in*out* ]]
	bpf-extract --log-level info --log-file log -o stream.tar raw.bc native.o
	[[ $(<log) == 'bpf-extract: warning: native.o: '* ]]
}

@test "what a process has computed before it became this program does not count for the limits" {
	compile "$TESTS/examples/c/program.c"
	perl -e '1 while (times)[0] < 15.5; exec @ARGV' bpf-extract -o out.tar program.bc
	bpf-extract program.bc | cmp - out.tar
}
