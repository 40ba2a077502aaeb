# Which linkers are missing, where, and why.
[.cases[] | .case as $case | .linkers // [] | .[] | select(.missing) | . + {case: $case}] |
group_by([.linker, .missing])[] |
"missing: \(.[0].linker) in \(map(.case) | join(", ")): \(.[0].missing)"
