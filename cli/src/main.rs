//! The `hufu` command: arguments in, one verb of `hufu-authority` called, its answer printed. No rule of the domain lives
//! here. Start at `run.rs`; each noun or verb is a file of `commands/`.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod context;
mod error;
mod lang;
mod lines;
mod output;
mod phrase;
mod progress;
mod report;
mod run;
mod secrets;
mod settings;
mod views;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(std::env::args_os().collect())
}
