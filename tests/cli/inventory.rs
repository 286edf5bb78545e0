//! The inventory of another authority, as an administrator imports it.

use std::fs;

use crate::desk::{Desk, by, has_chinese};

const LIST: &str = "序列号,颁发者,主题,算法,密钥长度,有效期起,有效期止,机构\n\
    01a1,\"CN=旧 CA,C=CN\",\"CN=甲,C=CN\",RSA,1024,2023-01-01 00:00:00,2033-01-01 00:00:00,ca\n\
    01a2,\"CN=旧 CA,C=CN\",\"CN=乙,C=CN\",RSA,2048,2023-01-01 00:00:00,2033-01-01 00:00:00,no-such\n";
/// Contradicts the first row.
const CONFLICT: &str = "01a1,\"CN=旧 CA,C=CN\",\"CN=丙,C=CN\",RSA,1024,2023-01-01 00:00:00,2033-01-01 00:00:00,ca\n";

#[test]
fn an_inventory_is_tried_imported_and_known_again() {
    let desk = Desk::founded();
    let zhao = by("zhao");
    fs::write(desk.path("old.csv"), LIST).unwrap();
    fs::write(desk.path("bad.csv"), format!("{LIST}{CONFLICT}")).unwrap();
    desk.refuses(&format!("import legacy none.csv {zhao}"), 6, "home.file");
    desk.refuses(&format!("import legacy old.csv {}", by("sun")), 4, "operator.no-role");
    let planned = desk.json(&format!("import legacy old.csv --dry-run {zhao}"));
    assert_eq!((&planned["outcome"], &planned["recorded"]), (&"planned".into(), &2.into()));
    assert_eq!(desk.json(&format!("import list {zhao}"))["items"].as_array().unwrap().len(), 0);

    let answer = desk.run(&format!("import legacy bad.csv --id old --findings found.xlsx {zhao} --output json"));
    assert_eq!(answer.code, 7, "{}{}", answer.out, answer.err);
    let done: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&done["recorded"], &done["refused"]), (&2.into(), &1.into()));
    let codes: Vec<&str> = done["row_findings"].as_array().unwrap().iter().filter_map(|f| f["code"].as_str()).collect();
    assert_eq!(codes, ["import.conflict", "import.org-unknown"]);
    assert!(fs::metadata(desk.path("found.xlsx")).unwrap().len() > 1000);
    let again = desk.json(&format!("import legacy old.csv {zhao}"));
    assert_eq!((&again["recorded"], &again["known_before"]), (&0.into(), &2.into()));
    desk.refuses(&format!("import legacy old.csv --id old {zhao}"), 5, "import.changed");

    let imports = desk.json(&format!("import list {zhao}"));
    assert_eq!((&imports["items"][0]["id"], &imports["items"][0]["certificates"]), (&"old".into(), &2.into()));
    assert_eq!(desk.json(&format!("import match {zhao}"))["items"].as_array().unwrap().len(), 0);
    let unknown = "0".repeat(64);
    desk.refuses(&format!("import link {unknown} 01 {zhao}"), 3, "import.unknown");
    let answer = desk.chinese(&format!("import legacy bad.csv --id old {zhao}"));
    assert!(answer.err.lines().filter(|line| !line.trim().is_empty()).all(has_chinese), "{}", answer.err);
    assert!(answer.out.contains("此前已有"), "{}", answer.out);
    desk.does("audit verify --deep --home home --home-passphrase-file home.pass");
}
