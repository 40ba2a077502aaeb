//! BTF tags. A struct with a member `__bpf_type_tag` or `__bpf_decl_tag` is, in BTF, what its other member
//! is, with the tag: of the pointer in it, or of whatever is declared of that type. The tag's words are the
//! names of members: of the type whose array that member is, of the type of its member, and so on.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ptr::null_mut;

/// Types whose member says a word.
#[allow(non_camel_case_types, dead_code)]
mod words {
    macro_rules! word {
        ($($word:ident)*) => { $(pub struct $word { $word: () })* };
    }

    word!(kptr uptr percpu_kptr user rcu percpu nonnull nullable ctx trusted);

    /// `arg:` and a word.
    pub struct Argument<Word> {
        arg: Word,
    }
}

macro_rules! type_tag {
    ($(#[$attribute:meta])* $name:ident, $word:ident) => {
        $(#[$attribute])*
        #[repr(transparent)]
        pub struct $name<T> {
            pointer: UnsafeCell<*mut T>,
            __bpf_type_tag: [words::$word; 0],
        }

        // What changes it is the kernel's.
        unsafe impl<T> Sync for $name<T> {}

        impl<T> $name<T> {
            /// A null pointer.
            pub const fn null() -> Self {
                Self::new(null_mut())
            }

            /// A pointer.
            pub const fn new(pointer: *mut T) -> Self {
                Self { pointer: UnsafeCell::new(pointer), __bpf_type_tag: [] }
            }

            /// The pointer, as it is now.
            #[inline(always)]
            pub fn get(&self) -> *mut T {
                unsafe { self.pointer.get().read_volatile() }
            }

            /// Where the pointer is, for helpers and kfuncs.
            #[inline(always)]
            pub const fn as_ptr(&self) -> *mut *mut T {
                self.pointer.get()
            }
        }
    };
}

type_tag! {
    /// A pointer to an object of the kernel's, or one of the program's own, that is owned by the map
    /// whose value it is in: `__kptr` in C. It is set and taken by [`exchange`](Kptr::exchange).
    ///
    /// ```
    /// # #![allow(non_camel_case_types)]
    /// use bpf_core::Kptr;
    ///
    /// #[repr(C)]
    /// pub struct bpf_cpumask {
    ///     usage: u32,
    /// }
    ///
    /// #[repr(C)]
    /// pub struct Value {
    ///     mask: Kptr<bpf_cpumask>,
    ///     generation: u64,
    /// }
    ///
    /// /// Returns the mask that was there, which is to be released unless it is null.
    /// fn replace(value: &Value, mask: *mut bpf_cpumask) -> *mut bpf_cpumask {
    ///     unsafe { value.mask.exchange(mask) }
    /// }
    /// # let mut mask = bpf_cpumask { usage: 1 };
    /// # let value = Value { mask: Kptr::null(), generation: 1 };
    /// # assert!(replace(&value, &mut mask).is_null());
    /// # assert!(core::ptr::eq(replace(&value, core::ptr::null_mut()), &mask));
    /// ```
    Kptr, kptr
}

type_tag! {
    /// A pointer to what each CPU has a copy of: `__percpu_kptr` in C.
    PercpuKptr, percpu_kptr
}

type_tag! {
    /// A pointer to memory of user space that is pinned, in the value of a task storage: `__uptr` in C.
    Uptr, uptr
}

type_tag! {
    /// A pointer to user space's memory: `__user` in C.
    User, user
}

type_tag! {
    /// A pointer that RCU protects: `__rcu` in C.
    Rcu, rcu
}

type_tag! {
    /// A pointer to a per-CPU variable: `__percpu` in C.
    Percpu, percpu
}

macro_rules! exchanged {
    ($($name:ident)*) => { $(
        impl<T> $name<T> {
            /// Puts a pointer in its place, or null, and returns the one that was there: bpf_kptr_xchg.
            /// What is put there belongs to the map, and what is returned to the program, which must
            /// release it.
            ///
            /// # Safety
            ///
            /// The kernel's verifier checks that the program owns the pointer.
            #[inline(always)]
            pub unsafe fn exchange(&self, pointer: *mut T) -> *mut T {
                kptr_xchg(self.as_ptr().cast(), pointer.cast()).cast()
            }
        }
    )* };
}

exchanged!(Kptr PercpuKptr);

#[cfg(target_arch = "bpf")]
#[inline(always)]
unsafe fn kptr_xchg(place: *mut *mut u8, pointer: *mut u8) -> *mut u8 {
    const BPF_FUNC_KPTR_XCHG: usize = 194;
    let helper: unsafe extern "C" fn(*mut *mut u8, *mut u8) -> *mut u8 =
        core::mem::transmute(BPF_FUNC_KPTR_XCHG);

    helper(place, pointer)
}

#[cfg(not(target_arch = "bpf"))]
unsafe fn kptr_xchg(place: *mut *mut u8, pointer: *mut u8) -> *mut u8 {
    place.replace(pointer)
}

macro_rules! argument {
    ($(#[$attribute:meta])* $name:ident, $word:ident) => {
        $(#[$attribute])*
        #[repr(transparent)]
        pub struct $name<'a, T> {
            pointer: *mut T,
            __bpf_decl_tag: [words::Argument<words::$word>; 0],
            lifetime: PhantomData<&'a T>,
        }

        impl<T> $name<'_, T> {
            /// An argument.
            #[inline(always)]
            pub const fn new(pointer: *mut T) -> Self {
                Self { pointer, __bpf_decl_tag: [], lifetime: PhantomData }
            }

            /// The pointer.
            #[inline(always)]
            pub const fn as_ptr(&self) -> *mut T {
                self.pointer
            }
        }
    };
}

argument! {
    /// A parameter of a global function, which the verifier checks by itself: a pointer to memory of the
    /// size of `T` that is not null, `__arg_nonnull` in C.
    ///
    /// ```
    /// use bpf_core::ArgNonnull;
    ///
    /// #[repr(C)]
    /// pub struct Pair {
    ///     a: u32,
    ///     b: u32,
    /// }
    ///
    /// #[no_mangle]
    /// #[inline(never)]
    /// pub extern "C" fn sum(pair: ArgNonnull<Pair>) -> u32 {
    ///     let pair = unsafe { &*pair.as_ptr() };
    ///     pair.a + pair.b
    /// }
    /// # assert_eq!(sum(ArgNonnull::new(&mut Pair { a: 1, b: 2 })), 3);
    /// ```
    ArgNonnull, nonnull
}

argument! {
    /// A parameter of a global function: the context of the program, `__arg_ctx` in C.
    ArgCtx, ctx
}

argument! {
    /// A parameter of a global function: a pointer to an object of the kernel's that the caller holds,
    /// `__arg_trusted` in C.
    ArgTrusted, trusted
}

argument! {
    /// A parameter of a global function: a pointer that may be null, `__arg_nullable` in C.
    ArgNullable, nullable
}

/// Declares a type whose variables and members have a declaration tag of three words or fewer:
/// `decl_tag!(pub struct Nodes(bpf_list_head): contains:node_data:node)`, with a member `value`.
///
/// ```
/// # #![allow(non_camel_case_types)]
/// #[repr(C, align(8))]
/// pub struct bpf_list_head {
///     opaque: [u64; 2],
/// }
///
/// bpf_core::decl_tag!(pub struct Nodes(bpf_list_head): contains:node_data:node);
///
/// #[repr(C)]
/// pub struct Value {
///     nodes: Nodes,
/// }
/// # assert_eq!(size_of::<Nodes>(), 16);
/// ```
#[macro_export]
macro_rules! decl_tag {
    ($vis:vis struct $name:ident($type:ty): $a:ident) => {
        $crate::__declaration_tag!($vis $name $type, A, pub struct A { $a: () });
    };
    ($vis:vis struct $name:ident($type:ty): $a:ident:$b:ident) => {
        $crate::__declaration_tag!($vis $name $type, A, pub struct A { $a: B } pub struct B { $b: () });
    };
    ($vis:vis struct $name:ident($type:ty): $a:ident:$b:ident:$c:ident) => {
        $crate::__declaration_tag!($vis $name $type, A,
            pub struct A { $a: B } pub struct B { $b: C } pub struct C { $c: () });
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __declaration_tag {
    ($vis:vis $name:ident $type:ty, $words:ident, $($word:item)+) => {
        #[repr(C)]
        $vis struct $name {
            $vis value: $type,
            __bpf_decl_tag: [<$name as $crate::__private::HasTag>::Tag; 0],
        }

        #[allow(dead_code)]
        const _: () = {
            $($word)+

            impl $crate::__private::HasTag for $name {
                type Tag = $words;
            }
        };

        impl $name {
            /// A value with the tag.
            #[allow(dead_code)]
            pub const fn new(value: $type) -> Self {
                Self { value, __bpf_decl_tag: [] }
            }
        }
    };
}

/// Of what [`decl_tag!`] declares.
pub trait HasTag {
    type Tag;
}
