#include "notes.h"
#include "array.h"
#include "escape.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "origin.h"
#include "reserved.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

/* LLVM emits nothing of this section. */
static const char metadata_section[] = "llvm.metadata";
/* A kind of metadata that each LLVM has, and variables have not. */
static const char mark_kind[] = "annotation";

bool notes_wanted;
static struct {
	ARRAY(char);
} collected;

static void collect(const char *text, size_t size)
{
	array_reserve(&collected, size);
	memcpy(collected.items + collected.count, text, size);
	collected.count += size;
}

/* A line `KIND NAME OTHER`, of words. */
void note_add(enum note_kind kind, const char *name, const char *other)
{
	char *first = escape(name, " "), *second = escape(other, " ");
	char *line = xasprintf("%u %s %s\n", kind, first, second);

	collect(line, strlen(line));
	free(first);
	free(second);
	free(line);
}

void notes_put(LLVMModuleRef module)
{
	if (!collected.count)
		return;
	LLVMValueRef text = LLVMConstStringInContext2(
	    LLVMGetModuleContext(module), collected.items, collected.count, true);
	LLVMValueRef variable = LLVMAddGlobal(module, LLVMTypeOf(text), NOTES_NAME);
	LLVMSetInitializer(variable, text);
	LLVMSetGlobalConstant(variable, true);
	LLVMSetSection(variable, metadata_section);
	collected.count = 0;
}

void notes_hold(LLVMModuleRef module)
{
	LLVMValueRef variable = LLVMGetNamedGlobal(module, NOTES_NAME);
	LLVMValueRef text = variable ? LLVMGetInitializer(variable) : NULL;
	size_t size;

	if (!text || !LLVMIsConstantString(text))
		return;
	const char *bytes = LLVMGetAsString(text, &size);
	collect(bytes, size);
	LLVMDeleteGlobal(variable);
}

bool notes_take(
    LLVMModuleRef module, void (*visit)(enum note_kind kind, const char *name, const char *other))
{
	notes_hold(module);
	char *rest = xstrndup(collected.count ? collected.items : "", collected.count), *line;
	bool any = collected.count;

	while ((line = strsep(&rest, "\n"))) {
		char *kind = strsep(&line, " "), *name = strsep(&line, " ");
		if (name && line)
			visit(atoi(kind), name, line);
	}
	collected.count = 0;
	return any;
}

static unsigned mark_of(LLVMModuleRef module)
{
	return LLVMGetMDKindIDInContext(LLVMGetModuleContext(module), mark_kind, strlen(mark_kind));
}

void notes_mark_variables(LLVMModuleRef module, const char *input)
{
	LLVMContextRef context = LLVMGetModuleContext(module);
	LLVMMetadataRef text = LLVMMDStringInContext2(context, input, strlen(input));
	LLVMMetadataRef node = LLVMMDNodeInContext2(context, &text, 1);

	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable))
		if (!LLVMIsDeclaration(variable))
			LLVMGlobalSetMetadata(variable, mark_of(module), node);
}

/* The input that was marked, NULL where none was; the mark is gone then. */
static const char *take_mark(LLVMModuleRef module, LLVMValueRef variable)
{
	size_t count;
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);
	const char *input = NULL;

	for (size_t i = 0; i < count; i++) {
		LLVMValueRef node = LLVMMetadataAsValue(LLVMGetModuleContext(module),
				 LLVMValueMetadataEntriesGetMetadata(entries, i)),
			     text;
		unsigned size;
		if (LLVMValueMetadataEntriesGetKind(entries, i) != mark_of(module) ||
		    LLVMGetMDNodeNumOperands(node) != 1)
			continue;
		LLVMGetMDNodeOperands(node, &text);
		input = LLVMGetMDString(text, &size);
	}
	LLVMDisposeValueMetadataEntries(entries);
	if (input)
		LLVMGlobalEraseMetadata(variable, mark_of(module));
	return input;
}

static bool is_noted(LLVMValueRef global)
{
	const char *name = value_name(global);

	return !LLVMIsDeclaration(global) && *name && strncmp(name, "llvm.", 5);
}

static const char *input_of_alias(LLVMValueRef alias)
{
	LLVMValueRef base = LLVMAliasGetAliasee(alias);

	while (LLVMIsAConstantExpr(base))
		base = LLVMGetOperand(base, 0);
	return LLVMIsAFunction(base) ? origin_input(base) : "";
}

static void add_definition(LLVMValueRef global, void *module)
{
	const char *input = LLVMIsAGlobalVariable(global) ? take_mark(module, global) : NULL;

	if (!is_noted(global))
		return;
	if (LLVMIsAGlobalVariable(global))
		note_add(NOTE_VARIABLE, value_name(global), input ? input : "");
	else if (LLVMIsAFunction(global))
		note_add(NOTE_FUNCTION, value_name(global), origin_input(global));
	else if (LLVMIsAGlobalAlias(global))
		note_add(NOTE_FUNCTION, value_name(global), input_of_alias(global));
}

void notes_add_definitions(LLVMModuleRef module)
{
	module_each_global(module, add_definition, module);
}

void notes_reset(void)
{
	collected.count = 0;
}
