#!/usr/bin/env bats
# bpf-opt: the levels, the target, and what LLVM is told.

load helper
load module

OPT=opt-$LLVM_MAJOR

# optimize ARGUMENT...: out.bc and out.ll, and no word
optimize() {
	becomes bpf-opt "$@"
}

# callee_and_callers: a function that O2 inlines three times and Oz does not; a load that O2 removes
callee_and_callers() {
	ir a <<-'END'
		define internal i64 @callee(ptr %p, i64 %n) {
		  %x = load volatile i64, ptr %p
		  store volatile i64 %n, ptr %p
		  %t1 = mul i64 %x, 3
		  %t2 = xor i64 %t1, %n
		  %t3 = mul i64 %t2, 5
		  store volatile i64 %t3, ptr %p
		  %t4 = xor i64 %t3, %n
		  %t5 = mul i64 %t4, 7
		  store volatile i64 %t5, ptr %p
		  %t6 = xor i64 %t5, %n
		  ret i64 %t6
		}
		define i64 @f(ptr %p, i64 %n) {
		  %x = call i64 @callee(ptr %p, i64 %n)
		  %y = call i64 @callee(ptr %p, i64 %x)
		  %z = call i64 @callee(ptr %p, i64 %y)
		  ret i64 %z
		}
		define i64 @loads_twice(ptr %p, i1 %c) {
		  br i1 %c, label %a, label %b
		a:
		  call void @elsewhere(i64 1)
		  %x = load i64, ptr %p
		  call void @elsewhere(i64 %x)
		  br label %both
		b:
		  call void @elsewhere(i64 2)
		  %y = load i64, ptr %p
		  %less = sub i64 %y, 7
		  call void @elsewhere(i64 %less)
		  br label %both
		both:
		  %z = load i64, ptr %p
		  ret i64 %z
		}
		declare void @elsewhere(i64) nounwind willreturn memory(inaccessiblemem: readwrite)
	END
}

# loop_ir TRIPS: a loop of TRIPS, each with one store
loop_ir() {
	ir loop <<-END
		define void @f(ptr %p, i64 %n) {
		entry:
		  br label %loop
		loop:
		  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
		  %place = getelementptr i64, ptr %p, i64 %i
		  store volatile i64 %i, ptr %place
		  %next = add i64 %i, 1
		  %more = icmp ult i64 %next, $1
		  br i1 %more, label %loop, label %out
		out:
		  ret void
		}
	END
}

# first_byte_ir [TRIPLE_LINE]: a function of which the byte order decides the result, once the layout is known
first_byte_ir() {
	cat >first-byte.ll <<-END
		$*
		@number = internal constant i32 1
		define i8 @f() {
		  %byte = load i8, ptr @number
		  ret i8 %byte
		}
	END
}

# --- Levels ---

@test "each level runs the passes of its name" {
	callee_and_callers
	for level in 1 2 3 s z; do
		optimize -O $level a.ll
		passes=$level
		cp a.ll for-size.ll
		# from LLVM 23 on the functions say it, and there are no such passes
		if ((LLVM_MAJOR >= 23)) && [[ $level == [sz] ]]; then
			passes=2 attributes=optsize
			[[ $level == s ]] || attributes+=' minsize'
			sed "s/^\(define .*\) {\$/\1 $attributes {/" a.ll >for-size.ll
		fi
		"$OPT" -S --enable-load-pre=false -passes="default<O$passes>,dce" for-size.ll >wanted
		# the CPU is noted for bpf-codegen
		diff <(sed '1d; /^source_filename/d; /^target triple/d' wanted) \
			<(sed '1d; /^source_filename/d; /^target triple/d; s/ "target-cpu"="generic"//' out.ll)
		mv out.ll $level.ll
	done
	run ! cmp <(sed 1d 1.ll) <(sed 1d 2.ll)
	run ! cmp <(sed 1d 2.ll) <(sed 1d z.ll)
}

@test "-O 0 is as -O 1, 2 is the default, and the last one wins" {
	callee_and_callers
	cmp <(bpf-opt -O 0 a.ll) <(bpf-opt -O 1 a.ll)
	cmp <(bpf-opt a.ll) <(bpf-opt -O2 a.ll)
	cmp <(bpf-opt -Oz a.ll) <(bpf-opt -O1 -O z a.ll)
	run ! cmp <(bpf-opt -Oz a.ll) <(bpf-opt -O1 a.ll)
}

@test "-O with another level is refused" {
	for level in 4 fast 22; do
		usage_error_of bpf-opt "*'$level'*" -O $level -o out in.ll
	done
}

@test "functions that became internal are inlined or dropped" {
	ir a <<-'END'
		define internal i32 @called() { ret i32 7 }
		define internal i32 @not_called() { ret i32 8 }
		@not_needed = internal global i32 1
		define i32 @f() {
		  %x = call i32 @called()
		  ret i32 %x
		}
	END
	for level in 0 1 2 3 s z; do
		optimize -O$level a.ll
		symbols_are 'T f'
		has 'ret i32 7'
	done
}

# --- The target ---

@test "a host's triple becomes bpf, with its data layout" {
	foreign_ir a <<<'define i32 @f() { ret i32 1 }'
	optimize a.ll
	has "target triple = \"$(triple_of "$LITTLE")\""
	has "$LITTLE"
	optimize --target bpfel a.ll
	has 'target triple = "bpfel"'
	has "$LITTLE"
	optimize --target=bpfeb a.ll
	has 'target triple = "bpfeb"'
	has "$BIG"
}

@test "a module without a triple" {
	echo 'define i32 @f() { ret i32 1 }' >a.ll
	optimize a.ll
	has 'target triple = "bpf"'
	has "$NATIVE"
}

@test "the byte order is the module's, not that of the machine" {
	for layout in "$LITTLE" "$BIG"; do
		for triple in bpf s390x-unknown-linux-gnu ''; do
			printf '%s\n' "$layout" "target triple = \"$triple\"" \
				'define i32 @f() { ret i32 1 }' >a.ll
			optimize a.ll
			has "target triple = \"$(triple_of "$layout")\""
			has "$layout"
		done
	done
}

@test "a BPF triple is kept" {
	big_endian_ir a <<<'define i32 @f() { ret i32 1 }'
	optimize a.ll
	has 'target triple = "bpfeb"'
	has "$BIG"
	for triple in bpfel bpfel-unknown-none bpf-unknown-linux; do
		printf 'target triple = "%s"\ndefine i32 @f() { ret i32 1 }\n' $triple >a.ll
		optimize a.ll
		has "target triple = \"$triple\""
	done
}

@test "--target of the same byte order is taken" {
	ir a <<<'define i32 @f() { ret i32 1 }'
	optimize --target bpfel a.ll
	has 'target triple = "bpfel"'
	optimize --target bpfel-unknown-none a.ll
	has 'target triple = "bpfel-unknown-none"'
}

@test "--target of the other byte order is an error" {
	ir little <<<'define i32 @f() { ret i32 1 }'
	big_endian_ir big <<<'define i32 @f() { ret i32 1 }'
	one_error "bpf-opt: error: little.ll: *--target bpfeb*" bpf-opt --target bpfeb -o out little.ll
	one_error "bpf-opt: error: big.ll: *--target bpfel*" bpf-opt --target bpfel -o out big.ll
	one_error "bpf-opt: error: little.ll: *--target bpf_be*" bpf-opt --target bpf_be -o out little.ll
	[[ ! -e out ]]
}

@test "--target of another machine is refused" {
	ir a <<<'define i32 @f() { ret i32 1 }'
	usage_error_of bpf-opt "*'--target x86_64*" --target x86_64-unknown-linux-gnu -o out a.ll
	usage_error_of bpf-opt "*'--target bpfnonsense'*" --target bpfnonsense -o out a.ll
}

@test "the data layout is set before the passes run" {
	first_byte_ir
	optimize --target bpfel first-byte.ll
	has 'ret i8 1'
	optimize --target bpfeb first-byte.ll
	has 'ret i8 0'
	first_byte_ir 'target triple = "bpfeb"'
	optimize first-byte.ll
	has 'ret i8 0'
}

@test "what compilers noted about a function's CPU does not keep it from being inlined" {
	ir a <<-'END'
		define internal i32 @rust() #0 { ret i32 1 }
		define internal i32 @c() #1 { ret i32 2 }
		define i32 @f() #2 {
		  %x = call i32 @rust()
		  %y = call i32 @c()
		  %z = add i32 %x, %y
		  ret i32 %z
		}
		attributes #0 = { "target-cpu"="x86-64" "target-features"="+avx2" }
		attributes #1 = { "target-cpu"="v3" "target-features"="+alu32" "tune-cpu"="v3" }
		attributes #2 = { "target-cpu"="v1" }
	END
	optimize a.ll
	symbols_are 'T f'
	has 'ret i32 3'
}

@test "every --cpu, and no other" {
	callee_and_callers
	for cpu in generic probe v1 v2 v3 v4; do
		optimize --cpu $cpu a.ll
		has '@f('
	done
	usage_error_of bpf-opt "*'v9'*generic*probe*v4*" --cpu v9 -o out a.ll
}

@test "--cpu-features" {
	callee_and_callers
	optimize --cpu-features +alu32,-dwarfris a.ll
}

@test "a --cpu-features that LLVM does not know: one word, and ours" {
	callee_and_callers
	run --separate-stderr bpf-opt --cpu-features +nonsense -o out a.ll
	# shellcheck disable=SC2154 # bats sets stderr
	[[ $stderr == 'bpf-opt: '*nonsense* && $stderr != *$'\n'* ]]
}

# --- What LLVM is told ---

@test "--unroll-loops unrolls what is left rolled without" {
	loop_ir 500
	optimize loop.ll
	has 'phi i64'
	[[ $(count 'store volatile') == 1 ]]
	optimize --unroll-loops loop.ll
	lacks 'phi i64'
	[[ $(count 'store volatile') == 500 ]]
}

@test "--unroll-loops, where only the most trips are known" {
	ir loop <<-'END'
		define void @f(ptr %p, i64 %n) {
		entry:
		  br label %loop
		loop:
		  %i = phi i64 [ 0, %entry ], [ %next, %body ]
		  %more = icmp ult i64 %i, %n
		  br i1 %more, label %body, label %out
		body:
		  %place = getelementptr i64, ptr %p, i64 %i
		  store volatile i64 %i, ptr %place
		  %next = add i64 %i, 1
		  %few = icmp ult i64 %next, 60
		  br i1 %few, label %loop, label %out
		out:
		  ret void
		}
	END
	optimize loop.ll
	[[ $(count 'store volatile') == 1 ]]
	optimize --unroll-loops loop.ll
	[[ $(count 'store volatile') == 60 ]]
}

@test "--llvm-args reach LLVM" {
	callee_and_callers
	optimize a.ll
	lacks '@callee'
	optimize --llvm-args=--inline-threshold=-1000 a.ll
	has '@callee(ptr %p, i64 %x)'
	loop_ir 500
	optimize --llvm-args=--unroll-threshold=100000,-unroll-full-max-count=500 loop.ll
	[[ $(count 'store volatile') == 500 ]]
	optimize --llvm-args --unroll-threshold=100000 --llvm-args -unroll-full-max-count=500 loop.ll
	[[ $(count 'store volatile') == 500 ]]
}

@test "--llvm-args that repeat what is set by default" {
	callee_and_callers
	loop_ir 500
	optimize --llvm-args=--cold-callsite-rel-freq=5 a.ll
	optimize --llvm-args=-cold-callsite-rel-freq=5 a.ll
	optimize --llvm-args=--bpf-expand-memcpy-in-order,--bpf-disable-trap-unreachable a.ll
	optimize --unroll-loops --llvm-args=--unroll-threshold=10,--unroll-max-upperbound=1 loop.ll
	(($(count 'store volatile') < 500)) # the user's wins
	for option in --disable-expand-memcpy-in-order --allow-bpf-trap; do
		optimize $option a.ll
	done
}

@test "--llvm-args that LLVM does not know" {
	callee_and_callers
	for option in --no-such-option -no-such-option=3 nonsense; do
		usage_error_of bpf-opt "*--llvm-args*'$option'*" "--llvm-args=$option" -o out a.ll
	done
	usage_error_of bpf-opt "*--llvm-args*inline-threshold*" --llvm-args=--inline-threshold=x -o out a.ll
	[[ ! -e out ]]
}

@test "--llvm-args that LLVM does not know, in a pipeline: one word" {
	callee_and_callers
	run --separate-stderr bash -c "bpf-opt --llvm-args=--nope a.ll | bpf-codegen --llvm-args=--nope -o out
		echo \${PIPESTATUS[@]}"
	[[ $output == "2 2" && $stderr == "bpf-opt: error: "*"'--nope'"* && $stderr != *$'\n'* ]]
	run --separate-stderr bpf-linker --unresolved-symbols ignore --llvm-args=--nope -o out a.ll
	[[ $status == 2 && $stderr == "bpf-linker: error: "*"'--nope'"* && $stderr != *$'\n'* ]]
	[[ ! -e out ]]
}

@test "bpf-opt and bpf-codegen know the same --llvm-args" {
	callee_and_callers
	for option in --inline-threshold=100 --unroll-count=2 --enable-gvn-hoist --bpf-stack-size=512 \
		--disable-bpf-peephole --max-num-inline-blocks=3; do
		local by_opt=0 by_codegen=0
		bpf-opt --llvm-args=$option -o opt.out a.ll 2>opt.err || by_opt=$?
		bpf-codegen --llvm-args=$option -o codegen.out a.ll 2>codegen.err || by_codegen=$?
		echo "$option: bpf-opt $by_opt, bpf-codegen $by_codegen"
		[[ $by_opt == "$by_codegen" ]]
	done
}

@test "--fatal-errors takes true and false" {
	callee_and_callers
	optimize --fatal-errors=true a.ll
	optimize --fatal-errors false a.ll
	usage_error_of bpf-opt "*'--fatal-errors'*" --fatal-errors=maybe -o out a.ll
}

@test "--dump-module writes the IR before the passes" {
	foreign_ir a <<-'END'
		define internal i32 @callee() { ret i32 7 }
		define i32 @f() {
		  %x = call i32 @callee()
		  ret i32 %x
		}
	END
	optimize --dump-module before.ll a.ll
	lacks '@callee'
	grep 'define internal i32 @callee()' before.ll
	grep 'call i32 @callee()' before.ll
	"$AS" -o before.bc before.ll
	cmp <(bpf-opt before.ll | "$DIS" | sed 1d) <(sed 1d out.ll)
}

@test "--dump-module where it cannot be written" {
	callee_and_callers
	one_error "bpf-opt: error: no-such-dir/before.ll: *" \
		bpf-opt --dump-module no-such-dir/before.ll -o out a.ll
	[[ ! -e out ]]
	mkdir dir
	one_error "bpf-opt: error: dir: *" bpf-opt --dump-module dir -o out a.ll
	[[ ! -e out ]]
}

# --- Input and output ---

@test "debug info stays" {
	cat >a.c <<-'END'
		int f(int x) { return x * 2; }
	END
	compile a.c
	optimize a.bc
	has 'DISubprogram(name: "f"'
}

@test "a function that LLVM refuses" {
	ir a <<-'END'
		define i32 @f() {
		  %x = add i32 %y, 1
		  %y = add i32 %x, 1
		  ret i32 %y
		}
	END
	one_error "bpf-opt: error: a.ll: *" timeout 10 bpf-opt -o out a.ll
	[[ ! -e out ]]
}

@test "the same input gives the same bytes" {
	callee_and_callers
	loop_ir 500
	cmp <(bpf-opt a.ll) <(bpf-opt a.ll)
	cmp <(bpf-opt --unroll-loops loop.ll) <(bpf-opt --unroll-loops loop.ll)
}

@test "reads and writes files, pipes and standard streams" {
	callee_and_callers
	reads_and_writes_anywhere bpf-opt a.ll
}

@test "a failure leaves the output as it was" {
	leaves_output_on_failure bpf-opt
}

@test "no binary to a terminal" {
	callee_and_callers
	keeps_terminal_clean bpf-opt a.ll
}

@test "no word after the failure of the stage before" {
	keeps_quiet_after_failure bpf-opt
}

# --- Options ---

@test "--note-map notes what is inlined, and changes nothing else" {
	ir a <<<'define internal i32 @g(i32 %x) {
	  %r = mul i32 %x, 3
	  ret i32 %r
	}
	define i32 @f(i32 %x) {
	  %r = call i32 @g(i32 %x)
	  ret i32 %r
	}'
	becomes bpf-opt a.ll
	cp out.ll without.ll
	becomes bpf-opt --note-map a.ll
	has '3 g f'
	grep -v '^@llvm.bpf-linker-notes = ' out.ll | cat -s | diff <(cat -s without.ll) -
	# a user's remarks are shown nevertheless
	run -0 --separate-stderr bpf-opt --note-map --llvm-args=-pass-remarks=inline --log-level=debug -o out.bc a.ll
	[[ $stderr == *"'g' inlined into 'f'"* ]]
	"$DIS" -o out.ll out.bc
	has '3 g f'
}

@test "--help lists every option" {
	lists_options bpf-opt -O --passes --dump-module --target --cpu --cpu-features --unroll-loops \
		--disable-expand-memcpy-in-order --allow-bpf-trap --llvm-args --fatal-errors --note-map
}

@test "--version" {
	says_version bpf-opt
}

@test "wrong options" {
	refuses_wrong_options bpf-opt
	usage_error_of bpf-opt "*'b.ll'*" a.ll b.ll
}

@test "--log-level and --log-file, with what LLVM has to say" {
	takes_log_options bpf-opt
	loop_ir %n
	sed -i 's/label %out$/label %out, !llvm.loop !0/' loop.ll
	cat >>loop.ll <<-'END'
		!0 = distinct !{!0, !1}
		!1 = !{!"llvm.loop.unroll.full"}
	END
	becomes_with_warning "loop.ll: *loop not unrolled*" bpf-opt loop.ll
	optimize --log-level error loop.ll
	optimize --log-file warnings loop.ll
	[[ $(<warnings) == "bpf-opt: warning: loop.ll: "*"loop not unrolled"* ]]
}

@test "--time says one line" {
	callee_and_callers
	says_time bpf-opt a.ll
}

@test "--llvm-args that would end LLVM" {
	ir a <<<'define i32 @f() {
	  ret i32 1
	}'
	for argument in --help -help-hidden --version -h; do
		run --separate-stderr -2 bpf-opt "--llvm-args=$argument" -o out a.ll
		[[ $stderr == "bpf-opt: error: --llvm-args: '$argument' would link nothing"* && ! -e out ]]
	done
}

@test "LLVM calls no function of C's library that the module does not call" {
	cat >a.ll <<-'END'
		target triple = "bpf"
		@format = private constant [3 x i8] c"%s\00"
		define i64 @length(ptr %p) {
		entry:
		  br label %next
		next:
		  %q = phi ptr [ %p, %entry ], [ %r, %next ]
		  %byte = load i8, ptr %q, align 1
		  %r = getelementptr i8, ptr %q, i64 1
		  %ends = icmp eq i8 %byte, 0
		  br i1 %ends, label %done, label %next
		done:
		  %a = ptrtoint ptr %p to i64
		  %b = ptrtoint ptr %q to i64
		  %n = sub i64 %b, %a
		  ret i64 %n
		}
		define i64 @wide(ptr %p) {
		entry:
		  br label %next
		next:
		  %q = phi ptr [ %p, %entry ], [ %r, %next ]
		  %character = load i32, ptr %q, align 4
		  %r = getelementptr i8, ptr %q, i64 4
		  %ends = icmp eq i32 %character, 0
		  br i1 %ends, label %done, label %next
		done:
		  %a = ptrtoint ptr %p to i64
		  %b = ptrtoint ptr %q to i64
		  %n = sub i64 %b, %a
		  %m = lshr exact i64 %n, 2
		  ret i64 %m
		}
		define i1 @starts(ptr %p, ptr %q) {
		  %r = call ptr @strstr(ptr %p, ptr %q)
		  %s = icmp eq ptr %r, %p
		  ret i1 %s
		}
		define void @prints(ptr %p, ptr %q) {
		  %r = call i32 (ptr, ptr, ...) @sprintf(ptr %p, ptr @format, ptr %q)
		  ret void
		}
		declare ptr @strstr(ptr, ptr)
		declare i64 @strlen(ptr)
		declare i32 @sprintf(ptr, ptr, ...)
		!llvm.module.flags = !{!0}
		!0 = !{i32 1, !"wchar_size", i32 4}
	END
	# to show that it would
	sed 's/) {/) #0 {/; $ a attributes #0 = { nounwind }' a.ll >known.ll
	"opt-$LLVM_MAJOR" -O2 -S known.ll | grep -E 'call .*@strlen'
	for options in -O2 -O3 -Os '--passes=default<O2>'; do
		bpf-opt $options -o out.bc a.ll
		"llvm-dis-$LLVM_MAJOR" -o out.ll out.bc
		[[ $(grep -w call out.ll | grep -oE '@[a-z]+\(' | sort | tr '\n' ' ') == '@sprintf( @strstr( ' ]]
		absent no-builtin out.ll
	done
	# but what is called is known
	cat >b.ll <<-'END'
		target triple = "bpf"
		@text = private constant [6 x i8] c"hello\00"
		define i64 @f(ptr %p) {
		  %n = call i64 @strlen(ptr @text)
		  %m = call i64 @strlen(ptr %p)
		  %s = add i64 %n, %m
		  ret i64 %s
		}
		define void @g(ptr %p) {
		  call ptr @strcpy(ptr %p, ptr @text)
		  ret void
		}
		declare i64 @strlen(ptr)
		declare ptr @strcpy(ptr, ptr)
	END
	bpf-opt -O2 -o out.bc b.ll
	"llvm-dis-$LLVM_MAJOR" -o out.ll out.bc
	[[ $(grep -c 'call .*@strlen' out.ll) == 1 ]]
	absent 'call .*@strcpy' out.ll
}

@test "a function that is named like an intrinsic, where the stack is looked at" {
	ir a <<-'END'
		declare void @llvm.lifetime.startx()
		define internal void @callee() "bpf-linker-input"="a.c" "bpf-linker-optimized" {
		  %v = alloca [400 x i8]
		  store i8 1, ptr %v
		  ret void
		}
		define i32 @f() "bpf-linker-input"="b.c" "bpf-linker-optimized" section "socket" {
		  %v = alloca [400 x i8]
		  store i8 1, ptr %v
		  call void @llvm.lifetime.startx()
		  call void @callee()
		  ret i32 0
		}
	END
	bpf-opt -o out.bc a.ll
	"$DIS" -o - out.bc | grep 'call void @callee()'
}
