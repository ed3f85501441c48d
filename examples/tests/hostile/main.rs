//! Bad input against real programs: whatever viewers and the environment do, the program does its work, and what is wrong
//! is said in words.

#[path = "../support/target.rs"]
mod target;
#[path = "../support/viewer.rs"]
mod viewer;

mod connections;
mod environment;
mod flags;
mod gone;
mod names;
#[cfg(target_os = "linux")]
mod stackless;
