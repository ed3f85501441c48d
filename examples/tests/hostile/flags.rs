//! Programs that were built so that tokio tells nothing, or in another way than most: `taskscope doctor` says what exactly is
//! to be changed.
//!
//! They have to be built with other flags than ours, which takes minutes:
//! `cargo test -p taskscope-examples --test hostile -- --ignored`

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    target::{Target, command, folder, until},
    viewer::run,
};

const MAIN: &str = r#"
fn main() {
    taskscope::init();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.spawn(std::future::pending::<()>());
    runtime.block_on(async {
        tokio::task::yield_now().await;
        // Until whoever started it is gone.
        std::io::stdin().read_line(&mut String::new()).unwrap();
    });
}
"#;

/// A target without a C library to load at run time.
const STATIC: &str = "x86_64-unknown-linux-musl";

/// Builds a program outside the workspace, and returns where it is. A static one has no debug information.
fn build(name: &str, feature: &str, flags: &str, target: Option<&str>) -> String {
    let debug = target.map_or("line-tables-only", |_| "none");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let crate_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(crate_dir.join("src")).unwrap();
    fs::write(crate_dir.join("src/main.rs"), MAIN).unwrap();
    // What is left out of a release build is so where debug assertions are off.
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [workspace]\n\
         [dependencies]\n\
         taskscope = {{ path = {:?} }}\n\
         tokio = {{ version = \"1.54\", features = [\"rt\", \"tracing\"] }}\n\
         tracing = {{ version = \"0.1\", features = [{feature}] }}\n\
         [profile.dev]\ndebug = {debug:?}\ndebug-assertions = false\n",
        workspace.join("instrument")
    );
    fs::write(crate_dir.join("Cargo.toml"), manifest).unwrap();
    // The versions that we have anyway.
    fs::copy(workspace.join("Cargo.lock"), crate_dir.join("Cargo.lock")).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--target-dir", "target"])
        .args(target.map(|target| format!("--target={target}")))
        .current_dir(&crate_dir)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags)
        .status()
        .unwrap();
    assert!(built.success(), "{name}: {built}");
    let built = crate_dir.join("target").join(target.unwrap_or_default());
    let program = built.join("debug").join(name);
    program.to_str().unwrap().to_owned()
}

/// What the doctor says of a program: for people, and for programs.
fn diagnose(program: &str) -> (String, Value) {
    let dir = folder();
    let target = Target::spawn(command(program, "", dir.path()), dir.path());
    until("its socket", || target.socket.exists());
    let text = run(dir.path(), &["doctor", target.address()]);
    assert_eq!(text.code, Some(1), "{text:?}");
    let json = run(
        dir.path(),
        &["doctor", target.address(), "--format", "json"],
    );
    (text.stdout.clone(), json.json())
}

#[test]
#[ignore = "builds with other flags, which takes minutes"]
fn without_tokio_unstable_it_says_where_to_put_it() {
    let program = build("without-unstable", "", "--cap-lints=warn", None);
    let (text, json) = diagnose(&program);
    assert_eq!(json["advice"][0]["code"], "tokio_unstable", "{json}");
    assert_eq!(json["advice"].as_array().unwrap().len(), 1, "{json}");
    assert!(
        text.contains("rustflags = [\"--cfg\", \"tokio_unstable\"]"),
        "{text}"
    );
}

#[test]
#[ignore = "builds with other flags, which takes minutes"]
fn with_levels_left_out_it_names_the_feature() {
    let program = build(
        "with-max-level",
        "\"release_max_level_info\"",
        "--cfg tokio_unstable",
        None,
    );
    let (text, json) = diagnose(&program);
    assert_eq!(json["advice"][0]["code"], "static_max_level", "{json}");
    assert_eq!(json["advice"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["setup"]["static_max_level"], "info", "{json}");
    assert!(text.contains("cargo tree -e features -i tracing"), "{text}");
}

#[test]
#[ignore = "builds for another target, which has to be installed: rustup target add x86_64-unknown-linux-musl"]
fn without_a_c_library_to_load_stacks_are_caught() {
    let program = build("static", "", "--cfg tokio_unstable", Some(STATIC));
    let (_, json) = diagnose(&program);
    assert_eq!(json["setup"]["no_stacks"], Value::Null, "{json}");
    assert_eq!(json["setup"]["no_signals"], Value::Null, "{json}");
    assert_eq!(json["setup"]["debug_info"], "symbols", "{json}");
    let mut sources = json["sources"].as_array().unwrap().iter();
    let stacks = sources.find(|source| source["name"] == "stacks");
    assert!(!stacks.unwrap()["proven_by"].is_null(), "{json}");
}
