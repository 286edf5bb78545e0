//! Reports as people open them: every one in every form, judged by a browser and by a spreadsheet, in both languages.

use std::path::PathBuf;

use crate::desk::Desk;
use crate::judge::{Judge, all_accepted};

const KINDS: [&str; 15] = [
    "summary",
    "issuance",
    "leaders",
    "growth",
    "migration",
    "burn-down",
    "worklist",
    "expiring",
    "violations",
    "anomalies",
    "sla",
    "ra-permissions",
    "roles",
    "quota",
    "bulletin",
];

fn desk() -> Desk {
    let desk = Desk::founded();
    desk.issued();
    desk
}

fn files(desk: &Desk, form: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for lang in ["zh", "en"] {
        for kind in KINDS {
            let name = format!("{kind}-{lang}.{form}");
            desk.does(&format!("report {kind} --home home --out {name} --lang {lang}"));
            out.push(desk.path(&name));
        }
    }
    out
}

/// Nothing on the console, nothing asked for, Chinese has glyphs, no label stands upon another.
#[test]
fn every_page_opens_in_a_browser_that_reaches_nothing() {
    let desk = desk();
    let files = files(&desk, "html");
    all_accepted(Judge("chromium"), Judge("chromium").run(&["page"], &files), files.len());
    // The judge finds a page that asks for something and says something.
    let bad = desk.path("bad.html");
    std::fs::write(&bad, "<html lang=en><img src=http://a.example/x.png><script>console.log(1)</script>").unwrap();
    if let Some(verdicts) = Judge("chromium").run(&["--expect", "reject", "page"], std::slice::from_ref(&bad)) {
        assert!(verdicts[0].reason.contains("asked for") && verdicts[0].reason.contains("console"), "{verdicts:?}");
    }
}

/// The numbers that a spreadsheet reads are those of the same report in JSON.
#[test]
fn every_workbook_opens_in_a_spreadsheet_with_the_same_numbers() {
    let desk = desk();
    let at = "--at 2030-01-01T00:00:00Z";
    let mut files = Vec::new();
    for kind in ["summary", "issuance", "migration", "quota", "bulletin"] {
        for form in ["xlsx", "json"] {
            desk.does(&format!("report {kind} --home home {at} --out {kind}.{form} --lang zh"));
        }
        files.push(desk.path(&format!("{kind}.xlsx")));
    }
    all_accepted(Judge("libreoffice"), Judge("libreoffice").run(&["workbook"], &files), files.len());
}

/// Every column, code and rule of every report has its words: no key of the catalogue is left in what people read.
#[test]
fn every_report_speaks_both_languages() {
    let desk = desk();
    for kind in KINDS {
        let document = desk.json(&format!("report {kind} --home home"));
        assert_eq!(document["type"], format!("report-{kind}"));
        for lang in ["zh", "en"] {
            let text = desk.does(&format!("report {kind} --home home --lang {lang}"));
            for key in ["col-", "table-", "rule-", "title-report", "about-", "unit-", "label-"] {
                assert!(!text.split_whitespace().any(|word| word.starts_with(key)), "{kind} {lang}: {text}");
            }
        }
    }
}

/// A report that does not come into its place leaves nothing, not even a half of it under another name.
#[test]
fn a_report_that_fails_leaves_no_file() {
    let desk = desk();
    std::fs::create_dir(desk.path("taken.html")).unwrap();
    let count = || std::fs::read_dir(desk.folder.path()).unwrap().count();
    let before = count();
    assert_ne!(desk.run("report summary --home home --out taken.html").code, 0);
    assert_ne!(desk.run("report summary --home home --out nowhere/page.html").code, 0);
    assert_ne!(desk.run("report summary --home home --as-of 2000-01-01 --out early.html").code, 0);
    assert_eq!(count(), before);
}
