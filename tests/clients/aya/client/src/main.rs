//! Loads and attaches each program by aya, sends packets, and looks at what the programs have counted and
//! said. A line for each kind of program: what cannot be attached here is loaded, and says why. Exits with
//! a failure where a program cannot be loaded, or one that is attached has not run. Arguments: the directory of
//! a control group; an object to load instead of the one that is built in.
use aya::maps::{lpm_trie, Array, HashMap, LpmTrie, PerCpuArray, Queue, RingBuf, Stack};
use aya::programs::{
    tc, BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, FEntry, KProbe, Lsm, RawTracePoint,
    SchedClassifier, SocketFilter, TcAttachType, TracePoint, Xdp, XdpMode,
};
use aya::{Btf, Ebpf, EbpfLoader, Pod};
use std::error::Error;
use std::net::UdpSocket;
use std::sync::Mutex;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PACKETS: u64 = 3;
const UNKNOWN_KIND: [i32; 2] = [libc::EPERM, 524]; // ENOTSUPP

/// What the programs log.
struct Messages;
static MESSAGES: Mutex<Vec<String>> = Mutex::new(Vec::new());
impl log::Log for Messages {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }
    fn log(&self, record: &log::Record) {
        let message = format!("{} {}: {}", record.level(), record.target(), record.args());
        MESSAGES.lock().unwrap().push(message);
    }
    fn flush(&self) {}
}

macro_rules! loaded {
    ($ebpf:expr, $kind:ty, $name:expr $(, $argument:expr)*) => {{
        let program: &mut $kind = $ebpf.program_mut($name).ok_or($name)?.try_into()?;
        program.load($($argument),*).map_err(|error| format!("{}: {error:#?}", $name))?;
        program
    }};
}

/// Loads a program that needs the kernel's BTF of what it is attached to; None where the kernel has no such kind.
macro_rules! loaded_if_known {
    ($ebpf:expr, $kind:ty, $name:expr $(, $argument:expr)*) => {{
        let program: &mut $kind = $ebpf.program_mut($name).ok_or($name)?.try_into()?;
        match program.load($($argument),*) {
            Ok(()) => Ok(program),
            // the verifier, where it has read the program, has something to say of it
            Err(aya::programs::ProgramError::LoadError { io_error, verifier_log })
                if UNKNOWN_KIND.contains(&io_error.raw_os_error().unwrap_or(0))
                    && verifier_log.to_string().lines().all(|line| line.starts_with("processed 0")) =>
            {
                Err(io_error.to_string())
            }
            Err(error) => return Err(format!("{}: {error:#?}", $name).into()),
        }
    }};
}

fn value<T: Pod>(ebpf: &Ebpf, map: &str, key: u16) -> Result<T> {
    let map: HashMap<_, u16, T> = ebpf.map(map).ok_or("no map")?.try_into()?;
    Ok(map.get(&key, 0)?)
}

fn main() -> Result<()> {
    log::set_logger(&Messages)?;
    log::set_max_level(log::LevelFilter::Trace);
    let receiver = UdpSocket::bind("127.0.0.1:0")?;
    let port = receiver.local_addr()?.port();
    let btf = Btf::from_sys_fs()?;
    let mut object = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/programs")).to_vec();
    if let Some(path) = std::env::args().nth(2) {
        object = std::fs::read(path)?;
    }
    let mut ebpf = EbpfLoader::new().override_global("PORT", &port, true).load(&object)?;
    let mut logger = aya_log::EbpfLogger::init(&mut ebpf)?;
    let mut attached = Vec::new();
    let mut report = |index: u32, kind: &'static str, outcome: std::result::Result<(), String>| match outcome {
        Ok(()) => attached.push((index, kind)),
        Err(reason) => println!("{kind}: not attached: {}", reason.replace('\n', " ")),
    };
    let text = |error: &dyn Error| {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        message
    };

    let mut networks: LpmTrie<_, u32, u32> = ebpf.map_mut("NETWORKS").ok_or("no map")?.try_into()?;
    networks.insert(&lpm_trie::Key::new(8, u32::from_ne_bytes([127, 0, 0, 0])), 42, 0)?;

    loaded!(ebpf, Xdp, "look_at_udp").attach("lo", XdpMode::Skb)?;
    report(0, "xdp", Ok(()));
    tc::qdisc_add_clsact("lo")?;
    loaded!(ebpf, SchedClassifier, "at_tc").attach("lo", TcAttachType::Egress)?;
    report(1, "tc", Ok(()));
    loaded!(ebpf, SocketFilter, "at_socket").attach(&receiver)?;
    report(2, "socket filter", Ok(()));
    let group = std::fs::File::open(std::env::args().nth(1).ok_or("which cgroup?")?)?;
    loaded!(ebpf, CgroupSkb, "at_cgroup").attach(group, CgroupSkbAttachType::Egress, CgroupAttachMode::Single)?;
    report(3, "cgroup", Ok(()));
    loaded!(ebpf, TracePoint, "at_tracepoint").attach("syscalls", "sys_enter_getppid")?;
    report(4, "tracepoint", Ok(()));
    loaded!(ebpf, RawTracePoint, "at_raw_tracepoint").attach("sys_enter")?;
    report(5, "raw tracepoint", Ok(()));
    let outcome = loaded!(ebpf, KProbe, "at_kprobe").attach("udp_sendmsg", 0);
    report(6, "kprobe", outcome.map(|_| ()).map_err(|error| text(&error)));
    let outcome = loaded_if_known!(ebpf, FEntry, "at_fentry", "udp_sendmsg", &btf)
        .and_then(|program| program.attach().map_err(|error| text(&error)));
    report(7, "fentry", outcome.map(|_| ()));
    let outcome = loaded_if_known!(ebpf, BtfTracePoint, "at_btf_tracepoint", "sched_switch", &btf)
        .and_then(|program| program.attach().map_err(|error| text(&error)));
    report(8, "BTF tracepoint", outcome.map(|_| ()));
    let outcome = loaded_if_known!(ebpf, Lsm, "at_lsm", "socket_sendmsg", &btf)
        .and_then(|program| program.attach().map_err(|error| text(&error)));
    report(9, "lsm", outcome.map(|_| ()));

    let sender = UdpSocket::bind("127.0.0.1:0")?;
    for _ in 0..PACKETS {
        sender.send_to(&[0; 20], receiver.local_addr()?)?;
        unsafe { libc::getppid() };
    }
    std::thread::sleep(std::time::Duration::from_millis(50)); // sched_switch

    let kinds: Array<_, u64> = ebpf.map("KINDS").ok_or("no map")?.try_into()?;
    for (index, kind) in attached {
        let count = kinds.get(&index, 0)?;
        println!("{kind}: attached, ran {count} times");
        let right = if index < 4 { count == PACKETS } else { count >= PACKETS };
        if !right && index != 8 || count == 0 {
            return Err(format!("{kind} should have run {PACKETS} times").into());
        }
    }

    let length = 20 + 8;
    for map in ["BY_PORT", "RECENT", "BTF_BY_PORT"] {
        assert_eq!(value::<u64>(&ebpf, map, port)?, PACKETS, "{map}");
    }
    let array: Array<_, u64> = ebpf.map("BTF_COUNT").ok_or("no map")?.try_into()?;
    assert_eq!(array.get(&0, 0)?, PACKETS);
    let per_cpu: PerCpuArray<_, u64> = ebpf.map("PER_CPU").ok_or("no map")?.try_into()?;
    assert_eq!(per_cpu.get(&0, 0)?.iter().sum::<u64>(), PACKETS);
    let mut queue: Queue<_, u32> = ebpf.map_mut("LENGTHS").ok_or("no map")?.try_into()?;
    assert_eq!(queue.pop(0)?, length);
    let mut stack: Stack<_, u32> = ebpf.map_mut("LATEST").ok_or("no map")?.try_into()?;
    assert_eq!(stack.pop(0)?, length);
    let mut events: RingBuf<_> = ebpf.map_mut("EVENTS").ok_or("no map")?.try_into()?;
    for _ in 0..PACKETS {
        let event = events.next().ok_or("no event")?;
        assert_eq!(*event, [42u32, length].map(u32::to_ne_bytes).concat());
    }
    println!("maps: array, hash, LRU hash, per-CPU array, LPM trie, ring buffer, queue, stack; BTF: hash, array");

    logger.flush();
    let messages = MESSAGES.lock().unwrap();
    let wanted = format!("INFO programs: udp from 127.0.0.1 to port {port}: {length} bytes");
    assert_eq!(messages.iter().filter(|message| **message == wanted).count() as u64, PACKETS, "{messages:?}");
    println!("log: {wanted}");
    Ok(())
}
