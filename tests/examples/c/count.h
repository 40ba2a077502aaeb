#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Hidden: known to the files of one program, not to the kernel, so it can be inlined. */
__hidden void count_packet(__u32 protocol, __u32 bytes);
