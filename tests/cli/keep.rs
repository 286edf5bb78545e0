//! Backup and restore, as an operator meets them.

use std::fs;

use crate::desk::{Desk, by, has_chinese};

#[test]
fn a_home_comes_back_from_its_backup() {
    let desk = Desk::founded();
    let serial = desk.issued();
    let made = desk.json("backup --out kept --home home");
    assert_eq!((made["certificates"].as_u64(), made["keys"].as_bool()), (Some(5), Some(true)));
    assert_eq!(made["sm3"].as_str().unwrap().len(), 64);
    desk.refuses("backup --out kept --home home", 5, "home.exists");
    desk.refuses("backup --out home/kept --home home", 2, "backup.inside");
    desk.refuses("restore kept --home home", 5, "home.exists");
    desk.refuses("restore anchor --home new", 3, "backup.missing");

    fs::rename(desk.path("home"), desk.path("burnt")).unwrap();
    let restored = desk.json("restore kept --home home --verify");
    assert_eq!((restored["events"].as_u64(), restored["signs"].as_bool()), (made["events"].as_u64(), Some(true)));
    desk.does("audit verify --deep --home home --home-passphrase-file home.pass");
    assert!(desk.does("cert list --home home").contains(&serial));
    assert_eq!(desk.submit("r2", "babassl-person.pem").code, 0);
    desk.does(&format!("request approve r2 {}", by("li")));
    desk.does(&format!("issue r2 {}", by("li")));

    // The backup is older than what was signed since: it is restored, read, and signs nothing.
    let answer = desk.run("restore kept --home older");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.contains("signs nothing") && answer.err.contains("events are missing"), "{}", answer.err);
    assert!(desk.does("cert list --home older").contains(&serial));
    let signs = by("li").replace("--home home ", "--home older ");
    desk.refuses(&format!("issue r1 {signs}"), 8, "ledger.behind-anchor");

    // How long personal fields are kept; nothing is due yet, and nothing is upgraded.
    assert_eq!(desk.json("retention show --home home")["years"], 10);
    desk.refuses(&format!("retention delete --due --yes {}", by("zhao")), 3, "cli.nothing");
    desk.refuses(&format!("retention delete {serial} --yes {}", by("zhao")), 5, "retention.runs");
    desk.refuses(&format!("retention set --years 4 {}", by("zhao")), 2, "retention.years");
    desk.refuses("upgrade --backup before --home home", 5, "change.none");
    // The ledger for people who do not have this program; the clock.
    let exported = desk.json("audit export --out ledger --home older");
    assert_eq!(exported["events"], made["events"]);
    assert!(fs::read_to_string(desk.path("ledger/README.txt")).unwrap().contains("如何重新计算根"));
    desk.refuses("audit export --out ledger --home older", 5, "home.exists");
    assert_eq!(desk.json("audit clock --home home")["outcome"], "holds");
    // Last month there was no home; the checkpoint of today is the seed all the same.
    let drawn = desk.json("audit sample --org ca --percent 3 --home home");
    assert_eq!((&drawn["type"], &drawn["population"]), (&"audit-sample".into(), &0.into()));
    desk.refuses(
        "audit sample --org ca --percent 3 --from 2018-01-01 --to 2099-01-01 --home home",
        3,
        "report.no-seed",
    );
    desk.refuses("audit sample --org ca --percent 0 --home home", 2, "cli.usage");
    desk.refuses("audit sample --org nowhere --percent 3 --home home", 3, "org.unknown");
    desk.refuses(&format!("audit clock --confirm {}", by("zhao")), 5, "change.none");

    // In Chinese, too; and what was altered is named.
    let answer = desk.chinese("restore kept --home older-2");
    assert!(answer.err.lines().all(has_chinese), "{}", answer.err);
    let mut bytes = fs::read(desk.path("kept/ledger.db")).unwrap();
    bytes[5000] ^= 1;
    fs::write(desk.path("kept/ledger.db"), bytes).unwrap();
    let answer = desk.run("restore kept --home older-3");
    assert_eq!(answer.code, 8);
    assert!(answer.err.contains("ledger.db: altered between octet 0 and octet"), "{}", answer.err);
    let answer = desk.chinese("restore kept --home older-3");
    assert!(answer.err.contains("ledger.db：第 0 至第"), "{}", answer.err);
    assert!(!desk.path("older-3").exists());
}
