#include "value.h"
#include <llvm-c/Core.h>

const char *value_name(LLVMValueRef value)
{
	size_t length;

	return LLVMGetValueName2(value, &length);
}
