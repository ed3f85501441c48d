//! The signal handler's machine code keeps rules 1 and 2 of `native::look::signal`.
//!
//! In an optimized build it leaves itself for nothing but system calls, by instruction. In any other it also calls the methods
//! of the standard library's atomic variables, which are not inlined there: they choose their instruction by the memory order
//! that they are given, and panic for orders that make no sense, which rustc refuses where they are written out. Those methods
//! are not read.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "functions that a handler must not be like")]

#[path = "support/machine_code.rs"]
mod machine_code;

use std::arch::asm;
use std::cell::Cell;
use std::hint::black_box;

use machine_code::{Executable, Fault, Report};
use taskscope_stack::Watch;

/// What rule 2 allows, in bytes.
const STACK: u64 = 1024;
/// Bytes below the stack pointer that count as used: the red zone's 128, or the 144 that the methods of atomic variables were
/// measured to take, with room for other compilers.
const BELOW: u64 = 256;

fn is_harmless(function: &str) -> bool {
    // One of the two ways of mangling puts types into brackets.
    let function = function.trim_start_matches('<');
    cfg!(debug_assertions) && function.starts_with("core::sync::atomic::Atomic")
}

fn with_executable<R>(work: impl FnOnce(&Executable) -> R) -> R {
    let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    work(&Executable::parse(&file))
}

/// Whether AddressSanitizer has a hand in it.
fn is_sanitized(executable: &Executable<'_>) -> bool {
    executable.has_symbol("__asan_init")
}

#[test]
fn the_handler_keeps_its_rules() {
    // So that it is linked.
    Watch::with_signals().unwrap();
    with_executable(|executable| {
        if is_sanitized(executable) {
            println!("left out: the sanitizer adds calls of its own");
            return;
        }
        let handler = "taskscope_stack::native::look::signal::handler";
        let report = executable.read(handler, is_harmless);
        assert!(report.faults.is_empty(), "{report:?}");
        assert!(report.stack + BELOW < STACK, "{report:?}");
    });
}

/// What is found in a function of this file. It takes the function too, so that it is linked.
fn read(name: &str, function: extern "C" fn()) -> Report {
    black_box(function);
    with_executable(|executable| executable.read(&format!("handler::{name}"), is_harmless))
}

extern "C" fn calls_a_library() {
    // SAFETY: asks for a number.
    black_box(unsafe { libc::getpid() });
}

extern "C" fn allocates() {
    black_box(Vec::<u8>::with_capacity(black_box(24)));
}

extern "C" fn calls_what_it_is_given() {
    black_box(allocates as extern "C" fn())();
}

extern "C" fn may_panic() {
    assert!(black_box(true));
}

#[inline(never)]
extern "C" fn another() {
    black_box(());
}

extern "C" fn ends_with_a_call() {
    another();
}

#[test]
fn calls_are_seen() {
    let report = read("calls_a_library", calls_a_library);
    assert!(report.has(&Fault::LeavesSomewhere), "{report:?}");
    let report = read("calls_what_it_is_given", calls_what_it_is_given);
    assert!(report.has(&Fault::LeavesSomewhere), "{report:?}");
    let report = read("ends_with_a_call", ends_with_a_call);
    let leaves = Fault::Leaves("handler::another".into());
    assert!(report.has(&leaves), "{report:?}");
    let report = read("allocates", allocates);
    assert!(!report.faults.is_empty());
    let report = read("may_panic", may_panic);
    assert!(!report.faults.is_empty());
}

extern "C" fn reads_by_the_segment() {
    let _first: u64;
    // SAFETY: every thread has a word there.
    unsafe { asm!("mov {}, fs:[0]", out(reg) _first, options(nostack, readonly)) };
}

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

extern "C" fn counts_by_thread() {
    COUNT.set(COUNT.get() + 1);
}

#[test]
fn thread_local_variables_are_seen() {
    let report = read("reads_by_the_segment", reads_by_the_segment);
    assert!(report.has(&Fault::ThreadLocal), "{report:?}");
    let report = read("counts_by_thread", counts_by_thread);
    // It is a method that uses the segment where methods are not inlined.
    assert!(!report.faults.is_empty());
    assert!(cfg!(debug_assertions) || report.has(&Fault::ThreadLocal));
}

extern "C" fn takes_room() {
    black_box([0u8; STACK as usize]);
}

extern "C" fn takes_room_as_it_likes() {
    // SAFETY: takes nothing.
    unsafe { asm!("sub rsp, {}", in(reg) 0u64) };
}

#[test]
fn room_on_the_stack_is_seen() {
    if with_executable(is_sanitized) {
        println!("left out: the sanitizer keeps arrays elsewhere");
        return;
    }
    let report = read("takes_room", takes_room);
    assert!(report.stack >= STACK, "{report:?}");
    let report = read("takes_room_as_it_likes", takes_room_as_it_likes);
    assert!(report.has(&Fault::UnknownStack), "{report:?}");
}

extern "C" fn traps() {
    // SAFETY: never called.
    unsafe { asm!("ud2", options(noreturn)) };
}

#[test]
fn traps_are_seen() {
    let report = read("traps", traps);
    assert!(report.has(&Fault::Traps), "{report:?}");
}
