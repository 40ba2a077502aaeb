# The tools of one LLVM. GNUmakefile calls this for each, with these variables:
#
# LLVM          its version, or any: the tools that find libLLVM when they run; or extract: bpf-extract
#               and bpf-driver
# LLVM_CONFIG   its llvm-config
# BUILD         where everything is made
# VERSION, OLDEST_LLVM, NEWEST_LLVM   bpf-linker's, and those that are supported
#
# and of those that the user gives, CC, AR, CFLAGS, CPPFLAGS, LDFLAGS, LLVM_LINK, SANITIZE, WERROR and V.
# The goals are toolset, bpf-extract, one-process and fuzzers.

CFLAGS ?= -O2 -g

# The tools. Those of a toolset are one program, with a name for each: they run in one process, one after
# the other, and LLVM is most of them. bpf-extract, which needs little of LLVM, stands beside the toolsets.
TOOLS = bpf-merge bpf-internalize bpf-core bpf-debuginfo bpf-opt bpf-codegen
EXTRACT_PARTS = object
TOOLS_PARTS = bpf bpfasmparser passes bitreader bitwriter irreader linker
LLVM_PARTS = $(sort $(EXTRACT_PARTS) $(TOOLS_PARTS))

LIBEXEC = $(BUILD)/libexec/bpf-linker
TOOLSET = $(LIBEXEC)/llvm-$(LLVM)
OBJECTS = $(BUILD)/objects-$(LLVM)

# The system that CC is for: the file common/system-SYSTEM.c.
SYSTEM := $(if $(filter %-macos %-darwin,$(shell $(CC) -dumpmachine | sed 's/[0-9.]*$$//')),darwin,linux)

# How the tools are linked: static, shared, or any, which bpf-extract too is by LLVM_LINK=any.
MODE := $(if $(filter any,$(LLVM)),any,$(or $(LLVM_LINK),$(if $(shell $(LLVM_CONFIG) --link-static --libs core 2>/dev/null),static,shared)))

# Static, non-PIE tools start several times as fast. The sanitizers need a shared C library.
CFLAGS_static = -DLLVM_STATIC -fno-pie -ffunction-sections -fdata-sections
# aligned so that the kernel can map a tool's code in large pages
LARGE_PAGES = -Wl,-z,max-page-size=0x200000
# What a small link calls stands together, so that the kernel maps little else of the code.
TEXT_ORDER = scripts/dev/text-order.txt
ORDER_FLAGS = $(if $(SANITIZE),,$(TEXT_ORDER:%=$(OBJECTS)/text-order.flags))
LDFLAGS_static = -Wl,--gc-sections $(LARGE_PAGES) $(if $(SANITIZE),-no-pie,-static) $(ORDER_FLAGS:%=@%)
LIBS_static = $(shell $(LLVM_CONFIG) --ldflags --link-static --libs $(PARTS)) -lstdc++ -lz -lzstd -lm

LDFLAGS_shared = -Wl,--as-needed
LIBS_shared = $(shell $(LLVM_CONFIG) --ldflags --link-shared --libs)

CFLAGS_any = -DLLVM_ANY -include common/libllvm.h -ffunction-sections -fdata-sections
LDFLAGS_any = $(if $(filter darwin,$(SYSTEM)),-Wl$(comma)-dead_strip,-Wl$(comma)--gc-sections -Wl$(comma)--as-needed)
LIBS_any = -ldl
comma = ,

LIBS = $(LIBS_$(MODE))

# libarchive is not on every system on which llvm-any may run; macOS has one
ARCHIVE_LIBS = $(if $(SANITIZE)$(filter-out any,$(MODE))$(filter darwin,$(SYSTEM)),-larchive,-Wl,-Bstatic -larchive -Wl,-Bdynamic)

# The same bytes, wherever it is built.
ALL_CFLAGS = -std=gnu11 "-ffile-prefix-map=$(CURDIR)=." -Wall -Wextra -Wno-missing-field-initializers $(if $(WERROR),-Werror) \
  $(if $(SANITIZE),-DSANITIZE -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CFLAGS) \
  -MMD -MP -Icommon -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DOLDEST_LLVM=$(OLDEST_LLVM) -DNEWEST_LLVM=$(NEWEST_LLVM) \
  $(CPPFLAGS) $(CFLAGS_$(MODE)) -I$(OBJECTS) -isystem "$(shell $(LLVM_CONFIG) --includedir)"
ALL_LDFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS) $(LDFLAGS_$(MODE))

# $(call say,WHAT) in front of a command shows WHAT in its place
say = @$(if $(V),set -x,echo '$(1)');

PROGRAM = $(TOOLSET)/$(firstword $(TOOLS))
EXTRACT = $(LIBEXEC)/bpf-extract
DRIVER = $(LIBEXEC)/bpf-driver
ONE_PROCESS = $(BUILD)/one-process
FUZZ_PROGRAMS = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(filter-out %/harness.c,$(wildcard tests/fuzz/*.c)))

.PHONY: toolset bpf-extract one-process fuzzers always
.DELETE_ON_ERROR:
.SUFFIXES:
toolset: $(TOOLS:%=$(TOOLSET)/%) $(if $(filter any,$(LLVM)),$(TOOLSET)/find-libllvm)
	@:
bpf-extract: $(EXTRACT) $(DRIVER)
	@:
one-process: $(ONE_PROCESS)
	@:
fuzzers: $(FUZZ_PROGRAMS)
	@:

# Everything is made anew when it would be made otherwise.
FLAGS := $(strip $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LLVM_CONFIG) $(shell $(LLVM_CONFIG) --version) $(MODE) $(TOOLS))
ifneq ($(strip $(file <$(OBJECTS)/flags)),$(FLAGS))
$(OBJECTS)/flags: always
endif
$(OBJECTS)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

# The objects stand as the source does. A tool is one file, or a folder of its name.
# $(1): a file of the source, as a pattern
objects = $(patsubst %,$(OBJECTS)/%.o,$(basename $(wildcard $(1:%=%.c)))) $(patsubst %,$(OBJECTS)/%.o,$(wildcard $(1:%=%.ll)))
tool_objects = $(foreach tool,$(1),$(call objects,tools/$(tool) tools/$(tool)/*))
COMMON_OBJECTS = $(filter-out $(OBJECTS)/common/main.o $(OBJECTS)/common/system-%,$(call objects,common/*)) \
  $(OBJECTS)/common/system-$(SYSTEM).o

# A program holds several tools, whose main has the tool's name; see common/main.c.
# $(1): the source
tool_of = $(filter $(TOOLS),$(basename $(firstword $(subst /, ,$(1:tools/%=%)))))
renamed_main = $(patsubst %,-Dmain=%_main,$(subst -,_,$(call tool_of,$(1))))

MADE = $(OBJECTS)/flags $(if $(filter any,$(MODE)),$(OBJECTS)/libllvm-functions.h)
$(OBJECTS)/%.o: %.c $(MADE)
	@mkdir -p $(@D)
	$(call say,compile $< ($(LLVM))) $(CC) $(ALL_CFLAGS) $(call renamed_main,$<) -c $< -o $@

# IR is compiled as C source that has its text, as the array NAME_ir.
$(OBJECTS)/%.ll.o: %.ll $(MADE)
	@mkdir -p $(@D)
	@sed '1i const char $(subst -,_,$(notdir $*))_ir[] =' $< | sed '1!{s/["\\]/\\&/g; s/.*/"&\\n"/}; $$a ;' >$(@:.o=.c)
	$(call say,compile $< ($(LLVM))) $(CC) $(ALL_CFLAGS) -c $(@:.o=.c) -o $@

# For the linkers that know such scripts, as GNU ld and lld do.
$(OBJECTS)/text-order.flags: $(TEXT_ORDER) $(OBJECTS)/flags
	@{ echo 'SECTIONS { .text.ordered : {'; sed '/^#/d; /^$$/d; s/.*/*(&)/' $<; echo '} } INSERT BEFORE .text;'; } >$(@:flags=ld)
	@echo 'int main(void) { return 0; }' | $(CC) $(LDFLAGS) -x c - -o /dev/null -Wl,-T,$(@:flags=ld) 2>/dev/null && \
	  echo -Wl,-T,$(@:flags=ld) >$@ || : >$@

$(OBJECTS)/common.a: $(COMMON_OBJECTS)
	@rm -f $@ && $(AR) rcs $@ $^

# It changes, and all objects with it, when the first call of a function is written, or the last is gone.
$(OBJECTS)/libllvm-functions.h: $(OBJECTS)/libllvm-functions.made ;
$(OBJECTS)/libllvm-functions.made: scripts/dev/libllvm-functions common/libllvm.h $(wildcard common/*.c tools/*.c tools/*/*.c) $(OBJECTS)/flags
	@scripts/dev/libllvm-functions $(CC) $(CPPFLAGS) -isystem "$$($(LLVM_CONFIG) --includedir)" >$@
	@cmp -s $@ $(@:.made=.h) || cp $@ $(@:.made=.h)

$(OBJECTS)/common/main-program.o: common/main.c $(MADE)
	@mkdir -p $(@D)
	$(call say,compile $< ($(LLVM))) $(CC) $(ALL_CFLAGS) \
	  '-DTOOLS=$(foreach tool,$(TOOLS),TOOL("$(tool)",$(subst -,_,$(tool))_main))' -c $< -o $@

$(PROGRAM): $(call tool_objects,$(TOOLS)) $(OBJECTS)/common/main-program.o
$(PROGRAM): PARTS = $(TOOLS_PARTS)
$(PROGRAM): MORE_LIBS = $(ARCHIVE_LIBS)
$(EXTRACT): $(call tool_objects,bpf-extract)
$(EXTRACT): PARTS = $(EXTRACT_PARTS)
$(EXTRACT): MORE_LIBS = $(ARCHIVE_LIBS)
# it needs nothing of LLVM
$(DRIVER): $(call tool_objects,bpf-driver)
$(DRIVER): LIBS =
$(DRIVER): LARGE_PAGES =
$(ONE_PROCESS): $(call objects,tests/bench/one-process)
$(ONE_PROCESS): PARTS = $(TOOLS_PARTS)
# What the linker says is of use where it fails; else, libc warns of functions that would load shared objects, which
# LLVM never calls here. Its own --no-warnings would keep errors back, too, and the status.
$(PROGRAM) $(EXTRACT) $(DRIVER) $(ONE_PROCESS): $(OBJECTS)/common.a $(if $(filter static,$(MODE)),$(ORDER_FLAGS))
	@mkdir -p $(@D)
	$(call say,link $@) $(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(MORE_LIBS) $(LIBS) -o $(OBJECTS)/$(@F) >$(OBJECTS)/$(@F).said 2>&1 || \
	  { cat $(OBJECTS)/$(@F).said >&2; exit 1; }
	@scripts/dev/install-programs $(@D) $(OBJECTS)/$(@F) && rm $(OBJECTS)/$(@F) && touch $@

# GNUmakefile gives the flags; main is libFuzzer's. A fuzzer of a tool's file may need others of the tool.
$(OBJECTS)/fuzzed.a: $(call tool_objects,bpf-merge)
	@rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_PROGRAMS): $(BUILD)/%: $(OBJECTS)/tests/fuzz/%.o $(OBJECTS)/tests/fuzz/harness.o $(OBJECTS)/fuzzed.a $(OBJECTS)/common.a
	$(call say,link $@) $(CC) -fsanitize=fuzzer $(ALL_LDFLAGS) $^ -larchive $(LIBS) -o $@

$(addprefix $(TOOLSET)/,$(filter-out $(notdir $(PROGRAM)),$(TOOLS))): $(PROGRAM)
	@ln -f $< $@

$(TOOLSET)/find-libllvm: scripts/find-libllvm $(OBJECTS)/flags
	@mkdir -p $(@D)
	@sed 's/@OLDEST_LLVM@/$(OLDEST_LLVM)/' $< >$@.new && chmod 755 $@.new
	@mv $@.new $@ # bash may be reading the old one

# For scripts: what is written here.
show-%:
	@echo $($*)

-include $(wildcard $(patsubst %,$(OBJECTS)/%/*.d,common tools tools/* tests/bench tests/fuzz))
