//! The programs that are ill and their healthy twins, run for real: each falls ill as its story says, is told by the name
//! of its disease and by no other, and ends by itself.
//!
//! `TASKSCOPE_RUNS=20` runs each as often, and `TASKSCOPE_ONLY=deadlock` only those that have it in their name.

#[path = "../support/target.rs"]
mod target;
#[path = "../support/viewer.rs"]
mod viewer;

mod ends;
mod findings;
mod lines;
mod programs;
mod runs;
mod states;
