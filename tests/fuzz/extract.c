/* Inputs of any kind: bitcode, IR, objects, archives. What bpf-extract writes of them is read back.
 */
#include "harness.h"
#include <llvm-c/ErrorHandling.h>
#define main bpf_extract_main
#define output_write keep
#include "../../common/stream.c"
#include "../../tools/bpf-extract.c"

static struct {
	ARRAY(unsigned char);
} written;

void keep(struct output *to, const void *data, size_t size)
{
	(void)to;
	if (!size)
		return;
	array_reserve(&written, size);
	memcpy(written.items + written.count, data, size);
	written.count += size;
}

/* LLVM's, as of a section whose name is nowhere: to a tool it is the end, too. */
static void leave_llvm(const char *reason)
{
	fail("LLVM: %s", reason);
}

static void try_producers(void)
{
	for (size_t i = 0; i < stream.count; i++) {
		char *producer = producer_of(stream.items[i].input);
		EXPECT(!producer || is_shown_safely(producer));
		producer_may_be_newer(producer, "22.1.8");
		free(producer);
	}
}

static void try_list(struct input input)
{
	stream.count = written.count = 0;
	list = true;
	extract(input, ORIGIN_INPUT, 0);
	list = false;
	array_add(&written, '\0');
	EXPECT(strlen((char *)written.items) == written.count - 1);
}

static void try_round_trip(void)
{
	struct stream copy = {0};

	written.count = 0;
	stream_write(&stream, NULL, false);
	stream_read(&copy, (struct input){"written", written.items, written.count});
	EXPECT(copy.count == stream.count);
	for (size_t i = 0; i < copy.count; i++) {
		struct stream_entry entry = stream.items[i], read = copy.items[i];
		EXPECT(!strcmp(entry.input.name, read.input.name));
		EXPECT(entry.origin == read.origin);
		EXPECT(entry.content == read.content);
		EXPECT(entry.input.size == read.input.size);
		EXPECT(!read.input.size ||
		       !memcmp(entry.input.data, read.input.data, read.input.size));
	}
	free(copy.items);
}

void fuzz(const unsigned char *data, size_t size)
{
	struct input input = {"<stdin>", data, size};

	if (!size)
		return;
	LLVMResetFatalErrorHandler();
	LLVMInstallFatalErrorHandler(leave_llvm);
	message_set_level(LEVEL_INFO);
	list = false;
	stream.count = without_bitcode.count = written.count = 0;
	extract(input, ORIGIN_INPUT, 0);
	say_newest_llvm();
	try_producers();
	try_round_trip();
	try_list(input);
}
