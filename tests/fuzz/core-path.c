/* The names of functions that ask for CO-RE relocations, and the paths in them, through types that
 * stay the same. */
#include "harness.h"
#include <llvm-c/IRReader.h>
#include "../../tools/bpf-core/marker.c"
#include "../../tools/bpf-core/path.c"
#include "../../tools/bpf-core/types.c"

static const char types[] =
    "!types = !{!1, !30}\n"
    "!1 = distinct !DICompositeType(tag: DW_TAG_structure_type, name: \"outer\", size: 640,"
    " elements: !{!2, !3, !4, !5, !6})\n"
    "!2 = !DIDerivedType(tag: DW_TAG_member, name: \"a\", baseType: !10, size: 32)\n"
    "!3 = !DIDerivedType(tag: DW_TAG_member, name: \"b\", baseType: !11, size: 384, offset: 64)\n"
    "!4 = !DIDerivedType(tag: DW_TAG_member, baseType: !20, size: 64, offset: 448)\n"
    "!5 = !DIDerivedType(tag: DW_TAG_member, name: \"next\", baseType: !23, size: 64, offset: 512)\n"
    "!6 = !DIDerivedType(tag: DW_TAG_member, name: \"tail\", baseType: !24, offset: 576)\n"
    "!10 = !DIBasicType(name: \"int\", size: 32, encoding: DW_ATE_signed)\n"
    /* as Rust has arrays of arrays, and as C has them */
    "!11 = !DICompositeType(tag: DW_TAG_array_type, baseType: !12, size: 384, elements: !{!14})\n"
    "!12 = !DICompositeType(tag: DW_TAG_array_type, baseType: !15, size: 128,"
    " elements: !{!13, !13})\n"
    "!13 = !DISubrange(count: 2)\n"
    "!14 = !DISubrange(count: 3)\n"
    "!15 = !DIDerivedType(tag: DW_TAG_typedef, name: \"number\", baseType: !10)\n"
    "!20 = distinct !DICompositeType(tag: DW_TAG_union_type, size: 64, elements: !{!21, !22})\n"
    "!21 = !DIDerivedType(tag: DW_TAG_member, name: \"u\", baseType: !10, size: 32)\n"
    "!22 = !DIDerivedType(tag: DW_TAG_member, name: \"bits\", baseType: !10, size: 3, offset: 5,"
    " flags: DIFlagBitField, extraData: i64 0)\n"
    "!23 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !1, size: 64)\n"
    "!24 = !DICompositeType(tag: DW_TAG_array_type, baseType: !1, elements: !{!25})\n"
    "!25 = !DISubrange(count: -1)\n"
    "!30 = !DICompositeType(tag: DW_TAG_enumeration_type, name: \"colors\", baseType: !10,"
    " size: 32, elements: !{!31, !32})\n"
    "!31 = !DIEnumerator(name: \"RED\", value: 1)\n"
    "!32 = !DIEnumerator(name: \"BLUE\", value: -1)\n";

static void try_marker(LLVMModuleRef ir, const char *name)
{
	LLVMTypeRef type =
	    LLVMFunctionType(LLVMVoidTypeInContext(metadata_context), NULL, 0, false);
	struct marker marker = marker_read(LLVMAddFunction(ir, name, type));
	LLVMDIBuilderRef builder = LLVMCreateDIBuilder(ir);
	LLVMValueRef roots[2];
	struct access access = {0};
	char *enumerator;
	int64_t value;

	LLVMGetNamedMetadataOperands(ir, "types", roots);
	if (marker.is_wrong)
		return;
	if (marker.kind->subject == OF_FIELD && access_find(&marker, builder, roots[0], &access)) {
		EXPECT(access.count <= MOST_STEPS);
		for (size_t i = 0; i < access.count; i++)
			EXPECT(is_composite(access.items[i].type));
	} else if (marker.kind->subject == OF_ENUMERATOR &&
		   enumerator_find(&marker, roots[1], &enumerator, &value)) {
		EXPECT(value == (strcmp(enumerator, "RED") ? -1 : 1));
	} else {
		EXPECT(marker.is_wrong || marker.kind->subject != OF_FIELD);
	}
	free(access.items);
	LLVMDisposeDIBuilder(builder);
}

void fuzz(const unsigned char *data, size_t size)
{
	LLVMModuleRef ir;
	char *reason,
	    *name = xasprintf("%s%.*s", core_marker_prefix, (int)size, (const char *)data);

	metadata_context = LLVMContextCreate();
	LLVMMemoryBufferRef text =
	    LLVMCreateMemoryBufferWithMemoryRangeCopy(types, sizeof types - 1, "types");
	bool is_wrong = LLVMParseIRInContext(metadata_context, text, &ir, &reason);
	EXPECT(!is_wrong);
	try_marker(ir, name);
	LLVMDisposeModule(ir);
	LLVMContextDispose(metadata_context);
	free(name);
}
