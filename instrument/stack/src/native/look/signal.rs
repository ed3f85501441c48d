//! A running thread is asked for its stack by a signal.
//!
//! Rules:
//!
//! 1. The handler allocates nothing, takes no lock, uses no thread-local variable, calls no function of a library, leaves
//!    `errno` alone, and cannot panic. What it needs of the kernel it asks by instruction.
//! 2. It is installed with SA_SIGINFO, SA_RESTART, SA_ONSTACK and a full mask, and stays under 1 KiB of stack.
//! 3. The signal is the highest real-time one that nobody handles, below the very highest, which tools like. Before each
//!    signal is sent it is checked that the handler is still ours: the default action would end the process.
//! 4. A request has an id that no other has. The handler answers only a queued signal from this process with that id, on the
//!    thread that was asked, and takes the request by compare-and-exchange; all it uses is static. So late signals, threads
//!    that end and thread ids that are used again do no harm. Whether the poll was still the same is asked by who
//!    requested, after the answer: had it ended before, its sequence number would have changed by then.
//! 5. No signal is sent to a thread that blocks it, or has not taken the last one.
//! 6. The handler copies from its stack pointer up to the poll's and 2 KiB more, at most 64 KiB, and by process_vm_readv,
//!    which cannot fault wherever the thread's stack ends or whichever stack it is on.
//! 7. The thread never waits for who asked.
//! 8. One request at a time. Who gets no answer in time withdraws the request by compare-and-exchange.
//! 9. No signal is sent unless the thread was seen within the last moments, and not in a system call which fails with EINTR in
//!    spite of SA_RESTART. Threads that want to run and were given no processor get none either: they may be in such a call,
//!    about to wait or about to return (see `look`).

use std::arch::asm;
use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, offset_of};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI32, AtomicU64};
use std::time::{Duration, Instant};

use super::snapshot::{ABOVE, MAX_COPY, Snapshot};
use super::task;
use crate::look::{LookError, SignalError, Source};

/// Where the copy goes. Written by the handler that took the request, read by who made it: `STATE` says whose turn it is.
struct Buffer(UnsafeCell<[u8; MAX_COPY]>);

// SAFETY: only whoever `STATE` names touches it (rules 4 and 8).
unsafe impl Sync for Buffer {}

static BUFFER: Buffer = Buffer(UnsafeCell::new([0; MAX_COPY]));
/// The request's id, shifted by 2, and its phase.
static STATE: AtomicU64 = AtomicU64::new(FREE);
static NEXT: AtomicU64 = AtomicU64::new(1);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static PROCESS: AtomicI32 = AtomicI32::new(0);
static THREAD: AtomicI32 = AtomicI32::new(0);
static POLL_SP: AtomicU64 = AtomicU64::new(0);
static PC: AtomicU64 = AtomicU64::new(0);
static SP: AtomicU64 = AtomicU64::new(0);
static FP: AtomicU64 = AtomicU64::new(0);
static LEN: AtomicU64 = AtomicU64::new(0);

/// Nobody asks.
const FREE: u64 = 0;
/// Somebody prepares to ask.
const TAKEN: u64 = 1;
const ASKED: u64 = 2;
/// The handler is at it, or has answered.
const ANSWERING: u64 = 3;
/// With an id of its own in the upper bits: answered.
const ANSWERED: u64 = 1;

/// For so long it holds that the thread was seen to compute: some 10 times what it takes to see that and to send.
const MOMENTS: Duration = Duration::from_micros(200);
/// Whoever looks can lose its processor in between. That often it is tried again.
const TRIES: u32 = 3;

/// Patience: 200 times 50 microseconds, and longer on a busy machine.
const WAITS: u32 = 200;
const WAIT: Duration = Duration::from_micros(50);

/// A system call, by instruction.
///
/// # Safety
/// As the call's.
#[inline(always)]
unsafe fn syscall(number: i64, a: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the caller answers for what the call does; it changes no register but these.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a[0], in("rsi") a[1], in("rdx") a[2],
            in("r10") a[3], in("r8") a[4], in("r9") a[5], lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// The kernel's siginfo of a signal that was queued with a value.
#[repr(C)]
struct Info {
    signal: i32,
    _errno: i32,
    code: i32,
    _padding: i32,
    sender: i32,
    _user: u32,
    value: u64,
    _rest: [u64; 12],
}

/// The start of the kernel's ucontext. The whole of libc's may be longer than what the kernel wrote.
#[repr(C)]
struct Context {
    _flags: u64,
    _link: u64,
    _stack: libc::stack_t,
    registers: [u64; 23],
}

const _: () = assert!(
    size_of::<Info>() == size_of::<libc::siginfo_t>()
        && offset_of!(Info, code) == offset_of!(libc::siginfo_t, si_code)
        && offset_of!(Context, registers) == offset_of!(libc::ucontext_t, uc_mcontext.gregs)
);

/// Rules 1 and 2, of which `tests/handler.rs` reads the machine code. They hold in unoptimized builds too, but that these call
/// the methods of atomic variables: hence no pointer is dereferenced, which such builds check, and there are no closures,
/// iterators and small methods, which they call. No instrumentation of sanitizers is needed: it reads and writes its own
/// variables. The kernel gives both references, since SA_SIGINFO is set.
extern "C" fn handler(_: libc::c_int, info: Option<&Info>, context: Option<&Context>) {
    let (Some(info), Some(context)) = (info, context) else {
        return;
    };
    if info.code != libc::SI_QUEUE {
        return;
    }
    let (id, process) = (info.value, PROCESS.load(Relaxed));
    // SAFETY: a system call that only answers a number.
    let thread = unsafe { syscall(libc::SYS_gettid, [0; 6]) };
    // Rule 4.
    if info.sender != process || thread != i64::from(THREAD.load(Relaxed)) {
        return;
    }
    let (asked, answering) = (id << 2 | ASKED, id << 2 | ANSWERING);
    let Ok(_) = STATE.compare_exchange(asked, answering, AcqRel, Relaxed) else {
        return;
    };
    let pc = context.registers[libc::REG_RIP as usize];
    let sp = context.registers[libc::REG_RSP as usize];
    let fp = context.registers[libc::REG_RBP as usize];
    let wanted = POLL_SP.load(Relaxed).wrapping_add(ABOVE).wrapping_sub(sp);
    let mut len = 0;
    // Rule 6.
    if wanted < 1 << 30 {
        let bytes = if wanted < MAX_COPY as u64 {
            wanted
        } else {
            MAX_COPY as u64
        };
        let to = [BUFFER.0.get() as u64, bytes];
        let from = [sp, bytes];
        // SAFETY: the kernel writes at most as many bytes as the buffer has, which is ours while the state says
        // `ANSWERING`, and answers with an error where the stack cannot be read.
        let copied = unsafe {
            let (to, from) = (to.as_ptr() as u64, from.as_ptr() as u64);
            syscall(
                libc::SYS_process_vm_readv,
                [process as u64, to, 1, from, 1, 0],
            )
        };
        len = if copied > 0 { copied as u64 } else { 0 };
    }
    PC.store(pc, Relaxed);
    SP.store(sp, Relaxed);
    FP.store(fp, Relaxed);
    LEN.store(len, Relaxed);
    STATE.store(id << 2 | ANSWERED, Release);
}

fn is_ours(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the kernel fills in one structure, for which zeroes are valid.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == handler as *const () as usize
    }
}

/// Installs the handler, once.
pub(super) fn install() -> Result<(), SignalError> {
    if SIGNAL.load(Acquire) != 0 {
        return Ok(());
    }
    // SAFETY: asks for a number.
    PROCESS.store(unsafe { libc::getpid() }, Relaxed);
    for signal in (libc::SIGRTMIN() + 1..libc::SIGRTMAX()).rev() {
        let mut old = MaybeUninit::<libc::sigaction>::zeroed();
        let mut new = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: structures for which zeroes are valid; the handler keeps the rules of handlers (rule 1).
        let done = unsafe {
            let free = libc::sigaction(signal, std::ptr::null(), old.as_mut_ptr()) == 0
                && old.assume_init().sa_sigaction == libc::SIG_DFL;
            let action = &mut *new.as_mut_ptr();
            action.sa_sigaction = handler as *const () as usize;
            // Rule 2.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
            libc::sigfillset(&mut action.sa_mask);
            free && libc::sigaction(signal, action, std::ptr::null_mut()) == 0
        };
        if done {
            SIGNAL.store(signal, Release);
            return Ok(());
        }
    }
    Err(SignalError::NoneFree)
}

/// Asks a thread for its stack, if it `may` be asked just now.
///
/// # Errors
/// If it cannot be asked, or does not answer.
pub(super) fn ask(
    tid: i32,
    poll_sp: u64,
    still: &impl Fn() -> bool,
    may: impl Fn() -> bool,
) -> Result<Snapshot, LookError> {
    let signal = SIGNAL.load(Acquire);
    // SAFETY: asks for a number.
    let process = unsafe { libc::getpid() };
    // After a fork, the parent's settings are not ours.
    if signal == 0 || process != PROCESS.load(Relaxed) || !is_ours(signal) {
        return Err(LookError::NoHandler);
    }
    let (blocked, pending) = task::signals(tid).ok_or(LookError::NoThread)?;
    // Rule 5.
    if (blocked | pending) >> (signal - 1) & 1 == 1 {
        return Err(LookError::Deaf);
    }
    // Rule 8.
    if STATE
        .compare_exchange(FREE, TAKEN, AcqRel, Relaxed)
        .is_err()
    {
        return Err(LookError::NoHandler);
    }
    let id = NEXT.fetch_add(1, Relaxed);
    THREAD.store(tid, Relaxed);
    POLL_SP.store(poll_sp, Relaxed);
    STATE.store(id << 2 | ASKED, Release);
    let answer = if !in_time(may) {
        withdraw(id, LookError::Running)
    } else if send(process, tid, signal, id) {
        wait(id, still)
    } else {
        withdraw(id, LookError::NoThread)
    };
    let snapshot = answer.and_then(|()| read(poll_sp, still));
    STATE.store(FREE, Release);
    snapshot
}

/// Whether it `may` be, as of a moment ago (rule 9).
#[allow(clippy::disallowed_methods)] // how long this very thread was away
fn in_time(may: impl Fn() -> bool) -> bool {
    for _ in 0..TRIES {
        let before = Instant::now();
        if !may() {
            return false;
        }
        if before.elapsed() < MOMENTS {
            return true;
        }
    }
    false
}

fn send(process: i32, tid: i32, signal: i32, id: u64) -> bool {
    let info = Info {
        signal,
        _errno: 0,
        code: libc::SI_QUEUE,
        _padding: 0,
        sender: process,
        // SAFETY: asks for a number.
        _user: unsafe { libc::getuid() },
        value: id,
        _rest: [0; 12],
    };
    // SAFETY: the kernel reads one siginfo; the handler is ours (rule 3).
    unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            process,
            tid,
            signal,
            &raw const info,
        ) == 0
    }
}

/// Takes the request back, unless the handler is at it: then waits for it, which takes a microsecond once it runs.
fn withdraw(id: u64, error: LookError) -> Result<(), LookError> {
    let asked = id << 2 | ASKED;
    if STATE
        .compare_exchange(asked, TAKEN, AcqRel, Acquire)
        .is_ok()
    {
        return Err(error);
    }
    while STATE.load(Acquire) != id << 2 | ANSWERED {
        std::thread::sleep(WAIT);
    }
    Ok(())
}

fn wait(id: u64, still: &impl Fn() -> bool) -> Result<(), LookError> {
    for _ in 0..WAITS {
        if STATE.load(Acquire) == id << 2 | ANSWERED {
            return Ok(());
        }
        if !still() {
            return withdraw(id, LookError::Over);
        }
        std::thread::sleep(WAIT);
    }
    withdraw(id, LookError::NoAnswer)
}

fn read(poll_sp: u64, still: &impl Fn() -> bool) -> Result<Snapshot, LookError> {
    if !still() {
        return Err(LookError::Over);
    }
    let len = usize::try_from(LEN.load(Relaxed)).unwrap_or(0);
    // SAFETY: the handler has answered, and nobody else asks before the state is `FREE` again (rule 8).
    let buffer = unsafe { &*BUFFER.0.get() };
    let stack = buffer.get(..len).unwrap_or_default().to_vec();
    if stack.is_empty() {
        return Err(LookError::OtherStack);
    }
    Ok(Snapshot {
        pc: PC.load(Relaxed),
        sp: SP.load(Relaxed),
        fp: Some(FP.load(Relaxed)),
        poll_sp,
        stack,
        source: Source::Signal,
    })
}
