# What scripts/dev/check-corpus found out about one file, from what the loader printed about both objects.

def programs: map(select(.program)) | map({(.program): .}) | add // {};
def object: map(select(.opened != null)) | .[0] // {};
def figures: if . then {loaded, btf, insns, processed, xlated, section, log, libbpf} else null end;
# Functions that are not seen from outside may be inlined, and then be gone.
def seen: split("\n") | map(select(. != "")) |
	(map(capture("^symbol (?<name>[^ ]+) FUNC [A-Z]+ HIDDEN ").name)) as $hidden |
	map(select(test("^symbol [^ ]+ FUNC [A-Z]+ HIDDEN |^BTF FUNC [^ ]+ static$") | not)) |
	map(select((capture("^BTF FUNC (?<name>[^ ]+) global$").name // null) as $name | $hidden | index($name) | not));
def numbers: split(" ") | map(tonumber? // null);

($direct | programs) as $ours | ($linked_object | programs) as $theirs |
($direct | object) as $a | ($linked_object | object) as $b |
($cost | numbers) as $cost | ($peer | numbers) as $peer |
[$ours, $theirs | keys[]] | unique |
map({program: ., direct: ($ours[.] | figures), linked: ($theirs[.] | figures)}) |
{
	name: $name,
	compiled: true,
	linked: $linked,
	error: (if $linked then null else ($log | rtrimstr("\n")) end),
	warnings: (if $linked then ($log | rtrimstr("\n")) else "" end),
	ms: $cost[0], kb: $cost[1],
	peer_ms: $peer[0],
	opened: {direct: $a.opened, linked: $b.opened, error: $b.error},
	core_relocations: {direct: $a.core_relocations, linked: $b.core_relocations},
	programs: .,
	lost: [.[] | select($linked and .direct.loaded and (.linked.loaded | not)) | .program],
	gained: [.[] | select($linked and (.direct.loaded | not) and .linked.loaded) | .program],
	btf_lost: [.[] | select(.direct.loaded and .linked.loaded and .direct.btf and (.linked.btf | not)) | .program],
	metadata: (if $linked then {
		lost: ($lost | seen), gained: ($gained | seen),
		maps: [([$a.maps, $b.maps | values | keys[]] | unique)[] | select($a.maps[.] != $b.maps[.]) |
			{map: ., direct: $a.maps[.], linked: $b.maps[.]}]
	} else null end)
}
