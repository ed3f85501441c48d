//! What tasks share, and what is wrong: what is new of it to one reader.
//!
//! The world's tables remember in which order their entries last changed, so a reader keeps one revision for each, up to
//! which it has been told. An entry that changed a thousand times since is told once, as it is now.

use std::sync::Arc;

use taskscope_model::{
    Finding, FindingId, LongPoll, News, Place, PlaceId, Resource, ResourceId, Revision, Stack,
    StackId, Table, Wait, WaitId, World,
};

use super::super::books::Books;

/// Findings told at once: their texts make them many times as large as the rest.
const MOST_FINDINGS: usize = 256;

/// News of what tasks share. Places come before what names them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedNews {
    /// Places that are new.
    pub(crate) places: Vec<(PlaceId, Place)>,
    /// Stacks whose frames are new.
    pub(crate) stacks: Vec<(StackId, Arc<Stack>)>,
    /// Long polls that were looked at.
    pub(crate) long_polls: Vec<LongPoll>,
    /// Resources that are new or changed.
    pub(crate) resources: Vec<Resource>,
    /// Resources that are no more. None of them is in `resources`, and likewise below.
    pub(crate) resources_gone: Vec<ResourceId>,
    /// Waits that are new or changed.
    pub(crate) waits: Vec<Wait>,
    /// Waits that are over.
    pub(crate) waits_over: Vec<WaitId>,
    /// Findings that are new or changed.
    pub(crate) findings: Vec<Finding>,
    /// Findings that are no longer kept.
    pub(crate) findings_gone: Vec<FindingId>,
}

/// How far a reader has been told of what tasks share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursors {
    // The world's revision when the reader began: of what was removed by then it has never heard.
    began: Revision,
    places: Revision,
    resources: Revision,
    waits: Revision,
    findings: Revision,
}

impl Cursors {
    /// For a reader that begins when the world has this revision.
    pub(super) fn new(began: Revision) -> Self {
        Self {
            began,
            ..Self::default()
        }
    }

    /// Whether it is no longer known of something that the reader was told of that it is no more.
    pub(super) fn are_behind(&self, world: &World, with_resources: bool) -> bool {
        let lost = |floor: Revision, told: Revision| floor > told.max(self.began);
        let resources = || {
            lost(world.resources().floor(), self.resources)
                || lost(world.waits().floor(), self.waits)
        };
        lost(world.findings().floor(), self.findings) || (with_resources && resources())
    }

    /// Tells the places, the stacks and the looks at long polls that are new.
    pub(super) fn read_places(&mut self, books: &Books, news: &mut SharedNews) {
        // Most of the time none is new, and none is looked at.
        if books.places_changed() > self.places {
            let places = books.world().places();
            news.places = places
                .filter(|(_, at, _)| *at > self.places)
                .map(|(id, _, place)| (id, place.clone()))
                .collect();
        }
        let stacks = books.world().stacks_after(self.places);
        news.stacks = stacks.map(|(id, stack)| (id, Arc::clone(stack))).collect();
        let polls = books.world().long_polls_after(self.places);
        news.long_polls = polls.cloned().collect();
        self.places = books.world().revision();
    }

    /// Tells up to `most` entries of each table; returns whether that is all there is to tell.
    pub(super) fn read(
        &mut self,
        world: &World,
        with_resources: bool,
        most: usize,
        news: &mut SharedNews,
    ) -> bool {
        let (began, now) = (self.began, world.revision());
        let mut all = true;
        if with_resources {
            all &= Reading {
                table: world.resources(),
                is: &mut news.resources,
                gone: &mut news.resources_gone,
            }
            .read(&mut self.resources, began, now, most);
            all &= Reading {
                table: world.waits(),
                is: &mut news.waits,
                gone: &mut news.waits_over,
            }
            .read(&mut self.waits, began, now, most);
        }
        all & Reading {
            table: world.findings(),
            is: &mut news.findings,
            gone: &mut news.findings_gone,
        }
        .read(&mut self.findings, began, now, most.min(MOST_FINDINGS))
    }
}

/// A table and where to put what is new in it.
struct Reading<'a, K, V> {
    table: &'a Table<K, V>,
    is: &'a mut Vec<V>,
    gone: &'a mut Vec<K>,
}

impl<K: Copy + Eq + std::hash::Hash, V: Clone> Reading<'_, K, V> {
    /// Moves the cursor on over up to `most` entries; returns whether nothing is left.
    fn read(self, cursor: &mut Revision, began: Revision, now: Revision, most: usize) -> bool {
        for (at, news) in self.table.since(*cursor) {
            if self.is.len() + self.gone.len() >= most {
                return false;
            }
            match news {
                News::Is(value) => self.is.push(value.clone()),
                News::Gone(id) if at > began => self.gone.push(id),
                News::Gone(_) => {}
            }
            *cursor = at;
        }
        *cursor = now;
        true
    }
}
