//! print-values.c with aya: loads the object that is the argument, runs its program `values` with a packet, and
//! prints what it has put into .bss but for the first 8 bytes, the pid: `values: ` and the bytes in hexadecimal.
//! Where the kernel has no BTF, `no BTF`; where anything fails, `failed: ` and what.
use aya::maps::Array;
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use aya::{Btf, EbpfLoader, Endianness};
use std::error::Error;

const BTF: &str = "/sys/kernel/btf/vmlinux";
const PACKET: [u8; 90] = [0; 90];
const PID_SIZE: usize = 8;
const SIZE: usize = 352; // of struct values

fn values(object: &str) -> Result<[u8; SIZE], Box<dyn Error>> {
    // from a file, as it is for a kernel that has none in sysfs
    let btf = Btf::parse_file(BTF, Endianness::default())?;
    let mut ebpf = EbpfLoader::new().btf(&btf).load(&std::fs::read(object)?)?;
    let program: &mut SchedClassifier = ebpf.program_mut("values").ok_or("no program")?.try_into()?;
    program.load()?;
    let result = program.test_run(TestRunOptions { data_in: Some(&PACKET), ..Default::default() })?;
    if result.return_value != 0 {
        return Err(format!("the program's result is {}", result.return_value).into());
    }
    let bss: Array<_, [u8; SIZE]> = ebpf.map(".bss").ok_or("no .bss")?.try_into()?;
    Ok(bss.get(&0, 0)?)
}

fn text(error: &dyn Error) -> String {
    let own = error.to_string().replace('\n', " ");
    match error.source() {
        Some(source) => format!("{own}: {}", text(source)),
        None => own,
    }
}

fn main() {
    let object = std::env::args().nth(1).expect("an object");
    if !std::path::Path::new(BTF).exists() {
        println!("no BTF");
        return;
    }
    match values(&object) {
        Ok(bytes) => {
            let digits: String = bytes[PID_SIZE..].iter().map(|byte| format!("{byte:02x}")).collect();
            println!("values: {digits}");
        }
        Err(error) => {
            println!("failed: {}", text(&*error));
            std::process::exit(1);
        }
    }
}
