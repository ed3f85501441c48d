//! News in messages of a bounded size.

use prost::Message;
use taskscope_proto::{MAX_MESSAGE_BYTES, v1};

use super::{shared, site, task, totals};
use crate::hub::Chunk;

/// A message is closed when it would become larger than this. Well under what the protocol allows: a viewer that does
/// not read makes the target hold a few messages, and one that does sees the first tasks sooner.
const FULL: usize = MAX_MESSAGE_BYTES / 4;

/// The bytes of an id.
const ID: usize = size_of::<u64>();

/// The most bytes that a number takes.
const NUMBER: usize = 10;

/// The messages that tell this, without their numbers. At least one.
///
/// Where there are several, the first says that it is a restart and the last that the picture is complete.
pub(crate) fn updates(chunk: &Chunk) -> Vec<v1::WatchUpdate> {
    let mut pack = Pack::new(chunk);
    for (id, told) in &chunk.sites {
        let message = site(*id, told);
        pack.room_for(nested(&message)).sites.push(message);
    }
    let news = &chunk.shared;
    for (id, told) in &news.places {
        let message = shared::place(*id, told);
        pack.room_for(nested(&message)).places.push(message);
    }
    for (id, told) in &news.stacks {
        let message = shared::stack(*id, told);
        pack.room_for(1 + nested(&message)).stacks.push(message);
    }
    for told in &news.long_polls {
        let message = shared::long_poll(told);
        pack.room_for(1 + nested(&message)).long_polls.push(message);
    }
    for id in &chunk.gone {
        pack.room_for(ID).gone.push(id.number());
    }
    for id in &news.resources_gone {
        pack.room_for(ID).resources_gone.push(id.number());
    }
    for id in &news.waits_over {
        pack.room_for(ID).waits_over.push(id.number());
    }
    for id in &news.findings_gone {
        pack.room_for(NUMBER).findings_gone.push(id.number());
    }
    for told in &news.resources {
        let message = shared::resource(told);
        pack.room_for(nested(&message)).resources.push(message);
    }
    for told in &news.waits {
        let message = shared::wait(told);
        pack.room_for(nested(&message)).waits.push(message);
    }
    for told in &chunk.tasks {
        let message = task(told);
        pack.room_for(nested(&message)).tasks.push(message);
    }
    for told in &news.findings {
        let message = shared::finding(told);
        pack.room_for(nested(&message)).findings.push(message);
    }
    pack.open.complete = chunk.complete;
    pack.full.push(pack.open);
    pack.full
}

struct Pack {
    full: Vec<v1::WatchUpdate>,
    open: v1::WatchUpdate,
    bytes: usize,
    next: v1::WatchUpdate,
}

impl Pack {
    fn new(chunk: &Chunk) -> Self {
        let next = v1::WatchUpdate {
            now_ns: chunk.now.0,
            ..v1::WatchUpdate::default()
        };
        let open = v1::WatchUpdate {
            restart: chunk.restart,
            totals: chunk.totals.as_ref().map(totals),
            ..next.clone()
        };
        let bytes = head(&open);
        Self {
            full: Vec::new(),
            open,
            bytes,
            next,
        }
    }

    /// The message to which `bytes` more are to be added.
    fn room_for(&mut self, bytes: usize) -> &mut v1::WatchUpdate {
        if self.bytes + bytes > FULL {
            self.full
                .push(std::mem::replace(&mut self.open, self.next.clone()));
            self.bytes = head(&self.open);
        }
        self.bytes += bytes;
        &mut self.open
    }
}

/// The bytes of a message that has no lists yet: with the number that it is to get, the flag that may be set and the
/// heads of the packed lists.
fn head(message: &v1::WatchUpdate) -> usize {
    const SEQUENCE: usize = 1 + NUMBER;
    const FLAG: usize = 2;
    const LIST: usize = 1 + 4;
    message.encoded_len() + SEQUENCE + FLAG + 4 * LIST
}

/// The bytes that a message takes within another one, under a field number below 16.
fn nested(message: &impl Message) -> usize {
    let bytes = message.encoded_len();
    1 + prost::length_delimiter_len(bytes) + bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use taskscope_model::{
        Birth, Finding, FindingId, Hold, Holder, Mode, Origin, Place, PlaceId, Resource,
        ResourceId, ResourceKind, Role, Site, SiteId, Stamp, Subject, TaskId, Tier, Totals, Usage,
        Vitals, WaitId,
    };

    use super::*;
    use crate::hub::{SharedNews, Told};

    fn told(number: u64, name: &str) -> Told {
        let birth = Birth {
            tokio_id: None,
            parent: TaskId::new(u64::MAX),
            name: Some(Arc::from(name)),
            site: SiteId(0),
            created: Stamp(u64::MAX),
        };
        Told {
            id: TaskId::new(number).expect("not 0"),
            birth: Some(birth),
            vitals: Vitals::at_birth(Stamp(u64::MAX)),
            sketches: None,
        }
    }

    #[test]
    fn large_news_is_told_in_order_in_messages_that_are_full_but_not_overfull() {
        let name = "n".repeat(5000);
        let chunk = Chunk {
            restart: true,
            complete: true,
            sites: (0..200)
                .map(|n| {
                    (
                        SiteId(n),
                        Site {
                            file: name.as_str().into(),
                            ..Site::default()
                        },
                    )
                })
                .collect(),
            tasks: (1..=1000).map(|n| told(n, &name)).collect(),
            gone: (1..=200_000).filter_map(TaskId::new).collect(),
            totals: Some(Totals {
                spawned: u64::MAX,
                ..Totals::default()
            }),
            ..Chunk::default()
        };
        let mut messages = updates(&chunk);
        messages
            .iter_mut()
            .for_each(|message| message.sequence = u64::MAX);
        let (last, others) = messages.split_last().expect("messages");
        assert!(
            others
                .iter()
                .all(|m| (FULL - 5000..=FULL).contains(&m.encoded_len()))
        );
        assert!(last.encoded_len() <= FULL);
        let flags: Vec<_> = messages
            .iter()
            .map(|m| (m.restart, m.complete, m.totals.is_some()))
            .collect();
        assert_eq!(flags.first(), Some(&(true, false, true)));
        assert_eq!(flags.last(), Some(&(false, true, false)));
        assert!(
            flags[1..flags.len() - 1]
                .iter()
                .all(|flags| *flags == (false, false, false))
        );
        let sites: Vec<_> = messages
            .iter()
            .flat_map(|m| m.sites.iter().map(|s| s.id))
            .collect();
        assert_eq!(sites, (0..200).collect::<Vec<_>>());
        let tasks: Vec<_> = messages
            .iter()
            .flat_map(|m| m.tasks.iter().map(|t| t.id))
            .collect();
        assert_eq!(tasks, (1..=1000).collect::<Vec<_>>());
        assert_eq!(
            messages.iter().map(|m| m.gone.len()).sum::<usize>(),
            200_000
        );
    }

    #[test]
    fn what_tasks_share_fits_into_messages_too() {
        let id = |n: u64| u64::MAX - n;
        let hold = Hold {
            holder: Holder::NoTask,
            mode: Mode::Shared,
            permits: u64::MAX,
            since: Stamp(u64::MAX),
            awaits: u8::MAX,
            stack: None,
        };
        let resource = |n| Resource {
            id: ResourceId::new(id(n)).expect("not 0"),
            origin: Origin {
                kind: ResourceKind::RwLock,
                place: PlaceId(u32::MAX),
                created: Stamp(u64::MAX),
                creator: TaskId::new(u64::MAX),
            },
            usage: Usage {
                holds: vec![hold; 100],
                free: Some(u64::MAX),
                ..Usage::default()
            },
        };
        let text: Arc<str> = "t".repeat(10_000).into();
        let finding = |n| Finding {
            id: FindingId::new(id(n)).expect("not 0"),
            rule: Arc::clone(&text),
            tier: Tier::Proven,
            subjects: vec![Role::Blocker.of(Subject::Site(SiteId(u32::MAX))); 100],
            since: Stamp(u64::MAX),
            cleared: Some(Stamp(u64::MAX)),
            summary: Arc::clone(&text),
            evidence: vec![Arc::clone(&text); 100],
            advice: Arc::clone(&text),
        };
        let chunk = Chunk {
            shared: SharedNews {
                places: vec![(PlaceId(u32::MAX), Place::default()); 10_000],
                resources: (0..5000).map(resource).collect(),
                resources_gone: (0..100_000).map(id).filter_map(ResourceId::new).collect(),
                waits_over: (0..100_000).map(id).filter_map(WaitId::new).collect(),
                findings_gone: (0..100_000).map(id).filter_map(FindingId::new).collect(),
                findings: (0..20).map(finding).collect(),
                ..SharedNews::default()
            },
            ..Chunk::default()
        };
        let mut messages = updates(&chunk);
        messages
            .iter_mut()
            .for_each(|message| message.sequence = u64::MAX);
        assert!(messages.iter().all(|m| m.encoded_len() <= FULL));
        assert!(messages.len() > 20);
        let all = |count: fn(&v1::WatchUpdate) -> usize| messages.iter().map(count).sum::<usize>();
        assert_eq!(all(|m| m.places.len()), 10_000);
        assert_eq!(all(|m| m.resources_gone.len()), 100_000);
        assert_eq!(all(|m| m.waits_over.len()), 100_000);
        assert_eq!(all(|m| m.findings_gone.len()), 100_000);
        assert_eq!(
            (all(|m| m.resources.len()), all(|m| m.findings.len())),
            (5000, 20)
        );
        // What is not listed is counted.
        let usage = messages.iter().flat_map(|m| &m.resources).next();
        let usage = usage.and_then(|resource| resource.usage.as_ref());
        assert_eq!(
            usage.map(|u| (u.holds.len(), u.unlisted)),
            Some((64, u64::MAX))
        );
    }

    #[test]
    fn no_news_is_one_message() {
        assert_eq!(updates(&Chunk::default()), [v1::WatchUpdate::default()]);
    }
}
