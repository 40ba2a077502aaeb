# Completion for fish: bpf-linker and its tools say themselves what there is to complete.

# By program, in __bpf_linker_options_PROGRAM: its options, what each takes, and what for, a line each, with tabs between.
function __bpf_linker_read_help --argument-names program variable
    set --local lines
    for line in (command $program --help 2>/dev/null)
        set --local parts (string match --regex --groups-only \
            '^ {2,6}(-[^][ ,]+)((?:, --[^][ ]+)?)(?: |\[=)?([A-Z]*]?)((?: +.*)?)$' -- $line)
        or continue
        set --local text (string trim -- "$parts[4]")
        set --append lines $parts[1]\t$parts[3]\t$text
        test -z "$parts[2]"; or set --append lines (string replace ', ' '' -- $parts[2])\t$parts[3]\t$text
    end
    set --global $variable $lines
end

# A wrong value makes the program say which are right.
function __bpf_linker_values --argument-names program option
    command $program "$option=?" 2>&1 </dev/null |
        string match --regex --groups-only 'possible values: ([^)]*)' | string split ', '
end

function __bpf_linker_versions --argument-names program
    command $program --version 2>/dev/null | sed -n 2p |
        string match --regex --all --groups-only '(?:^| )([0-9]+)\.' | sort -u
    echo any
end

# Those in the directories of each -L so far.
function __bpf_linker_libraries
    set --local before
    for word in $argv
        set --local folder (string match --regex --groups-only '^(?:-L|--library-path)=?(.+)$' -- $word)
        contains -- "$before" -L --library-path; and set folder $word
        set before $word
        test -n "$folder"; or continue
        for file in (string replace --regex '^~/' $HOME/ -- $folder)/lib*.a
            string match --regex --groups-only '/lib([^/]+)\.a$' -- $file
        end
    end
end

# __bpf_linker_value PROGRAM OPTION TAKES VALUE WORD...: what may stand where VALUE does, after the WORDs
function __bpf_linker_value --argument-names program option takes value
    switch $takes
        case PATH FILE
            __fish_complete_path "$value"
        case 'DIR*'
            __fish_complete_directories "$value" ''
        case NAME
            __bpf_linker_libraries $argv[5..]
        case TRIPLE
            printf '%s\n' bpf bpfel bpfeb
        case VERSION
            __bpf_linker_versions $program
        case LIST GLOB
        case '*'
            __bpf_linker_values $program $option
    end
end

function __bpf_linker_complete
    set --local words (commandline --cut-at-cursor --tokenize --current-process)
    set --local word (commandline --cut-at-cursor --current-token)
    test "$words[-1]" = "$word"; and set --erase words[-1]
    set --local program $words[1]
    set --local variable __bpf_linker_options_(string escape --style=var -- $program)
    set --query $variable; or __bpf_linker_read_help $program $variable

    if contains -- -- $words
        __fish_complete_path $word
        return
    end
    for line in $$variable
        set --local option (string split \t -- $line)
        test -n "$option[2]"; or continue
        set --local prefix
        if test "$words[-1]" = $option[1]; and not string match --quiet '*]' -- $option[2]
            __bpf_linker_value $program $option[1] $option[2] $word $words
            return
        else if string match --quiet -- "$option[1]=*" $word
            set prefix $option[1]=
        else if string match --quiet --regex '^-[^-]$' -- $option[1]; and test "$word" != -o
            and string match --quiet -- "$option[1]*" $word
            set prefix $option[1]
        end
        if test -n "$prefix"
            set --local value (string sub --start (math 1 + (string length -- $prefix)) -- $word)
            string replace --regex -- '^' $prefix (__bpf_linker_value $program $option[1] $option[2] "$value" $words)
            return
        end
    end
    switch $word
        case '-*'
            string replace --regex -- '^([^\t]*)\t[^\t]*' '$1' $$variable
        case '@*'
            string replace --regex -- '^' @ (__fish_complete_path (string sub --start 2 -- $word))
        case '*'
            __fish_complete_path "$word"
    end
end

for program in bpf-linker bpf-extract bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen
    complete --command $program --no-files --keep-order --arguments '(__bpf_linker_complete)'
end
