#!/usr/bin/env bats
# scripts/dev/dist and package: what is in the release, that it runs where there is nothing but bash, that its
# packages can be installed and removed, and that it can be made again. The Debian roots are kept in build/roots.

load helper

PROJECT=$(cd "$TESTS/.." && pwd -P)
TOOLS=(bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen)
mapfile -t VERSIONS < <("$PROJECT/scripts/dev/llvms" | tr ' ' '\n' | sort -n)
ROOTS=$(cd "$PROJECT" && realpath -m "${ROOTS:-build/roots}") # for copies of the project, too
export ROOTS
unset BPF_LINKER_LLVM BPF_LINKER_LIBLLVM LLVM LLVM_CONFIG LLVM_PREFIX SOURCE_DATE_EPOCH PACKAGES
export COMPRESSION=fast

# of the release, when setup_file is through
FOLDER=$BATS_FILE_TMPDIR/unpacked
VERSION=$(make -s --no-print-directory -C "$PROJECT" show-VERSION)
ARCH=$(uname -m)
NAME=bpf-linker-$VERSION-linux-$ARCH
RELEASE=$FOLDER/$NAME
DIST=$BATS_FILE_TMPDIR/build/dist
TARBALL=$DIST/$NAME.tar.xz
DEB=bpf-linker_$VERSION-1_$(dpkg --print-architecture).deb
RPM=bpf-linker-$VERSION-1.$ARCH.rpm
WHEEL=bpf_linker-$VERSION-py3-none-manylinux_2_31_$ARCH.musllinux_1_1_$ARCH.whl
OLDER=$BATS_FILE_TMPDIR/older # packages of version 0.0.9
FLAT=bpf-linker-$ARCH-unknown-linux-musl.tar.zst

root() {
	"$PROJECT/scripts/dev/debian-root" "$@"
}

# bare SUITE COMMAND...: in a Debian that has only what every Debian has
bare() {
	root --name "bare-$1" "$@"
}

make_bare_roots() {
	for suite in bullseye bookworm trixie unstable noble; do
		bare $suite true || return
	done
}

setup_file() {
	make_bare_roots >"$BATS_FILE_TMPDIR/bare-log" 2>&1 3>&- &
	BUILD=$BATS_FILE_TMPDIR/build LC_ALL=C make -C "$PROJECT" dist >"$BATS_FILE_TMPDIR/log" 2>&1 || true
	wait
	mkdir "$FOLDER"
	[[ ! -e $TARBALL ]] || { tar -C "$FOLDER" -xf "$TARBALL" && make_older; }
}

# Packages of an older version, with the newest toolset alone, and a file that the new one has not.
make_older() {
	local tree=$BATS_FILE_TMPDIR/$NAME-older version format

	mkdir "$OLDER"
	cp -a "$RELEASE" "$tree"
	for version in "${VERSIONS[@]::${#VERSIONS[@]}-1}"; do
		rm -r "$tree/libexec/bpf-linker/llvm-$version"
	done
	: >"$tree/libexec/bpf-linker/only-in-0.0.9"
	sed -i "s/^VERSION='.*/VERSION='0.0.9'/" "$tree/bin/bpf-linker"
	for format in deb rpm wheel; do
		SOURCE_DATE_EPOCH=1 "$PROJECT/scripts/dev/package" $format "$tree" 0.0.9 "$OLDER" || return
	done
}

# Skips the test where no root can be made; in CI that is a failure.
need_release() {
	[[ ! -e $TARBALL ]] || return 0
	tail -n 20 "$BATS_FILE_TMPDIR/log"
	[[ ${CI:-} == true ]] || root bookworm true || skip "no Debian root can be had here"
	return 1
}

# compilers: the versions of clang that are here
compilers() {
	compgen -c clang- | grep -xE 'clang-[0-9]+' | sed 's/clang-//' | sort -nu
}

# compile_inputs: for each compiler, the C example's modules in inputs/VERSION
compile_inputs() {
	local version

	for version in $(compilers); do
		compile_input "$version"
	done
}

# compile_input VERSION [COMMAND...]: by a clang that COMMAND runs. The sources come by standard
# input, since LLVM would write their lines into BTF where it can read them.
compile_input() {
	local name

	mkdir -p "inputs/$1"
	for name in program count; do
		"${@:2}" "clang-$1" "${BPF_CFLAGS[@]}" -I "$TESTS/examples/c" -emit-llvm -c -o - -x c - \
			<"$TESTS/examples/c/$name.c" >"inputs/$1/$name.bc"
	done
}

# of_llvm_99 <MODULE of LLVM $LLVM_MAJOR: the same, with a producer that is newer
of_llvm_99() {
	perl -0777 -e '
		binmode $_ for *STDIN, *STDOUT;
		my $letters = join "", "a" .. "z", "A" .. "Z", "0" .. "9", "._";
		sub char6 { unpack "b*", join "", map { chr index $letters, $_ } split //, shift }
		sub bits { join "", map { substr $_, 0, 6 } unpack "(a8)*", char6(shift) }
		my ($from, $to) = map bits("LLVM$_"), shift, 99;
		my $module = unpack "b*", <STDIN>;
		$module =~ s/$from/$to/ or die "no producer\n";
		print pack "b*", $module' "$LLVM_MAJOR"
}

# --- What is in it ---

wanted_files() {
	local version tool

	printf '%s\n' SHA256SUMS bin/bpf-linker libexec/bpf-linker/{bpf-driver,bpf-extract,llvm-any/find-libllvm} \
		share/{bash-completion/completions/bpf-linker,zsh/site-functions/_bpf-linker,fish/vendor_completions.d/bpf-linker.fish} \
		share/doc/bpf-linker/{LICENSE-APACHE,LICENSE-MIT,README.md} share/man/man1/bpf-linker.1
	(cd "$PROJECT/man" && printf 'share/man/man7/%s\n' *.7)
	for tool in bpf-extract "${TOOLS[@]}"; do
		printf '%s\n' bin/$tool share/bash-completion/completions/$tool share/man/man1/$tool.1 \
			share/fish/vendor_completions.d/$tool.fish
	done
	for version in "${VERSIONS[@]}" any; do
		printf "libexec/bpf-linker/llvm-$version/%s\n" "${TOOLS[@]}"
	done
}

@test "what is in it" {
	need_release
	diff <(wanted_files | LC_ALL=C sort) <(tar -tf "$TARBALL" | grep -v -e '/$' -e /licences/ |
		sed "s|^$NAME/||" | LC_ALL=C sort)
	for version in "${VERSIONS[@]}"; do
		suite=$("$PROJECT/scripts/dev/llvms" suite "$version")
		for package in "llvm-$version-dev" libarchive-dev libzstd-dev zlib1g-dev libc6-dev libstdc++-*-dev; do
			# shellcheck disable=SC2086 # a pattern
			grep -qi -e copyright -e license "$RELEASE"/share/doc/bpf-linker/licences/$suite-$package
		done
	done
}

@test "tools that are one program are one file" {
	need_release
	for version in "${VERSIONS[@]}" any; do
		cd "$RELEASE/libexec/bpf-linker/llvm-$version"
		for tool in "${TOOLS[@]}"; do
			[[ $tool -ef bpf-merge ]]
		done
	done
	[[ $(tar -tvf "$TARBALL" | grep -c '^h.* link to ') == $((5 * (${#VERSIONS[@]} + 1))) ]]
}

@test "the files' owner, permissions and time" {
	need_release
	epoch=$(git -C "$PROJECT" log -1 --format=%ct) || skip "no git here"
	TZ=UTC0 tar --numeric-owner --full-time -tvf "$TARBALL" >list
	absent -vE "^[dhl-]rwxr-xr-x|^-rw-r--r--" list
	absent -vF " 0/0 " list
	absent -vF " $(TZ=UTC0 date -d "@$epoch" '+%F %T') $NAME/" list
}

@test "checksums" {
	need_release
	cd "$RELEASE"
	sha256sum --quiet -c SHA256SUMS
	diff <(cut -c 67- SHA256SUMS) <(find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort)
	cd "$DIST"
	for file in "$NAME.tar.xz" "$DEB" "$RPM" "$WHEEL" "$FLAT"; do
		sha256sum --quiet -c "$file.sha256"
	done
}

@test "tools with an LLVM need no library" {
	need_release
	cd "$RELEASE/libexec/bpf-linker"
	for tool in bpf-driver bpf-extract llvm-[0-9]*/*; do
		run ldd "$tool"
		[[ $output == *'not a dynamic executable'* ]] || { echo "$tool: $output" && return 1; }
	done
}

@test "the tools of llvm-any need the C library alone, and not a newer one than 2.31" {
	need_release
	cd "$RELEASE/libexec/bpf-linker/llvm-any"
	for tool in "${TOOLS[@]}"; do
		"$READELF" -d "$tool" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >needed
		grep -x libc.so.6 needed
		absent -vE '^(lib(c|dl|m|pthread)|ld-linux.*)\.so\.[0-9]+$' needed
		newest=$("$OBJDUMP" -T "$tool" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
		printf '%s\n' "$newest" GLIBC_2.31 | sort -CV || { echo "$tool: $newest" && return 1; }
	done
}

@test "the manual can be read" {
	need_release
	for page in "$RELEASE"/share/man/man1/*.1; do
		name=${page##*/}
		mandoc -T ascii "$page" | col -b | grep -A 1 ^NAME | grep -F " ${name%.1} "
	done
}

@test "completions work from where they are" {
	need_release
	PATH=$RELEASE/bin:$PATH
	# shellcheck disable=SC2016 # for that bash
	run -0 --separate-stderr bash --norc -c 'source "$1"
		COMP_WORDS=(bpf-linker --em) COMP_CWORD=1
		_bpf_linker bpf-linker --em bpf-linker
		echo "${COMPREPLY[@]}"' bash "$RELEASE/share/bash-completion/completions/bpf-linker"
	[[ $output == --emit && ! $stderr ]]
	bash -c 'source "$1" && complete -p bpf-opt' bash "$RELEASE/share/bash-completion/completions/bpf-opt"
	command -v zsh >/dev/null || skip "no zsh here"
	# shellcheck disable=SC2016 # for zsh
	run -0 zsh -f -c 'fpath=("$1" $fpath); autoload -U compinit; compinit -u -D
		echo $_comps[bpf-linker] $_comps[bpf-opt]' zsh "$RELEASE/share/zsh/site-functions"
	[[ $output == "_bpf-linker _bpf-linker" ]]
}

# --- Where it runs ---

# What is done in a root: the release is unpacked from standard input, under a name with a space,
# and links from several places. The results go to standard output.
# shellcheck disable=SC2016 # for the root's bash
IN_ROOT='set -euo pipefail
	mkdir "/tmp/some where"
	cd "/tmp/some where"
	tar -x
	mv bpf-linker-* "bpf linker"
	(cd "bpf linker" && sha256sum --quiet -c SHA256SUMS >&2)
	mkdir out
	ln -sf "$PWD/bpf linker/bin/bpf-linker" /usr/local/bin/
	ln -s "bpf linker" link
	ln -s link/bin/bpf-linker chain
	for folder in inputs/[0-9]*; do
		here=$PWD files=("$PWD/$folder"/*.bc) out=$PWD/out/${folder##*/}
		"bpf linker/bin/bpf-linker" --btf -o "$out-relative.o" "${files[@]}"
		link/bin/bpf-linker --btf -o "$out-folder.o" "${files[@]}"
		./chain --btf -o "$out-chain.o" "${files[@]}"
		(cd "bpf linker/bin" && ./bpf-linker --btf -o "$out-beside.o" "${files[@]}")
		(cd / && bpf-linker --btf -o "$out-path.o" "${files[@]}")
		(cd "$folder" && env -i "/usr/local/bin/bpf-linker" --btf -o "$out-bare.o" ./*.bc)
	done
	bpf-linker --version >out/version
	link/bin/bpf-linker --llvm any --btf -o out/any.o "${files[@]}" >out/any 2>&1 || echo $? >>out/any
	bpf-linker -o out/new.o inputs/new.bc >out/new 2>&1 || echo $? >>out/new
	tar -c out'

# run_in COMMAND...: what comes of it, in out/
run_in() {
	local folder object

	tar -c inputs -C "$FOLDER" "$NAME" | "$@" bash -c "$IN_ROOT" | tar -x
	for folder in inputs/[0-9]*; do
		"$RELEASE/bin/bpf-linker" --btf -o here.o "$folder"/*.bc
		for object in "out/${folder##*/}"-{relative,folder,chain,beside,path,bare}.o; do
			cmp here.o "$object"
		done
	done
}

# runs_in_bare SUITE
runs_in_bare() {
	need_release
	compile_inputs
	of_llvm_99 <"inputs/$LLVM_MAJOR/program.bc" >inputs/new.bc
	run_in bare "$1"
	mapfile -t lines <out/version
	[[ ${#lines[@]} == 4 && ${lines[0]} == "bpf-linker "* && ${lines[1]} =~ ^LLVM\ ${VERSIONS[0]}\..*,\ ${VERSIONS[-1]}\. ]]
	[[ ${lines[1]//[!,]/} == "$(printf '%.0s,' "${VERSIONS[@]:1}")" ]]
	[[ ${lines[2]} == "any: no libLLVM was found here; "* ]]
	newest=$(compilers | tail -n 1)
	fails_in_root any "no libLLVM $newest or newer was found here; leave out --llvm any, install one, *"
	fails_in_root new "inputs/new.bc was produced by LLVM 99.*; installed: $(printf '%s, ' "${VERSIONS[@]}")any, which finds \
no libLLVM 99 or newer here; a toolset for LLVM 99 or newer is needed: *"
}

# fails_in_root NAME MESSAGE: one line is MESSAGE, a pattern, and there is no output
fails_in_root() {
	local said wanted="bpf-linker: error: $2"

	mapfile -t said <"out/$1"
	# shellcheck disable=SC2053 # a pattern
	[[ ${#said[@]} == 2 && ${said[0]} == $wanted && ${said[1]} == 1 && ! -e out/$1.o ]] ||
		{ cat "out/$1" && return 1; }
}

@test "it runs on a bare Debian 11" {
	runs_in_bare bullseye
}

@test "it runs on a bare Debian 12" {
	runs_in_bare bookworm
}

@test "it runs on a bare Debian 13" {
	runs_in_bare trixie
}

@test "it runs on a bare Debian unstable" {
	runs_in_bare unstable
}

@test "a libLLVM of Debian 13 is used" {
	need_release
	suite=$("$PROJECT/scripts/dev/llvms" suite 21)
	packages='libllvm21 clang-21 libbpf-dev linux-libc-dev libc6-dev'
	compile_input 21 root --with "$packages" "$suite"
	cp inputs/21/program.bc inputs/new.bc
	run_in root "$suite"
	[[ $(sed -n 3p out/version) =~ ^any:\ LLVM\ 2[1-9]\..*\ \(/usr/lib/.*libLLVM.*\)$ ]]
	[[ ! -s out/any ]]
	cmp out/any.o out/21-path.o
}

@test "the kernel takes what each toolset makes" {
	need_release
	need_kernel
	compile_inputs
	packet 17 100 >udp
	for compiler in $(compilers); do
		for version in '' "${VERSIONS[@]}"; do
			((compiler <= ${version:-99})) || continue
			"$RELEASE/bin/bpf-linker" ${version:+--llvm $version} --btf -o out.o inputs/$compiler/*.bc
			load_object out.o
			[[ $(run_program count_and_drop udp 3) == 1 ]]
			[[ $(map_value traffic 17 8) == 300 ]]
		done
	done
}

# --- The packages ---

# What is done in a root with a package: commands come by the environment, the packages and inputs by standard input.
# Nothing stays behind: what the package managers write of themselves is below /var, and apt's own.
# shellcheck disable=SC2016 # for the root's bash
WITH_PACKAGES='set -euo pipefail
	project=$PWD # where the roots may be, this one among them
	cd /tmp && tar -x
	files() {
		find / -xdev -path "$project" -prune -o -path /var -prune -o -path /tmp -prune -o -path /etc/apt -prune -o ! -type d -print | sort
	}
	uses() {
		[[ $(cd / && bpf-linker --version | head -n 1) == "bpf-linker $1" ]]
		(cd / && bpf-linker --btf --save-temps=/tmp/stages -o /tmp/out.o /tmp/inputs/*.bc) && cmp out.o wanted.o
		rm out.o
		(cd / && bpf-linker --btf -o /tmp/out.o /tmp/inputs/*.bc) && cmp out.o wanted.o
		for tool in extract merge internalize core debuginfo opt codegen; do
			[[ $(bpf-$tool --version | head -n 1) == "bpf-$tool "* ]]
		done
		bpf-internalize -o /dev/null stages/out.o.2-merge.bc
	}
	remove || :
	files >before
	install_old && uses 0.0.9 && files | grep -x "$PLACE/only-in-0.0.9"
	install_new && uses "$VERSION" && ! files | grep -F only-in-0.0.9
	files | grep -E "/share/man/man1/bpf-merge\.1(\.gz)?$" && files | grep /share/bash-completion/completions/bpf-linker
	remove && files | diff before - && ! command -v bpf-linker'

# readme_says COMMAND: as it stands there
readme_says() {
	sed 's/^  //' "$PROJECT/README.md" | grep -xF -e "$1" >/dev/null || { echo "not in the README: $1" && return 1; }
}

# takes_package OLD NEW PLACE COMMANDS ROOT...: what ROOT runs installs, uses, upgrades and removes it; the COMMANDS
# define how
takes_package() {
	need_release
	[[ -e wanted.o ]] || prepare_inputs
	cp "$1" "$2" .
	# shellcheck disable=SC2016 # for the root's bash
	tar -c inputs wanted.o "${1##*/}" "${2##*/}" |
		"${@:5}" env VERSION="$VERSION" PLACE="$3" OLD="${1##*/}" NEW="${2##*/}" \
			bash -c "$4"$'\n'"$WITH_PACKAGES" >log 2>&1 || { tail -n 30 log && return 1; }
}

# The newest toolset is the one that both versions have.
prepare_inputs() {
	compile_input "$LLVM_MAJOR"
	mv "inputs/$LLVM_MAJOR" modules
	rmdir inputs
	mv modules inputs
	export BPF_LINKER_LLVM=${VERSIONS[-1]}
	"$RELEASE/bin/bpf-linker" --btf -o wanted.o inputs/*.bc
}

@test "the .deb: lintian has nothing to say" {
	need_release
	command -v lintian >/dev/null || { [[ ${CI:-} != true ]] && skip "no lintian here"; }
	cp "$DIST/$DEB" .
	run -0 lintian --no-cfg --allow-root --fail-on error,warning "$DEB"
	[[ ! $output ]]
	dpkg-deb -x "$DEB" root
	cd root/usr/share
	for page in man/man?/*.gz; do
		zcat "$page" | cmp - "$PROJECT/man/$(basename "$page" .gz)"
	done
	[[ -e bash-completion/completions/bpf-linker && -e zsh/vendor-completions/_bpf-linker && -e fish/vendor_completions.d/bpf-opt.fish ]]
	grep -F 'Copyright (c) 2' doc/bpf-linker/copyright
}

@test "the .deb in bare systems" {
	readme_says "apt-get install ./$DEB"
	readme_says "apt-get remove bpf-linker"
	for suite in bullseye bookworm trixie unstable noble; do
		# shellcheck disable=SC2016 # for the root's bash
		takes_package "$OLDER"/*.deb "$DIST/$DEB" /usr/libexec/bpf-linker 'export DEBIAN_FRONTEND=noninteractive
			install_old() { apt-get install -y "./$OLD" && dpkg -s bpf-linker | grep -x "Version: 0.0.9-1"; }
			install_new() { apt-get install -y "./$NEW" && dpkg -s bpf-linker | grep -x "Version: $VERSION-1"; }
			remove() { apt-get remove -y bpf-linker && ! dpkg -s bpf-linker; }' bare $suite || { echo $suite && return 1; }
	done
}

# rpm_in ROOT ARGUMENT...: this system's rpm, on packages that are installed below ROOT
rpm_in() {
	rpm --root "$1" --dbpath /var/lib/rpm --force-debian "${@:2}"
}

@test "the .rpm in bare systems" {
	need_release
	((EUID == 0)) || skip "only root can install below another root"
	[[ $(rpm -qp --qf '%{name} %{version} %{arch} %{license}' "$DIST/$RPM") == "bpf-linker $VERSION $ARCH MIT OR Apache-2.0" ]]
	# what each system with rpm has
	rpm -qp --requires "$DIST/$RPM" >needed
	absent -vE '^(/bin/(ba)?sh|lib(c|dl|m|pthread)\.so\.[0-9]\(.*|rpmlib\(.*|rtld\(GNU_HASH\)) *' needed
	rpm -qpl "$DIST/$RPM" >files
	for file in /usr/bin/bpf-linker /usr/share/man/man1/bpf-linker.1.gz /usr/share/zsh/site-functions/_bpf-linker; do
		grep -x $file files
	done
	prepare_inputs
	for suite in bullseye noble; do
		system=$ROOTS/bare-$suite
		files_of "$system" >before
		rpm_in "$system" -U --nodeps "$OLDER"/*.rpm
		[[ -e $system/usr/libexec/bpf-linker/only-in-0.0.9 ]]
		use_installed "$suite" 0.0.9
		rpm_in "$system" -U --nodeps "$DIST/$RPM"
		[[ ! -e $system/usr/libexec/bpf-linker/only-in-0.0.9 ]]
		rpm_in "$system" -V --nodeps bpf-linker
		use_installed "$suite" "$VERSION"
		rpm_in "$system" -e bpf-linker
		files_of "$system" | diff before -
	done
}

# files_of SYSTEM: all but what package managers keep
files_of() {
	find "$1" -xdev -path "$1/var" -prune -o -print | sort
}

# use_installed SUITE VERSION: what is installed in that root
use_installed() {
	# shellcheck disable=SC2016 # for the root's bash
	tar -c inputs wanted.o | bare "$1" bash -euo pipefail -c 'cd /tmp && tar -x
		[[ $(bpf-linker --version | head -n 1) == "bpf-linker $1" ]]
		bpf-linker --btf -o out.o inputs/*.bc && cmp out.o wanted.o' bash "$2"
}

@test "the wheel: what is in it" {
	need_release
	unzip -q "$DIST/$WHEEL" -d wheel
	# each file is as RECORD has it, and there is no large file twice
	python3 - wheel/*.dist-info/RECORD <<-'END'
		import base64, csv, hashlib, pathlib, sys
		record = pathlib.Path(sys.argv[1])
		wheel = record.parent.parent
		rows = {row[0]: row[1:] for row in csv.reader(record.open())}
		assert sorted(rows) == sorted(str(f.relative_to(wheel)) for f in wheel.rglob("*") if f.is_file())
		large = set()
		for name, (checksum, size) in rows.items():
		    if wheel / name == record:
		        continue
		    data = (wheel / name).read_bytes()
		    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
		    assert (checksum, size) == ("sha256=" + digest, str(len(data))), name
		    assert len(data) < 100000 or digest not in large, name
		    large.add(digest)
		assert len(large) > 5
	END
	grep -x 'Tag: py3-none-musllinux_1_1_.*' wheel/*.dist-info/WHEEL
}

# with_venv SUITE COMMAND...: in a Debian that has Python's venv
with_venv() {
	root --name "venv-$1" --with 'python3-venv' "$@"
}

@test "the wheel by pip, in the oldest system and in Ubuntu, wherever it is moved to" {
	readme_says "pip install ./$WHEEL"
	for suite in bullseye noble; do
		# shellcheck disable=SC2016 # for the root's bash
		takes_package "$OLDER"/*.whl "$DIST/$WHEEL" '/opt/a place/libexec/bpf-linker' 'python3 -m venv "/opt/first"
			mv /opt/first "/opt/a place"
			PATH="/opt/a place/bin:$PATH"
			trap "rm -r \"/opt/a place\"" EXIT
			pip() { python3 -m pip --no-cache-dir "$@"; }
			install_old() { pip install --no-index "./$OLD"; }
			install_new() { pip install --no-index "./$NEW"; }
			remove() {
				pip uninstall -y bpf-linker
				find "/opt/a place" -name __pycache__ -prune -exec rm -r {} +
			}' with_venv $suite || { echo $suite && return 1; }
	done
}

@test "the wheel by uv and pipx" {
	need_release
	python3 -m venv tools
	tools/bin/pip --quiet --disable-pip-version-check install uv==0.13.8 pipx==1.18.4 ||
		skip "uv and pipx cannot be had from Python's index"
	readme_says "uv tool install ./$WHEEL"
	readme_says "pipx install ./$WHEEL"
	prepare_inputs
	export HOME=$PWD/home PIPX_HOME=$PWD/pipx PIPX_BIN_DIR=$PWD/pipx-bin UV_TOOL_DIR=$PWD/uv UV_TOOL_BIN_DIR=$PWD/uv-bin
	for tool in uv pipx; do
		install=("tools/bin/$tool" tool install)
		[[ $tool == uv ]] || install=(tools/bin/pipx install)
		"${install[@]}" "$OLDER"/*.whl
		[[ $($tool-bin/bpf-linker --version) == "bpf-linker 0.0.9"* ]]
		"${install[@]}" --force "$DIST/$WHEEL"
		[[ $($tool-bin/bpf-linker --version) == "bpf-linker $VERSION"* ]]
		(cd / && "$OLDPWD/$tool-bin/bpf-linker" --btf -o "$OLDPWD/out.o" "$OLDPWD"/inputs/*.bc)
		cmp out.o wanted.o
		[[ $($tool-bin/bpf-codegen --version) == bpf-codegen* && $($tool-bin/bpf-debuginfo --help) == *bpf-debuginfo* ]]
		"${install[@]::${#install[@]}-1}" uninstall bpf-linker
		[[ ! $(ls $tool-bin) ]]
	done
}

@test "the peer's name for it, in a system of busybox alone" {
	need_release
	((EUID == 0)) || skip 'only root may chroot'
	readme_says "tar --zstd -xf $FLAT -C ~/.cargo/bin"
	tar --zstd -tf "$DIST/$FLAT" >files
	diff <(printf 'bpf-%s\n' linker driver extract merge internalize core debuginfo opt codegen | sort) <(sort files)
	compile_input "$LLVM_MAJOR"
	mkdir -p root/bin root/dev root/usr/bin
	cp "inputs/$LLVM_MAJOR"/*.bc root
	cp "$(command -v busybox)" root/bin/busybox
	for applet in sh cat tr readlink mkdir; do
		ln -s busybox root/bin/$applet
	done
	tar --zstd -xf "$DIST/$FLAT" -C root/usr/bin
	cp -a "$RELEASE" root/release
	for driver in bpf-linker /usr/bin/bpf-linker /release/bin/bpf-linker; do
		wanted=$LLVM_MAJOR
		[[ $driver == /release/* ]] || wanted=${VERSIONS[-1]}
		"$RELEASE/bin/bpf-linker" --llvm "$wanted" --btf -o wanted.o "inputs/$LLVM_MAJOR"/*.bc
		for options in '' '--save-temps=stages'; do
			rm -f root/out.o
			run -0 env PATH=/usr/bin:/bin "$(command -v chroot)" root /bin/sh -c "$driver --btf $options -o out.o *.bc"
			[[ ! $output ]]
			cmp root/out.o wanted.o
		done
	done
	run -0 chroot root /usr/bin/bpf-linker --version
	[[ $output == *$'\n'"LLVM ${VERSIONS[-1]}."* ]]
}

@test "a manifest for cargo-binstall: the programs of the archive, and where it is" {
	mkdir -p tree/bin tree/libexec/bpf-linker/llvm-{21,22} out
	touch tree/bin/bpf-linker tree/libexec/bpf-linker/{bpf-driver,bpf-extract,llvm-21/bpf-opt,llvm-22/bpf-{merge,opt}}
	chmod +x tree/bin/bpf-linker
	export SOURCE_DATE_EPOCH=1 RELEASE_URL=https://example.org/bpf-linker
	run -0 "$PROJECT/scripts/dev/package" flat tree 1.2.3 out
	[[ $output == "$FLAT"$'\nCargo.toml' ]]
	python3 - out/Cargo.toml "$ARCH" >manifest <<-'END'
		import sys, tomllib
		manifest = tomllib.load(open(sys.argv[1], "rb"))
		package, meta = manifest["package"], manifest["package"]["metadata"]["binstall"]
		print(package["name"], package["version"], meta["pkg-fmt"], meta["bin-dir"])
		print(meta["pkg-url"].replace("{ repo }", package["repository"]).replace("{ target-arch }", sys.argv[2]))
		for binary in manifest["bin"]:
		    print(binary["name"])
	END
	readme_says 'cargo binstall --manifest-path Cargo.toml bpf-linker'
	diff <(head -n 2 manifest) - <<<"bpf-linker 1.2.3 tzstd { bin }
$RELEASE_URL/$FLAT"
	diff <(sed 1,2d manifest | sort) <(tar --zstd -tf "out/$FLAT" | sort)
	(cd out && sha256sum --check --quiet ./*.sha256)

	for RELEASE_URL in http://example.org/x https://example.org/ 'https://example.org/"' ''; do
		package_fails "RELEASE_URL is '$RELEASE_URL'; it should be https://..., without a slash at its end" flat tree 1 out
	done
	unset RELEASE_URL
	run -0 "$PROJECT/scripts/dev/package" flat tree 1 out
	[[ $output == "$FLAT" ]]
}

# --- Making it again ---

# copy_project FOLDER: the files of the project, without git
copy_project() {
	git -C "$PROJECT" ls-files -z --cached --others --exclude-standard >files || skip "no git here"
	mkdir -p "$1"
	tar -C "$PROJECT" --null -T files -c | tar -C "$1" -xm
	export GIT_CEILING_DIRECTORIES=$PWD
}

# stub TOOL SCRIPT: goes before others of that name
stub() {
	mkdir -p stubs
	printf '#!/bin/sh\n%s\n' "$2" >"stubs/$1"
	chmod +x "stubs/$1"
	PATH=$PWD/stubs:$PATH
}

@test "the same bytes, made elsewhere, later, without git, and for another user's settings" {
	need_release
	epoch=$(git -C "$PROJECT" log -1 --format=%ct) || skip "no git here"
	umask 077
	copy_project 'the copy'
	SOURCE_DATE_EPOCH=$epoch LC_ALL=C.UTF-8 TZ=Asia/Tokyo CFLAGS=-O1 TAR_OPTIONS=--format=posix \
		make -j2 -C 'the copy' dist 2>messages || { tail -n 20 messages && return 1; }
	for file in "$NAME.tar.xz" "$DEB" "$RPM" "$WHEEL" "$FLAT"; do
		cmp "$DIST/$file" "the copy/build/dist/$file" ||
			{ diff "$RELEASE/SHA256SUMS" "the copy/build/dist/$NAME/SHA256SUMS" || true && return 1; }
	done
}

@test "a release is as small as xz makes it" {
	mkdir -p tree/bin
	echo >tree/bin/bpf-linker
	chmod +x tree/bin/bpf-linker
	# shellcheck disable=SC2016 # the stub's
	stub xz 'echo "$*" >&2; exec cat'
	unset COMPRESSION
	SOURCE_DATE_EPOCH=1 run -0 --separate-stderr "$PROJECT/scripts/dev/package" tarball tree 1 .
	[[ $output == tree.tar.xz && $stderr == '-9 -T1' && $(tar -tf tree.tar.xz) == *tree/bin/bpf-linker* ]]
}

@test "errors of scripts/dev/package" {
	mkdir -p tree/bin
	package_fails "unknown format ''; there are tarball, deb, rpm, wheel, flat"
	package_fails "unknown format 'zip'; there are tarball, deb, rpm, wheel, flat" zip tree 1 .
	package_fails 'it takes four arguments: FORMAT TREE VERSION FOLDER' deb tree
	package_fails "SOURCE_DATE_EPOCH is ''; it should be a number of seconds" deb tree 1 .
	export SOURCE_DATE_EPOCH=1
	package_fails "no release is in 'tree'" deb tree 1 .
	COMPRESSION=slow package_fails "unknown COMPRESSION 'slow'; it may be fast" deb "$PROJECT/build" 1 .
	[[ ! $(find . -name '*package*' -o -name '*.deb') ]]
}

# package_fails MESSAGE ARGUMENT...
package_fails() {
	one_error "package: error: $1" "$PROJECT/scripts/dev/package" "${@:2}"
}

@test "it takes no arguments" {
	copy_project copy
	mkdir -p copy/build/dist/all
	for argument in --help 22; do
		run -2 copy/scripts/dev/dist $argument
		[[ $output == "dist: error: unknown argument '$argument'; scripts/dev/dist takes none" ]]
	done
	[[ -e copy/build/dist/all ]]
}

@test "a signal ends what it has started, too" {
	copy_project copy
	printf '#!/bin/sh\nsleep 60 &\necho $! >"%s/started"\nwait\n' "$PWD" >copy/scripts/dev/toolset
	SOURCE_DATE_EPOCH=1 copy/scripts/dev/dist 2>said 3>&- &
	for ((i = 0; i < 100; i++)); do
		[[ ! -s started ]] || break
		sleep 0.1
	done
	kill $!
	status=0
	wait $! || status=$?
	[[ $status == 1 && $(tail -n 1 said) == "dist: error: stopped" ]] || { echo "$status" && cat said && return 1; }
	for ((i = 0; i < 20; i++)); do
		kill -0 "$(<started)" || return 0
		sleep 0.1
	done
	kill "$(<started)"
	return 1
}

# dist_fails PATTERN: the last that scripts/dev/dist says
dist_fails() {
	run --separate-stderr copy/scripts/dev/dist
	# shellcheck disable=SC2154,SC2053 # bats sets stderr; a pattern
	[[ $status != 0 && ! $output && ${stderr##*$'\n'} == $1 ]] || { echo "$status: $output$stderr" && return 1; }
}

@test "errors" {
	copy_project copy
	printf '#!/bin/sh\necho stopped >&2\nexit 1\n' >copy/scripts/dev/toolset

	dist_fails 'dist: error: the time of the commit is not known; set SOURCE_DATE_EPOCH to it'
	SOURCE_DATE_EPOCH=today dist_fails "dist: error: SOURCE_DATE_EPOCH is 'today'; it should be a number of seconds"
	SOURCE_DATE_EPOCH=1 dist_fails stopped
	[[ $stderr == "dist: it needs "*" GB "*$'\nstopped' ]]

	git -C copy init -q
	git -C copy add .
	git -C copy -c user.name=x -c user.email=x commit -qm x
	dist_fails stopped
	absent warning <<<"$stderr"
	echo >>copy/GNUmakefile
	dist_fails stopped
	[[ $stderr == "dist: warning: there are changes that are not committed; "*$'\nstopped' ]]

	mkdir bin
	ln -s /usr/bin/* /bin/* bin 2>/dev/null || true
	rm bin/xz
	PATH=$PWD/bin dist_fails "dist: error: xz is not installed; 'make deps dist' installs it"
}

@test "for a user who may not make roots" {
	((EUID == 0)) || skip "only root can become such a user"
	copy_project copy
	chown -R 65534:65534 copy
	chmod o+x "$BATS_RUN_TMPDIR"

	run --separate-stderr env SOURCE_DATE_EPOCH=1 HOME="$PWD" \
		setpriv --reuid 65534 --regid 65534 --clear-groups copy/scripts/dev/dist
	[[ $status == 125 && ! $output && $stderr == "dist: it needs "*$'\n'"debian-root: error: without root it needs "* ]] ||
		{ echo "$status: $output$stderr" && return 1; }
	[[ ${stderr#*$'\n'} != *$'\n'* ]]
}
