# The driver: its command line, the pipeline it makes of it, and its processes.

load helper

# --- What these tests share ---

# pipeline ARGUMENT...: the commands that bpf-linker would run, a line each, without their folders
pipeline() {
	run --separate-stderr bpf-linker -### "$@"
	[[ $status == 0 && ! $output ]] || { echo "status $status: $stderr" >&2 && return 1; }
	sed "/^bpf-linker: info: linking with /d; s,^\(BPF_LINKER_LIBLLVM=[^ ]* \)\?[^ ]*/bpf-,bpf-,; s/ |$//; s/ : /\n/g" <<<"$stderr"
}

# pipeline_is ARGUMENT... <<WANTED
pipeline_is() {
	local given
	given=$(pipeline "$@") && diff - <(echo "$given")
}

# passes ARGUMENT... <<WANTED: WANTED is how the pipeline differs from that of a plain link
passes() {
	local given
	given=$(pipeline -o out in.bc "$@") &&
		diff - <(diff <(pipeline -o out in.bc) <(echo "$given") | sed -n 's/^> //p')
}

# usage_error MESSAGE ARGUMENT...: the command line is refused with MESSAGE, and out is left alone
usage_error() {
	local message="bpf-linker: error: $1; see 'bpf-linker --help'"
	shift
	echo precious >out
	run --separate-stderr bpf-linker "$@"
	if [[ $status != 2 || $output || $stderr != "$message" || $(<out) != precious ]]; then
		printf '%s\n' "wanted: status 2, $message" "got: status $status, $stderr"
		return 1
	fi
}

# make_stubs: an installation whose tools are shell scripts, in stubs/, and its bpf-linker first in
# PATH. bpf-extract writes something, and bpf-merge, of whose process all after it are a part, writes it to out.
# Each leaves its pid in pids.
make_stubs() {
	unset BPF_LINKER_LLVM
	mkdir -p stubs/bin stubs/libexec/bpf-linker/llvm-1
	cp "$(command -v bpf-linker)" stubs/bin
	cp "$BUILT/libexec/bpf-linker/bpf-driver" stubs/libexec/bpf-linker
	PATH=$PWD/stubs/bin:$PATH
	stub extract 'echo stream'
	stub merge 'cat >out.new && mv out.new out'
	stub codegen 'exit 1'
}

# stub STAGE SCRIPT
stub() {
	local file=stubs/libexec/bpf-linker/llvm-1/bpf-$1
	cat >"$file" <<-END
		#!/bin/bash
		echo \$\$ >>pids
		take_toolset() { # or fail as the mark says (common/pipeline.h)
			local line status=-1
			IFS= read -r line && [[ ! \$line ]] || return 0
			while read -r line; do ((status += 1)); done
			exit \$status
		}
		[[ $1 != merge || ! \$BPF_LINKER_TOOLSETS ]] || take_toolset
		[[ \$1 != --say-llvm ]] || { shift && if [[ \$BPF_LINKER_TOOLSETS ]]; then echo /1; else echo -; fi; }
		[[ \$1 != --print-llvm ]] || { echo - && exit; }
		$2
	END
	chmod +x "$file"
	[[ $1 != extract ]] || mv "$file" stubs/libexec/bpf-linker
}

# What a stub runs that ends with the driver, as stages do: it is in pids again once it does.
# shellcheck disable=SC2016 # for the stub's shell
WAITS='exec setpriv --pdeathsig TERM sh -c "echo \$\$ >>pids; exec sleep 60"'

# no_stage_left: none that runs in this directory, which is the test's own
no_stage_left() {
	local pid
	for pid in $(pgrep -x 'bpf-(extract|merge|internalize|debuginfo|opt|codegen)'); do
		[[ ! /proc/$pid/cwd -ef . ]] || return
	done
}

# no_process_left: of those in pids
no_process_left() {
	local pid status
	for pid in $(<pids); do
		{ read -r status <"/proc/$pid/stat"; } 2>/dev/null || continue
		[[ $status == *') Z '* ]] ||
			{ echo "still there: $(tr '\0' ' ' </proc/"$pid"/cmdline)" && return 1; }
	done
}

# wait_until COMMAND...: it succeeds within ten seconds
wait_until() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		"$@" && return
		sleep 0.01
	done
	echo "in vain: $*"
	return 1
}

has_lines() {
	[[ -e $1 && $(wc -l <"$1") -ge $2 ]]
}

# death_of SIGNAL: the wait status, in decimal, of a shell that is ended by SIGNAL: mksh and zsh then exit with a status
# of their own.
death_of() {
	perl -e 'system("sh", "-c", "kill -s $ARGV[0] \$\$"); print $?' "$1"
}

# died_of SIGNAL COMMAND...: COMMAND was ended by SIGNAL, and did not just exit with its status
died_of() {
	local death
	death=$(death_of "$1")
	shift
	run --separate-stderr perl -e 'system(@ARGV); print STDOUT $?' env --default-signal=INT "$@"
	[[ $output == "$death" ]] || { echo "ended with $output, not $death: $stderr" && return 1; }
}

# ends_with STATUS PID: a child of this shell
ends_with() {
	local status=0
	wait "$2" || status=$?
	[[ $status == "$1" ]] || { echo "ended with $status" && return 1; }
}

# all_stages_run DRIVER COUNT: and their pids are in pids
all_stages_run() {
	pgrep -P "$1" bpf- >pids
	has_lines pids "$2"
}

compile_program() {
	compile calls.c
	compile calls-lib.c
}

# --- Options ---

@test "a plain link runs five stages" {
	pipeline_is -o out in.bc <<-'END'
		bpf-extract --thin in.bc
		bpf-merge --strip-debug
		bpf-internalize
		bpf-opt
		bpf-codegen -o out
	END
}

@test "--target, --cpu and --cpu-features reach bpf-opt and bpf-codegen" {
	passes --target bpfeb --cpu v3 --cpu-features +alu32,-dwarfris <<-'END'
		bpf-opt --target=bpfeb --cpu=v3 --cpu-features=+alu32,-dwarfris
		bpf-codegen --target=bpfeb --cpu=v3 --cpu-features=+alu32,-dwarfris -o out
	END
}

@test "every --cpu" {
	for cpu in generic probe v1 v2 v3 v4; do
		passes --cpu $cpu <<<"bpf-opt --cpu=$cpu"$'\n'"bpf-codegen --cpu=$cpu -o out"
	done
}

@test "every --emit" {
	for kind in obj asm; do
		passes --emit $kind <<<"bpf-codegen --emit=$kind -o out"
	done
	# what is no object may do without BTF
	for kind in llvm-ir llvm-bc; do
		passes --emit $kind <<<"bpf-merge --strip-debug --without-btf"$'\n'"bpf-codegen --emit=$kind -o out"
	done
}

@test "every -O" {
	for level in 0 1 2 3 s z; do
		passes -O $level <<<"bpf-opt -O$level"
	done
}

@test "the first --emit wins, the last -O" {
	passes --emit asm --emit obj -O3 -Os <<-'END'
		bpf-opt -Os
		bpf-codegen --emit=asm -o out
	END
}

@test "of other options, the last wins" {
	passes --cpu generic --cpu v3 --btf --btf -o other <<-'END'
		bpf-merge --btf
		bpf-core
		bpf-debuginfo --btf
		bpf-opt --cpu=v3
		bpf-codegen --cpu=v3 -o other
	END
}

@test "--export, --export-symbols" {
	passes --export a,b --export-symbols list --export=c <<-'END'
		bpf-merge --export=a,b,c --export-symbols=list --strip-debug
		bpf-internalize --export=a,b,c --export-symbols=list
	END
}

@test "an empty --export is not none" {
	passes --export '' <<-'END'
		bpf-merge --export= --strip-debug
		bpf-internalize --export=
	END
}

@test "-L and -l stay in order with the inputs" {
	passes -L first -lone last.bc -L=second -l two -Lthird <<-'END'
		bpf-extract --thin in.bc -L first -l one last.bc -L second -l two -L third
	END
}

@test "a library alone is input" {
	pipeline_is -o out -lone <<-'END'
		bpf-extract --thin -l one
		bpf-merge --strip-debug
		bpf-internalize
		bpf-opt
		bpf-codegen -o out
	END
}

@test "--btf keeps the debug info, and runs two stages more" {
	passes --btf <<-'END'
		bpf-merge --btf
		bpf-core
		bpf-debuginfo --btf
	END
	passes --btf --debug-info none <<-'END'
		bpf-merge --btf
		bpf-core
		bpf-debuginfo --btf --debug-info=none
		bpf-codegen --debug-info=none -o out
	END
	passes --btf --btf-source none <<-'END'
		bpf-merge --btf
		bpf-core
		bpf-debuginfo --btf --btf-source=none
	END
	passes --btf --debug-info full <<-'END'
		bpf-merge
		bpf-core
		bpf-debuginfo --btf --debug-info=full
		bpf-codegen --debug-info=full -o out
	END
	pipeline_is -o dir/out in.bc --save-temps --btf --log-level=info <<-'END'
		bpf-extract -o dir/out.1-extract.tar --log-level=info in.bc &&
		bpf-merge -o dir/out.2-merge.bc --log-level=info --btf dir/out.1-extract.tar &&
		bpf-internalize -o dir/out.3-internalize.bc --log-level=info dir/out.2-merge.bc &&
		bpf-core -o dir/out.4-core.bc --log-level=info dir/out.3-internalize.bc &&
		bpf-debuginfo -o dir/out.5-debuginfo.bc --btf --log-level=info dir/out.4-core.bc &&
		bpf-opt -o dir/out.6-opt.bc --log-level=info dir/out.5-debuginfo.bc &&
		bpf-codegen --log-level=info -o dir/out dir/out.6-opt.bc
	END
}

@test "--unroll-loops, --allow-bpf-trap, --disable-expand-memcpy-in-order" {
	for option in --unroll-loops --allow-bpf-trap --disable-expand-memcpy-in-order; do
		passes $option <<<"bpf-opt $option"$'\n'"bpf-codegen $option -o out"
	done
}

@test "--ignore-inline-never" {
	passes --ignore-inline-never <<<'bpf-internalize --ignore-inline-never'
}

@test "--disable-memory-builtins" {
	passes --disable-memory-builtins <<-'END'
		bpf-merge --disable-memory-builtins --strip-debug
		bpf-internalize --disable-memory-builtins
		bpf-codegen --disable-memory-builtins -o out
	END
}

@test "--llvm-args add up, and begin with -" {
	passes --llvm-args -a,-b=1 --llvm-args=-c <<-'END'
		bpf-opt --llvm-args=-a,-b=1,-c
		bpf-codegen --llvm-args=-a,-b=1,-c -o out
	END
}

@test "--fatal-errors" {
	passes --fatal-errors false <<-'END'
		bpf-merge --fatal-errors=false --strip-debug
		bpf-opt --fatal-errors=false
		bpf-codegen --fatal-errors=false -o out
	END
}

@test "--unresolved-symbols" {
	for mode in error warn ignore; do
		passes --unresolved-symbols $mode <<<"bpf-merge --unresolved-symbols=$mode --strip-debug"
	done
}

@test "--log-level, --log-file, --time, --no-limits and --no-sandbox reach every stage" {
	passes --log-level INFO --log-file log --time --no-limits --no-sandbox <<-'END'
		bpf-extract --log-level=info --log-file=log --time --no-limits --no-sandbox --thin in.bc
		bpf-merge --log-level=info --log-file=log --time --no-limits --no-sandbox --strip-debug
		bpf-internalize --log-level=info --log-file=log --time --no-limits --no-sandbox
		bpf-opt --log-level=info --log-file=log --time --no-limits --no-sandbox
		bpf-codegen --log-level=info --log-file=log --time --no-limits --no-sandbox -o out
	END
}

@test "--map and --why, as they are written elsewhere too" {
	for option in '--map out.map' --map=out.map '--Map out.map' --Map=out.map '-Map out.map' -Map=out.map; do
		# shellcheck disable=SC2086 # two words
		passes $option <<-'END'
			bpf-merge --strip-debug --note-map
			bpf-opt --note-map
			bpf-codegen --map=out.map -o out
		END
	done
	for option in --why --why-live; do
		passes $option f $option='g,h*' <<-'END'
			bpf-merge --strip-debug --note-map --why=f '--why=g,h*'
			bpf-opt --note-map
			bpf-codegen --why=f '--why=g,h*' -o out
		END
	done
	usage_error "option '-Map' needs a value" -o out in.bc -Map
	usage_error "option '--why' needs a value" -o out in.bc --why=
}

@test "--dump-module to a file, to a directory, to one yet to be made" {
	mkdir there
	passes --dump-module ir.ll <<<'bpf-codegen --dump-module=ir.ll -o out'
	passes --dump-module there <<-'END'
		bpf-opt --dump-module=there/pre-opt.ll
		bpf-codegen --dump-module=there/post-opt.ll -o out
	END
	passes --dump-module new/ <<-'END'
		mkdir -p -- new/ &&
		bpf-opt --dump-module=new/pre-opt.ll
		bpf-codegen --dump-module=new/post-opt.ll -o out
	END
	[[ ! -e new ]]
}

@test "--save-temps goes through files" {
	pipeline_is -o dir/out in.bc --save-temps <<-'END'
		bpf-extract -o dir/out.1-extract.tar in.bc &&
		bpf-merge -o dir/out.2-merge.bc --strip-debug dir/out.1-extract.tar &&
		bpf-internalize -o dir/out.3-internalize.bc dir/out.2-merge.bc &&
		bpf-opt -o dir/out.4-opt.bc dir/out.3-internalize.bc &&
		bpf-codegen -o dir/out dir/out.4-opt.bc
	END
}

@test "--save-temps=DIR" {
	pipeline_is -o dir/out in.bc --save-temps=new <<-'END'
		mkdir -p -- new &&
		bpf-extract -o new/out.1-extract.tar in.bc &&
		bpf-merge -o new/out.2-merge.bc --strip-debug new/out.1-extract.tar &&
		bpf-internalize -o new/out.3-internalize.bc new/out.2-merge.bc &&
		bpf-opt -o new/out.4-opt.bc new/out.3-internalize.bc &&
		bpf-codegen -o dir/out new/out.4-opt.bc
	END
	[[ ! -e new ]]
}

@test "--save-temps beside what is not a file goes to the working directory" {
	run --separate-stderr bpf-linker -### -o /dev/stdout in.bc --save-temps
	[[ $stderr == *'/bpf-extract -o stdout.1-extract.tar in.bc &&'* ]]
}

@test "--debug, -flavor and --rsp-quoting have no effect" {
	passes --debug -flavor gnu --flavor=ld --rsp-quoting=posix </dev/null
}

@test "rustc's command line" {
	pipeline_is --export-symbols d/symbols d/symbols.o d/hello.rcgu.o d/libcore-1.rlib \
		-L d/raw-dylibs --cpu generic -o d/hello -O3 --debug --btf <<-'END'
			bpf-extract --thin d/symbols.o d/hello.rcgu.o d/libcore-1.rlib -L d/raw-dylibs
			bpf-merge --export-symbols=d/symbols --btf
			bpf-internalize --export-symbols=d/symbols
			bpf-core
			bpf-debuginfo --btf
			bpf-opt --cpu=generic -O3
			bpf-codegen --cpu=generic -o d/hello
		END
}

# --- Forms ---

@test "every form of an option with a value" {
	for form in '-o out' -oout -o=out '--output out' --output=out; do
		pipeline_is in.bc $form -O2 < <(pipeline -o out in.bc -O=2)
	done
	passes -O3 <<<'bpf-opt -O3'
	passes -O=3 <<<'bpf-opt -O3'
	passes --cpu=v2 < <(passes --cpu v2 </dev/null | sed -n 's/^> //p')
}

@test "flags in a group, a value after them" {
	pipeline_is in.bc -vvoout < <(pipeline -o out in.bc)
	pipeline_is in.bc -vo out < <(pipeline -o out in.bc)
	run -0 bpf-linker -vV
	[[ $output == bpf-linker\ * ]]
}

@test "after --, everything is a file" {
	passes -- -a --btf -- @b <<<'bpf-extract --thin in.bc -- -a --btf -- @b'
}

@test "names that begin with @: after --, in a response file too, and the output" {
	echo '-- @b in.bc' >response
	passes @response <<<'bpf-extract --thin in.bc -- @b in.bc'
	compile calls-lib.c
	bpf-linker -o wanted calls-lib.bc
	cp calls-lib.bc @b
	for name in @out :; do
		bpf-linker -o=$name -- @b
		cmp ./$name wanted
	done
}

@test "values that begin with @" {
	touch @b @d @f # else the words alone are response files that are missing
	passes -L@a -L @b -l@c -l @d -l e --map @f <<-'END'
		bpf-extract --thin in.bc -L@a -L@b -l@c -l@d -l e
		bpf-merge --strip-debug --note-map
		bpf-opt --note-map
		bpf-codegen --map=@f -o out
	END
	mkdir @y && touch @x
	compile_program
	"$LLVM_AR" rcs @y/lib@x.a calls-lib.bc
	bpf-linker -o wanted calls.bc -L@y -l :lib@x.a
	for temps in '' --save-temps --save-temps=@dir; do
		bpf-linker -o=@out calls.bc -L@y -l@x --map=@map --log-file=@log --dump-module=@dump $temps
		cmp @out wanted
		bpf-linker -o=@out calls.bc -L @y -l @x $temps
		cmp @out wanted
		rm @out
		bpf-linker '-###' -o=@out calls.bc -L @y -l @x $temps 2>commands
		sh commands
		cmp @out wanted
	done
	[[ -e @out.2-merge.bc && -e @dir/@out.2-merge.bc ]]
}

@test "a value that ends in a colon" {
	passes -La: -o=out: <<<$'bpf-extract --thin in.bc -L a:\nbpf-codegen -o out:'
}

@test "- is standard input" {
	passes - <<<'bpf-extract --thin in.bc -'
}

@test "a value may begin with - when it is attached" {
	passes --dump-module=-ir -o-out <<<'bpf-codegen --dump-module=-ir -o -out'
}

# --- Response files ---

@test "a response file" {
	printf '%s\n' '-o out' "'a  b.bc' \"it's\" c\\ d \\\"e\\\\" "f'g'\"h\"" "'two" "lines'" \
		"'\\''" '"\"x\\"' >response
	pipeline @response last.bc | head -1 >given
	diff given - <<-'END'
		bpf-extract --thin 'a  b.bc' 'it'\''s' 'c d' '"e\' fgh "$(printf -- 'two\012lines')" ''\''' '"x\' last.bc
	END
}

@test "a response file in a response file, from a pipe" {
	echo '-o out @inner in.bc' >outer
	echo '--cpu v3' >inner
	pipeline_is @outer < <(pipeline -o out --cpu v3 in.bc)
	pipeline_is @<(cat outer) < <(pipeline -o out --cpu v3 in.bc)
}

@test "an empty word, an empty response file" {
	printf '%s' '--export ""' >response
	: >empty
	passes @empty @response < <(printf '%s\n' 'bpf-merge --export= --strip-debug' \
		'bpf-internalize --export=')
}

@test "a response file that is not there, or is no file" {
	usage_error "cannot read response file 'missing': No such file or directory" in.bc @missing
	mkdir dir
	mkfifo fifo
	usage_error "cannot read response file 'dir': Is a directory" @dir in.bc
	usage_error "cannot read response file 'fifo': is not a regular file" @fifo in.bc
	usage_error "cannot read response file '/dev/zero': is not a regular file" @/dev/zero in.bc
	# an input that is called so
	touch @input
	passes @input <<<'bpf-extract --thin in.bc @input'
}

@test "a response file in other encodings" {
	printf '\xef\xbb\xbf-o out in.bc' >marked
	pipeline_is @marked < <(pipeline -o out in.bc)
	printf '\xef\xbb\xbf' >empty
	passes @empty </dev/null
	printf -- '--cpu v3\n\0 --btf' >nul
	usage_error "response file 'nul' is no text: it has a NUL byte" -o out in.bc @nul
	for mark in '\xff\xfe' '\xfe\xff'; do
		printf "$mark-o" >wide
		usage_error "response file 'wide' is UTF-16; write it in UTF-8" -o out in.bc @wide
	done
}

@test "a response file of a million words at most, and each in its time" {
	yes in.bc | head -n 100000 | tr '\n' ' ' >response
	[[ $(timeout 10 bpf-linker -### -o out @response 2>&1 | head -n 1 | wc -w) == 10000[38] ]] # llvm-any has no bpf-extract
	yes in.bc | head -n 1000001 >response
	usage_error 'more than 1000000 arguments' -o out @response
}

@test "response files that name each other twice, and so on, are no more than can be read" {
	local i

	for i in {0..40}; do
		echo "@file$((i + 1)) @file$((i + 1))" >"file$i"
	done
	: >file41
	usage_error "more than 10000 response files, the last of them '@file39'" @file0
}

@test "a response file that names itself" {
	echo '@response' >response
	usage_error "response files nest too deep: '@response'" @response
}

# --- Command lines that are refused ---

@test "an unknown option" {
	usage_error "unknown option '--foo'" -o out in.bc --foo
	usage_error "unknown option '--foo'" -o out in.bc --foo=bar
	usage_error "unknown option '-x'" -o out in.bc -x
	usage_error "unknown option '-x' in '-vx'" -o out in.bc -vx
}

@test "an output that is an input" {
	echo precious >out
	ln -s out link
	ln out hard
	for file in out ./out "$PWD/out" link hard; do
		usage_error "the output 'out' is an input, too" -o out in.bc "$file"
	done
	usage_error "the output 'link' is an input, too" -o link out
	passes missing <<<'bpf-extract --thin in.bc missing'
}

@test "an output that is read: a library, symbols, a response file, standard input" {
	mkdir first second
	echo precious >out
	ln out first/libx.a
	ln out second/libx.a
	ln out second/liby.a
	touch first/liby.a
	for library in '-L first -l x' '-lx -Lfirst' '-L first -l :libx.a' '-L missing -L second -ly' '-Lsecond -l y -Lfirst'; do
		usage_error "the output 'out' is an input, too" -o out in.bc $library
	done
	# what is not found there, and what only has such a name
	passes -L first -L second -l y -l out -- -l <<<'bpf-extract --thin in.bc -L first -L second -l y -l out -- -l'
	usage_error "the output 'out' is an input, too" -o out in.bc --export-symbols ./out
	usage_error "the output 'out' is an input, too" -o out in.bc - <out
	usage_error "the output 'out' is an input, too" -o out in.bc --export-symbols - <out
	usage_error "the output 'out' is an input, too" -o out in.bc -- -L out
	echo '--cpu v3' >response
	ln response hard
	for output in response ./hard; do
		usage_error "the output '$output' is an input, too" -o $output in.bc @response
	done
	[[ $(<response) == '--cpu v3' ]]
	echo other >-
	pipeline -o - ./-
}

@test "other outputs that are read" {
	mkdir lib dump
	echo precious >out
	cp out lib/libx.a
	for file in in.bc symbols out.2-merge.bc dump/post-opt.ll; do
		cp out $file
	done
	echo '--cpu v3' >response
	ln -s ../response dump/pre-opt.ll
	for option in --map --dump-module --log-file; do
		for file in in.bc symbols lib/libx.a response; do
			usage_error "the output '$file' of '$option' is an input, too" -o new in.bc -L lib -lx --export-symbols symbols \
				@response $option=$file
		done
	done
	usage_error "the output 'dump/post-opt.ll' of '--dump-module' is an input, too" -o new dump/post-opt.ll --dump-module dump
	usage_error "the output 'dump/pre-opt.ll' of '--dump-module' is an input, too" -o new in.bc @response --dump-module dump/
	usage_error "the output 'out.2-merge.bc' of '--save-temps' is an input, too" -o out out.2-merge.bc --save-temps --log-file log
	usage_error "the output 'in.bc' of '--map' is an input, too" -o new in.bc -Map in.bc --save-temps=temps --dump-module made/
	for file in in.bc symbols out.2-merge.bc dump/post-opt.ll lib/libx.a; do
		cmp $file out
	done
	[[ $(<response) == '--cpu v3' && ! -e log && ! -e temps && ! -e made && ! -e new ]]
	pipeline -o /dev/null /dev/null --map /dev/null --dump-module /dev/null
}

@test "outputs that are one file" {
	mkdir dump
	ln -s . here
	ln -s yet-to-be dangling
	one() { # FIRST SECOND FILE ARGUMENT...
		usage_error "the outputs of '$1' and '$2' are one file, '$3'" in.bc "${@:4}"
	}
	one -o --dump-module here/out -o out --dump-module here/out
	one -o --dump-module new -o here/new --dump-module new
	one -o --dump-module dump/post-opt.ll -o dump/post-opt.ll --dump-module dump/
	one --dump-module --map ./m -o out --map ./m --dump-module m
	one -o --log-file yet-to-be -o dangling --log-file yet-to-be
	one --map --log-file m -o out --map m --log-file m
	one --dump-module --log-file m -o out --log-file m --dump-module m
	one --save-temps --map out.4-opt.bc -o out --save-temps --map out.4-opt.bc
	one -o --dump-module - -o - --dump-module -
	one -o --map /dev/stdout -o - --map /dev/stdout
	one --dump-module --map - -o out --map - --dump-module /dev/stdout
	one -o --log-file /dev/stdout -o - --log-file /dev/stdout
	one -o --log-file ./- -o ./- --log-file -
	[[ ! -e new && ! -e m && ! -e yet-to-be ]]
	pipeline -o /dev/null in.bc --map /dev/null --dump-module /dev/null --log-file /dev/null
	pipeline -o - in.bc --map m --dump-module dump/ --log-file - --save-temps
}

@test "an option that is misspelled, or of another linker" {
	usage_error "unknown option '--btff'; did you mean '--btf'?" -o out in.bc --btff
	usage_error "unknown option '--exprot'; did you mean '--export'?" -o out in.bc --exprot=a
	usage_error "unknown option '--optimise'" -o out in.bc --optimise
	for option in -fuse-ld=lld -Wl,--gc-sections -m64 -shared -g --as-needed -nodefaultlibs -Bstatic; do
		usage_error "unknown option '$option', which is for a linker of host programs; is bpf-linker set as the linker of another target than bpf?" \
			-o out in.bc $option
	done
	usage_error "invalid value 'native' for '--cpu' (possible values: generic, probe, v1, v2, v3, v4); native is the CPU that compiles, as in -C target-cpu=native for the host's programs: leave it out for BPF" \
		-o out in.bc --cpu native
}

@test "nothing to do" {
	usage_error 'no input files'
	usage_error 'no input files' -o out
	usage_error 'no output file; name it with -o' in.bc
	usage_error 'the name of an input file is empty' -o out ''
}

@test "a value that is missing" {
	for option in -o --output --target --cpu --cpu-features --emit -O --export --export-symbols -L -l \
		--debug-info --btf-source --llvm-args --dump-module --log-level --log-file --fatal-errors \
		--unresolved-symbols --flavor; do
		usage_error "option '$option' needs a value" in.bc $option
		[[ $option == --llvm-args || $option == --cpu-features ]] ||
			usage_error "option '$option' needs a value" in.bc $option --btf
	done
	usage_error "option '-flavor' needs a value" -flavor
}

@test "a value that is empty" {
	usage_error "option '--output' needs a value" --output= in.bc
	usage_error "option '-o' needs a value" -o '' in.bc
	usage_error "option '-O' needs a value" -O= in.bc
	usage_error "option '--save-temps' needs a value" --save-temps= in.bc
}

@test "a value for a flag" {
	for flag in --btf --unroll-loops --ignore-inline-never --disable-expand-memcpy-in-order \
		--disable-memory-builtins --allow-bpf-trap --debug --time --no-limits --no-sandbox --help --version; do
		usage_error "option '$flag' takes no value" -o out in.bc $flag=true
	done
	usage_error "option '-v' takes no value" -o out in.bc -v=1
}

@test "a value that is none of the possible ones" {
	refuse() {
		usage_error "invalid value '$2' for '$1' (possible values: $3)" -o out in.bc "$1" "$2"
	}
	refuse --cpu v9 'generic, probe, v1, v2, v3, v4'
	refuse --cpu 'v1|v2' 'generic, probe, v1, v2, v3, v4'
	refuse --emit exe 'obj, asm, llvm-ir, llvm-bc'
	refuse -O 4 '0, 1, 2, 3, s, z'
	refuse --debug-info some 'lines, full, none'
	refuse --btf-source some 'embed, none'
	refuse --log-level loud 'off, error, warn, info, debug, trace'
	refuse --fatal-errors yes 'true, false'
	refuse --unresolved-symbols allow 'error, warn, ignore'
}

# --- Help and version ---

@test "--help names every option" {
	run -0 --separate-stderr bpf-linker --help
	[[ ! $stderr ]]
	for option in '-o, --output PATH' '--target TRIPLE' '--cpu CPU' '--cpu-features LIST' '--emit KIND' \
		'-O LEVEL' '--export LIST' '--export-symbols PATH' '-L DIR' '-l NAME' --btf \
		'--debug-info WHAT' '--btf-source WHAT' --unroll-loops --ignore-inline-never --disable-expand-memcpy-in-order \
		--disable-memory-builtins --allow-bpf-trap '--llvm-args LIST' '--dump-module PATH' \
		'--log-level LEVEL' '--log-file PATH' '--fatal-errors BOOL' --debug '-flavor X' \
		'-h, --help' '-V, --version' '--save-temps[=DIR]' -v -### --time --no-limits --no-sandbox '--unresolved-symbols MODE'; do
		grep -q -e "^ .* ${option//[/\\[}\$" -e "^ .* ${option//[/\\[}  " -e "^${option} " -e "and $option " \
			<<<"$output" || { echo "not in the help: $option" && return 1; }
	done
	[[ $(bpf-linker -h) == "$output" && $(bpf-linker in.bc -h --foo) == "$output" ]]
}

@test "--version names the LLVM versions" {
	run -0 --separate-stderr bpf-linker --version
	[[ ${lines[0]} =~ ^bpf-linker\ [0-9.]+$ && ${lines[1]} =~ ^LLVM.*\ $LLVM_MAJOR\. && ! $stderr ]]
	[[ $(bpf-linker -V) == "$output" ]]
}

@test "--version with several LLVMs" {
	make_stubs
	stub codegen 'printf "bpf-codegen 0\nLLVM 1.2.3\n"'
	cp -r stubs/libexec/bpf-linker/llvm-{1,20}
	sed -i s/1.2.3/20.1.0/ stubs/libexec/bpf-linker/llvm-20/bpf-codegen
	run -0 bpf-linker --version
	[[ ${lines[1]} == 'LLVM 1.2.3, 20.1.0' ]]
}

# --- Shells ---

# each_shell: the shells that are to run the driver, a line each; in CI, all of them are here
each_shell() {
	local shell
	for shell in dash 'bash --posix' bash mksh 'busybox ash' 'zsh --emulate sh'; do
		if command -v "${shell%% *}" >/dev/null; then
			echo "$shell"
		elif [[ ${CI-} == true ]]; then
			echo "not here: $shell" >&2
			return 1
		fi
	done
}

@test "any shell runs the driver" {
	compile_program
	driver=$(command -v bpf-linker)
	bpf-linker --btf -O3 -o wanted calls.bc calls-lib.bc
	ln -s "$driver" link
	echo "--btf -O3 'calls.bc' calls-lib.bc" >response
	each_shell >shells
	while read -r shell; do
		for arguments in "$driver --btf -O3 -o out calls.bc calls-lib.bc" './link -oout @response' \
			"$driver --btf -O3 --save-temps=stages -o out calls.bc calls-lib.bc" \
			"$driver -v --time --log-level=info --btf -O3 -o out calls.bc calls-lib.bc"; do
			rm -rf out stages
			# shellcheck disable=SC2086 # several words
			$shell $arguments </dev/null 2>said || { cat said && return 1; }
			cmp out wanted || { echo "$shell $arguments" && return 1; }
		done
		# shellcheck disable=SC2086
		run --separate-stderr -1 $shell "$driver" -o out missing.bc
		[[ $stderr == 'bpf-linker: error: missing.bc: No such file or directory' ]]
		# shellcheck disable=SC2086
		run --separate-stderr -2 $shell "$driver" -o out --cpu=v9 missing.bc
		[[ $stderr == "bpf-linker: error: invalid value 'v9' for '--cpu' "* ]]
		# shellcheck disable=SC2086
		cat calls-lib.bc | $shell "$driver" -o /dev/stdout - calls.bc | cmp - <(bpf-linker -o /dev/stdout calls-lib.bc calls.bc)
	done <shells
}

@test "any shell ends with what it runs, and the other way round" {
	make_stubs
	driver=$PWD/stubs/bin/bpf-linker
	each_shell >shells
	while read -r shell; do
		stub merge 'kill -SEGV $$'
		# shellcheck disable=SC2086
		run --separate-stderr -1 $shell "$driver" -o out in.bc
		[[ $stderr == 'bpf-linker: error: a stage was killed by signal 11 (SEGV)' ]] || { echo "$shell: $stderr" && return 1; }
		for stage in extract merge; do
			stub $stage "$WAITS"
		done
		for signal in INT TERM; do
			rm -f pids
			# shellcheck disable=SC2086
			env --default-signal=INT $shell "$driver" -o out - </dev/null 3>&- 4>&- &
			wait_until has_lines pids 4
			kill -$signal $!
			ends_with $((128 + $(kill -l $signal))) $!
			wait_until no_process_left
		done
		stub extract 'echo stream'
	done <shells
}

@test "what the environment has for other shells changes nothing" {
	compile_program
	bpf-linker --btf -o wanted calls.bc calls-lib.bc
	echo 'echo hijacked' >startup
	for setting in SHELLOPTS=errexit:nounset:noglob:noclobber:allexport "BASH_ENV=$PWD/startup" "ENV=$PWD/startup" IFS=/bp \
		CDPATH=/tmp POSIXLY_CORRECT=1 LC_ALL=xx_YY.UTF-8 LANG=xx_YY.UTF-8 opt_btf=yes GIVEN=--nonsense ANY=/x \
		'BASH_FUNC_printf%%=() { echo hijacked; }' 'BASH_FUNC_exec%%=() { echo hijacked; }'; do
		rm -f out
		run -0 env "$setting" bpf-linker --btf -o out calls.bc calls-lib.bc
		# mksh itself warns of such a locale, before it reads the script
		[[ ! $output || $(env "$setting" sh -c : 2>&1) == *setlocale* ]] || { echo "$setting: $output" && return 1; }
		cmp out wanted
	done
}

@test "a list of symbols in other encodings" {
	compile_program
	bpf-linker --log-level=error --export calls -o wanted calls.bc calls-lib.bc
	printf '\xef\xbb\xbfcalls\n' >marked
	printf 'calls\n\0other' >nul
	printf '\xff\xfec\0' >wide
	bpf-linker --log-level=error --export-symbols marked -o out calls.bc calls-lib.bc && cmp out wanted
	bpf-linker --log-level=error --export-symbols - -o out calls.bc calls-lib.bc <marked && cmp out wanted
	one_error 'bpf-linker: error: nul: is no text: it has a NUL byte' \
		bpf-linker --export-symbols nul -o out calls.bc calls-lib.bc
	one_error 'bpf-linker: error: <stdin>: is no text: it has a NUL byte' \
		bpf-linker --export-symbols - -o out calls.bc calls-lib.bc <nul
	one_error 'bpf-linker: error: wide: is UTF-16; write it in UTF-8' \
		bpf-linker --export-symbols wide -o out calls.bc calls-lib.bc
	cmp out wanted
}

@test "symbols that can be read but once, by two stages" {
	local link temps
	compile_program
	printf '# what stays\n\n  twice  # x\r\ncalls' >list
	echo calls >program
	for temps in '' --save-temps=stages; do
		link="bpf-linker --log-level=error $temps -o out calls.bc calls-lib.bc"
		bpf-linker --log-level=error --export-symbols list -o wanted calls.bc calls-lib.bc
		bash -c "$link --export-symbols <(cat list)" && cmp out wanted
		bash -c "cat list | $link --export-symbols -" && cmp out wanted
		bash -c "$link --export-symbols=/dev/stdin <list" && cmp out wanted
		bash -c "$link --export-symbols=/dev/fd/7 7<list" && cmp out wanted
		[[ -p fifo ]] || mkfifo fifo
		cat list >fifo &
		bash -c "$link --export-symbols=fifo" && cmp out wanted
		bpf-linker --log-level=error --export-symbols program --export=twice -o wanted calls.bc calls-lib.bc
		bash -c "$link --export=twice --export-symbols <(cat program)" && cmp out wanted
		bpf-linker --log-level=error --export= -o wanted calls.bc calls-lib.bc
		bash -c "$link --export-symbols=/dev/null" && cmp out wanted
	done
	one_error 'bpf-linker: error: /dev/absent: No such file or directory' bpf-linker --export-symbols=/dev/absent -o out calls.bc
	# with a comma in its name
	printf '%s\n' 'target triple = "bpf"' 'define i32 @"a,b"() { ret i32 1 }' 'define i32 @b() { ret i32 2 }' \
		'define i32 @"c\5C"() { ret i32 3 }' >commas.ll
	printf '%s\n' 'a,b' 'c\' >names
	bpf-linker --export-symbols names -o wanted commas.ll
	[[ $("$OBJDUMP" -t wanted) == *' a,b'* && $("$OBJDUMP" -t wanted) != *' b'$'\n'* ]]
	bpf-linker --export-symbols - -o out commas.ll <names
	cmp out wanted
	bpf-linker --export='c\\,a\,b' -o out commas.ll
	cmp out wanted
	bpf-linker --export='a\,b' --export='c\\' -o out commas.ll
	cmp out wanted
	# one error, of two files that are not there
	one_error 'bpf-linker: error: absent: No such file or directory' bpf-linker --export-symbols=absent -o out absent.bc
	# in bash, a pipe takes the place of standard input
	for link in sh bash; do
		link="timeout 5 $link $(command -v bpf-linker) -o out calls.bc"
		one_error 'bpf-linker: error: <stdin>: Bad file descriptor' bash -c "$link --export-symbols - <&-"
		run -2 bash -c "$link @/dev/fd/0 <&-"
		[[ $output == "bpf-linker: error: cannot read response file '/dev/fd/0': No such file"* ]]
	done
}

@test "an output on a descriptor is what the user has there" {
	local name
	compile_program
	bpf-linker --emit=asm -o wanted calls.bc calls-lib.bc
	for name in /dev/stderr /dev/fd/2 /proc/self/fd/2; do
		bpf-linker --emit=asm -o $name calls.bc calls-lib.bc 2>got
		cmp got wanted
		bpf-linker --map $name -o out calls.bc calls-lib.bc 2>got
		[[ $(<got) == *calls.bc* ]]
		bpf-linker --dump-module $name -o out calls.bc calls-lib.bc 2>got
		[[ $(<got) == *'define '* ]]
	done
	bpf-linker --emit=asm -o /dev/fd/7 calls.bc calls-lib.bc 7>got
	cmp got wanted
	for ((number = 3; number < 10; number++)); do
		for name in /dev/fd/$number /proc/self/fd/$number; do
			one_error "bpf-linker: error: $name: *" bash -c "exec $number>&-; bpf-linker -o $name calls.bc calls-lib.bc"
			one_error "bpf-linker: error: $name: *" bash -c "exec $number>&-; bpf-linker -o out --map $name calls.bc calls-lib.bc"
			one_error "bpf-linker: error: $name: *" bash -c "exec $number>&-; bpf-linker -o out --export-symbols $name calls.bc calls-lib.bc"
		done
	done
}

@test "--save-temps: a stage that fails writes nothing to standard output" {
	compile_program
	echo garbage >garbage.bc
	run -1 --separate-stderr bpf-linker --save-temps=stages -o out garbage.bc
	[[ ! $output ]]
	[[ $(bpf-linker --save-temps=stages -o out garbage.bc 2>/dev/null | wc -c) == 0 ]]
	[[ $(bpf-linker --save-temps=stages --target=x86_64 -o out calls.bc calls-lib.bc 2>/dev/null | wc -c) == 0 ]]
}

@test "a log that is read while it is written" {
	compile_program
	mkfifo fifo
	for ((i = 0; i < 5; i++)); do
		timeout 20 cat fifo >got &
		timeout 20 bpf-linker --log-file=fifo --log-level=debug -o out calls.bc calls-lib.bc
		wait $!
		[[ -s got ]]
	done
	# whose reader is slow to start, and which has none
	sleep 0.3 && exec timeout 20 cat fifo >got &
	timeout 20 bpf-linker --log-file=fifo --log-level=debug -o out calls.bc calls-lib.bc
	wait $!
	grep -q bpf-extract got && grep -q bpf-linker got
	one_error "bpf-linker: error: cannot write log file 'fifo': nobody reads it" \
		timeout 5 bpf-linker --log-file fifo -o other calls.bc calls-lib.bc
	[[ ! -e other ]]
}

@test "all tools in one folder" {
	compile_program
	mkdir flat
	toolset=$(dirname "$(readlink -f "$(command -v bpf-merge)")")
	cp "$toolset"/* "$BUILT"/libexec/bpf-linker/bpf-driver "$BUILT/bin/bpf-linker" flat
	[[ -e flat/bpf-extract ]] || cp "$BUILT/libexec/bpf-linker/bpf-extract" flat # llvm-any has none
	bpf-linker --btf -o wanted calls.bc calls-lib.bc
	for driver in flat/bpf-linker ./flat/bpf-linker "$PWD/flat/bpf-linker"; do
		$driver --btf -o out calls.bc calls-lib.bc
		cmp out wanted
	done
	run -0 flat/bpf-linker --version
	[[ $output == *$'\n'"tools: $PWD/flat" ]]
	(cd flat && PATH=$PWD:$PATH bpf-linker --btf -o out ../calls.bc ../calls-lib.bc)
	cmp flat/out wanted
	run -0 bpf-linker --version
	[[ $output == *$'\n'"tools: "*/libexec/bpf-linker ]]
}

@test "a system of busybox alone" {
	toolset=$(dirname "$(readlink -f "$(command -v bpf-merge)")")
	((EUID == 0)) || skip 'only root may chroot'
	! "$READELF" -l "$toolset/bpf-merge" | grep -q INTERP || skip 'these tools need shared libraries'
	compile_program
	bpf-linker -O3 -o wanted calls.bc calls-lib.bc # BTF would quote the source, which is not there
	mkdir -p root/bin root/dev "root/opt/libexec/bpf-linker/${toolset##*/}" root/opt/bin
	cp "$(command -v busybox)" root/bin/busybox
	! "$READELF" -l root/bin/busybox | grep -q INTERP || skip 'busybox-static is not installed'
	for applet in sh cat tr readlink mkdir; do
		ln -s busybox root/bin/$applet
	done
	cp "$BUILT/bin/bpf-linker" root/opt/bin
	cp "$BUILT"/libexec/bpf-linker/bpf-{extract,driver} root/opt/libexec/bpf-linker
	cp "$toolset"/bpf-* "root/opt/libexec/bpf-linker/${toolset##*/}"
	cp calls.bc calls-lib.bc root
	echo '-O3 calls.bc calls-lib.bc' >root/response
	for arguments in '-O3 calls.bc calls-lib.bc' @response '--save-temps=stages @response' '-v @response'; do
		rm -f root/out
		chroot root /bin/sh -c "/opt/bin/bpf-linker -o out $arguments" 2>said || { cat said && return 1; }
		cmp root/out wanted
	done
	run -2 chroot root /bin/sh -c '/opt/bin/bpf-linker --btff'
	[[ $output == *"did you mean '--btf'?"* ]]
}

@test "more files than a command line may have" {
	compile calls-lib.c
	mkdir "a \\folder's"
	cp calls-lib.bc "a \\folder's/"
	# bats looks at each command of the shell's
	seq -f "input that has a longer name %g.bc" 0 3999 >names
	sed "s/.*/'a \\\\\\\\folder'\\\\''s\/&'/" names >response
	(cd "a \\folder's" && tr '\n' '\0' <../names | xargs -0 touch)
	one_error "bpf-linker: error: a ?folder's/input that has a longer name 0.bc: is empty" bpf-linker -o out @response
	sed "s/input that has a longer name [0-9]*/calls-lib/" response | head -1 >one
	bpf-linker -o wanted --export=calls,twice,thrice @one
	seq -f '--export=a_symbol_that_no_input_has_%g_0123456789012345678901234567890123456789' 0 3999 >>one
	bpf-linker -o out --log-level=error --export=calls,twice,thrice @one
	cmp out wanted
}

@test "words that become more than a command line may have" {
	compile calls-lib.c
	mkdir "q'q"
	bpf-linker -o wanted --export=calls,twice,thrice calls-lib.bc
	# a list that this shell reads
	seq -f 'symbol_number_%g' 0 6999 >symbols
	printf '%s\n' calls twice thrice >>symbols
	bpf-linker --log-level=error -o out --export-symbols - calls-lib.bc <symbols
	cmp out wanted
	bpf-linker --log-level=error -v -o out --export-symbols - calls-lib.bc <symbols 2>commands
	cmp out wanted
	grep -c '/bpf-[em][a-z]* ' commands | grep -x 2
	# a value that two stages get
	bpf-linker --log-level=error -o out --export="calls,twice,thrice,$(head -c 49960 /dev/zero | tr '\0' x)" calls-lib.bc
	cmp out wanted
	# a name that doubles when it is quoted
	cp calls-lib.bc "q'q/.bc"
	yes "q'q/.bc" | head -n 3400 | tr '\n' '\0' >names
	run -123 xargs -0 -x bpf-linker -o out <names
	[[ $output == *duplicate* && $output != *'not found'* ]]
}

# --- Finding the tools ---

@test "the newest toolset" {
	make_stubs
	for version in 9 100 22 any ''; do
		cp -r stubs/libexec/bpf-linker/llvm-{1,$version}
	done
	mkdir stubs/libexec/bpf-linker/llvm-200 # no tools are in it
	run bpf-linker -### -o out in.bc
	[[ $output == *bpf-linker/llvm-100/bpf-merge* ]]
}

@test "no toolset" {
	make_stubs
	rm -r stubs/libexec/bpf-linker/llvm-1
	one_error "bpf-linker: error: no LLVM toolset in '$PWD/stubs/libexec/bpf-linker'; *" \
		bpf-linker -o out in.bc
}

@test "a missing tool" {
	make_stubs
	folder=stubs/libexec/bpf-linker
	mv $folder/bpf-extract kept
	one_error "bpf-linker: error: '$PWD/$folder/bpf-extract' is missing; *" bpf-linker -o out in.bc
	mv kept $folder/bpf-extract
	rm $folder/llvm-1/bpf-merge
	one_error "bpf-linker: error: no LLVM toolset in '$PWD/$folder'; *" bpf-linker -o out in.bc
}

@test "called by any path" {
	make_stubs
	ln -s "$PWD/stubs/bin/bpf-linker" link
	ln -s link link-to-link
	mkdir elsewhere
	ln -s "$PWD/stubs/bin" elsewhere/bin
	mkdir 'with space' && mv stubs/libexec stubs/bin 'with space' && rmdir stubs &&
		ln -s 'with space' stubs
	for driver in ./link ./link-to-link elsewhere/bin/bpf-linker stubs/bin/bpf-linker bpf-linker \
		'with space/bin/bpf-linker'; do
		rm -f out
		"$driver" -o out in.bc
		[[ $(<out) == stream ]]
	done
	(cd stubs/bin && bash bpf-linker -o out -### in.bc)
}

# --- Printed commands ---

@test "printed commands give the same bytes" {
	compile_program
	mkdir "it's \"a\" \$dir"
	cp calls.bc "it's \"a\" \$dir/a & b;.bc"
	cp calls-lib.bc $'new\nline*.bc'
	for option in -O2 --save-temps '--save-temps=new dir' --dump-module=ir/; do
		arguments=(-o "out 'put" "it's \"a\" \$dir/a & b;.bc" $'new\nline*.bc' "$option" --btf)
		bpf-linker "${arguments[@]}"
		mv "out 'put" wanted
		for shell in bash sh; do
			rm -rf 'new dir' ir
			bpf-linker -### "${arguments[@]}" 2>commands
			[[ ! -e "out 'put" ]]
			$shell commands
			cmp "out 'put" wanted
			$shell -c "$(<commands)"
			cmp "out 'put" wanted
			rm "out 'put"
		done
	done
}

@test "-v prints the same, and runs it" {
	make_stubs
	run --separate-stderr bpf-linker -### -o out in.bc
	printed=$stderr
	[[ ! -e out ]]
	run -0 --separate-stderr bpf-linker -v -o out in.bc
	[[ $stderr == "$printed" && ! $output && $(<out) == stream ]]
}

@test "what is printed is what the stages are given" {
	make_stubs
	for stage in extract merge; do
		stub $stage "printf '%q ' \"\${0##*/}\" \"\$@\" >$stage; cat"
	done
	bpf-linker -v -o 'a b' --cpu v3 --export 'x y' --log-level debug "q'q" -- -z </dev/null 2>printed
	sed 's,^[^ ]*/bpf-,bpf-,; s/ |$//' printed | while IFS= read -r line; do
		eval "printf '%q ' $line; echo"
	done >wanted
	for stage in extract merge; do
		cat $stage && echo
	done | diff wanted -
}

# --- Outputs besides the object ---

@test "--save-temps keeps what each stage wrote" {
	compile_program
	bpf-linker -o plain calls.bc calls-lib.bc
	bpf-linker -o out calls.bc calls-lib.bc --save-temps
	cmp out plain
	bsdtar=$(tar -tf out.1-extract.tar)
	[[ $bsdtar == *calls.bc*calls-lib.bc* ]]
	for saved in out.2-merge.bc out.3-internalize.bc out.4-opt.bc; do
		[[ $(head -c 2 $saved) == BC ]]
	done
	bpf-linker -o out calls.bc calls-lib.bc --save-temps=a/b
	cmp a/b/out.4-opt.bc out.4-opt.bc
}

@test "--save-temps ends where a stage fails" {
	make_stubs
	stub extract '[[ $1 != -o ]] || echo stream >"$2"'
	stub merge 'echo "bpf-merge: error: no" >&2; exit 2'
	run --separate-stderr bpf-linker -o out in.bc --save-temps
	[[ $status == 2 && $stderr == 'bpf-merge: error: no' && -e out.1-extract.tar ]]
	[[ $(wc -l <pids) == 3 && ! -e out ]] # bpf-extract was asked for the LLVM first
	stub merge 'kill -9 $$'
	one_error 'bpf-linker: error: bpf-merge was killed by signal 9 (KILL), perhaps since memory ran out' \
		bpf-linker -o out in.bc --save-temps
}

@test "--save-temps ends on a signal" {
	make_stubs
	stub extract "$WAITS"
	stub merge 'touch merged'
	bpf-linker -o out in.bc --save-temps 3>&- &
	wait_until has_lines pids 3 # bpf-extract was asked for the LLVM first
	kill $!
	ends_with 143 $!
	wait_until no_process_left
	[[ ! -e merged ]]
}

@test "a directory that cannot be made, a log that cannot be written" {
	touch file
	one_error "bpf-linker: error: cannot make directory 'file/x': *" \
		bpf-linker -o out in.bc --save-temps=file/x
	one_error "bpf-linker: error: cannot make directory 'file/x/': *" \
		bpf-linker -o out in.bc --dump-module file/x/
	one_error "bpf-linker: error: cannot write log file 'none/log': No such file or directory" \
		bpf-linker -o out in.bc --log-file none/log
	[[ ! -e out ]]
}

@test "--dump-module" {
	compile_program
	bpf-linker -o out calls.bc calls-lib.bc --dump-module one.ll
	bpf-linker -o out calls.bc calls-lib.bc --dump-module made/
	grep -q '^define' one.ll
	cmp one.ll made/post-opt.ll
	grep -q '^define' made/pre-opt.ll
	run ! cmp -s made/pre-opt.ll made/post-opt.ll
}

@test "--log-file begins anew" {
	compile_program
	echo old >log
	bpf-linker -o out calls.bc calls-lib.bc --log-file log --log-level trace
	run ! grep -q old log
	[[ -s log ]]
}

# library_and_program [FLAG...]: program.bc and lib.a, of which one member is linked
library_and_program() {
	cat >program.c <<-'END'
		#define SEC(name) __attribute__((section(name), used))
		volatile int counter;
		int table[4] = {1, 2, 3, 4};
		int in_library(int x), of_kernel(int x) __attribute__((section(".ksyms")));
		static __attribute__((noinline)) int helper(int x)
		{
			volatile int copy[8] = {x};
			return in_library(copy[x & 7]) + counter;
		}
		SEC("xdp") int program(int *context) { return helper(*context) + table[*context & 3]; }
		#ifdef KERNEL
		SEC("tc") int second(int *context) { return of_kernel(*context); }
		#else
		SEC("tc") int second(int *context) { return *context; }
		#endif
		static int unused(int x) { return x + 1; }
		int not_exported(int x) { return unused(x); }
		char LICENSE[] SEC("license") = "GPL";
	END
	echo 'int own; int in_library(int x) { return x + own; } int not_needed(int x) { return x; }' >used.c
	echo 'int lonely(int x) { return x; }' >lonely.c
	for name in program used lonely; do
		"$CLANG" "${BPF_CFLAGS[@]}" "$@" -emit-llvm -c -o $name.bc $name.c
	done
	"$LLVM_AR" rcs lib.a used.bc lonely.bc
}

@test "--map says what the object has, with each kind of debug info, for both byte orders" {
	local options

	library_and_program
	for options in '' --btf '--btf --debug-info=none' '--btf --debug-info=full' '-O3 --unroll-loops' \
		'--export program,second' '--ignore-inline-never' --cpu=v1; do
		# shellcheck disable=SC2086 # several words, or none
		bpf-linker -o without program.bc lib.a $options
		# shellcheck disable=SC2086
		run -0 bpf-linker -o out program.bc lib.a $options --map out.map
		[[ ! $output ]]
		cmp out without
		map_agrees out.map out
		[[ $(in_map out.map function program) == *' program.bc'* ]]
	done
	for name in program used lonely; do
		"$CLANG" -target bpfeb -O2 -emit-llvm -c -o $name.bc $name.c
	done
	bpf-linker -o out program.bc used.bc lonely.bc --map out.map
	map_agrees out.map out
	[[ $(in_map out.map function in_library) == *' used.bc'* ]]
}

@test "--map says where it came from, stack, what was inlined and what was dropped" {
	library_and_program -DKERNEL
	bpf-linker --btf -o out program.bc lib.a --export program,second --map out.map
	[[ $(head -n 1 out.map | tr -s ' ') == ' Offset Size Insns Stack Kind Section Input Symbol Note' ]]
	awk 'NF < 8 { exit 1 }' <(tail -n +2 out.map)
	[[ $(in_map out.map function helper) == [1-9]*' 32 program.bc' ]]
	[[ $(in_map out.map function program) == [1-9]*' '[0-9]*' program.bc' ]]
	[[ $(in_map out.map variable counter) == '- - program.bc' ]]
	[[ $(in_map out.map dropped own) == '- - lib.a(used.bc)' ]]
	[[ $(in_map out.map inlined in_library) == '- - lib.a(used.bc) inlined into helper' ]]
	[[ $(in_map out.map dropped not_needed) == '- - lib.a(used.bc)' ]]
	[[ $(in_map out.map dropped not_exported) == '- - program.bc' ]]
	[[ $(in_map out.map undefined of_kernel) == '- - -' ]]
	absent lonely out.map
	# each section, in order
	diff <(awk '$5 == "section" { print $6 }' out.map) \
		<("$READELF" -SW out | sed -nE 's/^ *\[ *[1-9][0-9]*\] ([^ ]+) .*/\1/p')
}

@test "--map - goes to standard output" {
	library_and_program
	bpf-linker -o out program.bc lib.a --map out.map
	run -0 --separate-stderr bpf-linker -o out program.bc lib.a -Map=-
	[[ $output == "$(<out.map)" && ! $stderr ]]
}

@test "--map of what is no object has no offsets, and changes no byte" {
	library_and_program
	for kind in asm llvm-ir llvm-bc; do
		bpf-linker --btf --emit $kind -o without program.bc lib.a
		bpf-linker --btf --emit $kind -o out program.bc lib.a --map out.map --why program 2>chain
		cmp out without
		grep '^live symbol' chain
		[[ $(in_map out.map function program) == '- '*' program.bc' ]]
		[[ $(in_map out.map inlined in_library) == '- - lib.a(used.bc) inlined into helper' ]]
		awk '$1 != "-" && $1 != "Offset" { print; exit 1 }' out.map
	done
}

@test "a map is written when the link succeeds, and nowhere else than it was told" {
	library_and_program
	ln -s . here
	ln -s out link
	for map in out ./out "$PWD/out" here/out link; do
		for before in no yes; do
			rm -f out
			[[ $before == no ]] || echo before >out
			run -2 --separate-stderr bpf-linker -o out program.bc lib.a --map "$map"
			[[ $stderr == "bpf-linker: error: the outputs of '-o' and '--map' are one file, '$map'"* ]]
			[[ $before == no && ! -e out || $(<out) == before ]]
		done
	done
	run -2 --separate-stderr bpf-linker -o - program.bc lib.a --map -
	[[ ! $output && $stderr == "bpf-linker: error: the outputs of '-o' and '--map' are one file, '-'"* ]]
	one_error 'bpf-linker: error: none/out.map: No such file or directory' \
		bpf-linker -o out2 program.bc lib.a --map none/out.map
	[[ ! -e out2 ]]
	echo before >out.map
	run -1 bpf-linker -o out2 program.bc --unresolved-symbols=error --map out.map
	[[ $(<out.map) == before && ! -e out2 ]]
	run -1 bpf-linker -o none/out program.bc --map out.map
	[[ $(<out.map) == before ]]
	run ! ls -d .bpf-linker.*
	bpf-linker -o /dev/null program.bc lib.a --map /dev/null
}

@test "--why: chains, what was inlined, and the same object" {
	library_and_program
	bpf-linker -o without program.bc lib.a
	run -0 --separate-stderr bpf-linker -o out program.bc lib.a --why in_library --why own --why lonely
	cmp out without
	diff - <(echo "$stderr") <<-'END'
		live symbol: lib.a(used.bc):(in_library)
		>>> referenced by: program.bc:(helper) (program.c:8)
		>>> referenced by: program.bc:(program) (program.c:10) (marked as used)
		live symbol: lib.a(used.bc):(own)
		>>> referenced by: lib.a(used.bc):(in_library) (used.c:1)
		>>> referenced by: program.bc:(helper) (program.c:8)
		>>> referenced by: program.bc:(program) (program.c:10) (marked as used)
		dead symbol: lib.a(lonely.bc):(lonely) (this member is not linked: no live symbol needs it)
		inlined symbol: lib.a(used.bc):(in_library) (into helper)
	END
	[[ ! $output ]]
}

@test "--time says a line for each stage, and one for all" {
	compile_program
	run -0 --separate-stderr bpf-linker -o out calls.bc calls-lib.bc --time
	sorted=$(cut -d' ' -f1 <<<"$stderr" | sort | tr '\n' ' ')
	[[ $sorted == 'bpf-codegen bpf-extract bpf-internalize bpf-linker bpf-merge bpf-opt ' ]]
	[[ ${stderr##*$'\n'} =~ ^bpf-linker\ +wall\ +[0-9]+\.[0-9]\ ms$ ]]
}

@test "standard input and standard output" {
	compile calls-lib.c
	bpf-linker -o out calls-lib.bc
	bpf-linker -o from-stdin - <calls-lib.bc
	cmp out from-stdin
	bpf-linker -o /dev/stdout calls-lib.bc | cmp out -
	bpf-linker -o out2 calls-lib.bc <&-
	cmp out out2
}

# --- Processes ---

@test "the stages run at the same time" {
	make_stubs
	stub extract 'for i in {1..500}; do [[ -e started ]] && exec echo met; sleep 0.01; done; exit 1'
	stub merge 'touch started; cat >out'
	bpf-linker -o out in.bc
	[[ $(<out) == met ]]
}

@test "the stages have no descriptor but the three, and what the driver was given" {
	make_stubs
	for stage in extract merge; do
		stub $stage "echo /proc/\$\$/fd/* >$stage; cat"
	done
	for input in in.bc -; do # bpf-extract chooses the toolset, and the driver
		rm -f extract merge
		bpf-linker -o out $input </dev/null
		sed 's,/[0-9]*/,//,g' extract >given
		sed 's,/[0-9]*/,//,g' merge | diff given -
	done
	stubs/libexec/bpf-linker/bpf-extract </dev/null >/dev/null
	sed 's,/[0-9]*/,//,g' extract | diff - given
}

@test "no descriptor is free, as cargo may leave it" {
	compile_program
	bpf-linker -o wanted calls.bc calls-lib.bc
	each_shell >shells
	driver=$(command -v bpf-linker)
	while read -r shell; do
		# shellcheck disable=SC2086
		$shell "$driver" -o out /dev/fd/8 /dev/stdin <calls-lib.bc 8<calls.bc 3<&0 4<&0 5<&0 6<&0 7<&0 9<&0
		bpf-linker -o named /dev/fd/8 /dev/stdin <calls-lib.bc 8<calls.bc
		cmp out named
		# shellcheck disable=SC2086
		run --separate-stderr -1 $shell "$driver" -o out missing 3<&0 4<&0 5<&0 6<&0 7<&0 8<&0 9<&0
		[[ $stderr == 'bpf-linker: error: missing: No such file or directory' ]]
	done <shells
}

@test "a stage that fails gives its exit status, and no further message" {
	make_stubs
	echo precious >out
	# as common/pipeline.h has it: newlines in place of the output
	stub merge 'IFS= read -r -d "" all; [[ ${all//[$'"'\\n'"']/} ]] || exit $((${#all} - 2))'
	for stage in extract merge; do
		for input in in.bc -; do
			stub $stage 'cat >/dev/null; echo "the message" >&2; printf "\n\n\n"; exit 1'
			one_error 'the message' bpf-linker -o out $input </dev/null
			stub $stage 'cat >/dev/null; echo "the message" >&2; printf "\n\n\n\n"; exit 2'
			run --separate-stderr bpf-linker -o out $input </dev/null
			[[ $status == 2 && $stderr == 'the message' ]]
		done
		stub $stage 'echo stream; cat'
	done
}

@test "the last stage is killed" {
	make_stubs
	for signal in KILL SEGV TERM; do
		stub merge "kill -$signal \$\$"
		why=
		[[ $signal != KILL ]] || why=', perhaps since memory ran out'
		one_error "bpf-linker: error: a stage was killed by signal $(kill -l $signal) ($signal)$why" \
			bpf-linker -o out in.bc
	done
}

@test "a stage that waits for input ends when its consumer fails" {
	mkfifo fifo
	one_error "bpf-merge: error: missing: No such file or directory" \
		bash -o pipefail -c 'timeout 10 bpf-extract fifo | bpf-merge --export-symbols missing | cat'
	wait_until no_stage_left
}

@test "a signal to the driver ends all" {
	make_stubs
	for stage in extract merge; do
		stub $stage "$WAITS"
	done
	echo precious >out
	for signal in HUP INT TERM; do
		for input in in.bc -; do
			rm -f pids
			(wait_until has_lines pids 4 && kill -$signal "$(ps -o ppid= "$(head -n 1 pids)" | tr -d ' ')") 3>&- &
			SECONDS=0
			died_of $signal bpf-linker -o out $input </dev/null
			[[ ! $stderr && $SECONDS -lt 10 && $(<out) == precious ]]
			wait_until no_process_left
		done
	done
}

@test "a signal at any time leaves no process" {
	# shellcheck disable=SC2016 # sh's
	[[ ! $(sh -c 'echo "${KSH_VERSION-}"') ]] || skip 'a signal that comes right before wait, mksh heeds only after it'
	mkfifo fifo
	perl -e '
		my $death = shift;
		for my $delay (1 .. 60) {
			my $pid = fork // die;
			exec @ARGV or die if !$pid;
			select undef, undef, undef, $delay * 0.0002;
			kill TERM => $pid;
			waitpid $pid, 0;
			$? == $death || $? == 15 or die "after $delay: $?\n"; # 15: it was no shell yet
		}' "$(death_of TERM)" bpf-linker -o out fifo
	wait_until no_stage_left
}

@test "a signal that is ignored when the driver starts stays so" {
	make_stubs
	stub merge 'kill -HUP "$BPF_LINKER_PIPELINE"; sleep 0.2; cat >/dev/null'
	bash -c 'trap "" HUP; exec bpf-linker -o out in.bc'
	# whatever another shell has exported
	run --separate-stderr env ZSH_VERSION=5 BASH=/bin/bash BASH_VERSION=5 KSH_VERSION=R59 RANDOM=1 \
		bash -c 'trap "" HUP; exec "$@"' bash sh "$(command -v bpf-linker)" -o out in.bc
	[[ $status == 0 && ! $stderr ]]
}

@test "a signal while a stage waits for a FIFO" {
	unset BPF_LINKER_LLVM
	mkfifo fifo
	mkdir dir && echo precious >dir/out
	for signal in INT TERM; do
		env --default-signal=INT bpf-linker -o dir/out fifo 3>&- &
		driver=$!
		wait_until all_stages_run $driver 2
		kill -$signal $driver
		ends_with $((128 + $(kill -l $signal))) $driver
		wait_until no_process_left
		[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
	done
}

@test "a stage that is killed among real ones" {
	compile calls-lib.c
	install_copy
	mkdir dir && echo precious >dir/out
	unset BPF_LINKER_LLVM
	for stage in extract merge; do
		tool=$(tool_of $stage)
		mv "$tool" kept
		printf '#!/bin/sh\nkill -9 $$\n' >"$tool" && chmod +x "$tool"
		case $stage in
		extract) said='bpf-extract was killed' ;;
		merge) said='a stage was killed by signal 9 (KILL)' ;;
		esac
		for input in calls-lib.bc -; do # bpf-extract chooses the toolset, and the driver
			one_error "bpf-linker: error: $said, perhaps since memory ran out" \
				bpf-linker -o dir/out $input <calls-lib.bc
		done
		mv kept "$tool"
		[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
	done
}

# tool_of STAGE: its file
tool_of() {
	case $1 in
	extract) echo stubs/libexec/bpf-linker/bpf-extract ;;
	*) echo stubs/libexec/bpf-linker/llvm-*/"bpf-$1" ;;
	esac
}

# dies_after STAGE LENGTH: it is killed when it has written so many bytes; bpf-codegen, when it has ended
dies_after() {
	tool=$(tool_of "$1")
	mv "$tool" kept
	printf '#!/bin/bash\nunset BPF_LINKER_PIPELINE\nexec -a "$PWD/%s" "$PWD/kept" "$@"\n' "$tool" >real && chmod +x real
	# by its time, which counts in hundredths of a second, the driver tells a new output from an old one
	printf '#!/bin/bash\nsleep 0.02\n"$PWD/real" "$@" | head -c %s\nkill -9 $$\n' "$2" >"$tool" && chmod +x "$tool"
}

# limit_memory BYTES: sets GROUP, a control group of processes that share so much; skips the test where
# none can be made
limit_memory() {
	local root=/sys/fs/cgroup limit=memory.max

	[[ ! -d $root/memory ]] || root+=/memory limit=memory.limit_in_bytes
	GROUP=$root/bpf-linker-test-$$-$BASHPID
	mkdir "$GROUP" && [[ -w $GROUP/$limit ]] && echo "$1" >"$GROUP/$limit" ||
		{ rmdir "$GROUP" || true && skip 'no memory control group can be made here'; }
	[[ ! -e $GROUP/memory.swap.max ]] || echo 0 >"$GROUP/memory.swap.max"
}

@test "a stage that the kernel kills for want of memory" {
	limit_memory 40M
	# bats looks at each command of the shell's
	awk 'BEGIN { for (i = 0; i < 20000; i++) {
		printf "define i64 @f%d(i64 %%x) section \"s%d\" {\n", i, i
		for (j = 1; j <= 4; j++)
			printf "  %%%d = mul i64 %%x, %d\n", j, i
		print "  ret i64 %4 }" } }' >large.ll
	for options in '' --save-temps; do
		echo precious >out
		# shellcheck disable=SC2016,SC2086 # of the other shell's; none, perhaps
		one_error "bpf-linker: error: * was killed*, perhaps since memory ran out" \
			bash -c 'echo $$ >"$0/cgroup.procs" && exec bpf-linker "$@"' "$GROUP" $options -o out large.ll
		[[ $(<out) == precious ]]
	done
	wait_until rmdir "$GROUP" 2>/dev/null # it is in use until the last process is gone
}

@test "a stage that is killed when its work is done" {
	compile calls-lib.c
	install_copy
	bpf-linker -o wanted calls-lib.bc
	unset BPF_LINKER_LLVM
	for stage in extract merge; do
		dies_after $stage 1000000
		for options in '' --save-temps; do
			rm -f out
			run -0 --separate-stderr bpf-linker $options -o out calls-lib.bc
			[[ ! $output && ! $stderr ]] || { echo "$stage $options $stderr" && return 1; }
			cmp out wanted
		done
		mv kept "$tool"
	done
}

@test "a stage that is killed while it writes: no other is blamed, nor the input" {
	compile calls-lib.c
	install_copy
	mkdir dir && echo precious >dir/out
	unset BPF_LINKER_LLVM
	dies_after extract 600
	for input in calls-lib.bc -; do # bpf-extract chooses the toolset, and the driver
		one_error "bpf-linker: error: bpf-extract was killed, perhaps since memory ran out" \
			bpf-linker -o dir/out $input <calls-lib.bc
		[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
	done
}

@test "an input that is not there" {
	mkdir dir && echo precious >dir/out
	one_error 'bpf-linker: error: missing.bc: *' bpf-linker -o dir/out missing.bc
	[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
}

@test "a target that is none of LLVM's: one word" {
	compile calls-lib.c
	run --separate-stderr -2 bpf-linker --target bpfxx -o out calls-lib.bc
	[[ $stderr == "bpf-linker: error: '--target bpfxx': "* && $stderr != *$'\n'* ]]
}
