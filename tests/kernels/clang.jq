# Where the linked object does not do what clang's own object of the same sources does, on one kernel: a line for
# each. $list as for cells.jq. --ignore-inline-never changes what clang has decided, and is left out.

($list | split("\n") | map(select(test("^[a-z]+ ~")) | capture("~(?<name>[^:]+)").name)) as $varying |
def key($variant): "\(.name) \($variant) \(.program)";
[inputs | . + (.file | capture("^(?<name>.*)\\.(?<variant>[a-z0-9-]+)\\.o$"))] as $all |
($all | map({key: key(.variant), value: .}) | from_entries) as $programs |
def differing($other): . as $linked |
	[.variables // {} | keys[] | select($other.variables[.] and $other.variables[.] != $linked.variables[.])];

$all[] | select(.variant | test("^(linked|v1|unrolled|unoptimized)$")) |
$programs[key(if .variant == "v1" then "clang-v1" else "clang" end)] as $clang |
select($clang.loaded) |
"\(.name).\(.variant) \(.program)" as $what |
if .loaded | not then "\($what): refused, clang's is not: \((.log // []) + (.libbpf // []) | map(select(test("failed to load") | not)) | .[-2:] | join("; "))"
elif .name as $name | $varying | index($name) then empty
elif .results != $clang.results then "\($what): returns \(.results), clang's \($clang.results)"
elif differing($clang) != [] then "\($what): leaves something else in \(differing($clang) | join(", "))"
elif .variant == "linked" and .processed > 100 and .processed > 1.1 * $clang.processed then
	"\($what): costs the verifier \(.processed) instructions, clang's \($clang.processed)"
else empty end
