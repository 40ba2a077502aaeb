# What one case came to. In: what is known of each linker, and $rounds: hyperfine's results, those
# of a round together.

def quantile($share):
  sort | ((length - 1) * $share) as $at |
  .[$at | floor] + (.[$at | ceil] - .[$at | floor]) * ($at - ($at | floor));
def rounded: # to four digits
  if . <= 0 then . else pow(10; [3 - (log10 | floor), 0] | max) as $unit | . * $unit | round / $unit end;
def median_and_quartiles:
  {median: quantile(0.5) | rounded, quartiles: [(quantile(0.25), quantile(0.75)) | rounded]};
def ratios($linker; value): map(select(has($linker)) | (.["bpf-linker"] | value) / (.[$linker] | value));
def megabytes: . / 1024 * 10 | round / 10;

($rounds[0] | map(.results | map({key: .command, value: {wall: .times[0], cpu: (.user + .system)}}) |
  from_entries)) as $times |
(map(select(.linker == "bpf-linker"))[0].peaks | max) as $our_peak |
{case: $case, linkers: map(
  .linker as $linker | .goal as $goal | .peaks as $peaks |
  if .missing then . else
    {
      linker: $linker,
      runs: ($times | map(select(has($linker))) | length),
      milliseconds: $times | map(.[$linker] // empty | .wall * 1000) | median_and_quartiles,
      cpu_milliseconds: $times | map(.[$linker] // empty | .cpu * 1000) | median_and_quartiles,
      peak_megabytes: {largest: $peaks | max | megabytes, together: $peaks | add | megabytes}
    } + if $linker == "bpf-linker" then {} else
      {
        ratio: $times | ratios($linker; .wall) | median_and_quartiles,
        cpu_ratio: $times | ratios($linker; .cpu) | median_and_quartiles
      }
    end + if $linker == "upstream" then {memory_held: ($our_peak <= ($peaks | max))} else {} end |
    if $goal then . + {goal: $goal, held: ($times | ratios($linker; .wall) | quantile(0.5) <= $goal)} else . end
  end)}
