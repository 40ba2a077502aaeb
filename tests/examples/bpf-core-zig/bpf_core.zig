//! CO-RE relocations for BPF programs in Zig: one object that is right on kernels whose structs differ.
//!
//! The kernel's types are written as `extern struct`, `extern union` and enums with an integer for a tag, with the
//! members that are used and no others. A path is one of C: `"se.load.weight"`, `"rlim[2].rlim_max"`. Each
//! function takes `@src()` first, which errors name. Build with debug info (`-fno-strip`), and link with
//! `bpf-linker --btf`.
const std = @import("std");
const Source = std.builtin.SourceLocation;

/// Where the member is, in bytes from the beginning of T.
pub inline fn fieldByteOffset(comptime source: Source, comptime T: type, comptime path: []const u8) usize {
    return query(source, "field_byte_offset", T, path);
}

/// How many bytes the member has.
pub inline fn fieldByteSize(comptime source: Source, comptime T: type, comptime path: []const u8) usize {
    return query(source, "field_byte_size", T, path);
}

/// Whether the kernel has the type and the member. What it has not, the other functions must not be reached for.
pub inline fn fieldExists(comptime source: Source, comptime T: type, comptime path: []const u8) bool {
    return query(source, "field_exists", T, path) != 0;
}

/// Whether it is an integer with a sign.
pub inline fn fieldSigned(comptime source: Source, comptime T: type, comptime path: []const u8) bool {
    return query(source, "field_signed", T, path) != 0;
}

/// The value of a bit-field, of which T has a plain integer: of the 8 bytes at its offset, in a
/// little-endian program, what the shifts leave.
pub inline fn bitField(comptime source: Source, from: anytype, comptime path: []const u8) ?u64 {
    const T = Pointee(@TypeOf(from));
    var bytes: u64 = 0;
    const size = query(source, "field_byte_size", T, path);
    const at = @intFromPtr(from) +% query(source, "field_byte_offset", T, path);
    if (size > 8 or probeReadKernel(&bytes, @truncate(size), at) != 0) return null;
    const left: u6 = @truncate(query(source, "field_lshift_u64", T, path));
    const right: u6 = @truncate(query(source, "field_rshift_u64", T, path));
    if (query(source, "field_signed", T, path) != 0)
        return @bitCast(@as(i64, @bitCast(bytes << left)) >> right);
    return (bytes << left) >> right;
}

/// Whether the kernel has the type.
pub inline fn typeExists(comptime source: Source, comptime T: type) bool {
    return query(source, "type_exists", T, "") != 0;
}

/// Whether the kernel's type has the same members.
pub inline fn typeMatches(comptime source: Source, comptime T: type) bool {
    return query(source, "type_matches", T, "") != 0;
}

/// How many bytes the kernel's type has.
pub inline fn typeSize(comptime source: Source, comptime T: type) usize {
    return query(source, "type_size", T, "");
}

/// Whether the kernel has the enum and the enumerator.
pub inline fn enumExists(comptime source: Source, comptime value: anytype) bool {
    return query(source, "enum_exists", @TypeOf(value), @tagName(value)) != 0;
}

/// The enumerator's value in the kernel.
pub inline fn enumValue(comptime source: Source, comptime value: anytype) u64 {
    return query(source, "enum_value", @TypeOf(value), @tagName(value));
}

/// What `from` leads to, by one path after the other, as BPF_CORE_READ does in C: each but the last is that of a
/// pointer. Null where memory cannot be read.
///
///     const inode = core.read(@src(), task, .{ "mm", "exe_file", "f_inode", "i_ino" });
pub inline fn read(comptime source: Source, from: anytype, comptime paths: anytype) ?Last(@TypeOf(from), paths) {
    var at: usize = @intFromPtr(from);
    comptime var T: type = Pointee(@TypeOf(from));
    inline for (paths, 0..) |path, i| {
        at +%= query(source, "field_byte_offset", T, path);
        if (i + 1 < paths.len) {
            var next: usize = 0;
            if (probeReadKernel(&next, @sizeOf(usize), at) != 0) return null;
            at = next;
            T = Pointee(Member(T, path));
        }
    }
    var value: Last(@TypeOf(from), paths) = undefined;
    if (probeReadKernel(&value, @sizeOf(@TypeOf(value)), at) != 0) return null;
    return value;
}

/// Calls the function that bpf-core(7) describes.
inline fn query(
    comptime source: Source,
    comptime kind: []const u8,
    comptime T: type,
    comptime path: []const u8,
) u64 {
    const Carrier = struct {
        var pointer: *const T = @ptrFromInt(@alignOf(T));
    };
    const name = comptime std.fmt.comptimePrint("__bpf_core.{s}:{s}@{s}:{d}:{d}#{s}", .{
        kind, path, source.file, source.line, source.column, @typeName(T),
    });
    comptime std.debug.assert(@sizeOf(T) >= 0); // Zig describes what it has laid out
    // no variable has the function's address, of which Debug would make one
    return @extern(*const fn (*const anyopaque) callconv(.c) u64, .{ .name = name })(@ptrCast(&Carrier.pointer));
}

fn probeReadKernel(to: *anyopaque, size: u32, from: usize) callconv(.@"inline") c_long {
    const helper: *align(1) const fn (*anyopaque, u32, usize) callconv(.c) c_long = @ptrFromInt(113);
    return helper(to, size, from);
}

fn Pointee(comptime Pointer: type) type {
    return switch (@typeInfo(Pointer)) {
        .optional => |optional| Pointee(optional.child),
        .pointer => |pointer| pointer.child,
        else => @compileError(@typeName(Pointer) ++ " is no pointer"),
    };
}

/// The type of the member that the path leads to.
fn Member(comptime T: type, comptime path: []const u8) type {
    const end = std.mem.indexOfAny(u8, path, ".[") orelse path.len;
    var M = @FieldType(T, path[0..end]);
    var rest: []const u8 = path[end..];
    while (rest.len > 0 and rest[0] == '[') {
        M = std.meta.Child(M);
        rest = rest[std.mem.indexOfScalar(u8, rest, ']').? + 1 ..];
    }
    return if (rest.len > 0) Member(M, rest[1..]) else M;
}

fn Last(comptime Pointer: type, comptime paths: anytype) type {
    var T = Pointee(Pointer);
    for (paths, 0..) |path, i| {
        T = Member(T, path);
        if (i + 1 < paths.len) T = Pointee(T);
    }
    return T;
}
