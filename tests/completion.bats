#!/usr/bin/env bats
# What Tab makes of a command line in bash, zsh and fish.
load helper

SCRIPTS=$TESTS/../scripts
TOOLS=(bpf-linker bpf-extract bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen)
LIBRARIES=('my dir/libfirst.a' lib/libsecond.a lib/libthird.a)

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir 'my dir' lib
	touch "${LIBRARIES[@]}" input.bc
	# shellcheck source=scripts/completion.bash
	source "$SCRIPTS/completion.bash"
}

# The function tells bash with compopt what else is to be done.
compopt() {
	echo "compopt $*"
}

# complete_words WORD...: what there is for the last one, a line each. Bash makes a word of =, too.
complete_words() {
	local word=${!#}
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	[[ $word != = ]] || word=
	_bpf_linker "$1" "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
	((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}

# completed WANTED WORD...: WANTED, with spaces between, is what complete_words says
completed() {
	local wanted=$1 got
	shift
	got=$(complete_words "$@")
	[[ ${got//$'\n'/ } == "$wanted" ]] || { echo "$*: wanted '$wanted', got '${got//$'\n'/ }'" && return 1; }
}

# options_of PROGRAM: those that its --help shows
options_of() {
	"$1" --help | sed -n -E 's/^ {2,6}(-[^ ,]+(, -[^ ]+)?).*/\1/p' | grep -Eo -- '-[^[, ]+' | sort
}

# choices: a line for each option of the driver with a choice of values, followed by these
choices() {
	sed -n -E "s/^\t(-[-a-zA-Z]+)\) takes='([^']*\|[^']*)'.*/\1 \2/p" "$SCRIPTS/bpf-linker" | tr '|' ' '
}

# type_in_bash LINE...: types them, where \t is Tab; the words that each then has are a line in the file typed.
# Without a terminal bash edits the line nevertheless; without a session it heeds no one else's.
type_in_bash() {
	cat >rc <<-'END'
		bpf-linker() { printf '<%s>' "$@" >>typed; echo >>typed; }
	END
	cat - >>rc
	printf '%b\n' "$@" | setsid -w timeout 60 bash --noprofile --rcfile rc -i >log 2>&1 || { cat log && return 1; }
}

# type_in_zsh LINE...: types them, where \t is Tab, and \x01 puts in all there is; what becomes of
# each is a line in the file typed.
type_in_zsh() {
	command -v zsh >/dev/null || skip "zsh is not installed"
	need_terminal
	mkdir -p .functions
	cp "$SCRIPTS/completion.zsh" .functions/_bpf-linker
	cat >.zshrc <<-'END'
		HOME=$PWD fpath=($PWD/.functions $fpath)
		autoload -Uz compinit && compinit -u -D
		keep() {
			[[ $BUFFER == exit ]] || { print -r -- ${BUFFER% } >>typed; BUFFER= }
			zle accept-line
		}
		zle -N keep
		zle -C all complete-word _generic
		zstyle ':completion:all:*' completer _all_matches _complete
		zstyle ':completion:all:*' insert yes
		bindkey '^A' all '^J' keep '^M' keep '^I' complete-word
	END
	cat >terminal <<-'END'
		zmodload zsh/zpty
		zpty shell env TERM=dumb ZDOTDIR=$PWD zsh -d -i
		zpty -w shell "$(cat lines)"
		while zpty -r shell output; do print -r -- $output; done
	END
	printf '%b\n' "$@" exit >lines
	timeout 60 zsh -f terminal >log
	[[ $(wc -l <typed) == "$#" ]] || { cat log && return 1; }
}

@test "bash: each option of each program" {
	local program options
	for program in "${TOOLS[@]}"; do
		options=$(options_of "$program")
		[[ $options == *--log-level*--version* ]]
		diff <(echo "$options") <(complete_words "$program" - | sort)
	done
	[[ $(options_of bpf-linker) == *-###* ]]
	completed --emit bpf-linker --em
	completed '--export --export-symbols' bpf-linker -v --ex
	completed '-###' bpf-linker '-#'
	completed -o bpf-linker -o
	completed '' bpf-linker --nonsense
}

@test "bash: each value of each option, after a space, after = and at once" {
	local option values value count=0
	completed 'obj asm llvm-ir llvm-bc' bpf-linker --emit ''
	completed 'obj asm llvm-ir llvm-bc' bpf-linker --emit =
	completed 'llvm-ir llvm-bc' bpf-linker --emit = ll
	completed '--emit=llvm-ir --emit=llvm-bc' bpf-linker --emit=ll
	completed 'v1 v2 v3 v4' bpf-linker a.bc --cpu v
	completed '-O0 -O1 -O2 -O3 -Os -Oz' bpf-linker -O
	completed -Oz bpf-linker -Oz
	completed '0 1 2 3 s z' bpf-opt -O ''
	completed 'bpfel bpfeb' bpf-codegen --target bpfe
	while read -r option values; do
		completed "$values" bpf-linker "$option" ''
		count=$((count + 1))
	done < <(choices)
	((count >= 7))
}

@test "bash: nothing for what only the user knows" {
	completed '' bpf-linker --export ''
	completed '' bpf-linker --export = i
	completed '' bpf-linker --btf =
	completed '' bpf-linker -l ''
	completed 'compopt -o bashdefault -o default' bpf-linker a = i
}

@test "bash: files and directories" {
	completed 'compopt -o bashdefault -o default' bpf-linker ''
	completed 'compopt -o bashdefault -o default' bpf-linker -o i
	completed 'compopt -o bashdefault -o default' bpf-extract --log-file = i
	completed 'compopt -o bashdefault -o default' bpf-linker --save-temps ''
	completed 'compopt -o bashdefault -o default' bpf-linker -- -
	completed 'compopt -o dirnames' bpf-linker -L l
	completed 'compopt -o dirnames' bpf-linker --save-temps =
	completed 'compopt -o filenames compopt -o nospace -Llib/' bpf-linker -Ll
	completed 'compopt -o filenames -oinput.bc' bpf-linker -oi
	completed 'compopt -o filenames --log-file=input.bc' bpf-linker --log-file=i
	completed 'compopt -o filenames @input.bc' bpf-linker @i
}

@test "bash: libraries in the directories so far" {
	completed 'second third' bpf-linker -L lib -l ''
	completed 'second third' bpf-linker -L = lib -l ''
	completed '-lsecond' bpf-linker -L'my\ dir' -Llib -ls
	completed 'first second third' bpf-linker -L"'my dir'" -L=lib -l ''
	completed 'first' bpf-extract --library-path = '"my dir"' --library = ''
	HOME=$PWD completed 'second third' bpf-linker -L \~/lib -l ''
	# a name is no command
	touch 'lib/lib$(touch hit).a'
	completed '\$\(touch\ hit\) second third' bpf-linker -L lib -l ''
	[[ ! -e hit ]]
}

@test "bash and zsh: LLVM's versions; the program is asked for no more than it has to be" {
	mkdir bin
	cat >bin/bpf-linker <<-'END'
		#!/bin/sh
		echo "$1" >>calls
		case $1 in
		--help) printf '%s\n' '      --llvm VERSION       the LLVM' \
			'                           to use [newest]' '      --export LIST        some' '      --time' '      --odd THING' ;;
		--version) printf '%s\n' 'bpf-linker 1.2.3' 'LLVM 21.1.8, 22.1.2' 'LLVM 22.1.2 (libLLVM.so.22.1)' ;;
		*) echo "an error, of ($1)" >&2 ;;
		esac
	END
	chmod +x bin/bpf-linker
	PATH=$PWD/bin:$PATH
	complete_words bpf-linker --l >first
	[[ $(<first) == --llvm ]]
	completed '21 22 any' bpf-linker --llvm ''
	completed '22' bpf-linker --llvm = 22
	completed '' bpf-linker --export ''
	completed '' bpf-linker --time =
	completed '' bpf-linker --none =
	completed '' bpf-linker --odd ''
	diff calls <(printf '%s\n' --help --version{,} --odd=?)

	command -v zsh || skip "zsh is not installed; bash is as it should be"
	type_in_zsh 'bpf-linker --llvm \x01' 'bpf-linker --llvm \x01' 'bpf-linker --export \x01' \
		'bpf-linker --odd \x01' 'bpf-linker --\t'
	diff typed - <<-'END'
		bpf-linker --llvm 21 22 any
		bpf-linker --llvm 21 22 any
		bpf-linker --export
		bpf-linker --odd
		bpf-linker --
	END
		grep -e '--llvm  *-- the LLVM to use \[newest\]' log
	diff calls <(printf '%s\n' --help --version{,} --odd=? --help --version{,} --odd=?)
}

@test "bash: as the user types, with and without = between words" {
	type_in_bash 'bpf-linker --em\tll\ti\t -O\t3' 'bpf-linker --emit=a\t -L l\t -l s\t' \
		'bpf-linker my\\ d\tlibf\t -L m\t -Lm\t -lf\t' 'bpf-linker -o "my d\t @i\t -oli\t' \
		'bpf-linker --emit i\t i\t' 'bpf-linker $HOM\t -o i\t' \
		'COMP_WORDBREAKS=${COMP_WORDBREAKS/=}' 'bpf-linker --emit=a\t --log-file=m\t' <<-END
			HOME=/nowhere
			source '$SCRIPTS/completion.bash'
		END
	diff typed - <<-'END'
		<--emit><llvm-ir><-O3>
		<--emit=asm><-L><lib/><-l><second>
		<my dir/libfirst.a><-L><my dir/><-Lmy dir/><-lfirst>
		<-o><my dir/><@input.bc><-olib/>
		<--emit><i><input.bc>
		</nowhere><-o><input.bc>
		<--emit=asm><--log-file=my dir/>
	END
}

@test "bash: the package bash-completion finds it by the command's name" {
	local package=/usr/share/bash-completion/bash_completion program
	[[ -e $package ]] || skip "the package bash-completion is not installed"
	mkdir completions
	for program in "${TOOLS[@]}"; do
		ln -s "$(realpath "$SCRIPTS/completion.bash")" "completions/$program"
	done
	type_in_bash 'bpf-linker --emit=a\t -L l\t' 'bpf-opt --un\t' <<-END
		bpf-opt() { bpf-linker "\$@"; }
		BASH_COMPLETION_USER_DIR=$PWD
		source $package
	END
	diff typed - <<-'END'
		<--emit=asm><-L><lib/>
		<--unroll-loops>
	END
}

@test "zsh: each option of each program" {
	local program
	type_in_zsh "${TOOLS[@]/%/ -\\x01}"
	for program in "${TOOLS[@]}"; do
		diff <(options_of "$program") <(sed -n "s/^$program //p" typed | tr -d '\\' | tr -s ' ' '\n' | sort)
	done
}

@test "zsh: values, files and libraries" {
	type_in_zsh 'bpf-linker --em\tll\ti\t' 'bpf-linker --emit \x01' 'bpf-linker -O\x01' 'bpf-opt -O \x01' \
		'bpf-linker --cpu=v\x01' 'bpf-linker -vO \x01' 'bpf-linker --debug-info \x01' 'bpf-linker --target bpfe\x01' \
		'bpf-linker i\t -o i\t --log-file=m\tlib\t @in\t' 'bpf-linker -L \x01' 'bpf-linker -Lm\t -l\t' \
		'bpf-linker -L lib -L "my dir" -l \x01' 'bpf-extract --library-path=lib -l \x01' \
		'bpf-linker --save-temps=\x01' 'bpf-linker --export \x01' 'bpf-linker -- -\x01' \
		'bpf-linker --export a --ex\x01' 'bpf-linker --save-temps i\t' 'bpf-linker -L ~/lib -l\x01'
	diff typed - <<-'END'
		bpf-linker --emit=llvm-ir
		bpf-linker --emit asm llvm-bc llvm-ir obj
		bpf-linker -O0 -O1 -O2 -O3 -Os -Oz
		bpf-opt -O 0 1 2 3 s z
		bpf-linker --cpu=v1 --cpu=v2 --cpu=v3 --cpu=v4
		bpf-linker -vO 0 1 2 3 s z
		bpf-linker --debug-info full lines none
		bpf-linker --target bpfeb bpfel
		bpf-linker input.bc -o input.bc --log-file=my\ dir/libfirst.a @input.bc
		bpf-linker -L lib my\ dir/
		bpf-linker -Lmy\ dir -lfirst
		bpf-linker -L lib -L "my dir" -l first second third
		bpf-extract --library-path=lib -l second third
		bpf-linker --save-temps=lib --save-temps=my\ dir/
		bpf-linker --export
		bpf-linker -- -
		bpf-linker --export a --export --export-symbols=
		bpf-linker --save-temps input.bc
		bpf-linker -L ~/lib -lsecond -lthird
	END
}

# fish_completes: for each line of standard input what fish has for it, after a colon, with spaces between
fish_completes() {
	command -v fish >/dev/null || skip "fish is not installed"
	HOME=$PWD fish --private --no-config -c 'source $argv[1]
		while read --local line
			echo $line: (complete --do-complete $line | string replace --regex \t.\* "")
		end' "$SCRIPTS/completion.fish"
}

@test "fish: each option of each program, with what it is for" {
	local program
	for program in "${TOOLS[@]}"; do
		diff <(options_of "$program") \
			<(fish_completes <<<"$program -" | sed 's/^[^:]*: //' | tr ' ' '\n' | sort)
	done
	fish --no-config -c 'source $argv[1]; complete --do-complete "bpf-linker --emi"' "$SCRIPTS/completion.fish" >said
	grep -x -e $'--emit\tobj, asm, .*' said
}

@test "fish: values, files and libraries" {
	cat >wanted <<-'END'
		bpf-linker --emit: obj asm llvm-ir llvm-bc
		bpf-linker --emit=l: --emit=llvm-ir --emit=llvm-bc
		bpf-linker -O: -O0 -O1 -O2 -O3 -Os -Oz
		bpf-opt -O: 0 1 2 3 s z
		bpf-linker a.bc --cpu=v: --cpu=v1 --cpu=v2 --cpu=v3 --cpu=v4
		bpf-linker --target bpfe: bpfel bpfeb
		bpf-linker i: input.bc
		bpf-linker -o i: input.bc
		bpf-linker -oi: -oinput.bc
		bpf-linker --log-file=i: --log-file=input.bc
		bpf-linker @i: @input.bc
		bpf-linker -- i: input.bc
		bpf-linker -L l: lib/
		bpf-linker -Ll: -Llib/
		bpf-linker --save-temps=l: --save-temps=lib/
		bpf-linker -L lib -l: second third
		bpf-linker -L "my dir" -Llib -l s: second
		bpf-extract --library-path=lib -ls: -lsecond
		bpf-linker -L ~/lib -l t: third
		bpf-linker --export:
	END
	# a space where the value is a word of its own
	sed -E 's/:.*//; s/ (--emit|--export|-L lib -l)$/& /; s/^bpf-opt -O$/& /' wanted >lines
	fish_completes <lines | sed 's/ *: */: /; s/ $//' >got
	diff wanted got
}
