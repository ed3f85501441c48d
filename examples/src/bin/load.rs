//! Loads an HTTP server from outside: `load http://127.0.0.1:8080/items/7 --clients 50 --rate 2000 --for 10s`.
//!
//! Not instrumented. It fails if no request was answered.

use std::process::ExitCode;

use clap::Parser;
use taskscope_examples::{
    load::{self, LoadArgs, Outcome},
    stop::Stop,
};
use tokio_util::sync::CancellationToken;

/// Loads an HTTP server, and says how fast it answered.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    #[command(flatten)]
    load: LoadArgs,
    /// Print the outcome as one line of JSON, latencies in microseconds
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let token = CancellationToken::new();
    match Stop::listen() {
        Ok(mut stop) => {
            let token = token.clone();
            tokio::spawn(async move {
                stop.requested(None).await;
                token.cancel();
            });
        }
        Err(error) => eprintln!("load: ctrl-c will end it without an outcome: {error}"),
    }
    match load::run(options.load, token).await {
        Ok(outcome) => {
            if options.json {
                println!("{}", serde_json::json!(outcome));
            } else {
                print(&outcome);
            }
            ExitCode::from(u8::from(outcome.requests == 0))
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(outcome: &Outcome) {
    println!(
        "{} requests in {:.1} s, {:.0} per second; {} refused, {} errors",
        outcome.requests, outcome.seconds, outcome.per_second, outcome.refused, outcome.errors
    );
    if let Some(error) = &outcome.last_error {
        println!("last error: {error}");
    }
    let Outcome {
        p50_us,
        p90_us,
        p99_us,
        p999_us,
        max_us,
        ..
    } = *outcome;
    for (name, micros) in [
        ("50 %", p50_us),
        ("90 %", p90_us),
        ("99 %", p99_us),
        ("99.9 %", p999_us),
        ("longest", max_us),
    ] {
        println!("{name:>8}  {:>10.3} ms", micros as f64 / 1000.0);
    }
}
