#include "case.h"

char LICENSE[] SEC("license") = "GPL";

static __attribute__((noinline)) int first(__u32 *word)
{
	return *word + bpf_get_prandom_u32();
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u8 bytes[16] = {};

	bpf_xdp_load_bytes(ctx, 0, bytes, sizeof bytes);
#ifdef CURED
	__u32 word;
	__builtin_memcpy(&word, bytes + 1, sizeof word);
	return first(&word);
#else
	return first((__u32 *)(bytes + 1));
#endif
}
