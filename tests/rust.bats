#!/usr/bin/env bats
# rustc and cargo as clients: what they compile and have linked, loaded where the kernel allows.
# Core is built once for each target, in the first test that needs it.

load helper

cargo=$TESTS/../scripts/dev/bpf-cargo

setup_file() {
	local why

	export CARGO_HOME=$BATS_FILE_TMPDIR/home CARGO_TARGET_DIR=$BATS_FILE_TMPDIR/target
	cp -r "$TESTS/examples/rust" "$FIXTURES/rust-dep" "$FIXTURES/rust-dev" "$BATS_FILE_TMPDIR"
	cp -r "$TESTS/examples/rust/.cargo" "$BATS_FILE_TMPDIR/rust-dep"
	cp -r "$TESTS/examples/rust/.cargo" "$BATS_FILE_TMPDIR/rust-dev"
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

@test "--map and --why of Rust's crates" {
	cd "$BATS_FILE_TMPDIR/rust"
	"$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
		-C "link-arg=--map=$BATS_TEST_TMPDIR/out.map" -C link-arg=--why=KEPT
	cd "$BATS_TEST_TMPDIR"
	map_agrees out.map "$(built keep-ipv4)"
	[[ $(in_map out.map function keep_ipv4) =~ ^[1-9][0-9]*\ 0\ .*keep_ipv4.*\.o$ ]]
	# the panic handler, of which nothing is left
	[[ $(awk '$5 == "dropped" && $NF ~ /rust_begin_unwind$/' out.map) ]]
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

# project_of FILE.rs: makes one of the fixture, as the example is
project_of() {
	cp -r "$BATS_FILE_TMPDIR/rust" "$BATS_FILE_TMPDIR/${1%.rs}"
	sed -i "s/^name = .*/name = \"${1%.rs}\"/" "$BATS_FILE_TMPDIR/${1%.rs}/Cargo.toml"
	cp "$FIXTURES/$1" "$BATS_FILE_TMPDIR/${1%.rs}/src/main.rs"
}

@test "checked, saturating, overflowing products and powers; shifts of u128" {
	local rustc=(rustc) map pair

	[[ ! -x /usr/bin/rustc ]] || rustc=(/usr/bin/rustc)
	project_of wide.rs
	build wide
	need_kernel
	load_object "$(built wide)"
	# of the length, 14 bytes are the Ethernet header's
	for ((pair = 0; pair < 256; pair++)); do
		head -c $((pair + 256 + 14)) /dev/zero >packet
		[[ $(run_program products packet) == 1 ]]
	done
	"${rustc[@]}" --edition 2021 -O -o host "$FIXTURES/wide.rs"
	map=$(cd "$PINS/maps" && echo *bss)
	diff <(./host) <(map_bytes "$map" 0 | sed 's/^.$/0&/')
}

@test "what BPF cannot do: the line in the user's own source, not in core's" {
	project_of unsupported.rs
	cd "$BATS_FILE_TMPDIR/unsupported"
	run "$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
		-C debuginfo=2 -C link-arg=--btf
	[[ $status != 0 ]]
	# LLVM 23 has code of its own for it
	((LLVM_MAJOR > 22)) ||
		[[ $output == *"error: "*"function 'ratio' (src/main.rs:8), inlined into 'divides' (src/main.rs:15), divides 128-bit integers (__udivti3)"* ]]
	[[ $output == *"error: "*"function 'parses' (src/main.rs:23), by way of '"*"from_str', uses floating point"* ]]
}

# line_of TEXT: the number of the first line of refused.rs with it
line_of() {
	grep -nF "$1" "$FIXTURES/refused.rs" | head -n 1 | cut -d : -f 1
}

@test "what BPF cannot do, without --btf: the line, of each one" {
	local names

	project_of refused.rs
	cd "$BATS_FILE_TMPDIR/refused"
	for names in legacy v0; do
		run "$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
			-C debuginfo=1 -Z unstable-options -C symbol-mangling-version=$names
		[[ $status != 0 ]]
		[[ $output == *"function 'returns' (src/main.rs:$(line_of 'fn returns')) returns 24 bytes, and BPF returns at most 8 bytes; "* ]]
		[[ $output == *"function 'fill' (src/main.rs:"*"), inlined into 'fills' (src/main.rs:$(line_of 'fill(c) + 1')), uses too much stack, 600 bytes of it for one variable, "* ]]
		((LLVM_MAJOR < 23)) || continue
		[[ $output == *"function 'divide' (src/main.rs:$(line_of wrapping_div)), inlined into 'divides' (src/main.rs:$(line_of 'divide(a << 12')), divides 128-bit integers (__udivti3), "* ]]
		[[ $output == *"function 'refused::refused::six' (src/main.rs:$(line_of 'fn six')) takes 6 arguments, and BPF passes at most 5; "* ]]
	done
	"$cargo" rustc --release --target bpfel-unknown-none -Z build-std=core -- \
		-C debuginfo=1 --cfg indirect -C link-arg=--log-file="$BATS_TEST_TMPDIR/log"
	grep "warning: program 'calls' calls through a pointer, which kernels refuse: calls (src/main.rs:$(line_of 'handler(unsafe'))" \
		"$BATS_TEST_TMPDIR/log"
}

# build_dev: the little programs without optimization, with all checks
build_dev() {
	cd "$BATS_FILE_TMPDIR/rust-dev" || return
	"$cargo" build --target bpfel-unknown-none -Z build-std=core || return
	cd "$CARGO_TARGET_DIR/bpfel-unknown-none/debug" || return
}

@test "the dev profile: what cannot panic, and what can, is loaded and runs" {
	need_kernel
	build_dev
	head -c 60 /dev/zero >packet
	for program in plain index overflow iterator call generic unwrap range copy; do
		load_object "$program"
		[[ $(run_program "$program" packet) == 2 ]]
	done
}

@test "a panic ends the program, not the function" {
	need_kernel
	build_dev
	load_object panics
	head -c 60 /dev/zero >packet
	[[ $(run_program panics packet 3) == 7 ]]
	[[ $(run_program panics packet 2) == 0 ]]
	[[ $(global_value RUNS) == 5 ]]
	[[ $(global_value RETURNS) == 3 ]]
}
