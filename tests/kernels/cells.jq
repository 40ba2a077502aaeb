# What became of each program of a kernel: its object, variant and name, and a word. Takes $reasons, the text of
# tests/kernels/reasons, and $list, that of tests/kernels/objects.

def lines: split("\n") | map(select(test("^(#|$)") | not));
($reasons | lines | map(split("\t"))) as $known |
($list | lines | map(select(test("^[a-z]+ ~")) | capture("~(?<name>[^:]+)").name)) as $varying |
def once: if . == [] then . elif (unique | length) == 1 then [.[0]] else . end;
def outcome($name):
	if .error == 95 then "loads" # no way to run it
	elif .error != 0 then "fails-\(.error)"
	elif $varying | index($name) then "runs"
	else .results | once | map(tostring) | join(",") end;
def refusal: ((.log // []) + (.libbpf // []) | join("\n")) as $text |
	first($known[] | select(.[1] as $pattern | $text | test($pattern)) | .[0]) // "unexplained";

inputs | (.file | capture("^(?<name>.*)\\.(?<variant>[a-z0-9-]+)\\.o$")) as $of |
select($of.variant | startswith("clang") | not) |
[$of.name, .program, $of.variant,
 (if .loaded | not then refusal elif .btf | not then "without-BTF" else outcome($of.name) end)] | @tsv
