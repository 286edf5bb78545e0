//! The acceptance population of 2018-H1, played for real: what its home says is what the bulletin said.

use std::path::Path;
use std::sync::Arc;

use hufu_authority::data::population::{Population, Scale, Targets};
use hufu_authority::{Authority, Depth};
use hufu_demo::population::{Populated, Wish, play};

fn wish(thousandths: u32, seed: u64) -> Wish {
    Wish { scale: Scale::from_thousandths(thousandths).unwrap(), seed, singles: false }
}

fn played(dir: &Path, wish: &Wish) -> Populated {
    let populated = play(dir, wish, &|_, _, _| ()).unwrap();
    let targets = Targets::at(wish.scale);
    assert_eq!((populated.pairs, populated.pairs + populated.legacy), (targets.sm2, targets.total));
    populated
}

#[test]
fn a_thousandth_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let populated = played(&folder.path().join("a"), &wish(1, 1));
    println!("{populated:?}");
    let authority = Authority::open_read_only(&folder.path().join("a/home")).unwrap();
    let report = authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}
