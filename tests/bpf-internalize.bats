#!/usr/bin/env bats
# bpf-internalize: what stays visible, and what becomes internal.

load helper
load module

# internalize ARGUMENT...: out.bc and out.ll, and no word
internalize() {
	becomes bpf-internalize "$@"
}

# functions_and_variables: of default and of hidden visibility, used and not
functions_and_variables() {
	ir a <<-'END'
		@v = global i32 1
		@hidden_v = hidden global i32 1
		@used_v = global i32 1, section ".maps"
		define i32 @f() { ret i32 1 }
		define hidden i32 @hidden_f() { ret i32 1 }
		define i32 @used_f() section "xdp" { ret i32 1 }
		@llvm.compiler.used = appending global [1 x ptr] [ptr @used_v], section "llvm.metadata"
		@llvm.used = appending global [1 x ptr] [ptr @used_f], section "llvm.metadata"
	END
}

@test "with exports, all but these becomes internal" {
	functions_and_variables
	internalize --export f,hidden_v a.ll
	has 'define i32 @f()'
	has '@hidden_v = hidden global i32 1'
	has '@v = internal global i32 1'
	has 'define internal i32 @hidden_f()'
	internalize --export v a.ll
	has '@v = global i32 1'
	has 'define internal i32 @f()'
	has '@hidden_v = internal global i32 1'
}

@test "without exports, what has default visibility stays as it came" {
	functions_and_variables
	internalize a.ll
	has '@v = global i32 1'
	has 'define i32 @f()'
}

@test "without exports, a hidden function becomes internal; a variable stays for user space" {
	functions_and_variables
	internalize a.ll
	has '@hidden_v = hidden global i32 1'
	has 'define internal i32 @hidden_f()'
}

@test "a hidden definition that is exported by name stays" {
	functions_and_variables
	for options in '--export hidden_f,hidden_v' '--export-symbols names'; do
		printf 'hidden_f\nhidden_v\n' >names
		# shellcheck disable=SC2086 # several words
		internalize $options a.ll
		symbols_are 't f' 'T hidden_f' 'D hidden_v' 'T used_f' 'D used_v' 'd v'
	done
}

@test "what is marked as used stays as it came" {
	functions_and_variables
	for options in '' '--export f' '--export-symbols /dev/null'; do
		# shellcheck disable=SC2086 # several words, or none
		internalize $options a.ll
		has '@used_v = global i32 1, section ".maps"'
		has 'define i32 @used_f() section "xdp"'
		has '@llvm.used = appending global [1 x ptr] [ptr @used_f]'
		has '@llvm.compiler.used = appending global [1 x ptr] [ptr @used_v]'
	done
}

@test "used symbols of every linkage" {
	ir a <<-'END'
		@a = hidden global i32 1
		@b = weak global i32 1
		@c = internal global i32 1
		@d = weak hidden global i32 1
		@e = private global i32 1
		define weak void @f() { ret void }
		@llvm.used = appending global [6 x ptr] [ptr @a, ptr @b, ptr @c, ptr @d, ptr @e, ptr @f],
		  section "llvm.metadata"
	END
	internalize --export-symbols /dev/null a.ll
	has '@a = hidden global i32 1'
	has '@b = weak global i32 1'
	has '@c = internal global i32 1'
	has '@d = weak hidden global i32 1'
	has '@e = private global i32 1'
	has 'define weak void @f()'
}

@test "an empty list of exports leaves only what is used" {
	functions_and_variables
	: >empty
	for options in '--export-symbols /dev/null' '--export-symbols empty' '--export='; do
		# shellcheck disable=SC2086 # several words
		internalize $options a.ll
		symbols_are 't f' 't hidden_f' 'd hidden_v' 'T used_f' 'D used_v' 'd v'
	done
}

@test "--export-symbols: blanks, comments, CRLF, beside --export" {
	functions_and_variables
	printf '# hidden_f\r\n\r\n  f \r\nhidden_v' >names
	internalize --export v --export-symbols names a.ll
	symbols_are 'T f' 't hidden_f' 'D hidden_v' 'T used_f' 'D used_v' 'D v'
	one_error "bpf-internalize: error: no-names: No such file or directory" \
		bpf-internalize --export-symbols no-names -o out a.ll
}

@test "an exported name that is not there gets no second warning" {
	functions_and_variables
	internalize --export f,nowhere a.ll
	symbols_are 'T f' 't hidden_f' 'd hidden_v' 'T used_f' 'D used_v' 'd v'
}

@test "the memory builtins stay, the hidden too" {
	ir a <<-'END'
		define ptr @memcpy(ptr %a, ptr %b, i64 %n) { ret ptr %a }
		define ptr @memmove(ptr %a, ptr %b, i64 %n) { ret ptr %a }
		define weak hidden ptr @memset(ptr %a, i32 %b, i64 %n) { ret ptr %a }
		define i32 @memcmp(ptr %a, ptr %b, i64 %n) { ret i32 1 }
		define i32 @bcmp(ptr %a, ptr %b, i64 %n) { ret i32 1 }
		define i64 @strlen(ptr %a) { ret i64 1 }
	END
	internalize --export-symbols /dev/null a.ll
	symbols_are 'T bcmp' 'T memcmp' 'T memcpy' 'T memmove' 'W memset' 't strlen'
	internalize --export-symbols /dev/null --disable-memory-builtins a.ll
	symbols_are 't bcmp' 't memcmp' 't memcpy' 't memmove' 't memset' 't strlen'
	internalize --disable-memory-builtins --export memset a.ll
	symbols_are 't bcmp' 't memcmp' 't memcpy' 't memmove' 'W memset' 't strlen'
}

@test "what becomes internal has default visibility, no comdat, and any linkage before" {
	ir a <<-'END'
		$in_comdat = comdat any
		$kept_in_comdat = comdat any
		define i32 @in_comdat() comdat { ret i32 1 }
		define i32 @kept_in_comdat() comdat { ret i32 1 }
		@v_in_comdat = hidden global i32 1, comdat($in_comdat)
		define weak hidden i32 @weak() { ret i32 1 }
		define linkonce_odr protected i32 @linkonce() { ret i32 1 }
		define dso_local hidden i32 @local() { ret i32 1 }
		@common = common global i32 0
	END
	internalize --export kept_in_comdat a.ll
	has 'define internal i32 @in_comdat() {'
	has '@v_in_comdat = internal global i32 1'
	lacks '$in_comdat = comdat'
	lacks 'comdat($in_comdat)'
	has 'define internal i32 @weak() {'
	has 'define internal i32 @linkonce() {'
	has 'define internal i32 @local() {'
	has '@common = internal global i32 0'
	has 'define i32 @kept_in_comdat()'
}

@test "declarations stay as they are" {
	ir a <<-'END'
		declare void @kfunc() section ".ksyms"
		declare extern_weak void @weak_kfunc() section ".ksyms"
		@ksym = external global i8, section ".ksyms"
		@CONFIG_HZ = external global i32, section ".kconfig"
		@weak_config = extern_weak global i32, section ".kconfig"
		@elsewhere = external hidden global i32
		declare hidden void @hidden_elsewhere()
		declare ptr @memset(ptr, i32, i64)
		declare i64 @llvm.bpf.load.byte(ptr, i64)
		define void @f() {
		  call void @kfunc()
		  call void @weak_kfunc()
		  call void @hidden_elsewhere()
		  %x = load i8, ptr @ksym
		  %y = load i32, ptr @CONFIG_HZ
		  %z = load i32, ptr @weak_config
		  %w = load i32, ptr @elsewhere
		  ret void
		}
	END
	for options in '' '--export f' '--disable-memory-builtins --export-symbols /dev/null'; do
		# shellcheck disable=SC2086 # several words, or none
		internalize $options a.ll
		has 'declare void @kfunc() section ".ksyms"'
		has 'declare extern_weak void @weak_kfunc() section ".ksyms"'
		has '@ksym = external global i8, section ".ksyms"'
		has '@CONFIG_HZ = external global i32, section ".kconfig"'
		has '@weak_config = extern_weak global i32, section ".kconfig"'
		has '@elsewhere = external hidden global i32'
		has 'declare hidden void @hidden_elsewhere()'
		has 'declare ptr @memset(ptr, i32, i64)'
		has 'declare i64 @llvm.bpf.load.byte(ptr, i64)'
	done
}

@test "available_externally stays as it is" {
	ir a <<-'END'
		define available_externally i32 @f() { ret i32 1 }
		define i32 @g() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	internalize --export g a.ll
	has 'define available_externally i32 @f()'
}

@test "aliases are as functions and variables" {
	ir a <<-'END'
		@v = global i32 1
		@alias_of_v = alias i32, ptr @v
		@hidden_alias = hidden alias i32, ptr @v
		@alias_of_f = alias i32 (), ptr @f
		@used_alias = alias i32 (), ptr @f
		define i32 @f() { ret i32 1 }
		@llvm.used = appending global [1 x ptr] [ptr @used_alias], section "llvm.metadata"
	END
	internalize --export alias_of_f a.ll
	has '@alias_of_f = alias i32 (), ptr @f'
	has '@used_alias = alias i32 (), ptr @f'
	has '@alias_of_v = internal alias i32, ptr @v'
	has '@hidden_alias = internal alias i32, ptr @v'
	has 'define internal i32 @f()'
	has '@v = internal global i32 1'
	internalize a.ll
	has '@alias_of_v = alias i32, ptr @v'
	has '@hidden_alias = hidden alias i32, ptr @v' # of a variable
}

@test "internal and private stay, even by an exported name" {
	ir a <<-'END'
		@v = internal global i32 1
		@p = private global i32 1
		define internal i32 @f() { ret i32 1 }
	END
	internalize --export v,p,f a.ll
	has '@v = internal global i32 1'
	has '@p = private global i32 1'
	has 'define internal i32 @f()'
}

# noinline_functions: with and without optnone
noinline_functions() {
	ir a <<-'END'
		define i32 @f() noinline { ret i32 1 }
		define i32 @g() #0 { ret i32 2 }
		declare i32 @h() noinline
		define i32 @i() cold { ret i32 2 }
		attributes #0 = { noinline optnone nounwind }
	END
}

@test "--ignore-inline-never removes noinline, and optnone with it" {
	noinline_functions
	internalize --ignore-inline-never a.ll
	lacks noinline
	lacks optnone
	has nounwind
	has cold
	symbols_are 'T f' 'T g' 'U h' 'T i'
}

@test "--ignore-inline-never removes noinline from calls" {
	ir a <<-'END'
		define internal i32 @f(i32 %x) noinline {
		  %y = add i32 %x, 42
		  ret i32 %y
		}
		define i32 @g(i32 %x, ptr %p) {
		  %y = call i32 @f(i32 %x) noinline nounwind
		  %z = call i32 %p(i32 %y) noinline
		  ret i32 %z
		}
	END
	internalize a.ll
	has noinline
	internalize --ignore-inline-never a.ll
	lacks noinline
	has nounwind
	bpf-internalize --ignore-inline-never a.ll | bpf-opt | "$DIS" | absent 'call i32 @f'
}

@test "without --ignore-inline-never both stay" {
	noinline_functions
	internalize a.ll
	has '{ noinline }'
	has '{ noinline nounwind optnone }'
}

@test "debug info, the module's flags and its inline assembly stay" {
	cat >a.c <<-'END'
		__asm__(".set kept, 1");
		int f(int x) { return x * 2; }
	END
	compile a.c
	internalize --export-symbols /dev/null a.bc
	symbols_are 't f' 't kept'
	has 'DISubprogram(name: "f"'
	has 'module asm ".set kept, 1"'
	has '"Debug Info Version"'
	has 'target triple = "bpf"'
}

@test "a module in which nothing is to be changed is written as it was read" {
	ir a <<<'define i32 @f() { ret i32 1 }'
	"$AS" -o a.bc a.ll
	bpf-internalize a.bc | cmp - a.bc
	bpf-internalize --export f a.bc | cmp - a.bc
	bpf-internalize --export g a.bc | "$DIS" | grep 'define internal i32 @f()'
	bpf-internalize a.ll | "$DIS" | grep 'define i32 @f()'
	ir noinline <<<'define i32 @f() noinline { ret i32 1 }'
	"$AS" noinline.ll
	bpf-internalize --ignore-inline-never noinline.bc | "$DIS" | absent noinline
}

# --- Input and output ---

@test "reads bitcode and textual IR alike" {
	functions_and_variables
	"$AS" -o a.bc a.ll
	cmp <(bpf-internalize --export f a.ll | "$DIS" | sed 1d) \
		<(bpf-internalize --export f a.bc | "$DIS" | sed 1d)
}

@test "a stream of modules is not one module" {
	functions_and_variables
	bpf-extract -o stream a.ll
	one_error "bpf-internalize: error: stream: *bpf-merge*" bpf-internalize -o out stream
}

@test "the same input gives the same bytes" {
	functions_and_variables
	cmp <(bpf-internalize --export f,memcpy a.ll) <(bpf-internalize --export f,memcpy a.ll)
}

@test "reads and writes files, pipes and standard streams" {
	functions_and_variables
	reads_and_writes_anywhere bpf-internalize a.ll
}

@test "a failure leaves the output as it was" {
	leaves_output_on_failure bpf-internalize
}

@test "no binary to a terminal" {
	functions_and_variables
	keeps_terminal_clean bpf-internalize a.ll
}

@test "no word after the failure of the stage before" {
	keeps_quiet_after_failure bpf-internalize
}

# --- Options ---

@test "--help lists every option" {
	lists_options bpf-internalize --export --export-symbols --disable-memory-builtins \
		--ignore-inline-never
}

@test "--version" {
	says_version bpf-internalize
}

@test "wrong options" {
	refuses_wrong_options bpf-internalize
	functions_and_variables
	usage_error_of bpf-internalize "*'b.ll'*" a.ll b.ll
}

@test "--log-level and --log-file" {
	takes_log_options bpf-internalize
}

@test "--time says one line" {
	functions_and_variables
	says_time bpf-internalize a.ll
}

@test "--tool: by the name of another tool of the same program, where files have but one" {
	functions_and_variables
	bpf-internalize -o wanted.bc a.ll
	ln -s "$(command -v bpf-merge)" bpf-merge
	./bpf-merge --tool=bpf-internalize -o out.bc a.ll
	cmp out.bc wanted.bc
	run -2 ./bpf-merge --tool=bpf-internalize --wrong
	[[ $output == "bpf-internalize: error: unknown option '--wrong'"* ]]
	run -2 ./bpf-merge --tool=bpf-extract a.ll
	[[ $output == "error: this program goes by the names "*" bpf-internalize "* ]]
	ln -s "$(command -v bpf-merge)" bpf-other
	run -2 ./bpf-other a.ll
	[[ $output == "error: this program goes by the names "* ]]
}
