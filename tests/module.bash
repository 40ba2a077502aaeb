# What the tests of the stages share: modules written as IR, tools run, results read.

AS=llvm-as-$LLVM_MAJOR
DIS=llvm-dis-$LLVM_MAJOR
NM=llvm-nm-$LLVM_MAJOR

LITTLE='target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"'
BIG='target datalayout = "E-m:e-p:64:64-i64:64-i128:128-n32:64-S128"'
# that of the triple bpf, which is of the byte order of the machine where the tools run
case ${EMULATED:-$(uname -m)} in
s390x) NATIVE=$BIG ;;
*) NATIVE=$LITTLE ;;
esac

# triple_of LAYOUT: the triple that the tools give to what has no BPF triple, or one that does not
# mean the byte order of LAYOUT where they run
triple_of() {
	case $1 in
	"$NATIVE") echo bpf ;;
	"$LITTLE") echo bpfel ;;
	*) echo bpfeb ;;
	esac
}

# ir NAME: writes NAME.ll, a module for BPF, from the IR on standard input
ir() {
	printf '%s\n' 'source_filename = "ir"' "$LITTLE" 'target triple = "bpf"' "$(</dev/stdin)" >"$1.ll"
}

# big_endian_ir NAME: the same for bpfeb
big_endian_ir() {
	printf '%s\n' "$BIG" 'target triple = "bpfeb"' "$(</dev/stdin)" >"$1.ll"
}

# foreign_ir NAME: the same as a compiler without a BPF target writes it
foreign_ir() {
	printf '%s\n' 'target datalayout = "e-m:e-i8:8:32-i16:16:32-i64:64-i128:128-n32:64-S128"' \
		'target triple = "aarch64-unknown-linux-gnu"' "$(</dev/stdin)" >"$1.ll"
}

# archive ARCHIVE NAME...: an archive with an index, of the modules NAME.ll as bitcode
archive() {
	local archive=$1 name
	shift
	for name in "$@"; do
		"$AS" -o "$name.bc" "$name.ll"
	done
	"$LLVM_AR" rcs "$archive" "${@/%/.bc}"
}

# becomes TOOL [ARGUMENT...]: TOOL succeeds without a word; the result is out.bc, and out.ll to read
becomes() {
	run --separate-stderr "$1" -o out.bc "${@:2}"
	# shellcheck disable=SC2154 # bats sets stderr
	if [[ $status != 0 || $output || $stderr ]]; then
		printf '%s\n' "status $status: $output$stderr"
		return 1
	fi
	"$DIS" -o out.ll out.bc
}

# becomes_with_warning WARNING TOOL [ARGUMENT...]: the same, with one warning that matches the glob
becomes_with_warning() {
	run --separate-stderr "$2" -o out.bc "${@:3}"
	# shellcheck disable=SC2053 # a pattern
	if [[ $status != 0 || $output || $stderr == *$'\n'* || $stderr != "$2: warning: "$1 ]]; then
		printf '%s\n' "wanted: $2: warning: $1" "got: status $status, $output$stderr"
		return 1
	fi
	"$DIS" -o out.ll out.bc
}

# has TEXT, lacks TEXT: TEXT is, or is not, in a line of out.ll
has() {
	grep -qF -- "$1" out.ll || { echo "no '$1' in:" && cat out.ll && return 1; }
}

lacks() {
	if grep -F -- "$1" out.ll; then
		echo "in out.ll"
		return 1
	fi
}

# body NAME: the function's instructions in out.ll
body() {
	sed -n "/^define .*@$1(/,/^}/{/^define/d;/^}/d;p}" out.ll
}

# count TEXT: the lines of out.ll that hold it
count() {
	grep -cF -- "$1" out.ll
}

# symbols_are SYMBOL...: those of out.bc but llvm.*, each as llvm-nm's letter and the name, by name
symbols_are() {
	diff <(printf '%s\n' "$@") \
		<("$NM" -P out.bc | awk '$1 !~ /^llvm\./ { print $2, $1 }' | LC_ALL=C sort -k 2)
}

# usage_error_of TOOL PATTERN ARGUMENT...: one line that matches the glob and points to --help
usage_error_of() {
	local tool=$1 pattern=$2
	run --separate-stderr "$tool" "${@:3}"
	# shellcheck disable=SC2053 # a pattern
	if [[ $status != 2 || $output || $stderr == *$'\n'* ||
		$stderr != "$tool: error: "$pattern\;" see '$tool --help'" ]]; then
		printf '%s\n' "wanted: status 2, $tool: error: $pattern" "got: status $status, $stderr"
		return 1
	fi
}

# --- What holds for every tool ---

# lists_options TOOL OPTION...: --help and -h list these, the common ones, and no other
lists_options() {
	local tool=$1 flag
	shift
	for flag in --help -h; do
		run -0 --separate-stderr "$tool" $flag
		[[ ! $stderr ]]
		diff <(printf '%s\n' "$@" --output --log-level --log-file --no-limits --no-sandbox --time --help --version | sort) \
			<(grep -oE '^ +(-[a-zA-Z], )?--?[a-zA-Z-]+' <<<"$output" | sed 's/.*[ ,]//' | sort)
	done
	[[ $output == "Usage: $tool "* ]]
}

# says_version TOOL
says_version() {
	local flag
	for flag in --version -V; do
		run -0 --separate-stderr "$1" $flag
		[[ $output == "$1 "[0-9]*LLVM\ $LLVM_MAJOR.* && ! $stderr ]]
	done
}

# refuses_wrong_options TOOL
refuses_wrong_options() {
	usage_error_of "$1" "unknown option '--nonsense'" --nonsense
	usage_error_of "$1" "unknown option '-Q'" -Q
	usage_error_of "$1" "*'--log-level'*" --log-level=loud
	usage_error_of "$1" "*'--output'*" --output
	usage_error_of "$1" "*'--time'*" --time=yes
}

# takes_log_options TOOL: on an input that is at fault
takes_log_options() {
	local message="$1: error: not-there.bc: No such file or directory" level
	for level in off error warn info debug trace; do
		one_error "$message" "$1" --log-level=$level --no-sandbox -o out not-there.bc
	done
	one_error "$message" "$1" --log-file log -o out not-there.bc
	[[ $(<log) == "$message" ]]
	one_error "$message" "$1" --log-file log -o out not-there.bc
	[[ $(<log) == "$message"$'\n'"$message" ]] # appended
	one_error "$1: error: no-such-dir/log: *" "$1" --log-file no-such-dir/log -o out not-there.bc
	[[ ! -e out ]]
}

# says_time TOOL MODULE
says_time() {
	run -0 --separate-stderr "$1" --time -o out "$2"
	[[ ! $output && $stderr == "$1 "*wall*cpu*peak*in*out* && $stderr != *$'\n'* ]]
}

# same_module A B: the same bitcode, whatever the names of the inputs that bpf-merge has noted
same_module() {
	cmp <("$DIS" <"$1" | sed 's/"bpf-linker-input"="[^"]*"//') \
		<("$DIS" <"$2" | sed 's/"bpf-linker-input"="[^"]*"//')
}

# reads_and_writes_anywhere TOOL MODULE: FILE, standard input, standard output, a pipe, /dev/stdout
reads_and_writes_anywhere() {
	local cmp=cmp
	[[ $1 != bpf-merge ]] || cmp=same_module
	"$1" -o wanted "$2"
	[[ -s wanted ]]
	"$cmp" wanted <("$1" "$2")
	"$cmp" wanted <("$1" <"$2")
	"$cmp" wanted <("$1" - <"$2")
	"$cmp" wanted <(exec < <(cat "$2") && "$1" -o - -)
	"$cmp" wanted <("$1" -o /dev/stdout "$2")
	"$cmp" wanted <("$1" -o >(cat) "$2")
	"$1" -o /dev/stdout "$2" >redirected
	"$cmp" wanted redirected
	ln -s target link
	echo old >target
	"$1" --output=link "$2"
	[[ -L link ]]
	"$cmp" wanted target
}

# leaves_output_on_failure TOOL: on an input that is at fault
leaves_output_on_failure() {
	mkdir dir
	echo precious >dir/out
	echo text >bad.bc
	one_error "$1: error: bad.bc: *" "$1" -o dir/out bad.bc
	one_error "$1: error: not-there.bc: *" "$1" -o dir/out not-there.bc
	[[ $(<dir/out) == precious && $(ls -A dir) == out ]]
	one_error "$1: error: no-such-dir/out: *" "$1" -o no-such-dir/out bad.bc
	one_error "$1: error: dir: *" "$1" -o dir bad.bc
}

# keeps_terminal_clean TOOL ARGUMENT...: no binary to a terminal
keeps_terminal_clean() {
	local tool=$1
	need_terminal
	run script -qec "${*@Q}" /dev/null
	[[ $status == 2 && $output == "$tool: error: <stdout>: "*terminal* && $output != *$'\n'* ]] ||
		{ echo "status $status: $output" | cat -v && return 1; }
}

# keeps_quiet_after_failure TOOL: the stage before it has said what is wrong
keeps_quiet_after_failure() {
	echo precious >out
	echo text >bad.bc
	run --separate-stderr bash -c "bpf-internalize bad.bc | $1 -o out; echo \${PIPESTATUS[@]}"
	[[ $output == "1 1" && $stderr == "bpf-internalize: error: bad.bc: "* && $stderr != *$'\n'* ]]
	[[ $(<out) == precious ]]
	one_error "$1: error: <stdin>: *" "$1" -o out </dev/null
}
