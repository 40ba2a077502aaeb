# A line for each corpus, as tab-separated values.

def ratio: if . == null then "-" else . * 1000 | round / 1000 end;
def median: sort | if length == 0 then null else .[length / 2 | floor] end;
# the sum of one figure over that of the other, and the largest single ratio of those over a size
def compare(figure; $size):
	[.[] | select((.direct | figure) > 0)] |
	(if length == 0 then null else (map(.linked | figure) | add) / (map(.direct | figure) | add) end | ratio),
	([.[] | select((.direct | figure) > $size) | (.linked | figure) / (.direct | figure)] | max | ratio);

def row($name): . as $files |
	[.[] | select(.compiled)] as $compiled | [$compiled[] | select(.linked)] as $linked |
	[$compiled[] | .programs[]] as $programs |
	[$linked[] | .programs[] | select(.direct.loaded and .linked.loaded)] as $both |
	[$name, ($compiled | length), ($files | length), ($compiled | length) - ($linked | length),
	 ($programs | length), ([$programs[] | select(.direct.loaded)] | length), ([$programs[] | select(.linked.loaded)] | length),
	 ([$linked[] | .lost[]] | length), ([$linked[] | .gained[]] | length),
	 ($both | compare(.insns; 100)), ($both | compare(.processed; 1000)),
	 ([$both[] | select(.direct.btf)] | length), ([$both[] | select(.linked.btf)] | length),
	 ([$linked[] | .ms] | median // "-"),
	 ([$linked[] | select(.peer_ms) | .ms / .peer_ms] | median | ratio),
	 ([$linked[] | .kb] | max // 0 | . / 1024 | round)];

["corpus", "objects", "files", "unlinked", "programs", "direct", "linked", "lost", "gained",
 "insns", "worst", "verifier", "worst", "BTF-direct", "BTF-linked", "link-ms", "to-peer", "peak-MB"],
(.corpora[] as $corpus | [.files[] | select(.name | startswith($corpus + "/"))] | select(. != []) | row($corpus)),
(.files | row("all"))
| @tsv
