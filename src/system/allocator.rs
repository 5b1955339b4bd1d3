//! Edge. The allocator of static executables: dlmalloc, and in front of it small caches of small blocks.
//!
//! musl's own halves the deliveries a second: one lock, and large blocks given back at once. dlmalloc behind a mutex
//! still cost a dozen futex calls a delivery where six threads met at it. mimalloc is quick, and keeps 60 MiB instead
//! of 8.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use dlmalloc::Dlmalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Alignment of every block, and the step from one class of sizes to the next.
const STEP_BYTES: usize = 16;
/// Classes of blocks that are cached: up to 512 bytes, which 19 of 20 allocations are.
const CLASSES: usize = 32;
/// Most blocks of a class that one cache keeps.
const KEPT: u8 = 32;
/// More than threads are ever busy at once.
const CACHES: usize = 16;

thread_local! {
    /// The cache that this thread uses; none yet.
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The process's allocator.
pub struct Allocator {
    heap: SpinLock<Dlmalloc>,
    caches: [SpinLock<Cache>; CACHES],
    next: AtomicUsize,
}

impl Allocator {
    /// One that holds nothing yet.
    #[expect(clippy::new_without_default, reason = "a static needs a constant")]
    pub const fn new() -> Self {
        let caches = [const { SpinLock::new(Cache::EMPTY) }; CACHES];
        Self { heap: SpinLock::new(Dlmalloc::new()), caches, next: AtomicUsize::new(0) }
    }

    /// The cache of this thread and perhaps of others: none belongs to a thread, so that nothing is left when one ends.
    fn cache(&self) -> &SpinLock<Cache> {
        let give = || self.next.fetch_add(1, Ordering::Relaxed) % CACHES;
        let mine = MINE.with(|mine| {
            let number = mine.get().unwrap_or_else(give);
            mine.set(Some(number));
            number
        });
        &self.caches[mine]
    }
}

// SAFETY: a block comes from `heap` with the size of its class, or with its own if it has none, and goes back with the
// same; a cached block is in one list, and in nobody's hands.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let cached = class(layout).and_then(|class| self.cache().try_with(|cache| cache.take(class))?);
        let fresh = || {
            let (size, align) = charged(layout);
            // SAFETY: `align` is a power of two.
            self.heap.with(|heap| unsafe { heap.malloc(size, align) })
        };
        cached.map_or_else(fresh, |block| block.cast().as_ptr())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let free = NonNull::new(block).map(NonNull::cast).zip(class(layout));
        // SAFETY: the block is ours again, and of this class.
        let keep = |(free, class)| self.cache().try_with(|cache| unsafe { cache.put(class, free) });
        if free.and_then(keep) != Some(true) {
            let (size, align) = charged(layout);
            // SAFETY: the block came from `malloc` with this size and alignment.
            self.heap.with(|heap| unsafe { heap.free(block, size, align) });
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` fits a layout of this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(new)) {
            (Some(old), Some(new)) if old == new => block,
            // SAFETY: the block came from `malloc` with this size and alignment.
            (None, None) => self.heap.with(|heap| unsafe { heap.realloc(block, layout.size(), layout.align(), size) }),
            // SAFETY: both blocks hold as many bytes as are copied, and the old one is given up.
            _ => unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

/// The class of a block that is worth caching.
fn class(layout: Layout) -> Option<usize> {
    let is_small = layout.size() <= CLASSES * STEP_BYTES && layout.align() <= STEP_BYTES;
    is_small.then(|| layout.size().div_ceil(STEP_BYTES).saturating_sub(1))
}

/// Size and alignment that the heap is asked for.
fn charged(layout: Layout) -> (usize, usize) {
    class(layout).map_or((layout.size(), layout.align()), |class| ((class + 1) * STEP_BYTES, STEP_BYTES))
}

/// The content of a block that is free.
struct FreeBlock {
    next: *mut FreeBlock,
}

/// Lists of free blocks, one for each class.
struct Cache {
    first: [*mut FreeBlock; CLASSES],
    count: [u8; CLASSES],
}

// SAFETY: it owns the blocks in its lists.
unsafe impl Send for Cache {}

impl Cache {
    const EMPTY: Self = Self { first: [null_mut(); CLASSES], count: [0; CLASSES] };

    fn take(&mut self, class: usize) -> Option<NonNull<FreeBlock>> {
        let block = NonNull::new(self.first[class])?;
        // SAFETY: what is in a list was written by `put`.
        self.first[class] = unsafe { block.as_ref() }.next;
        self.count[class] -= 1;
        Some(block)
    }

    /// False if there are enough of them.
    ///
    /// # Safety
    ///
    /// `block` is free, aligned to `STEP_BYTES`, and as large as `class` says.
    unsafe fn put(&mut self, class: usize, block: NonNull<FreeBlock>) -> bool {
        if self.count[class] == KEPT {
            return false;
        }
        // SAFETY: it is large enough for a pointer.
        unsafe { block.write(FreeBlock { next: self.first[class] }) };
        self.first[class] = block.as_ptr();
        self.count[class] += 1;
        true
    }
}

/// A lock for so short a time that waiting in the kernel would cost more.
struct SpinLock<T> {
    is_held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    const fn new(value: T) -> Self {
        Self { is_held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    fn try_with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.is_held.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: nobody else holds it. Nothing that is done with it panics.
        let result = act(unsafe { &mut *self.value.get() });
        self.is_held.store(false, Ordering::Release);
        Some(result)
    }

    fn with<R>(&self, mut act: impl FnMut(&mut T) -> R) -> R {
        loop {
            if let Some(result) = self.try_with(&mut act) {
                return result;
            }
            // Whoever holds it and was put to sleep gets the processor.
            rustix::thread::sched_yield();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with its layout, full of one byte.
    struct Block(NonNull<u8>, Layout, u8);

    // SAFETY: it owns its memory.
    unsafe impl Send for Block {}

    impl Block {
        fn new(of: &Allocator, size: usize, align: usize, fill: u8) -> Self {
            let layout = Layout::from_size_align(size, align).unwrap();
            let block = NonNull::new(unsafe { of.alloc(layout) }).unwrap();
            assert_eq!(block.as_ptr().addr() % align, 0);
            unsafe { block.write_bytes(fill, size) };
            Self(block, layout, fill)
        }

        fn is_whole(&self, size: usize) -> bool {
            let bytes = unsafe { std::slice::from_raw_parts(self.0.as_ptr(), size) };
            bytes.iter().all(|&byte| byte == self.2)
        }

        fn resize(mut self, of: &Allocator, size: usize) -> Self {
            self.0 = NonNull::new(unsafe { of.realloc(self.0.as_ptr(), self.1, size) }).unwrap();
            assert!(self.is_whole(size.min(self.1.size())), "{:?} to {size}", self.1);
            self.1 = Layout::from_size_align(size, self.1.align()).unwrap();
            unsafe { self.0.write_bytes(self.2, size) };
            self
        }

        fn give_back(self, to: &Allocator) {
            assert!(self.is_whole(self.1.size()), "{:?}", self.1);
            unsafe { to.dealloc(self.0.as_ptr(), self.1) };
        }
    }

    /// Sizes around every limit, in an order of no order.
    fn sizes(seed: usize) -> impl Iterator<Item = usize> {
        let near = [1, 15, 16, 17, 100, 511, 512, 513, 4096, 70_000, 300_000];
        (0..3000).map(move |n| near[(n * 7 + n / 11 + seed) % near.len()])
    }

    #[test]
    fn blocks_keep_what_is_written_to_them_through_growing_shrinking_and_other_threads() {
        static SHARED: Allocator = Allocator::new();
        let (sender, receiver) = std::sync::mpsc::channel::<Block>();
        std::thread::scope(|scope| {
            for seed in 0..4_u8 {
                let sender = sender.clone();
                scope.spawn(move || {
                    for (n, size) in sizes(seed.into()).enumerate() {
                        let block = Block::new(&SHARED, size, 1 << (n % 7), seed);
                        let block = block.resize(&SHARED, size.div_ceil(3)).resize(&SHARED, size + n % 40);
                        if n % 3 == 0 { sender.send(block).unwrap() } else { block.give_back(&SHARED) }
                    }
                });
            }
            drop(sender);
            for block in receiver {
                block.give_back(&SHARED);
            }
        });
    }

    #[test]
    fn a_small_block_is_used_again_and_a_cache_keeps_no_more_than_it_may() {
        let allocator = Allocator::new();
        let first = Block::new(&allocator, 20, 8, 1);
        let place = first.0;
        first.give_back(&allocator);
        assert_eq!(Block::new(&allocator, 32, 16, 2).0, place);
        let many: Vec<Block> = (0..100).map(|_| Block::new(&allocator, 64, 8, 3)).collect();
        for block in many {
            block.give_back(&allocator);
        }
        let kept: usize = allocator.caches.iter().map(|cache| cache.with(|c| usize::from(c.count[3]))).sum();
        assert_eq!(kept, usize::from(KEPT));
    }

    #[test]
    fn what_is_freed_is_found_again_by_the_heap() {
        let allocator = Allocator::new();
        let place = |size| Block::new(&allocator, size, 8, 1);
        let first = place(100_000);
        let at = first.0;
        first.give_back(&allocator);
        for _ in 0..1000 {
            let again = place(100_000);
            assert_eq!(again.0, at);
            again.give_back(&allocator);
        }
    }
}
