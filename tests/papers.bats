# The papers: README.md, HACKING.md, CHANGELOG.md, SECURITY.md, and a manual page for each tool. Their examples are
# run, and what they say is compared with the source, the tools and the build.

load helper

root=$TESTS/..

# The README's examples that are not run here.
not_run=(
	# it changes the machine
	'apt-get update && apt-get install -y make'
	# rust.bats runs it; a test below compares the two
	'cargo build --release --target bpfel-unknown-none -Z build-std=core'
	# it takes an hour; build-llvm.bats does a part of it
	'scripts/dev/deps llvm
scripts/dev/llvm-source 21 build/llvm-source-21
scripts/dev/build-llvm --src-dir build/llvm-source-21 --build-dir build/llvm-21 --install-prefix ~/llvm-21
LLVM_PREFIX=~/llvm-21 make'
)

pages() {
	(cd "$root/man" && printf '%s\n' *.1)
}

# options_of_help TOOL: each option with what --help calls its value (`--emit KIND`), a line each
options_of_help() {
	"$1" --help | grep '^ *-' |
		grep -oE '(^| )--?[[:alpha:]#][-[:alpha:]#]*(( |\[=)[A-Z]+\b)?' |
		sed 's/^ //; s/\[=/ /' | sort -u
}

# options_of_page TOOL: the same from its page
options_of_page() {
	sed -n 's/^\.It Fl/Fl/p' "$root/man/$1.1" | sed 's/ , /\n/g' |
		sed 's/^Fl /-/; s/ Ns Op = Ns / /; s/ Ar \(.*\)/ \U\1/' | sort -u
}

# fenced_blocks PAPER LANGUAGE FOLDER: each fenced block of LANGUAGE into a file of its own
fenced_blocks() {
	mkdir "$3"
	awk -v wanted="\`\`\`$2" -v folder="$3" '
		/^```/ { open = !open; file = open && $0 == wanted ? sprintf("%s/%02d", folder, ++n) : ""; next }
		file { print >file }' "$root/$1"
}

readme_blocks() {
	fenced_blocks README.md "$@"
}

# page_blocks PAGE FOLDER: each display in its EXAMPLES into a file of its own
page_blocks() {
	mkdir "$2"
	awk -v folder="$2" '
		/^\.Sh / { examples = $0 == ".Sh EXAMPLES" }
		!examples { next }
		/^\.Bd -literal/ { file = sprintf("%s/%02d", folder, ++n); next }
		/^\.Ed/ { file = "" }
		sub(/^\.Dl /, "") { print >sprintf("%s/%02d", folder, ++n) }
		file { print >file }' "$root/man/$1"
}

# The tools by the names that the papers call them.
use_plain_names() {
	mkdir names
	ln -s "$(command -v "$CLANG")" names/clang
	ln -s "$(command -v "$LLVM_AR")" names/llvm-ar
	local tool
	for tool in llvm-dis llvm-link opt llc; do
		ln -s "$(command -v "$tool-$LLVM_MAJOR")" "names/$tool"
	done
	ln -s "$(command -v "$OBJDUMP")" names/llvm-objdump
	PATH=$PWD/names:$PATH
}

# run_block FILE: its commands all succeed, and no tool complains
run_block() {
	if ! bash -euo pipefail "$1" >printed 2>errors ||
		grep -E '^bpf-[a-z]+: (warning|error):' errors; then
		tail -n 20 "$1" printed errors
		return 1
	fi
}

# run_make_block FILE: dry, since it would build anew what is under test, where it was built otherwise
run_make_block() {
	(cd "$root" && MAKEFLAGS=n bash -euo pipefail "$1")
}

is_in() {
	local word=$1 other
	shift
	for other; do
		[[ $word != "$other" ]] || return 0
	done
	return 1
}

@test "each tool has a page, and each page a tool" {
	diff <(pages) <(cd "$root/${BUILD:-build}/bin" && printf '%s.1\n' *)
}

@test "mandoc finds nothing wrong with the pages" {
	# there, because a page that another one refers to is looked for in the working directory
	cd "$root/man"
	run -0 mandoc -Tlint -W style -- *.[17]
	[[ ! $output ]]
}

@test "a tool's --help and its page have the same options" {
	local page tool

	for page in $(pages); do
		tool=${page%.1}
		diff <(options_of_help "$tool") <(options_of_page "$tool")
		options_of_page "$tool" | grep '^--output '
	done
}

@test "the README's examples run" {
	local block text skipped=()

	use_plain_names
	cp "$TESTS"/examples/c/*.[ch] .
	readme_blocks sh blocks
	for block in "$PWD"/blocks/*; do
		text=$(<"$block")
		if is_in "$text" "${not_run[@]}"; then
			skipped+=("$text")
		elif [[ $text == make* ]]; then
			run_make_block "$block"
		else
			run_block "$block"
		fi
	done
	diff <(printf '%s\n' "${not_run[@]}") <(printf '%s\n' "${skipped[@]}")
	"$READELF" -h program.bpf.o | grep 'Machine: .*BPF'
}

@test "what the README types by hand is what bpf-linker runs" {
	local block

	readme_blocks sh blocks
	block=$(grep -l '^bpf-extract --thin' blocks/*)
	run -0 --separate-stderr bpf-linker -### --btf --export=count_and_drop -O2 --emit=obj \
		-o program.bpf.o program.bc libcount.a
	# shellcheck disable=SC2154 # bats sets stderr
	diff <(sed -e ':joined' -e '/\\$/{ N; s/\\\n\t*//; b joined' -e '}' -e 's/^\t//' "$block") <(sed 's,^[^ ]*/bpf-,bpf-,' <<<"$stderr")
}

@test "the README's cargo project is the example, built by the command that rust.bats runs" {
	local command

	readme_blocks toml toml
	diff toml/* "$TESTS/examples/rust/.cargo/config.toml"

	readme_blocks sh blocks
	command=$(grep -h '^cargo ' blocks/*)
	grep -F "\"\$cargo\" ${command#cargo } " "$TESTS/rust.bats"
}

@test "the examples of the pages run" {
	local page block blocks

	use_plain_names
	cp -r "$TESTS/examples/c" c
	make -C c CLANG=clang LLVM_AR=llvm-ar
	for page in $(pages); do
		page_blocks "$page" "blocks-of-$page"
		blocks=("$PWD/blocks-of-$page"/*)
		[[ -e ${blocks[0]} ]]
		cp -r c "files-of-$page"
		for block in "${blocks[@]}"; do
			# it means something else in mdoc than in a shell
			run ! grep '\\' "$block"
			(cd "files-of-$page" && run_block "$block")
		done
	done
}

@test "the README names every goal of the build" {
	local goal goals

	goals=$(sed -n 's/^\.PHONY: //p' "$root/GNUmakefile" | tr ' ' '\n' | grep -x '[a-z]*')
	is_in check $goals
	for goal in $goals; do
		case $goal in
		all) grep -x make "$root/README.md" ;;
		always | links) ;; # for the rules alone
		*) grep -E "(^|\`)make (deps )?$goal\b" "$root/README.md" ;;
		esac
	done
}

@test "the files that the README and SECURITY.md name exist" {
	local names name

	names=$(grep -ohE '(tests|man|scripts)/[a-z/.0-9-]+|LICENSE-[A-Z]+|[A-Z]+\.md' "$root/README.md" "$root/SECURITY.md")
	is_in LICENSE-MIT $names
	is_in SECURITY.md $names
	is_in tests/bad-input.bats $names
	for name in $names; do
		[[ -e $root/$name ]] || { echo "$name" && return 1; }
	done
}

@test "the options that SECURITY.md names exist" {
	local options

	options=$(grep -oE -- '`--[a-z-]+' "$root/SECURITY.md" | tr -d '`' | sort -u)
	is_in --no-limits $options
	options_of_help bpf-linker >known
	options_of_help bpf-extract >>known
	run -1 grep -vxFf <(sed 's/ .*//' known) <<<"$options"
}

@test "the LLVMs that the papers name are supported, and the oldest is the oldest" {
	local supported named version

	supported=$("$root/scripts/dev/llvms")
	grep -Ff <(printf 'of version %s or\n' "${supported##* }") "$root/man/bpf-linker.1"
	named=$(grep -ohE '(LLVM=|toolset of LLVM |llvm-source )[0-9]+' "$root/README.md" "$root/GNUmakefile" | grep -oE '[0-9]+$')
	for version in $named; do
		# shellcheck disable=SC2086 # a list
		is_in "$version" $supported
	done
}

# mapped_files: the files that HACKING.md's map names, in its order
mapped_files() {
	awk '/^### / { sub(/:$/, "", $2); folder = $2 }
		/^```/ { in_map = $0 == "```text"; next }
		in_map { print folder $1 }' "$root/HACKING.md" | sed 's/\(.*\)\[ch\]$/\1c\n\1h/'
}

@test "HACKING.md's map has each source file and script, and no other" {
	diff <(mapped_files | sort) <(cd "$root" && find common tools scripts -type f | sort)
	grep -F '(HACKING.md)' "$root/README.md"
}

@test "the files that HACKING.md names exist" {
	local names name

	names=$(grep -oE '`((common|tools|tests|man|scripts|\.ci)/)?[a-z][a-z/.0-9-]*\.(c|h|ll|bats|bash|txt|mk)`|`(common|tools|tests|man|scripts|\.ci)/[a-z/.0-9-]+`|[A-Z]+\.md|`GNUmakefile`' \
		"$root/HACKING.md" | tr -d '`')
	is_in tests/helper.bash $names
	for name in $names; do
		case $name in
		*/*) ;;
		*.bats) name=tests/$name ;;
		esac
		[[ -e $root/$name ]] || { echo "$name" && return 1; }
	done
}

@test "HACKING.md's examples run" {
	local block

	use_plain_names
	# the project, where their outputs do no harm
	ln -s "$root"/* .
	cp -r "$TESTS/examples/c" c
	make -C c CLANG=clang LLVM_AR=llvm-ar
	mv c/*.bc c/*.a .
	fenced_blocks HACKING.md sh blocks
	for block in "$PWD"/blocks/*; do
		if grep -q '^make' "$block"; then
			run_make_block "$block"
		else
			run_block "$block"
		fi
	done
	[[ -s stages/program.bpf.o.6-opt.bc && -s ir/post-opt.ll ]]
}

# The options of the aya project's linker; its --help does not show --debug.
AYA_VERSION=0.13.0
AYA_OPTIONS='--allow-bpf-trap --btf --cpu --cpu-features --debug --disable-expand-memcpy-in-order
	--disable-memory-builtins --dump-module --emit --export --export-symbols --fatal-errors --help --ignore-inline-never --llvm-args --log-file
	--log-level --output --target --unroll-loops --version -L -O -V -h -o'

# options_in SECTION: those that this section of bpf-linker-migration(7) has
options_in() {
	awk -v heading=".Sh $1" '/^\.Sh / { found = $0 == heading } found && sub(/^\.It Fl /, "") {
		gsub(/ , (Fl )?/, "\n"); gsub(/(^|\n)/, "&-"); print }' "$root/man/bpf-linker-migration.7" | sort
}

# aya_linker: its program, or the test is skipped
aya_linker() {
	AYA=${UPSTREAM:-$HOME/.cargo/bin/bpf-linker}
	[[ $("$AYA" --version 2>/dev/null) == "bpf-linker $AYA_VERSION" ]] ||
		skip "the aya project's bpf-linker $AYA_VERSION is not here; README.md says how to install it"
}

# what both linkers are given
write_migrants() {
	local license='char LICENSE[] __attribute__((section("license"), used)) = "GPL";'

	echo "$license int f(unsigned *p, unsigned b) { return p[1] + b * 3u > 7u ? b + 1 : *p; }" >f.c
	echo "$license void copies(char *a, char *b, unsigned long n) { __builtin_memcpy(a, b, n); }" >copies.c
	echo 'int g(void); int calls(void) { return g(); }' >calls.c
	compile f.c -mcpu=v3
	compile copies.c
	compile calls.c
}

@test "migration: the options of both linkers, and those of this one alone" {
	# shellcheck disable=SC2086 # words
	diff <(options_in 'OPTIONS OF BOTH') <(printf '%s\n' $AYA_OPTIONS | sort)
	diff <({ options_in 'OPTIONS OF BOTH' && options_in 'OPTIONS OF THIS ONE'; } | sort) \
		<(options_of_help bpf-linker | cut -d ' ' -f 1 | sort)
}

@test "migration: what differs here" {
	write_migrants
	bpf-linker --version | grep LLVM
	one_error "*: error: *: was compiled for bpf, little-endian, which '--target bpfeb' is not" \
		bpf-linker --target bpfeb -o out.o f.bc
	bpf-linker --emit asm --emit llvm-ir -o f.s f.bc
	grep -w w0 f.s
	bpf-linker --btf -o out.o f.bc
	absent -F .debug_str <("$READELF" -SW out.o)
	bpf-linker --btf --debug-info=full -o out.o f.bc
	"$READELF" -SW out.o | grep -F .debug_str
	"$READELF" -sW out.o | grep 'GLOBAL.*\bf$'
	bpf-linker -O0 --emit asm -o 0.s f.bc
	bpf-linker -O1 --emit asm -o 1.s f.bc
	diff 0.s 1.s
	printf '# none\n\nf\n' >symbols
	bpf-linker --export-symbols symbols -o out.o f.bc 2>said
	[[ ! -s said ]]
	bpf-linker --export f,nonsense -o out.o f.bc 2>said
	grep "warning: exported symbol 'nonsense' is not defined" said
	echo old >log
	bpf-linker --log-level info --log-file log -o out.o f.bc
	absent old log
	bpf-linker --log-level off -o out.o f.bc
	bpf-linker --dump-module dump -o out.o f.bc
	[[ -f dump ]]
	bpf-linker --dump-module dumps/ -o out.o f.bc
	[[ -f dumps/pre-opt.ll && -f dumps/post-opt.ll ]]
	bpf-linker -o out.o f.bc copies.bc
	"$READELF" -sW out.o | grep 'FUNC.* memcpy$'
	bpf-linker -o out.o calls.bc 2>said
	grep "warning: calls.bc: undefined symbol 'g'" said
	run -2 bpf-linker --nonsense -o out.o f.bc
	run -2 bpf-linker --emit nonsense -o out.o f.bc
	echo 'f.bc' >arguments
	bpf-linker -o out.o @arguments
	bpf-linker -o out.o - <f.bc
	echo kept >out.o
	run -1 bpf-linker -o out.o f.bc f.bc
	[[ $(<out.o) == kept ]]
}

@test "migration: what differs there" {
	aya_linker
	diff <("$AYA" --help | grep -oE '^ *(-[a-zA-Z], )?(-[a-zA-Z]|--[a-z-]+)' | tr -d ' ' | tr , '\n' |
		sort - <(echo --debug)) \
		<(printf '%s\n' $AYA_OPTIONS | sort)
	write_migrants
	"$AYA" --target bpfeb -o out.o f.bc
	"$AYA" --emit asm --emit llvm-ir --export f -o f.s f.bc
	absent -w w0 f.s
	"$AYA" --btf --export f -o out.o f.bc
	"$READELF" -SW out.o | grep -F .debug_str
	"$AYA" --btf -o out.o f.bc
	absent 'GLOBAL.*\bf$' <("$READELF" -sW out.o)
	run -1 "$AYA" -l f -o out.o f.bc
	"$AYA" --export f,nonsense -o out.o f.bc 2>said
	[[ ! -s said ]]
	echo old >log
	"$AYA" --log-level info --log-file log -o out.o f.bc | grep 'command line'
	grep old log
	run -1 "$AYA" --log-level off -o out.o f.bc
	"$AYA" --dump-module dump -o out.o f.bc
	[[ -f dump/pre-opt.ll && -f dump/post-opt.ll ]]
	"$AYA" --export copies -o out.o copies.bc
	"$READELF" -sW out.o | grep 'UND memcpy$'
	"$AYA" --export calls -o out.o calls.bc 2>said
	[[ ! -s said ]]
	RUST_LOG=info "$AYA" -o out.o f.bc 2>&1 | grep 'command line'
	run -1 "$AYA" --nonsense -o out.o f.bc
	run -1 "$AYA" -o out.o f.bc copies.bc
	[[ $output == *"'LICENSE': symbol multiply defined"* ]]
}

@test "the tutorial in C: its commands, in a network of their own" {
	need_kernel
	command -v ip || skip "iproute2 is not installed"
	use_plain_names
	"$TESTS/page-commands" bpf-linker-tutorial.7 'IN C' >commands
	run -0 unshare --net --mount bash -euo pipefail -c 'ip link set lo up; mount -t bpf bpf /sys/fs/bpf; . ./commands'
	[[ $output =~ '"packets": '[1-9] ]]
	[[ $output != *warning* ]]
}

# write_pair: program.c calls count() of count.c, which has a map; both have a license. Bitcode and objects of them, and
# library.bc, which is count.c without the license.
write_pair() {
	local head='
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		char LICENSE[] SEC("license") = "GPL";
		int count(unsigned length);'
	cat - >program.c <<-END
		$head
		SEC("xdp") int program(struct xdp_md *context) { return count(context->data_end - context->data); }
	END
	cat - >count.c <<-END
		$head
		struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__type(key, __u32);
			__type(value, __u64);
			__uint(max_entries, 1);
		} totals SEC(".maps");
		__attribute__((noinline)) int unused(void) { return bpf_get_prandom_u32(); }
		int count(unsigned length)
		{
			__u32 zero = 0;
			__u64 *total = bpf_map_lookup_elem(&totals, &zero);

			return total ? (*total += length) & 3 : 0;
		}
	END
}

# calls_of_functions OBJECT
calls_of_functions() {
	"$OBJDUMP" -d "$1" | grep -c ':[[:space:]]*85 10 00 00 ' || true
}

@test "comparison: the commands for other linkers make objects that the kernel takes" {
	local way number=0

	need_kernel
	use_plain_names
	write_pair
	"$TESTS/page-commands" bpf-linker-comparison.7 DESCRIPTION >commands
	csplit -s -f way commands '/^flags=/' '{*}'
	for way in way0[1-9]; do
		rm -f program.bpf.o
		run_block "$way"
		load_object program.bpf.o
		number=$((number + 1))
		mv program.bpf.o "$number.o"
	done
	((number == 2))
	# of bpftool: a call of another file's function, and what nothing uses
	(($(calls_of_functions 1.o) == 1))
	"$READELF" -sW 1.o | grep '\bunused$'
}

@test "comparison: what others refuse, and bpf-linker takes, and the other way round" {
	write_pair
	compile program.c
	compile count.c
	"$CLANG" "${BPF_CFLAGS[@]}" -c program.c
	"$CLANG" "${BPF_CFLAGS[@]}" -c count.c
	"$LLVM_AR" rcs objects.a count.o
	"$LLVM_AR" rcs libcount.a count.bc

	bpf-linker --btf -o out.o program.bc libcount.a
	(($(calls_of_functions out.o) == 0))
	absent '\bunused$' <("$READELF" -sW out.o)

	run ! bpftool gen object theirs.o program.o objects.a
	run ! bpftool gen object theirs.o program.bc count.bc
	bpf-linker --btf -o out.o program.bc count.o 2>said
	grep 'warning: count.o: contains no LLVM bitcode; its native code is ignored' said

	echo 'extern long total; int get(void) { return total; }' >one.c
	echo 'int total;' >other.c
	compile one.c
	compile other.c
	"$CLANG" "${BPF_CFLAGS[@]}" -c one.c
	"$CLANG" "${BPF_CFLAGS[@]}" -c other.c
	run ! bpftool gen object theirs.o one.o other.o
	[[ $output == *"global 'total': incompatible"* ]]
	bpf-linker --btf -o out.o one.bc other.bc 2>said
	grep "warning: one.bc: variable 'total' is declared as" said

	run ! "llvm-link-$LLVM_MAJOR" -o linked.bc program.bc count.bc
	[[ $output == *"'LICENSE': symbol multiply defined"* ]]
	compile count.c -DLICENSE=OTHER
	"llvm-link-$LLVM_MAJOR" --internalize -o linked.bc program.bc count.bc
	"llc-$LLVM_MAJOR" -filetype=obj -o out.o linked.bc
	run ! bpftool gen skeleton out.o
	[[ $output == *'unsupported map linkage static'* ]]
	echo 'void copies(char *a, char *b, unsigned long n) { __builtin_memcpy(a, b, n); }' >copies.c
	compile copies.c
	run ! "llc-$LLVM_MAJOR" -filetype=obj -o out.o copies.bc
	bpf-linker -o out.o copies.bc

	command -v "ld.lld-$LLVM_MAJOR" || skip "ld.lld-$LLVM_MAJOR is not installed"
	run ! "ld.lld-$LLVM_MAJOR" -r -o out.o program.o
	[[ $output == *'unsupported e_machine'* ]]
	run ! "ld.lld-$LLVM_MAJOR" -r -o out.o program.bc
	[[ $output == *'could not infer e_machine'* ]]
}

@test "compatibility: the versions are those that are built and tested" {
	local page=$root/man/bpf-linker-compatibility.7 supported kernels name version suite

	supported=$("$root/scripts/dev/llvms")
	grep -Fx -- "${supported// /, }." "$page"
	grep -F "of version ${supported##* } or newer" "$page"
	kernels=$(sed -n 's/^ALL_KERNELS=(here \(.*\) newest)$/\1/p' "$root/scripts/dev/check-kernels")
	grep -Fx -- "${kernels// /, } and newest." "$page"
	while read -r name version; do
		case $name in
		aya-build | aya-log*) ;; # they come with aya
		*) grep -F -- "$name $version" "$page" || { echo "$name $version" && return 1; } ;;
		esac
	done < <(grep -v '^#' "$TESTS/clients/versions")
	for suite in 'Debian 11' 'Debian 12' 'Debian 13' 'Debian unstable'; do
		grep -F "\"it runs on a bare $suite\"" "$TESTS/dist.bats"
	done
	grep 'for suite in bullseye bookworm trixie unstable noble' "$TESTS/dist.bats"
}

@test "compatibility: the commands, and the options for older kernels" {
	use_plain_names
	write_migrants
	mv f.bc program.bc
	"$TESTS/page-commands" bpf-linker-compatibility.7 DESCRIPTION >commands
	run_block commands
	grep "LLVM $LLVM_MAJOR" printed
	bpf-linker --cpu v1 --emit asm -o old.s program.bc
	absent -w 'w[0-9]' old.s
	bpf-linker --unroll-loops --ignore-inline-never -o out.o program.bc
}

@test "the newest version in CHANGELOG.md is that of the build" {
	local version headings

	version=$(sed -n 's/^VERSION = //p' "$root/GNUmakefile")
	headings=$(grep '^## ' "$root/CHANGELOG.md")
	run -0 sed -n 2p <<<"$headings"
	[[ $version && $headings == '## Unreleased'* && $output =~ ^"## $version - "20[0-9]{2}-[0-9]{2}-[0-9]{2}$ ]]
}
