//! One run of the program under one stack, in a process of its own.

use std::env;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::runtime::{Builder, Runtime};

use crate::{program, stacks};

pub(crate) const STACK: &str = "LOGS_STACK";
pub(crate) const FLAVOR: &str = "LOGS_FLAVOR";
pub(crate) const OUTPUT: &str = "LOGS_OUTPUT";
pub(crate) const WITH_TASKSCOPE: &str = "LOGS_WITH_TASKSCOPE";

/// What the stack puts out, in order.
#[derive(Clone, Default)]
pub(crate) struct Out(Arc<Mutex<Vec<u8>>>);

impl Out {
    pub(crate) fn line(&self, line: &str) {
        let mut text = self.0.lock().expect("nobody panics");
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }

    pub(crate) fn text(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics").clone()
    }
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn run() {
    let Ok(stack) = env::var(STACK) else {
        return;
    };
    let out = Out::default();
    let with_taskscope = env::var_os(WITH_TASKSCOPE).is_some();
    let set_level = stacks::install(&stack, with_taskscope, &out);
    let socket = taskscope::status().socket.unwrap_or_default();
    eprintln!("ready {}", socket.display());
    wait_for("go");
    let runtime = runtime(&env::var(FLAVOR).expect("a flavor"));
    program::run(&runtime, &*set_level, &out);
    drop(runtime);
    eprintln!("ran");
    wait_for("end");
    fs::write(env::var_os(OUTPUT).expect("a path"), out.text()).expect("the folder is ours");
}

/// One worker, so that every line has its place.
fn runtime(flavor: &str) -> Runtime {
    let mut builder = match flavor {
        "current_thread" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(1).enable_all().build();
    runtime.expect("a runtime")
}

fn wait_for(word: &str) {
    let mut line = String::new();
    io::stdin().read_line(&mut line).expect("a pipe");
    assert_eq!(line.trim(), word);
}
