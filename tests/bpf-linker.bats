# The driver: its command line, the pipeline it makes of it, and its processes.

load helper

# --- What these tests share ---

# pipeline ARGUMENT...: the commands that bpf-linker would run, a line each, without their folders
pipeline() {
	run --separate-stderr bpf-linker -### "$@"
	[[ $status == 0 && ! $output ]] || { echo "status $status: $stderr" >&2 && return 1; }
	sed "/^bpf-linker: info: linking with /d; s,^\(BPF_LINKER_LIBLLVM=[^ ]* \)\?[^ ]*/bpf-,bpf-,; s/ |$//" <<<"$stderr"
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
# PATH. They pass on what they read; bpf-codegen writes it to out. Each leaves its pid in pids.
make_stubs() {
	unset BPF_LINKER_LLVM
	mkdir -p stubs/bin stubs/libexec/bpf-linker/llvm-1
	cp "$(command -v bpf-linker)" stubs/bin
	PATH=$PWD/stubs/bin:$PATH
	stub extract 'echo stream'
	stub merge 'exec cat'
	stub internalize 'exec cat'
	stub opt 'exec cat'
	stub codegen 'cat >out.new && mv out.new out'
}

# stub STAGE SCRIPT
stub() {
	local file=stubs/libexec/bpf-linker/llvm-1/bpf-$1
	[[ $1 != extract ]] || file=stubs/libexec/bpf-linker/bpf-extract
	printf '#!/bin/bash\necho $$ >>pids\n[[ $1 != --say-llvm ]] || { shift && asked=yes && echo -; }\n%s\n' \
		"$2" >"$file"
	chmod +x "$file"
}

no_stage_left() {
	! pgrep -x 'bpf-(extract|merge|internalize|opt|codegen)'
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

# died_of SIGNAL COMMAND...: COMMAND was ended by SIGNAL, and did not just exit with its status
died_of() {
	local number
	number=$(kill -l "$1")
	shift
	run --separate-stderr perl -e 'system(@ARGV); exit($? & 127)' \
		env --default-signal=INT "$@"
	[[ $status == "$number" ]] || { echo "signal $status, $stderr" && return 1; }
}

# ends_with STATUS PID: a child of this shell
ends_with() {
	local status=0
	wait "$2" || status=$?
	[[ $status == "$1" ]] || { echo "ended with $status" && return 1; }
}

# all_stages_run DRIVER: and their pids are in pids
all_stages_run() {
	pgrep -P "$1" bpf- >pids
	has_lines pids 5
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
	for kind in obj asm llvm-ir llvm-bc; do
		passes --emit $kind <<<"bpf-codegen --emit=$kind -o out"
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
		bpf-merge
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

@test "--btf keeps the debug info, and runs one stage more" {
	passes --btf <<-'END'
		bpf-merge
		bpf-debuginfo --btf
	END
	passes --btf --debug-info full <<-'END'
		bpf-merge
		bpf-debuginfo --btf --debug-info=full
		bpf-codegen --debug-info=full -o out
	END
	pipeline_is -o dir/out in.bc --save-temps --btf --log-level=info <<-'END'
		bpf-extract -o dir/out.1-extract.tar --log-level=info in.bc &&
		bpf-merge -o dir/out.2-merge.bc --log-level=info dir/out.1-extract.tar &&
		bpf-internalize -o dir/out.3-internalize.bc --log-level=info dir/out.2-merge.bc &&
		bpf-debuginfo -o dir/out.4-debuginfo.bc --btf --log-level=info dir/out.3-internalize.bc &&
		bpf-opt -o dir/out.5-opt.bc --log-level=info dir/out.4-debuginfo.bc &&
		bpf-codegen --log-level=info -o dir/out dir/out.5-opt.bc
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

@test "--log-level, --log-file and --time reach every stage" {
	passes --log-level INFO --log-file log --time <<-'END'
		bpf-extract --log-level=info --log-file=log --time --thin in.bc
		bpf-merge --log-level=info --log-file=log --time --strip-debug
		bpf-internalize --log-level=info --log-file=log --time
		bpf-opt --log-level=info --log-file=log --time
		bpf-codegen --log-level=info --log-file=log --time -o out
	END
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

@test "--debug and -flavor have no effect" {
	passes --debug -flavor gnu --flavor=ld </dev/null
}

@test "rustc's command line" {
	pipeline_is --export-symbols d/symbols d/symbols.o d/hello.rcgu.o d/libcore-1.rlib \
		-L d/raw-dylibs --cpu generic -o d/hello -O3 --debug --btf <<-'END'
			bpf-extract --thin d/symbols.o d/hello.rcgu.o d/libcore-1.rlib -L d/raw-dylibs
			bpf-merge --export-symbols=d/symbols
			bpf-internalize --export-symbols=d/symbols
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
	pipeline @response last.bc | head -2 >given
	diff given - <<-'END'
		bpf-extract --thin 'a  b.bc' 'it'\''s' 'c d' '"e\' fgh 'two
		lines' ''\''' '"x\' last.bc
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

@test "a response file that is not there is an input" {
	passes @missing <<<'bpf-extract --thin in.bc @missing'
	one_error 'bpf-extract: error: @missing: *' bpf-linker -o out @missing
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

@test "nothing to do" {
	usage_error 'no input files'
	usage_error 'no input files' -o out
	usage_error 'no output file; name it with -o' in.bc
	usage_error 'the name of an input file is empty' -o out ''
}

@test "a value that is missing" {
	for option in -o --output --target --cpu --cpu-features --emit -O --export --export-symbols -L -l \
		--debug-info --llvm-args --dump-module --log-level --log-file --fatal-errors \
		--unresolved-symbols --flavor; do
		usage_error "option '$option' needs a value" in.bc $option
		[[ $option == --llvm-args || $option == --cpu-features ]] ||
			usage_error "option '$option' needs a value" in.bc $option --btf
	done
	usage_error "option '--flavor' needs a value" -flavor
}

@test "a value that is empty" {
	usage_error "option '--output' needs a value" --output= in.bc
	usage_error "option '-o' needs a value" -o '' in.bc
	usage_error "option '-O' needs a value" -O= in.bc
	usage_error "option '--save-temps' needs a value" --save-temps= in.bc
}

@test "a value for a flag" {
	for flag in --btf --unroll-loops --ignore-inline-never --disable-expand-memcpy-in-order \
		--disable-memory-builtins --allow-bpf-trap --debug --time --help --version; do
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
		'--debug-info WHAT' --unroll-loops --ignore-inline-never --disable-expand-memcpy-in-order \
		--disable-memory-builtins --allow-bpf-trap '--llvm-args LIST' '--dump-module PATH' \
		'--log-level LEVEL' '--log-file PATH' '--fatal-errors BOOL' --debug '-flavor X' \
		'-h, --help' '-V, --version' '--save-temps[=DIR]' -v -### --time '--unresolved-symbols MODE'; do
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
	for stage in extract internalize opt codegen; do
		tool=$(find stubs -name bpf-$stage)
		mv "$tool" kept
		one_error "bpf-linker: error: '$PWD/$tool' is missing; *" bpf-linker -o out in.bc
		mv kept "$tool"
	done
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
	for stage in extract merge internalize opt codegen; do
		# bpf-extract is asked for the LLVM first, which may end after all
		stub $stage "[[ \$asked ]] || printf '%q ' \"\${0##*/}\" \"\$@\" >$stage; cat"
	done
	bpf-linker -v -o 'a b' --cpu v3 --export 'x y' --log-level debug "q'q" -- -z </dev/null 2>printed
	sed 's,^[^ ]*/bpf-,bpf-,; s/ |$//' printed | while IFS= read -r line; do
		eval "printf '%q ' $line; echo"
	done >wanted
	for stage in extract merge internalize opt codegen; do
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
	one_error 'bpf-linker: error: bpf-merge was killed by signal 9 (KILL)' \
		bpf-linker -o out in.bc --save-temps
}

@test "--save-temps ends on a signal" {
	make_stubs
	stub extract 'exec setpriv --pdeathsig TERM sleep 60'
	stub merge 'touch merged'
	bpf-linker -o out in.bc --save-temps 3>&- &
	wait_until has_lines pids 1
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
	stub codegen 'touch started; cat >out'
	bpf-linker -o out in.bc
	[[ $(<out) == met ]]
}

@test "the stages have no descriptor but the three, and what the driver was given" {
	make_stubs
	for stage in extract merge internalize opt codegen; do
		stub $stage "echo /proc/\$\$/fd/* >$stage; cat"
	done
	bpf-linker -o out in.bc </dev/null
	sed 's,/[0-9]*/,//,g' extract >given
	for stage in merge internalize opt codegen; do
		sed 's,/[0-9]*/,//,g' $stage | diff given -
	done
	stubs/libexec/bpf-linker/bpf-extract </dev/null >/dev/null
	sed 's,/[0-9]*/,//,g' extract | diff - given
}

@test "a stage that fails gives its exit status, and no further message" {
	make_stubs
	echo precious >out
	for stage in extract merge internalize opt codegen; do
		stub $stage 'cat >/dev/null; echo "the message" >&2; exit 1'
		one_error 'the message' bpf-linker -o out in.bc </dev/null
		stub $stage 'cat >/dev/null; echo "the message" >&2; exit 2'
		run --separate-stderr bpf-linker -o out in.bc </dev/null
		[[ $status == 2 && $stderr == 'the message' ]]
		stub $stage 'echo stream; cat'
	done
}

@test "a stage that fails alone, though the last succeeds, fails the link" {
	make_stubs
	stub internalize 'cat; exit 1'
	run -1 bpf-linker -o out in.bc
}

@test "the last stage is killed" {
	make_stubs
	for signal in KILL SEGV TERM; do
		stub codegen "kill -$signal \$\$"
		one_error "bpf-linker: error: bpf-codegen was killed by signal $(kill -l $signal) ($signal)" \
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
	for stage in extract merge internalize opt codegen; do
		stub $stage 'exec setpriv --pdeathsig TERM sleep 60'
	done
	echo precious >out
	for signal in HUP INT TERM; do
		rm -f pids
		(wait_until has_lines pids 5 && kill -$signal "$(ps -o ppid= "$(head -n 1 pids)" | tr -d ' ')") 3>&- &
		SECONDS=0
		died_of $signal bpf-linker -o out in.bc
		[[ ! $stderr && $SECONDS -lt 10 && $(<out) == precious ]]
		wait_until no_process_left
	done
}

@test "a signal at any time leaves no process" {
	mkfifo fifo
	perl -e '
		for my $delay (1 .. 60) {
			my $pid = fork // die;
			exec @ARGV or die if !$pid;
			select undef, undef, undef, $delay * 0.0002;
			kill TERM => $pid;
			waitpid $pid, 0;
			$? == 15 or die "after $delay: $?\n";
		}' bpf-linker -o out fifo
	wait_until no_stage_left
}

@test "a signal while a stage waits for a FIFO" {
	mkfifo fifo
	mkdir dir && echo precious >dir/out
	for signal in INT TERM; do
		env --default-signal=INT bpf-linker -o dir/out fifo 3>&- &
		driver=$!
		wait_until all_stages_run $driver
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
	for stage in extract merge internalize opt codegen; do
		tool=$(find stubs -name bpf-$stage)
		mv "$tool" kept
		printf '#!/bin/sh\nkill -9 $$\n' >"$tool" && chmod +x "$tool"
		case $stage in
		codegen) said='bpf-linker: error: bpf-codegen was killed by signal 9 (KILL)' ;;
		*) said='bpf-*: error: <stdin>: is empty; the command that writes to it was killed, *' ;;
		esac
		one_error "$said" bpf-linker -o dir/out calls-lib.bc
		mv kept "$tool"
		[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
	done
}

@test "an input that is not there" {
	mkdir dir && echo precious >dir/out
	one_error 'bpf-extract: error: missing.bc: *' bpf-linker -o dir/out missing.bc
	[[ $(ls -A dir) == out && $(<dir/out) == precious ]]
}

@test "a target that is none of LLVM's: one word" {
	compile calls-lib.c
	run --separate-stderr -2 bpf-linker --target bpfxx -o out calls-lib.bc
	[[ $stderr == "bpf-opt: error: '--target bpfxx': "* && $stderr != *$'\n'* ]]
}
