#!/usr/bin/env bats
# rustc and cargo as clients: what they compile and have linked, loaded where the kernel allows.
# Core is built once for each target, in the first test that needs it.

load helper

cargo=$TESTS/../scripts/cargo

setup_file() {
	local why

	export CARGO_HOME=$BATS_FILE_TMPDIR/home CARGO_TARGET_DIR=$BATS_FILE_TMPDIR/target
	cp -r "$TESTS/examples/rust" "$FIXTURES/rust-dep" "$BATS_FILE_TMPDIR"
	cp -r "$TESTS/examples/rust/.cargo" "$BATS_FILE_TMPDIR/rust-dep"
	if ! why=$("$cargo" --version 2>&1); then
		[[ ${CI:-} != true || ${RUST_IS_OPTIONAL-} ]] || { echo "$why" && return 1; }
		skip "$why"
	fi
}

# build PROJECT [ARGUMENT...]: as the README says, in a copy of PROJECT
build() {
	cd "$BATS_FILE_TMPDIR/$1" || return
	"$cargo" build --release --target bpfel-unknown-none -Z build-std=core "${@:2}"
	cd "$BATS_TEST_TMPDIR" || return
}

built() {
	echo "$CARGO_TARGET_DIR/bpfel-unknown-none/release/$1"
}

global_symbols() {
	"$OBJDUMP" -t "$1" | awk '$2 ~ /[gw]/ { print $NF }' | sort
}

sections() {
	"$READELF" -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\).*/\1/p'
}

@test "the example, as it is" {
	build rust
	run -0 global_symbols "$(built keep-ipv4)"
	[[ $output == $'DROPPED\nKEPT\nLICENSE\nkeep_ipv4' ]]
	run -0 sections "$(built keep-ipv4)"
	[[ $'\n'$output$'\n' == *$'\nsocket\n'* && $output != *.BTF* ]]
}

@test "the example's socket filter, loaded" {
	need_kernel
	build rust
	load_object "$(built keep-ipv4)"

	packet 17 >ipv4
	head -c 60 /dev/zero >other
	[[ $(run_program keep_ipv4 ipv4 5) == 46 ]] # without the Ethernet header
	[[ $(run_program keep_ipv4 other 2) == 0 ]]
	[[ $(global_value KEPT) == 5 ]]
	[[ $(global_value DROPPED) == 2 ]]
}

@test "--btf, with core compiled without debug info" {
	cd "$BATS_FILE_TMPDIR/rust"
	"$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
		-C debuginfo=2 -C link-arg=--btf
	run -0 sections "$(built keep-ipv4)"
	[[ $'\n'$output$'\n' == *$'\n.BTF\n'*$'\n.BTF.ext\n'* ]]
}

@test "a big-endian target, debug info in all crates, with and without --btf" {
	local object=$CARGO_TARGET_DIR/bpfeb-unknown-none/release/keep-ipv4

	export CARGO_PROFILE_RELEASE_DEBUG=2
	cd "$BATS_FILE_TMPDIR/rust"
	"$cargo" build --release --target bpfeb-unknown-none -Z build-std=core
	run -0 "$READELF" -h "$object"
	[[ $output == *"big endian"* ]]
	run -0 sections "$object"
	[[ $output != *.BTF* ]]
	run -0 global_symbols "$object"
	[[ $output == $'DROPPED\nKEPT\nLICENSE\nkeep_ipv4' ]]

	"$cargo" rustc --release --target bpfeb-unknown-none -Z build-std=core -- -C link-arg=--btf
	run -0 sections "$object"
	[[ $'\n'$output$'\n' == *$'\n.BTF\n'* ]]
}

@test "a bin crate, with a program and a global in a dependency" {
	build rust-dep -p program
	run -0 global_symbols "$(built program)"
	[[ $output == $'LICENSE\nRUNS\nin_dependency\nin_program' ]]

	need_kernel
	load_object "$(built program)"
	head -c 60 /dev/zero >packet
	[[ $(run_program in_dependency packet 4) == 3 ]]
	[[ $(run_program in_program packet 2) == 5 ]]
	[[ $(global_value RUNS) == 6 ]]
}

@test "a cdylib crate, with a memset" {
	build rust-dep -p library
	run -0 global_symbols "$(built liblibrary.so)"
	[[ $output == $'LICENSE\nin_library\nwith_memset' ]]

	# the loader takes no object with an undefined memset
	need_kernel
	load_object "$(built liblibrary.so)"
	head -c 60 /dev/zero >packet
	[[ $(run_program in_library packet) == 92 ]]
	[[ $(run_program with_memset packet) == 442 ]]
}

@test "compiled for the machine itself: linked for BPF, told so or not" {
	local rustc=(rustc --edition 2021 --crate-type lib -O -C panic=abort)

	[[ ! -x /usr/bin/rustc ]] || rustc[0]=/usr/bin/rustc
	"${rustc[@]}" --emit=llvm-bc -o bitcode.bc "$FIXTURES/host.rs"
	"${rustc[@]}" -C linker-plugin-lto --emit=obj -o lto.o "$FIXTURES/host.rs"
	bpf-linker --export host,LICENSE -o out.o bitcode.bc
	bpf-linker --export host,LICENSE --target=bpf -o told.o bitcode.bc
	bpf-linker --export host,LICENSE -o lto.out.o lto.o
	cmp out.o told.o
	"$READELF" -h out.o | grep 'Machine: .*BPF'
	"$READELF" -h lto.out.o | grep 'Machine: .*BPF'

	need_kernel
	load_object out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program host packet) == $((46 * 16 + 1)) ]]
}
