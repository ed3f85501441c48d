//! The binary `taskscope`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    taskscope_viewer::cli::main()
}
