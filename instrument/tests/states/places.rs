//! Where a task was spawned, what kind it is, and how large its future.

use std::future::Future;

use taskscope_model::Kind;
use tokio::task::{Builder, Id, JoinSet, LocalSet, spawn_blocking, spawn_local, yield_now};

use crate::app::{current_thread, find, look, look_at, site};

fn place(id: Id) -> (String, u32, Kind) {
    let (task, world) = look_at(id, |_, _| true);
    let site = site(&world, &task);
    (site.file.to_string(), site.line, site.kind)
}

#[test]
fn the_line_is_that_of_the_spawn() {
    let runtime = current_thread();
    let local = LocalSet::new();
    let spawned = local.block_on(&runtime, async {
        let mut set = JoinSet::new();
        let handle = tokio::runtime::Handle::current();
        let named = Builder::new().name("named");
        let named = named.spawn(async {});
        let ids = [
            (named.expect("it spawns").id(), line!() - 2, Kind::Task),
            (tokio::spawn(async {}).id(), line!(), Kind::Task),
            (handle.spawn(async {}).id(), line!(), Kind::Task),
            (set.spawn(async {}).id(), line!(), Kind::Task),
            (spawn_local(async {}).id(), line!(), Kind::Local),
            (set.spawn_local(async {}).id(), line!(), Kind::Local),
            (spawn_blocking(|| ()).id(), line!(), Kind::Blocking),
            (set.spawn_blocking(|| ()).id(), line!(), Kind::Blocking),
            (spawned_by_a_helper(), line!(), Kind::Task),
        ];
        yield_now().await;
        ids
    });
    for (id, line, kind) in spawned {
        assert_eq!(place(id), (file!().to_owned(), line, kind));
    }
}

#[track_caller]
fn spawned_by_a_helper() -> Id {
    tokio::spawn(async {}).id()
}

#[test]
fn block_on_has_a_place_too() {
    let runtime = current_thread();
    let line = line!() + 1;
    runtime.block_on(yield_now());
    let world = look(|world| {
        world.tasks().any(|task| {
            let site = site(world, task);
            (site.line, site.kind) == (line, Kind::BlockOn) && *site.file == *file!()
        })
    });
    assert!(!world.is_empty());
}

#[test]
fn tasks_of_one_spawn_share_a_site() {
    let runtime = current_thread();
    let ids: Vec<_> = (0..3).map(|_| runtime.spawn(async {}).id()).collect();
    let world = look(|world| ids.iter().all(|id| find(world, *id).is_some()));
    let sites = ids
        .iter()
        .map(|id| find(&world, *id).expect("seen").birth.site);
    let sites: std::collections::BTreeSet<_> = sites.collect();
    assert_eq!(sites.len(), 1);
}

fn holds<const BYTES: usize>() -> impl Future<Output = u8> + Send + 'static {
    let held = [1_u8; BYTES];
    async move {
        yield_now().await;
        held[BYTES - 1]
    }
}

#[test]
fn small_futures_stay_as_they_are() {
    let runtime = current_thread();
    let future = holds::<100>();
    let size = size_of_val(&future) as u64;
    let task = runtime.spawn(future);
    let (seen, world) = look_at(task.id(), |_, _| true);
    let site = site(&world, &seen);
    assert!(size > 100);
    assert_eq!((site.size, site.boxed_from), (size, None));
}

#[test]
fn large_futures_are_boxed() {
    let runtime = current_thread();
    let future = holds::<65_536>();
    let size = size_of_val(&future) as u64;
    let task = runtime.spawn(future);
    let (seen, world) = look_at(task.id(), |_, _| true);
    let site = site(&world, &seen);
    assert!(size > 65_536);
    assert_eq!(site.boxed_from, Some(size));
    assert_eq!(site.size, size_of::<Box<u8>>() as u64);
}

#[test]
fn closures_say_their_type_and_size() {
    let runtime = current_thread();
    let held = [1_u8; 300];
    let closure = move || usize::from(held[0]);
    let (size, name) = (
        size_of_val(&closure) as u64,
        std::any::type_name_of_val(&closure),
    );
    let task = runtime.spawn_blocking(closure);
    let (seen, world) = look_at(task.id(), |_, _| true);
    let site = site(&world, &seen);
    assert_eq!((site.size, site.type_name.as_deref()), (size, Some(name)));
}
