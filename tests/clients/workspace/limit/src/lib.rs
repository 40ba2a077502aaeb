//! What both programs use: a static of the library's own, in each of them another, and a generic function.
#![no_std]

/// The beginning of the kernel's struct __sk_buff.
#[repr(C)]
pub struct Packet {
    pub length: u32,
}

static mut CALLS: u32 = 0;

/// Whether a limit has been reached, by the number of calls before.
#[inline(never)]
pub fn is_within<T: Into<u32>>(limit: T) -> bool {
    unsafe {
        CALLS += 1;
        CALLS <= limit.into()
    }
}
