//! A socket filter that keeps IPv4 packets, drops the others, and counts both.
#![no_std]
#![no_main]

/// The beginning of the kernel's struct __sk_buff.
#[repr(C)]
pub struct Packet {
    length: u32,
    packet_type: u32,
    mark: u32,
    queue_mapping: u32,
    protocol: u32,
}

const ETHERTYPE_IPV4: u16 = 0x0800;
const DROP: u32 = 0;

#[no_mangle]
#[link_section = "license"]
pub static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

// Rust has no atomic addition for BPF: of two packets at once, on two CPUs, one may be missed.
#[no_mangle]
pub static mut KEPT: u64 = 0;
#[no_mangle]
pub static mut DROPPED: u64 = 0;

#[no_mangle]
#[link_section = "socket"]
pub extern "C" fn keep_ipv4(packet: &Packet) -> u32 {
    if packet.protocol == ETHERTYPE_IPV4.to_be().into() {
        unsafe { KEPT += 1 };
        packet.length
    } else {
        unsafe { DROPPED += 1 };
        DROP
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
