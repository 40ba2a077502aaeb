/* The static, or generic function, that a call passes: its debug info names the type that is asked
 * for. */
#ifndef CARRIER_H
#define CARRIER_H

#include "marker.h"

/* The static or function that the argument is the address of; NULL where it is none, of which an
 * error is said. */
LLVMValueRef carrier_of(struct marker *marker, LLVMValueRef argument);

/* The type that the carrier names: the first type parameter of the function, or of the static's
 * type, or what that points to. NULL where it names none, of which an error is said. */
LLVMValueRef type_of_carrier(struct marker *marker, LLVMValueRef carrier);

#endif
