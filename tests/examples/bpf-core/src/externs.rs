//! What the kernel defines: functions, variables, and its configuration.

/// Declares functions and variables of the kernel's (kfuncs, ksyms) with their types, which the loader
/// compares with the kernel's.
///
/// A function is then called as such. A variable is a function that returns its address, a `*const T`; if
/// only its address matters, its type is `()`. The kernel need not have one that is declared `weak`:
/// it is a function that returns `Option` of the function, or of the address.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C)]
/// pub struct bpf_cpumask {
///     usage: u32,
/// }
///
/// bpf_core::ksyms! {
///     /// A new mask, or null.
///     pub fn bpf_cpumask_create() -> *mut bpf_cpumask;
///     pub fn bpf_cpumask_release(mask: *mut bpf_cpumask);
///     pub weak fn bpf_cpumask_populate(mask: *mut bpf_cpumask, from: *const u8, size: u64) -> i32;
///     pub static bpf_prog_active: i32;
///     pub weak static schedule: ();
/// }
///
/// unsafe fn makes_masks() -> bool {
///     let mask = bpf_cpumask_create();
///     if mask.is_null() {
///         return false;
///     }
///     if let Some(populate) = bpf_cpumask_populate() {
///         populate(mask, [0; 8].as_ptr(), 8);
///     }
///     bpf_cpumask_release(mask);
///     true
/// }
/// ```
///
/// On targets other than BPF there is no kernel to call: what is `weak` is not there, and the rest panics.
#[macro_export]
macro_rules! ksyms {
    () => {};
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?)
        $(-> $result:ty)?; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code)]
        #[inline(always)]
        $vis unsafe fn $name($($argument: $type),*) $(-> $result)? {
            let function: unsafe extern "C" fn($($type),*) $(-> $result)? = core::mem::transmute(
                $crate::__extern_function!("ksym", $name($($argument: $type),*) $(-> $result)?));
            function($($argument),*)
        }
        $crate::ksyms!($($rest)*);
    };
    ($(#[$attribute:meta])* $vis:vis weak fn $name:ident($($argument:ident: $type:ty),* $(,)?)
        $(-> $result:ty)?; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code)]
        #[inline(always)]
        $vis fn $name() -> Option<unsafe extern "C" fn($($type),*) $(-> $result)?> {
            unsafe {
                core::mem::transmute($crate::__extern_function!("weak_ksym",
                    $name($($argument: $type),*) $(-> $result)?))
            }
        }
        $crate::ksyms!($($rest)*);
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code, non_snake_case)]
        #[inline(always)]
        $vis fn $name() -> *const $type {
            $crate::__extern_variable!("ksym", $name: $type)
        }
        $crate::ksyms!($($rest)*);
    };
    ($(#[$attribute:meta])* $vis:vis weak static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code, non_snake_case)]
        #[inline(always)]
        $vis fn $name() -> Option<*const $type> {
            let address = $crate::__extern_variable!("weak_ksym", $name: $type);
            if address.is_null() { None } else { Some(address) }
        }
        $crate::ksyms!($($rest)*);
    };
}

/// Declares options of the kernel's configuration, whose values the loader finds, and
/// `LINUX_KERNEL_VERSION`. Each is a function that returns the value. The kernel's configuration need not
/// have one that is declared `weak`, which is 0 then. Types are integers, `bool`, and arrays of bytes for
/// strings.
///
/// ```
/// bpf_core::kconfig! {
///     pub static CONFIG_HZ: u32;
///     pub static LINUX_KERNEL_VERSION: u32;
///     pub weak static CONFIG_PREEMPT_RT: bool;
/// }
///
/// fn nanoseconds_of(ticks: u64) -> u64 {
///     ticks * 1_000_000_000 / CONFIG_HZ() as u64
/// }
/// ```
#[macro_export]
macro_rules! kconfig {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code, non_snake_case)]
        #[inline(always)]
        $vis fn $name() -> $type {
            unsafe { *$crate::__extern_variable!("kconfig", $name: $type) }
        }
        $crate::kconfig!($($rest)*);
    };
    ($(#[$attribute:meta])* $vis:vis weak static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$attribute])*
        #[allow(dead_code, non_snake_case)]
        #[inline(always)]
        $vis fn $name() -> $type {
            unsafe { *$crate::__extern_variable!("weak_kconfig", $name: $type) }
        }
        $crate::kconfig!($($rest)*);
    };
}

/// The address of a function, of which the linker is told the type.
#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __extern_function {
    ($kind:tt, $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {{
        type Signature = unsafe extern "C" fn($($type),*) $(-> $result)?;
        #[allow(improper_ctypes)]
        unsafe extern "C" {
            fn $name($($argument: $type),*) $(-> $result)?;
        }
        $crate::__extern!($kind, $name, Signature, $name as Signature as *const ())
    }};
}

/// The address of a variable, likewise.
#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __extern_variable {
    ($kind:tt, $name:ident: $type:ty) => {{
        #[allow(improper_ctypes)]
        unsafe extern "C" {
            static $name: $type;
        }
        $crate::__extern!($kind, $name, $type, &raw const $name as *const ()) as *const $type
    }};
}

#[cfg(target_arch = "bpf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __extern {
    ($kind:tt, $name:ident, $type:ty, $address:expr) => {{
        unsafe extern "C" {
            #[link_name = concat!("__bpf_core.", $kind, ":", stringify!($name),
                "@", file!(), ":", line!(), ":", column!())]
            safe fn marker(carrier: *const (), declaration: *const ()) -> *const ();
        }
        static CARRIER: $crate::__private::Carrier<$type> = $crate::__private::Carrier::NEW;
        marker(&raw const CARRIER as *const (), $address)
    }};
}

#[cfg(not(target_arch = "bpf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __extern_function {
    ("ksym", $name:ident $($rest:tt)*) => {
        $crate::__private::not_here(stringify!($name))
    };
    ("weak_ksym", $($rest:tt)*) => { core::ptr::null::<()>() };
}

#[cfg(not(target_arch = "bpf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __extern_variable {
    ("weak_ksym", $name:ident: $type:ty) => { core::ptr::null::<$type>() };
    ($kind:tt, $name:ident: $type:ty) => {
        $crate::__private::not_here(stringify!($name)) as *const $type
    };
}

/// There is no kernel.
#[cfg(not(target_arch = "bpf"))]
pub fn not_here(name: &str) -> *const () {
    panic!("{name} is the kernel's")
}
