#!/usr/bin/env bats
# The tools of another architecture, in an emulator (scripts/dev/check-arch), write the bytes and say the
# words that this machine's own do.

load helper
load module

NATIVE_BIN=$TESTS/../${NATIVE_BUILD:-build}/bin
export BPF_LINKER_LLVM=$LLVM_MAJOR

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	for target in bpfel bpfeb; do
		mkdir $target
		cd $target || return
		for source in btf-{library,types,user} calls calls-lib globals memory shared-{a,b,lib}; do
			compile $source.c -target $target
		done
		"$CLANG" "${BPF_CFLAGS[@]}" -target $target -emit-llvm -c -o btf-classes.bc "$FIXTURES/btf-classes.cc"
		for source in "$TESTS"/examples/c/{program,count}.c; do
			compile "$source" -target $target
		done
		cd ..
	done
}

setup() {
	[[ ${EMULATED:-} ]] || skip "the tools are this machine's own"
	cd "$BATS_TEST_TMPDIR" || return
	cp -r "$BATS_FILE_TMPDIR"/bpfe[lb] .
}

# both COMMAND...: leaves and says the same in folder/, with the tools of either
both() {
	local machine
	local -A path=([emulated]=$PATH [native]=$NATIVE_BIN:$PATH)
	for machine in native emulated; do
		rm -rf $machine
		cp -r "${FOLDER:-bpfel}" $machine
		(cd $machine && PATH=${path[$machine]} "$@" >said 2>&1) ||
			{ echo "$machine: status $?" && cat $machine/said && return 1; }
	done
	diff -r native emulated
}

# links ARGUMENT...: with all that the stages write, for little and big endian
links() {
	local target
	for target in bpfel bpfeb; do
		FOLDER=$target both bpf-linker --target $target --save-temps -o out "$@"
	done
}

@test "each stage of a link" {
	links program.bc count.bc
	links -O3 --cpu v3 --export number_of_packets calls.bc calls-lib.bc
	links -Oz --ignore-inline-never globals.bc
	links shared-a.bc shared-b.bc shared-lib.bc
}

@test "each stage with BTF" {
	links --btf program.bc count.bc
	links --btf btf-types.bc
	links --btf btf-user.bc btf-library.bc
	links --btf btf-classes.bc
}

@test "each --debug-info, each --emit" {
	for what in lines full none; do
		links --btf --debug-info $what btf-user.bc btf-library.bc
	done
	for kind in asm llvm-ir llvm-bc; do
		links --btf --emit $kind program.bc count.bc
	done
}

@test "memory builtins" {
	links memory.bc
	links --btf memory.bc
}

@test "objects and archives of all sorts" {
	cd bpfel
	echo 'int number(int x) { return x; }' >number.c
	for target in bpfel bpfeb s390x-linux-gnu armv7-linux-gnueabi arm64-apple-macos; do
		"$CLANG" -target $target -O2 -fembed-bitcode -c -o $target.o number.c
	done
	"$LLVM_AR" rcs libgnu.a calls.bc ./*.o
	"$LLVM_AR" rcs --format=bsd libbsd.a calls.bc ./*.o
	cd ..
	for thin in '' --thin; do
		both bpf-extract $thin -o out calls.bc bpfeb.o -L . -l gnu libbsd.a
	done
}

@test "without --target the object is of the inputs' byte order" {
	for folder in bpfel bpfeb; do
		FOLDER=$folder both bpf-linker --btf -o out program.bc count.bc
	done
	rm -r bpfel/*
	for target in bpf s390x-linux-gnu x86_64-linux-gnu; do
		for layout in "$LITTLE" "$BIG"; do
			printf '%s\n' "$layout" "target triple = \"$target\"" \
				'define i32 @f() { ret i32 258 }' >bpfel/a.ll
			both bpf-linker -o out a.ll
		done
	done
}

@test "llvm-any" {
	for target in bpfel bpfeb; do
		FOLDER=$target both bpf-linker --btf -o out program.bc count.bc
		BPF_LINKER_LLVM=any bpf-linker --btf -o any.o $target/{program,count}.bc
		cmp any.o emulated/out
	done
}

# Unpacked, each of its programs is run in the emulator by a script of its name.
@test "the archive in one folder links to the same bytes" {
	local archive=made/dist/bpf-linker-$EMULATED-unknown-linux-musl.tar.zst file

	ARCH=$EMULATED BUILD=$PWD/made PACKAGES=flat COMPRESSION=fast "$TESTS/../scripts/dev/dist"
	(cd made/dist && sha256sum --quiet -c "${archive##*/}.sha256")
	mkdir -p flat/programs
	tar --zstd -xf "$archive" -C flat
	for file in flat/bpf-*; do
		[[ $file != */bpf-linker ]] || continue
		"$READELF" -h "$file" | grep -iE "Machine: +(AArch64|IBM S/390)"
		absent -F NEEDED <("$READELF" -d "$file")
		mv "$file" flat/programs
		printf '#!/bin/sh\nexec qemu-%s-static "%s/programs/%s" "$@"\n' "$EMULATED" "$PWD/flat" "${file##*/}" >"$file"
		chmod +x "$file"
	done
	cd bpfel
	PATH=$NATIVE_BIN:$PATH bpf-linker --btf -o wanted program.bc count.bc
	../flat/bpf-linker --btf -o linked program.bc count.bc
	cmp wanted linked
}
