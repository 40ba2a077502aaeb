# Of llvm-objdump's disassembly, the number of jumps that close a loop, which kernels before 5.3 refuse: those
# to an instruction that leads to the jump. A jump to what lies before need not be one.

function number_of(text, sign, value, i) { # +0x1f
	sign = substr(text, 1, 1) == "-" ? -1 : 1
	for (i = 4; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return sign * value
}

# Depth first: 1 is an instruction on the way to the current one, 2 one that was left.
function visit(first, depth, at, to) {
	depth = 1
	way[1] = first
	state[first] = 1
	tried[first] = 0
	while (depth) {
		at = way[depth]
		to = ++tried[at] == 1 ? falls[at] : tried[at] == 2 ? jumps[at] : "none"
		if (to == "none") {
			state[at] = 2
			depth--
		} else if (to == "" || !(to in falls) || state[to] == 2) {
			continue
		} else if (state[to] == 1) {
			loops++
		} else {
			state[to] = 1
			tried[to] = 0
			way[++depth] = to
		}
	}
}

function finish() {
	if (start != "")
		visit(start)
	split("", falls)
	split("", jumps)
	split("", state)
	start = last = ""
}

/^[0-9a-f]+ <.*>:$/ { finish() }

/^ +[0-9a-f]+:/ {
	at = substr($1, 1, length($1) - 1) + 0
	if (start == "")
		start = at
	if (last != "")
		falls[last] = at
	falls[at] = jumps[at] = last = ""
	if (match($0, /goto[lx]? [+-]0x[0-9a-f]+/)) {
		split(substr($0, RSTART, RLENGTH), word, " ")
		jumps[at] = at + 1 + number_of(word[2])
	}
	if ($0 !~ /\texit|\tgoto/)
		last = at
}

END {
	finish()
	print loops + 0
}
