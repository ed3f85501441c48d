//! Laws of what tasks share: whatever is applied and read in whatever order, readers end up with what there is.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use taskscope_model::query::Filter;
use taskscope_model::{
    Change, Concern, Finding, FindingId, Hold, Holder, Mode, Nanos, Origin, Place, PlaceId,
    Resource, ResourceId, ResourceKind, Role, RuntimeId, SiteId, Stamp, Subject, Sureness, Table,
    TaskId, Tier, Usage, Wait, WaitId, World,
};

use super::super::books::Books;
use super::super::{Hub, Reader, Retention, SharedNews, Sketching};
use super::{Client, replay as replay_chunk};

/// The client's side: what a viewer does with this part of a chunk.
pub(super) fn replay(world: &mut World, news: SharedNews) {
    let places = news.places.into_iter();
    places.for_each(|(id, place)| world.apply(Change::Place(id, place)));
    let gone = news.resources_gone.into_iter();
    gone.for_each(|id| world.apply(Change::ResourceGone(id)));
    let over = news.waits_over.into_iter();
    over.for_each(|id| world.apply(Change::WaitOver(id)));
    let gone = news.findings_gone.into_iter();
    gone.for_each(|id| world.apply(Change::FindingGone(id)));
    let resources = news.resources.into_iter();
    resources.for_each(|one| world.apply(Change::Resource(Box::new(one))));
    let waits = news.waits.into_iter();
    waits.for_each(|wait| world.apply(Change::Wait(wait)));
    let findings = news.findings.into_iter();
    findings.for_each(|one| world.apply(Change::Finding(Box::new(one))));
}

/// Asserts that both worlds know the same of what tasks share.
#[track_caller]
pub(crate) fn assert_equal(told: &World, truth: &World) {
    assert_eq!(resources(told), resources(truth));
    assert_eq!(waits(told), waits(truth));
    assert_findings_equal(told, truth);
}

#[track_caller]
fn assert_findings_equal(told: &World, truth: &World) {
    let places = |world: &World| -> Vec<_> { world.places().map(|p| p.2.clone()).collect() };
    assert_eq!(places(told), places(truth));
    let findings = |world: &World| sorted(world.findings(), |finding| finding.id);
    assert_eq!(findings(told), findings(truth));
}

fn resources(world: &World) -> Vec<Resource> {
    sorted(world.resources(), |resource| resource.id)
}

fn waits(world: &World) -> Vec<Wait> {
    sorted(world.waits(), |wait| wait.id)
}

fn sorted<K, V: Clone, B: Ord>(table: &Table<K, V>, by: impl Fn(&V) -> B) -> Vec<V>
where
    K: Copy + Eq + std::hash::Hash,
{
    let mut values: Vec<V> = table.iter().cloned().collect();
    values.sort_by_key(by);
    values
}

fn task() -> impl Strategy<Value = TaskId> {
    number().prop_filter_map("no id", TaskId::new)
}

/// Ids that are likely to meet each other.
fn few() -> impl Strategy<Value = u64> {
    1..12_u64
}

/// Numbers that are likely to meet each other, and the ends of what there is.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..6_u64, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn nanos() -> impl Strategy<Value = Nanos> {
    number().prop_map(Nanos)
}

fn stamp() -> impl Strategy<Value = Stamp> {
    number().prop_map(Stamp)
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Exclusive, Mode::Shared, Mode::Permits])
}

fn place_id() -> impl Strategy<Value = PlaceId> {
    (0..8_u32).prop_map(PlaceId)
}

prop_compose! {
    fn hold()(
        holder in option::of(task()), mode in mode(), permits in number(), since in stamp(), awaits in any::<u8>(),
    ) -> Hold {
        Hold { holder: holder.map_or(Holder::NoTask, Holder::Task), mode, permits, since, awaits, stack: None }
    }
}

prop_compose! {
    fn usage()(
        holds in vec(hold(), 0..9), unlisted in number(), free in option::of(number()), acquired in number(),
        sureness in prop::sample::select(vec![Sureness::Exact, Sureness::Moved, Sureness::Partial]),
        (waits, abandoned, across_awaits, cancelled) in (number(), number(), number(), number()),
        (waited, longest_wait, longest_hold) in (nanos(), nanos(), nanos()), last_cancelled in option::of(task()),
        receiver in option::of(task()),
    ) -> Usage {
        Usage {
            holds, unlisted, sureness, free, acquired, waits, abandoned, waited, longest_wait, longest_hold,
            across_awaits, cancelled, last_cancelled, receiver,
        }
    }
}

prop_compose! {
    fn resource()(
        id in few(), kind in prop::sample::select(ResourceKind::ALL.to_vec()), place in place_id(), created in stamp(),
        creator in option::of(task()), usage in usage(),
    ) -> Resource {
        let id = ResourceId::new(id).expect("not 0");
        Resource { id, origin: Origin { kind, place, created, creator }, usage }
    }
}

prop_compose! {
    fn wait()(
        id in few(), resource in few(), task in option::of(task()), mode in mode(), permits in number(),
        (since, polled) in (stamp(), stamp()), order in number(), granted in option::of(stamp()), timed in any::<bool>(),
    ) -> Wait {
        let (id, resource) = (WaitId::new(id).expect("not 0"), ResourceId::new(resource).expect("not 0"));
        Wait { id, resource, task, mode, permits, since, polled, order, granted, timed, stack: None }
    }
}

fn concern() -> impl Strategy<Value = Concern> {
    let role = option::of(proptest::sample::select(Role::ALL.to_vec()));
    (subject(), role).prop_map(|(subject, role)| Concern { subject, role })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        task().prop_map(Subject::Task),
        few().prop_map(|id| Subject::Resource(ResourceId::new(id).expect("not 0"))),
        any::<u32>().prop_map(|id| Subject::Site(SiteId(id))),
        place_id().prop_map(Subject::Place),
        any::<std::num::NonZeroU16>().prop_map(|id| Subject::Runtime(RuntimeId(id))),
    ]
}

prop_compose! {
    fn finding()(
        id in few(), rule in "[a-z-]{1,12}", tier in prop::sample::select(Tier::ALL.to_vec()),
        subjects in vec(concern(), 0..17), since in stamp(), cleared in option::of(stamp()), summary in ".{0,30}",
        evidence in vec(".{0,20}", 0..5), advice in ".{0,30}",
    ) -> Finding {
        Finding {
            id: FindingId::new(id).expect("not 0"),
            rule: rule.into(),
            tier,
            subjects,
            since,
            cleared,
            summary: summary.into(),
            evidence: evidence.into_iter().map(Into::into).collect(),
            advice: advice.into(),
        }
    }
}

/// Any news of what tasks share.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => (place_id(), "[a-c/.]{0,5}", any::<u32>(), any::<u32>()).prop_map(|(id, file, line, column)| {
            Change::Place(id, Place { file: file.into(), line, column })
        }),
        3 => resource().prop_map(|one| Change::Resource(Box::new(one))),
        1 => few().prop_map(|id| Change::ResourceGone(ResourceId::new(id).expect("not 0"))),
        3 => wait().prop_map(Change::Wait),
        1 => few().prop_map(|id| Change::WaitOver(WaitId::new(id).expect("not 0"))),
        2 => finding().prop_map(|one| Change::Finding(Box::new(one))),
        1 => few().prop_map(|id| Change::FindingGone(FindingId::new(id).expect("not 0"))),
    ]
}

#[derive(Clone, Debug)]
enum Op {
    Apply(Vec<Change>),
    Read(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        vec(change(), 1..20).prop_map(Op::Apply),
        any::<u8>().prop_map(Op::Read)
    ]
}

/// A client of these tasks alone, and what concerns them.
struct Follower {
    reader: Reader,
    world: World,
}

impl Follower {
    fn new() -> Self {
        let tasks = [1, 2].map(super::id).into();
        Self {
            reader: Hub::reader_of(tasks, Filter::default(), Sketching::None),
            world: World::new(),
        }
    }

    fn read(&mut self, books: &Books) {
        replay_chunk(&mut self.world, self.reader.read(books));
    }

    fn assert_equal(&self, truth: &World) {
        let named = [1, 2].map(super::id);
        let waits_of = |wait: &Wait| wait.task.is_some_and(|task| named.contains(&task));
        let mut expected = waits(truth);
        expected.retain(waits_of);
        assert_eq!(waits(&self.world), expected);
        let awaited: Vec<_> = expected.iter().map(|wait| wait.resource).collect();
        let mut expected = resources(truth);
        let held = |id| truth.held_by(id).map(|resource| resource.id);
        let held: Vec<_> = named.into_iter().flat_map(held).collect();
        expected.retain(|one| awaited.contains(&one.id) || held.contains(&one.id));
        assert_eq!(resources(&self.world), expected);
        let about = |finding: &Finding| {
            let named =
                |about: &Concern| named.iter().any(|id| about.subject == Subject::Task(*id));
            finding.subjects.iter().any(named)
        };
        let mut expected = sorted(truth.findings(), |finding| finding.id);
        expected.retain(about);
        assert_eq!(sorted(self.world.findings(), |one| one.id), expected);
    }
}

proptest! {
    #[test]
    fn readers_end_up_with_what_there_is(ops in vec(op(), 1..60)) {
        let mut books = Books::new(Retention::default());
        let mut clients = ["", "state:idle"].map(Client::new);
        let mut bare = Client::new("");
        bare.reader = bare.reader.without_resources();
        let mut follower = Follower::new();
        for op in ops {
            match op {
                Op::Apply(changes) => changes.into_iter().for_each(|change| books.apply(change)),
                Op::Read(2) => { bare.read(&books); }
                Op::Read(3) => follower.read(&books),
                Op::Read(client) => { clients[usize::from(client) % 2].read(&books); }
            }
        }
        for client in &mut clients {
            client.catch_up(&books);
            client.assert_equal(books.world());
        }
        bare.catch_up(&books);
        assert_findings_equal(&bare.world, books.world());
        prop_assert!(bare.world.resources().is_empty() && bare.world.waits().is_empty());
        follower.read(&books);
        follower.assert_equal(books.world());
    }
}

fn lock(number: u64, acquired: u64) -> Change {
    Change::Resource(Box::new(Resource {
        id: ResourceId::new(number).expect("not 0"),
        origin: Origin {
            kind: ResourceKind::Mutex,
            place: PlaceId(0),
            created: Stamp(0),
            creator: None,
        },
        usage: Usage {
            acquired,
            ..Usage::default()
        },
    }))
}

fn gone(number: u64) -> Change {
    Change::ResourceGone(ResourceId::new(number).expect("not 0"))
}

#[test]
fn a_resource_that_changed_a_thousand_times_is_told_once() {
    let hub = Hub::new(Retention::default());
    let mut reader = hub.reader(Filter::default(), Sketching::None);
    hub.apply((1..=10).map(|n| lock(n, 0)));
    assert_eq!(hub.read(&mut reader).shared.resources.len(), 10);
    hub.apply((1..=1000).map(|n| lock(7, n)));
    let told = hub.read(&mut reader);
    let acquired: Vec<_> = told
        .shared
        .resources
        .iter()
        .map(|r| r.usage.acquired)
        .collect();
    assert_eq!((acquired, told.complete), (vec![1000], true));
    hub.apply([gone(7)]);
    let told = hub.read(&mut reader).shared;
    assert!(told.resources.is_empty());
    assert_eq!(told.resources_gone, [ResourceId::new(7).expect("not 0")]);
}

#[test]
fn many_resources_are_told_in_bounded_pieces_and_old_removals_not_at_all() {
    let mut books = Books::new(Retention::default());
    (1..=50_000).for_each(|n| books.apply(lock(n, 0)));
    (1..=20_000).for_each(|n| books.apply(gone(n)));
    let mut reader = Reader::new(
        Filter::default(),
        Sketching::None,
        std::sync::Arc::default(),
    );
    let mut told = 0;
    loop {
        let chunk = reader.read(&books);
        assert!(chunk.shared.resources.len() <= 4096);
        // The reader has never heard of them.
        assert!(chunk.shared.resources_gone.is_empty());
        told += chunk.shared.resources.len();
        if chunk.complete {
            break;
        }
    }
    assert_eq!(told, 30_000);
}

/// The table forgets which of its entries went; a reader that was told of them must not keep them for ever.
#[test]
fn who_is_too_far_behind_begins_anew() {
    let mut books = Books::new(Retention::default());
    let (mut current, mut behind) = (Client::new(""), Client::new(""));
    let place = Place {
        file: "src/main.rs".into(),
        line: 3,
        column: 1,
    };
    books.apply(Change::Place(PlaceId(2), place));
    (1..=100).for_each(|n| books.apply(lock(n, 0)));
    current.catch_up(&books);
    behind.catch_up(&books);
    for n in 1..=100_000 {
        books.apply(lock(n + 100, 0));
        books.apply(gone(n));
        if n % 10_000 == 0 {
            // At its pace the current one takes thousands of steps for this.
            let chunk = (0..100_000).map(|_| {
                let chunk = current.reader.read(&books);
                let (restart, complete) = (chunk.restart, chunk.complete);
                replay_chunk(&mut current.world, chunk);
                assert!(!restart, "it is never behind");
                complete
            });
            assert!(chunk.into_iter().any(|complete| complete));
        }
    }
    let chunk = behind.reader.read(&books);
    assert!(chunk.restart);
    replay_chunk(&mut behind.world, chunk);
    for client in [&mut current, &mut behind] {
        client.catch_up(&books);
        client.assert_equal(books.world());
        assert_eq!(client.world.resources().len(), 100);
    }
}

/// News of one round of the harvester is never seen in part by who looks at the whole, though readers have their turn.
#[test]
fn what_is_applied_together_is_looked_at_together() {
    let hub = Hub::new(Retention::default());
    let locks = 3000;
    let rounds = 30;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (1..=rounds).for_each(|round| hub.apply((1..=locks).map(|n| lock(n, round))));
        });
        let mut seen = 0;
        while seen < rounds {
            seen = hub.look_at_whole(|world| {
                let of = |resource: &Resource| resource.usage.acquired;
                let least = world.resources().iter().map(of).min().unwrap_or(0);
                let most = world.resources().iter().map(of).max().unwrap_or(0);
                assert_eq!(least, most);
                most
            });
        }
    });
}
