//! Who holds what, against those who know: tasks that hold a lock look who is said to hold it, millions of times, while
//! others take, wait, give up, move guards and upgrade them.

mod parts;
mod stress;

#[path = "../support/app.rs"]
mod app;
#[path = "../support/viewer.rs"]
mod viewer;

use std::sync::{Mutex, MutexGuard, PoisonError};

use taskscope_record::{ResourceReport, ResourceType, read_text, resources_now, site};

/// The tests look for what they have made among all that there is.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The id of the resource that was made at this line of this file.
fn made_at(file: &str, line: u32) -> u64 {
    let here = |report: &ResourceReport| {
        site(report.origin.site).is_some_and(|site| {
            site.line == line && read_text(site.file).is_some_and(|there| there.ends_with(file))
        })
    };
    let found: Vec<u64> = resources_now()
        .iter()
        .filter(|report| here(report) && report.origin.kind != ResourceType::Unknown)
        .map(|report| report.id)
        .collect();
    match found[..] {
        [id] => id,
        _ => panic!("{} resources were made at {file}:{line}", found.len()),
    }
}
