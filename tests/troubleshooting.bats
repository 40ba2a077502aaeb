#!/usr/bin/env bats
# bpf-troubleshooting(7): each of its messages comes from a program in tests/troubleshooting, which loads with the cure.

load helper

page=$TESTS/../man/bpf-troubleshooting.7
programs=$TESTS/troubleshooting

# entries: for each of the page a line, the program's name, and the message, as a reader sees it
entries() {
	awk '/^\.It Li "/ { sub(/^\.It Li "/, ""); sub(/"$/, ""); gsub(/\\&/, ""); message = $0 }
		/^\.\\" / { print $2 "\t" message }' "$page"
}

# entry NAME: its text, but for the message
entry() {
	awk -v name="$1" '/^\.(It|El)/ { found = 0 } /^\.\\" / { found = $2 == name } found' "$page"
}

# setting NAME WHAT [DEFAULT]: what a comment in the program's source says
setting() {
	local line
	while IFS='' read -r line; do
		[[ $line != "// $2:"* ]] || { line=${line#*:} && echo "${line# }" && return; }
	done <"$programs/$1.c"
	echo "${3-}"
}

# link_program NAME OPTIONS [FLAG...]: NAME.o, and in link.log what the linker said
link_program() {
	local name=$1 options=$2
	shift 2
	compile "$programs/$name.c" "$@"
	# shellcheck disable=SC2086 # options
	bpf-linker ${options//LIBRARY/library.bc} -o "$name.o" "$name.bc" 2>link.log
}

# numbers, and names of files, differ
alike() {
	sed -E "s/[0-9]+/N/g; s,'[^']*\.o','FILE',; s,[^ ']+\.o\b,FILE,"
}

# refused NAME MESSAGE: that is what is said of the program
refused() {
	local name=$1 message=$2 options
	options=$(setting "$name" link --btf)
	# shellcheck disable=SC2046 # flags
	link_program "$name" "$options" $(setting "$name" compile)
	if [[ $(entry "$name") == *"warns of this"* ]]; then
		grep '^bpf-[a-z]*: warning: ' link.log
	else
		[[ ! -s link.log ]] || { cat link.log && return 1; }
	fi
	# shellcheck disable=SC2046 # a command
	if $(setting "$name" load 'bpftool prog loadall') "$name.o" "$PINS" &>load.log; then
		echo "$name loads"
		return 1
	fi
	alike <load.log | grep -qF -- "$(alike <<<"$message")" || { cat load.log && return 1; }
}

# cured NAME: it loads with each of the cures, without a warning
cured() {
	local name=$1 number options
	options=$(setting "$name" cure --btf)
	if [[ $options == *LIBRARY* ]]; then
		compile "$programs/$name.c" -DLIBRARY
		mv "$name.bc" library.bc
	fi
	for number in 1 $(grep -o 'CURED == [2-9]' "$programs/$name.c" | grep -o '[2-9]'); do
		((number == 1)) || options=--btf
		link_program "$name" "$options" "-DCURED=$number"
		[[ ! -s link.log ]] || { cat link.log && return 1; }
		load_object "$name.o" &>load.log || { tail -n 30 load.log && return 1; }
	done
}

# shows NAME: each line of code in the entry is in the source
shows() {
	local code source
	source=$(tr -s ' \t\n' ' ' <"$programs/$1.c")
	while IFS='' read -r code; do
		[[ $source == *"$code"* ]] || { echo "not in $1.c: $code" && return 1; }
	done < <(entry "$1" | sed -n 's/^\.Dl //p')
}

@test "thirty messages and more, each of a program, and each program's" {
	diff <(entries | cut -f 1 | sort) <(cd "$programs" && printf '%s\n' *.c | sed 's/\.c$//' | sort)
	(($(entries | wc -l) >= 30))
}

@test "the code of the cures is that of the programs" {
	local name
	for name in $(entries | cut -f 1); do
		shows "$name"
	done
}

@test "what is refused, by the message on the page; what is cured is loaded" {
	local name message
	need_kernel
	gcc -o load-briefly "$FIXTURES/load-briefly-host.c" -lbpf -lelf -lz
	while IFS=$'\t' read -r name message; do
		echo "program: $name"
		refused "$name" "$message"
		cured "$name"
	done < <(entries)
}

@test "the verifier's log of a program that loads, and the list of what can be attached to" {
	need_kernel
	link_program license --btf -DCURED
	mv license.o program.bpf.o
	rm -f "$PINS"
	run -0 bash -euc "$(sed -n "s,^\.Dl \(bpftool .*\)/sys/fs/bpf/program$,\1$PINS,p" "$page")"
	[[ $output == *'bpf_printk("queue %d", ctx->rx_queue_index); @ license.c:'*'processed '*' insns'* ]]
	bpftool btf dump file /sys/kernel/btf/vmlinux | grep "FUNC 'vfs_read'"
}
