/* What of the kernel's structs is where, and what the task that runs has in them. With BUILTINS, the same by
 * clang's. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#ifdef BUILTINS
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct inode { unsigned long i_ino; };
struct file { struct inode *f_inode; };
struct mm_struct { struct file *exe_file; };
struct rlimit { unsigned long rlim_cur, rlim_max; };
struct signal_struct { struct rlimit rlim[16]; };
struct task_struct {
	char comm[16];
	int pid;
	unsigned no_such;
	struct mm_struct *mm;
	struct signal_struct *signal;
	unsigned in_execve : 1;
};
struct no_such_struct { int x; };
enum bpf_map_type___other {
	BPF_MAP_TYPE_ARENA___other = 9999,
	BPF_MAP_TYPE_NONE_SUCH___other = 5,
};

#ifdef BUILTINS
#pragma clang attribute pop
#include <bpf/bpf_core_read.h>
#define CORE_FIELD_BYTE_OFFSET(type, path) bpf_core_field_offset(type, path)
#define CORE_FIELD_BYTE_SIZE(type, path) bpf_core_field_size(type, path)
#define CORE_FIELD_EXISTS(type, path) bpf_core_field_exists(type, path)
#define CORE_FIELD_SIGNED(type, path) \
	__builtin_preserve_field_info(((type *)0)->path, BPF_FIELD_SIGNED)
#define CORE_TYPE_EXISTS(type) bpf_core_type_exists(type)
#define CORE_TYPE_SIZE(type) bpf_core_type_size(type)
#define CORE_ENUM_EXISTS(type, name) bpf_core_enum_value_exists(type, name)
#define CORE_ENUM_VALUE(type, name) bpf_core_enum_value(type, name)
#define CORE_READ BPF_CORE_READ
#define CORE_BIT_FIELD BPF_CORE_READ_BITFIELD_PROBED
#else
#include "bpf_core.h"
#endif

__u64 numbers[16];

SEC("socket") int values(struct __sk_buff *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 *n = numbers;

	n[0] = CORE_FIELD_BYTE_OFFSET(struct task_struct, pid);
	n[1] = CORE_FIELD_BYTE_SIZE(struct task_struct, comm);
	n[2] = CORE_FIELD_EXISTS(struct task_struct, no_such);
	n[3] = 77;
	if (CORE_FIELD_EXISTS(struct task_struct, no_such))
		n[3] = CORE_FIELD_BYTE_OFFSET(struct task_struct, no_such);
	n[4] = CORE_TYPE_EXISTS(struct no_such_struct);
	n[5] = CORE_TYPE_SIZE(struct task_struct);
	n[6] = CORE_ENUM_VALUE(enum bpf_map_type___other, BPF_MAP_TYPE_ARENA___other);
	n[7] = CORE_ENUM_EXISTS(enum bpf_map_type___other, BPF_MAP_TYPE_NONE_SUCH___other);
	n[8] = CORE_FIELD_BYTE_OFFSET(struct signal_struct, rlim[7].rlim_max);
	n[9] = CORE_FIELD_SIGNED(struct task_struct, pid);
	n[10] = CORE_READ(task, pid);
	n[11] = CORE_READ(task, mm, exe_file, f_inode, i_ino);
	n[12] = CORE_READ(task, signal, rlim[7].rlim_max);
	n[13] = CORE_READ(task, comm[0]);
	n[14] = CORE_BIT_FIELD(task, in_execve);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
