#!/usr/bin/env bats
# The crate bpf-core: its documentation, and programs in Rust that the kernel relocates, with the values
# that clang's programs in C get. Rust's core is built once, in the first test that needs it.

load helper

cargo=$TESTS/../scripts/dev/bpf-cargo
crate=$TESTS/examples/bpf-core

setup_file() {
	local why

	export CARGO_HOME=$BATS_FILE_TMPDIR/home CARGO_TARGET_DIR=$BATS_FILE_TMPDIR/target
	cp -r "$crate" "$FIXTURES/rust-core" "$BATS_FILE_TMPDIR"
	if ! why=$("$cargo" --version 2>&1); then
		[[ ${CI:-} != true || ${RUST_IS_OPTIONAL-} ]] || { echo "$why" && return 1; }
		skip "$why"
	fi
}

# rust PROGRAM [PROFILE]: PROGRAM.o, of rust-core
rust() {
	local profile=${2-release} folder=${2-release}

	[[ $profile != dev ]] || folder=debug
	(
		cd "$BATS_FILE_TMPDIR/rust-core" &&
			"$cargo" rustc --profile "$profile" --target bpfel-unknown-none -Z build-std=core \
				--bin "$1" -- -C link-arg=--btf
	) || return
	cp "$CARGO_TARGET_DIR/bpfel-unknown-none/$folder/$1" "$1.o"
}

# in_crate COMMAND...: cargo's COMMAND for the host, in a copy of the crate
in_crate() {
	(cd "$BATS_FILE_TMPDIR/bpf-core" && "$cargo" "$@")
}

# packet_to FIRST SIZE: one whose six bytes of destination are FIRST
packet_to() {
	printf "\\x$1%.0s" {1..6}
	head -c $(($2 - 6)) /dev/zero
}

# values_of OBJECT PACKET: what the program `values` has noted, but for the pid, a byte a line
values_of() {
	load_object "$1" >&2
	[[ $(run_program values "$2") == 0 ]]
	map_bytes "$(cd "$PINS/maps" && echo *bss)" 0 | sed 's/^.$/0&/' | tail -n +9
}

# type_of KIND NAME: the line in raw, a dump of BTF, of the type that a variable or function has
type_of() {
	grep "^\[$(sed -n "s/^\[.*\] $1 '$2' type_id=\([0-9]*\),\? .*/\1/p" raw)\]" raw
}

# number_in ARRAY INDEX: of the loaded object's global array of u64
number_in() {
	local offset

	offset=$("$OBJDUMP" -t "$OBJECT" | awk -v name="$1" '$NF == name { print $1 }')
	map_value "$(cd "$PINS/maps" && echo *bss)" 0 $((16#$offset + 8 * $2))
}

@test "the crate's examples, on the host" {
	in_crate test --doc
	RUSTDOCFLAGS='-D warnings' in_crate doc --no-deps
}

@test "cargo package" {
	in_crate package --offline --allow-dirty
	run -0 in_crate package --list --allow-dirty
	[[ $'\n'$output$'\n' == *$'\nREADME.md\n'* && $'\n'$output$'\n' == *$'\nvmlinux\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nsrc/lib.rs\n'* ]]
}

@test "values of the kernel's structs, as a program in C has them" {
	local packet

	need_kernel
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h
	"$CLANG" "${BPF_CFLAGS[@]}" -I . -c -o values.c.o "$FIXTURES/core/values.c"
	rust values
	packet_to ff 60 >broadcast
	packet_to 02 90 >other
	for packet in broadcast other; do
		values_of values.c.o "$packet" >of-c
		values_of values.o "$packet" >of-rust
		[[ -s of-c ]]
		diff of-c of-rust
	done
	# numbers: after the name and the release, at 96
	[[ $(map_value "$(cd "$PINS/maps" && echo *bss)" 0 96) == "$(stat -Lc %i "$(command -v bpftool)")" ]]
	[[ $(map_value "$(cd "$PINS/maps" && echo *bss)" 0 $((96 + 8 * 5))) == 77 ]]
	[[ $(map_value "$(cd "$PINS/maps" && echo *bss)" 0 $((96 + 8 * 24))) == 90 ]]
	[[ $(map_bytes "$(cd "$PINS/maps" && echo *bss)" 0 | sed -n '25,89p' |
		perl -ne 'print chr hex unless /^0*$/') == "$(uname -r)" ]]
}

@test "values of the kernel's structs, without optimization, in many modules" {
	need_kernel
	rust values
	packet_to 03 70 >packet
	values_of values.o packet >wanted
	rust values dev
	values_of values.o packet >given
	[[ -s wanted ]]
	diff wanted given
}

@test "the pid that is read is that of the program that runs" {
	need_kernel
	rust values
	load_object values.o
	packet_to 02 90 >packet
	# shellcheck disable=SC2016 # for the other shell
	sh -c 'echo $$ >pid && exec bpftool prog run pinned "$1" data_in packet' - "$PINS/values"
	[[ $(map_value "$(cd "$PINS/maps" && echo *bss)" 0) == "$(cat pid)" ]]
}

@test "kfuncs, ksyms and kconfig variables, weak ones too" {
	need_kernel
	rust symbols
	load_object symbols.o
	bpftool map create "$PINS/inner" type array key 4 value 8 entries 4 name inner
	bpftool map update pinned "$PINS/inner" key 0 0 0 0 value 5 0 0 0 0 0 0 0
	bpftool map update pinned "$PINS/maps/PER_CPU" key 1 0 0 0 value pinned "$PINS/inner"
	packet_to 02 60 >packet
	[[ $(run_program symbols packet) == 0 ]]
	[[ $(number_in NUMBERS 0) == 1 ]] # bpf_cast_to_kern_ctx
	[[ $(number_in NUMBERS 1) == 1 ]] # bpf_rdonly_cast is there
	[[ $(number_in NUMBERS 2) == 7 ]] # bpf_no_such_function is not
	[[ $(printf %x "$(number_in NUMBERS 3)") == "$(awk '$3 == "schedule" { print $1; exit }' /proc/kallsyms)" ]]
	[[ $(number_in NUMBERS 4) == 8 ]] # bpf_no_such_variable
	[[ $(number_in NUMBERS 5) == "$(gzip -cd /proc/config.gz | grep -Po '^CONFIG_HZ=\K.*')" ]]
	[[ $(number_in NUMBERS 6) == $(($(uname -r | sed -E 's/^([0-9]+)\.([0-9]+)\.([0-9]+).*/(\1 << 16) + (\2 << 8) + (\3 > 255 ? 255 : \3)/'))) ]]
	[[ $(number_in NUMBERS 7) == 0 ]] # CONFIG_NO_SUCH_OPTION
	[[ $(number_in NUMBERS 8) == 1 ]] # CONFIG_BPF_SYSCALL
	[[ $(number_in NUMBERS 9) == 5 ]] # of the inner map
	[[ $(number_in NUMBERS 10) == 1 ]] # list_head matches
	[[ $(number_in NUMBERS 11) == 79 ]] # no_such_struct has no size
}

@test "externs have the types in BTF that clang gives them" {
	rust symbols
	bpftool btf dump file symbols.o format raw >raw
	[[ $(grep -c "^\[.* FUNC .* linkage=extern" raw) == 5 ]]
	[[ $(grep -c "^\[.* VAR .* linkage=extern" raw) == 6 ]]
	# a variable's type, of which one has none
	[[ $(type_of VAR bpf_no_such_variable) == *" TYPEDEF 'i32' "* ]]
	[[ $(type_of VAR schedule) == *" CONST '(anon)' type_id=0" ]]
	[[ $(type_of FUNC bpf_rdonly_cast) == *" FUNC_PROTO '(anon)' ret_type_id="*" vlen=2" ]]
	# () and c_void are void
	[[ $(grep "^\[.* PTR '(anon)' type_id=0" raw) ]]
	[[ $("$READELF" -sW symbols.o | awk '$NF == "bpf_no_such_function" { print $5, $6 }') == 'WEAK DEFAULT' ]]
	[[ $("$READELF" -sW symbols.o | awk '$NF == "schedule" { print $5, $6 }') == 'GLOBAL DEFAULT' ]]
}

@test "maps, whose keys and values bpftool shows by name" {
	need_kernel
	rust symbols
	load_object symbols.o
	packet_to 02 60 >packet
	[[ $(run_program symbols packet 3) == 0 ]]
	run -0 bpftool -j map dump pinned "$PINS/maps/COUNTS"
	[[ $(jq -c '.[0].formatted' <<<"$output") == '{"key":{"port":80,"protocol":6},"value":{"packets":3,"bytes":300}}' ]]
}

@test "a pointer with a type tag, that a map keeps: stored, exchanged, released" {
	need_kernel
	"$CLANG" -Wall -o run-syscall "$FIXTURES/run-syscall-host.c"
	rust tags
	load_object tags.o
	[[ $(./run-syscall "$PINS/take" 1) == 12 ]] # there is none
	[[ $(./run-syscall "$PINS/store" 1) == 1 ]]
	[[ $(./run-syscall "$PINS/store" 0) == 2 ]] # instead of another one
	[[ $(./run-syscall "$PINS/take" 0) == 10 ]] # it has CPU 0
	[[ $(./run-syscall "$PINS/take" 0) == 12 ]]
	[[ $(./run-syscall "$PINS/store" 1) == 1 ]]
	[[ $(./run-syscall "$PINS/take" 0) == 11 ]] # it has CPU 1
	# a global function that is verified by itself, whose argument may not be null
	[[ $(./run-syscall "$PINS/adds" 2) == 42 ]]
}

@test "a member with a declaration tag: a list of the program's own nodes" {
	need_kernel
	rust list
	load_object list.o
	packet_to 02 70 >seventy
	packet_to 02 80 >eighty
	[[ $(run_program pop seventy) == 0 ]]
	[[ $(run_program push seventy) == 0 ]]
	[[ $(run_program push eighty) == 0 ]]
	[[ $(run_program pop seventy) == 80 ]]
	[[ $(run_program pop seventy) == 70 ]]
	[[ $(run_program pop seventy) == 0 ]]
}

@test "a congestion control in Rust, which a connection uses" {
	need_kernel
	rust congestion
	bpftool struct_ops register congestion.o
	run perl "$FIXTURES/connect.pl" rust_reno
	bpftool -j map dump name congesti.bss >counters || :
	bpftool struct_ops unregister name rust_reno
	[[ $status == 0 && $output == rust_reno ]]
	[[ $(jq '.[0].formatted.value[".bss"] | add | .CONNECTIONS' counters) == 1 ]]
	(($(jq '.[0].formatted.value[".bss"] | add | .ACKNOWLEDGED' counters) > 10))
}

@test "vmlinux: what is asked for, and no more" {
	cat >types.c <<-'C'
		typedef struct { unsigned val; } kuid_t;
		enum state { RUNNING, SLEEPING = 5, ASLEEP = 5, GONE = -1 };
		struct cred { int usage; kuid_t uid; };
		struct unused { int x; };
		struct task {
			struct unused *unused;
			union { struct { short a; char text[16]; }; long whole; };
			const struct cred *cred;
			unsigned flag : 1, type : 3;
			enum state state;
			struct task *parents[2];
			void (*call)(int);
			struct { _Bool set; unsigned long long grid[2][3]; } named;
		} task;
		struct task *use(enum state state, struct cred *cred) { return &task; }
	C
	"$CLANG" -target bpf -g -O1 -c -o types.o types.c
	"$crate/vmlinux" --btf types.o task.text task.cred.uid.val task.type task.state task.parents.call \
		task.named.grid task.named.set state task.unused >out.rs
	diff - out.rs <<-'RUST'
		// What vmlinux was asked for:
		//     task.text
		//     task.cred.uid.val
		//     task.type
		//     task.state
		//     task.parents.call
		//     task.named.grid
		//     task.named.set
		//     state
		//     task.unused
		#![allow(non_camel_case_types, non_snake_case, dead_code)]

		#[derive(Clone, Copy)]
		#[repr(C)]
		pub struct task {
		    pub text: [u8; 16],
		    pub cred: *const cred,
		    pub r#type: u32,
		    pub state: i32,
		    pub parents: [*mut task; 2],
		    pub call: *mut core::ffi::c_void,
		    pub named: task__named,
		    pub unused: *mut unused,
		}

		#[derive(Clone, Copy)]
		#[repr(C)]
		pub struct cred {
		    pub uid: kuid_t,
		}

		#[derive(Clone, Copy)]
		#[repr(C)]
		pub struct kuid_t {
		    pub val: u32,
		}

		#[derive(Clone, Copy)]
		#[repr(C)]
		pub struct task__named {
		    pub grid: [[u64; 3]; 2],
		    pub set: bool,
		}

		#[derive(Clone, Copy)]
		#[repr(i32)]
		pub enum state {
		    RUNNING = 0,
		    SLEEPING = 5,
		    // ASLEEP is SLEEPING
		    GONE = -1,
		}

		#[derive(Clone, Copy)]
		#[repr(C)]
		pub struct unused {}
	RUST
	# as a module has them
	gcc -o split "$FIXTURES/split-btf-host.c" -lbpf
	./split types.o module.btf
	run -0 "$crate/vmlinux" --btf module.btf --base-btf=types.o module_state.owner.flag task.state
	[[ $output == *$'pub struct module_state {\n    pub owner: *mut task,\n}'*$'pub struct task {\n    pub flag: u32,\n    pub state: i32,\n}' ]]
	run -1 "$crate/vmlinux" --btf types.c --base-btf types.o task
	[[ ${lines[-1]} == 'vmlinux: error: no BTF in types.c' ]]
	one_error "vmlinux: error: there is no type 'tusk' in types.o" "$crate/vmlinux" --btf types.o tusk
	one_error "vmlinux: error: 'task.cred' has no member 'gid'" "$crate/vmlinux" --btf types.o task.cred.gid
	run -2 "$crate/vmlinux" --btf
	run -2 "$crate/vmlinux" --bft types.o task
	run -2 "$crate/vmlinux"
	run -1 "$crate/vmlinux" --btf types.c task
}

@test "a program with the types that vmlinux has written" {
	local folder=$BATS_FILE_TMPDIR/rust-core/src

	need_kernel
	"$crate/vmlinux" task_struct.mm.exe_file.f_inode.i_ino task_struct.signal.rlim.rlim_max \
		bpf_map_type.BPF_MAP_TYPE_ARENA __sk_buff.len >"$folder/vmlinux.rs"
	rust generated
	load_object generated.o
	packet_to 02 66 >packet
	[[ $(run_program generated packet) == 0 ]]
	[[ $(number_in NUMBERS 0) == "$(stat -Lc %i "$(command -v bpftool)")" ]]
	[[ $(number_in NUMBERS 1) == "$(ulimit -Hn)" ]]
	[[ $(number_in NUMBERS 2) == 33 ]]
}
