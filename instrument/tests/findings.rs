//! A program reports what is wrong with it by itself: to its callback and to its log.

use std::future::poll_fn;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use taskscope::{Finding, Subject, Tier};
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// The app's log: the levels and targets of all events, and their rules.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct RuleOf(String);

impl Visit for RuleOf {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "rule" {
            self.0 = value.to_owned();
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut rule = RuleOf(String::new());
        event.record(&mut rule);
        let metadata = event.metadata();
        let line = format!("{} {} {}", metadata.level(), metadata.target(), rule.0);
        self.0.lock().expect("no panic").push(line);
    }
}

#[test]
fn a_task_that_nobody_can_wake_is_reported_by_its_own_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = Log::default();
    let (sender, found) = channel();
    taskscope::builder()
        .socket_dir(folder.path().join("sockets"))
        .warn_findings(true)
        .on_finding(move |finding: &Finding| {
            // What the app logs here is the app's own.
            tracing::info!(target: "app", rule = &*finding.rule, "found");
            let _ = sender.send(finding.clone());
        })
        .wrap(tracing_subscriber::registry().with(log.clone()))
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let finding = runtime.block_on(async {
        // Its waker is thrown away.
        let _stuck = tokio::spawn(poll_fn(|_| Poll::<()>::Pending));
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Ok(finding) = found.try_recv() {
                return finding;
            }
        }
    });
    assert_eq!((&*finding.rule, finding.tier), ("lost-waker", Tier::Proven));
    assert!(matches!(finding.subjects[0].subject, Subject::Task(_)));
    // Others may be found on a machine that is busy.
    let logged = || -> Vec<String> {
        let lines = log.0.lock().expect("no panic");
        let of_it = lines.iter().filter(|line| line.ends_with("lost-waker"));
        of_it.cloned().collect()
    };
    for _ in 0..DEADLINE.as_millis() {
        if logged().len() >= 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(
        logged(),
        ["INFO app lost-waker", "WARN taskscope lost-waker"]
    );
}
