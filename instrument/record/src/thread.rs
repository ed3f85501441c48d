//! What is kept for each thread: the spans it is in, slots in hand, and counters that nobody else writes.
//!
//! A thread's state is leaked and listed when the thread first touches taskscope, and used again by a later thread when
//! it ends. Rules:
//!
//! 1. [`Own`] is touched by the owning thread alone, in functions that call nothing but this crate: no reference to it
//!    lives while foreign code runs, so it is never borrowed twice. (The allocator runs; it can't be a user of tokio.)
//! 2. The other fields are atomics with one writer, the owner, unless their comment says otherwise: they are stored, not
//!    added to.
//! 3. A thread without a state (its thread-locals are gone) is no thread: what it does to tasks is recorded as far as
//!    their slots go, and attributed to no task.

pub(crate) mod inner;
mod poll;

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize};

use self::inner::Inner;
pub(crate) use self::poll::{Entered, Facts, LastExit, Next};
use crate::record::RECORD;
use crate::ring::Ring;
use crate::site::SITES;
use crate::sketch::TableMagazines;
use crate::slab::Magazine;
use crate::sync::{AtomicU32, AtomicU64};

/// Events that a thread's ring holds: 256 KiB, made only when somebody listens.
pub(crate) const RING: usize = 8192;
/// Sites whose tallies are kept in one page.
const PAGE: usize = 64;
/// Spans that can be entered within each other; deeper ones are counted, and their tasks can't be told.
const DEPTH: usize = 64;

/// What a thread is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It belongs to the app.
    App = 0,
    /// It belongs to taskscope and must not be seen.
    Ours = 1,
    /// It tries out, for taskscope, what arrives.
    Trial = 2,
}

/// Ended tasks of one site that were not listed, added up by one thread.
#[repr(C, align(64))]
pub(crate) struct Fold {
    /// By [`Outcome`](crate::Outcome): done, cancelled, panicked.
    pub(crate) ended: [AtomicU64; 3],
    pub(crate) polls: AtomicU64,
    pub(crate) busy: AtomicU64,
    pub(crate) scheduled: AtomicU64,
    pub(crate) wakes: AtomicU64,
    pub(crate) self_wakes: AtomicU64,
}

pub(crate) type FoldPage = [Fold; PAGE];

/// See the [module](self).
pub(crate) struct Thread {
    /// From 1.
    pub(crate) ordinal: u32,
    in_use: AtomicBool,
    pub(crate) next: AtomicPtr<Thread>,
    pub(crate) role: AtomicU32,
    /// The task that is polled here, or 0.
    pub(crate) current: AtomicU64,
    /// The task whose poll is the outermost one here, or was the last one.
    pub(crate) outermost: AtomicU64,
    /// Where the thread's stack stood when that poll began; 0 if not known.
    pub(crate) outermost_stack: AtomicUsize,
    /// What the system calls this thread; 0 if not known.
    pub(crate) tid: AtomicI32,
    /// 1 while the thread is a runtime's worker.
    pub(crate) worker: AtomicU32,
    /// Ticks in the outermost polls of tasks, as a worker.
    pub(crate) worker_busy: AtomicU64,
    /// Tasks that ended here and may still be listed; the harvester sets it, and a race with that does no harm.
    pub(crate) listings: AtomicU32,
    /// Tasks that ended here without being listed.
    pub(crate) unlisted: AtomicU64,
    pub(crate) untracked: AtomicU64,
    /// Clones of wakers that were seen here.
    pub(crate) clones: AtomicU64,
    /// What a trial saw: spawns, polls, wakes, clones, locks, permits.
    pub(crate) trial: [AtomicU64; 6],
    /// Made by the harvester, never freed.
    pub(crate) ring: AtomicPtr<Ring<RING>>,
    /// Events that came before there was a ring.
    pub(crate) unringed: AtomicU64,
    folds: [AtomicPtr<FoldPage>; SITES / PAGE],
    own: UnsafeCell<Own>,
}

/// What only the thread itself sees.
pub(crate) struct Own {
    /// The tasks that were entered, innermost last.
    stack: [Entered; DEPTH],
    depth: usize,
    pub(crate) slots: Magazine,
    pub(crate) tables: TableMagazines,
    pub(crate) last: LastExit,
    pub(crate) next: Next,
    pub(crate) inner: Inner,
    /// The runtime whose root or worker was entered last, 0 if that could not be told; `None` before anybody asked.
    pub(crate) runtime: Option<u16>,
}

// SAFETY: all fields are atomics but `own`, which only the owning thread touches (rule 1).
unsafe impl Sync for Thread {}

impl Thread {
    fn new(ordinal: u32, listings: u32) -> Self {
        Self {
            ordinal,
            in_use: AtomicBool::new(true),
            next: AtomicPtr::new(std::ptr::null_mut()),
            role: AtomicU32::new(Role::App as u32),
            current: AtomicU64::new(0),
            outermost: AtomicU64::new(0),
            outermost_stack: AtomicUsize::new(0),
            tid: AtomicI32::new(0),
            worker: AtomicU32::new(0),
            worker_busy: AtomicU64::new(0),
            listings: AtomicU32::new(listings),
            unlisted: AtomicU64::new(0),
            untracked: AtomicU64::new(0),
            clones: AtomicU64::new(0),
            trial: [const { AtomicU64::new(0) }; 6],
            ring: AtomicPtr::new(std::ptr::null_mut()),
            unringed: AtomicU64::new(0),
            folds: [const { AtomicPtr::new(std::ptr::null_mut()) }; SITES / PAGE],
            own: UnsafeCell::new(Own {
                stack: [Entered::NOTHING; DEPTH],
                depth: 0,
                slots: Magazine::new(),
                tables: TableMagazines::new(),
                last: LastExit::NOTHING,
                next: Next::NOTHING,
                inner: Inner::new(),
                runtime: None,
            }),
        }
    }

    /// The owner's part.
    ///
    /// # Safety
    /// By the owning thread only, and the reference must be gone before foreign code can run (rule 1).
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "one thread, one borrow: rule 1")]
    pub(crate) unsafe fn own(&self) -> &mut Own {
        // SAFETY: the caller promises that no other reference exists.
        unsafe { &mut *self.own.get() }
    }

    #[inline(always)]
    pub(crate) fn role(&self) -> Role {
        match self.role.load(Relaxed) {
            1 => Role::Ours,
            2 => Role::Trial,
            _ => Role::App,
        }
    }

    /// The tally of a site, made if need be; `None` where there is no memory to be had.
    #[inline(always)]
    pub(crate) fn fold(&self, site: u32) -> Option<&Fold> {
        let page = self.folds.get(site as usize / PAGE)?;
        let mut at = page.load(Acquire);
        if at.is_null() {
            at = new_page();
            page.store(at, Release);
        }
        // SAFETY: pages are leaked boxes, or null.
        unsafe { at.as_ref() }.map(|page| &page[site as usize % PAGE])
    }

    /// All tallies, by site.
    pub(crate) fn folds(&self) -> impl Iterator<Item = (u32, &Fold)> {
        let pages = self.folds.iter().enumerate().filter_map(|(p, page)| {
            // SAFETY: pages are leaked boxes, or null.
            unsafe { page.load(Acquire).as_ref() }.map(|page| (p, page))
        });
        pages.flat_map(|(p, page)| {
            page.iter()
                .enumerate()
                .map(move |(i, fold)| ((p * PAGE + i) as u32, fold))
        })
    }

    pub(crate) fn ring(&self) -> Option<&Ring<RING>> {
        // SAFETY: a ring is a leaked box, or null.
        unsafe { self.ring.load(Acquire).as_ref() }
    }
}

#[cold]
fn new_page() -> *mut FoldPage {
    let layout = std::alloc::Layout::new::<FoldPage>();
    // SAFETY: the layout is not empty, and zeroes are valid atomics.
    unsafe { std::alloc::alloc_zeroed(layout) }.cast()
}

impl Own {
    /// A task is entered.
    #[inline(always)]
    pub(crate) fn push(&mut self, entered: Entered) {
        if let Some(place) = self.stack.get_mut(self.depth) {
            *place = entered;
        }
        self.depth += 1;
        self.inner.new_poll();
    }

    /// It is left again. `None` if it was not entered here.
    #[inline(always)]
    pub(crate) fn pop(&mut self, id: u64) -> Option<Entered> {
        let at = self.depth.checked_sub(1)?;
        match self.stack.get(at) {
            Some(last) if last.id == id => {
                self.depth = at;
                Some(*last)
            }
            _ => self.pop_rarely(id),
        }
    }

    /// Tasks can be left in another order than they were entered, and entered too deep to be remembered.
    #[cold]
    fn pop_rarely(&mut self, id: u64) -> Option<Entered> {
        let known = self.depth.min(DEPTH);
        let entered = &mut self.stack[..known];
        let found = match entered.iter().rposition(|entered| entered.id == id) {
            Some(at) => {
                let found = entered[at];
                entered.copy_within(at + 1.., at);
                found
            }
            None if self.depth > DEPTH => Entered {
                id,
                ..Entered::NOTHING
            },
            None => return None,
        };
        self.depth -= 1;
        Some(found)
    }

    /// Where the thread's stack stood when the innermost task was entered; 0 if not known.
    #[inline(always)]
    pub(crate) fn top_stack(&self) -> usize {
        self.depth
            .checked_sub(1)
            .and_then(|at| self.stack.get(at))
            .map_or(0, |entered| entered.stack)
    }

    /// The innermost task, or 0.
    #[inline(always)]
    pub(crate) fn top(&self) -> u64 {
        // 0 too where tasks are entered too deep to tell.
        self.depth
            .checked_sub(1)
            .and_then(|at| self.stack.get(at))
            .map_or(0, |entered| entered.id)
    }

    #[inline(always)]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
}

thread_local! {
    // Two, since a thread-local with a destructor costs a check at each use.
    static STATE: Cell<Option<&'static Thread>> = const { Cell::new(None) };
    static END: End = const { End };
}

/// Gives the thread's state back when the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let Some(thread) = STATE.take() else { return };
        // SAFETY: this is the owning thread, at its end.
        let own = unsafe { thread.own() };
        RECORD.give_back(own);
        (own.depth, own.last, own.runtime) = (0, LastExit::NOTHING, None);
        own.next = Next::NOTHING;
        own.inner.reset();
        thread.current.store(0, Relaxed);
        thread.outermost.store(0, Relaxed);
        thread.tid.store(0, Relaxed);
        thread.worker.store(0, Relaxed);
        thread.role.store(Role::App as u32, Relaxed);
        thread.in_use.store(false, Release);
    }
}

/// The state of this thread; `None` when the thread is about to end.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Thread> {
    STATE.try_with(Cell::get).ok().flatten().or_else(register)
}

#[cold]
fn register() -> Option<&'static Thread> {
    // Fails once the destructor has run: then there is nobody to give a state back.
    END.try_with(|_| ()).ok()?;
    let thread = RECORD.threads.take();
    thread.tid.store(tid(), Relaxed);
    STATE.try_with(|state| state.set(Some(thread))).ok()?;
    Some(thread)
}

#[cfg(target_os = "linux")]
fn tid() -> i32 {
    // SAFETY: takes nothing and always succeeds.
    unsafe { libc::gettid() }
}

#[cfg(not(target_os = "linux"))]
fn tid() -> i32 {
    0
}

/// The states of all threads, newest first, those of ended threads among them.
pub(crate) struct Threads {
    /// What a thread may list that comes between two rounds of the harvester.
    pub(crate) listings: AtomicU32,
    first: AtomicPtr<Thread>,
    count: AtomicU32,
}

impl Threads {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            listings: AtomicU32::new(0),
            first: AtomicPtr::new(std::ptr::null_mut()),
            count: AtomicU32::new(0),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Thread> {
        // SAFETY: states are leaked boxes, listed before they are published and never unlisted.
        let follow = |at: &AtomicPtr<Thread>| unsafe { at.load(Acquire).as_ref() };
        std::iter::successors(follow(&self.first), move |thread| follow(&thread.next))
    }

    fn take(&self) -> &'static Thread {
        let unused = |t: &&Thread| {
            t.in_use
                .compare_exchange(false, true, AcqRel, Relaxed)
                .is_ok()
        };
        if let Some(thread) = self.iter().find(unused) {
            return thread;
        }
        let ordinal = self.count.fetch_add(1, Relaxed) + 1;
        let thread: &'static Thread =
            Box::leak(Box::new(Thread::new(ordinal, self.listings.load(Relaxed))));
        let mut first = self.first.load(Acquire);
        loop {
            thread.next.store(first, Relaxed);
            let this = std::ptr::from_ref(thread).cast_mut();
            match self
                .first
                .compare_exchange_weak(first, this, AcqRel, Acquire)
            {
                Ok(_) => return thread,
                Err(now) => first = now,
            }
        }
    }
}
