#!/usr/bin/env bats
# bpf-debuginfo: what becomes of debug info, on the way to BTF.

load helper
load module

OPT=opt-$LLVM_MAJOR

# debuginfo ARGUMENT...: out.bc and out.ll, which LLVM's verifier accepts, and no word
debuginfo() {
	becomes bpf-debuginfo "$@"
	"$OPT" -passes=verify -disable-output out.bc
}

# described NAME: writes NAME.ll, a module with a compile unit (!0) and a file (!1)
described() {
	cat - /dev/fd/3 3<<-'END' | ir "$1"
		!llvm.dbg.cu = !{!0}
		!llvm.module.flags = !{!2}
		!0 = distinct !DICompileUnit(language: DW_LANG_Rust, file: !1, emissionKind: FullDebug)
		!1 = !DIFile(filename: "a.rs", directory: "/src")
		!2 = !{i32 2, !"Debug Info Version", i32 3}
	END
}

# variable_of TYPE: a module a.ll with a variable of the type !10, which standard input describes
variable_of() {
	described a <<-END
		@v = global [64 x i8] zeroinitializer, !dbg !3
		!3 = !DIGlobalVariableExpression(var: !4, expr: !DIExpression())
		!4 = distinct !DIGlobalVariable(name: "v", scope: !0, file: !1, type: !10)
		!5 = !DIBasicType(name: "u32", size: 32, encoding: DW_ATE_unsigned)
		!6 = !DIBasicType(name: "u8", size: 8, encoding: DW_ATE_unsigned)
		!7 = !DIBasicType(name: "i64", size: 64, encoding: DW_ATE_signed)
		!8 = !{}
		$(cat)
	END
}

# btf_of FILE: types.raw and types.h, of the object made of the module
btf_of() {
	bpf-codegen -o out.o "$1"
	dump_btf out.o
}

# type_is TEXT: a line of types.raw has it
type_is() {
	grep -qF -- "$1" types.raw || { echo "no $1 in:" && cat types.raw && return 1; }
}

# --- Names ---

@test "names that are no C identifiers become ones, a byte that is not [0-9A-Za-z_] _HEX_" {
	described a <<-'END'
		@v = global [8 x i8] zeroinitializer, !dbg !3
		define internal void @f() !dbg !20 { ret void }
		!3 = !DIGlobalVariableExpression(var: !4, expr: !DIExpression())
		!4 = distinct !DIGlobalVariable(name: "v", scope: !0, file: !1, type: !10)
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "Foo<u32>", size: 64, elements: !11)
		!11 = !{!12, !13}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "r#a", scope: !10, baseType: !14, size: 32)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "b", scope: !10, baseType: !16, size: 8, offset: 32)
		!14 = !DICompositeType(tag: DW_TAG_union_type, name: "Zo\C3\AB::(u8, &[i64; 2])", size: 32, elements: !15)
		!15 = !{!17}
		!16 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "{e#0}", size: 8, elements: !18, baseType: !6)
		!6 = !DIBasicType(name: "u8", size: 8, encoding: DW_ATE_unsigned)
		!17 = !DIDerivedType(tag: DW_TAG_member, name: "0x", scope: !14, baseType: !6, size: 8)
		!18 = !{!DIEnumerator(name: "A-B", value: 0)}
		!20 = distinct !DISubprogram(name: "f<T, 3>", linkageName: "f", scope: !1, file: !1, line: 1, type: !21, unit: !0, spFlags: DISPFlagDefinition)
		!21 = !DISubroutineType(types: !{null})
	END
	debuginfo --btf a.ll
	has 'name: "Foo_3C_u32_3E_"'
	has 'name: "Zo_C3__AB__3A__3A__28_u8_2C__20__26__5B_i64_3B__20_2_5D__29_"'
	has 'name: "_7B_e_23_0_7D_"'
	has 'name: "f_3C_T_2C__20_3_3E_"'
	lacks 'Foo<u32>'
	btf_of out.bc
	type_is "STRUCT 'Foo_3C_u32_3E_' size=8"
	type_is "'A_2D_B' val=0"
}

@test "names that are C identifiers stay" {
	cat >a.c <<-'END'
		struct Foo_3C_ { int _1, b$; } a;
		enum e { X_1 } e;
		int f(struct Foo_3C_ *x1) { return x1->_1 + a._1 + e; }
	END
	sed -i 's/b\$/b_/' a.c
	compile a.c
	debuginfo --btf a.bc
	btf_of out.bc
	type_is "STRUCT 'Foo_3C_'"
	type_is "'X_1' val=0"
	type_is "'x1' type_id"
	run -0 bpf-debuginfo --btf --list a.bc
	[[ $output != *"'Foo_3C_'"* && $output != *"'x1'"* ]]
}

@test "names that are reserved words of C" {
	echo 'struct s { int Xregister, Xsigned, Xinto; } s; int f(int Xdefault) { return Xdefault + s.Xsigned; }' >a.c
	"$CLANG" -target bpf -O2 -g -emit-llvm -S -o a.ll a.c
	sed -i 's/name: "X/name: "/' a.ll
	debuginfo --btf a.ll
	btf_of out.bc
	type_is "'register_' type_id"
	type_is "'signed_' type_id"
	type_is "'into' type_id"
	type_is "'default_' type_id"
}

# structure_called NAME...: a module a.ll with a variable for each
structure_called() {
	local i=10 name
	{
		for name; do
			cat <<-END
				@v$i = global i32 0, !dbg !$i
				!$i = !DIGlobalVariableExpression(var: !$((i + 1)), expr: !DIExpression())
				!$((i + 1)) = distinct !DIGlobalVariable(name: "v$i", scope: !0, file: !1, type: !$((i + 2)))
				!$((i + 2)) = !DICompositeType(tag: DW_TAG_structure_type, name: "$name", size: 32, elements: !{})
			END
			i=$((i + 10))
		done
	} | described a
}

# structure_names: those in out.ll
structure_names() {
	sed -n 's/.*DW_TAG_structure_type, name: "\([^"]*\)".*/\1/p' out.ll
}

@test "long names are cut to what the kernel takes, with a hash that keeps them distinct" {
	local longest rest names

	longest=$(printf 'x%.0s' {1..127})
	rest=$(printf '<%.0s' {1..200})
	structure_called "$longest" "${longest}x" "${longest}y" "$rest" "${rest}a" "${rest}b"
	debuginfo --btf a.ll
	mapfile -t names < <(structure_names)
	[[ ${#names[@]} == 6 && ${names[0]} == "$longest" ]]
	for name in "${names[@]:1}"; do
		((${#name} == 127))
		[[ $name != *[!0-9A-Za-z_]* ]]
	done
	[[ ${names[1]} == xxxxxxxxxx* && ${names[3]} == _3C__3C_* ]]
	[[ $(printf '%s\n' "${names[@]}" | sort -u | wc -l) == 6 ]]
}

@test "the hash is the same on every run, in any folder and any module" {
	local rest names again

	rest=$(printf 'Vec<%.0s' {1..50})
	structure_called "${rest}a" "${rest}b"
	debuginfo --btf a.ll
	cp out.bc first.bc
	mapfile -t names < <(structure_names)
	mkdir elsewhere
	cp a.ll elsewhere/b.ll
	cd elsewhere
	becomes bpf-debuginfo --btf b.ll
	cmp out.bc ../first.bc
	structure_called another "${rest}b"
	becomes bpf-debuginfo --btf a.ll
	mapfile -t again < <(structure_names)
	[[ ${#names[@]} == 2 && ${again[1]} == "${names[1]}" ]]
}

@test "pointer types have no name" {
	variable_of <<-'END'
		!10 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*mut u32", baseType: !5, size: 64)
	END
	debuginfo --btf a.ll
	lacks '*mut u32'
	btf_of out.bc
	grep -qF "PTR '(anon)'" types.raw
}

# --- Types ---

@test "members come in order of offset" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 192, elements: !11)
		!11 = !{!12, !13, !14}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "third", scope: !10, baseType: !6, size: 8, offset: 128)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "first", scope: !10, baseType: !7, size: 64)
		!14 = !DIDerivedType(tag: DW_TAG_member, name: "second", scope: !10, baseType: !7, size: 64, offset: 64)
	END
	debuginfo --btf a.ll
	btf_of out.bc
	run -0 grep -oE "'(first|second|third)'.*" types.raw
	[[ ${lines[0]} == "'first' type_id="*" bits_offset=0" ]]
	[[ ${lines[1]} == "'second' type_id="*" bits_offset=64" ]]
	[[ ${lines[2]} == "'third' type_id="*" bits_offset=128" ]]
}

@test "members at one offset stay in their order" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 64, elements: !11)
		!11 = !{!12, !13, !14, !15}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "last", scope: !10, baseType: !5, size: 32, offset: 32)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "zero_b", scope: !10, baseType: !16, offset: 0)
		!14 = !DIDerivedType(tag: DW_TAG_member, name: "zero_a", scope: !10, baseType: !16, offset: 0)
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "first", scope: !10, baseType: !5, size: 32)
		!16 = !DICompositeType(tag: DW_TAG_structure_type, name: "()", elements: !8)
	END
	debuginfo --btf a.ll
	btf_of out.bc
	[[ $(grep -oE "'(zero_b|zero_a|first|last)'" types.raw | tr -d "'\n") == zero_bzero_afirstlast ]]
}

# data_carrying_enum DISCRIMINATOR-OFFSET
data_carrying_enum() {
	variable_of <<-END
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "Shape", size: 128, elements: !11)
		!11 = !{!12}
		!12 = !DICompositeType(tag: DW_TAG_variant_part, scope: !10, size: 128, elements: !13, discriminator: !14)
		!14 = !DIDerivedType(tag: DW_TAG_member, scope: !10, baseType: !5, size: 32, align: 32, offset: $1, flags: DIFlagArtificial)
		!13 = !{!15, !16}
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "Circle", scope: !12, baseType: !17, size: 128, extraData: i32 0)
		!16 = !DIDerivedType(tag: DW_TAG_member, name: "Square", scope: !12, baseType: !18, size: 128, extraData: i32 1)
		!17 = !DICompositeType(tag: DW_TAG_structure_type, name: "Circle", scope: !10, size: 128, elements: !19)
		!18 = !DICompositeType(tag: DW_TAG_structure_type, name: "Square", scope: !10, size: 128, elements: !20)
		!19 = !{!21}
		!20 = !{!22}
		!21 = !DIDerivedType(tag: DW_TAG_member, name: "__0", scope: !17, baseType: !7, size: 64, offset: 64)
		!22 = !DIDerivedType(tag: DW_TAG_member, name: "side", scope: !18, baseType: !6, size: 8, offset: 64)
	END
}

@test "an enum that carries data is a struct, with a union of its variants and the discriminant" {
	data_carrying_enum 0
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		struct Shape shape;
		_Static_assert(sizeof(struct Shape) == 16);
		_Static_assert(sizeof(shape.discriminant) == 4);
		_Static_assert(__builtin_offsetof(struct Shape, Circle.__0) == 8);
		_Static_assert(__builtin_offsetof(struct Shape, Square.side) == 8);
		_Static_assert(__builtin_offsetof(struct Shape, discriminant) == 0);
	END
}

@test "a discriminant that does not stand first" {
	data_carrying_enum 32
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(sizeof(struct Shape) == 16);
		_Static_assert(__builtin_offsetof(struct Shape, discriminant) == 4);
		_Static_assert(__builtin_offsetof(struct Shape, Square.side) == 8);
	END
}

@test "an enum with one variant has no discriminant" {
	data_carrying_enum 0
	sed -i 's/, discriminator: !14//; s/!13 = !{!15, !16}/!13 = !{!15}/; s/, extraData: i32 0//' a.ll
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(__builtin_offsetof(struct Shape, Circle.__0) == 8);
	END
	absent -q discriminant types.raw
}

# enumeration SIZE BASE: of three values, whose base is Rust's or C++'s
enumeration() {
	variable_of <<-END
		!10 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "E", size: $1, elements: !11, baseType: $2)
		!11 = !{!12, !13, !14}
		!12 = !DIEnumerator(name: "LEAST", value: ${3:--5})
		!13 = !DIEnumerator(name: "NONE", value: 0)
		!14 = !DIEnumerator(name: "MOST", value: ${4:-100}${5:-})
		!20 = !DIDerivedType(tag: DW_TAG_typedef, name: "int64_t", file: !1, baseType: !21)
		!21 = !DIDerivedType(tag: DW_TAG_typedef, name: "__int64_t", file: !1, baseType: !7)
		!22 = !DIBasicType(name: "i8", size: 8, encoding: DW_ATE_signed)
		!23 = !DIBasicType(name: "u64", size: 64, encoding: DW_ATE_unsigned)
	END
}

@test "enumerations with negative values" {
	enumeration 8 '!22'
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(LEAST == -5 && NONE == 0 && MOST == 100);
	END
	type_is "ENUM 'E' encoding=SIGNED size=1"
}

@test "enumerations with values of 64 bits" {
	enumeration 64 '!7' -9223372036854775808
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(LEAST == -9223372036854775807ll - 1 && MOST == 100);
	END
	enumeration 64 '!23' 5 18446744073709486080 ', isUnsigned: true'
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(LEAST == 5 && MOST == 0xffffffffffff0000ull);
	END
}

@test "an enumeration whose base is a typedef, as C++ and C23 have it" {
	enumeration 64 '!20' -9223372036854775808
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(LEAST == -9223372036854775807ll - 1 && MOST == 100);
	END
	type_is "ENUM64 'E' encoding=SIGNED size=8"
}

@test "types that have no size" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 32, elements: !11)
		!11 = !{!12, !13, !14, !15}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "unit", scope: !10, baseType: !16)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "none", scope: !10, baseType: !17)
		!14 = !DIDerivedType(tag: DW_TAG_member, name: "never", scope: !10, baseType: !18)
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "x", scope: !10, baseType: !5, size: 32)
		!16 = !DIBasicType(name: "()", encoding: DW_ATE_unsigned)
		!17 = !DICompositeType(tag: DW_TAG_structure_type, name: "Nothing", elements: !8)
		!18 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "Never", elements: !8, baseType: !19)
		!19 = !DIBasicType(name: "!", encoding: DW_ATE_unsigned)
	END
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(sizeof(struct S) == 4);
		_Static_assert(__builtin_offsetof(struct S, x) == 0);
		_Static_assert(sizeof(((struct S *)0)->unit) == 0);
	END
}

@test "pointers to what is Rust's void" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 192, elements: !11)
		!11 = !{!12, !13, !14}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "unit", scope: !10, baseType: !15, size: 64)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "c_void", scope: !10, baseType: !16, size: 64, offset: 64)
		!14 = !DIDerivedType(tag: DW_TAG_member, name: "other", scope: !10, baseType: !17, size: 64, offset: 128)
		!15 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*mut ()", baseType: !18, size: 64)
		!16 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*mut c_void", baseType: !19, size: 64)
		!17 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*mut other", baseType: !20, size: 64)
		!18 = !DIBasicType(name: "()", encoding: DW_ATE_unsigned)
		!19 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "c_void", baseType: !6, size: 8, elements: !21)
		!20 = !DICompositeType(tag: DW_TAG_enumeration_type, name: "other", baseType: !6, size: 8, elements: !21)
		!21 = !{!22}
		!22 = !DIEnumerator(name: "__variant1", value: 0, isUnsigned: true)
	END
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(_Generic(((struct S *)0)->unit, void *: 1, default: 0));
		_Static_assert(_Generic(((struct S *)0)->c_void, void *: 1, default: 0));
		_Static_assert(_Generic(((struct S *)0)->other, enum other *: 1, default: 0));
	END
}

@test "integers of 128 bits, characters and booleans" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 512, elements: !11)
		!11 = !{!12, !13, !14, !15}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "u", scope: !10, baseType: !16, size: 128)
		!13 = !DIDerivedType(tag: DW_TAG_member, name: "i", scope: !10, baseType: !17, size: 128, offset: 128)
		!14 = !DIDerivedType(tag: DW_TAG_member, name: "c", scope: !10, baseType: !18, size: 32, offset: 256)
		!15 = !DIDerivedType(tag: DW_TAG_member, name: "b", scope: !10, baseType: !19, size: 8, offset: 288)
		!16 = !DIBasicType(name: "u128", size: 128, encoding: DW_ATE_unsigned)
		!17 = !DIBasicType(name: "i128", size: 128, encoding: DW_ATE_signed)
		!18 = !DIBasicType(name: "char", size: 32, encoding: DW_ATE_UTF)
		!19 = !DIBasicType(name: "bool", size: 8, encoding: DW_ATE_boolean)
	END
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		struct S *s;
		_Static_assert(_Generic(s->u, unsigned __int128: 1, default: 0));
		_Static_assert(_Generic(s->i, __int128: 1, default: 0));
		_Static_assert(_Generic(s->c, unsigned int: 1, default: 0));
		_Static_assert(_Generic(s->b, _Bool: 1, default: 0));
	END
}

@test "a type that refers to itself" {
	variable_of <<-'END'
		!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "Node<T>", size: 64, elements: !11)
		!11 = !{!12}
		!12 = !DIDerivedType(tag: DW_TAG_member, name: "next", scope: !10, baseType: !13, size: 64)
		!13 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "&Node<T>", baseType: !10, size: 64)
	END
	debuginfo --btf a.ll
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		struct Node_3C_T_3E_ *node;
		_Static_assert(_Generic(node->next, struct Node_3C_T_3E_ *: 1, default: 0));
	END
}

@test "what BTF cannot express is left out alone, and named once" {
	cat >a.c <<-'END'
		struct s { int before; _Complex float c; int after; } s;
		_Complex double d;
	END
	compile a.c
	becomes_with_warning "type '*complex*'*" bpf-debuginfo --btf a.bc
	bpf-codegen -o out.o out.bc
	c_says out.o <<-'END'
		_Static_assert(sizeof(struct s) == 16);
		_Static_assert(__builtin_offsetof(struct s, c) == 4);
		_Static_assert(__builtin_offsetof(struct s, after) == 12);
	END
	run -0 --separate-stderr bpf-debuginfo --btf --log-level=error -o out.bc a.bc
	[[ ! $stderr ]]
}

@test "kinds of types that other compilers have are left out alone" {
	for type in '!DIStringType(name: "character", size: 64)' \
		'!DISubrangeType(name: "range", size: 32, baseType: !5, lowerBound: i64 1, upperBound: i64 9)' \
		'!DIFixedPointType(name: "fixed", size: 32, encoding: DW_ATE_signed_fixed, kind: Binary, factor: -4)' \
		'!DIBasicType(name: "f80", size: 80, encoding: DW_ATE_float)' \
		'!DIBasicType(name: "i24", size: 24, encoding: DW_ATE_signed)' \
		'!DIBasicType(tag: DW_TAG_unspecified_type, name: "decltype(nullptr)")' \
		'!DICompositeType(tag: DW_TAG_array_type, baseType: !5, size: 320, elements: !{!DISubrange(lowerBound: 1, upperBound: 10)})' \
		'!DICompositeType(tag: DW_TAG_array_type, baseType: !5, size: 320, elements: !{!DIGenericSubrange(lowerBound: !DIExpression(DW_OP_consts, 1), upperBound: !DIExpression(DW_OP_consts, 10), stride: !DIExpression(DW_OP_consts, 4))})'; do
		variable_of <<-END
			!10 = !DICompositeType(tag: DW_TAG_structure_type, name: "S", size: 512, elements: !11)
			!11 = !{!12, !13}
			!12 = !DIDerivedType(tag: DW_TAG_member, name: "m", scope: !10, baseType: !20, size: 64)
			!13 = !DIDerivedType(tag: DW_TAG_member, name: "n", scope: !10, baseType: !5, size: 32, offset: 384)
			!20 = $type
		END
		"$OPT" -passes=verify -disable-output a.ll || continue # not a type of this LLVM
		run -0 --separate-stderr bpf-debuginfo --btf -o out.bc a.ll
		[[ ! $output && $stderr != *$'\n'* ]]
		"$OPT" -passes=verify -disable-output out.bc
		btf_of out.bc
		type_is "STRUCT 'S' size=64"
		grep "'n' type_id=[1-9][0-9]* bits_offset=384" types.raw
		absent "'m' type_id=0" types.raw
	done
}

@test "C's types stay as they are" {
	compile btf-types.c
	debuginfo --btf btf-types.bc
	bpf-codegen -o out.o out.bc
	bpf-codegen -o untouched.o btf-types.bc
	# of parameters that the passes have removed, LLVM 23 needs to be told where the others went
	((LLVM_MAJOR < 23)) || set -- -e "s/\( FUNC_PROTO .*vlen=\).*/\1/; /^	'[lf]' /d"
	diff <(bpftool btf dump file untouched.o | sed "$@" -e '') <(bpftool btf dump file out.o | sed "$@" -e '')
	[[ $(bpftool btf dump file out.o | wc -l) -gt 100 ]]
}

# --- Functions ---

@test "linkage: what is internal is static, what is not is global" {
	cat >a.c <<-'END'
		__attribute__((noinline)) int exported(int x) { return x; }
		__attribute__((noinline)) int hidden(int y) { return y; }
		__attribute__((noinline, used)) static int local(int z) { return z; }
	END
	compile a.c
	bpf-internalize --export exported -o internal.bc a.bc
	debuginfo --btf internal.bc
	btf_of out.bc
	grep "FUNC 'exported' .* linkage=global" types.raw
	grep "FUNC 'hidden' .* linkage=static" types.raw
	grep "FUNC 'local' .* linkage=static" types.raw
	# an exported name may be of a function that its module has as static
	sed 's/define internal \(.* @local\)/define \1/' < <("$DIS" -o - a.bc) >a.ll
	debuginfo --btf a.ll
	btf_of out.bc
	grep "FUNC 'local' .* linkage=global" types.raw
}

# every_function_is_described: each FUNC in types.raw has a prototype whose parameters have names
every_function_is_described() {
	grep -A 9 FUNC_PROTO types.raw | absent "^.'(anon)' type_id=[1-9]"
	[[ $(grep -c "FUNC '" types.raw) == "$1" ]]
}

@test "every function has a prototype, one without debug info too" {
	cat >a.c <<-'END'
		long described(int x);
		long plain(int *, char, long);
		void nothing(void);
		long described(int x) { nothing(); return plain(&x, 1, x); }
	END
	cat >b.c <<-'END'
		__attribute__((noinline)) long plain(int *x, char y, long z) { return *x + y + z; }
		__attribute__((noinline)) void nothing(void) { __asm__ volatile(""); }
	END
	compile a.c
	compile b.c -g0
	bpf-extract a.bc b.bc | bpf-merge --export described | bpf-internalize --export described >in.bc
	debuginfo --btf in.bc
	btf_of out.bc
	every_function_is_described 3
	grep "FUNC 'plain' .* linkage=static" types.raw
}

@test "parameters have names, those without one too, and at -O0" {
	cat >a.c <<-'END'
		__attribute__((noinline)) static int f(int *array, int, long last) { return array[last & 1] + last; }
		int g(int x, char *y) { int local = x, a[2] = {x, *y}; return f(a, local, y[1]); }
	END
	for level in 0 1 2 3; do
		# where nothing is optimized, names are in debug records alone, which LLVM 21 does not show
		((level > 0 || LLVM_MAJOR > 21)) || continue
		compile a.c -O$level -std=c23
		debuginfo --btf a.bc
		btf_of out.bc
		every_function_is_described 2
		type_is "'array' type_id"
		type_is "'last' type_id"
		type_is "'x' type_id"
		type_is "'y' type_id"
		absent "'local'" types.raw
	done
}

@test "what nothing defines is the kernel's: .ksyms, and a prototype or a type" {
	described a <<-'END'
		@jiffies = external global i64
		declare i32 @kfunc(ptr, i64)
		declare i32 @unused()
		declare ptr @memcpy(ptr, ptr, i64)
		declare i64 @llvm.bpf.load.byte(ptr, i64)
		define i64 @f(ptr %a) !dbg !20 {
		  %x = call i32 @kfunc(ptr %a, i64 1), !dbg !22
		  %y = call ptr @memcpy(ptr %a, ptr %a, i64 1), !dbg !22
		  %z = load i64, ptr @jiffies, !dbg !22
		  ret i64 %z, !dbg !22
		}
		!20 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 1, type: !21, unit: !0, spFlags: DISPFlagDefinition)
		!21 = !DISubroutineType(types: !{null})
		!22 = !DILocation(line: 1, scope: !20)
	END
	debuginfo --btf a.ll
	grep '@jiffies = external global i64, section ".ksyms".*!dbg' out.ll
	grep 'declare !dbg .* @kfunc(ptr, i64).* section ".ksyms"' out.ll
	grep 'declare ptr @memcpy(ptr, ptr, i64)' out.ll
	[[ $(count .ksyms) == 2 ]]
	btf_of out.bc
	type_is "FUNC 'kfunc'"
	type_is "DATASEC '.ksyms'"
	type_is "VAR 'jiffies'"
}

@test "C's externs stay as they are" {
	compile kfunc.c
	debuginfo --btf kfunc.bc
	[[ $(count .ksyms) == 1 ]]
	diff <(bpf-codegen kfunc.bc | bpftool btf dump file /dev/stdin) \
		<(bpf-codegen out.bc | bpftool btf dump file /dev/stdin)
}

@test "a call that has no location, of a function that has none, is still valid" {
	described a <<-'END'
		define internal i32 @plain(i32 %x) noinline { ret i32 %x }
		define i32 @f(i32 %x) !dbg !20 {
		  %y = call i32 @plain(i32 %x)
		  ret i32 %y, !dbg !22
		}
		!20 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 1, type: !21, unit: !0, spFlags: DISPFlagDefinition)
		!21 = !DISubroutineType(types: !{null})
		!22 = !DILocation(line: 1, scope: !20)
	END
	debuginfo --btf a.ll
	bpf-opt -o opt.bc out.bc
	"$OPT" -passes=verify -disable-output opt.bc
}

# --- What BTF does not need ---

# inlined_functions: a.bc, with variables, scopes and inlined calls
inlined_functions() {
	cat >a.c <<-'END'
		static inline int twice(int n) { int two = 2; { int inner = two * n; return inner; } }
		static inline int more(int m) { int sum = 0; for (int i = 0; i < m; i++) sum += twice(i); return sum; }
		struct s { int x; } s;
		int f(struct s *p, int k) { int local = more(k) + twice(p->x); s.x = local; return local; }
	END
	compile a.c "$@"
}

@test "--debug-info=lines: no variables, and the same code and BTF as with full" {
	inlined_functions
	bpf-debuginfo --btf --debug-info=full -o full.bc a.bc
	"$OPT" -passes=verify -disable-output full.bc
	((LLVM_MAJOR == 21)) || "$DIS" -o - full.bc | grep '#dbg_value'
	debuginfo --btf --debug-info=lines a.bc
	lacks '#dbg_'
	lacks '"two"'
	lacks '"inner"'
	has 'inlinedAt:'
	cmp out.bc <(bpf-debuginfo --btf a.bc) # the default
	for kind in full out; do
		bpf-opt $kind.bc | bpf-codegen -o $kind.o
		for section in .text .BTF .BTF.ext; do
			llvm-objcopy-"$LLVM_MAJOR" -O binary --only-section=$section --set-section-flags $section=alloc $kind.o $kind$section
		done
	done
	for section in .text .BTF .BTF.ext; do
		[[ -s full$section ]]
		cmp full$section out$section
	done
	"$READELF" -SW out.o | grep -F .debug_line
	"$OBJDUMP" -S out.o | grep 'inner = two'
}

@test "--debug-info=full: DWARF as it came" {
	inlined_functions
	debuginfo --btf --debug-info=full a.bc
	has 'emissionKind: FullDebug'
	((LLVM_MAJOR == 21)) || [[ $(count '#dbg_value') == $("$DIS" -o - a.bc | grep -c '#dbg_value') ]]
	[[ $(count '!DILexicalBlock(') == $("$DIS" -o - a.bc | grep -c '!DILexicalBlock(') ]]
	((LLVM_MAJOR == 21)) || has 'name: "inner"'
	bpf-codegen -o out.o out.bc
	"$READELF" -SW out.o | grep -F .debug_info
	llvm-dwarfdump-"$LLVM_MAJOR" --verify out.o
}

@test "--debug-info=none: BTF, with its line info, and no DWARF" {
	inlined_functions
	bpf-linker --btf --debug-info=lines -o lines.o a.bc
	bpf-linker --btf --debug-info=none -o none.o a.bc
	"$READELF" -SW none.o | absent -F .debug_
	for section in .BTF .BTF.ext; do
		for kind in lines none; do
			llvm-objcopy-"$LLVM_MAJOR" -O binary --only-section=$section --set-section-flags $section=alloc $kind.o $kind$section
		done
		[[ -s none$section ]]
		cmp lines$section none$section
	done
}

@test "without debug info in any module, a warning says how to have it" {
	ir a <<-'END'
		define i32 @f() { ret i32 1 }
	END
	becomes_with_warning '*clang -g*rustc -C debuginfo=2*' bpf-debuginfo --btf a.ll
	has 'define i32 @f()'
}

@test "locations of what was dropped are not left behind: LLVM's passes and code generation" {
	for flags in -O0 -O1 -O3 -gdwarf-4 -gdwarf-5 -gline-tables-only -g1 -gsplit-dwarf -fdebug-macro \
		-gmodules -gno-column-info -glldb -fdebug-types-section; do
		inlined_functions $flags
		for kind in lines full none; do
			becomes bpf-debuginfo --btf --debug-info=$kind a.bc
			"$OPT" -passes=verify -disable-output out.bc
			bpf-opt out.bc | bpf-codegen -o out.o
		done
	done
}

# --- --strip and --list ---

@test "--strip drops all debug info" {
	inlined_functions
	debuginfo --strip a.bc
	lacks '!dbg'
	lacks 'DISubprogram'
	lacks '#dbg_'
	has 'define dso_local i32 @f('
	bpf-codegen -o out.o out.bc
	"$READELF" -SW out.o | absent -E '\.BTF|\.debug'
}

@test "--list says what is changed, and why, and writes no module" {
	data_carrying_enum 0
	sed -i 's/"Shape"/"Shape<T>"/; s/"u8"/"*const u8"/' a.ll
	run -0 --separate-stderr bpf-debuginfo --btf --list a.ll
	[[ ! $stderr ]]
	[[ $output == *"'Shape<T>'"*Shape_3C_T_3E_* ]]
	[[ $output != *$'\x01'* && $output != BC* ]]
	bpf-debuginfo --btf --list -o list a.ll
	[[ $(<list) == "$output" ]]
	cmp list <(bpf-debuginfo --btf --list a.ll)
}

@test "--list of what needs no change is empty" {
	compile "$FIXTURES/globals.c"
	run -0 --separate-stderr bpf-debuginfo --btf --list globals.bc
	[[ ! $output && ! $stderr ]]
}

@test "the log has at debug level what --list has" {
	data_carrying_enum 0
	sed -i 's/"Shape"/"Shape<T>"/' a.ll
	run -0 --separate-stderr bpf-debuginfo --btf --log-level=debug -o out.bc a.ll
	diff <(bpf-debuginfo --btf --list a.ll) <(sed 's/^bpf-debuginfo: debug: //' <<<"$stderr")
}

# --- Input and output ---

# The stage as the driver runs it, for what holds for every tool.
always_with_btf() {
	bpf-debuginfo() { command bpf-debuginfo --btf "$@"; }
	export -f bpf-debuginfo
}

@test "reads bitcode and textual IR alike" {
	inlined_functions
	"$DIS" -o a.ll a.bc
	cmp <(bpf-debuginfo --btf a.ll | "$DIS" | sed 1d) <(bpf-debuginfo --btf a.bc | "$DIS" | sed 1d)
}

@test "a second run changes nothing" {
	for options in '' -O0; do
		# shellcheck disable=SC2086 # one or none
		inlined_functions $options
		bpf-debuginfo --btf -o once.bc a.bc
		bpf-debuginfo --btf -o twice.bc once.bc
		cmp <(bpf-codegen once.bc) <(bpf-codegen twice.bc)
		run -0 bpf-debuginfo --btf --list once.bc
		[[ ! $output ]]
	done
}

@test "the same input gives the same bytes" {
	inlined_functions
	cmp <(bpf-debuginfo --btf a.bc) <(bpf-debuginfo --btf a.bc)
}

@test "a stream of modules is not one module" {
	inlined_functions
	bpf-extract -o stream a.bc
	one_error "bpf-debuginfo: error: stream: *bpf-merge*" bpf-debuginfo --btf -o out stream
}

@test "reads and writes files, pipes and standard streams" {
	inlined_functions
	always_with_btf
	reads_and_writes_anywhere bpf-debuginfo a.bc
}

@test "a failure leaves the output as it was" {
	always_with_btf
	leaves_output_on_failure bpf-debuginfo
}

@test "no binary to a terminal, but --list" {
	inlined_functions
	keeps_terminal_clean bpf-debuginfo --btf a.bc
	run -0 script -qec 'bpf-debuginfo --btf --list a.bc' /dev/null
	[[ $output != *error* ]]
}

@test "no word after the failure of the stage before" {
	always_with_btf
	keeps_quiet_after_failure bpf-debuginfo
}

# --- Options ---

@test "--help lists every option" {
	lists_options bpf-debuginfo --btf --debug-info --btf-source --strip --list
}

@test "--version" {
	says_version bpf-debuginfo
}

@test "wrong options" {
	inlined_functions
	usage_error_of bpf-debuginfo "*--btf*--strip*" a.bc
	usage_error_of bpf-debuginfo "*--btf*--strip*" --btf --strip a.bc
	usage_error_of bpf-debuginfo "*'--debug-info'*" --btf --debug-info=some a.bc
	usage_error_of bpf-debuginfo "*'b.bc'*" --btf a.bc b.bc
	always_with_btf
	refuses_wrong_options bpf-debuginfo
}

@test "--log-level and --log-file" {
	always_with_btf
	takes_log_options bpf-debuginfo
}

@test "--time says one line" {
	inlined_functions
	always_with_btf
	says_time bpf-debuginfo a.bc
}
