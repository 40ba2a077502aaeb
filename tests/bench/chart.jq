# What the chart shows, a line for each case: its name, and the ratios of time and of CPU time.
.cases[] | select(.missing | not) | .case as $case |
.linkers[] | select(.linker == "upstream" and (.missing | not)) |
[$case, .ratio.median, .cpu_ratio.median] | @tsv
