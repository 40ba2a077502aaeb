//! Reads of the kernel's memory, at the places that relocations say.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// What is in the kernel's memory at `from`; else the helper's error, a negative errno.
///
/// # Safety
///
/// `T` must be valid whatever its bytes are.
#[inline(always)]
pub unsafe fn read_kernel<T>(from: *const u8) -> Result<T, i64> {
    let mut value = MaybeUninit::<T>::uninit();

    match probe_read_kernel(value.as_mut_ptr().cast(), size_of::<T>() as u32, from) {
        0 => Ok(value.assume_init()),
        error => Err(error),
    }
}

/// The bytes of a bit-field, shifted to be its value.
///
/// # Safety
///
/// What the relocations say must be of one field of at most eight bytes.
#[inline(always)]
pub unsafe fn read_bit_field(
    from: *const u8,
    size: u64,
    left: u64,
    right: u64,
    signed: bool,
) -> Result<u64, i64> {
    let mut value = 0u64;
    let start = (&raw mut value).cast::<u8>();
    let to = if cfg!(target_endian = "little") { start } else { start.wrapping_add(8 - size as usize) };

    match probe_read_kernel(to, size as u32, from) {
        0 if signed => Ok(((value << left) as i64 >> right) as u64),
        0 => Ok(value << left >> right),
        error => Err(error),
    }
}

#[cfg(target_arch = "bpf")]
#[inline(always)]
unsafe fn probe_read_kernel(to: *mut u8, size: u32, from: *const u8) -> i64 {
    const BPF_FUNC_PROBE_READ_KERNEL: usize = 113;
    let helper: unsafe extern "C" fn(*mut u8, u32, *const u8) -> i64 =
        core::mem::transmute(BPF_FUNC_PROBE_READ_KERNEL);

    helper(to, size, from)
}

/// On the host, where what is null, or a member of it, cannot be read.
#[cfg(not(target_arch = "bpf"))]
unsafe fn probe_read_kernel(to: *mut u8, size: u32, from: *const u8) -> i64 {
    const EFAULT: i64 = 14;

    if (from as usize) < 4096 {
        to.write_bytes(0, size as usize);
        return -EFAULT;
    }
    to.copy_from_nonoverlapping(from, size as usize);
    0
}

/// A pointer as the type of what it points to.
pub fn pointee<T>(_pointer: *const T) -> PhantomData<T> {
    PhantomData
}

/// A member on a path. What follows it depends on its type: see [`Follow`] and [`Stay`].
pub struct Member<M> {
    #[cfg(not(target_arch = "bpf"))]
    offset: usize,
    of_type: PhantomData<M>,
}

impl<M> Member<M> {
    /// For inference: a closure that is never called names the member of a `T`.
    #[cfg(target_arch = "bpf")]
    #[inline(always)]
    pub fn new<T>(_instance: PhantomData<T>, _get: impl FnOnce(*const T) -> *const M) -> Self {
        Member { of_type: PhantomData }
    }

    /// And on the host, for where it is as declared.
    #[cfg(not(target_arch = "bpf"))]
    pub fn new<T>(_instance: PhantomData<T>, get: impl FnOnce(*const T) -> *const M) -> Self {
        let instance = MaybeUninit::<T>::uninit();
        let start = instance.as_ptr();

        Member { offset: get(start) as usize - start as usize, of_type: PhantomData }
    }

    /// Where it is, from where the last pointer on the path leads. Only a relocation counts from there.
    #[cfg(target_arch = "bpf")]
    #[inline(always)]
    pub fn at(&self, base: *const u8, relocated: impl FnOnce() -> u64) -> *const M {
        base.wrapping_add(relocated() as usize).cast()
    }

    #[cfg(not(target_arch = "bpf"))]
    pub fn at(&self, base: *const u8, _relocated: impl FnOnce() -> u64) -> *const M {
        base.wrapping_add(self.offset).cast()
    }
}

/// What the last pointer that was read points to.
pub type Base = Result<*const u8, i64>;

/// A member that is a pointer is read, and the path goes on in its pointee. Method lookup finds
/// this for `&Member<pointer>`, and [`Stay`], one reference further, for all else.
pub trait Follow {
    type Next;

    /// # Safety
    ///
    /// As with [`read_kernel`].
    unsafe fn then(&self, base: Base, relocated: impl FnOnce() -> u64) -> Base;

    #[inline(always)]
    fn next(&self) -> PhantomData<Self::Next> {
        PhantomData
    }
}

/// A member that is no pointer: the path goes on in it.
pub trait Stay {
    type Next;

    /// # Safety
    ///
    /// As with [`Follow`].
    unsafe fn then(&self, base: Base, relocated: impl FnOnce() -> u64) -> Base;

    #[inline(always)]
    fn next(&self) -> PhantomData<Self::Next> {
        PhantomData
    }
}

macro_rules! follow {
    ($pointer:ty) => {
        impl<T> Follow for &Member<$pointer> {
            type Next = T;

            #[inline(always)]
            unsafe fn then(&self, base: Base, relocated: impl FnOnce() -> u64) -> Base {
                read_kernel(self.at(base?, relocated).cast())
            }
        }
    };
}

follow!(*const T);
follow!(*mut T);

impl<M> Stay for Member<M> {
    type Next = M;

    #[cfg(target_arch = "bpf")]
    #[inline(always)]
    unsafe fn then(&self, base: Base, _relocated: impl FnOnce() -> u64) -> Base {
        base
    }

    #[cfg(not(target_arch = "bpf"))]
    unsafe fn then(&self, base: Base, relocated: impl FnOnce() -> u64) -> Base {
        Ok(self.at(base?, relocated).cast())
    }
}

/// The value of the last member.
///
/// # Safety
///
/// As with [`read_kernel`].
#[inline(always)]
pub unsafe fn read_member<M>(
    member: Member<M>,
    base: Base,
    relocated: impl FnOnce() -> u64,
) -> Result<M, i64> {
    read_kernel(member.at(base?, relocated).cast())
}

/// `__of!(KIND, POINTER, PATH)`: a relocation of what the pointer points to, of whatever type.
#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __of {
    ($kind:tt, $pointer:expr, $($path:tt)+) => {
        $crate::__marker_of!($kind, $crate::__private::carrier_of($pointer), $($path)+)
    };
}

/// The host's [`Member`] knows where it is.
#[cfg(not(target_arch = "bpf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __of {
    ("pointee_byte_offset", $($rest:tt)+) => { 0 };
    ("field_byte_offset", $($rest:tt)+) => { 0 };
    ("field_byte_size", $pointer:ident, $($path:tt)+) => {
        $crate::__private::size_of_pointee(unsafe { &raw const (*$pointer).$($path)+ }) as u64
    };
    ("field_signed", $pointer:ident, $($path:tt)+) => {
        $crate::__private::is_signed(unsafe { &raw const (*$pointer).$($path)+ }) as u64
    };
    ($shift:tt, $pointer:ident, $($path:tt)+) => {
        (64 - 8 * $crate::__of!("field_byte_size", $pointer, $($path)+))
    };
}

/// Reads what a path of members leads to, from a pointer to where it begins, with bpf_probe_read_kernel:
/// `core_read!(task, mm.exe_file.f_inode.i_ino) -> Result<M, i64>`, as `BPF_CORE_READ` does in C. Pointers
/// on the way are read and followed; members of structs in structs are one access. The error is that of
/// the first read that failed, a negative errno.
///
/// The path begins with a member; elements of arrays are written `[2]`, with a literal.
///
/// # Safety
///
/// To be called in an `unsafe` block: `M` must be a type that is valid whatever its bytes are. Pointers
/// need not be good ones.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// use bpf_core::core_read;
///
/// #[repr(C)]
/// pub struct inode {
///     i_ino: u64,
/// }
/// #[repr(C)]
/// pub struct path {
///     dentry: *const u8,
/// }
/// #[repr(C)]
/// pub struct file {
///     f_path: path,
///     f_inode: *mut inode,
/// }
/// #[repr(C)]
/// pub struct mm_struct {
///     exe_file: *mut file,
/// }
/// #[repr(C)]
/// pub struct task_struct {
///     mm: *mut mm_struct,
/// }
///
/// fn inode_of_program(task: *const task_struct) -> Result<u64, i64> {
///     unsafe { core_read!(task, mm.exe_file.f_inode.i_ino) }
/// }
///
/// fn entry_of_program(task: *const task_struct) -> *const u8 {
///     unsafe { core_read!(task, mm.exe_file.f_path.dentry) }.unwrap_or(core::ptr::null())
/// }
/// # let mut i = inode { i_ino: 5 };
/// # let mut f = file { f_path: path { dentry: &2 }, f_inode: &mut i };
/// # let mut m = mm_struct { exe_file: &mut f };
/// # let t = task_struct { mm: &mut m };
/// # assert_eq!(inode_of_program(&t), Ok(5));
/// # assert_eq!(unsafe { *entry_of_program(&t) }, 2);
/// # m.exe_file = core::ptr::null_mut();
/// # assert_eq!(inode_of_program(&t), Err(-14));
/// ```
///
/// It is not safe:
///
/// ```compile_fail,E0133
/// #[repr(C)]
/// pub struct file {
///     f_pos: i64,
/// }
/// fn position(file: *const file) -> Result<i64, i64> {
///     bpf_core::core_read!(file, f_pos)
/// }
/// ```
#[macro_export]
macro_rules! core_read {
    ($from:expr, $($path:tt)+) => {{
        #[allow(unused_imports)]
        use $crate::__private::{Follow, Stay};
        let start: *const _ = $from;
        $crate::__read!(start, $crate::__private::pointee(start), Ok(start as *const u8), [] $($path)+)
    }};
}

/// `__read!(START, TYPE, BASE, [PATH SO FAR] REST)`: a step of a path.
#[doc(hidden)]
#[macro_export]
macro_rules! __read {
    ($start:ident, $type:expr, $base:expr, [$($so_far:tt)*] $name:ident $([$index:literal])*) => {{
        let member = $crate::__private::Member::new(
            $type, |instance| unsafe { &raw const (*instance).$name $([$index])* });
        $crate::__private::read_member(member, $base,
            || $crate::__of!("pointee_byte_offset", $start, $($so_far)* $name $([$index])*))
    }};
    ($start:ident, $type:expr, $base:expr, [$($so_far:tt)*] $name:ident $([$index:literal])*
        . $($rest:tt)+) => {{
        let member = $crate::__private::Member::new(
            $type, |instance| unsafe { &raw const (*instance).$name $([$index])* });
        let base = (&&member).then($base,
            || $crate::__of!("pointee_byte_offset", $start, $($so_far)* $name $([$index])*));
        $crate::__read!($start, (&&member).next(), base,
            [$($so_far)* $name $([$index])* .] $($rest)+)
    }};
}

/// Reads a bit-field, or any integer, with bpf_probe_read_kernel: `bit_field!(skb, pkt_type) ->
/// Result<u64, i64>`, as `BPF_CORE_READ_BITFIELD_PROBED` does in C. The program declares it as an integer;
/// where it is, how many bits it has and whether it is signed is the kernel's. A signed one is
/// sign-extended. No pointers are followed. The error is a negative errno.
///
/// # Safety
///
/// To be called in an `unsafe` block, since it reads what the pointer points to.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct sk_buff {
///     pkt_type: u8,
/// }
/// fn packet_type(skb: *const sk_buff) -> u64 {
///     unsafe { bpf_core::bit_field!(skb, pkt_type) }.unwrap_or(0)
/// }
/// # assert_eq!(packet_type(&sk_buff { pkt_type: 4 }), 4);
/// ```
#[macro_export]
macro_rules! bit_field {
    ($from:expr, $($path:tt)+) => {{
        let start: *const _ = $from;
        let member = $crate::__private::Member::new($crate::__private::pointee(start),
            |instance| unsafe { &raw const (*instance).$($path)+ });
        $crate::__private::read_bit_field(
            member.at(start.cast(), || $crate::__of!("field_byte_offset", start, $($path)+)).cast(),
            $crate::__of!("field_byte_size", start, $($path)+),
            $crate::__of!("field_lshift_u64", start, $($path)+),
            $crate::__of!("field_rshift_u64", start, $($path)+),
            $crate::__of!("field_signed", start, $($path)+) != 0)
    }};
}

/// A pointer to the member in the kernel's struct: `field_ptr!(task, se.vruntime) -> *const M`. Nothing is
/// read, and no pointers are followed. Programs whose pointers the verifier knows (those of struct_ops
/// and fentry, say) may read through it, and may write some members (`.cast_mut()`).
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct tcp_sock {
///     snd_ssthresh: u32,
///     snd_cwnd: u32,
/// }
/// fn in_slow_start(tp: &tcp_sock) -> bool {
///     unsafe { *bpf_core::field_ptr!(tp, snd_cwnd) < *bpf_core::field_ptr!(tp, snd_ssthresh) }
/// }
/// # assert!(in_slow_start(&tcp_sock { snd_cwnd: 2, snd_ssthresh: 3 }));
/// ```
#[macro_export]
macro_rules! field_ptr {
    ($from:expr, $($path:tt)+) => {{
        let start: *const _ = $from;
        $crate::__private::Member::new($crate::__private::pointee(start),
            |instance| unsafe { &raw const (*instance).$($path)+ })
            .at(start.cast(), || $crate::__of!("field_byte_offset", start, $($path)+))
    }};
}
