#!/usr/bin/env bats
# bpf-codegen: the kinds of output, the target, and the memory builtins.

load helper
load module

# generates ARGUMENT...: out, and no word
generates() {
	run --separate-stderr bpf-codegen -o out "$@"
	if [[ $status != 0 || $output || $stderr ]]; then
		printf '%s\n' "status $status: $output$stderr"
		return 1
	fi
}

# code ARGUMENT...: the instructions of the object that bpf-codegen makes, without addresses
code() {
	bpf-codegen "$@" >code.o && "$OBJDUMP" -d --no-show-raw-insn code.o |
		sed -nE 's/^ +[0-9]+:\s+//p'
}

# has_line PATTERN FILE, lacks_line: an extended regular expression
has_line() {
	grep -E -- "$1" "$2" || { echo "no '$1' in $2:" && cat "$2" && return 1; }
}

lacks_line() {
	if grep -E -- "$1" "$2"; then
		echo "in $2"
		return 1
	fi
}

# settled ARGUMENT...: out.ll is the module that code is generated from
settled() {
	run --separate-stderr bpf-codegen --emit llvm-ir -o out.ll "$@"
	if [[ $status != 0 || $output || $stderr ]]; then
		printf '%s\n' "status $status: $output$stderr"
		return 1
	fi
}

# functions_are FUNCTION...: the definitions in out.ll
functions_are() {
	diff <(printf '%s\n' "$@" | LC_ALL=C sort) \
		<(sed -nE 's/^define .*@([a-z0-9_]+)\(.*/\1/p' out.ll | LC_ALL=C sort)
}

program() {
	ir a <<-'END'
		@v = global i32 5, section ".data"
		define void @f(i64 %x, ptr %p) section "xdp" {
		  %low = trunc i64 %x to i32
		  %few = icmp ult i32 %low, 7
		  br i1 %few, label %a, label %b
		a:
		  store i32 %low, ptr %p
		  ret void
		b:
		  ret void
		}
	END
}

# memory_ir INTRINSIC... : a.ll, with a function f_INTRINSIC for each, of a size that is not known
memory_ir() {
	local name
	for name in "$@"; do
		case $name in
		memcpy | memmove)
			cat <<-END
				declare void @llvm.$name.p0.p0.i64(ptr, ptr, i64, i1)
				define void @f_$name(ptr %p, ptr %q, i64 %n) {
				  call void @llvm.$name.p0.p0.i64(ptr %p, ptr %q, i64 %n, i1 false)
				  ret void
				}
			END
			;;
		memset)
			cat <<-END
				declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
				define void @f_memset(ptr %p, i64 %n) {
				  call void @llvm.memset.p0.i64(ptr %p, i8 1, i64 %n, i1 false)
				  ret void
				}
			END
			;;
		*)
			cat <<-END
				declare i32 @$name(ptr, ptr, i64)
				define i32 @f_$name(ptr %p, ptr %q, i64 %n) {
				  %x = call i32 @$name(ptr %p, ptr %q, i64 %n)
				  ret i32 %x
				}
			END
			;;
		esac
	done >body
	ir a <body
}

# own_memset [WORDS]: of the user's, beside a function that needs one
own_memset() {
	memory_ir memset
	cat >>a.ll <<-END
		define $1 ptr @memset(ptr %to, i32 %value, i64 %size) {
		  store i64 %size, ptr %to
		  ret ptr %to
		}
	END
}

# --- Kinds of output ---

@test "--emit obj is the default" {
	program
	generates a.ll
	cp out object
	generates --emit obj a.ll
	cmp object out
	"$READELF" -h out >header
	has_line 'Class: *ELF64' header
	has_line 'Machine: *EM_BPF' header
	has_line 'Type: *REL' header
	has_line 'little endian' header
	"$READELF" -sSW out >tables
	has_line 'FUNC *GLOBAL DEFAULT *[0-9]+ f$' tables
	has_line 'OBJECT *GLOBAL DEFAULT *[0-9]+ v$' tables
	has_line ' xdp *PROGBITS' tables
}

@test "--emit asm" {
	program
	generates --emit=asm a.ll
	has_line '^f:' out
	has_line '^\s+exit$' out
	has_line '\.section\s+xdp' out
	"$CLANG" -target bpf -c -o assembled.o -x assembler out
	generates a.ll
	diff <("$OBJDUMP" -d assembled.o | sed -n 's/^ .*:\s\([0-9a-f ]*\).*/\1/p') \
		<("$OBJDUMP" -d out | sed -n 's/^ .*:\s\([0-9a-f ]*\).*/\1/p')
}

@test "--emit llvm-ir" {
	program
	generates --emit llvm-ir a.ll
	has_line '^define void @f\(' out
	has_line '^target triple = "bpf"' out
	"$AS" -o assembled.bc out
}

@test "--emit llvm-bc" {
	program
	generates --emit llvm-bc a.ll
	"$DIS" -o from-bitcode.ll out
	generates --emit llvm-ir a.ll
	diff <(sed 1d out) <(sed 1d from-bitcode.ll)
}

@test "--emit with another kind is refused" {
	usage_error_of bpf-codegen "*'elf'*obj, asm, llvm-ir, llvm-bc*" --emit elf -o out a.ll
}

@test "the same input gives the same bytes" {
	memory_ir memset memcmp
	for kind in obj asm llvm-ir llvm-bc; do
		cmp <(bpf-codegen --emit $kind a.ll) <(bpf-codegen --emit $kind a.ll)
	done
}

# --- The target ---

@test "--cpu shows in the code" {
	program
	cat >>a.ll <<-'END'
		define i64 @divides(i64 %x, i64 %y) {
		  %z = udiv i64 %x, %y
		  ret i64 %z
		}
	END
	code --cpu v1 a.ll >v1.code
	code --cpu v2 a.ll >v2.code
	code --cpu v3 a.ll >v3.code
	lacks_line 'w[0-9] [a-z&|^+*-]?=|if w' v1.code # no alu32
	has_line 'if r[0-9]+ > 0x6' v1.code
	lacks_line 'if w' v2.code
	has_line 'if w[0-9]+ > 0x6' v3.code # jmp32
}

@test "--cpu v2 has jumps on less, --cpu v4 has signed division" {
	ir less <<-'END'
		define i64 @f(i64 %x, i64 %y) {
		  %c = icmp ult i64 %x, %y
		  %z = select i1 %c, i64 1, i64 2
		  ret i64 %z
		}
		define i64 @g(i64 %x, i64 %y) {
		  %c = icmp ugt i64 %x, %y
		  %z = select i1 %c, i64 1, i64 2
		  ret i64 %z
		}
	END
	code --cpu v1 less.ll >v1.code
	code --cpu v2 less.ll >v2.code
	lacks_line 'if r[0-9]+ <' v1.code
	has_line 'if r[0-9]+ <' v2.code
	ir divide <<-'END'
		define i64 @f(i64 %x, i64 %y) {
		  %z = sdiv i64 %x, %y
		  ret i64 %z
		}
	END
	code --cpu v4 divide.ll >v4.code
	has_line 'r0 s/= r2' v4.code
	one_error "bpf-codegen: error: divide.ll: *division*" bpf-codegen --cpu v3 -o out divide.ll
}

@test "--cpu generic is the default, and another is refused" {
	program
	cmp <(bpf-codegen a.ll) <(bpf-codegen --cpu generic a.ll)
	usage_error_of bpf-codegen "*'v9'*generic*probe*v4*" --cpu v9 -o out a.ll
}

@test "--cpu probe is one of the others" {
	program
	generates --cpu probe a.ll
	local cpu same=
	for cpu in v1 v2 v3 v4; do
		! cmp -s out <(bpf-codegen --cpu $cpu a.ll) || same+=" $cpu"
	done
	[[ $same ]]
}

@test "--cpu-features" {
	program
	code --cpu v1 --cpu-features +alu32 a.ll >with
	has_line '^w[0-9]+ = ' with
	code --cpu v1 --cpu-features=-alu32,-dwarfris a.ll >without
	lacks_line '^w[0-9]+ = ' without
}

@test "a --cpu-features that LLVM does not know: one word, and ours" {
	program
	run --separate-stderr bpf-codegen --cpu-features +nonsense -o out a.ll
	[[ $stderr == 'bpf-codegen: '*nonsense* && $stderr != *$'\n'* ]]
}

@test "bpfeb, by the module and by --target" {
	big_endian_ir big <<<'define i32 @f() { ret i32 258 }'
	generates big.ll
	"$READELF" -h out | grep 'big endian'
	[[ $("$READELF" -x .text out) == *'b7000000 00000102'* ]]
	foreign_ir host <<<'define i32 @f() { ret i32 258 }'
	generates --target bpfeb host.ll
	"$READELF" -h out | grep 'big endian'
	generates host.ll
	"$READELF" -h out | grep 'little endian'
	[[ $("$READELF" -x .text out) == *'b7000000 02010000'* ]]
	one_error "bpf-codegen: error: big.ll: *--target bpfel*" bpf-codegen --target bpfel -o out big.ll
	usage_error_of bpf-codegen "*'--target x86_64*" --target x86_64-unknown-linux-gnu -o out host.ll
}

# --- Memory builtins ---

@test "what the module needs and lacks is brought, and nothing else" {
	for name in memcpy memmove memset memcmp bcmp; do
		memory_ir $name
		settled a.ll
		functions_are $name f_$name
		generates a.ll
		"$READELF" -sW out >symbols
		lacks_line 'UND .*[a-z]$' symbols
		has_line "FUNC *LOCAL .* $name\$" symbols
	done
	program
	settled a.ll
	functions_are f
}

@test "they load and store byte by byte" {
	memory_ir memcpy memmove memset memcmp bcmp
	code a.ll >instructions
	has_line '= \*\(u8 \*\)' instructions
	has_line '^\*\(u8 \*\)' instructions
	lacks_line '\(u(16|32|64) \*\)' instructions
}

@test "a size that is constant and small needs none" {
	ir a <<-'END'
		declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
		declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
		define void @f(ptr %p, ptr %q) {
		  call void @llvm.memset.p0.i64(ptr align 8 %p, i8 1, i64 64, i1 false)
		  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 64, i1 false)
		  ret void
		}
	END
	settled a.ll
	functions_are f
}

@test "no size leaves a call without its function" {
	for size in 0 1 63 128 129 200 255 256 500 1000 1024 1025 2000 5000; do
		for align in 1 2 4 8; do
			echo "size $size, align $align"
			ir a <<-END
				declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
				declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
				declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
				define void @f(ptr align $align %p, ptr align $align %q) {
				  call void @llvm.memset.p0.i64(ptr align $align %p, i8 1, i64 $size, i1 false)
				  call void @llvm.memcpy.p0.p0.i64(ptr align $align %p, ptr align $align %q, i64 $size, i1 false)
				  call void @llvm.memmove.p0.p0.i64(ptr align $align %p, ptr align $align %q, i64 $size, i1 false)
				  ret void
				}
			END
			generates a.ll
			"$READELF" -sW out >symbols
			lacks_line 'UND .*[a-z]$' symbols
		done
	done
}

# memory_call INTRINSIC ALIGN SIZE [POINTER]: a call of it, on %p and %q, or on POINTER and %q
memory_call() {
	local to=${4:-%p}
	case $1 in
	memset) echo "call void @llvm.memset.p0.i64(ptr align $2 $to, i8 1, i64 $3, i1 false)" ;;
	*) echo "call void @llvm.$1.p0.p0.i64(ptr align $2 $to, ptr align $2 %q, i64 $3, i1 false)" ;;
	esac
}

# memory_function CALL...: a.ll, with a function f that does these
memory_function() {
	ir a <<-END
		declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
		declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
		declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
		declare i32 @memcmp(ptr, ptr, i64)
		declare i32 @bcmp(ptr, ptr, i64)
		declare void @use(ptr)
		@mine = internal global [64 x i8] zeroinitializer, align 1
		@placed = internal global [64 x i8] zeroinitializer, section ".data.x", align 1
		@yours = global [64 x i8] zeroinitializer, align 1
		define i32 @f(ptr %p, ptr %q, i64 %n) {
		  $(printf '%s\n  ' "$@")
		  ret i32 0
		}
	END
}

# builtins_of CODE...: the memory builtins that the object brings with these options
builtins_of() {
	generates "$@" a.ll
	"$READELF" -sW out | sed -n 's/.* \(mem[a-z]*\|bcmp\)$/\1/p'
}

@test "no alignment crashes it" {
	for intrinsic in memset memcpy memmove; do
		for align in 16 32 4096; do
			for size in 0 31 1000 1030 20000 %n; do
				memory_function "$(memory_call $intrinsic $align $size)"
				generates a.ll
				generates --disable-expand-memcpy-in-order a.ll
				generates --llvm-args=--bpf-expand-memcpy-in-order a.ll
				"$READELF" -sW out >symbols
				lacks_line 'UND mem' symbols
			done
		done
	done
	compile aligned-copy.c
	bpf-linker --btf -o out.o aligned-copy.bc
}

# shifts_of TYPE NAME: functions NAME_OP that shift what their pointers point to
shifts_of() {
	local operation other

	for operation in shl lshr ashr; do
		cat <<-END
			define void @$2_$operation(ptr %p, ptr %q, ptr %c) {
			  %a = load $1, ptr %p
			  %n = load $1, ptr %c
			  %z = $operation $1 %a, %n
			  store $1 %z, ptr %p
			  ret void
			}
		END
	done
	for operation in fshl fshr ushl.sat sshl.sat; do
		[[ $operation == f* ]] && other="$1 %b, " || other=
		cat <<-END
			define void @$2_${operation%.*}(ptr %p, ptr %q, ptr %c) {
			  %a = load $1, ptr %p
			  %b = load $1, ptr %q
			  %n = load $1, ptr %c
			  %z = call $1 @llvm.$operation.$2($1 %a, $other$1 %n)
			  store $1 %z, ptr %p
			  ret void
			}
		END
	done
}

@test "shifts of more than 64 bits come to what the host's come to" {
	local type name operation

	for type in i65 i96 i127 i128 i256 i512 '<2 x i128>'; do
		name=${type//[<> ]/} && name=${name/#2x/v2}
		shifts_of "$type" "$name"
		for operation in shl lshr ashr fshl fshr ushl sshl; do
			echo "SHIFT($name, ${name##*i}, $operation)" >>shifts.h
		done
	done | ir a
	generates a.ll
	absent __ <("$READELF" -sW out)
	generates --emit=llvm-ir a.ll
	absent -v 'i64' <(grep -E '(shl|shr) .* %.*, %|call .*sat' out)
	sed '/^target /d; s/@\([iv][0-9]\)/@host_\1/' a.ll >host.ll
	mv out ours.ll
	"$CLANG" -w -O1 -I . -o host "$FIXTURES/shifts-host.c" -x ir host.ll ours.ll
	run -0 ./host
	[[ $output == '49 operations' ]]
}

@test "what is shifted by a constant, added, subtracted or compared in 128 bits is left to LLVM" {
	ir a <<-'END'
		define i1 @f(ptr %p, ptr %q) {
		  %a = load i128, ptr %p
		  %b = load i128, ptr %q
		  %c = shl i128 %a, 70
		  %d = add i128 %c, %b
		  %e = ashr i128 %d, 3
		  %g = sub i128 %e, %a
		  %h = call i128 @llvm.fshl.i128(i128 %g, i128 %e, i128 %b)
		  store i128 %h, ptr %p
		  %r = icmp slt i128 %h, %b
		  ret i1 %r
		}
	END
	generates --emit=llvm-ir a.ll
	diff <(grep '%.* = ' a.ll) <(grep '%.* = ' out | sed 's/, align 16//')
	generates a.ll
	absent __ <("$READELF" -sW out)
}

# words_of POINTER [CALL]: how many 8-byte stores the memset of 32 bytes at POINTER takes, after CALL
words_of() {
	memory_function "${2:-}" "$(memory_call memset 1 32 "$1")" '%unused = add i32 1, 1' \
		"call void @use(ptr $1)"
	code a.ll | grep -c '^\*(u64 \*)' || true
}

@test "stores are as wide as what they are in can be aligned" {
	[[ $(words_of %o '%o = alloca [40 x i8], align 1') == 4 ]]
	[[ $(words_of %i '%o = alloca [40 x i8], align 1
		%i = getelementptr i8, ptr %o, i64 8') == 4 ]]
	[[ $(words_of %i '%o = alloca { i8, [39 x i8] }, align 1
		%i = getelementptr { i8, [39 x i8] }, ptr %o, i64 0, i32 1') == 0 ]]
	[[ $(words_of %i '%o = alloca [4 x { i32, i32 }], align 1
		%i = getelementptr [4 x { i32, i32 }], ptr %o, i64 0, i64 %n') == 4 ]]
	[[ $(words_of %i '%o = alloca [40 x i8], align 1
		%i = getelementptr i8, ptr %o, i64 %n') == 0 ]]
	[[ $(words_of @mine) == 4 ]]
	[[ $(words_of @placed) == 0 ]]
	[[ $(words_of @yours) == 0 ]]
	[[ $(words_of %i '%a = ptrtoint ptr %p to i64
		%b = and i64 %a, -8
		%i = inttoptr i64 %b to ptr') == 4 ]]
	# and no wider
	[[ $(words_of %i '%o = alloca [40 x i8], align 1
		%i = getelementptr i8, ptr %o, i64 4') == 0 ]]
	code a.ll >instructions
	[[ $(grep -c '^\*(u32 \*)' instructions) == 8 ]]
}

@test "what LLVM expands needs no builtin when it orders the copies" {
	for intrinsic in memset memcpy; do
		for align in 1 2 4 8; do
			for size in 1 128 129 192 300 1000 1022 1023 1024 1025 1032; do
				memory_function "$(memory_call $intrinsic $align $size)"
				[[ "$("llc-$LLVM_MAJOR" -mtriple=bpf -o unused a.ll 2>&1)" == *"'$intrinsic'"* ]] &&
					wanted=$intrinsic || wanted=
				[[ $(builtins_of --disable-expand-memcpy-in-order) == "$wanted" ]]
			done
		done
	done
	# whose words are in registers and on the stack
	memory_function "$(memory_call memmove 8 300)"
	[[ ! $(builtins_of --disable-expand-memcpy-in-order) ]]
	memory_function "$(memory_call memmove 8 1000)"
	[[ $(builtins_of --disable-expand-memcpy-in-order) == memmove ]]
	memory_function '%o = alloca [400 x i8]' 'call void @use(ptr %o)' "$(memory_call memmove 8 300)"
	[[ $(builtins_of --disable-expand-memcpy-in-order) == memmove ]]
	# byte by byte, which LLVM would keep on the stack
	memory_function '%o = alloca [300 x i8]' 'call void @use(ptr %o)' \
		'call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %o, i64 299, i1 false)'
	[[ ! $(builtins_of --disable-expand-memcpy-in-order) ]]
}

@test "memcmp and bcmp are loads where the size is known" {
	for name in memcmp bcmp; do
		for size in 1 2 3 8 10 31 128; do
			memory_function "%x = call i32 @$name(ptr %p, ptr %q, i64 $size)" "ret i32 %x"
			sed -i '/ret i32 0/d' a.ll
			[[ ! $(builtins_of --disable-expand-memcpy-in-order) ]]
			[[ $size != [1238] || ! $(builtins_of) ]]
		done
		memory_function "%x = call i32 @$name(ptr %p, ptr %q, i64 %n)" "ret i32 %x"
		sed -i '/ret i32 0/d' a.ll
		[[ $(builtins_of --disable-expand-memcpy-in-order) == "$name" ]]
	done
	# where much shorter than the loads, it is a call in order
	memory_function '%x = call i32 @memcmp(ptr %p, ptr %q, i64 100)' "ret i32 %x"
	sed -i '/ret i32 0/d' a.ll
	[[ $(builtins_of) == memcmp ]]
	memory_function '%o = alloca [64 x i8]' 'call void @use(ptr %o)' \
		'%x = call i32 @memcmp(ptr @mine, ptr %o, i64 64)' "ret i32 %x"
	sed -i '/ret i32 0/d' a.ll
	[[ ! $(builtins_of) ]]
}

@test "a volatile copy stays one" {
	memory_function 'call void @llvm.memset.p0.i64(ptr %p, i8 1, i64 4, i1 true)' \
		'call void @llvm.memset.p0.i64(ptr %p, i8 2, i64 4, i1 true)' \
		'call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 2, i1 true)' \
		'call void @llvm.memmove.p0.p0.i64(ptr %p, ptr %q, i64 2, i1 true)'
	for options in '' --disable-expand-memcpy-in-order; do
		# shellcheck disable=SC2086 # none or one
		[[ $(code $options a.ll | grep -c '^\*(u8 \*)') == 12 ]]
	done
}

@test "intrinsics of other pointer and size types" {
	ir a <<-'END'
		declare void @llvm.memset.p0.i32(ptr, i8, i32, i1)
		declare void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)
		define void @f(ptr %p, ptr %q, i32 %n) {
		  call void @llvm.memset.p0.i32(ptr %p, i8 1, i32 %n, i1 false)
		  call void @llvm.memcpy.p0.p0.i32(ptr %p, ptr %q, i32 %n, i1 false)
		  ret void
		}
	END
	generates a.ll
	"$READELF" -sW out >symbols
	has_line 'FUNC *LOCAL .* memset$' symbols
	has_line 'FUNC *LOCAL .* memcpy$' symbols
	lacks_line 'UND .*[a-z]$' symbols
}

@test "they do in the kernel what libc's do, with debug info" {
	need_kernel
	compile memory.c
	bpf-linker --btf -o memory.o memory.bc
	"$READELF" -sW memory.o >symbols
	for name in memcpy memmove memset memcmp bcmp; do
		has_line "FUNC *LOCAL .* $name\$" symbols
	done
	bpftool gen skeleton memory.o name memory >memory.skel.h
	gcc -I . -o host "$FIXTURES/memory-host.c" -lbpf -lelf -lz
	run -0 timeout 60 ./host
	[[ $output == *' runs' ]]
}

@test "what is inline does in the kernel what libc does, at each size and alignment" {
	need_kernel
	local align size sizes options

	for size in {0..17} 24 31 32 33 63 64 65 100 127 128 129 192 255 256 300; do
		sizes+="X($size)"
	done
	for align in 1 2 4 8 16 32; do
		for options in '' --disable-expand-memcpy-in-order; do
			compile memory-family.c -DALIGN=$align "-DSIZES(X)=$sizes"
			# shellcheck disable=SC2086 # none or one
			bpf-linker --btf $options -o family.o memory-family.bc
			bpftool gen skeleton family.o name family >family.skel.h
			gcc -I . -DALIGN=$align "-DSIZES(X)=$sizes" -o host "$FIXTURES/memory-family-host.c" -lbpf -lelf -lz
			# not load_with_btf, since the verifier's log of so many sizes takes long: libbpf warns of BTF that is refused
			run -0 timeout 60 ./host
			[[ $output =~ ^[0-9]+' runs'$ ]]
		done
	done
}

@test "they load for every --cpu, and without debug info" {
	need_kernel
	compile memory.c
	for cpu in v1 v2 v3 v4; do
		bpf-linker --btf --cpu $cpu -o memory.o memory.bc
		load_object memory.o
	done
	bpf-linker -o memory.o memory.bc
	load_object memory.o
}

@test "a strong definition of the user's wins" {
	own_memset ''
	settled a.ll
	functions_are f_memset memset
	[[ $(body memset) == *'store i64 %size, ptr %to'* ]]
	generates a.ll
	"$READELF" -sW out | grep 'FUNC *GLOBAL .* memset$'
}

@test "a memory builtin that nothing needs is dropped" {
	ir a <<-'END'
		define ptr @memset(ptr %to, i32 %value, i64 %size) { ret ptr %to }
		define i32 @bcmp(ptr %a, ptr %b, i64 %size) { ret i32 0 }
		define i32 @f() { ret i32 1 }
	END
	settled a.ll
	functions_are f
	generates a.ll
	"$READELF" -sW out >symbols
	lacks_line 'memset|bcmp' symbols
}

@test "one that the user exported by name, or marked as used, stays" {
	ir a <<-'END'
		define ptr @memset(ptr %to, i32 %value, i64 %size) { ret ptr %to }
		define i32 @bcmp(ptr %a, ptr %b, i64 %size) { ret i32 0 }
		define i32 @f() { ret i32 1 }
	END
	for options in '--export f,memset' '--export-symbols names'; do
		printf 'f\nmemset\n' >names
		# shellcheck disable=SC2086 # several words
		bpf-internalize $options a.ll | bpf-opt | bpf-codegen -o out
		"$READELF" -sW out >symbols
		has_line 'FUNC *GLOBAL .* memset$' symbols
		lacks_line 'bcmp' symbols
	done
	bpf-internalize --export f a.ll | bpf-opt | bpf-codegen -o out
	"$READELF" -sW out >symbols
	lacks_line 'memset|bcmp' symbols
	cat >>a.ll <<<'@llvm.used = appending global [1 x ptr] [ptr @bcmp], section "llvm.metadata"'
	settled a.ll
	functions_are bcmp f
}

@test "--disable-memory-builtins brings none and drops none" {
	memory_ir memset
	settled --disable-memory-builtins a.ll
	functions_are f_memset
	generates --disable-memory-builtins a.ll
	"$READELF" -sW out | grep 'UND memset$'
	own_memset ''
	settled --disable-memory-builtins a.ll
	functions_are f_memset memset
}

@test "string functions that are called are brought; not the kernel's, and none of other parameters" {
	ir a <<-'END'
		declare i64 @strlen(ptr)
		declare ptr @strchr(ptr, i32)
		declare i32 @strcmp(ptr, ptr) section ".ksyms"
		declare i64 @strnlen(ptr)
		define i64 @f(ptr %p) {
		  %n = call i64 @strlen(ptr %p)
		  %q = call ptr @strchr(ptr %p, i32 47)
		  %c = call i32 @strcmp(ptr %p, ptr %q)
		  %m = call i64 @strnlen(ptr %q)
		  %s = add i64 %n, %m
		  ret i64 %s
		}
	END
	settled a.ll
	functions_are f strchr strlen
	settled --disable-memory-builtins a.ll
	functions_are f
	# an own one stays
	sed -i 's/^declare i64 @strlen(ptr)/define weak i64 @strlen(ptr %p) { ret i64 77 }/' a.ll
	settled a.ll
	functions_are f strchr strlen
	[[ $(body strlen) == *'ret i64 77'* ]]
}

@test "a value of 32 bits is extended once, for the comparison and what it guards" {
	cat >in.ll <<-'END'
		target triple = "bpf"
		define i32 @prog(ptr %c) section "xdp" {
		  %array = alloca [8 x i32], align 8
		  call void @llvm.memset.p0.i64(ptr align 8 %array, i8 0, i64 32, i1 false)
		  %at = getelementptr i8, ptr %c, i64 12
		  %a = load i32, ptr %at
		  %after = getelementptr i8, ptr %c, i64 16
		  %b = load i32, ptr %after
		  %x = call i32 asm "$0 = $1", "=r,r"(i32 %a)
		  %sum = add i32 %b, %x
		  %over = icmp ult i32 %sum, %x
		  br i1 %over, label %out, label %check
		check:
		  store i32 %sum, ptr %array
		  %fits = icmp ult i32 %x, 8
		  br i1 %fits, label %index, label %out
		index:
		  %wide = zext nneg i32 %x to i64
		  %element = getelementptr [8 x i32], ptr %array, i64 0, i64 %wide
		  store i32 %x, ptr %element
		  %first = load i32, ptr %array
		  ret i32 %first
		out:
		  ret i32 1
		}
	END
	# of the sum and of the value
	bpf-codegen -o out in.ll
	"$OBJDUMP" -d out >code
	[[ $(grep -Ec '<<= (0x20|32)' code) == 2 ]]
	# clang's code stays as clang has it
	sed '$a!llvm.ident = !{!0}\n!0 = !{!"clang version 22.1.0"}' in.ll >clang.ll
	bpf-codegen --cpu v1 -o clang clang.ll
	"$OBJDUMP" -d clang >code
	[[ $(grep -Ec '<<= (0x20|32)' code) == 3 ]]
	# there are registers for it
	bpf-codegen --cpu v3 -o v3 in.ll
	"$OBJDUMP" -d v3 >code
	absent '<<= 0x20' code
	need_kernel
	load_object out
	load_object v3
}

@test "no stack protector, and no function that is not optimized" {
	ir a <<-'END'
		declare void @g(ptr)
		define i32 @f(i32 %x) #0 {
		  %place = alloca [64 x i8]
		  call void @g(ptr %place)
		  %y = add i32 %x, 1
		  %z = mul i32 %y, 3
		  ret i32 %z
		}
		attributes #0 = { noinline optnone sspreq }
	END
	for kind in ssp sspstrong sspreq; do
		sed "s/sspreq/$kind/" a.ll >b.ll
		generates b.ll
		"$READELF" -sW out >symbols
		lacks_line __stack_chk symbols
		sed "s/noinline optnone $kind/noinline/" b.ll >plain.ll
		cmp <(code b.ll) <(code plain.ll)
	done
}

# --- What LLVM is told, and what it reports ---

# too_much WHAT: a function that the BPF backend has an error for
too_much() {
	case $1 in
	return) ir a <<<'define [40 x i64] @f() { ret [40 x i64] zeroinitializer }' ;;
	parameters) ir a <<<'define i64 @f(i64, i64, i64, i64, i64, i64 %x) { ret i64 %x }' ;;
	arguments)
		ir a <<-'END'
			declare void @g(i64, i64, i64, i64, i64, i64)
			define void @f() {
			  call void @g(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6)
			  ret void
			}
		END
		;;
	stack)
		ir a <<-'END'
			declare void @g(ptr)
			define void @f() {
			  %x = alloca [1000 x i8]
			  call void @g(ptr %x)
			  ret void
			}
		END
		;;
	esac
}

@test "an error of the backend's is one error" {
	echo precious >out
	for what in return parameters arguments; do
		too_much $what
		one_error "bpf-codegen: error: a.ll: function 'f' *" bpf-codegen -o out a.ll
		one_error "bpf-codegen: error: a.ll: function 'f' *" bpf-codegen --emit asm -o out a.ll
	done
	[[ $(<out) == precious ]]
}

@test "the same error has the same words" {
	for what in return parameters arguments; do
		too_much $what
		run -1 --separate-stderr bpf-codegen -o out a.ll
		local first=$stderr
		run -1 --separate-stderr bpf-codegen --log-level error -o out a.ll
		[[ $stderr == "$first" && $stderr != *0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]* ]]
	done
}

@test "an error of the backend's names the file and the line" {
	cat >a.c <<-'END'
		int g(int, int, int, int, int, int);
		int f(int x)
		{
			return g(x, x, x, x, x, x);
		}
	END
	compile a.c
	one_error "bpf-codegen: error: a.bc: *a.c:4*" bpf-codegen -o out a.bc
}

@test "--fatal-errors=false goes on" {
	for what in return parameters arguments; do
		too_much $what
		rm -f out
		run -0 --separate-stderr bpf-codegen --fatal-errors=false -o out a.ll
		[[ $stderr == "bpf-codegen: error: a.ll: "* ]]
		"$READELF" -sW out | grep 'FUNC .* f$'
	done
}

@test "--allow-bpf-trap calls __bpf_trap where code is unreachable" {
	ir a <<<'define i32 @f() { unreachable }'
	generates a.ll
	"$READELF" -sW out >symbols
	lacks_line __bpf_trap symbols
	generates --allow-bpf-trap a.ll
	"$READELF" -sW out >symbols
	has_line 'UND __bpf_trap$' symbols
}

@test "memcpy's loads and stores are in order, unless --disable-expand-memcpy-in-order" {
	ir a <<-'END'
		declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
		define void @f(ptr %p, ptr %q) {
		  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %p, ptr align 8 %q, i64 32, i1 false)
		  ret void
		}
	END
	local in_order='0x0 0x0 0x8 0x8 0x10 0x10 0x18 0x18 '
	[[ $(code a.ll | grep -oE '0x[0-9a-f]+' | tr '\n' ' ') == "$in_order" ]]
	[[ $(code --disable-expand-memcpy-in-order a.ll | grep -oE '0x[0-9a-f]+' | sort -u | wc -l) == 4 ]]
	[[ $(code --disable-expand-memcpy-in-order a.ll | grep -oE '0x[0-9a-f]+' | tr '\n' ' ') != "$in_order" ]]
	cmp <(code --disable-expand-memcpy-in-order a.ll) <(code --llvm-args=--bpf-expand-memcpy-in-order=false a.ll)
	cmp <(code a.ll) <(code --llvm-args=--bpf-expand-memcpy-in-order a.ll)
}

@test "--llvm-args" {
	program
	generates --llvm-args=--cold-callsite-rel-freq=5,--bpf-disable-trap-unreachable a.ll
	generates --unroll-loops --llvm-args=--unroll-threshold=10 a.ll
	too_much stack
	run --separate-stderr bpf-codegen --llvm-args=--bpf-stack-size=2000 -o out a.ll
	[[ $status == 0 && ! $stderr ]]
	usage_error_of bpf-codegen "*--llvm-args*'--no-such-option'*" --llvm-args=--no-such-option -o out a.ll
}

@test "remarks of code generation are shown to who asks for them" {
	program
	generates --log-level=debug a.ll
	run bpf-codegen --log-level=debug --llvm-args=-pass-remarks-analysis=prologepilog -o out a.ll
	[[ $status == 0 && $output == *" 0 stack bytes in function 'f'"* ]]
	run bpf-codegen --log-level=debug --llvm-args=--pass-remarks=inline -o out a.ll
	[[ $status == 0 && $output == *" 0 stack bytes in function 'f'"* ]]
}

@test "--dump-module writes the IR that code is generated from" {
	memory_ir memset
	generates --dump-module before.ll a.ll
	"$READELF" -h out
	mv before.ll out.ll
	functions_are f_memset memset
	has 'target triple = "bpf"'
	one_error "bpf-codegen: error: no-such-dir/before.ll: *" \
		bpf-codegen --dump-module no-such-dir/before.ll -o other a.ll
	[[ ! -e other ]]
}

# --- Input and output ---

@test "reads and writes files, pipes and standard streams" {
	program
	reads_and_writes_anywhere bpf-codegen a.ll
}

@test "a failure leaves the output as it was" {
	leaves_output_on_failure bpf-codegen
}

@test "a function that LLVM refuses" {
	ir a <<-'END'
		define i32 @f() {
		  %x = add i32 %y, 1
		  %y = add i32 %x, 1
		  ret i32 %y
		}
	END
	one_error "bpf-codegen: error: a.ll: *" timeout 10 bpf-codegen -o out a.ll
	[[ ! -e out ]]
}

@test "a failure in a pipe writes nothing" {
	too_much return
	[[ ! $(bpf-codegen a.ll 2>/dev/null) ]]
	bpf-codegen a.ll 2>/dev/null | wc -c | grep -x 0
}

@test "a broken pipe is an error" {
	program
	mkfifo fifo
	one_error 'bpf-codegen: error: <stdout>: Broken pipe' \
		bash -c 'exec 8<>fifo 9>fifo 8<&-; exec bpf-codegen a.ll >&9'
}

@test "no binary to a terminal, but text" {
	program
	keeps_terminal_clean bpf-codegen a.ll
	keeps_terminal_clean bpf-codegen --emit llvm-bc a.ll
	keeps_terminal_clean bpf-codegen -o - a.ll
	run -0 script -qec 'bpf-codegen --emit asm a.ll' /dev/null
	[[ $output == *exit* ]]
	run -0 script -qec 'bpf-codegen --emit llvm-ir a.ll' /dev/null
	[[ $output == *'define void @f('* ]]
}

@test "no word after the failure of the stage before" {
	keeps_quiet_after_failure bpf-codegen
}

# --- Options ---

@test "cold code stays in .text, since libbpf refuses .text.unlikely." {
	ir a <<-'END'
		define internal i32 @rare(i32 %x) cold noinline {
			%1 = mul i32 %x, 3
			ret i32 %1
		}
		define i32 @a(i32 %x) {
			%1 = call i32 @rare(i32 %x)
			ret i32 %1
		}
	END
	bpf-codegen -o out.o a.ll
	run -0 "$READELF" -SW out.o
	[[ $output == *' .text '* && $output != *unlikely* ]]
}

@test "--debug-info=none leaves but BTF, of an object and of assembly" {
	echo 'struct t { int a; } s; int f(struct t *p) { s.a++; return p->a; }' >f.c
	for target in bpfel bpfeb; do
		"$CLANG" -target $target -O2 -g -emit-llvm -c -o f.bc f.c
		bpf-codegen -o with.o f.bc
		bpf-codegen --debug-info=none -o without.o f.bc
		"llvm-objcopy-$LLVM_MAJOR" --strip-debug with.o stripped.o
		for object in stripped without; do
			"$READELF" -SW $object.o | sed -n 's/^ *\[ *\([0-9]*\)\] \([^ ]*\) .*/\1 \2/p' >$object.txt
			{
				"$NM" $object.o
				"$OBJDUMP" -dr --no-show-raw-insn $object.o | grep -v 'file format'
				"$READELF" -rW $object.o | awk '/^[0-9a-f]+ /{ print $1, $3, $4, $5 }'
			} >>$object.txt
		done
		diff stripped.txt without.txt
		for section in .text .BTF .BTF.ext; do
			"llvm-objcopy-$LLVM_MAJOR" --dump-section $section=a with.o /dev/null
			"llvm-objcopy-$LLVM_MAJOR" --dump-section $section=b without.o /dev/null
			cmp a b
		done
	done
	bpf-codegen --emit=asm --debug-info=none -o out.s f.bc
	run ! grep -E '\.loc|\.cfi|debug_' out.s
	grep -F .BTF.ext out.s
}

@test "--map of a module without notes" {
	ir a <<<'@v = global i32 1
	@c = private constant [2 x i8] c"a\00"
	declare i32 @undefined()
	define internal i32 @g() { ret i32 3 }
	define i32 @f() section "xdp" {
	  %r = call i32 @g()
	  %s = call i32 @undefined()
	  %c = load volatile i8, ptr @c
	  ret i32 %s
	}'
	generates a.ll
	mv out without
	generates --map out.map a.ll
	cmp out without
	map_agrees out.map out
	[[ $(in_map out.map function g) == '2 0 -' ]]
	[[ $(in_map out.map variable c) == '- - -' && $(in_map out.map undefined undefined) == '- - -' ]]
	absent -E 'dropped|inlined' out.map
}

@test "--map has builtins that were brought, and each name as one word" {
	ir a <<<'declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
	@"a \5C\1B\E2\80\AE" = global i32 1, section "one two"
	define void @f(ptr %p, ptr %q, i64 %n) {
	  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 %n, i1 false)
	  ret void
	}'
	bpf-merge --note-map a.ll | bpf-codegen --map 'out.map' -o out
	[[ $(in_map out.map function memcpy) == [1-9]*' 0 <internal>' ]]
	[[ $(in_map out.map function f) == [1-9]*' 0 a.ll' ]]
	grep -E '^ +0 +4 +- +- variable +one.040two +a.ll +a.040.134.033.342.200.256$' out.map
	awk 'NF != 8 && NR > 1 { exit 1 }' out.map
	generates --disable-memory-builtins --why f a.ll
}

@test "--map has what module asm defines, and aliases; --why knows builtins that were brought" {
	ir a <<<'module asm ".globl plain\0Aplain:\0A exit\0A.globl typed\0A.type typed,@function\0Atyped: exit\0A.size typed, 8"
	declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
	@b = alias i32 (), ptr @f
	define i32 @f() { ret i32 1 }
	define void @g(ptr %p, ptr %q, i64 %n) {
	  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 %n, i1 false)
	  ret void
	}'
	bpf-merge --note-map -o a.bc a.ll
	run -0 --separate-stderr bpf-codegen --map out.map --why 'mem*' -o out a.bc
	[[ $stderr == 'live symbol: <internal>:(memcpy) ('* ]]
	map_agrees <(grep -v ' plain$' out.map) out
	[[ $(in_map out.map function plain) == '0 - -' && $(in_map out.map function typed) == '1 - -' ]]
	[[ $(in_map out.map function b) == '2 - a.ll' ]]
}

@test "--help lists every option" {
	lists_options bpf-codegen --check --emit --disable-memory-builtins --debug-info --dump-module --target --cpu \
		--cpu-features --unroll-loops --disable-expand-memcpy-in-order --allow-bpf-trap \
		--llvm-args --fatal-errors --map --why
}

@test "--version" {
	says_version bpf-codegen
}

@test "wrong options" {
	refuses_wrong_options bpf-codegen
	usage_error_of bpf-codegen "*'--fatal-errors'*" --fatal-errors=maybe
	usage_error_of bpf-codegen "*'b.ll'*" a.ll b.ll
}

@test "--log-level and --log-file" {
	takes_log_options bpf-codegen
	too_much return
	one_error "bpf-codegen: error: a.ll: *returns 320 bytes*" bpf-codegen --log-file log2 -o out a.ll
	[[ $(<log2) == "$stderr" ]]
}

@test "--time says one line" {
	program
	says_time bpf-codegen a.ll
}

@test "nobody at standard output does not matter to -o" {
	ir a <<<'define i32 @f() {
	  ret i32 1
	}'
	(sleep 0.1 && cat a.ll) | bpf-codegen -o out | true
	for ((i = 0; i < 100; i++)); do
		[[ ! -s out ]] || return 0
		sleep 0.05
	done
	false
}

@test "a wrong command line leaves nothing in the output" {
	run --separate-stderr -2 bash -c 'bpf-codegen --nonsense | wc -c; exit ${PIPESTATUS[0]}'
	[[ $output == 0 ]]
}
