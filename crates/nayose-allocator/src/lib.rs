//! The allocator of the nayose binary, and when it gives memory back.
//!
//! Arrow's many small buffers took the system's allocator a sixth of a run's samples (`perf record nayose run …`). mimalloc is quicker, but
//! it keeps what was freed for a second, so that a process grows to the sum of what its steps needed one after the other.

/// mimalloc.
pub use mimalloc::MiMalloc as Allocator;

/// The number of mimalloc 3's option `purge_delay`, which its crate does not name (`mi_option_e` in `mimalloc.h`).
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// From here on memory comes in pages of 4 KiB. mimalloc asks for huge ones, of 2 MiB, which the kernel clears as a whole although a
/// part is used: a run took a fifth more processor time and a quarter more memory with them (20,000 people on two cores).
pub fn small_pages() {
    // SAFETY: the call only sets a flag of this process. Where the kernel knows no such flag, nothing changes.
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code)]
    unsafe {
        libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
}

/// From here on freed memory goes back to the system at once: for small ceilings, as the next use of it has to ask the system again
/// (docs/memory-and-time.md has what runs took).
pub fn give_back_at_once() {
    // SAFETY: the option is known to the version of mimalloc that is compiled in, and may be set at any time.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 0);
    }
}

/// Gives back what this thread and those that ended have freed.
pub fn give_back() {
    // SAFETY: may be called at any time from any thread.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
