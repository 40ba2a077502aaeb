//! What of the kernel's structs is where, and what the task that runs has in them.
const core = @import("bpf_core.zig");

const inode = extern struct { i_ino: u64 };
const file = extern struct { f_inode: *const inode };
const mm_struct = extern struct { exe_file: ?*const file };
const rlimit = extern struct { rlim_cur: u64, rlim_max: u64 };
const signal_struct = extern struct { rlim: [16]rlimit };
const task_struct = extern struct {
    comm: [16]u8,
    pid: i32,
    no_such: u32,
    mm: *const mm_struct,
    signal: *const signal_struct,
    in_execve: u8, // a bit-field
};
const no_such_struct = extern struct { x: u32 };
const bpf_map_type = enum(u32) { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARENA = 9999, BPF_MAP_TYPE_NONE_SUCH = 5 };

export const LICENSE linksection("license") = "GPL".*;
export var numbers: [16]u64 = @splat(0);

fn currentTask() callconv(.@"inline") *const task_struct {
    const helper: *align(1) const fn () callconv(.c) *const task_struct = @ptrFromInt(35);
    return helper();
}

export fn values(_: *const anyopaque) linksection("socket") u32 {
    const n: *volatile [16]u64 = &numbers;
    const task = currentTask();

    n[0] = core.fieldByteOffset(@src(), task_struct, "pid");
    n[1] = core.fieldByteSize(@src(), task_struct, "comm");
    n[2] = @intFromBool(core.fieldExists(@src(), task_struct, "no_such"));
    n[3] = if (core.fieldExists(@src(), task_struct, "no_such"))
        core.fieldByteOffset(@src(), task_struct, "no_such")
    else
        77;
    n[4] = @intFromBool(core.typeExists(@src(), no_such_struct));
    n[5] = core.typeSize(@src(), task_struct);
    n[6] = core.enumValue(@src(), bpf_map_type.BPF_MAP_TYPE_ARENA);
    n[7] = @intFromBool(core.enumExists(@src(), bpf_map_type.BPF_MAP_TYPE_NONE_SUCH));
    n[8] = core.fieldByteOffset(@src(), signal_struct, "rlim[7].rlim_max");
    n[9] = @intFromBool(core.fieldSigned(@src(), task_struct, "pid"));
    n[10] = @intCast(core.read(@src(), task, .{"pid"}) orelse 0);
    n[11] = core.read(@src(), task, .{ "mm", "exe_file", "f_inode", "i_ino" }) orelse 0;
    n[12] = core.read(@src(), task, .{ "signal", "rlim[7].rlim_max" }) orelse 0;
    n[13] = if (core.read(@src(), task, .{"comm"})) |comm| comm[0] else 0;
    n[14] = core.bitField(@src(), task, "in_execve") orelse 7;
    return 0;
}
