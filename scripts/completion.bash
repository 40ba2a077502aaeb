# Completion for bash: bpf-linker and its tools say themselves what there is to complete.
# shellcheck shell=bash

# By program: its options; by program and option: what it takes.
declare -gA _bpf_linker_help

_bpf_linker_read_help() {
	local line name option='^ {2,6}(-[^][ ,]+)(, (--[^][ ]+))?( |\[=)?([A-Z]*]?)'
	while IFS='' read -r line; do
		[[ $line =~ $option ]] || continue
		for name in "${BASH_REMATCH[1]}" ${BASH_REMATCH[3]:+"${BASH_REMATCH[3]}"}; do
			_bpf_linker_help[$program]+=$name$'\n'
			_bpf_linker_help[$program $name]=${BASH_REMATCH[5]}
		done
	done < <("$program" --help 2>/dev/null)
}

# Sets option to what the word is a value of, and takes from the word what stands before the value.
_bpf_linker_parse() {
	local last=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " == *' -- '* ]]; then
		option=--
	elif [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then # a word of its own, by COMP_WORDBREAKS
		option=$last
	elif [[ $last == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == --*=* ]]; then
		option=${word%%=*} before=$option=
	elif [[ ${_bpf_linker_help[$program $last]-} == *[A-Z] ]]; then
		option=$last
	elif [[ $word != -o && ${_bpf_linker_help[$program ${word:0:2}]-} ]]; then
		option=${word:0:2} before=$option
	elif [[ $word == @* ]]; then
		option=@ before=@
	fi
	word=${word#"$before"}
}

# A wrong value makes the program say which are right.
_bpf_linker_values() {
	"$program" "$option=?" 2>&1 </dev/null |
		sed -n '/.*possible values: /{ s///; s/).*//; s/, /\n/g; p }'
}

_bpf_linker_versions() {
	"$program" --version 2>/dev/null | sed -n 2p | grep -Eo '(^| )[0-9]+\.' | tr -d ' .' | sort -u
	echo any
}

# Those in the directories of each -L so far.
_bpf_linker_libraries() {
	local IFS=$'\n' rest folder file directory=$'\n(-L|--library-path)\n?=?\n?([^\n]+)(.*)'
	rest="${COMP_WORDS[*]:0:COMP_CWORD}"
	while [[ $rest =~ $directory ]]; do
		folder=${BASH_REMATCH[2]//[\\\"\']/} rest=${BASH_REMATCH[3]}
		for file in "${folder/#~\//$HOME/}"/lib*.a; do
			file=${file##*/lib}
			[[ $file == '*.a' ]] || printf '%q\n' "${file%.a}"
		done
	done
}

_bpf_linker() {
	local program word=$2 option='' before='' values='' value
	COMPREPLY=()
	program=$(type -P -- "${1/#~\//$HOME/}") || return
	[[ ${_bpf_linker_help[$program]-} ]] || _bpf_linker_read_help
	_bpf_linker_parse
	case $option:$word:${_bpf_linker_help[$program $option]-} in
	:-*) values=${_bpf_linker_help[$program]-} ;;
	[!-]* | --:* | *:PATH | *:FILE) _bpf_linker_files file -o bashdefault -o default ;;
	*:DIR | *:DIR]) _bpf_linker_files directory -o dirnames ;;
	*:NAME) values=$(_bpf_linker_libraries) ;;
	*:TRIPLE) values=$'bpf\nbpfel\nbpfeb' ;;
	*:VERSION) values=$(_bpf_linker_versions) ;;
	*:LIST | *:GLOB | *:) ;;
	*) values=$(_bpf_linker_values) ;;
	esac
	while IFS='' read -r value; do
		[[ ! $value || $value != "$word"* ]] || COMPREPLY+=("$before$value")
	done <<<"$values"
}

# Where the word is nothing but a file's name, this is left to bash, which quotes it as it should be.
_bpf_linker_files() {
	if [[ ! $before ]]; then
		compopt "${@:2}"
		return
	fi
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -A "$1" -P "$before" -- "$word")
	if [[ ${#COMPREPLY[@]} == 1 && -d ${COMPREPLY[0]#"$before"} ]]; then
		COMPREPLY[0]+=/
		compopt -o nospace
	fi
}

complete -o nosort -F _bpf_linker \
	bpf-linker bpf-extract bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen
