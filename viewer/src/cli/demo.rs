//! `taskscope demo`: a program of ours in a child process, and the viewer on it.

mod program;

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::args::{DemoArgs, Shared};
use super::failure::Failure;
use super::tasks::{self, Question};
use super::{Outcome, open, stop};
use crate::client::{Address, connect};
use crate::feed::{Hello, Source};
use program::Program;

/// How long the program may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long it may take from then until it has a task: without one there is nothing to be seen.
const BUSY_WITHIN: Duration = Duration::from_secs(1);

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Starts the program and opens the viewer on it.
pub(super) fn run(args: &DemoArgs, shared: &Shared, runtime: &Runtime) -> Outcome {
    // Nothing is started that can't be shown.
    let question = Question::read(shared, &args.view)?;
    let terminal = if args.headless {
        None
    } else {
        Some(open::need_terminal("taskscope demo --headless")?)
    };
    // Before the program is there, so that it never outlives us.
    let stopped = {
        let _within = runtime.enter();
        stop::asked()?
    };
    let mut program = Program::start(&args.args)?;
    let address = Address::Pid(program.pid());
    let shown = async {
        ready(&mut program, &address).await?;
        if args.headless {
            tasks::print(&address, &question, &args.view)
                .await
                .map(Some)
        } else {
            Ok(None)
        }
    };
    let printed = runtime.block_on(async {
        tokio::select! {
            shown = shown => shown,
            () = stopped => Err(Failure::Demo("stopped by a signal".to_owned())),
        }
    });
    match (printed, terminal) {
        (Ok(Some(code)), _) => Ok(code),
        (Ok(None), Some(terminal)) => open::screen(terminal, &address, shared, runtime),
        (Ok(None), None) => Ok(std::process::ExitCode::SUCCESS),
        (Err(failure), _) => Err(program.explain(failure)),
    }
}

/// Waits until the program answers, and a little longer for its first task.
async fn ready(program: &mut Program, address: &Address) -> Result<(), Failure> {
    let mut answering = async |until: fn(&Hello) -> bool| {
        loop {
            if let Some(status) = program.ended()? {
                return Err(Failure::Demo(format!("the demo ended at once ({status})")));
            }
            if connect(address).await.is_ok_and(|it| until(&it.hello)) {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
    };
    let silent = |_| {
        Failure::Demo(format!(
            "the demo did not answer within {READY_WITHIN:?}"
        ))
    };
    timeout(READY_WITHIN, answering(|_| true))
        .await
        .map_err(silent)??;
    // One that was built so that it can't tell of its tasks is shown all the same, and that is said there.
    timeout(BUSY_WITHIN, answering(has_tasks))
        .await
        .unwrap_or(Ok(()))
}

/// Whether a task of its own was told of.
fn has_tasks(hello: &Hello) -> bool {
    let tells = |source: &Source| source.name == "tasks" && source.events > 0;
    hello.sources.iter().any(tells)
}
