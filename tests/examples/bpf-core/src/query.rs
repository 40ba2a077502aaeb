//! Questions about the kernel's types: the macros named after the kinds of CO-RE relocations.

use core::marker::PhantomData;

/// A static of this type names `T` to the linker, in its debug info.
pub struct Carrier<T: ?Sized>(PhantomData<*const T>);

// It holds nothing.
unsafe impl<T: ?Sized> Sync for Carrier<T> {}

impl<T: ?Sized> Carrier<T> {
    pub const NEW: Self = Self(PhantomData);
}

/// A function that names `T` likewise, for types that only inference knows.
#[inline(never)]
pub fn carrier_function<T>() {}

/// That function for what `_instance` points to.
#[inline(always)]
pub fn carrier_of<T>(_instance: *const T) -> *const () {
    carrier_function::<T> as fn() as *const ()
}

/// For a path that rustc is to check.
pub const fn size_of_pointee<T>(_pointer: *const T) -> usize {
    size_of::<T>()
}

/// On the host, by its name, since a member of any type may be asked for.
#[cfg(not(target_arch = "bpf"))]
pub fn is_signed<T>(_pointer: *const T) -> bool {
    matches!(core::any::type_name::<T>(), "i8" | "i16" | "i32" | "i64" | "i128" | "isize")
}

/// `__marker!(KIND, TYPE, PATH)`: what the linker makes a relocation of.
#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __marker {
    ($kind:tt, $type:ty, $($path:tt)*) => {{
        static CARRIER: $crate::__private::Carrier<$type> = $crate::__private::Carrier::NEW;
        $crate::__marker_of!($kind, &raw const CARRIER as *const (), $($path)*)
    }};
}

/// `__marker_of!(KIND, CARRIER, PATH)`. The place in its name keeps LLVM from merging two calls of one
/// kind and path.
#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __marker_of {
    ($kind:tt, $carrier:expr, $($path:tt)*) => {{
        unsafe extern "C" {
            #[link_name = concat!("__bpf_core.", $kind, ":", stringify!($($path)*),
                "@", file!(), ":", line!(), ":", column!())]
            safe fn marker(carrier: *const ()) -> u64;
        }
        marker($carrier)
    }};
}

/// The types as they are declared.
#[cfg(not(target_arch = "bpf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __marker {
    ("field_byte_offset", $type:ty, $($path:tt)+) => {{
        let instance = core::mem::MaybeUninit::<$type>::uninit();
        let start = instance.as_ptr();
        (unsafe { &raw const (*start).$($path)+ } as usize - start as usize) as u64
    }};
    ("field_byte_size", $type:ty, $($path:tt)+) => {
        $crate::__on_member!(size_of_pointee, $type, $($path)+) as u64
    };
    ("field_signed", $type:ty, $($path:tt)+) => {
        $crate::__on_member!(is_signed, $type, $($path)+) as u64
    };
    ("field_lshift_u64", $type:ty, $($path:tt)+) => {
        64 - 8 * $crate::__on_member!(size_of_pointee, $type, $($path)+) as u64
    };
    ("field_rshift_u64", $type:ty, $($path:tt)+) => {
        64 - 8 * $crate::__on_member!(size_of_pointee, $type, $($path)+) as u64
    };
    ("type_size", $type:ty,) => { core::mem::size_of::<$type>() as u64 };
    ("type_id_local", $type:ty,) => { 0u64 };
    ("type_id_target", $type:ty,) => { 0u64 };
    ("enum_value", $type:ty, $enumerator:ident) => { <$type>::$enumerator as u64 };
    // whether it exists
    ($kind:tt, $type:ty, $($path:tt)*) => { 1u64 };
}

/// A function of a pointer to the member.
#[cfg(not(target_arch = "bpf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __on_member {
    ($function:ident, $type:ty, $($path:tt)+) => {{
        let instance = core::mem::MaybeUninit::<$type>::uninit();
        $crate::__private::$function(unsafe { &raw const (*instance.as_ptr()).$($path)+ })
    }};
}

/// Has rustc check a path. The closure is never called.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked {
    ($type:ty, $($path:tt)+) => {
        let _ = |instance: *const $type| unsafe { &raw const (*instance).$($path)+ };
    };
}

/// `Some` of a relocation where another one says that there is such a thing.
#[doc(hidden)]
#[macro_export]
macro_rules! __if_exists {
    ($exists:tt, $kind:tt, $type:ty, $($path:tt)*) => {
        if $crate::__marker!($exists, $type, $($path)*) != 0 {
            Some($crate::__marker!($kind, $type, $($path)*))
        } else {
            None
        }
    };
}

/// Whether the kernel's type has the member: `field_exists!(T, a.b[2]) -> bool`.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct task_struct {
///     loginuid: u32,
/// }
/// assert!(bpf_core::field_exists!(task_struct, loginuid));
/// ```
///
/// The path is checked by rustc:
///
/// ```compile_fail
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct task_struct {
///     loginuid: u32,
/// }
/// bpf_core::field_exists!(task_struct, login_uid);
/// ```
#[macro_export]
macro_rules! field_exists {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__marker!("field_exists", $type, $($path)+) != 0
    }};
}

/// Where the member is in the kernel's type: `field_byte_offset!(T, a.b[2]) -> Option<usize>`, in bytes;
/// `None` where there is no such member.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct rlimit {
///     rlim_cur: u64,
///     rlim_max: u64,
/// }
/// #[repr(C)]
/// pub struct signal_struct {
///     rlim: [rlimit; 16],
/// }
/// let offset = bpf_core::field_byte_offset!(signal_struct, rlim[2].rlim_max);
/// # #[cfg(not(target_arch = "bpf"))]
/// assert_eq!(offset, Some(40));
/// ```
#[macro_export]
macro_rules! field_byte_offset {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__if_exists!("field_exists", "field_byte_offset", $type, $($path)+)
            .map(|offset| offset as usize)
    }};
}

/// The size of the member in the kernel's type: `field_byte_size!(T, a.b[2]) -> Option<usize>`, in bytes;
/// `None` where there is no such member.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct task_struct {
///     comm: [u8; 16],
/// }
/// assert_eq!(bpf_core::field_byte_size!(task_struct, comm), Some(16));
/// ```
#[macro_export]
macro_rules! field_byte_size {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__if_exists!("field_exists", "field_byte_size", $type, $($path)+)
            .map(|size| size as usize)
    }};
}

/// Whether the member is a signed integer in the kernel's type: `field_signed!(T, a.b) -> Option<bool>`.
///
/// ```
/// #[repr(C)]
/// pub struct file {
///     f_pos: i64,
/// }
/// assert_eq!(bpf_core::field_signed!(file, f_pos), Some(true));
/// ```
#[macro_export]
macro_rules! field_signed {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__if_exists!("field_exists", "field_signed", $type, $($path)+)
            .map(|signed| signed != 0)
    }};
}

/// By how much a `u64` with the member's bytes is to be shifted left so that what is above the bit-field
/// is lost: `field_lshift_u64!(T, a.b) -> Option<u32>`. [`bit_field!`](crate::bit_field!) does all of it.
///
/// ```
/// #[repr(C)]
/// pub struct sk_buff {
///     pkt_type: u8,
/// }
/// # #[cfg(not(target_arch = "bpf"))]
/// assert_eq!(bpf_core::field_lshift_u64!(sk_buff, pkt_type), Some(56));
/// ```
#[macro_export]
macro_rules! field_lshift_u64 {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__if_exists!("field_exists", "field_lshift_u64", $type, $($path)+)
            .map(|shift| shift as u32)
    }};
}

/// By how much what [`field_lshift_u64!`] has shifted is to be shifted right, so that the bit-field's
/// value remains: `field_rshift_u64!(T, a.b) -> Option<u32>`.
///
/// ```
/// #[repr(C)]
/// pub struct sk_buff {
///     pkt_type: u8,
/// }
/// # #[cfg(not(target_arch = "bpf"))]
/// assert_eq!(bpf_core::field_rshift_u64!(sk_buff, pkt_type), Some(56));
/// ```
#[macro_export]
macro_rules! field_rshift_u64 {
    ($type:ty, $($path:tt)+) => {{
        $crate::__checked!($type, $($path)+);
        $crate::__if_exists!("field_exists", "field_rshift_u64", $type, $($path)+)
            .map(|shift| shift as u32)
    }};
}

/// Whether the kernel has a type of this name and kind: `type_exists!(T) -> bool`.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct io_uring_sqe {
///     opcode: u8,
/// }
/// assert!(bpf_core::type_exists!(io_uring_sqe));
/// ```
#[macro_export]
macro_rules! type_exists {
    ($type:ty) => {
        $crate::__marker!("type_exists", $type,) != 0
    };
}

/// The size of the kernel's type: `type_size!(T) -> Option<usize>`, in bytes; `None` where there is none.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct list_head {
///     next: *mut list_head,
///     prev: *mut list_head,
/// }
/// assert_eq!(bpf_core::type_size!(list_head), Some(2 * size_of::<*mut list_head>()));
/// ```
#[macro_export]
macro_rules! type_size {
    ($type:ty) => {
        $crate::__if_exists!("type_exists", "type_size", $type,).map(|size| size as usize)
    };
}

/// Whether the kernel has a type of this name whose members, or enumerators, are compatible with those of
/// `T`: `type_matches!(T) -> bool`. libbpf knows this since its version 1.0.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct callback_head {
///     next: *mut callback_head,
/// }
/// assert!(bpf_core::type_matches!(callback_head));
/// ```
#[macro_export]
macro_rules! type_matches {
    ($type:ty) => {
        $crate::__marker!("type_matches", $type,) != 0
    };
}

/// The id of `T` in the program's own BTF: `type_id_local!(T) -> u32`; 0 on other targets than BPF.
///
/// ```
/// #[repr(C)]
/// pub struct event {
///     pid: u32,
/// }
/// let id: u32 = bpf_core::type_id_local!(event);
/// ```
#[macro_export]
macro_rules! type_id_local {
    ($type:ty) => {
        $crate::__marker!("type_id_local", $type,) as u32
    };
}

/// The id of the kernel's type in the kernel's BTF: `type_id_target!(T) -> Option<u32>`; `None` where
/// there is none.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct task_struct {
///     pid: i32,
/// }
/// let id: Option<u32> = bpf_core::type_id_target!(task_struct);
/// ```
#[macro_export]
macro_rules! type_id_target {
    ($type:ty) => {
        $crate::__if_exists!("type_exists", "type_id_target", $type,).map(|id| id as u32)
    };
}

/// Whether the kernel's enum has the enumerator: `enum_exists!(T, ENUMERATOR) -> bool`.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(u32)]
/// pub enum bpf_map_type {
///     BPF_MAP_TYPE_ARENA = 33,
/// }
/// assert!(bpf_core::enum_exists!(bpf_map_type, BPF_MAP_TYPE_ARENA));
/// ```
#[macro_export]
macro_rules! enum_exists {
    ($type:ty, $enumerator:ident) => {{
        const _: $type = <$type>::$enumerator;
        $crate::__marker!("enum_exists", $type, $enumerator) != 0
    }};
}

/// The value of the enumerator in the kernel: `enum_value!(T, ENUMERATOR) -> Option<u64>`; `None` where
/// there is none. A negative one is sign-extended.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(u32)]
/// pub enum bpf_map_type {
///     BPF_MAP_TYPE_ARENA = 33,
/// }
/// assert_eq!(bpf_core::enum_value!(bpf_map_type, BPF_MAP_TYPE_ARENA), Some(33));
/// ```
#[macro_export]
macro_rules! enum_value {
    ($type:ty, $enumerator:ident) => {{
        const _: $type = <$type>::$enumerator;
        $crate::__if_exists!("enum_exists", "enum_value", $type, $enumerator)
    }};
}
