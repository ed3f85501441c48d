//! A believable service to look at: a shop's web server, its workers and timers, and customers of its own.

use std::process::ExitCode;

use clap::Parser as _;
use taskscope_examples::demo::{self, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    taskscope::init(); // before the runtime is built
    match demo::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}
