#!/usr/bin/env bats
# The same inputs give the same bytes: in any directory, for any locale, time zone, umask and environment, on
# any number of processors, with sources there or not unless BTF quotes them.

load helper

SOURCES=$BATS_FILE_TMPDIR/sources INPUTS=$BATS_FILE_TMPDIR/inputs

# Debug info names the sources; inputs are bitcode of C, and of Rust where there is a rustc.
setup_file() {
	local file rustc=/usr/bin/rustc

	mkdir "$SOURCES" "$INPUTS"
	cp "$FIXTURES"/*.[ch] "$TESTS"/examples/c/*.[ch] "$FIXTURES/host.rs" "$FIXTURES/rust-btf/src/bin/types.rs" "$SOURCES"
	rm "$SOURCES"/*-host.c
	cd "$INPUTS" || return
	for file in "$SOURCES"/*.c; do
		compile "$file"
	done
	"$LLVM_AR" rcs libcount.a count.bc
	[[ -x $rustc ]] || rustc=rustc
	for file in host types; do
		"$rustc" --edition 2021 --crate-type lib -O -C panic=abort -C debuginfo=2 --cap-lints allow \
			--emit=llvm-bc -o "rust-$file.bc" "$SOURCES/$file.rs" || echo "$rustc" >"$BATS_FILE_TMPDIR/no-rust"
	done
	if ! bpf-linker -o /dev/null --export host rust-host.bc; then
		rm -f rust-*.bc
		echo "$rustc is too new for this LLVM, or missing" >"$BATS_FILE_TMPDIR/no-rust"
	fi
}

# link_all [OPTION...]: in the working directory, with the inputs there, with all kinds of outputs
link_all() {
	local file kind

	for file in *.bc; do
		bpf-linker --unresolved-symbols=ignore --btf "$@" -o "${file%.bc}.o" "$file"
	done
	for file in program $(ls rust-types.bc 2>/dev/null); do
		file=${file%.bc}
		for kind in obj asm llvm-ir llvm-bc; do
			bpf-linker --emit=$kind --unresolved-symbols=ignore -o "$file.$kind" -L . -l count "$file.bc"
		done
		bpf-linker --btf --debug-info=full --unresolved-symbols=ignore "$@" --map "$file.map" --dump-module "$file.dump/" \
			--log-level=info --log-file="$file.log" -o "$file.full" "$file.bc" -L . -l count
		bpf-linker --btf --unresolved-symbols=ignore "$@" --save-temps="$file.stages" -o "$file.kept" "$file.bc" libcount.a
	done
} 2>>warnings

# link_elsewhere [OPTION...]: the same in a new folder, of which the name is printed, by a user whose settings
# all are others
link_elsewhere() {
	local folder="elsewhere/a  b/c" one_cpu=()

	mkdir -p "$folder"
	# in another order in the directory
	printf '%s\0' "$INPUTS"/* | sort -rz | xargs -0 -I % cp % "$folder"
	! command -v taskset >/dev/null || one_cpu=(taskset -c 0)
	(
		cd "$folder" || return
		umask 077
		env -i PATH="$PATH" ${BPF_LINKER_LLVM:+BPF_LINKER_LLVM="$BPF_LINKER_LLVM"} LC_ALL=C.utf8 LANGUAGE=de \
			TZ=Asia/Tokyo HOME=/nowhere TMPDIR=/nowhere USER=nobody COLUMNS=20 SOURCE_DATE_EPOCH=1 \
			GLIBC_TUNABLES=glibc.malloc.tcache_count=0 MALLOC_PERTURB_=7 MANY="$(printf '%30000s' '')" \
			"${one_cpu[@]}" setarch -R bash -euc "$(declare -f link_all); link_all \"\$@\"" bash "$@"
	)
	echo "$folder"
}

@test "elsewhere, for another user's settings" {
	mkdir here
	cp "$INPUTS"/* here
	(cd here && link_all)
	folder=$(link_elsewhere)
	[[ -s here/program.stages/program.kept.6-opt.bc && -s here/program.map ]]
	diff -r here "$folder"
	[[ ! -e $BATS_FILE_TMPDIR/no-rust ]] || skip "C alone: $(<"$BATS_FILE_TMPDIR/no-rust")"
}

@test "without the sources, unless BTF quotes them" {
	cp -r "$INPUTS" here
	cp -r "$INPUTS" quoted
	(cd here && link_all --btf-source=none)
	mv "$SOURCES" gone
	folder=$(link_elsewhere --btf-source=none)
	(cd quoted && bpf-linker --btf -o program.o program.bc)
	mv gone "$SOURCES"
	diff -r here "$folder"
	# else there would be nothing to see
	(cd here && bpf-linker --btf -o program.o program.bc)
	run -1 cmp -s here/program.o quoted/program.o
}

@test "stages that are typed, and any number at once" {
	local i

	cp "$INPUTS"/* .
	bpf-linker --btf -o expected.o program.bc libcount.a
	for i in {1..8}; do
		bpf-linker --btf -o $i.o program.bc libcount.a &
	done
	wait
	for i in {1..8}; do
		cmp expected.o $i.o
	done
	bpf-extract program.bc libcount.a | bpf-merge --btf | bpf-internalize | bpf-core | bpf-debuginfo --btf | bpf-opt |
		bpf-codegen -o typed.o
	cmp expected.o typed.o
}
