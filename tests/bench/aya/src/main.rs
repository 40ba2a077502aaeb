//! An XDP program as aya's users write them: it parses headers, counts packets by their source,
//! and logs what it sees.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::xdp_action,
    macros::{map, xdp},
    maps::HashMap,
    programs::XdpContext,
};
use aya_log_ebpf::{debug, info, warn};
use core::mem::size_of;

const IPV4: u16 = 0x0800;
const TCP: u8 = 6;
const UDP: u8 = 17;

#[repr(C)]
struct Ethernet {
    to: [u8; 6],
    from: [u8; 6],
    protocol: [u8; 2],
}

#[repr(C)]
struct Ipv4 {
    version_and_length: u8,
    service: u8,
    length: [u8; 2],
    fragment: [u8; 4],
    hops: u8,
    protocol: u8,
    checksum: [u8; 2],
    from: [u8; 4],
    to: [u8; 4],
}

#[repr(C)]
struct Ports {
    from: [u8; 2],
    to: [u8; 2],
}

#[map]
static PACKETS: HashMap<u32, u64> = HashMap::with_max_entries(1024, 0);

#[xdp]
pub fn log_headers(context: XdpContext) -> u32 {
    match look_at(&context) {
        Ok(verdict) => verdict,
        Err(()) => {
            let size = context.data_end() - context.data();
            warn!(&context, "cut short after {} bytes", size);
            xdp_action::XDP_DROP
        }
    }
}

/// The header at `offset`, where the packet is long enough to hold it.
#[inline(always)]
fn header<T>(context: &XdpContext, offset: usize) -> Result<&T, ()> {
    let start = context.data() + offset;
    if start + size_of::<T>() > context.data_end() {
        return Err(());
    }
    Ok(unsafe { &*(start as *const T) })
}

fn look_at(context: &XdpContext) -> Result<u32, ()> {
    let ethernet: &Ethernet = header(context, 0)?;
    let protocol = u16::from_be_bytes(ethernet.protocol);
    if protocol != IPV4 {
        debug!(context, "{:mac} to {:mac}: protocol {:x}", ethernet.from, ethernet.to, protocol);
        return Ok(xdp_action::XDP_PASS);
    }

    let ip: &Ipv4 = header(context, size_of::<Ethernet>())?;
    let from = u32::from_be_bytes(ip.from);
    let to = u32::from_be_bytes(ip.to);
    let count = count_packet(from);
    let length = (ip.version_and_length & 15) as usize * 4;
    if ip.protocol != TCP && ip.protocol != UDP {
        debug!(context, "{:i} to {:i}: protocol {}", from, to, ip.protocol);
        return Ok(xdp_action::XDP_PASS);
    }

    let ports: &Ports = header(context, size_of::<Ethernet>() + length)?;
    let name = if ip.protocol == TCP { "tcp" } else { "udp" };
    let from_port = u16::from_be_bytes(ports.from);
    let to_port = u16::from_be_bytes(ports.to);
    info!(context, "{} {:i}:{} to {:i}:{}", name, from, from_port, to, to_port);
    if count % 1000 == 0 {
        info!(context, "{} packets from {:i}", count, from);
    }
    Ok(xdp_action::XDP_PASS)
}

fn count_packet(from: u32) -> u64 {
    let count = unsafe { PACKETS.get(&from) }.copied().unwrap_or(0) + 1;
    if PACKETS.insert(&from, &count, 0).is_err() {
        return 0;
    }
    count
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[link_section = "license"]
#[no_mangle]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
