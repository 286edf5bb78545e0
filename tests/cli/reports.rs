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

/// The numbers that a spreadsheet reads are those of the same report in JSON, row by row.
#[test]
fn every_workbook_opens_in_a_spreadsheet_with_the_same_numbers() {
    let desk = desk();
    let mut files = Vec::new();
    for kind in ["summary", "issuance", "migration", "quota"] {
        desk.does(&format!("report {kind} --home home --out {kind}.xlsx --lang zh"));
        files.push(desk.path(&format!("{kind}.xlsx")));
    }
    let folder = desk.folder.path().to_str().unwrap();
    let verdicts = Judge("libreoffice").run(&["sheets", "--out", folder], &files);
    if verdicts.is_none() {
        return;
    }
    all_accepted(Judge("libreoffice"), verdicts, files.len());
    for kind in ["summary", "issuance", "migration", "quota"] {
        let document = desk.json(&format!("report {kind} --home home"));
        let sheets: Vec<String> = std::fs::read_dir(desk.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "csv"))
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{kind}-")))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        for table in document["tables"].as_array().unwrap() {
            let wanted = numbers(table);
            let found = sheets.iter().any(|sheet| wanted.iter().all(|row| sheet.lines().any(|line| holds(line, row))));
            assert!(found, "{kind} {}: {wanted:?} in {sheets:#?}", table["name"]);
        }
    }
}

/// The identifiers and counts of each row, as a sheet without forms has them.
fn numbers(table: &serde_json::Value) -> Vec<Vec<String>> {
    let columns = table["columns"].as_array().unwrap();
    let row = |row: &serde_json::Value| {
        let of = |column: &serde_json::Value| {
            let value = &row["values"][column["name"].as_str().unwrap()];
            match column["kind"].as_str().unwrap() {
                "count" | "identifier" => {
                    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string()))
                }
                _ => None,
            }
        };
        columns.iter().filter_map(of).collect()
    };
    table["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Whether the cells of a line have these values, in their order.
fn holds(line: &str, wanted: &[String]) -> bool {
    let mut cells = line.split(',').map(|cell| cell.trim_matches('"'));
    wanted.iter().all(|value| cells.any(|cell| cell == value))
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
