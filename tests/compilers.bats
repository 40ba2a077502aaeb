#!/usr/bin/env bats
# What other compilers than the newest LLVM's here write: one installation with toolsets for all
# supported LLVMs and for any libLLVM links it all, without an option, and the kernel loads it. The compilers
# are in Debian roots of several ages.

load helper

PROJECT=$(cd "$TESTS/.." && pwd -P)
NEWEST=$("$PROJECT/scripts/dev/llvms" newest)
unset BPF_LINKER_LLVM LLVM LLVM_CONFIG LLVM_PREFIX ROOTS

setup_file() {
	local version
	export OURS=$BATS_FILE_TMPDIR/build
	for version in $("$PROJECT/scripts/dev/llvms"); do
		BUILD=$OURS "$PROJECT/scripts/dev/toolset" $version >>"$BATS_FILE_TMPDIR/log" 2>&1 || true
	done
	cp -r "$BUILT/libexec/bpf-linker/llvm-any" "$OURS/libexec/bpf-linker" || true
}

setup() {
	[[ -e $OURS/libexec/bpf-linker/llvm-$NEWEST ]] || {
		[[ ${CI:-} != true ]] || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
		skip "no Debian root can be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
	}
	cd "$BATS_TEST_TMPDIR" || return
	PATH=$OURS/bin:$PATH
}

# compile_in SUITE CLANG: the C example, into program.bc and count.bc
compile_in() {
	local name
	for name in program count; do
		"$PROJECT/scripts/dev/debian-root" --with "$2 libbpf-dev linux-libc-dev libc6-dev" "$1" \
			"$2" "${BPF_CFLAGS[@]}" -emit-llvm -c -o - "tests/examples/c/$name.c" >$name.bc
	done
}

# counts OBJECT: the kernel loads it, and it counts packets
counts() {
	need_kernel
	load_with_btf "$1"
	packet 17 100 >udp
	[[ $(run_program count_and_drop udp 3) == 1 ]]
	[[ $(map_value traffic 17 8) == 300 ]]
}

# links_c SUITE LLVM TOOLSET: clang-LLVM's bitcode is linked with TOOLSET
links_c() {
	compile_in "$1" "clang-$2"
	bpf-extract --list program.bc count.bc | grep -c "	LLVM $2\.[0-9.]*$" | grep -x 2
	bpf-linker -### --btf -o out.o program.bc count.bc 2>&1 | grep "/llvm-$3/bpf-merge.* : bpf-codegen"
	run -0 --separate-stderr bpf-linker --btf -o out.o program.bc count.bc
	# shellcheck disable=SC2154 # bats sets stderr
	[[ ! $stderr ]]
	counts out.o
}

@test "clang 14" {
	links_c bookworm 14 "$("$PROJECT/scripts/dev/llvms" oldest)"
}

@test "the clang of each supported LLVM" {
	for version in $("$PROJECT/scripts/dev/llvms"); do
		links_c "$("$PROJECT/scripts/dev/llvms" suite "$version")" "$version" "$version"
	done
}

@test "a program of the newest clang's with a library of clang 14's" {
	compile_in bookworm clang-14
	mv count.bc count-14.bc
	compile_in "$("$PROJECT/scripts/dev/llvms" suite "$NEWEST")" "clang-$NEWEST"
	run -0 --separate-stderr bpf-linker --log-level info --btf -o out.o program.bc count-14.bc
	[[ $stderr == *'info: the newest producer decides: program.bc is by LLVM '$NEWEST.*', count-14.bc only by LLVM 14.'* ]]
	counts out.o
}

# links_rust SUITE LLVM: the rustc of SUITE, which is of LLVM, has the Rust example linked; core is
# compiled first, once
links_rust() {
	local folder=$PROJECT/build/rust-$1 linker
	mkdir -p "$folder"
	# in the root, where the tests' own folder is not
	cp -r "$OURS/bin" "$OURS/libexec" "$folder"
	linker=$folder/bin/bpf-linker
	"$PROJECT/scripts/dev/debian-root" --with 'rustc rust-src' "$1" \
		"$TESTS/compile-rust-example" "$folder" "$linker" "$TESTS/examples/rust/src/main.rs" >rust.log 2>&1 ||
		{ cat rust.log && return 1; }
	bpf-extract --list "$folder/libcore.rlib" | grep "	bitcode	[0-9]*	LLVM $2\."
	need_kernel
	load_object "$folder/out.o"
	packet 17 >ipv4
	[[ $(run_program keep_ipv4 ipv4 5) == 46 ]]
	[[ $(global_value KEPT) == 5 ]]
}

@test "rustc with LLVM 19 calls it" {
	links_rust trixie-backports 19
}

@test "the newest rustc of Debian's calls it" {
	links_rust unstable '2[2-9]'
}

# --- Where a toolset is missing ---

# only TOOLSET...: an installation with these alone, first in PATH
only() {
	local toolset
	mkdir -p ours/libexec/bpf-linker
	cp -r "$OURS/bin" ours
	cp "$OURS"/libexec/bpf-linker/bpf-{extract,driver} ours/libexec/bpf-linker
	for toolset; do
		cp -r "$OURS/libexec/bpf-linker/llvm-$toolset" ours/libexec/bpf-linker
	done
	PATH=$PWD/ours/bin:$PATH
}

@test "with 21 alone, a program of clang 22's is refused, with the way out" {
	compile_in bookworm clang-22
	only 21
	one_error "bpf-linker: error: program.bc was produced by LLVM 22.*; installed: 21; *LLVM 22 or newer is needed: *make toolset LLVM=22*" \
		bpf-linker -o out.o program.bc count.bc
	[[ ! -e out.o ]]
}

@test "with 21 and any, it is linked with the libLLVM that is there" {
	compile_in bookworm clang-22
	only 21 any
	run -0 --separate-stderr bpf-linker --log-level info --btf -o out.o program.bc count.bc
	[[ $stderr == "bpf-linker: info: program.bc was produced by LLVM 22."*"; linking with /"*libLLVM* ]]
	counts out.o
}

@test "in Debian's unstable, any takes LLVM 23's libLLVM for clang 23's bitcode" {
	compile_in unstable clang-23
	only 21 any
	cp -r ours "$PROJECT/build/ours-in-root" && mv ./*.bc "$PROJECT/build/ours-in-root"
	"$PROJECT/scripts/dev/debian-root" unstable build/ours-in-root/bin/bpf-linker --btf --log-level info \
		-o build/ours-in-root/out.o build/ours-in-root/{program,count}.bc 2>said
	mv "$PROJECT/build/ours-in-root/out.o" . && rm -r "$PROJECT/build/ours-in-root"
	grep 'linking with .*libLLVM.*23' said
	counts out.o
}
