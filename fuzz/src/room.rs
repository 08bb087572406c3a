//! An allocator that ends the process where a reader asks for more memory at once than its input allows.
//!
//! Without a sanitizer libFuzzer sees no allocations, only what the process takes as a whole. The code is `unsafe` because
//! allocators are; it hands everything on to the system's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What blocks and buffers may take, however short the input.
const FIXED: usize = 16 << 20;

/// Bytes of memory for a byte of input: `0,` is a 32-bit float, and vectors double as they grow.
const PER_BYTE: usize = 64;

static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

struct Bounded;

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn check(size: usize) {
    if size > MOST.load(Ordering::Relaxed) {
        MOST.store(usize::MAX, Ordering::Relaxed); // the message needs memory too
        eprintln!("{size} bytes at once are more than the input allows");
        std::process::abort();
    }
}

/// From here on, no allocation may be larger than an input of `length` bytes allows.
pub fn bound(length: usize) {
    MOST.store(FIXED + PER_BYTE * length, Ordering::Relaxed);
}
