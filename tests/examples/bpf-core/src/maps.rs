//! BTF maps: statics in `.maps`, of whose types loaders make the maps.

use core::marker::PhantomData;
use core::ptr::null;

macro_rules! map {
    ($(#[$attribute:meta])* $name:ident $(, $pinning:ident: $by_name:literal)?) => {
        $(#[$attribute])*
        #[repr(C)]
        pub struct $name<K, V, const TYPE: usize, const MAX_ENTRIES: usize, const FLAGS: usize = 0> {
            r#type: *const [i32; TYPE],
            key: *const K,
            value: *const V,
            max_entries: *const [i32; MAX_ENTRIES],
            map_flags: *const [i32; FLAGS],
            $($pinning: *const [i32; $by_name],)?
        }

        // It only describes; the kernel's map is for all CPUs.
        unsafe impl<K, V, const T: usize, const M: usize, const F: usize> Sync for $name<K, V, T, M, F> {}

        impl<K, V, const T: usize, const M: usize, const F: usize> $name<K, V, T, M, F> {
            /// The description, for the initializer of a static.
            #[allow(clippy::new_without_default)]
            pub const fn new() -> Self {
                Self {
                    r#type: null(),
                    key: null(),
                    value: null(),
                    max_entries: null(),
                    map_flags: null(),
                    $($pinning: null(),)?
                }
            }

            /// Where the value of the key is: in the map itself, where other CPUs may use it at the same
            /// time.
            #[inline(always)]
            pub fn get(&self, key: &K) -> Option<*mut V> {
                let value = unsafe { helpers::map_lookup_elem(self.as_ptr(), as_bytes(key)) };

                if value.is_null() { None } else { Some(value.cast()) }
            }

            /// Sets the value of the key. `flags` are those of bpf_map_update_elem: 0, `BPF_NOEXIST` (1) or
            /// `BPF_EXIST` (2). The error is a negative errno.
            #[inline(always)]
            pub fn insert(&self, key: &K, value: &V, flags: u64) -> Result<(), i64> {
                result(unsafe {
                    helpers::map_update_elem(self.as_ptr(), as_bytes(key), as_bytes(value), flags)
                })
            }

            /// Removes the key. The error is a negative errno.
            #[inline(always)]
            pub fn remove(&self, key: &K) -> Result<(), i64> {
                result(unsafe { helpers::map_delete_elem(self.as_ptr(), as_bytes(key)) })
            }

            /// What helpers take for the map.
            #[inline(always)]
            pub fn as_ptr(&self) -> *const u8 {
                (&raw const *self).cast()
            }
        }
    };
}

map! {
    /// A map as libbpf reads it from BTF: with the types of its keys and values, its own type (an enumerator of
    /// `bpf_map_type`), the number of entries, and flags.
    ///
    /// Key and value are described in BTF with all their members, so that `bpftool map dump` shows these by
    /// name. Both must be `#[repr(C)]`, since user space reads them.
    ///
    /// ```
    /// use bpf_core::Map;
    ///
    /// const BPF_MAP_TYPE_HASH: usize = 1;
    ///
    /// #[repr(C)]
    /// pub struct Flow {
    ///     port: u16,
    ///     protocol: u16,
    /// }
    ///
    /// #[repr(C)]
    /// pub struct Count {
    ///     packets: u64,
    ///     bytes: u64,
    /// }
    ///
    /// #[no_mangle]
    /// #[cfg_attr(target_arch = "bpf", link_section = ".maps")]
    /// static COUNTS: Map<Flow, Count, BPF_MAP_TYPE_HASH, 1024> = Map::new();
    ///
    /// fn count(flow: &Flow, bytes: u64) -> Result<(), i64> {
    ///     if let Some(count) = COUNTS.get(flow) {
    ///         unsafe {
    ///             (*count).packets += 1;
    ///             (*count).bytes += bytes;
    ///         }
    ///         return Ok(());
    ///     }
    ///     COUNTS.insert(flow, &Count { packets: 1, bytes }, 0)
    /// }
    /// ```
    Map
}

map! {
    /// A [`Map`] that libbpf pins by its name, or takes from where it is pinned.
    ///
    /// ```
    /// #[no_mangle]
    /// #[cfg_attr(target_arch = "bpf", link_section = ".maps")]
    /// static SETTINGS: bpf_core::PinnedMap<u32, u64, 2, 8> = bpf_core::PinnedMap::new();
    /// ```
    PinnedMap, pinning: 1
}

/// A ring buffer of that many bytes (a power of 2, and of pages), for events that user space reads.
///
/// ```
/// #[repr(C)]
/// pub struct Event {
///     pid: u32,
/// }
///
/// #[no_mangle]
/// #[cfg_attr(target_arch = "bpf", link_section = ".maps")]
/// static EVENTS: bpf_core::RingBuffer<4096> = bpf_core::RingBuffer::new();
///
/// fn tell(pid: u32) -> Result<(), i64> {
///     EVENTS.output(&Event { pid }, 0)
/// }
/// ```
#[repr(C)]
pub struct RingBuffer<const BYTES: usize> {
    r#type: *const [i32; 27],
    max_entries: *const [i32; BYTES],
}

unsafe impl<const BYTES: usize> Sync for RingBuffer<BYTES> {}

impl<const BYTES: usize> RingBuffer<BYTES> {
    /// The description, for the initializer of a static.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        RingBuffer { r#type: null(), max_entries: null() }
    }

    /// Copies the event into the buffer. `flags` are those of bpf_ringbuf_output. The error is a
    /// negative errno.
    #[inline(always)]
    pub fn output<E>(&self, event: &E, flags: u64) -> Result<(), i64> {
        result(unsafe {
            helpers::ringbuf_output(self.as_ptr(), as_bytes(event), size_of::<E>() as u64, flags)
        })
    }

    /// What helpers take for the map.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const u8 {
        (&raw const *self).cast()
    }
}

/// A map of maps, all of which are as `Inner`, a [`Map`], says. Its type is `BPF_MAP_TYPE_ARRAY_OF_MAPS`
/// (12) or `BPF_MAP_TYPE_HASH_OF_MAPS` (13).
///
/// ```
/// use bpf_core::{Map, MapOfMaps};
///
/// #[no_mangle]
/// #[cfg_attr(target_arch = "bpf", link_section = ".maps")]
/// static PER_PORT: MapOfMaps<u32, Map<u32, u64, 2, 16>, 12, 8> = MapOfMaps::new();
/// ```
#[repr(C)]
pub struct MapOfMaps<K, Inner, const TYPE: usize, const MAX_ENTRIES: usize> {
    r#type: *const [i32; TYPE],
    key: *const K,
    value: *const u32,
    max_entries: *const [i32; MAX_ENTRIES],
    values: [*const Inner; 0],
}

unsafe impl<K, Inner, const T: usize, const M: usize> Sync for MapOfMaps<K, Inner, T, M> {}

impl<K, Inner, const T: usize, const M: usize> MapOfMaps<K, Inner, T, M> {
    /// The description, for the initializer of a static.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        MapOfMaps { r#type: null(), key: null(), value: null(), max_entries: null(), values: [] }
    }

    /// The map of the key.
    #[inline(always)]
    pub fn get(&self, key: &K) -> Option<InnerMap<'_, Inner>> {
        let map = unsafe { helpers::map_lookup_elem((&raw const *self).cast(), as_bytes(key)) };

        if map.is_null() { None } else { Some(InnerMap { map, _outer: PhantomData }) }
    }
}

/// A map that is in another one.
pub struct InnerMap<'outer, Inner> {
    map: *mut u8,
    _outer: PhantomData<&'outer Inner>,
}

impl<Inner> core::ops::Deref for InnerMap<'_, Inner> {
    type Target = Inner;

    #[inline(always)]
    fn deref(&self) -> &Inner {
        // only its address is used
        unsafe { &*self.map.cast() }
    }
}

#[inline(always)]
fn as_bytes<T>(value: &T) -> *const u8 {
    (&raw const *value).cast()
}

#[inline(always)]
fn result(status: i64) -> Result<(), i64> {
    if status == 0 { Ok(()) } else { Err(status) }
}

/// The kernel's helper functions, by their numbers.
#[cfg(target_arch = "bpf")]
mod helpers {
    macro_rules! helper {
        ($number:literal $name:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
            #[inline(always)]
            pub unsafe fn $name($($argument: $type),*) -> $result {
                let helper: unsafe extern "C" fn($($type),*) -> $result =
                    core::mem::transmute::<usize, _>($number);

                helper($($argument),*)
            }
        };
    }

    helper!(1 map_lookup_elem(map: *const u8, key: *const u8) -> *mut u8);
    helper!(2 map_update_elem(map: *const u8, key: *const u8, value: *const u8, flags: u64) -> i64);
    helper!(3 map_delete_elem(map: *const u8, key: *const u8) -> i64);
    helper!(130 ringbuf_output(map: *const u8, data: *const u8, size: u64, flags: u64) -> i64);
}

/// The host has no maps: all are empty, and take nothing.
#[cfg(not(target_arch = "bpf"))]
mod helpers {
    const ENOENT: i64 = 2;

    pub unsafe fn map_lookup_elem(_map: *const u8, _key: *const u8) -> *mut u8 {
        core::ptr::null_mut()
    }

    pub unsafe fn map_update_elem(_: *const u8, _: *const u8, _: *const u8, _: u64) -> i64 {
        -ENOENT
    }

    pub unsafe fn map_delete_elem(_map: *const u8, _key: *const u8) -> i64 {
        -ENOENT
    }

    pub unsafe fn ringbuf_output(_: *const u8, _: *const u8, _: u64, _: u64) -> i64 {
        -ENOENT
    }
}
