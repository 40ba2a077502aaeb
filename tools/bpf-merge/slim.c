/* --btf: of the debug info, only what BTF is made of. */
#include "debug-info.h"
#include "linker.h"
#include "metadata.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>

enum {
	MOST_TYPEDEFS = 256
}; /* of one another; a typedef of itself is nonsense, and must not hang */

/* clang gives `extern find_t f` the typedef for a type; LLVM then takes all debug info for invalid,
 * unless it is clang itself that writes the object. */
static void mend_type_of_function(LLVMValueRef function)
{
	LLVMValueRef subprogram = value_of(LLVMGetSubprogram(function));
	LLVMValueRef type = subprogram ? operand(subprogram, FUNCTION_TYPE) : NULL;
	LLVMValueRef prototype = type;

	for (int i = 0; i < MOST_TYPEDEFS && is_derived(prototype, TAG_TYPEDEF); i++)
		prototype = operand(prototype, BASE);
	if (prototype != type && is_node(prototype) &&
	    kind_of_node(prototype) == LLVMDISubroutineTypeMetadataKind)
		set_operand(subprogram, FUNCTION_TYPE, prototype);
}

static void note_live(LLVMValueRef global, void *data)
{
	const struct linker *linker = data;
	bool is_live = map_has(&linker->live, global) || map_has(&linker->references, global);

	if (LLVMIsAFunction(global)) {
		if (is_live) {
			mend_type_of_function(global);
			note_function(global);
		}
	} else if (LLVMIsAGlobalVariable(global)) {
		/* those of CO-RE are LLVM's */
		if (is_live || is_llvm_global(global))
			note_variable(global);
	}
}

static void slim_units(LLVMModuleRef ir)
{
	struct values units = units_of(ir);

	LLVMStripModuleDebugInfo(ir);
	for (size_t i = 0; i < units.count; i++) {
		slim_unit(units.items[i]);
		LLVMAddNamedMetadataOperand(ir, "llvm.dbg.cu", units.items[i]);
	}
	free(units.items);
}

/* All modules at once, since they share nodes. */
void slim_debug_info(struct linker *linker)
{
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			module_each_global(linker->modules[i].ir, note_live, linker);
	reach_nodes(linker->target_module->ir, TEMPLATES);
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			slim_units(linker->modules[i].ir);
	put_back_attachments();
	for (size_t i = 0; i < functions.count; i++)
		LLVMSetSubprogram(
		    functions.items[i].value, metadata_of(functions.items[i].subprogram));
}
