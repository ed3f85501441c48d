//! The commands, run as a person or a script runs them, against targets that behave.

#[path = "../support/command.rs"]
mod command;
#[path = "../support/scenes.rs"]
mod scenes;
#[path = "../support/target.rs"]
mod target;

mod findings;
mod manners;
mod reasons;
mod stacks;
mod targets;
mod tasks;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}
