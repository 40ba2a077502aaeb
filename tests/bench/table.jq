# The results as a table, with `-` where there is nothing to say.

def quartiles: if . then "\(.quartiles[0]) \(.quartiles[1])" else null end;
def yes_or_no: if . == null then null elif . then "yes" else "no" end;

["case", "linker", "runs", "median ms", "quartiles", "ours/this", "quartiles", "goal", "held",
 "CPU ms", "ours/this", "largest MB", "together MB", "remark"],
(.cases[] | .case as $case |
  if .missing then [$case, null, null, null, null, null, null, null, null, null, null, null, null, .missing]
  else .linkers[] | select(.missing | not) |
    [$case, .linker, .runs, .milliseconds.median, (.milliseconds | quartiles),
     .ratio.median, (.ratio | quartiles), .goal, (.held | yes_or_no),
     .cpu_milliseconds.median, .cpu_ratio.median, .peak_megabytes.largest, .peak_megabytes.together,
     if .memory_held == false then "less memory than bpf-linker" else null end]
  end) | map(. // "-") | @tsv
