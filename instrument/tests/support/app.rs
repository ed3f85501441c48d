//! The instrument in a test's own process, and eyes that look at it from outside.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses a part of this"
)]

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use taskscope_model::{Site, State, Task, World};
use taskscope_proto::v1::{Sketching, WatchRequest};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::viewer;

/// The socket of this process, in which taskscope stands around a registry from the first use of this on. All tests of
/// a program share it, and ended tasks stay listed.
pub static SOCKET: LazyLock<PathBuf> = LazyLock::new(|| {
    let user = rustix::process::getuid().as_raw();
    // The same folder for all: the socket in it is removed at exit.
    let folder = std::env::temp_dir().join(format!("taskscope-tests-{user}"));
    taskscope::builder()
        .socket_dir(folder)
        .ended_for(Duration::from_secs(3600))
        .ended_bytes(1 << 40)
        .wrap(tracing_subscriber::registry())
        .init();
    taskscope::status().socket.expect("a socket")
});

pub fn current_thread() -> Runtime {
    LazyLock::force(&SOCKET);
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

pub fn multi_thread(workers: usize) -> Runtime {
    LazyLock::force(&SOCKET);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

#[allow(clippy::disallowed_methods, reason = "the test's own measure of truth")]
pub fn now() -> Instant {
    Instant::now()
}

/// Does nothing until this much time has passed.
pub fn let_pass(time: Duration) {
    let begin = now();
    while begin.elapsed() < time {
        std::thread::sleep(time.saturating_sub(begin.elapsed()));
    }
}

/// Looks until a viewer's picture of this process is as wanted.
pub fn look(enough: impl FnMut(&World) -> bool + Send) -> World {
    let request = WatchRequest {
        interval_ms: 10,
        sketching: Sketching::All.into(),
        ..WatchRequest::default()
    };
    viewer::on_a_thread_of_its_own(async || {
        let mut client = viewer::connect(&SOCKET).await;
        viewer::watch_until(&mut client, request, enough).await
    })
}

/// The task that tokio calls by this id.
pub fn find(world: &World, id: tokio::task::Id) -> Option<&Task> {
    let id: u64 = id.to_string().parse().expect("a number");
    world
        .tasks()
        .find(|task| task.birth.tokio_id.is_some_and(|there| there.get() == id))
}

/// Looks until a task is as wanted. Gives it and the world around it.
pub fn look_at(
    id: tokio::task::Id,
    mut enough: impl FnMut(&Task, &World) -> bool + Send,
) -> (Task, World) {
    let world = look(|world| find(world, id).is_some_and(|task| enough(task, world)));
    let task = find(&world, id).expect("it was there").clone();
    (task, world)
}

/// Looks until a task is in this state.
pub fn look_for(id: tokio::task::Id, state: State) -> Task {
    look_at(id, |task, _| task.vitals.state == state).0
}

/// Looks until a task has ended.
pub fn look_for_end(id: tokio::task::Id) -> Task {
    look_at(id, |task, _| task.vitals.state.has_ended()).0
}

pub fn site(world: &World, task: &Task) -> Site {
    let site = world.site(task.birth.site);
    site.expect("sites are told with their tasks").clone()
}

/// A future that counts its own polls.
pub struct Counted<F>(pub Pin<Box<F>>, pub Arc<AtomicU64>);

pub fn counted<F: Future>(future: F) -> (Counted<F>, Arc<AtomicU64>) {
    let polls = Arc::default();
    (Counted(Box::pin(future), Arc::clone(&polls)), polls)
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.fetch_add(1, SeqCst);
        self.0.as_mut().poll(cx)
    }
}
