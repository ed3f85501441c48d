//! `taskscope demo`: a program of ours in a child process, and the viewer on it.

mod program;

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::args::DemoArgs;
use super::failure::Failure;
use super::tasks::{self, Question};
use super::{Outcome, open, stop};
use crate::client::{Address, connect};
use crate::feed::Hello;
use program::Program;

/// How long the program may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How old it is when it is printed: one that has only just started has no tasks yet.
const AGE: Duration = Duration::from_secs(1);

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Starts the program and opens the viewer on it.
pub(super) fn run(args: &DemoArgs, runtime: &Runtime) -> Outcome {
    // Nothing is started that can't be shown.
    let question = Question::read(&args.choice, &args.view)?;
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
        let hello = ready(&mut program, &address).await?;
        if args.headless {
            sleep(AGE.saturating_sub(Duration::from_nanos(hello.now_ns))).await;
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
        (Ok(None), Some(terminal)) => open::screen(
            terminal,
            &address,
            false,
            &args.choice,
            &args.looks,
            runtime,
        ),
        (Ok(None), None) => Ok(std::process::ExitCode::SUCCESS),
        (Err(failure), _) => Err(program.explain(failure)),
    }
}

/// Waits until the program answers.
async fn ready(program: &mut Program, address: &Address) -> Result<Hello, Failure> {
    let answering = async {
        loop {
            if let Some(status) = program.ended()? {
                return Err(Failure::Demo(format!("the demo ended at once ({status})")));
            }
            if let Ok(connection) = connect(address).await {
                return Ok(connection.hello);
            }
            sleep(ASK_EVERY).await;
        }
    };
    timeout(READY_WITHIN, answering).await.unwrap_or_else(|_| {
        Err(Failure::Demo(format!(
            "the demo did not answer within {READY_WITHIN:?}"
        )))
    })
}
