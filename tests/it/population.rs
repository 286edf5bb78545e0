//! The acceptance population of 2018-H1, played for real: what its home says is what the bulletin said. A thousandth of it
//! on every run; `HUFU_FULL=1` plays a hundredth, a tenth and all of it.

use std::collections::BTreeMap;
use std::path::Path;

use hufu_authority::data::Lang;
use hufu_authority::data::population::{END, Scale, Targets};
use hufu_authority::report::{Asked, Report, Value};
use hufu_authority::{Authority, Depth, ReportKind};
use hufu_demo::population::{Populated, Wish, play};

fn wish(thousandths: u32, seed: u64) -> Wish {
    Wish { scale: Scale::from_thousandths(thousandths).unwrap(), seed, singles: false }
}

fn played(dir: &Path, wish: &Wish) -> Populated {
    let populated = play(dir, wish, &|_, _, _| ()).unwrap();
    let targets = Targets::at(wish.scale);
    assert_eq!((populated.pairs, populated.pairs + populated.legacy), (targets.sm2, targets.total));
    assert_eq!(populated.organisations, 60);
    populated
}

fn bulletin(authority: &Authority) -> Report {
    let asked = Asked { at: Some(END.last_instant()), ..Asked::default() };
    authority.report(ReportKind::Bulletin, &asked).unwrap()
}

/// The home in `dir` gives the figures of the bulletin at this scale, and its ledger holds.
fn gives_the_bulletin(dir: &Path, scale: Scale) {
    let authority = Authority::open_read_only(&dir.join("home")).unwrap();
    let report = bulletin(&authority);
    let mut figures: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut growth = BTreeMap::new();
    let mut leaders = Vec::new();
    for row in &report.tables.iter().find(|t| t.name == "figures").unwrap().rows {
        let [_, Value::Code(figure), Value::Count(count), grown, .., name] = row.values.as_slice() else {
            panic!("{row:?}");
        };
        figures.entry(figure.clone()).or_default().push(*count);
        if let Value::Growth(grown) = grown {
            growth.insert(figure.clone(), *grown);
        }
        if let Value::Name { en, .. } = name {
            leaders.push(en.clone());
        }
    }
    let one = |name: &str| figures[name][0];
    assert_eq!([one("provinces"), one("municipal"), one("ministries")], [29, 22, 9]);
    assert_eq!([one("provinces-upgraded"), one("ministries-upgraded")], [26, 5]);
    let targets = Targets::at(scale);
    let (total, sm2) = (&growth["total"], &growth["target"]);
    assert_eq!((total.current, total.previous), (targets.total, targets.total_before));
    assert_eq!((sm2.current, sm2.previous), (targets.sm2, targets.sm2_before));
    assert!(total.words(Lang::Zh).contains("30%"), "{}", total.words(Lang::Zh));
    assert!(sm2.words(Lang::Zh).contains("7.6倍"), "{}", sm2.words(Lang::Zh));
    assert!(leaders[0].contains("Sichuan") && leaders[1].contains("Yunnan"), "{leaders:?}");

    let report = authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn a_thousandth_of_it_gives_the_bulletin() {
    let folder = tempfile::tempdir().unwrap();
    let (one, again, other) = (folder.path().join("one"), folder.path().join("again"), folder.path().join("other"));
    let first = played(&one, &wish(1, 1));
    gives_the_bulletin(&one, wish(1, 1).scale);
    // Keys and signatures are others, everybody and everything else is the same; of another seed it is not.
    assert_eq!(played(&again, &wish(1, 1)), first);
    let second = played(&other, &wish(1, 2));
    assert_ne!(second.digest, first.digest);
    gives_the_bulletin(&other, wish(1, 2).scale);

    // Nothing of today is written in it.
    let refused = Authority::open(&one.join("home")).err().unwrap();
    assert_eq!(refused.code(), "home.simulated-clock");
    // A folder that is there already is left alone.
    let again = play(&one, &wish(1, 1), &|_, _, _| ()).unwrap_err();
    assert_eq!(again.code(), "home.exists");
}

#[test]
fn singles_give_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let wish = Wish { singles: true, ..wish(1, 1) };
    let dir = folder.path().join("singles");
    played(&dir, &wish);
    gives_the_bulletin(&dir, wish.scale);
    assert!(!dir.join("home/kmc.db").exists());
}

#[test]
fn at_full_length_every_scale_gives_the_bulletin() {
    if std::env::var_os("HUFU_FULL").is_none() {
        println!("skipped: HUFU_FULL is not set");
        return;
    }
    for thousandths in [10, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("home-of-it");
        let begun = std::time::Instant::now();
        let populated = played(&dir, &wish(thousandths, 1));
        println!("{thousandths}: {populated:?} in {:?}", begun.elapsed());
        gives_the_bulletin(&dir, wish(thousandths, 1).scale);
    }
}
