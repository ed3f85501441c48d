//! The program `taskscope`: its command line, and what each command does.
//!
//! A command prints what was asked for to the standard output, and everything else to the standard error. It ends with
//! 0 where all is well, 1 where it found something, 2 where it was asked wrongly, 3 where a target could not be reached.

mod about;
mod advice;
mod args;
mod awaits;
mod check;
mod demo;
mod doctor;
mod explain;
mod failure;
mod findings;
mod ls;
mod open;
mod output;
mod pick;
mod refs;
mod resources;
mod schema;
mod stacks;
mod stop;
mod table;
mod target;
mod tasks;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use failure::Failure;

/// What a command ends with.
type Outcome = Result<ExitCode, Failure>;

/// Runs the program with the arguments and the environment of this process.
pub fn main() -> ExitCode {
    // Wrong arguments end the process here, with 2.
    let cli = Cli::parse();
    let ended = match runtime() {
        Ok(runtime) => run(cli, &runtime),
        Err(error) => Err(error.into()),
    };
    ended.unwrap_or_else(|failure| failure.report())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    // One thread more would only be idle: the screen has the main thread for itself where there is one.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

fn run(cli: Cli, runtime: &tokio::runtime::Runtime) -> Outcome {
    if let Some(option) = cli.misplaced() {
        return Err(Failure::Usage(format!(
            "{option} stands before the command: write it behind, if that command takes it"
        )));
    }
    let Cli {
        address,
        choice,
        looks,
        command,
    } = cli;
    let Some(command) = command else {
        return open::run(address, &choice, &looks, runtime);
    };
    // `taskscope pid:1 tasks` is as clear as `taskscope tasks pid:1`.
    let either = |own: Option<_>| match (address.clone(), own) {
        (Some(_), Some(_)) => Err(Failure::Usage(
            "two addresses are given: one is enough".to_owned(),
        )),
        (first, second) => Ok(first.or(second)),
    };
    match command {
        Command::Ls(args) => runtime.block_on(ls::run(&args)),
        Command::Tasks(args) => runtime.block_on(tasks::run(either(args.address.clone())?, &args)),
        Command::Findings(args) => {
            runtime.block_on(findings::run(either(args.address.clone())?, &args))
        }
        Command::Resources(args) => {
            runtime.block_on(resources::run(either(args.address.clone())?, &args))
        }
        Command::Stacks(args) => {
            runtime.block_on(stacks::run(either(args.address.clone())?, &args))
        }
        Command::Check(args) => runtime.block_on(check::run(either(args.address.clone())?, &args)),
        Command::Explain(args) => explain::run(&args),
        Command::Doctor(args) => {
            runtime.block_on(doctor::run(either(args.address.clone())?, &args))
        }
        Command::Demo(args) => demo::run(&args, runtime),
        Command::Filters => output::print(&args::filters_help()),
        Command::Schema(args) => schema::run(args.of),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "taskscope", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}
