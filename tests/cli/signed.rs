//! Signed reports as files: made by an office, checked at the centre and by somebody who has nothing but the root.

use std::fs;

use crate::desk::{Desk, by, has_chinese};

#[test]
fn a_report_is_signed_and_checked_by_hand() {
    let desk = Desk::founded();
    desk.issued();
    let li = by("li");
    let printed = desk.run(&format!("report summary --org ra-sichuan --signed sichuan.hrp {li}"));
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(
        printed.err.contains("sichuan.hrp") && printed.out.contains("四川省注册中心"),
        "{}{}",
        printed.out,
        printed.err
    );
    assert!(fs::read_to_string(desk.path("sichuan.hrp")).unwrap().starts_with("-----BEGIN HUFU REPORT-----\n"));
    // No file is written over, and no event made for nothing.
    desk.refuses(&format!("report summary --org ra-sichuan --signed sichuan.hrp {li}"), 5, "cli.exists");
    let log = desk.json("audit log --event report-sign --home home");
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
    desk.refuses(&format!("report summary --signed all.hrp {li}"), 4, "ra.outside-jurisdiction");
    desk.refuses(&format!("report summary --org lra-chengdu --signed lra.hrp {}", by("sun")), 4, "operator.no-role");
    assert!(!desk.path("all.hrp").exists() && !desk.path("lra.hrp").exists());

    // Shown again, and every figure made again.
    let shown = desk.does("report verify sichuan.hrp --home home");
    assert!(shown.contains("四川省注册中心") && shown.contains("valid"), "{shown}");
    let verdict = desk.json("report verify sichuan.hrp --home home");
    assert_eq!(
        (verdict["outcome"].as_str(), verdict["recomputed"].as_bool()),
        (Some("valid"), Some(true)),
        "{verdict}"
    );
    assert_eq!((verdict["report"].as_str(), verdict["operator"].as_str()), (Some("summary"), Some("li")));
    assert_eq!(verdict["figures"]["type"], "report-summary", "the figures, as the report gives them: {verdict}");
    assert_eq!(verdict["figures"]["tables"][0]["name"], "organisations");
    desk.does("report verify sichuan.hrp --home home --out figures.csv --text signed.txt");
    assert!(fs::read_to_string(desk.path("figures.csv")).unwrap().contains("ra-sichuan"));
    let text = fs::read_to_string(desk.path("signed.txt")).unwrap();
    assert!(text.starts_with("hufu report v1\n") && text.contains("\nrule\trule-pair\t"), "{text}");

    // Where there is no home.
    fs::create_dir(desk.path("elsewhere")).unwrap();
    desk.refuses("report verify sichuan.hrp --home elsewhere/home", 2, "cli.root-missing");
    desk.does("cert ca root --home home --out root.pem");
    let offline = desk.run("report verify sichuan.hrp --root root.pem --home elsewhere/home");
    assert_eq!(offline.code, 0, "{}", offline.err);
    assert!(offline.err.contains("without the home"), "{}", offline.err);

    // Edited: the figure in the octets of the message.
    let pem = fs::read(desk.path("sichuan.hrp")).unwrap();
    let (_, mut der) = hufu_authority::x509::pem::blocks(&pem).next().unwrap().unwrap();
    let at = der.windows(15).position(|w| w == b"municipal-lra\t1").unwrap() + 14;
    der[at] = b'7';
    fs::write(desk.path("edited.hrp"), hufu_authority::x509::pem::encode("HUFU REPORT", &der)).unwrap();
    let answer = desk.run("report verify edited.hrp --home home --output json");
    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(answer.err.contains("[cli.report-invalid]"), "{}", answer.err);
    let verdict: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(verdict["findings"][0]["rule"], "report.signature");
    let difference = &verdict["differences"][0];
    assert_eq!((difference["table"].as_str(), difference["column"].as_str()), (Some("organisations"), Some("issued")));
    assert_eq!((difference["signed"].as_str(), difference["recomputed"].as_str()), (Some("7"), Some("1")));
    let chinese = desk.chinese("report verify edited.hrp --home home");
    assert!(chinese.out.contains("签名不成立") && has_chinese(&chinese.err), "{}{}", chinese.out, chinese.err);
    let csv = desk.run("report verify edited.hrp --home home --output csv");
    assert!(csv.out.lines().any(|line| line.contains("organisations") && line.contains("7,1")), "{}", csv.out);
    desk.refuses("report verify edited.hrp --root root.pem", 1, "cli.report-invalid");

    // What is no signed report.
    fs::write(desk.path("cut.hrp"), &pem[..pem.len() / 2]).unwrap();
    desk.refuses("report verify cut.hrp --home home", 2, "x509.pem-form");
    desk.does("audit anchor export --home home --out anchor.pem");
    desk.refuses("report verify anchor.pem --home home", 2, "x509.pem-label");
    desk.refuses("report verify nothing.hrp --home home", 2, "cli.read");
}
