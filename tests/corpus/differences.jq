# Every difference between clang's objects and the linked ones, by name.

def lines: if . == [] then "none" else .[] end;
# the verifier's, or what libbpf says where it never came to that
def last_words: (.log // [])[-4:] as $log |
	(if $log == [] then (.libbpf // [] | map(select(test("failed to load( object|:)") | not)))[-4:] else $log end) |
	map("\n        " + .) | add // "";
def btf_words: [.libbpf // [] | .[] | select(test("Invalid|BTF"))][-4:] | map("\n        " + .) | add // "";
def rounded: . * 100 | round / 100;

[.files[] | select(.compiled)] as $files |
[$files[] | select(.linked)] as $linked |
[$linked[] | . as $file | .programs[] | . + {name: "\($file.name) \(.program)"}] as $programs |
[$programs[] | select(.direct.loaded and .linked.loaded)] as $both |

"## Files that do not link",
([$files[] | select(.linked | not) | "\(.name): \(.error)"] | lines),
"\n## Programs lost: the kernel takes clang's, not the linked one",
([$linked[] | select(.opened.linked == false and .opened.direct) | "\(.name): does not open: \(.opened.error | join("; "))"] +
 [$programs[] | select(.direct.loaded and (.linked.loaded | not)) |
	if .linked then "\(.name) (\(.linked.section))\(.linked | last_words)" else "\(.name): is not in the linked object" end] | lines),
"\n## Programs gained: the kernel takes the linked one alone",
([$programs[] | select((.direct.loaded | not) and .linked.loaded) |
	"\(.name) (\(.linked.section))\(.direct | if . then last_words else ": is not in the object" end)"] | lines),
"\n## Programs whose BTF was lost",
([$both[] | select(.direct.btf and (.linked.btf | not)) | "\(.name)\(.linked | btf_words)"] | lines),
"\n## More than 1.05 times the instructions, of those over 100",
([$both[] | select(.direct.insns > 100 and .linked.insns > 1.05 * .direct.insns)] | sort_by(-.linked.insns / .direct.insns) |
	map("\(.name): \(.direct.insns) -> \(.linked.insns), \(.linked.insns / .direct.insns | rounded)") | lines),
"\n## More than 1.1 times the instructions that the verifier walks, of those over 1000",
([$both[] | select(.direct.processed > 1000 and .linked.processed > 1.1 * .direct.processed)] |
	sort_by(-.linked.processed / .direct.processed) |
	map("\(.name): \(.direct.processed) -> \(.linked.processed), \(.linked.processed / .direct.processed | rounded)") | lines),
"\n## Metadata that differs: - clang's, + the linked",
([$linked[] | . as $file |
	(.metadata.lost[] | "\($file.name) - \(.)"), (.metadata.gained[] | "\($file.name) + \(.)"),
	(.metadata.maps[] | "\($file.name) map \(.map):\(if .direct then "\n  - " + .direct else "" end)\(if .linked then "\n  + " + .linked else "" end)"),
	(select(.core_relocations.direct != .core_relocations.linked) |
		"\(.name): CO-RE relocations \(.core_relocations.direct) -> \(.core_relocations.linked)")] | lines),
"\n## Warnings of bpf-linker",
([$linked[] | select(.warnings != "") | "\(.name): \(.warnings)"] | lines),
"\n## Files that do not compile here",
([.files[] | select(.compiled | not) | "\(.name): \(.error)"] | lines)
