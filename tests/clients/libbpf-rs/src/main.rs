//! Loads the program through the skeleton that libbpf-cargo has made, and runs it on packets.
use libbpf_rs::skel::{OpenSkel, SkelBuilder};
use libbpf_rs::{MapCore, MapFlags, ProgramInput};
use std::error::Error;
use std::mem::MaybeUninit;

mod program {
    include!(concat!(env!("OUT_DIR"), "/program.skel.rs"));
}

const PACKETS: u32 = 5;
const LIMIT: u32 = 3;
const LENGTH: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let mut storage = MaybeUninit::uninit();
    let mut open = program::ProgramSkelBuilder::default().open(&mut storage)?;
    open.maps.rodata_data.as_mut().ok_or("no .rodata")?.limit = LIMIT;
    let skeleton = open.load()?;
    let length = LENGTH as u32 - 14; // a socket filter sees no Ethernet header
    for i in 0..PACKETS {
        let packet = [0; LENGTH];
        let input = ProgramInput {
            data_in: Some(&packet),
            ..Default::default()
        };
        let kept = skeleton.progs.keep_first.test_run(input)?.return_value;
        assert_eq!(kept, if i < LIMIT { length } else { 0 });
    }
    let variables = skeleton.maps.bss_data.as_ref().ok_or("no .bss")?;
    assert_eq!((variables.seen, variables.over), (PACKETS.into(), PACKETS - LIMIT));
    let count = skeleton.maps.lengths.lookup(&length.to_ne_bytes(), MapFlags::ANY)?.ok_or("no count")?;
    assert_eq!(count, u64::from(PACKETS).to_ne_bytes());
    println!("libbpf-rs: skeleton of libbpf-cargo: {LIMIT} of {PACKETS} packets kept");
    Ok(())
}
