//! Every program ends by itself, however stuck it is.

use crate::{
    runs,
    target::{command, folder},
    viewer::run_command,
};

#[test]
fn every_program_ends_by_itself_and_says_nothing() {
    let dir = folder();
    runs::all(
        |_| true,
        |run| {
            let arguments = format!("--for 1s --runtime {}", run.runtime);
            let ran = run_command(command(&run.path(), &arguments, dir.path()));
            if ran.code == Some(0) && ran.stdout.is_empty() && ran.stderr.is_empty() {
                Ok(())
            } else {
                Err(format!("{ran:?}"))
            }
        },
    );
}
