//! The inventory of another authority: `cargo bench -p hufu-benches --bench import`. `HUFU_BENCH_COUNT` sets the rows
//! (default 650000).
//!
//! A list (CSV) with identity numbers, of four years and a tenth of it revoked, is read, judged, looked for, written with its
//! events, its totals and the tree, and durable in the end. Then it is imported once more, which changes nothing.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use hufu_authority::AfterSigning;
use hufu_authority::import::source::Options;
use hufu_authority::import::{ImportPlan, ImportReport, Source};
use hufu_authority::model::holder::resident_id_with_check;
use hufu_benches::{Failure, Scratch, forget_peak, machine, number, peak};

fn main() -> Result<(), Failure> {
    let count = number("HUFU_BENCH_COUNT", 650_000)?;
    println!("{}", machine());
    let folder = tempfile::tempdir()?;
    let scratch = Scratch::found(folder.path(), AfterSigning::Trust)?;
    let list = folder.path().join("list.csv");
    write_list(&list, count)?;
    forget_peak();
    println!("{:<14} {:>9} {:>8} {:>9} {:>10}", "source", "rows", "seconds", "each/s", "peak");
    tell("list", &run(&scratch, "list", &list)?);
    tell("list again", &run(&scratch, "again", &list)?);
    Ok(())
}

fn run(scratch: &Scratch, id: &str, path: &Path) -> Result<(ImportReport, f64), Failure> {
    let paths: Vec<PathBuf> = vec![path.to_owned()];
    let started = Instant::now();
    let plan = ImportPlan {
        id: id.parse()?,
        source: path.display().to_string(),
        digest: Source::digest(&paths)?,
        org: Some("lra".parse()?),
        rules: None,
        dry_run: false,
    };
    let source = Source::open(&paths, Options { now: Some(scratch.authority.now()), ..Options::default() })?;
    let mut said = None;
    let mut told = |finding: &_| said = said.take().or_else(|| Some(format!("{finding:?}")));
    let report = scratch.authority.import(&scratch.administrators[0], &plan, source, &mut told, &|_| ())?;
    match said {
        Some(said) => Err(said.into()),
        None => Ok((report, started.elapsed().as_secs_f64())),
    }
}

fn tell(what: &str, (report, seconds): &(ImportReport, f64)) {
    let each = report.read as f64 / seconds;
    println!("{what:<14} {:>9} {seconds:>8.1} {each:>9.0} {:>10}   {} new", report.read, peak(), report.new);
}

/// A list as another program would write it.
fn write_list(path: &Path, count: usize) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    writeln!(
        out,
        "序列号,颁发者,主题,算法,密钥长度,有效期起,有效期止,机构,持有者类型,证件类型,证件号码,撤销时间,撤销原因"
    )?;
    for n in 0..count {
        let day = 1 + n % 28;
        let (month, year) = (1 + n / 28 % 12, 2014 + n / 336 % 4);
        // 1,400,000 people.
        let birth = format!("{}01{:02}", 1950 + n / 27_972 % 50, 1 + n / 999 % 28);
        let id = resident_id_with_check(&format!("510100{birth}{:03}", 1 + n % 999)).ok_or("no identity number")?;
        let revoked = if n % 10 == 0 { format!("{}-06-15 10:00:00,superseded", year + 1) } else { ",".to_owned() };
        writeln!(
            out,
            "{:032x},\"CN=示例旧 CA,O=示例电子政务,C=CN\",\"CN=持有者{n},O=示例单位{},C=CN\",RSA,2048,{year}-{month:02}-{day:02} 09:30:00,\
             {}-{month:02}-{day:02} 09:29:59,lra,个人,身份证,{id},{revoked}",
            (1_u128 << 120) + n as u128,
            n % 97,
            year + 5,
        )?;
    }
    Ok(out.flush()?)
}
