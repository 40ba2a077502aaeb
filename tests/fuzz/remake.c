/* Nodes of debug info with names of any kind, made anew of the text that LLVM prints of them. */
#include "harness.h"
#include "libllvm.h"
#define libllvm_refuse(...) expect(false, "that LLVM reads what it has printed")
#include "../../tools/bpf-debuginfo/text.c"

static LLVMValueRef made;

void add_node(LLVMValueRef node)
{
	made = node;
}

void replace(LLVMValueRef old, LLVMValueRef new)
{
	EXPECT(old != new);
}

static void forget_remade(void)
{
	free(remade.items);
	free(remade_text);
	remade = (struct values){NULL};
	remade_lines = NULL;
}

static void expect_field(const char *field, const char *value)
{
	char *text = node_field(made, field);

	EXPECT(text && !strcmp(text, value));
	free(text);
}

static void expect_name(unsigned index, const unsigned char *data, size_t size)
{
	unsigned length = 0;
	LLVMValueRef name = operand(made, index);
	const char *text = name ? LLVMGetMDString(name, &length) : NULL;

	EXPECT(length == size && (!size || !memcmp(text, data, size)));
}

void fuzz(const unsigned char *data, size_t size)
{
	static const struct edit edits[] = {{"line: 7", "line: 8"}, {"align: 32, ", ""}};
	const char *name = (const char *)data;

	metadata_context = LLVMContextCreate();
	LLVMModuleRef ir = LLVMModuleCreateWithNameInContext("module", metadata_context);
	LLVMDIBuilderRef builder = LLVMCreateDIBuilder(ir);
	LLVMMetadataRef file = LLVMDIBuilderCreateFile(builder, name, size, name, size);
	LLVMMetadataRef type = LLVMDIBuilderCreateStructType(builder, file, name, size, file, 7,
	    1234, 32, LLVMDIFlagPrivate, NULL, NULL, 0, 0, NULL, name, size);
	remake_with(value_of(type), edits, 2);
	parse_remade();
	expect_field("size", "1234");
	expect_field("line", "8");
	expect_field("flags", "DIFlagPrivate");
	EXPECT(!node_field(made, "align"));
	EXPECT(metadata_of(operand(made, FILE_OF)) == file);
	expect_name(NAME, data, size);
	expect_name(IDENTIFIER, data, size);
	forget_remade();
	LLVMDisposeDIBuilder(builder);
	LLVMDisposeModule(ir);
	LLVMContextDispose(metadata_context);
}
