//! The thread that turns the record into news: visits the slots that were touched, tells the hub, passes raw events on.

mod cells;
mod shared;
mod sums;
mod translate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use taskscope_model::{Change, Stamp, Totals};
use taskscope_record::clock::Clock;
use taskscope_record::{self as record, Harvester, Role, ThreadTotals};

use self::shared::SharedNews;
use self::sums::Sums;
pub(crate) use self::translate::sketches;
use self::translate::{Found, Sites, raw_event};
use crate::facts::{Facts, Seen};
use crate::hub::Hub;
use crate::scope;
use crate::server::{EventHub, RawEvent};
use crate::trial;

/// Time between two rounds.
const ROUND: Duration = Duration::from_millis(50);
/// The same while tasks end in masses, whose slots wait to be used again, or somebody wants raw events, whose rings fill.
const SHORT_ROUND: Duration = Duration::from_millis(5);
/// Ends in one round that are masses.
const MANY_ENDS: u64 = 4096;
/// What a listed ended task takes, at least.
const ENDED_TASK_BYTES: u64 = 256;
/// Short-lived tasks are listed up to this share of the room for ended tasks in one round: to hand a task over costs its
/// thread and this one more than to count it.
const LISTED_PER_ROUND: u64 = 64;
/// Reports that are worked on under one hold of the hub's lock.
const SLICE: usize = 512;

/// Starts the thread. It ends with the process.
///
/// # Errors
///
/// The system has no thread to give, or there is a harvester in this process already.
pub(crate) fn start(
    clock: &'static Clock,
    hub: Arc<Hub>,
    events: Arc<EventHub>,
    facts: Arc<Facts>,
) -> std::io::Result<()> {
    let harvester = Harvester::take().ok_or_else(|| std::io::Error::other("it runs already"))?;
    let rounds = Rounds {
        clock,
        hub,
        events,
        facts,
        harvester,
        sites: Sites::default(),
        sums: Sums::default(),
        shared: SharedNews::default(),
        found: Vec::new(),
        raw: Vec::new(),
        listening: false,
        tried: false,
    };
    thread::Builder::new()
        .name("taskscope".to_owned())
        .spawn(move || rounds.run_guarded())
        .map(drop)
}

/// How many tasks each thread may hand over in a round that ended before they were seen, with this much room for them.
pub(crate) fn listings(room: u64) -> u32 {
    u32::try_from(room / ENDED_TASK_BYTES / LISTED_PER_ROUND).unwrap_or(u32::MAX)
}

struct Rounds {
    clock: &'static Clock,
    hub: Arc<Hub>,
    events: Arc<EventHub>,
    facts: Arc<Facts>,
    harvester: Harvester,
    sites: Sites,
    sums: Sums,
    shared: SharedNews,
    found: Vec<Found>,
    raw: Vec<RawEvent>,
    listening: bool,
    tried: bool,
}

impl Rounds {
    /// The app goes on whatever happens here, and viewers are told.
    fn run_guarded(self) {
        let facts = Arc::clone(&self.facts);
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            facts.problem(
                "the thread that collects has died, so the picture stands still: this is a bug of taskscope".to_owned(),
            );
        }
    }

    fn run(mut self) {
        record::set_role(Role::Ours);
        loop {
            let ends = self.sums.ended();
            self.round();
            let short = self.listening || self.sums.ended() - ends > MANY_ENDS;
            // Nobody waits for this thread, so it has nothing to be woken for.
            thread::sleep(if short { SHORT_ROUND } else { ROUND });
        }
    }

    fn round(&mut self) {
        self.try_out();
        scope::settle();
        self.pass_events_on();
        let now = self.clock.now();
        let stamp = Stamp(self.clock.stamp(now));
        let listings = listings(self.hub.room());
        let (found, clock, sites) = (&mut self.found, self.clock, &mut self.sites);
        self.harvester.harvest(listings, |report| {
            found.push(Found::new(report, clock, sites))
        });

        let (shared, clock) = (&mut self.shared, self.clock);
        self.harvester
            .harvest_shared(|news| shared.translate(news, clock));

        let mut changes = self.sites.news();
        for slice in self.found.chunks_mut(SLICE) {
            self.hub.look(|world| {
                for found in &mut *slice {
                    self.sums
                        .count(found, world.task(found.id).map(|task| &task.vitals));
                }
            });
        }
        changes.extend(self.found.drain(..).flat_map(Found::into_changes));
        let threads = self.harvester.thread_totals(now);
        changes.extend(self.shared.changes());
        if self.sums.unlisted_differ(&threads) {
            let (sites, sums, clock) = (&mut self.sites, &mut self.sums, self.clock);
            let mut past = Vec::new();
            self.harvester.unlisted(|site, unlisted| {
                past.extend(sums.unlisted(sites.number(site), &unlisted, clock))
            });
            // A site can be news here: none of its tasks was ever listed.
            changes.extend(self.sites.news());
            changes.extend(past);
        }
        let totals = self.sums.totals(&threads, self.clock);
        self.tell_facts(&totals, &threads);
        changes.push(Change::Totals(Box::new(totals)));
        changes.push(Change::Now(stamp));
        self.hub.apply(changes);
        self.hub.expire(stamp);
    }

    /// Once the instrument is installed, it tries out once what arrives.
    fn try_out(&mut self) {
        if !self.tried && self.facts.look_whether_installed() {
            self.tried = true;
            trial::start();
        }
    }

    fn pass_events_on(&mut self) {
        let wanted = self.events.listeners() > 0;
        if wanted != self.listening {
            record::listen(wanted);
            self.listening = wanted;
        }
        let up_to = Stamp(self.clock.stamp(self.clock.now()));
        let (raw, clock) = (&mut self.raw, self.clock);
        let lost = self
            .harvester
            .events(|thread, event| raw.extend(raw_event(thread, &event, clock)));
        if wanted {
            self.events.lost(lost);
            self.events.publish(raw, up_to);
        }
        raw.clear();
    }

    fn tell_facts(&self, totals: &Totals, threads: &ThreadTotals) {
        self.facts.set_seen(Seen {
            app: [
                totals.spawned,
                totals.polls,
                totals.wakes,
                threads.clones,
                self.shared.locks,
                self.shared.permits,
            ],
            trial: threads.trial,
        });
    }
}
