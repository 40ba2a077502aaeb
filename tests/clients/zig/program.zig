//! A socket filter that keeps packets of one protocol, and counts them.
const Packet = extern struct { length: u32, kind: u32, mark: u32, queue: u32, protocol: u32 };

export const LICENSE linksection("license") = "GPL".*;
export var kept: u64 = 0;
export var protocol: u16 = 0x0800;

export fn keep_protocol(packet: *const Packet) linksection("socket") u32 {
    const wanted: *volatile u16 = &protocol;
    if (packet.protocol != @byteSwap(wanted.*)) return 0;
    kept += 1;
    return packet.length;
}
