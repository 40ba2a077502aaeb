//! A program of each kind, which counts how often it ran in the map KINDS. The XDP program uses a map of
//! each kind, and says what it sees.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::xdp_action,
    btf_maps,
    macros::{
        btf_map, btf_tracepoint, cgroup_skb, classifier, fentry, kprobe, lsm, map, raw_tracepoint,
        socket_filter, tracepoint, xdp,
    },
    maps::{Array, HashMap, LpmTrie, LruHashMap, PerCpuArray, Queue, RingBuf, Stack},
    programs::{
        BtfTracePointContext, FEntryContext, LsmContext, ProbeContext, RawTracePointContext,
        SkBuffContext, TcContext, TracePointContext, XdpContext,
    },
    EbpfContext,
};
use aya_log_ebpf::{debug, info};

#[no_mangle]
static PORT: u16 = 0; // which user space sets

#[map]
static KINDS: Array<u64> = Array::with_max_entries(16, 0);
#[map]
static BY_PORT: HashMap<u16, u64> = HashMap::with_max_entries(16, 0);
#[map]
static RECENT: LruHashMap<u16, u64> = LruHashMap::with_max_entries(16, 0);
#[map]
static PER_CPU: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);
#[map]
static NETWORKS: LpmTrie<u32, u32> = LpmTrie::with_max_entries(4, 1); // BPF_F_NO_PREALLOC
#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(4096, 0);
#[map]
static LENGTHS: Queue<u32> = Queue::with_max_entries(16, 0);
#[map]
static LATEST: Stack<u32> = Stack::with_max_entries(16, 0);
#[btf_map]
static BTF_BY_PORT: btf_maps::HashMap<u16, u64, 16> = btf_maps::HashMap::new();
#[btf_map]
static BTF_COUNT: btf_maps::Array<u64, 1> = btf_maps::Array::new();

fn count(kind: u32) {
    if let Some(counter) = KINDS.get_ptr_mut(kind) {
        unsafe { *counter += 1 };
    }
}

/// The number of `N` bytes at `offset`, in network order.
#[inline(always)]
fn read<const N: usize>(context: &XdpContext, offset: usize) -> Option<[u8; N]> {
    let start = context.data() + offset;
    if start + N > context.data_end() {
        return None;
    }
    Some(unsafe { *(start as *const [u8; N]) })
}

#[xdp]
pub fn look_at_udp(context: XdpContext) -> u32 {
    look_at(&context);
    xdp_action::XDP_PASS
}

#[inline(always)]
fn look_at(context: &XdpContext) -> Option<()> {
    let protocol = u16::from_be_bytes(read(context, 12)?);
    let [udp] = read(context, 23)?;
    if protocol != 0x0800 || udp != 17 {
        debug!(context, "protocol {:x}", protocol);
        return None;
    }
    let from = u32::from_be_bytes(read(context, 26)?);
    let port = u16::from_be_bytes(read(context, 36)?);
    let length = u16::from_be_bytes(read(context, 38)?) as u32;
    if port != unsafe { core::ptr::read_volatile(&PORT) } {
        return None;
    }
    count(0);
    use_maps(from, port, length);
    info!(context, "udp from {:i} to port {}: {} bytes", from, port, length);
    Some(())
}

#[inline(always)]
fn use_maps(from: u32, port: u16, length: u32) {
    let before = unsafe { BY_PORT.get(&port) }.copied().unwrap_or(0);
    let _ = BY_PORT.insert(&port, &(before + 1), 0);
    let before = unsafe { RECENT.get(&port) }.copied().unwrap_or(0);
    let _ = RECENT.insert(&port, &(before + 1), 0);
    let before = unsafe { BTF_BY_PORT.get(&port) }.copied().unwrap_or(0);
    let _ = BTF_BY_PORT.insert(&port, &(before + 1), 0);
    if let Some(counter) = BTF_COUNT.get_ptr_mut(0) {
        unsafe { *counter += 1 };
    }
    if let Some(counter) = PER_CPU.get_ptr_mut(0) {
        unsafe { *counter += 1 };
    }
    let key = aya_ebpf::maps::lpm_trie::Key::new(32, from.to_be());
    if let Some(network) = NETWORKS.get(&key) {
        let _ = EVENTS.output::<[u32; 2]>(&[*network, length], 0);
    }
    let _ = LENGTHS.push(&length, 0);
    let _ = LATEST.push(&length, 0);
}

#[classifier]
pub fn at_tc(_: TcContext) -> i32 {
    count(1);
    0 // TC_ACT_OK
}

#[socket_filter]
pub fn at_socket(context: SkBuffContext) -> i64 {
    count(2);
    context.len() as i64
}

#[cgroup_skb]
pub fn at_cgroup(_: SkBuffContext) -> i32 {
    count(3);
    1
}

#[tracepoint]
pub fn at_tracepoint(_: TracePointContext) -> u32 {
    count(4);
    0
}

#[raw_tracepoint(tracepoint = "sys_enter")]
pub fn at_raw_tracepoint(_: RawTracePointContext) -> i32 {
    count(5);
    0
}

#[kprobe]
pub fn at_kprobe(context: ProbeContext) -> u32 {
    count(6);
    debug!(&context, "kprobe in process {}", context.pid());
    0
}

#[fentry(function = "udp_sendmsg")]
pub fn at_fentry(_: FEntryContext) -> i32 {
    count(7);
    0
}

#[btf_tracepoint(function = "sched_switch")]
pub fn at_btf_tracepoint(_: BtfTracePointContext) -> i32 {
    count(8);
    0
}

#[lsm(hook = "socket_sendmsg")]
pub fn at_lsm(_: LsmContext) -> i32 {
    count(9);
    0
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[link_section = "license"]
#[no_mangle]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
