#!/usr/bin/env bats
# The examples that other build systems make: the same object as that of make.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" && cp -r "$TESTS/examples" . && cd examples || return
	CLANG=$(command -v "$CLANG")
}

# is_as_good OBJECT: its code is that of make, whose paths alone are others
is_as_good() {
	make -s -C c CLANG="$CLANG" LLVM_AR="$LLVM_AR"
	diff <(disassembly c/program.bpf.o) <(disassembly "$1")
	"$READELF" -S "$1" | grep -F .BTF.ext
}

disassembly() {
	"$OBJDUMP" -dr --no-print-imm-hex "$1" | tail -n +3
}

# is_built_again OBJECT COMMAND...: where a header has changed, and not where none has
is_built_again() {
	sed -i 's/stage/stage/' c/count.h
	touch -d '1 minute ago' "$1"
	"${@:2}"
	[[ $(find "$1" -mmin -0.5) ]]
	touch -d '1 hour ago' c/*.[ch]
	touch before
	"${@:2}"
	[[ $1 -ot before ]]
}

@test "CMake" {
	cmake -S cmake -B build -DCLANG="$CLANG"
	cmake --build build
	is_as_good build/program.bpf.o
	is_built_again build/program.bpf.o cmake --build build
}

@test "Meson" {
	command -v meson >/dev/null || { [[ ${CI:-} != true ]] && skip "no Meson here"; }
	meson setup build meson -Dclang="$CLANG"
	ninja -C build
	is_as_good build/program.bpf.o
	is_built_again build/program.bpf.o ninja -C build
}
