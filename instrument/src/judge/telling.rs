//! Telling the app what was found: its callback, and its log.
//!
//! This happens on a thread that is marked as one of the app's: what the app does there is the app's, its log takes what
//! is written there, and nothing of ours runs there that could show. Should the app block it, because the log
//! itself is stuck for example, findings go on being made and shown to viewers; the app misses those that do not fit
//! into a queue, and is said to.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use taskscope_model::Finding;

use crate::facts::Facts;

/// Findings that can wait to be told.
const QUEUE: usize = 256;

/// What the app does with a finding.
#[derive(Clone)]
pub(crate) struct OnFinding(pub(crate) Arc<dyn Fn(&Finding) + Send + Sync>);

impl fmt::Debug for OnFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFinding")
    }
}

/// How the app wants to be told of findings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telling {
    /// By a call.
    pub(crate) call: Option<OnFinding>,
    /// By a warning in its log.
    pub(crate) warn: bool,
}

impl Telling {
    /// Starts the thread that tells, where there is anything to do for it. It ends when the teller is dropped.
    pub(super) fn start(self, facts: &Arc<Facts>) -> io::Result<Option<Teller>> {
        if self.call.is_none() && !self.warn {
            return Ok(None);
        }
        let (findings, queue) = sync_channel(QUEUE);
        let for_thread = Arc::clone(facts);
        thread::Builder::new()
            .name("taskscope-tell".to_owned())
            .spawn(move || self.run(&queue, &for_thread))?;
        Ok(Some(Teller {
            findings,
            facts: Arc::clone(facts),
            missed: 0,
        }))
    }

    fn run(&self, queue: &Receiver<Finding>, facts: &Facts) {
        let mut panics = 0;
        for finding in queue {
            // The call first: a log that panics is not to keep the finding from it.
            for tell in [Self::call, Self::warn] {
                let Err(panic) = catch_unwind(AssertUnwindSafe(|| tell(self, &finding))) else {
                    continue;
                };
                let message = message(&*panic);
                say_counted(&mut panics, facts, |times| {
                    format!(
                        "what the app does with a finding has panicked ({times} in all): {message}"
                    )
                });
            }
        }
    }

    fn call(&self, finding: &Finding) {
        if let Some(OnFinding(call)) = &self.call {
            call(finding);
        }
    }

    pub(super) fn warn(&self, finding: &Finding) {
        if self.warn {
            tracing::warn!(
                target: "taskscope",
                rule = &*finding.rule,
                tier = finding.tier.as_str(),
                evidence = finding.evidence.join("; ").as_str(),
                advice = &*finding.advice,
                "{}",
                finding.summary
            );
        }
    }
}

/// Hands findings to the thread that tells them.
pub(super) struct Teller {
    findings: SyncSender<Finding>,
    facts: Arc<Facts>,
    missed: u64,
}

impl Teller {
    /// Has this told, unless the app is far behind.
    pub(super) fn tell(&mut self, finding: Finding) {
        match self.findings.try_send(finding) {
            Ok(()) => {}
            // A thread that is gone has said why.
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                say_counted(&mut self.missed, &self.facts, |times| {
                    format!(
                        "the app is busy with a finding for so long that it missed others ({times} in all): viewers \
                         have them"
                    )
                });
            }
        }
    }
}

/// Counts something that can happen without end, and says so the first time, the 10th, the 100th and so on.
fn say_counted(times: &mut u64, facts: &Facts, say: impl FnOnce(&str) -> String) {
    *times += 1;
    if 10_u64.pow(times.ilog10()) == *times {
        let so_often = match *times {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        facts.problem(say(&so_often));
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
