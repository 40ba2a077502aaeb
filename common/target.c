#include "target.h"
#include "byte-order.h"
#include "demangle.h"
#include "input.h"
#include "llvm-arguments.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "origin.h"
#include "pipeline.h"
#include "stack-size.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const cpus[] = {"generic", "probe", "v1", "v2", "v3", "v4", NULL};
static const char *wanted_triple, *wanted_cpu, *wanted_features;
static struct list llvm_args;
static bool disable_expand_memcpy_in_order, allow_bpf_trap;
bool unroll_loops;

static const char *feature_complaint, *cpu_note;
static bool option_before_input; /* a stage before may fail of the same option, and says so */

const struct option_spec target_options[] = {
    {"target", 0, OPTION_TEXT, &wanted_triple, "TRIPLE",
	"generate for TRIPLE: bpf, bpfel or bpfeb (default: the input's, else bpf)"},
    {"cpu", 0, OPTION_CHOICE, &wanted_cpu, "CPU",
	"generate for CPU: generic, probe, v1, v2, v3 or v4 (default: the input's)", cpus},
    {"cpu-features", 0, OPTION_TEXT, &wanted_features, "LIST",
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

/* As the user gives the option, NULL where he does not. */
static const char *given_by_user(const char *option)
{
	option = skip_dashes(option);
	for (size_t i = 0; i < llvm_args.count; i++) {
		const char *given = skip_dashes(llvm_args.items[i]);
		if (name_length(given) == name_length(option) &&
		    !strncmp(given, option, name_length(option)))
			return given;
	}
	return NULL;
}

/* LLVM refuses an option given twice; the user's goes before ours. */
static void add_default(struct list *arguments, bool wanted, const char *option)
{
	if (wanted && !given_by_user(option))
		list_add(arguments, option);
}

/* LLVM knows no more than whether any remark is wanted; see stack_size_option. */
static void add_remarks(struct list *arguments)
{
	static const char *const options[] = {
	    "--pass-remarks", "--pass-remarks-missed", "--pass-remarks-analysis"};
	const char *wanted = stack_size_option();
	bool given = false;

	if (!wanted && diagnostic_takes_remark)
		wanted = "--pass-remarks=inline";
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		given |= given_by_user(options[i]) != NULL;
	diagnostic_shows_remarks = given;
	add_default(arguments, wanted && !given, wanted);
}

static bool is_listed(const struct list *list, const char *option)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], option))
			return true;
	return false;
}

/* LLVM's options stay set in a process: leaves those of the arguments, the first of which is the
 * program's name, that are not set yet. Starts the program afresh where others are set. */
static void take_out_set(struct list *arguments)
{
	static struct list set;
	size_t count = 1;

	for (size_t i = 0; i < set.count; i++)
		if (!is_listed(arguments, set.items[i]))
			pipeline_start_afresh();
	for (size_t i = 1; i < arguments->count; i++) {
		const char *argument = arguments->items[i];
		if (is_listed(&set, argument))
			continue;
		list_add(&set, argument);
		arguments->items[count++] = argument;
	}
	arguments->count = count;
}

static void set_llvm_options(bool reads_stdin)
{
	struct list arguments = {0};

	list_add(&arguments, program_name);
	add_default(&arguments, true, "--cold-callsite-rel-freq=0");
	/* libbpf refuses code in .text.unlikely. */
	add_default(&arguments, true, "--profile-guided-section-prefix=false");
	/* as a phi of loads from the context, extended, a pointer is a number to the verifier */
	add_default(&arguments, true, "--enable-load-pre=false");
	add_default(&arguments, !allow_bpf_trap, "--bpf-disable-trap-unreachable");
	add_remarks(&arguments);
	add_default(&arguments, unroll_loops, "--unroll-runtime");
	add_default(&arguments, unroll_loops, "--unroll-runtime-multi-exit");
	add_default(&arguments, unroll_loops, "--unroll-max-upperbound=4294967295");
	add_default(&arguments, unroll_loops, "--unroll-threshold=4294967295");
	for (size_t i = 0; i < llvm_args.count; i++)
		list_add(&arguments, llvm_args.items[i]);
	take_out_set(&arguments);
	if (arguments.count == 1)
		return;
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

/* What code is generated for, and how. */
struct machine {
	const char *triple, *cpu, *features;
	bool as_clang; /* with the effort of its -O2; else as much as there is */
	LLVMTargetMachineRef made;
};

static LLVMTargetMachineRef create_machine(struct machine machine)
{
	LLVMTargetRef target;
	char *reason;

	if (LLVMGetTargetFromTriple(machine.triple, &target, &reason))
		fail_target(machine.triple, reason);
	return LLVMCreateTargetMachine(target, machine.triple, machine.cpu, machine.features,
	    machine.as_clang ? LLVMCodeGenLevelDefault : LLVMCodeGenLevelAggressive,
	    LLVMRelocStatic, LLVMCodeModelDefault);
}

/* Machines are kept: one is made while the input is awaited, and what stages of a process need is
 * mostly the same. */
static LLVMTargetMachineRef find_or_create_machine(struct machine machine)
{
	static struct {
		ARRAY(struct machine);
	} machines;

	for (size_t i = 0; i < machines.count; i++) {
		struct machine *other = &machines.items[i];
		if (!strcmp(machine.triple, other->triple) && !strcmp(machine.cpu, other->cpu) &&
		    !strcmp(machine.features, other->features) &&
		    machine.as_clang == other->as_clang)
			return other->made;
	}
	machine = (struct machine){xstrdup(machine.triple), xstrdup(machine.cpu),
	    xstrdup(machine.features), machine.as_clang, create_machine(machine)};
	array_add(&machines, machine);
	return machine.made;
}

void target_start(bool reads_stdin)
{
	LLVMInitializeBPFTargetInfo();
	LLVMInitializeBPFTarget();
	LLVMInitializeBPFTargetMC();
	LLVMInitializeBPFAsmPrinter();
	LLVMInitializeBPFAsmParser();
	option_before_input = reads_stdin;
	if (llvm_args.count) /* which may change what other stages have made */
		pipeline_start_afresh();
	set_llvm_options(reads_stdin);
	struct machine machine = {
	    .triple = wanted_triple && is_bpf_triple(wanted_triple) ? wanted_triple : "bpf",
	    .cpu = wanted_cpu ? wanted_cpu : "v3",
	    .features = wanted_features ? wanted_features : "",
	    .as_clang = true,
	};
	find_or_create_machine(machine);
	feature_complaint = message_take_captured();
}

void target_tell(void)
{
	if (cpu_note)
		message(LEVEL_INFO, "%s", cpu_note);
	/* LLVM says it on standard error, several times */
	if (*feature_complaint)
		message(LEVEL_WARN, "--cpu-features: %.*s", (int)strcspn(feature_complaint, "\n"),
		    feature_complaint);
}

/* What the inputs were compiled for */

static bool is_defined(LLVMValueRef function)
{
	return !LLVMIsDeclaration(function);
}

int cpu_age(const char *cpu)
{
	static const char *const oldest_first[] = {
	    "generic", "v1", "v2", "v3", "v4", "probe", NULL};
	int age = 0;

	while (oldest_first[age] && strcmp(oldest_first[age], cpu))
		age++;
	return age;
}

/* The oldest CPU that a function of the module was compiled for, since its code runs on the others
 * as well. */
static const char *choose_cpu(LLVMModuleRef module)
{
	LLVMValueRef oldest = NULL, newest = NULL;

	if (wanted_cpu)
		return wanted_cpu;
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		const char *cpu = is_defined(function) ? origin_cpu(function) : NULL;
		if (!cpu)
			continue;
		if (!oldest || cpu_age(cpu) < cpu_age(origin_cpu(oldest)))
			oldest = function;
		if (!newest || cpu_age(cpu) > cpu_age(origin_cpu(newest)))
			newest = function;
	}
	if (!oldest)
		return "generic";
	if (origin_cpu(oldest) != origin_cpu(newest))
		cpu_note = xasprintf(
		    "%s: function '%s' was compiled for CPU %s, %s: function '%s' for %s; "
		    "linking for %s, the oldest, as --cpu is not given",
		    origin_input(oldest), demangle_or_copy(value_name(oldest)), origin_cpu(oldest),
		    origin_input(newest), demangle_or_copy(value_name(newest)), origin_cpu(newest),
		    origin_cpu(oldest));
	return origin_cpu(oldest);
}

static bool has_feature(const char *features, const char *feature, size_t length)
{
	for (const char *next = features; *next; next += strcspn(next, ",")) {
		next += *next == ',';
		if (strcspn(next, ",") == length && !strncmp(next, feature, length))
			return true;
	}
	return false;
}

/* Of the features in the list, those that the others have, too. To be freed. */
static char *common_features(const char *features, const char *others)
{
	char *common = xasprintf("%s", "");

	for (const char *next = features; *next; next += strcspn(next, ",")) {
		next += *next == ',';
		size_t length = strcspn(next, ",");
		if (!has_feature(others, next, length))
			continue;
		char *longer = xasprintf("%s%s%.*s", common, *common ? "," : "", (int)length, next);
		free(common);
		common = longer;
	}
	return common;
}

/* The features that all functions were compiled with, where the CPU is theirs as well. */
static const char *choose_features(LLVMModuleRef module)
{
	char *features = NULL;

	if (wanted_features || wanted_cpu)
		return wanted_features ? wanted_features : "";
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		if (!is_defined(function))
			continue;
		const char *own = origin_features(function);
		if (!features)
			features = xasprintf("%s", own);
		else if (strcmp(features, own)) {
			char *common = common_features(features, own);
			free(features);
			features = common;
		}
	}
	return features ? features : "";
}

static bool is_all_clang(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (is_defined(function) && !origin_is_of_clang(function))
			return false;
	return true;
}

/* Whether `OPTION`, or `OPTION=VALUE`, switches it on. */
static bool is_on(const char *given)
{
	const char *value = given + name_length(given);

	return strcmp(value, "=0") && strcasecmp(value, "=false");
}

/* LLVM has an option for this, with which it also calls memset, memmove and memcmp where it would
 * expand them; so the user alone gives it. */
bool target_copies_in_order(void)
{
	const char *given = given_by_user("--bpf-expand-memcpy-in-order");

	return given ? is_on(given) : !disable_expand_memcpy_in_order;
}

LLVMTargetMachineRef target_of(LLVMModuleRef module)
{
	struct machine machine = {
	    .triple = choose_triple(module),
	    .cpu = choose_cpu(module),
	    .features = choose_features(module),
	    .as_clang = is_all_clang(module),
	};

	LLVMTargetMachineRef result = find_or_create_machine(machine);
	LLVMSetTarget(module, machine.triple);
	LLVMSetModuleDataLayout(module, LLVMCreateTargetDataLayout(result));
	return result;
}

bool target_allows_library_calls(void)
{
	const char *given = given_by_user("--bpf-allows-libcalls");

	return given && is_on(given);
}
