//! The thread that looks for what is wrong: runs the rules over the world, and puts what they find into it.
//!
//! It is a thread of its own, so that rules that take long keep neither the harvester nor the server from their work for
//! longer than one look. Viewers are told of findings as of everything else in the world; the app is told by another
//! thread ([`telling`]), since what the app does with a finding can take as long as it likes.

mod telling;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use taskscope_model::{Change, Finding, FindingId, Stamp, World};
use taskscope_record::clock::Clock;
use taskscope_record::{self as record, Role};

use self::telling::Teller;
pub(crate) use self::telling::{OnFinding, Telling};
use crate::facts::Facts;
use crate::hub::Hub;

/// Time between two looks, at least: a finding that takes two of them to be sure of is there within a second or so.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The same, at most.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// A pause is this many times as long as the look before it: looking takes 2 % of a core at most.
const REST: u32 = 49;

/// All rules: given the world, what they find that they had not found before, or found otherwise. Keeps in mind what it
/// saw before.
pub(crate) type Rules = Box<dyn FnMut(&World) -> Vec<Change> + Send>;

/// Starts the thread. It ends with the process.
///
/// # Errors
///
/// The system has no thread to give.
pub(crate) fn start(
    clock: &'static Clock,
    hub: Arc<Hub>,
    facts: Arc<Facts>,
    rules: Rules,
    telling: Telling,
) -> io::Result<()> {
    let teller = telling.start(&facts)?;
    let judge = Judge {
        clock,
        hub,
        facts,
        rules,
        teller,
    };
    thread::Builder::new()
        .name("taskscope-judge".to_owned())
        .spawn(move || judge.run_guarded())
        .map(drop)
}

struct Judge {
    clock: &'static Clock,
    hub: Arc<Hub>,
    facts: Arc<Facts>,
    rules: Rules,
    teller: Option<Teller>,
}

impl Judge {
    /// The app goes on whatever happens here, and viewers are told.
    fn run_guarded(self) {
        let facts = Arc::clone(&self.facts);
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            facts.problem(
                "the thread that looks for what is wrong has died, so nothing new is found: this is a bug of taskscope"
                    .to_owned(),
            );
        }
    }

    fn run(mut self) {
        record::set_role(Role::Ours);
        loop {
            let took = self.round();
            // Nobody waits for this thread, so it has nothing to be woken for.
            thread::sleep(pause_after(took));
        }
    }

    /// Looks once. Returns how long that took.
    fn round(&mut self) -> Duration {
        let (clock, rules) = (self.clock, &mut self.rules);
        let now = || Stamp(clock.stamp(clock.now()));
        let (changes, new, took) = self.hub.look_at_whole(|world| {
            let began = now();
            let changes = rules(world);
            let new = new_findings(world, &changes);
            (changes, new, began.until(now()))
        });
        self.hub.apply(changes);
        if let Some(teller) = &mut self.teller {
            new.into_values().for_each(|finding| teller.tell(finding));
        }
        took.to_duration()
    }
}

/// The findings of which this world knows nothing yet, as they are last told.
fn new_findings(world: &World, changes: &[Change]) -> BTreeMap<FindingId, Finding> {
    let told = changes.iter().filter_map(|change| match change {
        Change::Finding(finding) => Some(&**finding),
        _ => None,
    });
    told.filter(|finding| world.findings().get(finding.id).is_none())
        .map(|finding| (finding.id, finding.clone()))
        .collect()
}

/// The pause after a look that took this long.
fn pause_after(took: Duration) -> Duration {
    took.saturating_mul(REST)
        .clamp(LOOK_EVERY, LOOK_AT_LEAST_EVERY)
}
