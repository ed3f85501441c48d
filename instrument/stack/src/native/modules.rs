//! Which code is where, and how to unwind it.
//!
//! Rules:
//!
//! 1. A table that was published is never changed or freed, nor is a module: whoever has a reference may keep it. Tables
//!    share the modules that they have in common, and there are at most [`MAX_TABLES`].
//! 2. Unwind data is borrowed from modules that cannot be unloaded (the executable, the C library, the dynamic linker, the
//!    vdso) and copied from all others; so `dlclose` takes nothing away that a walk reads. What is copied is limited to
//!    64 MiB; a module beyond that has no unwind data, and walks stop there.
//! 3. Only [`start`] and [`reload_if_needed`] read and publish tables, one at a time. Captures never wait for them.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr};
use std::sync::{Mutex, PoisonError};

use framehop::{ExplicitModuleSectionInfo, Unwinder as _};

use super::counters::{COUNTERS, count};
use super::module::Module;
use super::{bounds, maps, memory};
use crate::StartError;
use crate::arch::unwind::Unwinder;

/// Tables of modules at most, the first one included.
const MAX_TABLES: u32 = 64;
/// After this many reloads in a row that found nothing new, each further one waits for twice as many calls.
const MAX_PATIENCE: u32 = 10;

static TABLE: AtomicPtr<Modules> = AtomicPtr::new(std::ptr::null_mut());
static UNKNOWN: AtomicBool = AtomicBool::new(false);
static LOADING: Mutex<Loading> = Mutex::new(Loading {
    fruitless: 0,
    wait: 0,
});

/// What the reloads so far have shown.
struct Loading {
    /// Reloads in a row that found nothing new.
    fruitless: u32,
    /// Calls to let pass before the next.
    wait: u32,
}

/// A table of modules.
pub(crate) struct Modules {
    /// By address.
    modules: Vec<&'static Module>,
    unwinder: Unwinder,
    highest_code: u64,
}

impl Modules {
    fn new(mut modules: Vec<&'static Module>) -> Self {
        modules.sort_by_key(|m| m.range.start);
        let mut unwinder = Unwinder::new();
        for m in &modules {
            let Some(tables) = &m.tables else { continue };
            let info = ExplicitModuleSectionInfo {
                base_svma: m.range.start.wrapping_sub(m.bias),
                // Without the code's bytes there is no guessing at prologues: walks start behind a call.
                text_svma: Some(m.text.clone()),
                eh_frame_svma: Some(tables.eh_frame_svma.clone()),
                eh_frame: Some(tables.eh_frame),
                eh_frame_hdr_svma: Some(tables.eh_frame_hdr_svma.clone()),
                eh_frame_hdr: Some(tables.eh_frame_hdr),
                ..ExplicitModuleSectionInfo::default()
            };
            unwinder.add_module(framehop::Module::new(
                String::new(),
                m.range.clone(),
                m.range.start,
                info,
            ));
        }
        let highest_code = modules.last().map_or(0, |m| m.range.end);
        Self {
            modules,
            unwinder,
            highest_code,
        }
    }

    /// The module that lies at this address.
    #[inline]
    pub(crate) fn find(&self, address: u64) -> Option<&'static Module> {
        let after = self.modules.partition_point(|m| m.range.start <= address);
        let module = self.modules.get(after.checked_sub(1)?)?;
        (address < module.range.end).then_some(module)
    }

    pub(crate) fn unwinder(&self) -> &Unwinder {
        &self.unwinder
    }

    /// The end of the highest module.
    pub(crate) fn highest_code(&self) -> u64 {
        self.highest_code
    }
}

/// The table of now; `None` before [`start`].
#[inline]
pub(crate) fn table() -> Option<&'static Modules> {
    // SAFETY: what is not null came from `Box::into_raw` in `publish` and is never changed or freed (rule 1).
    unsafe { TABLE.load(Acquire).as_ref() }
}

fn publish(modules: Modules) {
    TABLE.store(Box::into_raw(Box::new(modules)), Release);
}

/// Says that a walk came to code outside all known modules: something was loaded since.
#[cold]
pub(crate) fn unknown_code() {
    count(&COUNTERS.unknown_code);
    UNKNOWN.store(true, Relaxed);
}

/// The modules of now; those that `known` has are taken from there.
fn read(text: &str, known: Option<&Modules>) -> Vec<&'static Module> {
    maps::images(text)
        .iter()
        .filter_map(|image| {
            let known = known
                .and_then(|table| table.find(image.start))
                .filter(|module| module.is_still(image));
            known.or_else(|| Module::load(image))
        })
        .collect()
}

/// Prepares for capturing: reads which code is loaded. Some 100 microseconds to a few milliseconds, so not to be called on a
/// thread that polls. Does nothing if it was done before.
///
/// # Errors
/// If stacks cannot be told on this system, says why. [`capture`](crate::capture) then gives 0.
pub fn start() -> Result<(), StartError> {
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if table().is_some() {
        return Ok(());
    }
    let text = std::fs::read_to_string("/proc/self/maps").map_err(StartError::Maps)?;
    memory::probe().map_err(StartError::Copy)?;
    bounds::learn_main(&text);
    let modules = read(&text, None);
    if modules.iter().all(|module| module.tables.is_none()) {
        return Err(StartError::NoUnwindData);
    }
    publish(Modules::new(modules));
    Ok(())
}

/// Reads again which code is loaded, if a walk came to code that is not known. To be called regularly, by a thread that
/// polls nothing; nearly free while there is nothing to do. Numbers of stacks stay good.
pub fn reload_if_needed() {
    if !UNKNOWN.load(Relaxed) {
        return;
    }
    let mut loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(known) = table() else { return };
    if loading.wait > 0 {
        loading.wait -= 1;
        return;
    }
    UNKNOWN.store(false, Relaxed);
    if COUNTERS.reloads.load(Relaxed) + 1 >= MAX_TABLES {
        count(&COUNTERS.dropped_reloads);
        return;
    }
    let Ok(text) = std::fs::read_to_string("/proc/self/maps") else {
        return;
    };
    let modules = read(&text, Some(known));
    let same = modules.len() == known.modules.len()
        && modules
            .iter()
            .all(|m| known.modules.iter().any(|k| std::ptr::eq(*k, *m)));
    if same {
        // Code without a file, such as a just-in-time compiler's, is found again and again.
        loading.fruitless = (loading.fruitless + 1).min(MAX_PATIENCE);
        loading.wait = (1 << loading.fruitless) - 1;
        return;
    }
    loading.fruitless = 0;
    publish(Modules::new(modules));
    COUNTERS.reloads.fetch_add(1, Relaxed);
}
