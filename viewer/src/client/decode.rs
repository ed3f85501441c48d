//! What a target's updates mean: generated types in, [`Change`]s out, every field within bounds.
//!
//! A target is not trusted, and may be of a later version. Text is cut, lists end, values of enums that are not known
//! become the unknown one where there is one and are left out where there is none. Counters are taken as they are: the
//! model's sums saturate. What contradicts the order of a stream is a [`Violation`].

mod listed;
mod names;
mod shared;
mod values;

use std::collections::BTreeMap;

use taskscope_model::{
    Change, FindingId, PlaceId, ResourceId, Site, SiteId, Stamp, TaskId, Totals, Vitals, WaitId,
};
use taskscope_proto::v1;

use listed::Listed;
use names::Names;
pub(super) use names::cut;

/// Spawn sites with larger numbers are left out: their tasks have no place.
const MAX_SITES: u32 = 1 << 16;

/// Places with larger numbers are left out: what was made there has no place.
const MAX_PLACES: u32 = 1 << 16;

/// More tasks than any target keeps.
const MAX_TASKS: u64 = 1 << 24;

/// What one update of a stream tells.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Forget all that was told before: a new picture begins here.
    pub restart: bool,
    /// With this, everything there was at the time has been told.
    pub complete: bool,
    /// The news itself.
    pub changes: Vec<Change>,
}

/// A target said what can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An update is missing, or came twice.
    #[error("update {got} came where update {expected} was due")]
    Gap {
        /// The number that was due.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// More tasks than there can be.
    #[error("it tells of more than {MAX_TASKS} tasks at once")]
    TooManyTasks,
    /// More of something else than there can be.
    #[error("it tells of more than {most} {what} at once")]
    TooMany {
        /// Of what: "resources", "waits" or "findings".
        what: &'static str,
        /// More than this many.
        most: usize,
    },
}

/// Turns the updates of one stream into changes.
#[derive(Debug, Default)]
pub struct Decoder {
    sequence: u64,
    // Tasks.
    listed: u64,
    shared: Listed,
    names: Names,
    // A picture that begins anew in mid-stream may leave out totals and sites that are as before.
    sites: BTreeMap<u32, Site>,
    totals: Option<Box<Totals>>,
}

impl Decoder {
    /// A decoder for a stream that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next update of the stream.
    ///
    /// # Errors
    ///
    /// Where it is not the next one, or tells of impossibly many things. The stream is of no use then.
    pub fn take(&mut self, update: v1::WatchUpdate) -> Result<News, Violation> {
        let expected = self.sequence.saturating_add(1);
        if update.sequence != expected {
            return Err(Violation::Gap {
                expected,
                got: update.sequence,
            });
        }
        self.sequence = expected;
        let restart = update.restart || expected == 1;
        let mut changes = Vec::with_capacity(entries(&update) + 2);
        changes.push(Change::Now(Stamp(update.now_ns)));
        if restart {
            (self.listed, self.shared) = (0, Listed::default());
            self.tell_again(&mut changes);
        }
        for site in update.sites {
            changes.extend(self.site(site));
        }
        for place in update.places {
            changes.extend(self.place(place));
        }
        for stack in update.stacks {
            let told = shared::stack(stack, &mut self.names);
            changes.extend(told.map(|(id, stack)| Change::Stack(id, stack)));
        }
        for poll in update.long_polls {
            let told = shared::long_poll(poll, &mut self.names);
            changes.extend(told.map(|poll| Change::LongPoll(Box::new(poll))));
        }
        self.gone(&update.gone, &mut changes);
        self.shared_gone(
            &update.resources_gone,
            &update.waits_over,
            &update.findings_gone,
            &mut changes,
        );
        for resource in update.resources.into_iter().filter_map(shared::resource) {
            let number = resource.id.number();
            self.shared.resources.put(number, "resources")?;
            changes.push(Change::Resource(Box::new(resource)));
        }
        for wait in update.waits.iter().filter_map(shared::wait) {
            self.shared.waits.put(wait.id.number(), "waits")?;
            changes.push(Change::Wait(wait));
        }
        for task in update.tasks {
            self.task(task, &mut changes);
        }
        if self.listed > MAX_TASKS {
            return Err(Violation::TooManyTasks);
        }
        for finding in update.findings {
            if let Some(finding) = shared::finding(finding, &mut self.names) {
                let number = finding.id.number();
                self.shared.findings.put(number, "findings")?;
                changes.push(Change::Finding(Box::new(finding)));
            }
        }
        if let Some(totals) = update.totals {
            let totals = Box::new(values::totals(&totals));
            self.totals = Some(totals.clone());
            changes.push(Change::Totals(totals));
        }
        Ok(News {
            restart,
            complete: update.complete,
            changes,
        })
    }

    fn tell_again(&self, changes: &mut Vec<Change>) {
        changes.extend(
            self.sites
                .iter()
                .map(|(id, site)| Change::Site(SiteId(*id), Box::new(site.clone()))),
        );
        changes.extend(self.totals.clone().map(Change::Totals));
    }

    fn site(&mut self, site: v1::Site) -> Option<Change> {
        let number = site.id;
        if number >= MAX_SITES {
            return None;
        }
        let id = SiteId(number);
        let past = values::tally(&site.past.unwrap_or_default());
        if let Some(known) = self.sites.get_mut(&number)
            && values::same_place(known, &site)
        {
            known.past = past;
            return Some(Change::Past(id, past));
        }
        let site = values::site(site, past, &mut self.names);
        self.sites.insert(number, site.clone());
        Some(Change::Site(id, Box::new(site)))
    }

    fn place(&mut self, place: v1::Place) -> Option<Change> {
        let id = PlaceId(place.id);
        let known = place.id < MAX_PLACES;
        known.then(|| Change::Place(id, shared::place(place, &mut self.names)))
    }

    fn gone(&mut self, tasks: &[u64], changes: &mut Vec<Change>) {
        self.listed = self.listed.saturating_sub(tasks.len() as u64);
        let tasks = tasks.iter().copied().filter_map(TaskId::new);
        changes.extend(tasks.map(Change::Gone));
    }

    fn shared_gone(
        &mut self,
        resources: &[u64],
        waits: &[u64],
        findings: &[u64],
        changes: &mut Vec<Change>,
    ) {
        for id in resources.iter().copied().filter_map(ResourceId::new) {
            self.shared.resources.remove(id.number());
            changes.push(Change::ResourceGone(id));
        }
        for id in waits.iter().copied().filter_map(WaitId::new) {
            self.shared.waits.remove(id.number());
            changes.push(Change::WaitOver(id));
        }
        for id in findings.iter().copied().filter_map(FindingId::new) {
            self.shared.findings.remove(id.number());
            changes.push(Change::FindingGone(id));
        }
    }

    fn task(&mut self, task: v1::Task, changes: &mut Vec<Change>) {
        let Some(id) = TaskId::new(task.id) else {
            return;
        };
        let vitals = task.vitals.as_ref().and_then(values::vitals);
        if let Some(birth) = task.birth {
            let birth = values::birth(birth, &mut self.names);
            let vitals = vitals.unwrap_or_else(|| Vitals::at_birth(birth.created));
            changes.push(Change::Born(id, Box::new(birth), vitals));
            self.listed += 1;
        } else if let Some(vitals) = vitals {
            changes.push(Change::Lived(id, vitals));
        }
        if let Some(sketches) = task.sketches {
            changes.push(Change::Sketched(id, Box::new(values::sketches(&sketches))));
        }
    }
}

/// About how many changes an update makes.
fn entries(update: &v1::WatchUpdate) -> usize {
    update.sites.len()
        + update.places.len()
        + update.stacks.len()
        + update.long_polls.len()
        + update.gone.len()
        + update.resources_gone.len()
        + update.waits_over.len()
        + update.findings_gone.len()
        + update.resources.len()
        + update.waits.len()
        + update.tasks.len()
        + update.findings.len()
}

#[cfg(test)]
mod tests {
    use taskscope_model::World;

    use super::*;

    fn update(sequence: u64) -> v1::WatchUpdate {
        v1::WatchUpdate {
            sequence,
            ..Default::default()
        }
    }

    fn born(id: u64) -> v1::Task {
        v1::Task {
            id,
            birth: Some(v1::Birth::default()),
            ..Default::default()
        }
    }

    #[test]
    fn a_gap_is_told() {
        let mut decoder = Decoder::new();
        assert!(decoder.take(update(1)).is_ok());
        assert_eq!(
            decoder.take(update(3)).err(),
            Some(Violation::Gap {
                expected: 2,
                got: 3
            })
        );
        assert_eq!(
            Decoder::new().take(update(0)).err(),
            Some(Violation::Gap {
                expected: 1,
                got: 0
            })
        );
    }

    #[test]
    fn a_stream_begins_with_a_new_picture() {
        let mut decoder = Decoder::new();
        assert!(decoder.take(update(1)).expect("the first").restart);
        assert!(!decoder.take(update(2)).expect("the second").restart);
    }

    #[test]
    fn places_and_totals_outlive_a_picture_that_begins_anew() {
        let mut decoder = Decoder::new();
        let site = v1::Site {
            id: 0,
            file: "a.rs".into(),
            line: 3,
            ..Default::default()
        };
        let totals = v1::Totals {
            spawned: 7,
            ..Default::default()
        };
        let first = v1::WatchUpdate {
            sites: vec![site.clone()],
            totals: Some(totals),
            ..update(1)
        };
        decoder.take(first).expect("the first");
        let past = v1::Tally {
            done: 4,
            ..Default::default()
        };
        let second = v1::WatchUpdate {
            sites: vec![v1::Site {
                past: Some(past),
                ..site
            }],
            ..update(2)
        };
        let news = decoder.take(second).expect("the second");
        assert!(
            news.changes
                .iter()
                .any(|change| matches!(change, Change::Past(SiteId(0), _)))
        );
        let news = decoder
            .take(v1::WatchUpdate {
                restart: true,
                ..update(3)
            })
            .expect("the third");
        let mut world = World::new();
        news.changes
            .into_iter()
            .for_each(|change| world.apply(change));
        let site = world.site(SiteId(0)).expect("the site");
        assert_eq!(
            (
                &*site.file,
                site.line,
                site.past.done,
                world.totals().spawned
            ),
            ("a.rs", 3, 4, 7)
        );
    }

    #[test]
    fn sites_out_of_bounds_are_left_out() {
        let site = v1::Site {
            id: u32::MAX,
            file: "a.rs".into(),
            ..Default::default()
        };
        let news = Decoder::new()
            .take(v1::WatchUpdate {
                sites: vec![site],
                ..update(1)
            })
            .expect("an update");
        assert!(matches!(news.changes[..], [Change::Now(_)]));
    }

    #[test]
    fn tasks_without_end_are_refused() {
        let mut decoder = Decoder {
            listed: MAX_TASKS - 1,
            sequence: 1,
            ..Default::default()
        };
        assert!(
            decoder
                .take(v1::WatchUpdate {
                    tasks: vec![born(1)],
                    ..update(2)
                })
                .is_ok()
        );
        let over = decoder.take(v1::WatchUpdate {
            tasks: vec![born(2)],
            ..update(3)
        });
        assert_eq!(over.err(), Some(Violation::TooManyTasks));
    }
}
