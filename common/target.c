#include "target.h"
#include "byte-order.h"
#include "input.h"
#include "llvm-arguments.h"
#include "message.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <string.h>

static const char *const cpus[] = {"generic", "probe", "v1", "v2", "v3", "v4", NULL};
static const char *wanted_triple, *cpu = "generic", *features = "";
static struct list llvm_args;
static bool disable_expand_memcpy_in_order, allow_bpf_trap;
static bool unroll_loops;

/* made before the module's triple is known, and mostly right */
static const char *expected_triple;
static LLVMTargetMachineRef expected_machine;
static const char *feature_complaint;
static bool option_before_input; /* a stage before may fail of the same option, and says so */

const struct option_spec target_options[] = {
    {"target", 0, OPTION_TEXT, &wanted_triple, "TRIPLE",
	"generate for TRIPLE: bpf, bpfel or bpfeb (default: the input's, else bpf)"},
    {"cpu", 0, OPTION_CHOICE, &cpu, "CPU",
	"generate for CPU: generic, probe, v1, v2, v3 or v4 (default: generic)", cpus},
    {"cpu-features", 0, OPTION_TEXT, &features, "LIST",
	"turn target features on or off, as in +alu32,-dwarfris"},
    {NULL},
};

const struct option_spec llvm_options[] = {
    {"unroll-loops", 0, OPTION_FLAG, &unroll_loops, NULL, "unroll loops as far as it goes"},
    {"disable-expand-memcpy-in-order", 0, OPTION_FLAG, &disable_expand_memcpy_in_order, NULL,
	"let LLVM order the loads and stores of memcpy"},
    {"allow-bpf-trap", 0, OPTION_FLAG, &allow_bpf_trap, NULL,
	"emit a call of __bpf_trap where code is unreachable"},
    {"llvm-args", 0, OPTION_LIST, &llvm_args, "LIST",
	"hand LLVM the options in LIST, separated by commas"},
    {"fatal-errors", 0, OPTION_BOOL, &fatal_errors, "BOOL",
	"fail when LLVM reports an error (default: true)"},
    {NULL},
};

/* The length of an option's name: up to its value. */
static size_t name_length(const char *option)
{
	return strcspn(option, "=");
}

static const char *skip_dashes(const char *option)
{
	return option + strspn(option, "-");
}

/* LLVM refuses an option given twice; the user's goes before ours. */
static bool user_gives(const char *option)
{
	option = skip_dashes(option);
	for (size_t i = 0; i < llvm_args.count; i++) {
		const char *given = skip_dashes(llvm_args.items[i]);
		if (name_length(given) == name_length(option) &&
		    !strncmp(given, option, name_length(option)))
			return true;
	}
	return false;
}

static void add_default(struct list *arguments, bool wanted, const char *option)
{
	if (wanted && !user_gives(option))
		list_add(arguments, option);
}

static void set_llvm_options(bool reads_stdin)
{
	struct list arguments = {0};

	list_add(&arguments, program_name);
	add_default(&arguments, true, "--cold-callsite-rel-freq=0");
	/* libbpf refuses code in .text.unlikely. */
	add_default(&arguments, true, "--profile-guided-section-prefix=false");
	add_default(&arguments, !disable_expand_memcpy_in_order, "--bpf-expand-memcpy-in-order");
	add_default(&arguments, !allow_bpf_trap, "--bpf-disable-trap-unreachable");
	add_default(&arguments, unroll_loops, "--unroll-runtime");
	add_default(&arguments, unroll_loops, "--unroll-runtime-multi-exit");
	add_default(&arguments, unroll_loops, "--unroll-max-upperbound=4294967295");
	add_default(&arguments, unroll_loops, "--unroll-threshold=4294967295");
	for (size_t i = 0; i < llvm_args.count; i++)
		list_add(&arguments, llvm_args.items[i]);
	const char *complaint = llvm_arguments_parse(&arguments, &llvm_args);
	if (!complaint)
		return;
	if (reads_stdin)
		input_fail_with_producer();
	fail_usage("--llvm-args: %s", complaint);
}

static const char *choose_triple(LLVMModuleRef module)
{
	const char *own = LLVMGetTarget(module);
	bool own_is_bpf = is_bpf_triple(own), is_big = is_big_endian_module(module);

	if (!wanted_triple && own_is_bpf && is_big_endian_triple(own) == is_big)
		return own;
	if (!wanted_triple)
		return is_big_endian_triple("bpf") == is_big ? "bpf" : is_big ? "bpfeb" : "bpfel";
	if (!is_bpf_triple(wanted_triple))
		fail_usage("'--target %s' is not a BPF target", wanted_triple);
	if (own_is_bpf && is_big != is_big_endian_triple(wanted_triple))
		fail("%s: was compiled for %s, %s-endian, which '--target %s' is not",
		    message_subject, own, is_big ? "big" : "little", wanted_triple);
	return wanted_triple;
}

static void fail_target(const char *triple, const char *reason)
{
	if (option_before_input)
		input_fail_with_producer();
	if (wanted_triple)
		fail_usage("'--target %s': %s", wanted_triple, reason);
	fail("%s: its target triple is '%s': %s", message_subject, triple, reason);
}

static LLVMTargetMachineRef create_machine(const char *triple)
{
	LLVMTargetRef target;
	char *reason;

	if (LLVMGetTargetFromTriple(triple, &target, &reason))
		fail_target(triple, reason);
	return LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelAggressive,
	    LLVMRelocDefault, LLVMCodeModelDefault);
}

void target_start(bool reads_stdin)
{
	LLVMInitializeBPFTargetInfo();
	LLVMInitializeBPFTarget();
	LLVMInitializeBPFTargetMC();
	LLVMInitializeBPFAsmPrinter();
	LLVMInitializeBPFAsmParser();
	option_before_input = reads_stdin;
	set_llvm_options(reads_stdin);
	expected_triple = wanted_triple && is_bpf_triple(wanted_triple) ? wanted_triple : "bpf";
	expected_machine = create_machine(expected_triple);
	feature_complaint = message_take_captured();
}

void target_warn_of_features(void)
{
	/* LLVM says it on standard error, several times */
	if (*feature_complaint)
		message(LEVEL_WARN, "--cpu-features: %.*s", (int)strcspn(feature_complaint, "\n"),
		    feature_complaint);
}

LLVMTargetMachineRef target_of(LLVMModuleRef module)
{
	const char *triple = choose_triple(module);
	LLVMTargetMachineRef machine =
	    strcmp(triple, expected_triple) ? create_machine(triple) : expected_machine;

	LLVMSetTarget(module, triple);
	LLVMSetModuleDataLayout(module, LLVMCreateTargetDataLayout(machine));
	return machine;
}
