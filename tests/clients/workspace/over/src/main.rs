//! Keeps all packets but the first three.
#![no_std]
#![no_main]

use limit::{is_within, Packet};

#[no_mangle]
#[link_section = "license"]
pub static LICENSE: [u8; 4] = *b"GPL\0";

#[no_mangle]
#[link_section = "socket"]
pub extern "C" fn keep_later(packet: &Packet) -> u32 {
    if is_within(3u16) { 0 } else { packet.length }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
