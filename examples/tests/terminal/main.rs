//! The viewer in a real pseudo-terminal, on running programs: driven by its keys, judged by its screen.

#[path = "../support/fake.rs"]
mod fake;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/terminal.rs"]
mod terminal;
#[path = "../support/viewer.rs"]
mod viewer;

mod keys;
mod leaving;
mod looks;
mod sessions;
