#!/usr/bin/env bats
# What was linked is loaded into the running kernel, and run on real data.

load helper

# calls_in OBJECT, back_edges_in OBJECT: the instructions that are one
calls_in() {
	"$OBJDUMP" -d "$1" | grep -E '\bcall -?0x' || true
}

back_edges_in() {
	"$OBJDUMP" -d "$1" | grep -E '\bgotol? -0x' || true
}

# loops_in OBJECT: how many; a jump back need not be one
loops_in() {
	"$OBJDUMP" -d "$1" | awk -f "$TESTS/kernels/loops.awk"
}

# skeleton_of OBJECT: its maps, programs and globals, sorted
skeleton_of() {
	bpftool gen skeleton "$1" name skeleton |
		sed -n '/^struct skeleton {/,/^#ifdef/p' | grep -v __pad | sort
}

compile_shared() {
	compile shared-a.c
	compile shared-b.c
	compile shared-lib.c
}

@test "XDP: a program, and a library with a map" {
	need_kernel
	compile "$TESTS/examples/c/program.c"
	compile "$TESTS/examples/c/count.c"
	bpf-linker --btf --export count_and_drop -o out.o program.bc count.bc
	load_object out.o

	packet 6 80 >tcp
	packet 17 100 >udp
	head -c 60 /dev/zero >not-ip
	[[ $(run_program count_and_drop tcp 5) == 2 ]]
	[[ $(run_program count_and_drop udp 3) == 1 ]]
	[[ $(run_program count_and_drop not-ip) == 2 ]]
	[[ $(map_value traffic 6) == 5 ]]
	[[ $(map_value traffic 6 8) == 400 ]]
	[[ $(map_value traffic 17) == 3 ]]
	[[ $(map_value traffic 17 8) == 300 ]]
	[[ $(map_value traffic 0) == 0 ]]
}

@test "the C example, built by its own Makefile" {
	need_kernel
	cp "$TESTS"/examples/c/* .
	make CLANG="$CLANG" LLVM_AR="$LLVM_AR"
	load_object program.bpf.o

	packet 17 >udp
	[[ $(run_program count_and_drop udp 3) == 1 ]]
	[[ $(map_value traffic 17) == 3 ]]
}

@test "functions that call each other, in two files" {
	need_kernel
	compile calls.c
	compile calls-lib.c
	bpf-linker --btf -o out.o calls.bc calls-lib.bc
	load_object out.o

	head -c 60 /dev/zero >packet
	[[ $(calls_in out.o | wc -l) == 3 ]]
	[[ $(run_program calls packet) == 300 ]]
	bpftool prog dump xlated pinned "$PINS/calls" | grep 'call pc'
}

@test "--ignore-inline-never leaves no call" {
	need_kernel
	compile calls.c
	compile calls-lib.c
	bpf-linker --btf --ignore-inline-never --export calls -o out.o calls.bc calls-lib.bc
	load_object out.o

	head -c 60 /dev/zero >packet
	[[ ! $(calls_in out.o) ]]
	[[ $(run_program calls packet) == 300 ]]
	run -0 bpftool prog dump xlated pinned "$PINS/calls"
	[[ $output == *exit* && $output != *"call pc"* ]]
}

@test "--unroll-loops leaves no jump back" {
	need_kernel
	compile loop.c
	bpf-linker --btf -o rolled.o loop.bc
	[[ $(back_edges_in rolled.o) ]]
	bpf-linker --btf --unroll-loops -o unrolled.o loop.bc
	[[ ! $(back_edges_in unrolled.o) ]]

	head -c 60 /dev/zero >packet
	for object in rolled.o unrolled.o; do
		load_object $object
		[[ $(run_program loop packet) == 59760 ]]
		[[ $(map_value "${object%.o}_bss" 0 8) == 63 ]]
	done
}

@test "--unroll-loops, of loops that may end earlier" {
	need_kernel
	cat >ends.c <<-'END'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		char LICENSE[] SEC("license") = "GPL";
		static __noinline int sum(unsigned n)
		{
			int sum = 0;
			for (unsigned i = 0; i < n && i < 100; i++) {
				sum += i;
				asm volatile("" : "+r"(sum));
			}
			return sum;
		}
		SEC("tc") int ends(struct __sk_buff *skb) { return sum(skb->len) + sum(3); }
	END
	compile ends.c
	bpf-linker --btf -o rolled.o ends.bc
	[[ $(loops_in rolled.o) == 1 ]]
	for flags in '' '-Xclang -disable-llvm-passes'; do
		# shellcheck disable=SC2086 # several words, or none
		compile ends.c $flags
		bpf-linker --btf --unroll-loops -o ends.o ends.bc
		[[ $(loops_in ends.o) == 0 ]]
		load_with_btf ends.o
		head -c 74 /dev/zero >packet
		[[ $(run_program ends packet) == $((73 * 74 / 2 + 3)) ]]
	done
}

@test "globals in .rodata, .data and .bss" {
	need_kernel
	compile globals.c
	for options in "" --export=globals,count_runs --export-symbols=/dev/null; do
		# shellcheck disable=SC2086 # none or one
		bpf-linker --btf $options -o out.o globals.bc
		load_object out.o

		head -c 60 /dev/zero >packet
		[[ $(run_program globals packet 3) == 2 ]]
		[[ $(run_program globals packet) == 1 ]]
		[[ $(run_program count_runs packet) == 4 ]]
		[[ $(global_value total) == 12 ]]
		[[ $(global_value limit) == 10 ]]
	done
}

@test "globals, through the skeleton" {
	need_kernel
	compile globals.c
	bpf-linker --btf -o globals.bpf.o globals.bc
	bpftool gen skeleton globals.bpf.o name globals >globals.skel.h
	gcc -I . -o host "$FIXTURES/globals-host.c" -lbpf -lelf -lz
	run -0 ./host 8 4 3
	[[ $output == $'2\n2\n1\ntotal 12\nruns 3' ]]
}

@test "files that share maps, globals and a license" {
	need_kernel
	compile_shared
	"$LLVM_AR" rcs libshared.a shared-lib.bc
	bpf-linker --btf -o out.o shared-a.bc shared-b.bc libshared.a
	load_object out.o

	head -c 60 /dev/zero >packet
	[[ $(run_program record packet 2) == 2 ]]     # the library's choice, not the weak one
	[[ $(run_program report packet) == 182 ]]     # 2 * 60 in the library, 60 in the map, 2 packets
	[[ $(map_value lengths 7) == 60 ]]
	[[ $(global_value packets) == 2 ]]
	[[ $(global_value weighed) == 300 ]]
	[[ $(global_value kernel_version) -gt $((4 << 16)) ]]
	[[ $(global_value address_of_schedule) != 0 ]]
	[[ $(global_value address_of_no_such_symbol) == 0 ]]
}

# write_two: compiles one.c and two.c, with the lines of two.txt that begin so; the program of each returns VALUE
# and 10, for which it needs BTF
write_two() {
	local name
	for name in one two; do
		cat >$name.c <<-END
			#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			static long step(unsigned i, void *sum) { *(int *)sum += i; return 0; }
			$(sed -n "s/^$name: //p" two.txt)
			SEC("tc") int prog_$name(struct __sk_buff *s)
			{
				int sum = 0;
				bpf_loop(5, step, &sum, 0);
				return sum + VALUE;
			}
		END
		compile $name.c
	done
}

@test "licenses and versions of several names and kinds" {
	need_kernel
	cat >two.txt <<-'END'
		one: char LICENSE[] SEC("license") = "GPL"; int VERSION SEC("version") = 1;
		two: const char _license[] SEC("license") = "GPL"; int _version SEC("version") = 1;
		one: #define VALUE 1
		two: #define VALUE 2
	END
	write_two
	head -c 60 /dev/zero >packet
	for inputs in 'one.bc two.bc' 'two.bc one.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		load_with_btf out.o
		[[ $(run_program prog_one packet) == 11 && $(run_program prog_two packet) == 12 ]]
	done
}

@test "one section with variables and constants of several files" {
	need_kernel
	for section in .data.cfg .rodata.cfg; do
		cat >two.txt <<-END
			one: char LICENSE[] SEC("license") = "GPL";
			one: volatile int one SEC("$section") = 1;
			two: const volatile int two SEC("$section") = 2;
			one: #define VALUE one
			two: #define VALUE two
		END
		write_two
		bpf-linker --btf -o out.o one.bc two.bc
		load_with_btf out.o
		head -c 60 /dev/zero >packet
		[[ $(run_program prog_one packet) == 11 && $(run_program prog_two packet) == 12 ]]
	done
}

@test "inline asm that names static functions and variables of its file" {
	need_kernel
	for name in one two; do
		cat >two.txt <<-END
			$name: char LICENSE[] SEC("license") = "GPL";
			$name: static __attribute__((naked, noinline, used)) int sub(void) { asm volatile("r0 = VALUE_OF; exit"); }
			$name: static __attribute__((used)) int val = VALUE_OF * 10;
			$name: SEC("tc") __attribute__((naked)) int calls_$name(void) { asm volatile("call sub; exit"); }
			$name: SEC("tc") int jumps_$name(struct __sk_buff *s)
			$name: {
			$name: 	asm volatile goto("r1 = val ll; r1 = *(u32 *)(r1 + 0); if r1 == 20 goto %l[two]" ::: "r1" : two);
			$name: 	return 1;
			$name: two:
			$name: 	return 2;
			$name: }
			$name: static int value(void)
			$name: {
			$name: 	int value;
			$name: 	asm volatile("r1 = val ll; %0 = *(u32 *)(r1 + 0)" : "=r"(value) :: "r1");
			$name: 	return value;
			$name: }
			$name: #define VALUE value()
		END
		sed "s/VALUE_OF/$([[ $name == one ]] && echo 1 || echo 2)/" two.txt >>both.txt
	done
	mv both.txt two.txt
	write_two
	head -c 60 /dev/zero >packet
	for inputs in 'one.bc two.bc' 'two.bc one.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		load_with_btf out.o
		[[ $(run_program prog_one packet) == 20 && $(run_program prog_two packet) == 30 ]]
		[[ $(run_program calls_one packet) == 1 && $(run_program calls_two packet) == 2 ]]
		[[ $(run_program jumps_one packet) == 1 && $(run_program jumps_two packet) == 2 ]]
	done
}

@test "inline asm of two files with the same labels" {
	need_kernel
	for name in one two; do
		cat <<-END
			$name: char LICENSE[] SEC("license") = "GPL";
			$name: static int value(void)
			$name: {
			$name: 	int x = VALUE_OF;
			$name: 	asm volatile("if %[x] == 1 goto out; goto .Lout; out: %[x] += 5; .Lout: %[x] += 10;" : [x]"+r"(x));
			$name: 	return x;
			$name: }
			$name: #define VALUE value()
		END
	done | sed '1,/#define/s/VALUE_OF/1/; s/VALUE_OF/2/' >two.txt
	write_two
	head -c 60 /dev/zero >packet
	for inputs in 'one.bc two.bc' 'two.bc one.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		load_with_btf out.o
		[[ $(run_program prog_one packet) == 26 && $(run_program prog_two packet) == 22 ]]
	done
}

@test "inline asm means its own file's static, where a third one has the name, too" {
	need_kernel
	for name in one two; do
		cat <<-END
			$name: char LICENSE[] SEC("license") = "GPL";
			$name: static __attribute__((noinline, used)) int sub(int x) { asm volatile(""); return x + VALUE_OF; }
			$name: #define VALUE sub(7)
		END
	done | sed '1,/#define/s/VALUE_OF/1/; s/VALUE_OF/2/' >two.txt
	write_two
	cat >three.c <<-'END'
		static __attribute__((noinline, used)) int sub(int x) { asm volatile(""); return x + 3; }
		__attribute__((section("tc"))) int prog_three(void *ctx)
		{
			int value;
			asm volatile("r1 = 1; call sub; # sub\n %0 = r0" : "=r"(value) :: "r0", "r1", "r2", "r3", "r4", "r5");
			return value;
		}
	END
	compile three.c
	head -c 60 /dev/zero >packet
	for inputs in 'one.bc two.bc three.bc' 'three.bc two.bc one.bc' 'one.bc three.bc two.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		load_with_btf out.o
		[[ $(run_program prog_one packet) == 18 && $(run_program prog_two packet) == 19 ]]
		[[ $(run_program prog_three packet) == 4 ]]
	done
}

@test "inline asm that names functions and variables of another file" {
	need_kernel
	cat >two.txt <<-'END'
		one: #define VALUE asm_value()
		one: static __attribute__((noinline)) int asm_value(void)
		one: {
		one: 	int value;
		one: 	asm volatile("r1 = 5; call sub; r1 = val ll; r1 = *(u32 *)(r1 + 0); r0 += r1; %0 = r0"
		one: 		: "=r"(value) :: "r0", "r1", "r2", "r3", "r4", "r5");
		one: 	return value;
		one: }
		two: int val = 30;
		two: __attribute__((noinline)) int sub(int x) { return x * 3; }
		two: #define VALUE 2
	END
	write_two
	head -c 60 /dev/zero >packet
	"$LLVM_AR" rcs two.a two.bc
	for inputs in 'one.bc two.bc' 'two.a one.bc' '--export prog_one one.bc two.bc'; do
		# shellcheck disable=SC2086 # words
		bpf-linker --btf -o out.o $inputs
		load_with_btf out.o
		[[ $(run_program prog_one packet) == 55 ]]
	done
}

@test "a function of the kernel's, and CO-RE" {
	need_kernel
	grep -qw bpf_cast_to_kern_ctx /proc/kallsyms || skip "this kernel has no bpf_cast_to_kern_ctx"
	compile kfunc.c
	bpf-linker --btf --export kfunc -o out.o kfunc.bc
	load_object out.o

	head -c 60 /dev/zero >packet
	[[ $(run_program kfunc packet) == 2 ]]
}

@test "without --export the skeleton is that of bpftool gen object" {
	compile_shared
	bpf-linker --btf -o ours.o shared-a.bc shared-b.bc shared-lib.bc
	for file in shared-a shared-b shared-lib; do
		"$CLANG" -target bpf -O2 -c -o $file.o $file.bc
	done
	bpftool gen object theirs.o shared-a.o shared-b.o shared-lib.o
	skeleton_of theirs.o >theirs
	grep -w packets theirs
	grep -w kconfig theirs
	diff theirs <(skeleton_of ours.o)
}

@test "memory functions that are inline, and those that are brought, with BTF" {
	need_kernel
	head -c 60 /dev/zero >packet
	for options in '' --disable-expand-memcpy-in-order --debug-info=full --debug-info=none; do
		for file in memcmp align builtin-btf; do
			compile $file.c
			# shellcheck disable=SC2086 # none or one
			bpf-linker --btf $options -o $file.o $file.bc
			load_with_btf $file.o
			case $file in
			memcmp) [[ $(run_program starts packet) == 1 ]] ;;
			align) [[ $(run_program zero packet) == 2 ]] ;;
			builtin-btf)
				[[ $(run_program counts packet 3) == 0 && $(map_value map 0 4 4) == 3 ]]
				prototypes_of counts | grep -F 'memcpy(void * to, const void * from,'
				;;
			esac
		done
	done
}

@test "memory functions that are brought have BTF, whatever the debug info is" {
	local unit kind program name

	need_kernel
	compile memory.c -gdwarf-5 -gpubnames
	llvm-dis-"$LLVM_MAJOR" memory.bc
	for unit in FullDebug LineTablesOnly DebugDirectivesOnly NoDebug; do
		sed "s/emissionKind: FullDebug/emissionKind: $unit/" memory.ll >unit.ll
		for kind in lines full none; do
			# no compiler makes variables of such a unit
			[[ $unit-$kind != DebugDirectivesOnly-full ]] || continue
			bpf-linker --btf --debug-info=$kind -o memory.o unit.ll
			load_with_btf memory.o
			for program in copy move set compare differ; do
				prototypes_of $program
			done >prototypes
			for name in memcpy memmove; do
				grep -Fx "void * $name(void * to, const void * from, unsigned long size)" prototypes
			done
			grep -Fx 'void * memset(void * to, int value, unsigned long size)' prototypes
			for name in memcmp bcmp; do
				grep -Fx "int $name(const void * a, const void * b, unsigned long size)" prototypes
			done
		done
	done
	compile memory.c -g0
	bpf-linker -o memory.o memory.bc
	load_object memory.o
}

@test "a constant table with pointers is read-only, also of position-independent code" {
	need_kernel
	head -c 60 /dev/zero >packet
	for flags in '' -fPIC -fpie; do
		# shellcheck disable=SC2086 # none or one
		compile const-pointers.c $flags
		[[ ! $flags ]] || llvm-dis-"$LLVM_MAJOR" -o - const-pointers.bc | grep '"PIC Level"'
		bpf-linker --btf -o out.o const-pointers.bc
		"$READELF" -SW out.o >sections
		grep ' \.rodata ' sections
		absent 'data\.rel' sections
		load_with_btf out.o
		[[ $(run_program reads packet) == 8 ]]
	done
}

@test "products of more than 64 bits, and whether they overflow; shifts" {
	need_kernel
	for flags in '' -Os '-Xclang -disable-llvm-passes' -mcpu=v1; do
		# shellcheck disable=SC2086 # several words, or none
		compile wide.c $flags
		bpf-linker --btf -o wide.o wide.bc
		absent __ <("$READELF" -sW wide.o)
		bpftool gen skeleton wide.o name wide >wide.skel.h
		"$CLANG" -w -O1 -I . -I "$FIXTURES" -o host "$FIXTURES/wide-host.c" -lbpf -lelf -lz
		run -0 timeout 60 ./host
		[[ $output == *' runs' ]]
	done
}

@test "string functions, where the verifier knows the end" {
	need_kernel
	head -c 60 /dev/zero >packet
	for flags in '' -fno-builtin '-Xclang -disable-llvm-passes' '-Xclang -stack-protector -Xclang 3'; do
		# shellcheck disable=SC2086 # several words, or none
		compile strings.c $flags
		run --separate-stderr bpf-linker --btf -o strings.o strings.bc
		[[ $status == 0 && ! $stderr ]]
		load_object strings.o # without the log, which takes long
		[[ $(run_program lengths packet) == 31 ]]
		[[ $(run_program compares packet) == 511 ]]
		[[ $(run_program copies packet) == 7 ]]
		[[ $(run_program fills packet) == 7 ]]
		[[ $(run_program finds packet) == 7 ]]
		[[ $(run_program finds_last packet) == 3 ]]
		bpftool -j prog show pinned "$PINS/finds" | jq -e .btf_id
		prototypes_of finds | grep -Fx 'unsigned long strchr(const void * text, int value)'
	done
}

@test "kfuncs that are declared by a typedef of a function, which LLVM takes for invalid debug info" {
	need_kernel
	cat >lock.c <<-'C'
		typedef void plain_t(void);
		typedef plain_t lock_t;
		typedef void *cast_t(const void *object, unsigned id);
		#define KSYM __attribute__((section(".ksyms")))
		extern lock_t bpf_rcu_read_lock KSYM, bpf_rcu_read_unlock KSYM;
		extern cast_t bpf_rdonly_cast KSYM __attribute__((weak));
		__attribute__((section("tc"))) int lock(void *context)
		{
			bpf_rcu_read_lock();
			bpf_rcu_read_unlock();
			return bpf_rdonly_cast ? bpf_rdonly_cast(context, 0) != 0 : 7;
		}
		char LICENSE[] __attribute__((section("license"))) = "GPL";
	C
	compile lock.c
	run -0 --separate-stderr bpf-linker --btf -o out.o lock.bc
	[[ ! $stderr ]]
	bpftool btf dump file out.o format raw >raw
	[[ $(grep -c "FUNC .* linkage=extern" raw) == 3 ]]
	grep -A 2 "FUNC_PROTO '(anon)' ret_type_id=1 vlen=2" raw
	load_object out.o
	head -c 60 /dev/zero >packet
	[[ $(run_program lock packet) == 1 ]]
}
