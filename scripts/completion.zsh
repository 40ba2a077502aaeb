#compdef bpf-linker bpf-extract bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen
# Completion for zsh: bpf-linker and its tools say themselves what there is to complete.

# By program: its options as _arguments takes them, a line each.
typeset -gA _bpf_linker_options

_bpf_linker_read_help() {
	local help line names name takes text action specs=()
	local option='^ {2,6}(-[^][ ,]+)(, (--[^][ ]+))?( |\[=)?([A-Z]*]?)(  +(.*))?$'
	help=$(_call_program options $words[1] --help 2>/dev/null)
	help=${help//$'\n' (#c10,)/  } # what goes on in the next line
	for line in ${(f)help}; do
		[[ $line =~ $option ]] || continue
		names=($match[1] $match[3]) takes=$match[5] text=${${match[7]//  / }//(#m)[][\\]/\\$MATCH}
		for name in $names; do
			case $takes in
			PATH | FILE) action=_files ;;
			DIR*) action='_files -/' ;;
			NAME) action=_bpf_linker_libraries ;;
			TRIPLE) action='(bpf bpfel bpfeb)' ;;
			VERSION) action=_bpf_linker_versions ;;
			LIST | GLOB) action=' ' ;;
			*) action="_bpf_linker_values $name" ;;
			esac
			case $name:$takes in
			*:) specs+="($names)${name}[$text]" ;;
			*]) specs+="($names)${name}=-[$text]::DIR:$action" ;;
			--*) specs+="($names)${name}=[$text]:$takes:$action" ;;
			*) specs+="($names)${name}+[$text]:$takes:$action" ;;
			esac
			[[ $takes == (LIST|DIR|NAME) ]] && specs[-1]="*${specs[-1]#*\)}"
		done
	done
	_bpf_linker_options[$words[1]]=${(F)specs}
}

# A wrong value makes the program say which are right.
_bpf_linker_values() {
	local message=$(_call_program values $words[1] "'$@[-1]=?'" 2>&1 </dev/null)
	[[ $message == *'possible values: '* ]] || return
	message=${${message#*possible values: }%%\)*}
	compadd "${@[1,-2]}" - ${(s:, :)message}
}

_bpf_linker_versions() {
	local lines=("${(f)$(_call_program versions $words[1] --version 2>/dev/null)}")
	compadd "$@" - ${${(M)${=lines[2]}:#[0-9]##.*}%%.*} any
}

# Those in the directories of each -L so far.
_bpf_linker_libraries() {
	local rest=${(F)words[1,CURRENT-1]} directory=$'\n(-L|--library-path)[=\n]?([^\n]+)(.*)' libraries=()
	while [[ $rest =~ $directory ]]; do
		rest=$match[3]
		libraries+=(${(Q)match[2]/#\~\//$HOME/}/lib?*.a(N:t:r))
	done
	compadd "$@" - ${libraries#lib}
}

[[ -n $_bpf_linker_options[$words[1]] ]] || _bpf_linker_read_help
_arguments -s -S : ${(f)_bpf_linker_options[$words[1]]} '*:input:{compset -P @; _files}'
