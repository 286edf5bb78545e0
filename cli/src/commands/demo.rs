//! `hufu demo`: the main job in one command. `play.rs` does it; this file talks.

mod people;
mod play;
mod samples;

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::render;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::report::show;

/// The flags.
#[derive(Args)]
pub(crate) struct Demo {
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    count: u32,
}

/// Runs the demonstration.
pub(crate) fn run(ctx: &Context, args: Demo) -> Result<()> {
    let dir = args.dir.unwrap_or_else(fresh);
    let shown = dir.display().to_string();
    ctx.note("demo-begin", &[("dir", &shown)]);
    let started = std::time::Instant::now();
    let bar = ctx.progress(1);
    let stages =
        |stage: &'static str, done, of| bar.set(&render(ctx.lang, &format!("demo-stage-{stage}"), &[]), done, of);
    let played = play::play(&dir, usize::try_from(args.count).unwrap_or(usize::MAX), &stages)?;
    drop(bar);

    let count = |n: usize| n.to_string();
    ctx.note(
        "demo-hierarchy",
        &[("organisations", &count(played.organisations)), ("operators", &count(played.operators))],
    );
    ctx.note("demo-accepted", &[("count", &count(played.accepted.len()))]);
    ctx.note("demo-refused", &[("count", &count(played.refused.len()))]);
    for (file, code, reason) in &played.refused {
        let text = hufu_authority::data::message(ctx.lang, &format!("err-{code}")).filter(|t| !t.contains('{'));
        ctx.note("demo-refused-file", &[("file", file), ("reason", text.unwrap_or(reason))]);
    }
    ctx.note(
        "demo-issued",
        &[
            ("issued", &count(played.issued)),
            // The two administrators have certificates, too.
            ("staff", &count(played.operators + 2)),
            ("valid", &count(played.valid)),
            ("events", &played.audit.events.to_string()),
            ("findings", &count(played.audit.findings.len())),
            ("seconds", &format!("{:.1}", started.elapsed().as_secs_f64())),
        ],
    );
    show(ctx, &played.report, None)?;
    next(ctx, &dir, &played);
    if played.valid == played.issued && played.audit.findings.is_empty() {
        return Ok(());
    }
    let wrong = played.audit.findings.len() + played.issued - played.valid;
    Err(Error::own("cli.findings", vec![("count", wrong.to_string())]))
}

/// What to type next, with the paths of this very demonstration.
fn next(ctx: &Context, dir: &Path, played: &play::Played) {
    // The settings hold wherever the next command is typed.
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let (home, keys) = (dir.join("home"), dir.join("keys"));
    let values = [
        ("home", home.display().to_string()),
        ("keys", keys.display().to_string()),
        ("serial", played.sample_serial.clone()),
        ("request", played.waiting.to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    ctx.note("demo-next", &values);
}

/// The first folder of the name `hufu-demo`, `hufu-demo-2`, … that does not exist yet.
fn fresh() -> PathBuf {
    let names = std::iter::once("hufu-demo".to_owned()).chain((2..).map(|n: u32| format!("hufu-demo-{n}")));
    names.map(PathBuf::from).find(|path| !path.exists()).unwrap_or_default()
}
