#!/usr/bin/env bats
# bpf-merge: which definition of a symbol wins, what is reachable, and what stays visible.

load helper
load module

OPT=opt-$LLVM_MAJOR

# merge ARGUMENT...: out.bc and out.ll, and no word
merge() {
	becomes bpf-merge "$@"
}

merge_warns() {
	becomes_with_warning "$1" bpf-merge "${@:2}"
}

# extract FILE...: the stream of their modules
extract() {
	bpf-extract -o stream "$@"
}

# returns VALUE FUNCTION: it does nothing else
returns() {
	[[ $(body "$2") == "  ret i32 $1" ]] || { echo "$2:" && body "$2" && return 1; }
}

# aliased_by ALIAS: the name of what it stands for in out.ll
aliased_by() {
	sed -nE "s/^@$1 = .*alias .* ptr @//p" out.ll
}

# function_ir NAME RETURN [WORDS]: NAME.ll with `define WORDS i32 @f`
function_ir() {
	ir "$1" <<<"define ${3:-} i32 @f() { ret i32 $2 }"
}

# program_and_chain: prog.ll needs a.ll's a1, which needs b.ll's b1, then a2 and b2; each module
# counts its calls in a private variable. a3 and b3 are not needed.
program_and_chain() {
	ir prog <<-'END'
		declare void @a1()
		define void @prog() {
		  call void @a1()
		  ret void
		}
	END
	link_of_chain a b1 b2 b
	link_of_chain b a2 a1 a
}

# link_of_chain MODULE NEEDED_BY_1 NEEDED_BY_2 OTHER
link_of_chain() {
	ir "$1" <<-END
		@calls_of_$1 = internal global i32 0
		declare void @$2()
		declare void @$3()
		declare void @$4_missing()
		define void @${1}1() {
		  store i32 1, ptr @calls_of_$1
		  call void @$2()
		  ret void
		}
		define void @${1}2() {
		  store i32 2, ptr @calls_of_$1
		  call void @$3()
		  ret void
		}
		define void @${1}3() {
		  call void @$4_missing()
		  ret void
		}
	END
}

# chain_is_whole: whatever the order
chain_is_whole() {
	symbols_are 'T a1' 'T a2' 'T b1' 'T b2' 'd calls_of_a' 'd calls_of_b' 'T prog'
	[[ $(body a1) == *'@calls_of_a'*'@b1()'* && $(body a2) == *'@calls_of_a'*'@b2()'* ]]
	[[ $(body b1) == *'@calls_of_b'*'@a2()'* && $(body b2) == *'@calls_of_b'*'@a1()'* ]]
}

# counter_users: lib.ll has private state for count and total; a.ll needs the one, b.ll the other
counter_users() {
	ir lib <<-'END'
		@counter = internal global i32 0
		@text = private constant [3 x i8] c"hi\00"
		define void @count() {
		  store i32 1, ptr @counter
		  call void @log(ptr @text)
		  ret void
		}
		define i32 @total() {
		  %total = load i32, ptr @counter
		  call void @log(ptr @text)
		  ret i32 %total
		}
		define internal void @log(ptr %text) noinline {
		  ret void
		}
	END
	ir a <<-'END'
		declare void @count()
		define void @a() {
		  call void @count()
		  ret void
		}
	END
	ir b <<-'END'
		declare i32 @total()
		define i32 @b() {
		  %total = call i32 @total()
		  ret i32 %total
		}
	END
}

# --- Which definition wins ---

@test "strong beats weak, in either order" {
	function_ir weak 1 weak
	function_ir strong 2
	for files in 'weak.ll strong.ll' 'strong.ll weak.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		returns 2 f
		symbols_are 'T f'
	done
}

@test "strong beats every weak linkage, of variables too" {
	for linkage in weak weak_odr linkonce linkonce_odr; do
		ir weak <<<"@v = $linkage global i32 1"
		ir strong <<<'@v = global i32 2'
		merge weak.ll strong.ll
		has '@v = global i32 2'
		merge strong.ll weak.ll
		has '@v = global i32 2'
	done
}

@test "the first weak wins" {
	function_ir a 1 weak
	function_ir b 2 weak
	merge a.ll b.ll
	returns 1 f
	merge b.ll a.ll
	returns 2 f
	symbols_are 'W f'
}

@test "users of a definition that lost get the one that won" {
	ir a <<-'END'
		define weak i32 @f() { ret i32 1 }
		@pointer = global ptr @f
		define i32 @g() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	function_ir b 2
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		symbols_are 'T f' 'T g' 'D pointer'
		returns 2 f
		has '@pointer = global ptr @f'
		[[ $(body g) == *'call i32 @f()'* ]]
	done
}

@test "what only a definition that lost needs is not linked" {
	ir a <<-'END'
		declare void @only_weak_needs_it()
		define internal void @helper() {
		  call void @only_weak_needs_it()
		  ret void
		}
		define weak i32 @f() {
		  call void @helper()
		  ret i32 1
		}
	END
	function_ir b 2
	merge a.ll b.ll
	symbols_are 'T f'
	merge b.ll a.ll
	symbols_are 'T f'
}

@test "two strong definitions are an error that names both inputs" {
	function_ir a 1
	function_ir b 2
	one_error "bpf-merge: error: b.ll: duplicate symbol 'f', also defined in a.ll" \
		bpf-merge -o out a.ll b.ll
	one_error "bpf-merge: error: a.ll: duplicate symbol 'f', also defined in b.ll" \
		bpf-merge -o out --export nothing b.ll a.ll
	ir a <<<'@v = global i32 1'
	ir b <<<'@v = global i32 1'
	one_error "bpf-merge: error: b.ll: duplicate symbol 'v', also defined in a.ll, which is the same file or a copy of it" \
		bpf-merge -o out a.ll b.ll
	[[ ! -e out ]]
}

@test "a duplicate in an archive is named archive(member)" {
	function_ir a 1
	ir b <<-'END'
		define i32 @f() { ret i32 2 }
		define i32 @g() { ret i32 3 }
	END
	ir prog <<-'END'
		declare i32 @g()
		define i32 @prog() {
		  %x = call i32 @g()
		  ret i32 %x
		}
	END
	archive lib.a b
	extract prog.ll a.ll lib.a
	one_error "bpf-merge: error: lib.a(b.bc): duplicate symbol 'f', also defined in a.ll" \
		bpf-merge -o out stream
}

@test "one member for a symbol that several define" {
	function_ir a 1
	function_ir b 2
	ir prog <<-'END'
		declare i32 @f()
		define i32 @prog() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	archive lib.a a b
	archive other.a b
	extract lib.a prog.ll other.a lib.a
	merge stream
	returns 1 f
}

@test "common: the largest size and the greatest alignment" {
	ir a <<<'@c = common global [4 x i8] zeroinitializer, align 16'
	ir b <<<'@c = common global [8 x i8] zeroinitializer, align 4'
	ir c <<<'@c = common global [2 x i8] zeroinitializer, align 32'
	for files in 'a.ll b.ll c.ll' 'c.ll b.ll a.ll' 'b.ll c.ll a.ll'; do
		# shellcheck disable=SC2086 # three files
		merge $files
		has 'global [8 x i8] zeroinitializer, align 32'
		symbols_are 'D c'
	done
}

@test "strong beats common, and common beats weak" {
	ir common <<<'@v = common global i32 0'
	ir weak <<<'@v = weak global i32 1'
	ir strong <<<'@v = global i32 2'
	for files in 'common.ll strong.ll' 'strong.ll common.ll' 'weak.ll common.ll strong.ll'; do
		# shellcheck disable=SC2086 # two or three files
		merge $files
		has '@v = global i32 2'
	done
	for files in 'common.ll weak.ll' 'weak.ll common.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		has ' global i32 0'
	done
}

@test "hidden stays hidden" {
	ir a <<-'END'
		define hidden i32 @f() { ret i32 1 }
		@v = hidden global i32 1
		define ptr @g() {
		  %x = call i32 @f()
		  ret ptr @v
		}
	END
	merge a.ll
	has 'define hidden i32 @f()'
	has '@v = hidden global i32 1'
	has 'define ptr @g()'
}

@test "a hidden declaration hides the definition, in whichever file it stands" {
	ir a <<<'define i32 @f() { ret i32 1 }
		@v = global i32 1'
	ir b <<-'END'
		declare hidden i32 @f()
		@v = external hidden global i32
		define ptr @g() {
		  %x = call i32 @f()
		  ret ptr @v
		}
	END
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		has 'define hidden i32 @f()'
		has '@v = hidden global i32 1'
	done
}

@test "a hidden definition that loses hides the one that wins" {
	function_ir a 1 'weak hidden'
	function_ir b 2
	ir c <<-'END'
		declare i32 @f()
		define i32 @g() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	merge b.ll a.ll c.ll
	has 'define hidden i32 @f()'
	returns 2 f
}

@test "available_externally is no definition" {
	ir a <<-'END'
		define available_externally i32 @f() { ret i32 1 }
		@v = available_externally constant i32 1
		define ptr @g() {
		  %x = call i32 @f()
		  ret ptr @v
		}
	END
	ir b <<<'define i32 @f() { ret i32 2 }
		@v = constant i32 2'
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		returns 2 f
		has '@v = constant i32 2'
	done
	merge_warns "a.ll: undefined symbol 'f', used by function 'g'" a.ll <(grep -v 'i32 @f' b.ll)
}

@test "linkonce definitions are linked where they are needed, once" {
	for name in a b; do
		ir $name <<-END
			define linkonce_odr i32 @f() { ret i32 1 }
			@v = linkonce_odr constant i32 1
			define ptr @$name() {
			  %x = call i32 @f()
			  ret ptr @v
			}
		END
	done
	merge --export a,b a.ll b.ll
	symbols_are 'T a' 'T b' 'W f' 'W v'
}

@test "an alias of a function" {
	ir a <<-'END'
		@alias = alias i32 (), ptr @f
		define i32 @f() { ret i32 1 }
	END
	ir b <<-'END'
		declare i32 @alias()
		define i32 @g() {
		  %x = call i32 @alias()
		  ret i32 %x
		}
	END
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge --export g $files
		has '@alias = alias i32 (), ptr @f'
		returns 1 f
		[[ $(body g) == *'call i32 @alias()'* ]]
	done
}

@test "an alias of a variable" {
	ir a <<-'END'
		@v = internal global [2 x i32] [i32 1, i32 2]
		@alias = alias i32, getelementptr (i8, ptr @v, i64 4)
	END
	ir b <<-'END'
		@alias = external global i32
		define ptr @g() {
		  ret ptr @alias
		}
	END
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge --export g $files
		has '@alias = alias i32, getelementptr (i8, ptr @v, i64 4)'
		has '@v = internal global [2 x i32] [i32 1, i32 2]'
	done
}

@test "an alias that nothing needs is not linked" {
	ir a <<-'END'
		@alias = alias i32 (), ptr @f
		define i32 @f() { ret i32 1 }
		define i32 @g() { ret i32 2 }
	END
	merge --export g a.ll
	symbols_are 'T g'
}

@test "a strong alias beats a weak function, and a strong function a weak alias" {
	ir alias <<-'END'
		@f = alias i32 (), ptr @own
		define internal i32 @own() { ret i32 1 }
	END
	ir weak_alias <<-'END'
		@f = weak alias i32 (), ptr @own
		define internal i32 @own() { ret i32 1 }
	END
	function_ir weak 2 weak
	function_ir strong 3
	for files in 'alias.ll weak.ll' 'weak.ll alias.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		has '@f = alias i32 (), ptr @own'
		returns 1 own
	done
	for files in 'weak_alias.ll strong.ll' 'strong.ll weak_alias.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		returns 3 f
		symbols_are 'T f'
	done
	one_error "bpf-merge: error: strong.ll: duplicate symbol 'f', also defined in alias.ll" \
		bpf-merge -o out alias.ll strong.ll
}

# An alias names what its own file defined, as ELF's symbols do: an address, not another name.

@test "an alias keeps the function that it was made for, though its name lost" {
	ir a <<-'END'
		define weak i32 @f() { ret i32 1 }
		@alias = alias i32 (), ptr @f
	END
	function_ir b 2
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		"$AS" -o verified.bc out.ll
		returns 2 f
		returns 1 "$(aliased_by alias)"
	done
}

@test "an alias keeps the variable that it was made for, though its name lost" {
	ir a <<-'END'
		@v = weak global i32 1
		@alias = alias i32, ptr @v
	END
	ir b <<<'@v = global i32 2'
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		"$AS" -o verified.bc out.ll
		has '@v = global i32 2'
		grep -E "^@$(aliased_by alias) = .*global i32 1" out.ll
	done
}

@test "what a definition needs that lost its name, and is kept by an alias" {
	ir a <<-'END'
		declare i32 @helper()
		@al = alias i32 (), ptr @f
		define weak i32 @f() {
			%1 = call i32 @helper()
			ret i32 %1
		}
		define i32 @first() {
			%1 = call i32 @f()
			%2 = call i32 @al()
			ret i32 %1
		}
		define i32 @second() {
			%1 = call i32 @al()
			%2 = call i32 @f()
			ret i32 %1
		}
	END
	ir b <<<'define i32 @f() { ret i32 5 }'
	ir helper <<<'define i32 @helper() { ret i32 6 }'
	archive helper.a helper
	for export in first second; do
		bpf-extract a.ll b.ll helper.a | becomes bpf-merge --unresolved-symbols=error --export=$export
		has 'define i32 @helper() #'
		has 'ret i32 5'
	done
}

@test "an alias of one of a comdat" {
	for name in a b; do
		ir $name <<-END
			\$f = comdat any
			@alias_in_$name = alias i32 (), ptr @f
			define linkonce_odr i32 @f() comdat { ret i32 1 }
		END
	done
	merge a.ll b.ll
	"$AS" -o verified.bc out.ll
	returns 1 "$(aliased_by alias_in_a)"
	returns 1 "$(aliased_by alias_in_b)"
}

@test "one of a comdat" {
	for name in a b; do
		ir $name <<-END
			\$f = comdat any
			define i32 @f() comdat { ret i32 1 }
			define i32 @$name() {
			  %x = call i32 @f()
			  ret i32 %x
			}
		END
	done
	merge a.ll b.ll
	[[ $(count 'i32 @f() #') == 1 ]]
	[[ $(body a) == *'@f()'* && $(body b) == *'@f()'* ]]
}

@test "a weak reference is none to a member, takes a definition, and may stay undefined" {
	ir a <<-'END'
		declare extern_weak i32 @f()
		define ptr @g() {
		  ret ptr @f
		}
	END
	function_ir lib 1
	merge a.ll
	has 'declare extern_weak i32 @f()'
	merge a.ll lib.ll
	returns 1 f
	symbols_are 'T f' 'T g'
	archive lib.a lib
	extract a.ll lib.a
	merge stream
	symbols_are 'w f' 'T g'
}

@test "a weak and a strong reference to what is undefined, in either order" {
	ir weak <<-'END'
		declare extern_weak i32 @x()
		define ptr @weak() { ret ptr @x }
	END
	ir strong <<-'END'
		declare i32 @x() section ".ksyms"
		define i32 @strong() {
			%1 = call i32 @x()
			ret i32 %1
		}
	END
	becomes bpf-merge weak.ll strong.ll
	has 'declare i32 @x() section ".ksyms"'
	becomes bpf-merge strong.ll weak.ll
	has 'declare i32 @x() section ".ksyms"'
	becomes bpf-merge weak.ll
	has 'declare extern_weak i32 @x()'
}

@test "a weak and a strong reference to one symbol" {
	ir a <<-'END'
		declare extern_weak i32 @f()
		define ptr @g() {
		  ret ptr @f
		}
	END
	ir b <<-'END'
		declare i32 @f()
		define ptr @h() {
		  ret ptr @f
		}
	END
	merge_warns "b.ll: undefined symbol 'f', used by function 'h'" a.ll b.ll
	function_ir lib 1
	archive lib.a lib
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		extract $files lib.a
		merge stream
		returns 1 f
	done
}

@test "llvm.used and llvm.compiler.used are concatenated" {
	for name in a b; do
		ir $name <<-END
			@kept_in_$name = internal global i32 1
			@dropped_in_$name = internal global i32 1
			@map_in_$name = global i32 1, section ".maps"
			define i32 @program_in_$name() section "xdp" { ret i32 1 }
			@llvm.used = appending global [1 x ptr] [ptr @kept_in_$name], section "llvm.metadata"
			@llvm.compiler.used = appending global [2 x ptr] [ptr @map_in_$name,
			  ptr @program_in_$name], section "llvm.metadata"
		END
	done
	merge --export-symbols /dev/null a.ll b.ll
	symbols_are 'd kept_in_a' 'd kept_in_b' 'D map_in_a' 'D map_in_b' 'T program_in_a' \
		'T program_in_b'
	has '@llvm.used = appending global [2 x ptr] [ptr @kept_in_a, ptr @kept_in_b]'
	has '@llvm.compiler.used = appending global [4 x ptr] [ptr @map_in_a, ptr @program_in_a, '\
'ptr @map_in_b, ptr @program_in_b]'
}

@test "what a used symbol needs is linked" {
	ir a <<-'END'
		declare i32 @f()
		define internal i32 @own() {
		  %x = call i32 @f()
		  ret i32 %x
		}
		@table = internal constant [1 x ptr] [ptr @own]
		@llvm.compiler.used = appending global [1 x ptr] [ptr @table], section "llvm.metadata"
	END
	function_ir b 1
	merge --export-symbols /dev/null a.ll b.ll
	symbols_are 'T f' 't own' 'd table'
}

@test "module asm of every module that takes part" {
	ir a <<<'module asm ".set in_a, 1"'
	ir b <<<'module asm ".set in_b, 2"
		define i32 @b() { ret i32 1 }'
	merge --export b a.ll b.ll
	has '".set in_a, 1"'
	has '".set in_b, 2"'
}

@test "host assembly of compiler_builtins is dropped" {
	ir a <<<'module asm ".globl __rust_probestack"
		define i32 @f() { ret i32 1 }'
	merge a.ll
	lacks 'module asm'
	has '@f()'
}

@test "a license in every file" {
	for name in a b; do
		ir $name <<-END
			@LICENSE = global [4 x i8] c"GPL\00", section "license"
			@_version = global i32 5, section "version"
			define void @$name() { ret void }
			@llvm.compiler.used = appending global [2 x ptr] [ptr @LICENSE, ptr @_version],
			  section "llvm.metadata"
		END
	done
	merge --export a,b a.ll b.ll
	symbols_are 'D LICENSE' 'D _version' 'T a' 'T b'
	has '@LICENSE = global [4 x i8] c"GPL\00", section "license"'

	sed 's/GPL/MIT/' b.ll >c.ll
	one_error "bpf-merge: error: c.ll: licenses differ: 'LICENSE' is \"MIT\", but 'LICENSE' in a.ll is \"GPL\"; a program has one license" \
		bpf-merge -o out a.ll c.ll
	sed 's/i32 5/i32 6/' b.ll >c.ll
	one_error "bpf-merge: error: c.ll: versions differ: '_version' is 6, but '_version' in a.ll is 5; a program has one version" \
		bpf-merge -o out a.ll c.ll
}

@test "licenses by several names" {
	for name in a b; do
		ir $name <<-END
			@license_of_$name = global [4 x i8] c"GPL\00", section "license"
			@version_of_$name = internal global i32 5, section "version"
			define void @$name() { ret void }
			@llvm.used = appending global [1 x ptr] [ptr @license_of_$name], section "llvm.metadata"
			@llvm.compiler.used = appending global [2 x ptr] [ptr @version_of_$name, ptr @$name],
			  section "llvm.metadata"
		END
	done
	for options in '' '--export a,b'; do
		# shellcheck disable=SC2086 # words
		merge $options a.ll b.ll
		symbols_are 'T a' 'T b' 'D license_of_a' 'd version_of_a'
	done
	bpf-merge --why version_of_b --why license_of_b --why license_of_a -o out a.ll b.ll 2>why
	diff - why <<-'END'
		dead symbol: b.ll:(version_of_b) (no live symbol refers to it)
		dead symbol: b.ll:(license_of_b) (a.ll defines it instead)
		live symbol: a.ll:(license_of_a) (marked as used)
	END

	# as long, or with a name of Rust's
	sed 's/\[4 x i8\] c"GPL.00"/<{ [5 x i8] }> <{ [5 x i8] c"GPL\\00\\00" }>/' b.ll >c.ll
	merge a.ll c.ll
	symbols_are 'T a' 'T b' 'D license_of_a' 'd version_of_a'

	sed 's/GPL/MIT/' b.ll >c.ll
	one_error "bpf-merge: error: c.ll: licenses differ: 'license_of_b' is \"MIT\", but 'license_of_a' in a.ll is \"GPL\"; a program has one license" \
		bpf-merge -o out a.ll c.ll
	sed 's/i32 5/i32 6/' b.ll >c.ll
	one_error "bpf-merge: error: c.ll: versions differ: 'version_of_b' is 6, but 'version_of_a' in a.ll is 5; a program has one version" \
		bpf-merge -o out a.ll c.ll
}

@test "a license stays that something refers to" {
	ir a <<<'@a = global [4 x i8] c"GPL\00", section "license"'
	ir b <<<'@b = constant [4 x i8] c"GPL\00", section "license"'
	ir uses <<-'END'
		@b = external global i8
		define ptr @uses() { ret ptr @b }
	END
	for files in 'a.ll b.ll uses.ll' 'b.ll a.ll uses.ll'; do
		# shellcheck disable=SC2086 # words
		merge $files
		symbols_are 'D b' 'T uses'
	done
	merge --export b a.ll b.ll
	symbols_are 'D b'
	has '@b = constant'
	# by asm, whether it is local or not
	ir by_asm <<-'END'
		define void @uses() {
		  call void asm "r1 = b ll", ""()
		  ret void
		}
	END
	{ cat by_asm.ll && grep '^@b' b.ll; } >c.ll
	merge a.ll c.ll
	symbols_are 'D b' 'T uses'
	sed 's/@b = constant/@b = internal constant/' c.ll >d.ll
	merge a.ll d.ll
	symbols_are 'd b' 'T uses'
	merge a.ll b.ll by_asm.ll
	symbols_are 'D b' 'T uses'
	# in writable memory both, as each section of an object has one name and one kind
	merge --export a,b a.ll b.ll
	symbols_are 'D a' 'D b'
	has '@b = global'
	sed 's/@b/@c/; $a define ptr @c_of_b() { ret ptr @c }' b.ll >c.ll
	sed '$a define ptr @a_of_a() { ret ptr @a }' a.ll >d.ll
	merge c.ll d.ll
	symbols_are 'D a' 'T a_of_a' 'D c' 'T c_of_b'
	# of one module, they are left as they are
	cat a.ll >e.ll
	sed -n '/^@/s/@b/@e/p' b.ll >>e.ll
	merge e.ll
	symbols_are 'D a' 'D e'
	has '@e = constant'
}

@test "inline asm that names what is local to its module" {
	for name in a b; do
		ir $name <<-END
			@v = internal global i32 1
			@v.1 = internal global i32 1
			@.str = private constant i32 1
			@lock = internal global i32 1
			@llvm.used = appending global [5 x ptr] [ptr @v, ptr @v.1, ptr @.str, ptr @lock, ptr @f], section "llvm.metadata"
			define internal void @f() { ret void }
			define void @$name() {
			  call void asm sideeffect alignstack "call f; r1 = v ll; \$0 = v2 + f.v; v: lock v_\${:uid} v\$\$", "r,~{memory}"(i32 1)
			  callbr void asm "r1 = .str ll; r2 = v", "!i"() to label %to [label %other]
			to:
			  call void asm "r1 = v.1 ll; r2 = v.2", ""()
			  ret void
			other:
			  call void asm "other", ""()
			  ret void
			}
		END
	done
	merge --export a,b a.ll b.ll
	sed 's/ *$//' > wanted <<-'END'
		  call void asm sideeffect alignstack "call f; r1 = v ll; $0 = v2 + f.v; v: lock v_${:uid} v$$", "r,~{memory}"(i32 1)
		  callbr void asm "r1 = .str ll; r2 = v", "!i"()
		  call void asm "r1 = v.1 ll; r2 = v.2", ""()
		  call void asm "other", ""()
	END
	diff wanted <(body a | grep asm)
	sed -i 's/\bf;/f.1;/; s/v ll/v.3 ll/; s/v:/v.3:/; s/r2 = v"/r2 = v.3"/; s/v.1 ll/v.1.1 ll/' wanted
	diff wanted <(body b | grep asm)
	has '@v.3 = internal global'
	has 'define internal void @f.1()'

	# alone, or with others that are not linked, they keep their names
	sed -i 's/ ptr @v.1,//; s/5 x ptr/4 x ptr/; s/v.1/v.0/' a.ll b.ll
	for other in '@v = internal global i32 2' 'define void @f() { ret void }'; do
		ir other <<<"$other"
		merge --export a a.ll other.ll
		absent -E '@[fv]\.[12]' out.ll
	done
	# any definition or reference will do
	for other in '@v = global i32 2' '@v = external global i32'; do
		ir other <<<"$other define ptr @other() { ret ptr @v }"
		for files in 'a.ll other.ll' 'other.ll a.ll'; do
			# shellcheck disable=SC2086 # words
			bpf-merge --unresolved-symbols ignore -o out.bc $files
			"$DIS" -o out.ll out.bc
			has "${other/ =*/ = }"
			has '@v.1 = internal global'
			has 'r1 = v.1 ll'
			has 'ret ptr @v'
		done
	done
}

# asm_of FUNCTION: the text of its inline asm, a line for each
asm_of() {
	body "$1" | sed -n 's/.* asm "\(.*\)", ".*/\1/p'
}

# caller_ir NAME TEXT: @NAME has the text as its inline asm, and calls the module's own static @foo
caller_ir() {
	local call=''
	[[ ! ${2-} ]] || call="call void asm \"$2\", \"\"()"
	ir "$1" <<-END
		define internal void @foo() noinline { ret void }
		define void @$1() {
		  $call
		  call void @foo()
		  ret void
		}
	END
}

@test "no name that LLVM's linker makes is that which asm means" {
	caller_ir a
	caller_ir b
	caller_ir c 'call foo'
	caller_ir d 'call foo.1'
	sed -i 's/@foo/@foo.1/' d.ll
	local files name
	for files in 'a b c d' 'c b d a' 'd c b a' 'b d a c'; do
		# shellcheck disable=SC2046 # words
		merge --export a,b,c,d $(printf '%s.ll ' $files)
		for name in c d; do
			body $name | grep "call void @$(asm_of $name | sed 's/call //')()"
		done
		[[ $(cat <(body a) <(body b) <(body c) <(body d) | grep 'call void @' | sort -u | wc -l) == 4 ]]
	done
}

@test "what asm names that its module does not have is no other module's static" {
	ir a <<-'END'
		define void @a() {
		  call void asm "call foo", ""()
		  ret void
		}
	END
	caller_ir b
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # words
		merge --export a,b $files
		[[ $(asm_of a) == 'call foo' ]]
		symbols_are 'T a' 'T b' 't foo.1'
	done
	# what is private has another name in the object
	echo '@foo = private constant i32 1 @use = global ptr @foo' >>a.ll
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # words
		merge $files
		[[ $(asm_of a) == 'call foo' ]]
		lacks 'define internal void @foo()'
	done
}

@test "symbols in asm, as the assembler takes it apart" {
	local text count=0 wanted
	while IFS='|' read -r text wanted; do
		for name in a b; do
			ir $name <<-END
				@lock = internal global i32 1
				@r1 = internal global i32 1
				@uid = internal global i32 1
				@l = internal global i32 1
				@"f\$o" = internal global i32 1
				@foo = internal global i32 1
				@llvm.used = appending global [6 x ptr] [ptr @lock, ptr @r1, ptr @uid, ptr @l, ptr @"f\$o", ptr @foo], section "llvm.metadata"
				define void @$name() {
				  call void asm "$text", ""()
				  ret void
				}
			END
		done
		merge --export a,b a.ll b.ll
		echo "$text"
		[[ $(asm_of a) == "$text" && $(asm_of b) == "${wanted:-$text}" ]]
		((count += 1))
	done <<-'END'
		call lock; lock *(u32 *)(r1 + 0) += r2|call lock.1; lock *(u32 *)(r1 + 0) += r2
		r1 = lock ll; .quad r1, lock|r1 = lock.1 ll; .quad r1.1, lock.1
		call f$$o; r1 = f$$o$$ ll|call f$$o.1; r1 = f$$o$$ ll
		call ${0:l}; goto ${:uid}; .L${:uid}: call $0foo
		call \22foo\22 # call foo\0A .type \22foo\22, @function|call \22foo.1\22 # call foo\0A .type \22foo.1\22, @function
		.asciz \22foo\22, \22\\\22foo; foo\22; .section foo, \22aw\22 // foo
		.pushsection .data; .quad foo /* foo \0A foo */; .popsection|.pushsection .data; .quad foo.1 /* foo \0A foo */; .popsection
		r1 = 'l'; .macro m\0A call \\foo\0A .endm|r1 = 'l'; .macro m.1\0A call \\foo\0A .endm
	END
	((count == 8))
}

@test "labels in asm are each module's own" {
	for name in a b; do
		ir $name <<-END
			module asm "in_module: exit; .globl ${name}_out; ${name}_out: goto in_module"
			define void @$name() {
			  call void asm "goto out; 1: goto 1b; out: goto .Lout; .Lout : l\${:uid}: goto l\${:uid}", ""()
			  call void asm ".set x, out; r1 = x ll; goto in_module; \22out\22: .globl $name.g; $name.g:", ""()
			  ret void
			}
		END
	done
	merge --export a,b a.ll b.ll
	diff - <(asm_of a) <<-'END'
		goto out; 1: goto 1b; out: goto .Lout; .Lout : l${:uid}: goto l${:uid}
		.set x, out; r1 = x ll; goto in_module; \22out\22: .globl a.g; a.g:
	END
	diff - <(asm_of b) <<-'END'
		goto out.1; 1: goto 1b; out.1: goto .Lout.1; .Lout.1 : l${:uid}: goto l${:uid}
		.set x.1, out.1; r1 = x.1 ll; goto in_module.1; \22out.1\22: .globl b.g; b.g:
	END
	has 'module asm "in_module: exit; .globl a_out; a_out: goto in_module"'
	has 'module asm "in_module.1: exit; .globl b_out; b_out: goto in_module.1"'

	# a symbol of another module has the name
	ir c <<<'@out = global i32 1'
	merge a.ll c.ll
	[[ $(asm_of a) == 'goto out.1; 1: goto 1b; out.1: goto .Lout; '*$'\n.set x, out.1; '*'\22out.1\22: '* ]]
	ir c <<<'define internal void @out() { ret void } @use = global ptr @out'
	merge a.ll c.ll
	[[ $(asm_of a) == 'goto out; '* ]]
	has '@use = global ptr @out.1'
	# or will have it in the object
	ir c <<<'@out = private constant i32 1 @use = global ptr @out'
	merge a.ll c.ll
	[[ $(asm_of a) == 'goto out; '*'out: goto .Lout.1; .Lout.1 : '* ]]
	# what a directive makes global stays, as do its references
	ir d <<-'END'
		define void @d() {
		  call void asm ".weak out; out: goto out", ""()
		  ret void
		}
	END
	merge a.ll d.ll
	[[ $(asm_of d) == '.weak out; out: goto out' ]]
	[[ $(asm_of a) == 'goto out.1; '* ]]
}

@test "macros in asm are each module's own" {
	for name in a b; do
		ir $name <<-END
			module asm ".macro add x"
			module asm "\\\\x += 5"
			module asm ".endm"
			define void @$name() {
			  call void asm "add r1; .purgem add; .macro \$\$n_$name\0A add r2 # add\0A .endm; r1 = add ll", ""()
			  ret void
			}
		END
	done
	merge --export a,b a.ll b.ll
	[[ $(asm_of a) == 'add r1; .purgem add; .macro $$n_a\0A add r2 # add\0A .endm; r1 = add ll' ]]
	[[ $(asm_of b) == 'add.1 r1; .purgem add.1; .macro $$n_b\0A add.1 r2 # add\0A .endm; r1 = add ll' ]]
	has 'module asm ".macro add x"'
	has 'module asm ".macro add.1 x"'
}

@test "module asm that names what is local to its module" {
	for name in a b; do
		ir $name <<-END
			module asm ".quad f"
			define internal void @f() { ret void }
			define ptr @$name() { ret ptr @f }
		END
	done
	merge --export a,b a.ll b.ll
	body a | grep 'ptr @f$'
	body b | grep 'ptr @f.1$'
	has 'module asm ".quad f"'
	has 'module asm ".quad f.1"'
}

# has_used NAME: llvm.compiler.used in out.ll has it
has_used() {
	grep "^@llvm.compiler.used = .*@$1\b" out.ll
}

@test "what the text of asm refers to is linked, and stays" {
	ir a <<-'END'
		module asm ".quad in_module_asm"
		define void @a() {
		  call void asm "call f; r1 = v ll; r2 = w ll; exit # unused\0A .asciz \22unused\22", ""()
		  ret void
		}
		define void @own() { ret void }
	END
	ir b <<-'END'
		@v = global i32 1
		@w = internal global i32 1
		@unused = global i32 1
		define void @f() {
		  call void asm "call g", ""()
		  ret void
		}
		define void @in_module_asm() { ret void }
		define void @exit() { ret void }
	END
	ir c <<<'define void @g() { ret void }'
	archive b.a b c
	for inputs in 'a.ll b.ll c.ll' 'a.ll b.a' 'b.a a.ll'; do
		# shellcheck disable=SC2086 # words
		bpf-extract $inputs | merge --export a
		symbols_are 'T a' 'T f' 'T g' 'T in_module_asm' 'U in_module_asm' 'D v'
		for name in f g in_module_asm v; do
			has_used $name
		done
	done
	run -0 --separate-stderr bpf-merge --why g --export a -o out.bc <(bpf-extract a.ll b.a)
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == 'live symbol: b.a(c.bc):(g) (named by assembly)' ]]
	# a local one is meant by its own module alone
	ir d <<-'END'
		@w = internal global i32 1
		@use = global ptr @w
		define void @a() {
		  call void asm "r1 = w ll", ""()
		  ret void
		}
	END
	merge --export a d.ll b.ll
	symbols_are 'T a' 'd w'
	has_used w
}

@test "sections with variables and constants of several files are writable" {
	ir a <<-'END'
		@a = global i32 1, section ".data.cfg"
		@c = constant i32 1, section ".data.other"
		@d = global i32 1, section ".data.other"
	END
	ir b <<<'@b = constant i32 2, section ".data.cfg"'
	for files in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # words
		merge $files
		has '@a = global i32 1, section ".data.cfg"'
		has '@b = global i32 2, section ".data.cfg"'
		has '@c = constant i32 1, section ".data.other"'
	done
	# what is not linked does not count
	merge --export b a.ll b.ll
	has '@b = constant i32 2, section ".data.cfg"'
}

@test "equal definitions in other sections are two all the same" {
	ir a <<<'@v = global i32 5, section "other"'
	cp a.ll b.ll
	one_error "bpf-merge: error: b.ll: duplicate symbol 'v', also defined in a.ll, which is the same file or a copy of it" \
		bpf-merge -o out a.ll b.ll
}

@test "licenses and versions are compared as a loader reads them" {
	local section first second ir
	while IFS='|' read -r section first second; do
		for ir in ir big_endian_ir; do
			$ir a <<<"@a = global $first, section \"$section\""
			$ir b <<<"@b = global ${second/NUMBER/$([[ $ir == ir ]] && echo '\05\00\00\00' || echo '\00\00\00\05')}, section \"$section\""
			merge a.ll b.ll
			symbols_are 'D a'
		done
	done <<-'END'
		license|[1 x i8] zeroinitializer|[4 x i8] zeroinitializer
		license|[4 x i8] c"\00GPL"|<{ [1 x i8] }> zeroinitializer
		license|[4 x i8] c"GPL\00"|[16 x i8] c"GPL\00\00\00\00\00\00\00\00\00\00\00\00\00"
		version|i32 5|<{ [4 x i8] }> <{ [4 x i8] c"NUMBER" }>
		version|i32 0|<{ [4 x i8] }> zeroinitializer
	END
	ir a <<<'@a = global i32 5, section "version"'
	ir b <<<'@b = global [4 x i8] c"\06\00\00\00", section "version"'
	one_error "bpf-merge: error: b.ll: versions differ: 'b' is 6, but 'a' in a.ll is 5; a program has one version" \
		bpf-merge -o out a.ll b.ll
}

@test "licenses as C writes them" {
	for name in a b; do
		cat >$name.c <<-END
			char LICENSE[] __attribute__((section("license"), used)) = "GPL";
			int $name(void *context) { return 1; }
		END
		compile $name.c
	done
	merge a.bc b.bc
	symbols_are 'D LICENSE' 'T a' 'T b'
}

@test "a function here and a variable there" {
	function_ir a 1
	ir b <<<'@f = global i32 1'
	one_error "bpf-merge: error: b.ll: symbol 'f' is a variable, but a function in a.ll" \
		bpf-merge -o out a.ll b.ll
	one_error "bpf-merge: error: a.ll: symbol 'f' is a function, but a variable in b.ll" \
		bpf-merge -o out b.ll a.ll
	ir c <<-'END'
		@f = external global i32
		define ptr @c() {
		  ret ptr @f
		}
	END
	for files in 'a.ll c.ll' 'c.ll a.ll'; do
		# shellcheck disable=SC2086 # two files
		merge_warns "c.ll: variable 'f' is declared as 'int f', used by function 'c', but a.ll defines 'int f(void)'; *" $files
		symbols_are 'T c' 'T f'
	done
}

@test "a function here and a variable there, that nothing defines" {
	ir a <<-'END'
		declare i32 @x()
		define ptr @a() { ret ptr @x }
	END
	ir b <<-'END'
		@x = external global i32
		define ptr @b() { ret ptr @x }
	END
	for order in 'a.ll b.ll' 'b.ll a.ll'; do
		# shellcheck disable=SC2086 # two
		merge_warns "?.ll: undefined symbol 'x', used by function '?'" $order
		symbols_are 'T a' 'T b' 'U x'
	done
}

# user C, definition C: writes user.bc and definition.bc
user() {
	echo "$1" >user.c
	compile user.c "${@:2}" -w
}

definition() {
	echo "$1" >definition.c
	compile definition.c "${@:2}" -w
}

# mismatches USER DEFINITION: the warning has these prototypes, with their lines, in any order of the
# files, with debug info and where it is to be dropped
mismatches() {
	local arguments
	for arguments in 'user.bc definition.bc' 'definition.bc user.bc' '--btf user.bc definition.bc' \
		'--strip-debug definition.bc user.bc'; do
		# shellcheck disable=SC2086 # several
		merge_warns "user.bc: $1 (user.c:1), used by function 'p' (user.c:1), but definition.bc defines '$2' (definition.c:1); declare it as it is defined" $arguments
	done
}

# fits [FLAG...]: not a word
fits() {
	merge user.bc definition.bc
	merge --strip-debug definition.bc user.bc
}

@test "a result in memory, and one in registers" {
	user 'struct three { long a, b, c; }; struct three get(int x); long p(int x) { return get(x).b; }'
	definition '__int128 get(int x) { return ((__int128)x << 64) | 7; }'
	mismatches "function 'get' is declared as 'struct three get(int)'" '__int128 get(int)'
	user 'struct three { long a, b, c; }; struct three get(int x); long p(int x) { return get(x).b; }' -g0
	definition '__int128 get(int x) { return ((__int128)x << 64) | 7; }' -g0
	merge_warns "user.bc: function 'get' is declared as 'struct three get(int)', used by function 'p', but definition.bc defines '__int128 get(int)'; *" user.bc definition.bc

	ir user <<-'END'
		declare void @get(ptr sret([2 x i64]), i32)
		define void @p(ptr %x) {
		  call void @get(ptr sret([2 x i64]) %x, i32 1)
		  ret void
		}
	END
	ir definition <<-'END'
		define void @get(ptr sret([3 x i64]) %x, i32 %y) { ret void }
	END
	merge_warns "user.ll: function 'get' is declared as '\[2 x i64\] get(int)', used by function 'p', but definition.ll defines '\[3 x i64\] get(int)'; *" user.ll definition.ll
	ir definition <<-'END'
		define void @get(ptr %x, i32 %y) { ret void }
	END
	merge_warns "*'\[2 x i64\] get(int)'*'void get(void \*, int)'*" user.ll definition.ll
}

@test "a call with another number of parameters, or of another size" {
	definition 'int f(int x) { return x; }'
	user 'int f(int, int); int p(int x) { return f(x, 2); }'
	mismatches "function 'f' is declared as 'int f(int, int)'" 'int f(int)'
	user 'int f(void); int p(int x) { return f(); }'
	mismatches "function 'f' is declared as 'int f(void)'" 'int f(int)'
	user 'int f(char); int p(int x) { return f(x); }'
	mismatches "function 'f' is declared as 'int f(char)'" 'int f(int)'
	user 'long f(int); int p(int x) { return f(x); }'
	mismatches "function 'f' is declared as 'long f(int)'" 'int f(int)'
	user 'int f(int, ...); int p(int x) { return f(x, 2); }'
	mismatches "function 'f' is declared as 'int f(int, ...)'" 'int f(int)'
	user 'int f(const struct s *, int (*)[3], int (*)(unsigned, long)); int p(int x) { return f(0, 0, 0); }'
	mismatches "function 'f' is declared as 'int f(const struct s \*, int (\*)\[3\], int (\*)(unsigned int, long))'" 'int f(int)'
	# one that is not called
	user 'long f(long); void *p(int x) { return f; }'
	mismatches "function 'f' is declared as 'long f(long)'" 'int f(int)'
}

@test "a call by another type than the declaration's" {
	local call="user.bc: function 'f' is called as 'int f(int, char)', used by function 'p' (user.c:1), but definition.bc defines 'int f(int)' (definition.c:1); declare it as it is defined"
	definition 'int f(int x) { return x; }'
	user 'int f(int); int p(int x) { return ((int (*)(int, char))f)(x, 1); }'
	merge_warns "$call" user.bc definition.bc
	# it says that of calls alone
	user 'int f(); int p(int x) { return f(x, 1); }'
	merge_warns "${call/char/int}" user.bc definition.bc
	# which may put a wrong declaration right
	user 'void f(void); int p(int x) { return ((int (*)(int))f)(x); }'
	fits
	user 'long f(); int p(int x) { return f(x); }'
	merge_warns "*'long f(int)'*'int f(int)'*" user.bc definition.bc
}

@test "what was linked before has a call by another type" {
	user 'int f(int, int); int p(int x) { return f(x, 2); }'
	definition 'int f(int x) { return x; }'
	"llvm-link-$LLVM_MAJOR" -o both.bc user.bc definition.bc
	merge_warns "both.bc: function 'f' is called as 'int f(int, int)', used by function 'p' (user.c:1), but both.bc defines 'int f(int)' (definition.c:1); *" both.bc
}

@test "a weak definition that lost, and another type" {
	user '__attribute__((weak)) int f(int x) { return x + 1; } int p(int x) { return f(x); }'
	definition 'long f(long x) { return x; }'
	mismatches "function 'f' is declared as 'int f(int)'" 'long f(long)'
}

@test "a variable of another size, or a function" {
	definition 'int t[8] = {1};'
	user 'extern int t[4]; int p(int x) { return t[x & 3]; }'
	mismatches "variable 't' is declared as 'int t\[4\]'" 'int t\[8\]'
	user 'extern long t; int p(int x) { return t; }'
	mismatches "variable 't' is declared as 'long t'" 'int t\[8\]'
	user 'extern char t; int p(int x) { return t; }'
	mismatches "variable 't' is declared as 'char t'" 'int t\[8\]'
	user 'struct s { int n, a[9]; }; extern struct s t; int p(int x) { return t.n; }'
	mismatches "variable 't' is declared as 'struct s t'" 'int t\[8\]'
	user 'int t(int); int p(int x) { return t(x); }'
	mismatches "function 't' is declared as 'int t(int)'" 'int t\[8\]'
	definition 'int t(int x) { return x; }'
	user 'extern int t; int p(int x) { return t; }'
	mismatches "variable 't' is declared as 'int t'" 'int t(int)'
	bpf-linker -o out.o user.bc definition.bc
}

@test "one prototype that two compilers take for another" {
	ir user <<-'END'
		%struct.pair = type { i64, i64 }
		declare %struct.pair @get(i32)
		define void @p() {
		  call %struct.pair @get(i32 1)
		  ret void
		}
	END
	ir definition <<-'END'
		%struct.pair = type { i64, i64 }
		define void @get(ptr sret(%struct.pair) %x, i32 %y) { ret void }
	END
	merge_warns "user.ll: function 'get' is declared as 'struct pair get(int): %struct.pair (i32)', used by function 'p', but definition.ll defines 'struct pair get(int): void (ptr, i32)'; compile both with one compiler" user.ll definition.ll
}

@test "declarations that fit their definitions" {
	definition 'int f(int x, char c) { return x + c; } int g() { return 1; } int h(x) short x; { return x; }'
	user 'int f(), g(), h(); int p(int x) { return f(x, (char)1) + g() + h(x); }' -std=gnu17
	fits
	definition 'unsigned char f(unsigned char x, _Bool y) { return x + y; }'
	user '_Bool f(_Bool, signed char); int p(int x) { return f(x, x); }'
	fits
	definition 'int f(unsigned x, const char *const *p, long a) { return x + **p + a; }'
	user 'enum e { A, B }; enum e f(enum e, struct s *, void *); int p(int x) { return f(x, 0, 0); }'
	fits
	definition 'int f(int x) { return x; }'
	user '__attribute__((weak)) int f(int x); int p(int x) { return f ? f(x) : 1; }'
	fits
	definition 'void *memset(void *a, int b, unsigned n) { while (n--) ((volatile char *)a)[n] = b; return a; }'
	user 'int p(char *x, int n) { __builtin_memset(x, 1, n); return 0; }'
	fits
}

@test "variables that are declared with less than they are" {
	definition 'int t[4] = {1}; struct s { long a, b; } s = {1}; int v[3] = {1}; int c = 4;
		struct fl { int n, a[]; } fl = {1, {2, 3}}; union u { int a; char b[16]; } u = {1};'
	for flag in -g -g0; do
		user 'extern int t[]; extern struct s s; extern const volatile void v; extern char c[];
			extern struct fl { int n, a[]; } fl; extern union u { int a; char b[16]; } u;
			int p(int x) { return t[x & 1] + (long)&s + (long)&v + fl.a[1] + (long)c + u.a; }' $flag
		fits
	done
	definition 'int t[8], v[8];' -fcommon
	user 'int t[2]; __attribute__((weak)) int v[4]; int p(int x) { return t[x & 1] + v[x & 3]; }' -fcommon
	fits
	definition 'struct { int (*type)[1]; int *key, *value; } m __attribute__((section(".maps"), used));'
	user 'extern struct { int *type; } m __attribute__((section(".maps"))); int p(int x) { return (long)&m; }'
	merge user.bc definition.bc
}

@test "external globals without a name" {
	for module in a b; do
		ir $module <<-END
			@0 = global i32 1
			define ptr @$module() { ret ptr @0 }
		END
	done
	becomes bpf-merge a.ll b.ll
}

@test "little- and big-endian modules in one link" {
	function_ir a 1
	big_endian_ir b <<<'define i32 @g() { ret i32 1 }'
	one_error "bpf-merge: error: b.ll: *big-endian*a.ll*little-endian*" bpf-merge -o out a.ll b.ll
	one_error "bpf-merge: error: a.ll: *little-endian*b.ll*big-endian*" bpf-merge -o out b.ll a.ll
	archive lib.a b
	ir prog <<-'END'
		declare i32 @g()
		define i32 @prog() {
		  %x = call i32 @g()
		  ret i32 %x
		}
	END
	extract prog.ll lib.a
	one_error "bpf-merge: error: lib.a(b.bc): *big-endian*prog.ll*little-endian*" \
		bpf-merge -o out stream
	merge b.ll
	has 'target triple = "bpfeb"'
}

@test "big-endian, without a data layout" {
	printf '%s\n' 'target triple = "bpfeb"' 'define i32 @b() { ret i32 1 }' >b.ll
	ir a <<<'define i32 @a() { ret i32 1 }'
	one_error 'bpf-merge: error: b.ll: is big-endian BPF, but a.ll is little-endian' \
		bpf-merge -o out.bc a.ll b.ll
}

@test "the triple bpf without a data layout is of the machine's byte order" {
	printf '%s\n' 'target triple = "bpf"' 'define i32 @a() { ret i32 1 }' >a.ll
	for triple in bpfel bpfeb; do
		printf '%s\n' "target triple = \"$triple\"" 'define i32 @b() { ret i32 1 }' >$triple.ll
	done
	case $NATIVE in
	"$BIG") same=bpfeb other=bpfel ;;
	*) same=bpfel other=bpfeb ;;
	esac
	merge a.ll $same.ll
	one_error "bpf-merge: error: $other.ll: is *-endian BPF, but a.ll is *-endian" \
		bpf-merge -o out a.ll $other.ll
}

@test "the triple is that of the BPF module, beside those of a host" {
	foreign_ir host <<<'define i32 @f() { ret i32 1 }'
	ir bpf <<<'define i32 @g() { ret i32 1 }'
	for files in 'host.ll bpf.ll' 'bpf.ll host.ll'; do
		# shellcheck disable=SC2086 # two files
		merge $files
		has 'target triple = "bpf"'
		has 'target datalayout = "e-m:e-p:64:64'
		symbols_are 'T f' 'T g'
	done
}

@test "flags of modules that conflict" {
	for number in 4 5; do
		ir a$number <<-END
			define i32 @f$number() { ret i32 1 }
			!llvm.module.flags = !{!0}
			!0 = !{i32 1, !"size", i32 $number}
		END
	done
	one_error "bpf-merge: error: a5.ll: *'size'*" bpf-merge -o out a4.ll a5.ll
	sed -i 's/i32 1, !"size"/i32 2, !"size"/' a4.ll a5.ll
	merge_warns "a5.ll: *'size'*" a4.ll a5.ll
	symbols_are 'T f4' 'T f5'
}

# --- What is reachable ---

@test "private variables of functions pulled in from two places are one copy" {
	counter_users
	for files in 'a.ll b.ll lib.ll' 'lib.ll a.ll b.ll' 'a.ll lib.ll b.ll'; do
		# shellcheck disable=SC2086 # three files
		merge --export a,b $files
		symbols_are 'T a' 'T b' 'T count' 'd counter' 't log' 'T total'
		[[ $(count '@text = private') == 1 ]]
		[[ $(body count) == *'@counter'*'@log(ptr @text)'* ]]
		[[ $(body total) == *'@counter'*'@log(ptr @text)'* ]]
	done
	archive lib.a lib
	extract a.ll lib.a b.ll lib.a
	merge --export a,b stream
	symbols_are 'T a' 'T b' 'T count' 'd counter' 't log' 'T total'
}

@test "private variables of the same name in two modules are two" {
	for name in a b; do
		ir $name <<-END
			@state = internal global i32 0
			define void @$name() {
			  store i32 1, ptr @state
			  ret void
			}
		END
	done
	merge a.ll b.ll
	[[ $(grep -c '^@state.* = internal global' out.ll) == 2 ]]
	[[ $(body a) != "$(body b)" ]]
}

@test "modules that need each other in turns, in any order" {
	program_and_chain
	for files in 'prog.ll a.ll b.ll' 'b.ll a.ll prog.ll' 'a.ll prog.ll b.ll'; do
		# shellcheck disable=SC2086 # three files
		merge --export prog $files
		chain_is_whole
	done
}

@test "archives that need each other, before and after their user" {
	program_and_chain
	archive liba.a a
	archive libb.a b
	for files in 'prog.ll liba.a libb.a' 'libb.a liba.a prog.ll' 'liba.a prog.ll libb.a'; do
		# shellcheck disable=SC2086 # three files
		extract $files
		merge --export prog stream
		chain_is_whole
	done
}

@test "an archive without an index" {
	program_and_chain
	archive liba.a a
	archive libb.a b
	"$LLVM_AR" rcS plain.a a.bc b.bc
	run -0 "$NM" --print-armap plain.a
	[[ $output != *'Archive map'* ]]
	extract prog.ll plain.a
	merge --export prog stream
	chain_is_whole
}

@test "an archive whose members are textual IR" {
	program_and_chain
	"$LLVM_AR" rcs text.a a.ll b.ll
	extract prog.ll text.a
	merge --export prog stream
	chain_is_whole
}

@test "an archive whose index names a symbol that is not there" {
	function_ir lib 1
	archive lib.a lib
	perl -0777 -pi -e 's/f\0/g\0/' lib.a # the first is the index's
	run -0 "$NM" --print-armap lib.a
	[[ $output == *'g in lib.bc'* ]]
	ir prog <<-'END'
		declare i32 @g()
		define i32 @prog() {
		  %x = call i32 @g()
		  ret i32 %x
		}
	END
	extract prog.ll lib.a
	merge_warns "prog.ll: undefined symbol 'g', used by function 'prog'" --export prog stream
	symbols_are 'U g' 'T prog'
}

@test "of an archive only the members that are needed" {
	ir prog <<-'END'
		declare i32 @f()
		define i32 @prog() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	function_ir needed 1
	ir unneeded <<-'END'
		module asm ".set unneeded, 1"
		@unneeded = global i32 1
		define void @g() { ret void }
		define i32 @other() { ret i32 2 }
	END
	archive lib.a unneeded needed
	extract prog.ll lib.a
	merge stream
	symbols_are 'T f' 'T prog'
	lacks 'module asm'
}

@test "a member with used symbols always takes part" {
	function_ir prog 1
	for array in llvm.used llvm.compiler.used; do
		ir member <<-END
			@map = global i32 1, section ".maps"
			@not_used = global i32 1
			define i32 @g() { ret i32 2 }
			@$array = appending global [1 x ptr] [ptr @map], section "llvm.metadata"
		END
		rm -f lib.a
		archive lib.a member
		extract prog.ll lib.a
		merge stream
		symbols_are 'T f' 'D map'
	done
}

@test "a member that an exported name asks for" {
	function_ir lib 1
	ir prog <<<'define i32 @prog() { ret i32 1 }'
	archive lib.a lib
	extract prog.ll lib.a
	merge --export f,prog stream
	symbols_are 'T f' 'T prog'
}

@test "a member that comes late for one symbol has a strong definition of another" {
	ir prog <<-'END'
		declare i32 @g()
		define weak i32 @f() { ret i32 1 }
		define i32 @prog() {
		  %x = call i32 @f()
		  %y = call i32 @g()
		  ret i32 %y
		}
	END
	ir lib <<-'END'
		define i32 @f() { ret i32 2 }
		define i32 @g() { ret i32 3 }
	END
	archive lib.a lib
	extract prog.ll lib.a
	merge --export prog stream
	symbols_are 'T f' 'T g' 'T prog'
	returns 2 f
}

@test "what a file defines stays visible when a member has a stronger definition" {
	ir a <<-'END'
		@cfg = weak global i32 1
		define weak i32 @f() { ret i32 1 }
	END
	ir l <<-'END'
		@cfg = global i32 2
		@m = global i32 0
		@llvm.used = appending global [1 x ptr] [ptr @m], section "llvm.metadata"
		define i32 @f() { ret i32 2 }
		define i32 @g() { ret i32 3 }
	END
	archive l.a l
	bpf-extract a.ll l.a | becomes bpf-merge
	has '@cfg = global i32 2'
	has 'define i32 @f() #'
	has 'ret i32 2'
	lacks '@g'
}

@test "a member that comes late hides what a file defines" {
	ir p <<-'END'
		@v = external global i32
		declare i32 @g()
		define weak i32 @f() {
			%1 = load i32, ptr @v
			ret i32 %1
		}
		define i32 @entry() {
			%1 = call i32 @g()
			ret i32 %1
		}
	END
	ir q <<-'END'
		define weak hidden i32 @f() { ret i32 1 }
		define i32 @g() { ret i32 3 }
	END
	ir r <<<'@v = global i32 5'
	archive lib.a q r
	bpf-extract p.ll lib.a | becomes bpf-merge
	symbols_are 'T entry' 'T g'
}

@test "a weak definition keeps a member out" {
	ir prog <<-'END'
		define weak i32 @f() { ret i32 1 }
		define i32 @prog() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	function_ir lib 2
	archive lib.a lib
	extract lib.a prog.ll
	merge --export prog stream
	returns 1 f
}

@test "of a file only what is reachable" {
	ir a <<-'END'
		@needed = internal constant [1 x ptr] [ptr @by_table]
		@not_needed = global i32 1
		define internal i32 @by_table() { ret i32 1 }
		define i32 @not_reached() { ret i32 1 }
		define i32 @by_call() { ret i32 1 }
		define i32 @f() {
		  %p = load ptr, ptr @needed
		  %x = call i32 %p()
		  %y = call i32 @by_call()
		  ret i32 %y
		}
	END
	merge --export f a.ll
	symbols_are 'T by_call' 't by_table' 'T f' 'd needed'
}

@test "the body of a function that nothing needs is not read" {
	ir a <<-END
		define i32 @used() { ret i32 1 }
		define i64 @damaged(i64 %x0) {
		$(awk 'BEGIN { for (i = 0; i < 2000; i++) printf "  %%x%d = mul i64 %%x%d, %%x%d\n", i + 1, i / 2, i }')
		  ret i64 %x2000
		}
	END
	"$AS" -o a.bc a.ll
	printf '\xff%.0s' {1..64} | dd of=a.bc conv=notrunc seek=$(($(stat -c %s a.bc) / 2)) bs=1
	run ! "$DIS" -o - a.bc
	merge --export used a.bc
	symbols_are 'T used'
	one_error "bpf-merge: error: a.bc: *" bpf-merge --export damaged -o out a.bc
}

# --- What stays visible ---

@test "every form of --export" {
	ir a <<-'END'
		define void @f() { ret void }
		define void @g() { ret void }
		@v = global i32 1
		define void @other() { ret void }
	END
	merge --export f,g,v a.ll
	symbols_are 'T f' 'T g' 'D v'
	merge --export=f --export g a.ll --export v
	symbols_are 'T f' 'T g' 'D v'
	merge --export f,f,,v a.ll
	symbols_are 'T f' 'D v'
}

@test "--export-symbols: blanks, comments, CRLF, several files" {
	ir a <<-'END'
		define void @f() { ret void }
		define void @g() { ret void }
		define void @h() { ret void }
		@v = global i32 1
		define void @other() { ret void }
	END
	printf '# other\r\n\r\nf\r\n  g  \r\n\n\t# other\nv' >names
	merge --export-symbols names a.ll
	symbols_are 'T f' 'T g' 'D v'
	echo h >more-names
	merge --export-symbols=names --export-symbols more-names a.ll
	symbols_are 'T f' 'T g' 'T h' 'D v'
	merge --export-symbols more-names --export f a.ll
	symbols_are 'T f' 'T h'
}

@test "an empty --export-symbols exports nothing" {
	ir a <<-'END'
		define void @f() { ret void }
		@used = internal global i32 1
		@llvm.used = appending global [1 x ptr] [ptr @used], section "llvm.metadata"
	END
	merge --export-symbols /dev/null a.ll
	symbols_are 'd used'
	: >empty
	merge --export-symbols empty a.ll
	symbols_are 'd used'
}

@test "an exported name that nothing defines is a warning" {
	ir a <<-'END'
		declare void @declared()
		define void @f() { ret void }
	END
	merge_warns "*'nowhere'*" --export f,nowhere a.ll
	symbols_are 'T f'
	merge_warns "*'declared'*" --export f --export-symbols <(echo declared) a.ll
	symbols_are 'T f'
}

@test "a missing --export-symbols file is an error" {
	function_ir a 1
	one_error "bpf-merge: error: no-names: No such file or directory" \
		bpf-merge --export-symbols no-names -o out a.ll
	[[ ! -e out ]]
}

@test "without exports, what the files define with default visibility stays, and hidden variables" {
	ir a <<-'END'
		@v = global i32 1
		@c = constant i32 1
		@alias = alias i32, ptr @v
		@hidden_variable = hidden global i32 1
		@static = internal global i32 1
		define void @f() { ret void }
		define weak void @w() { ret void }
		define hidden void @hidden() { ret void }
		define internal void @static_function() { ret void }
	END
	merge a.ll
	symbols_are 'D alias' 'D c' 'T f' 'D hidden_variable' 'D v' 'W w'
	for global in '@v = global' '@c = constant' '@alias = alias' 'define void @f' \
		'define weak void @w'; do
		has "$global"
	done
}

@test "without exports, an archive adds what is reachable: variables visible, functions hidden" {
	ir prog <<-'END'
		declare i32 @f()
		define i32 @prog() {
		  %x = call i32 @f()
		  ret i32 %x
		}
	END
	ir lib <<-'END'
		@v = global i32 1
		@not_needed = global i32 1
		define i32 @f() {
		  %x = load i32, ptr @v
		  ret i32 %x
		}
		define i32 @g() { ret i32 1 }
		define i32 @used_program() section "xdp" { ret i32 1 }
		@llvm.compiler.used = appending global [1 x ptr] [ptr @used_program],
		  section "llvm.metadata"
	END
	archive lib.a lib
	extract prog.ll lib.a
	merge stream
	symbols_are 'T f' 'T prog' 'T used_program' 'D v'
	has 'define hidden i32 @f()'
	has '@v = global i32 1'
	has 'define i32 @prog()'
	has 'define i32 @used_program()'
}

# --- memcpy and its like ---

# builtin_ir NAME WORDS: a memset, as compiler_builtins' or a user's
builtin_ir() {
	ir "$1" <<-END
		define $2 ptr @memset(ptr %to, i32 %value, i64 %size) {
		  call void @helper_of_memset()
		  ret ptr %to
		}
		define internal void @helper_of_memset() { ret void }
	END
}

needs_memset() {
	ir prog <<-'END'
		declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
		define void @prog(ptr %to, i64 %size) {
		  call void @llvm.memset.p0.i64(ptr %to, i8 0, i64 %size, i1 false)
		  ret void
		}
	END
	ir caller <<-'END'
		declare ptr @memset(ptr, i32, i64)
		define void @caller(ptr %to) {
		  call ptr @memset(ptr %to, i32 0, i64 1)
		  ret void
		}
	END
}

@test "weak memory builtins are dropped, for bpf-codegen brings its own" {
	needs_memset
	builtin_ir lib 'weak hidden'
	merge --export caller caller.ll lib.ll
	symbols_are 'T caller' 'U memset'
	archive lib.a lib
	extract prog.ll caller.ll lib.a
	merge --export prog,caller stream
	symbols_are 'T caller' 'U memset' 'T prog'
}

@test "--disable-memory-builtins: a weak one is as any function" {
	needs_memset
	builtin_ir lib 'weak hidden'
	merge --disable-memory-builtins --export caller caller.ll lib.ll
	symbols_are 'T caller' 't helper_of_memset' 'W memset'
	ir other <<<'define void @other() { ret void }'
	builtin_ir lib ''
	merge --disable-memory-builtins --export other other.ll lib.ll
	symbols_are 'T other'
	merge_warns "caller.ll: undefined symbol 'memset', used by function 'caller'" \
		--disable-memory-builtins caller.ll
}

@test "a weak memory builtin that is exported by name stays" {
	builtin_ir lib 'weak hidden'
	merge --export memset lib.ll
	symbols_are 't helper_of_memset' 'W memset'
}

@test "a strong memory builtin of the user's stays" {
	needs_memset
	builtin_ir own ''
	builtin_ir lib 'weak hidden'
	for files in 'own.ll lib.ll' 'lib.ll own.ll'; do
		# shellcheck disable=SC2086 # two files
		merge --export prog prog.ll $files
		symbols_are 't helper_of_memset' 'T memset' 'T prog'
	done
}

@test "a strong memory builtin of an archive is taken for an intrinsic" {
	needs_memset
	builtin_ir own ''
	archive own.a own
	extract prog.ll own.a
	merge --export prog stream
	symbols_are 't helper_of_memset' 'T memset' 'T prog'
}

@test "a memory builtin of an archive that needs another" {
	ir program <<-'END'
		declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
		define void @program(ptr %p, i64 %n) {
			call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)
			ret void
		}
	END
	ir memset <<-'END'
		declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
		define ptr @memset(ptr %p, i32 %c, i64 %n) {
			call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %p, i64 %n, i1 false)
			ret ptr %p
		}
	END
	ir memcpy <<<'define ptr @memcpy(ptr %to, ptr %from, i64 %n) { ret ptr %to }'
	archive lib.a memset memcpy
	bpf-extract program.ll lib.a | becomes bpf-merge --export=program
	has 'define ptr @memset('
	has 'define ptr @memcpy('
}

@test "no memory builtin is an undefined symbol" {
	for name in memcpy memmove memset memcmp bcmp; do
		ir a <<-END
			declare ptr @$name(ptr, ptr, i64)
			define void @a(ptr %to) {
			  call ptr @$name(ptr %to, ptr %to, i64 1)
			  ret void
			}
		END
		merge --unresolved-symbols error a.ll
		symbols_are 'T a' "U $name"
	done
}

# --- Undefined symbols ---

@test "an undefined symbol, with the function, the file and the line that need it" {
	cat >needs.c <<-'END'
		int missing(void);

		int unreached(void) __attribute__((visibility("hidden")));
		int unreached(void)
		{
			return missing();
		}

		int needs(void)
		{
			return missing() + 1;
		}
	END
	compile needs.c
	merge_warns "needs.bc: undefined symbol 'missing'*function 'needs'*needs.c:11*" needs.bc
	symbols_are 'U missing' 'T needs'
	merge_warns "needs.bc: undefined symbol 'missing'*function 'needs'*needs.c:11*" \
		--strip-debug needs.bc
	lacks '!dbg'
}

@test "the line of an undefined symbol is of the function that is named, and of its first use" {
	cat >w.c <<-'END'
		int s1(int);
		int s2(int);
		int x(int);
		extern int array[8];
		static __attribute__((noinline)) int b(int v)
		{
			return s2(v) + x(v);
		}
		static __attribute__((noinline)) int a(int v)
		{
			return s1(v)
				+ x(v)
				+ x(v + 1)
				+ b(v);
		}
		int program(int *c)
		{
			int d = a(*c);
			return d +
				array[3];
		}
	END
	compile w.c -fno-inline
	"$DIS" -o w.ll w.bc
	for file in w.bc w.ll; do
		run -0 --separate-stderr bpf-merge -o out.bc $file
		grep -F "undefined symbol 'x', used by function" <<<"$stderr" >line
		[[ $(<line) == *"function 'a' (w.c:12)" || $(<line) == *"function 'b' (w.c:7)" ]]
		[[ $stderr == *"'array', used by function 'program' (w.c:20)"* ]]
	done
}

@test "what an object without bitcode leaves undefined" {
	ir lib <<<'define i32 @lib() { ret i32 1 }'
	ir a <<<'define i32 @a() { ret i32 1 }'
	archive lib.a lib
	printf '.file "refs.c"\n.globl nothere, lib\n.long lib, nothere\n' |
		"$CLANG" -target x86_64-linux-gnu -x assembler -c -o refs.o -
	bpf-extract a.ll refs.o lib.a 2>/dev/null >stream.tar
	one_error "bpf-merge: error: refs.o: undefined symbol 'nothere'" \
		bpf-merge --unresolved-symbols=error -o out.bc stream.tar
}

@test "module asm defines symbols" {
	ir asm <<-'END'
		module asm ".text"
		module asm ".globl one, other # both"
		module asm "one: r0 = 1; exit"
		module asm "\09.weak two; 1: \22two\22 : r0 = 2"
		module asm "local: exit"
		module asm ".pushsection .x; .asciz \22; .globl other; other: \22 /* other: */; .popsection"
	END
	ir a <<-'END'
		declare i32 @one()
		declare i32 @two()
		declare i32 @other()
		define i32 @a() {
			%1 = call i32 @one()
			%2 = call i32 @two()
			%3 = call i32 @other()
			ret i32 %1
		}
	END
	run -0 --separate-stderr bpf-merge --export=a,one -o out.bc a.ll asm.ll
	[[ $stderr == "bpf-merge: warning: a.ll: undefined symbol 'other', used by function 'a'" ]]
	archive asm.a asm
	"$LLVM_AR" rcS unindexed.a asm.bc
	for archive in asm.a unindexed.a; do
		bpf-extract a.ll $archive | becomes_with_warning "*'other'*" bpf-merge --export=a
		has '"one: r0 = 1; exit"'
	done
}

@test "an undefined symbol that a variable needs" {
	ir a <<-'END'
		declare void @missing()
		@table = global [1 x ptr] [ptr @missing]
	END
	merge_warns "a.ll: undefined symbol 'missing', used by variable 'table'" a.ll
}

@test "--unresolved-symbols" {
	ir a <<-'END'
		declare void @missing()
		define void @f() {
		  call void @missing()
		  ret void
		}
	END
	merge_warns "a.ll: undefined symbol 'missing', used by function 'f'" \
		--unresolved-symbols=warn a.ll
	merge --unresolved-symbols=ignore a.ll
	symbols_are 'T f' 'U missing'
	rm out.bc
	one_error "bpf-merge: error: a.ll: undefined symbol 'missing', used by function 'f'" \
		bpf-merge --unresolved-symbols error -o out.bc a.ll
	[[ ! -e out.bc ]]
	usage_error_of bpf-merge "*'sometimes'*error, warn, ignore*" --unresolved-symbols=sometimes a.ll
	merge --log-level=error a.ll
}

@test "every undefined symbol is reported once" {
	ir a <<-'END'
		declare void @missing()
		@absent = external global i32
		define void @f() {
		  call void @missing()
		  call void @missing()
		  ret void
		}
		define ptr @g() {
		  call void @missing()
		  ret ptr @absent
		}
	END
	sed 's/@f()/@f2()/; s/@g()/@g2()/' a.ll >b.ll
	run -1 --separate-stderr bpf-merge --unresolved-symbols error -o out a.ll b.ll
	[[ $(grep -c "undefined symbol 'missing'" <<<"$stderr") == 1 ]]
	[[ $(grep -c "undefined symbol 'absent'" <<<"$stderr") == 1 ]]
	[[ $(wc -l <<<"$stderr") == 2 ]]
}

@test "kernel symbols are not undefined" {
	ir a <<-'END'
		declare void @kfunc() section ".ksyms"
		declare extern_weak void @weak_kfunc() section ".ksyms"
		@ksym = external global i8, section ".ksyms"
		@CONFIG_HZ = external global i32, section ".kconfig"
		define ptr @f() {
		  call void @kfunc()
		  call void @weak_kfunc()
		  %x = load i32, ptr @CONFIG_HZ
		  ret ptr @ksym
		}
	END
	merge --unresolved-symbols error a.ll
	symbols_are 'U CONFIG_HZ' 'T f' 'U kfunc' 'U ksym' 'w weak_kfunc'
	has 'declare void @kfunc() section ".ksyms"'
	has 'declare extern_weak void @weak_kfunc() section ".ksyms"'
	has '@ksym = external global i8, section ".ksyms"'
	has '@CONFIG_HZ = external global i32, section ".kconfig"'
}

@test "kernel symbols, as C declares them in two files" {
	for name in a b; do
		cat >$name.c <<-END
			extern unsigned kernel_version __attribute__((section(".kconfig")));
			extern const void a_ksym __attribute__((section(".ksyms")));
			int a_kfunc(int) __attribute__((section(".ksyms")));
			extern int weak_kfunc(void) __attribute__((weak, section(".ksyms")));
			int $name(void)
			{
				return a_kfunc((long)&a_ksym) + (weak_kfunc ? weak_kfunc() : kernel_version);
			}
		END
		compile $name.c
	done
	merge --unresolved-symbols error a.bc b.bc
	has '@kernel_version = external '
	has 'section ".kconfig"'
	[[ $(count 'section ".ksyms"') == 3 ]]
}

@test "kernel configuration that two files declare otherwise" {
	for name in a b c; do
		cat >$name.c <<-END
			enum tristate { no, yes, module };
			#define a _Bool
			#define b enum tristate
			#define c _Bool
			extern $name CONFIG_X __attribute__((section(".kconfig")));
			#undef $name
			int $name(void) { return CONFIG_X; }
		END
		compile $name.c
	done
	becomes_with_warning "a.bc: variable 'CONFIG_X' is declared as '_Bool CONFIG_X' (a.c:5), used by function 'a' (a.c:7), but b.bc declares 'enum tristate CONFIG_X' (b.c:5); declare it alike in both" \
		bpf-merge --unresolved-symbols=ignore a.bc b.bc
	merge --unresolved-symbols=ignore a.bc c.bc
}

@test "LLVM's intrinsics are not undefined" {
	ir a <<-'END'
		declare i64 @llvm.bpf.load.byte(ptr, i64)
		declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
		define i64 @f(ptr %p) {
		  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %p, i64 8, i1 false)
		  %x = call i64 @llvm.bpf.load.byte(ptr %p, i64 0)
		  ret i64 %x
		}
	END
	merge --unresolved-symbols error a.ll
}

@test "an object without bitcode takes part with its references" {
	function_ir lib 1
	archive lib.a lib
	ir prog <<<'define i32 @prog() { ret i32 1 }'
	"$CLANG" -target bpf -c -o symbols.o -x assembler - <<<$'.globl f\n.quad f'
	extract symbols.o prog.ll lib.a
	merge --export prog stream
	symbols_are 'T f' 'T prog'
}

# --- Debug info ---

@test "--strip-debug: debug info as LLVM before 19 wrote it, with calls" {
	# clang-14 -g -O2 of `int visit(int x) { return x + 1; }`
	base64 -d "$FIXTURES/llvm-14.bc.base64" >old.bc
	becomes bpf-merge --strip-debug old.bc
	has 'define dso_local i32 @visit('
	lacks DILocation
	becomes bpf-merge old.bc
	has DILocation
}

@test "--strip-debug" {
	cat >a.c <<-'END'
		int f(int x) { return x * 2; }
	END
	compile a.c
	merge a.bc
	has 'DISubprogram(name: "f"'
	has '!dbg'
	merge --strip-debug a.bc
	lacks 'DISubprogram'
	lacks 'DICompileUnit'
	lacks '!dbg'
	symbols_are 'T f'
}

@test "functions that are not linked leave no debug info" {
	cat >a.c <<-'END'
		int f(int x) { return x * 2; }
		int not_needed(int x) { return x * 3; }
	END
	compile a.c
	merge --export f a.bc
	has 'DISubprogram(name: "f"'
	lacks 'DISubprogram(name: "not_needed"'
}

# objects_are_the_same FILE...: with --btf and without; whole.o and slim.o, of whole.bc and slim.bc
objects_are_the_same() {
	local name

	bpf-merge --unresolved-symbols=ignore -o whole.bc "$@"
	bpf-merge --unresolved-symbols=ignore --btf -o slim.bc "$@"
	"$OPT" -passes=verify -disable-output slim.bc
	for name in whole slim; do
		bpf-internalize $name.bc | bpf-debuginfo --btf 2>$name.warnings | bpf-opt | bpf-codegen -o $name.o
	done
	cmp whole.o slim.o
	diff whole.warnings slim.warnings
}

# btf_is_the_same FILE...: so are the objects, and the types are those of all debug info
btf_is_the_same() {
	objects_are_the_same "$@"
	bpf-internalize whole.bc | bpf-debuginfo --btf --debug-info=full 2>full.warnings | bpf-opt |
		bpf-codegen -o full.o
	diff <(types_of full.o | without_numbers) <(types_of slim.o | without_numbers)
}

@test "--btf drops debug info, and BTF is the same: C and C++" {
	for file in btf-types btf-reach btf-user btf-library btf-rejected loop memory globals kfunc; do
		for level in -O0 -O2; do
			compile $file.c $level
			btf_is_the_same $file.bc
		done
	done
	for level in -O0 -O2; do
		compile calls.c $level
		compile calls-lib.c $level
		btf_is_the_same calls.bc calls-lib.bc
		"$CLANG" -x c++ -std=c++20 -fno-exceptions -fno-rtti -fstandalone-debug -target bpf $level -g -w \
			-emit-llvm -c -o classes.bc "$FIXTURES/btf-classes.cc"
		objects_are_the_same classes.bc
	done
}

@test "--btf drops the members of structs that BTF only names" {
	compile btf-reach.c
	btf_is_the_same btf-reach.bc
	for name in named_only named_by_typedef met_once; do
		grep "FWD '$name' fwd_kind=struct" slim.o.raw
	done
	for name in met_twice tagged element argument result key_behind far_operand core_inner core_type; do
		# LLVM 21 does not look behind a key
		((LLVM_MAJOR == 21)) && [[ $name == key_behind ]] || grep "STRUCT '$name' " slim.o.raw
	done
	"$DIS" -o slim.ll slim.bc
	grep 'DW_TAG_structure_type, name: "named_only"' slim.ll
	absent 'DW_TAG_structure_type, name: "named_only".*elements:' slim.ll
	grep 'DW_TAG_structure_type, name: "met_twice".*elements:' slim.ll
	absent -e '#dbg_' -e 'DILexicalBlock.*scope: null' -e 'retainedTypes:' slim.ll
}

@test "--btf: a struct that one file only names, and another has" {
	cat >types.h <<-'END'
		struct shared { int x; };
		struct cyclic { struct cyclic *next; struct shared *s; };
		struct user { struct shared *s; struct cyclic *c; };
	END
	cat types.h - >a.c <<<'int a(struct user *u) { return u != 0; }'
	cat types.h - >b.c <<<'int b(struct shared *s, struct cyclic *c) { return s->x + (c->next != 0); }'
	compile a.c
	compile b.c
	for files in 'a.bc b.bc' 'b.bc a.bc'; do
		# shellcheck disable=SC2086 # two words
		btf_is_the_same $files
		grep -A 1 "STRUCT 'shared' size=4 vlen=1" slim.o.raw
		grep "STRUCT 'cyclic' size=16 vlen=2" slim.o.raw
		absent FWD slim.o.raw
	done
}

@test "--btf keeps the parameters of templates" {
	cat >a.cc <<-'END'
		struct argument { int x; };
		template <typename T> struct carrier { int y; };
		carrier<argument> v;
	END
	"$CLANG" -x c++ -fstandalone-debug -target bpf -O2 -g -emit-llvm -c -o a.bc a.cc
	btf_is_the_same a.bc
	"$DIS" -o slim.ll slim.bc
	grep 'DITemplateTypeParameter(name: "T"' slim.ll
	grep 'name: "argument".*elements:' slim.ll
}

@test "--btf keeps the names of parameters that only variable records have" {
	echo 'int f(int first, int second) { return first + second; }' >a.c
	compile a.c -O0
	bpf-merge --btf a.bc | "$DIS" -o slim.ll
	absent '#dbg_' slim.ll
	((LLVM_MAJOR == 21)) || grep 'DILocalVariable(name: "second", arg: 2' slim.ll
}

@test "--btf leaves nothing where --strip-debug is given, too" {
	compile btf-types.c
	bpf-merge --btf --strip-debug btf-types.bc | "$DIS" -o slim.ll
	absent -e DICompileUnit -e DILocation slim.ll
}

@test "--btf: of all types of the kernel, few are left" {
	[[ -e /sys/kernel/btf/vmlinux ]] || skip "the kernel has no BTF"
	compile_core_program
	btf_is_the_same core.bc
	(($(stat -c %s core.bc) > 500000 && $(stat -c %s slim.bc) < 100000))
	need_kernel
	load_with_btf slim.o
}

# --- Input and output ---

@test "the same inputs give the same bytes, in any directory" {
	counter_users
	cat >with-debug-info.c <<-'END'
		static int state;
		int next(int x) { return state += x; }
	END
	mkdir one two
	compile with-debug-info.c
	for dir in one two; do
		cp a.ll b.ll lib.ll with-debug-info.bc $dir
		(cd $dir && archive lib.a lib && bpf-extract a.ll b.ll with-debug-info.bc lib.a | bpf-merge -o out)
	done
	cmp one/out two/out
}

@test "a saved stream, the stream in a pipe, and the files themselves" {
	counter_users
	extract a.ll b.ll lib.ll
	bpf-merge -o files a.ll b.ll lib.ll
	cmp files <(bpf-merge stream)
	cmp files <(bpf-merge <stream)
	cmp files <(bpf-extract a.ll b.ll lib.ll | bpf-merge)
	cmp files <(bpf-merge <(bpf-extract a.ll) <(bpf-extract b.ll lib.ll))
	"$AS" -o a.bc a.ll
	same_module files <(bpf-merge a.bc - lib.ll <b.ll)
}

@test "a stream that is cut off" {
	counter_users
	extract a.ll b.ll lib.ll
	local size whole
	whole=$(stat -c %s stream)
	for ((size = 100; size <= whole - 1024; size += size < 512 ? 412 : 512)); do
		head -c $size stream >part
		one_error "bpf-merge: error: part: *" bpf-merge --export a -o out part
	done
	[[ ! -e out ]]
}

@test "files that are no modules" {
	: >empty
	echo 'int main;' >text.c
	mkdir dir
	one_error "bpf-merge: error: empty: *" bpf-merge -o out empty
	one_error "bpf-merge: error: text.c: *" bpf-merge -o out text.c
	one_error "bpf-merge: error: dir: *directory*" bpf-merge -o out dir
	ir bad <<<'define i32 @f() { ret i64 1 }'
	one_error "bpf-merge: error: bad.ll: *" bpf-merge -o out bad.ll
	function_ir a 1
	"$AS" -o a.bc a.ll
	head -c 100 a.bc >cut.bc
	one_error "bpf-merge: error: cut.bc: *" bpf-merge -o out cut.bc
}

@test "reads and writes files, pipes and standard streams" {
	function_ir a 1
	reads_and_writes_anywhere bpf-merge a.ll
}

@test "a failure leaves the output as it was" {
	leaves_output_on_failure bpf-merge
	function_ir a 1
	echo precious >out
	one_error "bpf-merge: error: *duplicate symbol*" bpf-merge -o out a.ll a.ll
	[[ $(<out) == precious ]]
}

@test "no binary to a terminal" {
	function_ir a 1
	keeps_terminal_clean bpf-merge a.ll
}

@test "no word after the failure of the stage before" {
	keeps_quiet_after_failure bpf-merge
}

# --- Options ---

@test "--help lists every option" {
	lists_options bpf-merge --export --export-symbols --disable-memory-builtins --strip-debug --btf \
		--without-btf --unresolved-symbols --fatal-errors --note-map --why
}

@test "--version" {
	says_version bpf-merge
}

@test "wrong options" {
	refuses_wrong_options bpf-merge
	usage_error_of bpf-merge "*'--fatal-errors'*" --fatal-errors=maybe
	usage_error_of bpf-merge "*'--export'*" --export
}

@test "--log-level and --log-file" {
	takes_log_options bpf-merge
	ir a <<-'END'
		declare void @missing()
		define void @f() {
		  call void @missing()
		  ret void
		}
	END
	for level in off error; do
		run -0 --separate-stderr bpf-merge --log-level $level -o out a.ll
		[[ ! $stderr ]]
	done
	for level in warn info debug trace; do
		run -0 --separate-stderr bpf-merge --log-level $level -o out a.ll
		[[ $stderr == *"bpf-merge: warning: a.ll: undefined symbol 'missing'"* ]]
	done
	run -0 --separate-stderr bpf-merge --log-file warnings -o out a.ll
	[[ ! $stderr && $(<warnings) == "bpf-merge: warning: a.ll: undefined symbol 'missing'"* ]]
}

@test "--time says one line" {
	function_ir a 1
	says_time bpf-merge a.ll
}

@test "an alias into the middle of a definition that lost is an error" {
	ir a <<<'@a = global [2 x i32] [i32 1, i32 2]'
	ir b <<<'@a = weak global [2 x i32] [i32 3, i32 4]
	@b = alias i32, getelementptr (i8, ptr @a, i64 4)'
	one_error "bpf-merge: error: b.ll: alias 'b' points into 'a', *" bpf-merge -o out a.ll b.ll
}

@test "the first archive that defines it, whether or not it has an index" {
	ir one <<<'define i32 @h() {
	  ret i32 1
	}'
	ir two <<<'define i32 @h() {
	  ret i32 2
	}'
	ir main <<<'declare i32 @h()
	define i32 @main() {
	  %r = call i32 @h()
	  ret i32 %r
	}'
	for name in one two; do
		"llvm-as-$LLVM_MAJOR" $name.ll
	done
	for first in rcs rcS; do
		for second in rcs rcS; do
			rm -f ./*.a
			"$LLVM_AR" $first libone.a one.bc
			"$LLVM_AR" $second libtwo.a two.bc
			bpf-extract main.ll libone.a libtwo.a | bpf-merge --export main |
				"llvm-dis-$LLVM_MAJOR" | grep 'ret i32 1'
		done
	done
}

# --- --why ---

# why_is ARGUMENT...: bpf-merge succeeds, and prints what standard input holds
why_is() {
	run -0 --separate-stderr bpf-merge -o out.bc "$@"
	diff - <(echo "$stderr")
}

@test "--why: a shortest chain, over inputs and initializers, of roots of each kind" {
	ir a <<<'@table = global [2 x ptr] [ptr @far, ptr null]
	@unneeded = internal global i32 1
	@text = private constant [2 x i8] c"a\00"
	declare i32 @far()
	define i32 @program() section "xdp" {
	  %r = call i32 @longer()
	  %s = call i32 @near()
	  ret i32 %r
	}
	define internal i32 @longer() {
	  %r = call i32 @near()
	  ret i32 %r
	}
	define internal i32 @near() {
	  %r = load ptr, ptr getelementptr (i8, ptr @table, i64 8)
	  ret i32 ptrtoint (ptr @text to i32)
	}
	define i32 @visible() { ret i32 1 }
	define void @memset(ptr %p, i32 %c, i64 %n) { ret void }
	@llvm.used = appending global [1 x ptr] [ptr @program], section "llvm.metadata"'
	ir b <<<'define i32 @far() {
	  %r = call i32 @missing()
	  ret i32 %r
	}
	declare i32 @missing()'
	archive lib.a b
	extract a.ll lib.a
	why_is --unresolved-symbols=ignore --export=visible --why=far --why=text --why=visible --why=missing --why=memset stream <<-'END'
		live symbol: lib.a(b.bc):(far)
		>>> referenced by: a.ll:(table)
		>>> referenced by: a.ll:(near)
		>>> referenced by: a.ll:(program) (marked as used)
		live symbol: a.ll:(text)
		>>> referenced by: a.ll:(near)
		>>> referenced by: a.ll:(program) (marked as used)
		live symbol: a.ll:(visible) (exported)
		undefined symbol: lib.a(b.bc):(missing)
		>>> referenced by: lib.a(b.bc):(far)
		>>> referenced by: a.ll:(table)
		>>> referenced by: a.ll:(near)
		>>> referenced by: a.ll:(program) (marked as used)
		live symbol: a.ll:(memset) (a memory builtin)
	END
	why_is --unresolved-symbols=ignore --why='vis*' --why='[mf]*r' stream <<-'END'
		live symbol: a.ll:(visible) (visible in an input)
		live symbol: lib.a(b.bc):(far)
		>>> referenced by: a.ll:(table) (visible in an input)
	END
}

@test "--why: what is not in the output, and why" {
	ir a <<<'declare i32 @nowhere()
	@replaced = weak global i32 1
	define internal i32 @local() {
	  %r = call i32 @nowhere()
	  ret i32 %r
	}
	define i32 @f() {
	  %r = load i32, ptr @replaced
	  ret i32 %r
	}
	define i32 @unexported() {
	  %r = call i32 @local()
	  ret i32 %r
	}'
	ir b <<<'@replaced = global i32 2'
	ir c <<<'define i32 @in_member() { ret i32 1 }'
	archive lib.a c
	extract a.ll b.ll lib.a
	why_is --export=f --why=local --why=unexported --why=nowhere --why=in_member --why=other --why='*none*' stream <<-'END'
		dead symbol: a.ll:(local) (no live symbol refers to it)
		dead symbol: a.ll:(unexported) (no live symbol refers to it)
		dead symbol: a.ll:(nowhere) (no input defines it, and no live symbol refers to it)
		dead symbol: lib.a(c.bc):(in_member) (this member is not linked: no live symbol needs it)
		dead symbol: other (no input that was read defines it)
		dead symbol: *none* (no live symbol matches it)
	END
	why_is --export=f --why=replaced stream <<-'END'
		live symbol: b.ll:(replaced)
		>>> referenced by: a.ll:(f) (exported)
	END
	why_is --export=unexported --unresolved-symbols=ignore --why=replaced stream <<-'END'
		dead symbol: a.ll:(replaced) (b.ll defines it instead)
		dead symbol: b.ll:(replaced) (no live symbol refers to it)
	END
}

@test "--why: lines of references, also of inlined ones, whether debug info stays or not" {
	cat >a.c <<-'END'
		int there(int);
		static inline int inlined(int x) { return there(x); }
		int f(int x)
		{
			return inlined(x);
		}
	END
	"$CLANG" "${BPF_CFLAGS[@]}" -emit-llvm -c a.c
	for options in '' --strip-debug --btf; do
		# shellcheck disable=SC2086 # none, perhaps
		bpf-merge --unresolved-symbols=ignore -o - $options a.bc | "$DIS" -o without.ll
		# shellcheck disable=SC2086
		why_is --unresolved-symbols=ignore $options --why=there a.bc <<-'END'
			undefined symbol: a.bc:(there)
			>>> referenced by: a.bc:(f) (a.c:5, inlined from a.c:2) (visible in an input)
		END
		diff without.ll <("$DIS" -o - <out.bc)
	done
}

@test "--why: Rust's and C++'s names, as they are and as the source has them" {
	local name path at names=(
		_ZN4core9panicking9panic_fmt17h0123456789abcdefE core::panicking::panic_fmt
		'_ZN4core3ptr56drop_in_place$LT$alloc..vec..Vec$LT$$u5b$u8$u5d$$GT$$GT$17h0123456789abcdefE' 'core::ptr::drop_in_place<alloc::vec::Vec<[u8]>>'
		'_ZN42_$LT$$RF$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE' '<&T as core::fmt::Debug>::fmt'
		_ZN3one3twoEi one::two
		_Z5threePv three
		_RNvCsgCBci2OW3gx_11log_headers5parse log_headers::parse
		_RNCNvCsgCBci2OW3gx_11log_headers7look_ats5_0B3_ 'log_headers::look_at::{closure#7}'
		_RNvXs1s_CsbRC1uIEvJ23_14aya_log_commonhNtB6_10WriteToBuf5write '<u8 as aya_log_common::WriteToBuf>::write'
		_RNvXsd_CsbRC1uIEvJ23_14aya_log_commonAhj6_NtB5_10WriteToBuf5write '<[u8; 6] as aya_log_common::WriteToBuf>::write'
		_RINvNtC4core3mem4swapRShQTbcEEB2_ 'core::mem::swap::<&[u8], &mut (bool, char)>'
		_RINvC1a1fDG_INtC1b5TraitRL0_hEp4ItemmEL_E "a::f::<dyn for<'a> b::Trait<&'a u8, Item = u32>>"
		_RINvC1a1fFUKCPhEuE 'a::f::<unsafe extern "C" fn(*const u8)>'
		_RNvC1a1f.llvm.123 a::f
		_RNvC1a1g.cold a::g.cold
	)
	for ((at = 0; at < ${#names[@]}; at += 2)); do
		name=${names[at]} path=${names[at + 1]}
		ir a <<<"define i32 @\"$name\"() { ret i32 1 }"
		why_is --why="$name" a.ll <<<"live symbol: a.ll:($path) (visible in an input)"
		[[ $path == *[[*?]* ]] || why_is --why="$path" a.ll <<<"live symbol: a.ll:($path) (visible in an input)"
	done
	ir a <<<'define i32 @_RINvNtC4core3mem4swaphEB2_() { ret i32 1 }'
	for wanted in swap mem::swap 'core::mem::swap::<u8>' 'core::*'; do
		why_is --why="$wanted" a.ll <<<'live symbol: a.ll:(core::mem::swap::<u8>) (visible in an input)'
	done
	for wanted in wap em::swap 'mem::*'; do
		run -0 --separate-stderr bpf-merge -o out.bc --why="$wanted" a.ll
		[[ $stderr == "dead symbol: $wanted ("* ]]
	done
	# what is no such name stays as it is
	for name in _RNv _RNvB0_1f _RNvC1a99999f _RINvC1a1fBk_E _ZN _ZN3ab _RB_ _R; do
		ir a <<<"define i32 @$name() { ret i32 1 }"
		why_is --why="$name" a.ll <<<"live symbol: a.ll:($name) (visible in an input)"
	done
}

@test "--why: names that a terminal would heed" {
	ir a <<<'define i32 @"\1B[2J\C2\9B\E2\80\AEa\FF\C3\A4b\0A"() { ret i32 1 }'
	why_is --why='*' a.ll <<<'live symbol: a.ll:(\033[2J\302\233\342\200\256a\377äb\012) (visible in an input)'
}

@test "--note-map changes nothing but the notes" {
	ir a <<<'@v = global i32 1
	@c = private constant [2 x i8] c"a\00"
	declare i32 @g()
	define i32 @f() {
	  %r = call i32 @g()
	  %a = load i32, ptr @v
	  %b = load i32, ptr @c
	  ret i32 %r
	}'
	ir b <<<'@c = internal global i32 3
	define i32 @g() {
	  store i32 1, ptr @c
	  ret i32 1
	}'
	merge a.ll b.ll
	cp out.ll without.ll
	merge --note-map a.ll b.ll
	has 'a.ll'
	grep -v '^@llvm.bpf-linker-notes = ' out.ll | diff without.ll -
}
