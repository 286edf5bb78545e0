//! `hufu demo --population`: the acceptance population, and the bulletin that its home gives.

use std::cell::RefCell;
use std::path::Path;
use std::time::Instant;

use hufu_authority::data::population::END;
use hufu_authority::data::{Lang, render};
use hufu_authority::report::{Asked, Report, Value};
use hufu_authority::{Authority, ReportKind};
use hufu_demo::population::{Populated, Wish, play};

use crate::args::Format;
use crate::context::Context;
use crate::error::Result;
use crate::output::{print, row};

/// Plays it in the folder `dir` and tells what came of it.
pub(super) fn run(ctx: &Context, dir: &Path, wish: &Wish) -> Result<()> {
    let shown = dir.display().to_string();
    ctx.note(
        "population-begin",
        &[("dir", &shown), ("scale", &wish.scale.to_string()), ("seed", &wish.seed.to_string())],
    );
    let started = Instant::now();
    // When each stage began.
    let stages: RefCell<Vec<(&'static str, Instant)>> = RefCell::new(Vec::new());
    let bar = ctx.progress(1);
    let populated = play(dir, wish, &|stage, done, of| {
        let mut begun = stages.borrow_mut();
        if begun.last().is_none_or(|(last, _)| *last != stage) {
            begun.push((stage, Instant::now()));
        }
        bar.set(&render(ctx.lang, &format!("demo-stage-{stage}"), &[]), done, of);
    })?;
    drop(bar);
    let ended = Instant::now();
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let home = dir.join("home");
    let bytes: u64 =
        ["ledger.db", "kmc.db"].iter().filter_map(|f| Some(std::fs::metadata(home.join(f)).ok()?.len())).sum();
    let report = bulletin(&home)?;
    if ctx.out.format == Format::Table {
        tell(ctx, &populated, bytes, started.elapsed().as_secs_f64());
        let stages = stages.into_inner();
        let ends = stages.iter().skip(1).map(|(_, at)| *at).chain([ended]);
        for ((stage, begun), end) in stages.iter().zip(ends) {
            let what = render(ctx.lang, &format!("demo-stage-{stage}"), &[]);
            let seconds = format!("{:.1}", end.duration_since(*begun).as_secs_f64());
            ctx.note("population-stage", &[("stage", &what), ("seconds", &seconds)]);
        }
        print(format!("{}\n", paragraph(ctx.lang, &report)).as_bytes())?;
        ctx.next("population-next", &[("home", &home.display().to_string())]);
        return Ok(());
    }
    ctx.out.one(
        "population",
        row([
            ("home", home.display().to_string().into()),
            ("organisations", populated.organisations.into()),
            ("operators", populated.operators.into()),
            ("pairs", populated.pairs.into()),
            ("legacy", populated.legacy.into()),
            ("cutovers", populated.cutovers.into()),
            ("digest", populated.digest.to_string().into()),
            ("octets", bytes.into()),
            ("bulletin", paragraph(ctx.lang, &report).into()),
        ]),
    )
}

fn bulletin(home: &Path) -> Result<Report> {
    let asked = Asked { at: Some(END.last_instant()), ..Asked::default() };
    Ok(Authority::open_read_only(home)?.report(ReportKind::Bulletin, &asked)?)
}

/// The sentences of the bulletin, one after the other.
fn paragraph(lang: Lang, report: &Report) -> String {
    let rows = report.tables.first().map(|table| table.rows.as_slice()).unwrap_or_default();
    let said = rows.iter().filter_map(|row| match row.values.first()? {
        Value::Name { zh, en } => Some(if lang == Lang::Zh { zh.as_str() } else { en.as_str() }),
        _ => None,
    });
    said.collect::<Vec<_>>().join(if lang == Lang::Zh { "" } else { " " })
}

fn tell(ctx: &Context, populated: &Populated, bytes: u64, seconds: f64) {
    let values = [
        ("organisations", populated.organisations.to_string()),
        ("operators", populated.operators.to_string()),
        ("pairs", populated.pairs.to_string()),
        ("ended", populated.ended.to_string()),
        ("legacy", populated.legacy.to_string()),
        ("cutovers", populated.cutovers.to_string()),
        ("digest", populated.digest.to_string()),
        ("mebibytes", bytes.div_ceil(1 << 20).to_string()),
        ("seconds", format!("{seconds:.1}")),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    ctx.note("population-done", &values);
}
