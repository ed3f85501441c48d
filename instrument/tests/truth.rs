//! Futures that count their own polls, wakes, self-wakes and ends, against what a viewer is told: for 100,000 tasks on
//! each kind of runtime every number is the same, no task is missing and none is left over.

#[path = "support/viewer.rs"]
mod viewer;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use taskscope_model::State;
use tokio::runtime::{Builder, Runtime};

const TASKS: usize = 100_000;

/// What a task did, counted by itself and by those who wake it.
#[derive(Default)]
struct Truth {
    tokio_id: AtomicU64,
    polls: AtomicU64,
    wakes: AtomicU64,
    self_wakes: AtomicU64,
    /// It has nothing left to do but to wait for ever.
    at_rest: AtomicBool,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Return,
    Panic,
    /// Waits for ever, and is aborted.
    Never,
}

/// Something that a task does in a poll before it waits.
#[derive(Clone, Copy)]
enum Step {
    /// Wakes itself this many times, of which all but one are redundant.
    Itself(u64),
    /// Clones its waker and wakes itself with the clone, which is used up.
    ItsClone,
    /// Has another thread wake it this many times.
    Thread(u32),
}

struct Script {
    truth: Arc<Truth>,
    steps: Vec<Step>,
    end: End,
    errands: mpsc::Sender<Errand>,
    /// Wakes by the thread that have been made, and how many there will be.
    answered: Arc<AtomicU32>,
    asked: u32,
}

struct Errand {
    waker: Waker,
    truth: Arc<Truth>,
    wakes: u32,
    answered: Arc<AtomicU32>,
}

impl Script {
    fn wake_self(&self, times: u64, cx: &Context<'_>) {
        self.truth.wakes.fetch_add(times, SeqCst);
        self.truth.self_wakes.fetch_add(times, SeqCst);
        (0..times).for_each(|_| cx.waker().wake_by_ref());
    }
}

impl Future for Script {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.truth.polls.fetch_add(1, SeqCst);
        let id = tokio::task::id().to_string().parse().expect("a number");
        self.truth.tokio_id.store(id, SeqCst);
        // A wake counts only for a task that lives, so it stays until all that were asked for have been made.
        if self.answered.load(SeqCst) < self.asked {
            self.wake_self(1, cx);
            return Poll::Pending;
        }
        match (self.steps.pop(), self.end) {
            (Some(Step::Itself(times)), _) => self.wake_self(times, cx),
            (Some(Step::ItsClone), _) => {
                self.truth.wakes.fetch_add(1, SeqCst);
                self.truth.self_wakes.fetch_add(1, SeqCst);
                let clone = cx.waker().clone();
                clone.wake();
            }
            (Some(Step::Thread(wakes)), _) => {
                self.asked += wakes;
                let errand = Errand {
                    waker: cx.waker().clone(),
                    truth: Arc::clone(&self.truth),
                    wakes,
                    answered: Arc::clone(&self.answered),
                };
                self.errands.send(errand).expect("the thread lives");
            }
            (None, End::Return) => return Poll::Ready(()),
            (None, End::Panic) => panic!("as the script says"),
            (None, End::Never) => self.truth.at_rest.store(true, SeqCst),
        }
        Poll::Pending
    }
}

fn run_errands(errands: &mpsc::Receiver<Errand>) {
    for errand in errands {
        for _ in 0..errand.wakes {
            errand.truth.wakes.fetch_add(1, SeqCst);
            errand.waker.wake_by_ref();
            errand.answered.fetch_add(1, SeqCst);
        }
    }
}

fn script(n: usize) -> (Vec<Step>, End) {
    let mut steps = Vec::new();
    if n.is_multiple_of(3) {
        steps.push(Step::Itself(1 + n as u64 % 4));
    }
    if n.is_multiple_of(5) {
        steps.push(Step::ItsClone);
    }
    if n.is_multiple_of(7) {
        steps.push(Step::Thread(1 + n as u32 % 3));
    }
    let end = match n % 100 {
        13 => End::Panic,
        17 | 18 => End::Never,
        _ => End::Return,
    };
    (steps, end)
}

/// Runs the scripts; gives what each task did and how it ended.
fn run(runtime: &Runtime, errands: &mpsc::Sender<Errand>) -> Vec<(Arc<Truth>, State)> {
    runtime.block_on(async {
        let mut tasks = Vec::with_capacity(TASKS);
        for n in 0..TASKS {
            let truth = Arc::new(Truth::default());
            let (steps, end) = script(n);
            let script = Script {
                truth: Arc::clone(&truth),
                steps,
                end,
                errands: errands.clone(),
                answered: Arc::default(),
                asked: 0,
            };
            tasks.push((tokio::spawn(script), truth, end));
            if n.is_multiple_of(1000) {
                tokio::task::yield_now().await;
            }
        }
        let mut ends = Vec::with_capacity(TASKS);
        for (task, truth, end) in tasks {
            if end == End::Never {
                while !truth.at_rest.load(SeqCst) {
                    tokio::task::yield_now().await;
                }
                task.abort();
            }
            let state = match task.await {
                Ok(()) => State::Done,
                Err(error) if error.is_panic() => State::Panicked,
                Err(_) => State::Cancelled,
            };
            ends.push((truth, state));
        }
        ends
    })
}

#[test]
fn every_count_is_the_tasks_own() {
    let folder = tempfile::tempdir().expect("a folder");
    taskscope::builder()
        .socket_dir(folder.path())
        .ended_for(Duration::from_secs(3600))
        .ended_bytes(1 << 40)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"as the script says") {
            eprintln!("{panic}");
        }
    }));
    let (errands, inbox) = mpsc::channel();
    let runner = std::thread::spawn(move || run_errands(&inbox));
    let mut truths = run(
        &Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime"),
        &errands,
    );
    let multi = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    truths.extend(run(&multi, &errands));
    drop((multi, errands));
    runner.join().expect("the errands are run");

    let spawned = truths.len() as u64 + 2;
    let socket = taskscope::status().socket.expect("a socket");
    let world = viewer::on_a_thread_of_its_own(async || {
        let mut client = viewer::connect(&socket).await;
        viewer::watch_until(&mut client, Default::default(), |world| {
            world.totals().spawned >= spawned && world.totals().live() == 0
        })
        .await
    });

    let count = |state| truths.iter().filter(|(_, end)| *end == state).count() as u64;
    let totals = world.totals();
    assert_eq!(
        (totals.spawned, totals.unlisted, totals.untracked),
        (spawned, 0, 0)
    );
    // The two `block_on`s returned.
    assert_eq!(
        (totals.done, totals.cancelled, totals.panicked),
        (
            count(State::Done) + 2,
            count(State::Cancelled),
            count(State::Panicked)
        )
    );
    let told: HashMap<_, _> = world
        .tasks()
        .filter_map(|task| Some((task.birth.tokio_id?.get(), task)))
        .collect();
    assert_eq!((told.len() as u64, world.len() as u64), (spawned, spawned));
    let mut wrong = Vec::new();
    for (truth, state) in &truths {
        let id = truth.tokio_id.load(SeqCst);
        let expected = (
            *state,
            truth.polls.load(SeqCst),
            truth.wakes.load(SeqCst),
            truth.self_wakes.load(SeqCst),
            0,
        );
        let told = told.get(&id).map(|task| {
            let vitals = &task.vitals;
            (
                vitals.state,
                vitals.polls,
                vitals.wakes,
                vitals.self_wakes,
                vitals.wakers,
            )
        });
        if told != Some(expected) {
            wrong.push((id, expected, told));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} tasks, first {:?}",
        wrong.len(),
        truths.len(),
        &wrong[..wrong.len().min(5)]
    );
}
