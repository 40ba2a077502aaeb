/* Nodes of debug info, as LLVM prints them: text of any kind, and nodes with names of any kind. */
#include "harness.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#define LLVMPrintValueToString print
char *print(LLVMValueRef node);
#include "../../common/node-text.c"
#undef LLVMPrintValueToString

static const char *given; /* in the place of a node's text */

char *print(LLVMValueRef node)
{
	return node ? LLVMPrintValueToString(node) : LLVMCreateMessage(given);
}

static void try_text(const unsigned char *data, size_t size)
{
	static const char *const fields[] = {"name", "size", "emissionKind", "arg"};
	char *text = xasprintf("<0x1> = !DI%.*s", (int)size, (const char *)data);

	given = text;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		char *value = node_field(NULL, fields[i]);
		EXPECT(!value || strlen(value) < strlen(text));
		free(value);
	}
	free(text);
}

/* What the name says is not taken for a field. */
static void try_names(const unsigned char *data, size_t size)
{
	LLVMContextRef context = LLVMContextCreate();
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("module", context);
	LLVMDIBuilderRef builder = LLVMCreateDIBuilder(module);
	const char *name = (const char *)data;
	LLVMMetadataRef file = LLVMDIBuilderCreateFile(builder, name, size, "", 0);
	LLVMMetadataRef type = LLVMDIBuilderCreateStructType(builder, file, name, size, file, 7,
	    1234, 32, LLVMDIFlagPrivate, NULL, NULL, 0, 0, NULL, name, size);
	LLVMValueRef node = LLVMMetadataAsValue(context, type);
	char *bits = node_field(node, "size"), *align = node_field(node, "align");
	char *line = node_field(node, "line"), *flags = node_field(node, "flags");

	EXPECT(bits && !strcmp(bits, "1234"));
	EXPECT(align && !strcmp(align, "32"));
	EXPECT(line && !strcmp(line, "7"));
	EXPECT(flags && !strcmp(flags, "DIFlagPrivate"));
	EXPECT(!node_field(node, "emissionKind"));
	free(bits);
	free(align);
	free(line);
	free(flags);
	LLVMDisposeDIBuilder(builder);
	LLVMDisposeModule(module);
	LLVMContextDispose(context);
}

void fuzz(const unsigned char *data, size_t size)
{
	try_text(data, size);
	try_names(data, size);
}
