//! One resource that is looked at.

use taskscope_model::{Resource, ResourceId, Stamp, Wait, World};

use super::walk::Walk;

/// Waits that are listed.
pub(super) const QUEUE: usize = 200;

/// A resource that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// Which.
    pub(super) id: ResourceId,
    /// How it was when it was last heard of; what is left once the target no longer keeps it.
    last: Option<Resource>,
    /// Who waits for it, in the order of service, at most [`QUEUE`].
    pub(super) queue: Vec<Wait>,
    /// How many wait for it.
    pub(super) waiting: usize,
    /// Since when the one does that has waited longest.
    pub(super) oldest: Option<Stamp>,
    /// Where one is on the screen.
    pub(super) walk: Walk,
}

impl Thing {
    pub(super) fn new(id: ResourceId, world: &World) -> Self {
        let mut thing = Self {
            id,
            last: None,
            queue: Vec::new(),
            waiting: 0,
            oldest: None,
            walk: Walk::default(),
        };
        thing.refresh(world);
        thing
    }

    /// The resource as it is in this world, or as it was last.
    pub(super) fn resource<'a>(&'a self, world: &'a World) -> Option<&'a Resource> {
        world.resource(self.id).or(self.last.as_ref())
    }

    /// Looks anew at who waits for it. Goes through all of them.
    pub(super) fn refresh(&mut self, world: &World) {
        if let Some(resource) = world.resource(self.id) {
            self.last = Some(resource.clone());
        }
        self.queue.clear();
        (self.waiting, self.oldest) = (0, None);
        for wait in world.queue(self.id) {
            if self.queue.len() < QUEUE {
                self.queue.push(*wait);
            }
            self.waiting += 1;
            self.oldest = Some(self.oldest.map_or(wait.since, |at| at.min(wait.since)));
        }
    }
}
