//! CO-RE relocations for BPF programs in Rust: one object that is right on kernels whose structs differ.
//!
//! A program describes the kernel's types as `#[repr(C)]` structs, with the members that it uses and no
//! others, in any order. The macros ask where these members are on the kernel that loads the program,
//! and whether they exist there. The loader (libbpf, aya) fills in the answers.
//!
//! ```
//! # #![allow(non_camel_case_types)]
//! use bpf_core::{core_read, field_exists};
//!
//! #[repr(C)]
//! pub struct mm_struct {
//!     start_code: u64,
//! }
//!
//! #[repr(C)]
//! pub struct task_struct {
//!     mm: *const mm_struct,
//!     tgid: i32,
//! }
//!
//! /// What a program does with the task that it gets from bpf_get_current_task().
//! fn start_of_code(task: *const task_struct) -> u64 {
//!     if !field_exists!(mm_struct, start_code) {
//!         return 0;
//!     }
//!     // as BPF_CORE_READ(task, mm, start_code) in C
//!     unsafe { core_read!(task, mm.start_code) }.unwrap_or(0)
//! }
//! # let mm = mm_struct { start_code: 7 };
//! # assert_eq!(start_of_code(&task_struct { mm: &mm, tgid: 1 }), 7);
//! ```
//!
//! Compile with `-C debuginfo=2`, and link with `bpf-linker --btf`: the macros expand to calls of marker
//! functions, which its stage bpf-core makes relocations of. That needs no feature of nightly.
//!
//! # What rustc checks, and what the linker does
//!
//! rustc checks each path against the struct as the program declares it, and each enumerator. The linker
//! refuses what it cannot make a relocation of, with the place in the source: above all structs whose
//! members rustc has reordered, for want of `#[repr(C)]`. The kernel's types are found by their names,
//! without Rust's modules. What follows a `___` in a name is ignored: `task_struct___old` is another
//! description of `task_struct`.
//!
//! - Members of the kernel's anonymous structs and unions are written as if they were members of the
//!   struct itself, or as bindgen writes them (`__bindgen_anon_1`).
//! - A bit-field is written as an integer; [`bit_field!`] reads it.
//! - A relocation of what the kernel does not have makes it refuse the program if it is reached. The
//!   macros that return an [`Option`] only reach it where it exists.
//!
//! # Other targets
//!
//! On targets other than BPF the macros answer for the types as declared, and read memory as it is, so
//! that code which uses them can be tested on the host.
#![no_std]

mod externs;
mod maps;
mod query;
mod read;
mod tags;

pub use maps::{InnerMap, Map, MapOfMaps, PinnedMap, RingBuffer};
pub use tags::{ArgCtx, ArgNonnull, ArgNullable, ArgTrusted, Kptr, Percpu, PercpuKptr, Rcu, Uptr, User};

#[doc(hidden)]
pub mod __private {
    //! What the macros expand to. Not for use by name.
    #[cfg(not(target_arch = "bpf"))]
    pub use crate::externs::not_here;
    pub use crate::query::*;
    pub use crate::read::*;
    pub use crate::tags::HasTag;
}
