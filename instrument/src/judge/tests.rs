//! Each finding reaches the world, and the app once, whatever the app does with it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use taskscope_model::{Change, Finding, FindingId, Stamp, Subject, TaskId, Tier};
use taskscope_record::{self as record, Role, clock};
use tracing::field::{Field, Visit};
use tracing_subscriber::prelude::*;

use super::{Judge, OnFinding, Rules, Telling, pause_after, start};
use crate::facts::Facts;
use crate::hub::{Hub, Retention};
use crate::scope::{Level, Scope};
use crate::stacks::StackFacts;

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn id(number: u64) -> FindingId {
    FindingId::new(number).expect("not 0")
}

fn finding(number: u64) -> Finding {
    Finding {
        id: id(number),
        rule: "lost-waker".into(),
        tier: Tier::Proven,
        subjects: TaskId::new(number)
            .map(|id| Subject::Task(id).into())
            .into_iter()
            .collect(),
        since: Stamp(1),
        cleared: None,
        summary: format!("task {number} can never be woken").into(),
        evidence: vec!["0 wakers".into(), "idle for 3s".into()],
        advice: "keep a clone of the waker".into(),
    }
}

fn found(number: u64) -> Change {
    Change::Finding(Box::new(finding(number)))
}

fn facts() -> Arc<Facts> {
    Arc::new(Facts::new(
        clock::start(),
        None,
        Level::default(),
        StackFacts::default(),
    ))
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(Retention::default()))
}

/// Rules that find this, look by look, and nothing afterwards.
fn script(looks: impl IntoIterator<Item = Vec<Change>, IntoIter: Send + 'static>) -> Rules {
    let mut looks = looks.into_iter();
    Box::new(move |_| looks.next().unwrap_or_default())
}

fn judge(
    rules: Rules,
    facts: &Arc<Facts>,
    on_finding: impl Fn(&Finding) + Send + Sync + 'static,
) -> Judge {
    let telling = Telling {
        call: Some(OnFinding(Arc::new(on_finding))),
        warn: false,
    };
    Judge {
        clock: clock::start(),
        hub: hub(),
        facts: Arc::clone(facts),
        rules,
        teller: telling.start(facts).expect("a thread"),
    }
}

fn next<T>(news: &Receiver<T>) -> T {
    news.recv_timeout(DEADLINE).expect("it comes in time")
}

fn send<T>(sender: Sender<T>) -> impl Fn(T) {
    move |value| sender.send(value).expect("somebody listens")
}

#[test]
fn the_app_is_told_of_each_finding_once_and_viewers_of_all_that_changes() {
    let cleared = Change::Finding(Box::new(Finding {
        cleared: Some(Stamp(9)),
        ..finding(1)
    }));
    let rules = script([
        vec![found(1)],
        vec![],
        vec![found(1), found(3), found(2), found(3)],
        vec![cleared, found(2)],
        vec![Change::FindingGone(id(1)), found(4)],
    ]);
    let (sender, told) = channel();
    let send = send(sender);
    let mut judge = judge(rules, &facts(), move |finding| send(finding.id));
    let mut counts = Vec::new();
    for _ in 0..5 {
        judge.round();
        counts.push(judge.hub.look(|world| world.findings().len()));
    }
    assert_eq!(counts, [1, 1, 3, 3, 3]);
    drop(judge);
    assert_eq!(told.iter().collect::<Vec<_>>(), [1, 2, 3, 4].map(id));
}

#[test]
fn a_panic_of_the_app_s_is_counted_and_the_next_finding_told() {
    let facts = facts();
    let (sender, told) = channel();
    let send = send(sender);
    let rules = script((1..=12).map(|n| vec![found(n)]));
    let mut judge = judge(rules, &facts, move |finding| {
        send(finding.id);
        panic!("no luck with {}", finding.id.number());
    });
    for n in 1..=12 {
        judge.round();
        assert_eq!(next(&told), id(n));
    }
    // The thread ends when it has told all.
    drop(judge);
    assert!(told.recv_timeout(DEADLINE).is_err());
    let problems = facts.problems();
    let said = |words: &str| problems.iter().any(|problem| problem.contains(words));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(said("(once in all): no luck with 1"), "{problems:?}");
    assert!(said("(10 times in all): no luck with 10"), "{problems:?}");
}

/// A program that hangs may well hang in what it does with the finding that says so.
#[test]
fn an_app_that_is_stuck_keeps_no_viewer_from_its_findings() {
    let facts = facts();
    let (free, stuck) = channel::<()>();
    let stuck = Mutex::new(stuck);
    let rules = script((0..10).map(|look| (1..=100).map(|n| found(100 * look + n)).collect()));
    let mut judge = judge(rules, &facts, move |_| {
        // Until the other end is gone.
        let _ = stuck.lock().map(|stuck| stuck.recv());
    });
    (0..10).for_each(|_| {
        judge.round();
    });
    assert_eq!(judge.hub.look(|world| world.findings().len()), 1000);
    let problems = facts.problems();
    assert!(
        problems
            .iter()
            .any(|p| p.contains("it missed others (100 times in all)")),
        "{problems:?}"
    );
    drop(free);
}

#[test]
fn the_threads_are_marked_as_what_they_are() {
    let (from_rules, looked) = channel();
    let mut looks = 0;
    let rules: Rules = Box::new(move |_| {
        looks += 1;
        let _ = from_rules.send(record::role());
        vec![found(looks)]
    });
    let (from_app, told) = channel();
    let telling = Telling {
        call: Some(OnFinding(Arc::new(move |_: &Finding| {
            let _ = from_app.send(record::role());
        }))),
        warn: false,
    };
    start(clock::start(), hub(), facts(), rules, telling).expect("threads");
    assert_eq!(next(&looked), Role::Ours);
    // Its log would be kept from it on any other.
    assert_eq!(next(&told), Role::App);
}

#[test]
fn rules_that_die_are_a_problem_and_no_more() {
    let facts = facts();
    let rules: Rules = Box::new(|_| panic!("a bug"));
    let hub = hub();
    let telling = Telling::default();
    start(
        clock::start(),
        Arc::clone(&hub),
        Arc::clone(&facts),
        rules,
        telling,
    )
    .expect("threads");
    for _ in 0..DEADLINE.as_millis() {
        if !facts.problems().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(facts.problems()[0].contains("nothing new is found"));
    // The world is as good as before.
    hub.apply([found(1)]);
    assert_eq!(hub.look(|world| world.findings().len()), 1);
}

/// Keeps what a log is given.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut text = Text(format!(
            "{} {}",
            event.metadata().level(),
            event.metadata().target()
        ));
        event.record(&mut text);
        self.0.lock().expect("no panic").push(text.0);
    }
}

#[test]
fn a_warning_goes_through_the_app_s_log_if_asked_for() {
    let log = Log::default();
    let scope = Scope::new(
        tracing_subscriber::registry().with(log.clone()),
        Some(Level::default()),
    );
    let warn = |warn| Telling { call: None, warn }.warn(&finding(7));
    tracing::subscriber::with_default(scope, || [false, true].map(warn));
    let expected = "WARN taskscope message=task 7 can never be woken rule=\"lost-waker\" tier=\"proven\" \
                    evidence=\"0 wakers; idle for 3s\" advice=\"keep a clone of the waker\"";
    assert_eq!(*log.0.lock().expect("no panic"), [expected]);
    assert!(
        Telling::default()
            .start(&facts())
            .expect("nothing to do")
            .is_none()
    );
}

#[test]
fn looking_takes_a_fiftieth_of_a_core_at_most() {
    let ms = Duration::from_millis;
    assert_eq!(pause_after(ms(0)), ms(500));
    assert_eq!(pause_after(ms(10)), ms(500));
    assert_eq!(pause_after(ms(20)), ms(980));
    assert_eq!(pause_after(Duration::MAX), ms(30_000));
}
