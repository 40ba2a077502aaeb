#!/usr/bin/env bats
# scripts/dev/build-llvm: some libraries of LLVM's from its source. With COMPONENTS=object they are those that
# bpf-extract needs, and it is built with them, which takes a core for a quarter of an hour. What is built is
# kept below build/ and taken up by the next run of these tests: the first takes minutes, others seconds. In CI,
# nothing is built without COMPONENTS.

load helper

ROOT=$(cd "$TESTS/.." && pwd)
SOURCE=$ROOT/build/llvm-source-21
BUILDS=${COMPONENTS-}
COMPONENTS=${COMPONENTS:-textapi}
LLVM_BUILD=$ROOT/build/llvm-test-$COMPONENTS
PREFIX=$LLVM_BUILD-installed
BUILD_LLVM=("$ROOT/scripts/dev/build-llvm" --src-dir "$SOURCE" --build-dir "$LLVM_BUILD"
	--install-prefix "$PREFIX" --components "$COMPONENTS")

# clang compiles LLVM fastest; how fast the result is does not matter here.
export CC=$CLANG CXX=clang++-$LLVM_MAJOR
UNOPTIMIZED=(-- -DCMAKE_{C,CXX}_FLAGS_RELEASE=-O0)

setup_file() {
	local why=

	if [[ ${CI:-} == true && ! ${BUILDS-} ]]; then
		export NO_LLVM='in CI only with COMPONENTS'
		return
	fi
	[[ -e $SOURCE ]] || "$ROOT/scripts/dev/llvm-source" 21 "$SOURCE" >"$BATS_FILE_TMPDIR/log" 2>&1 ||
		why="LLVM's source is not to be had: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
	type cmake ninja python3 >/dev/null 2>&1 || why="CMake, ninja or Python is missing"
	[[ ! $why || ${CI:-} != true ]] || { echo "$why" && return 1; }
	export NO_LLVM=$why
}

need_llvm() {
	[[ ! $NO_LLVM ]] || skip "$NO_LLVM"
}

# build_llvm [OPTION...]
# shellcheck disable=SC2120 # in tests
build_llvm() {
	"${BUILD_LLVM[@]}" "$@" "${UNOPTIMIZED[@]}"
}

# refuses STATUS PATTERN [OPTION...]: build-llvm ends with STATUS and one line that matches
refuses() {
	run --separate-stderr "$ROOT/scripts/dev/build-llvm" "${@:3}"
	# shellcheck disable=SC2154,SC2053 # bats sets stderr; the pattern is one
	if [[ $status != "$1" || $output || $stderr == *$'\n'* || $stderr != "build-llvm: error: "$2 ]]; then
		printf '%s\n' "wanted: status $1, $2" "got: status $status, $output, $stderr"
		return 1
	fi
}

@test "LLVM 21 is built from source, as far as wanted" {
	need_llvm
	run -0 --separate-stderr build_llvm
	# shellcheck disable=SC2154 # bats sets stderr
	[[ ! $stderr && ${lines[-1]} == "build-llvm: LLVM 21."*" is in $PREFIX; 'LLVM_PREFIX=$PREFIX make' uses it" ]]

	cd "$PREFIX"
	[[ $(ls) == $'bin\ninclude\nlib' && $(ls bin) == llvm-config && $(ls include/llvm) == Config ]]
	[[ -s lib/libLLVMTextAPI.a && ! -e lib/libLLVMPasses.a ]]
	[[ $(bin/llvm-config --targets-built) == BPF ]]
	[[ ! $(bin/llvm-config --link-static --system-libs "$COMPONENTS" | grep -oE -- '-l(z|zstd|xml2|tinfo|edit)\b') ]]
}

@test "bpf-extract is built with it, and runs" {
	need_llvm
	[[ $COMPONENTS == object ]] || skip "COMPONENTS=object make check TESTS=tests/build-llvm.bats does this"
	build_llvm
	make -C "$ROOT" CC=gcc BUILD="$PWD/ours" LLVM_PREFIX="$PREFIX" \
		"$PWD/ours/libexec/bpf-linker/bpf-extract"
	ours/libexec/bpf-linker/bpf-extract --version | grep 'LLVM 21\.'
	"$CLANG" "${BPF_CFLAGS[@]}" -fembed-bitcode -c -o count.o "$TESTS/examples/c/count.c"
	ours/libexec/bpf-linker/bpf-extract count.o >ours.tar
	bpf-extract count.o >wanted.tar
	[[ $(tar -tf ours.tar) == count.o ]]
	cmp ours.tar wanted.tar
}

# compiled: how many files the last run of ninja has compiled
compiled() {
	cat "$LLVM_BUILD/build.log" 2>/dev/null | grep -c '^\[.*Building C'
}

@test "what is built is not built again" {
	need_llvm
	build_llvm
	touch -d '1 minute ago' stamp
	touch -r stamp "$LLVM_BUILD/configure.log"
	run -0 build_llvm
	[[ $output != *configuring* && ${lines[-1]} == "build-llvm: LLVM 21."*" is in "* ]]
	# CMake and ninja do not know of one generated file that it is up to date
	(($(compiled) == 0))
	[[ ! $LLVM_BUILD/configure.log -nt stamp ]]
}

@test "other options: it is configured again, and built is what they change" {
	need_llvm
	build_llvm
	UNOPTIMIZED+=(-DLLVM_LIT_ARGS=-q)
	run -0 build_llvm
	[[ ${lines[0]} == "build-llvm: configuring LLVM 21."*" in $LLVM_BUILD" ]]
	grep 'LLVM_LIT_ARGS:STRING=-q' "$LLVM_BUILD/CMakeCache.txt"
	(($(compiled) <= 1)) # llvm-config tells of the build
}

@test "stopped, it goes on where it was" {
	need_llvm
	build_llvm
	objects=("$LLVM_BUILD"/lib/TextAPI/CMakeFiles/LLVMTextAPI.dir/*.o)
	rm "${objects[@]}" "$LLVM_BUILD/build.log"
	"${BUILD_LLVM[@]}" "${UNOPTIMIZED[@]}" >output 2>&1 &
	for ((i = 0; i < 1200; i++)); do
		(($(compiled) < 5)) || break
		sleep 0.1
	done
	kill $!
	status=0
	wait $! || status=$?
	((status == 1))
	[[ $(tail -n 1 output) == "build-llvm: error: stopped; the same command goes on from here" ]]
	run -1 pgrep -f "ninja -C $LLVM_BUILD"
	before=$(compiled)
	((before >= 5))

	build_llvm >output
	((0 < $(compiled) && $(compiled) <= ${#objects[@]} - before))
	grep ': 100% (' output
	(($(wc -l <output) <= 12))
}

@test "progress on a terminal takes one line" {
	need_llvm
	need_terminal
	build_llvm
	rm "$LLVM_BUILD"/lib/TextAPI/CMakeFiles/LLVMTextAPI.dir/[A-M]*.o
	run -0 script -qec "${BUILD_LLVM[*]@Q} ${UNOPTIMIZED[*]@Q}" /dev/null
	[[ $output == *$'\rbuild-llvm: building LLVM 21.'*': '*'% ('*$'\r'*': 100% ('* ]]
	[[ ${#lines[@]} == 2 ]]
}

@test "--verbose shows what ninja prints" {
	need_llvm
	build_llvm
	run -0 build_llvm --verbose
	[[ $output == *'ninja: Entering directory '* ]]
}

@test "a component that LLVM has not" {
	need_llvm
	build_llvm
	run -1 --separate-stderr build_llvm --components textapi,nonsense
	[[ $stderr == "build-llvm: error: LLVM 21."*" has no component 'nonsense'" ]]
}

@test "--target: the libraries are for it, llvm-config runs here" {
	need_llvm
	command -v aarch64-linux-gnu-g++ || skip "no compiler for aarch64 is here"
	build_llvm
	mkdir cross
	ln -s "$LLVM_BUILD" cross/native # what runs here is built as above
	run -0 build_llvm --target aarch64-linux-gnu --components demangle --build-dir cross \
		--install-prefix installed
	[[ ${lines[-1]} == "build-llvm: LLVM 21."*" is in $PWD/installed; "* ]]
	[[ $(installed/bin/llvm-config --link-static --libs demangle) == -lLLVMDemangle ]]
	grep 'LLVM_HOST_TRIPLE "aarch64-linux-gnu"' installed/include/llvm/Config/llvm-config.h
	"$READELF" -h installed/lib/libLLVMDemangle.a | grep Machine: >machines
	[[ -s machines ]]
	absent -v AArch64 machines
}

@test "CMake fails: the end of its log, and where the rest is" {
	need_llvm
	UNOPTIMIZED+=(-DCMAKE_C_FLAGS=-fno-such-flag)
	run -1 --separate-stderr build_llvm --build-dir build --install-prefix installed
	[[ $stderr == *no-such-flag*"build-llvm: error: CMake failed; all that it printed is in $PWD/build/configure.log" ]]
	[[ ! $(ls installed) ]]
}

@test "a compiler fails: the end of ninja's log, and where the rest is" {
	need_llvm
	printf '#!/bin/sh\ncase $* in *ItaniumDemangle.cpp) echo no such luck; exit 1; esac\n%s "$@"\n' "$CXX" >cxx
	chmod +x cxx
	CXX=$PWD/cxx run -1 --separate-stderr build_llvm --build-dir build --install-prefix installed --components demangle
	[[ $stderr == *'no such luck'*"build-llvm: error: ninja failed; all that it printed is in $PWD/build/build.log" ]]
	[[ ! $(ls installed) ]]
}

@test "what is not LLVM's source, and an LLVM that bpf-linker does not support" {
	need_llvm
	mkdir -p other/llvm/include/llvm-c other/cmake/Modules
	refuses 1 "not-there: no such directory" --src-dir not-there --build-dir b --install-prefix p
	refuses 1 "other: not LLVM's source, *llvm/CMakeLists.txt*" --src-dir other --build-dir b --install-prefix p
	touch other/llvm/CMakeLists.txt other/llvm/include/llvm-c/Core.h
	refuses 1 "other: LLVM's source without *cmake/*" --src-dir other --build-dir b --install-prefix p
	supported=$("$ROOT/scripts/dev/llvms")
	for major in $((${supported##* } - 1)) $((${supported%% *} + 1)); do
		printf '  set(LLVM_VERSION_%s)\n' "MAJOR $major" 'MINOR 1' 'PATCH 2' >other/cmake/Modules/LLVMVersion.cmake
		refuses 1 "other: LLVM $major.1.2; bpf-linker supports LLVM $supported" --src-dir other --build-dir b --install-prefix p
		refuses 1 "other/llvm: LLVM $major.1.2; *" --src-dir other/llvm --build-dir b --install-prefix p
	done
	[[ ! -e b && ! -e p ]]
}

@test "what is needed and not there is named" {
	mkdir bin
	ln -s "$(command -v bash)" "$(command -v nproc)" "$(command -v realpath)" bin
	run -1 env -u CC -u CXX PATH="$PWD/bin" "$ROOT/scripts/dev/build-llvm" --src-dir . --build-dir b \
		--install-prefix p --components object --target riscv64-linux-gnu
	[[ $output == "build-llvm: error: building LLVM needs cmake ninja-build python3 gcc g++ g++-riscv64-linux-gnu; on Debian: apt-get install "* ]]
}

@test "wrong options" {
	refuses 2 "unknown option '--nonsense'; see 'scripts/dev/build-llvm --help'" --nonsense
	refuses 2 "option '--src-dir' needs a value; *" --src-dir
	refuses 2 "option '--jobs' takes a number, not 'many'; *" --jobs=many
	for flag in --assertions --verbose --help; do
		refuses 2 "option '$flag' takes no value; *" $flag=no
	done
	refuses 2 "no source; *--src-dir; *" --build-dir b
	refuses 2 "no directory to build in; *--build-dir; *" --src-dir s
	refuses 2 "no directory to install to; *--install-prefix; *" --src-dir s --build-dir b
	refuses 2 "--install-prefix is in the build directory; *" --src-dir "$ROOT" --build-dir b --install-prefix b/p
	run -0 "$ROOT/scripts/dev/build-llvm" --help
	[[ $output == "Usage: scripts/dev/build-llvm "* ]]
}

@test "a source that is there is not fetched again" {
	mkdir -p there/llvm
	touch there/llvm/CMakeLists.txt
	run -0 "$ROOT/scripts/dev/llvm-source" 21 there
	[[ ! $output && $(ls -A there) == llvm ]]
	run -1 "$ROOT/scripts/dev/llvm-source" 21
	[[ $output == "llvm-source: error: usage: scripts/dev/llvm-source VERSION DIR" ]]
}

@test "what is there and is not a source" {
	mkdir empty
	touch file
	for there in empty file; do
		run -1 "$ROOT/scripts/dev/llvm-source" 21 $there
		[[ $output == "llvm-source: error: $there is there, and is not LLVM's source" ]]
	done
}

@test "a source is fetched" {
	[[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || skip "this is not Debian"
	mkdir -p stubs llvm-21/{cmake,llvm/docs,third-party,clang}
	touch llvm-21/LICENSE.TXT llvm-21/llvm/{CMakeLists.txt,docs/index}
	tar -cJf source.tar.xz llvm-21
	cat >stubs/apt-get <<-END
		#!/bin/sh
		case \$* in
		*--print-uris) echo "'http://mirror/debian/dists/suite/InRelease' mirror_InRelease 0" ;;
		*source*) cp "$PWD/source.tar.xz" llvm-toolchain-21_21.1.2.orig.tar.xz ;;
		esac
	END
	printf '#!/bin/sh\necho Version: 21.1.2-1\n' >stubs/apt-cache
	chmod +x stubs/*
	PATH=$PWD/stubs:$PATH run -0 "$ROOT/scripts/dev/llvm-source" 21 below/there
	[[ ${#lines[@]} == 2 && ${lines[0]} == "llvm-source: fetching the source of LLVM 21" ]]
	[[ ${lines[1]} =~ ^llvm-source:\ [0-9.]+[KM]?\ in\ below/there$ ]]
	[[ $(ls below) == there && $(ls below/there) == $'LICENSE.TXT\ncmake\nllvm\nthird-party' ]]
	[[ $(ls below/there/llvm) == CMakeLists.txt ]]
}
