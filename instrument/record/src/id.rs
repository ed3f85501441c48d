//! Ids of the spans that belong to taskscope, told apart from the user's by two bits.
//!
//! `tracing_subscriber`'s `Registry` packs its ids from a sharded slab: bits 0..38 an address that never reaches 2^37,
//! bits 38..51 a thread index that stays under 4096, bits 51..64 a generation. So bits 37 and 50 are never both set in
//! an id of a `Registry`, and are always both set in ours. Other subscribers may number as they like: those of their ids
//! that look like ours are translated by the caller ([`alias`]).
//!
//! Ours: the two marks, an index in bits 0..28, a kind in bits 28..32, and a generation of 25 bits in the rest (bits
//! 38..50 and 51..64).

/// Both marks.
pub const MARK: u64 = 1 << 37 | 1 << 50;

/// Bits of a generation.
pub(crate) const GENERATION_BITS: u32 = 25;
pub(crate) const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;
const INDEX_BITS: u32 = 28;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

const TASK: u64 = 1;
const RESOURCE: u64 = 2;
const OP: u64 = 3;
const IGNORED_KIND: u64 = 4;
const ALIAS: u64 = 5;
const WORKER_KIND: u64 = 6;
const INNER_RESOURCE: u64 = 7;
const INNER_OP: u64 = 8;

/// The id of every span that is of no interest.
pub const IGNORED: u64 = make(IGNORED_KIND, 0, 0);
/// The id of the span in which a worker thread of a multi-threaded runtime spends its life.
pub const WORKER: u64 = make(WORKER_KIND, 0, 0);

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A span of the user's subscriber.
    Theirs,
    /// A task in a slot.
    Task,
    /// A resource in a slot.
    Resource,
    /// An operation on a resource, in a slot.
    Op,
    /// The semaphore within a lock, which is the lock itself: the slot is that of the lock.
    InnerResource,
    /// The operation on that semaphore within one on the lock: the slot is that of the outer one.
    InnerOp,
    /// [`IGNORED`], or a kind that does not exist.
    Ignored,
    /// Stands for an id of the user's subscriber that looks like ours.
    Alias,
    /// [`WORKER`].
    Worker,
}

/// What this id stands for.
#[inline(always)]
#[must_use]
pub fn kind(id: u64) -> Kind {
    if id & MARK != MARK {
        return Kind::Theirs;
    }
    match id >> INDEX_BITS & 0xf {
        TASK => Kind::Task,
        RESOURCE => Kind::Resource,
        OP => Kind::Op,
        INNER_RESOURCE => Kind::InnerResource,
        INNER_OP => Kind::InnerOp,
        ALIAS => Kind::Alias,
        WORKER_KIND => Kind::Worker,
        _ => Kind::Ignored,
    }
}

/// Whether this is the id of a task: `kind(id) == Kind::Task`, at a third of the cost, for the hot paths.
#[inline(always)]
#[must_use]
pub fn is_task(id: u64) -> bool {
    const BITS: u64 = MARK | 0xf << INDEX_BITS;
    id & BITS == MARK | TASK << INDEX_BITS
}

/// The id that stands for the `n`-th id of the user's subscriber that looks like ours. Distinct for 2^53 of them.
#[must_use]
pub fn alias(n: u64) -> u64 {
    make(
        ALIAS,
        (n & INDEX_MASK) as u32,
        (n >> INDEX_BITS) as u32 & GENERATION_MASK,
    )
}

pub(crate) const fn task(index: u32, generation: u32) -> u64 {
    make(TASK, index, generation)
}

pub(crate) const fn resource(index: u32, generation: u32) -> u64 {
    make(RESOURCE, index, generation)
}

pub(crate) const fn op(index: u32, generation: u32) -> u64 {
    make(OP, index, generation)
}

const KIND_BITS: u64 = 0xf << INDEX_BITS;

/// The id of the semaphore within a lock, or of the operation on it within one on the lock.
#[inline(always)]
pub(crate) const fn inner(id: u64) -> u64 {
    // Two kinds, told apart by one bit each.
    let kind = if id & KIND_BITS == RESOURCE << INDEX_BITS {
        INNER_RESOURCE
    } else {
        INNER_OP
    };
    id & !KIND_BITS | kind << INDEX_BITS
}

/// The id of the lock whose semaphore this is, or of the outer operation; others are their own.
#[inline(always)]
pub(crate) fn outer(id: u64) -> u64 {
    let kind = match id >> INDEX_BITS & 0xf {
        INNER_RESOURCE => RESOURCE,
        INNER_OP => OP,
        own => own,
    };
    id & !KIND_BITS | kind << INDEX_BITS
}

/// Whether this is the id of a resource, outer ones only.
#[inline(always)]
pub(crate) fn is_resource(id: u64) -> bool {
    id & (MARK | KIND_BITS) == MARK | RESOURCE << INDEX_BITS
}

/// Whether this is the id of an operation, outer ones only.
#[inline(always)]
pub(crate) fn is_op(id: u64) -> bool {
    id & (MARK | KIND_BITS) == MARK | OP << INDEX_BITS
}

#[inline(always)]
pub(crate) fn index(id: u64) -> u32 {
    (id & INDEX_MASK) as u32
}

#[inline(always)]
pub(crate) fn generation(id: u64) -> u32 {
    (id >> 38 & 0xfff) as u32 | ((id >> 51) as u32 & 0x1fff) << 12
}

const fn make(kind: u64, index: u32, generation: u32) -> u64 {
    let generation = generation as u64;
    MARK | kind << INDEX_BITS
        | index as u64 & INDEX_MASK
        | (generation & 0xfff) << 38
        | (generation >> 12 & 0x1fff) << 51
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_what_it_was_made_of() {
        for (i, g) in [
            (0, 0),
            (1, 1),
            ((1 << 28) - 1, GENERATION_MASK),
            (12_345, 0x155_5555),
            (7, 0xaaa_aaa),
        ] {
            let id = task(i, g);
            assert_eq!((index(id), generation(id), kind(id)), (i, g, Kind::Task));
            assert!(is_task(id));
        }
        assert_eq!(kind(IGNORED), Kind::Ignored);
        assert_eq!(kind(WORKER), Kind::Worker);
        assert_eq!(kind(alias(u64::MAX)), Kind::Alias);
        assert_eq!(kind(1), Kind::Theirs);
        assert!(![IGNORED, WORKER, alias(7), 1].into_iter().any(is_task));
    }

    #[test]
    fn an_inner_id_leads_to_the_outer_one() {
        for id in [resource(5, 77), op(9, GENERATION_MASK)] {
            assert_ne!(inner(id), id);
            assert_eq!((outer(inner(id)), outer(id)), (id, id));
            assert_eq!(
                (index(inner(id)), generation(inner(id))),
                (index(id), generation(id))
            );
        }
        assert_eq!(kind(inner(resource(1, 1))), Kind::InnerResource);
        assert_eq!(kind(inner(op(1, 1))), Kind::InnerOp);
        assert!(is_resource(resource(1, 1)) && !is_resource(inner(resource(1, 1))));
        assert!(is_op(op(1, 1)) && !is_op(resource(1, 1)));
    }

    #[test]
    fn no_id_of_a_registry_is_taken_for_ours() {
        // The largest parts that a Registry can have, and each alone.
        let (address, thread, generation) = ((1u64 << 37) - 32, 4095u64, (1u64 << 13) - 1);
        for (a, t, g) in [
            (address, thread, generation),
            (address, 0, 0),
            (0, thread, 0),
            (0, 0, generation),
        ] {
            assert_eq!(kind((a | t << 38 | g << 51) + 1), Kind::Theirs);
        }
    }
}
