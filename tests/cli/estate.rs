//! Issuing CAs and the ledger of media, by hand.

use std::fs;

use crate::desk::{Desk, by, sample};

/// A CA in place of the current one: proposed, read, made by a second person, retired.
#[test]
fn a_rollover_by_hand() {
    let desk = Desk::founded();
    let (zhao, qian) = (by("zhao"), by("qian"));
    let listed = desk.json("ca list --home home");
    assert_eq!(listed["items"][0]["ca"], "issuing");
    assert_eq!(listed["items"][0]["status"], "current");
    let proposed = desk.run(&format!("ca rollover g2 {zhao}"));
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    assert!(proposed.err.contains("hufu ca approve "), "{}", proposed.err);
    let proposal = desk.json("proposal list --home home")["items"][0]["proposal"].as_str().unwrap().to_owned();
    let read = desk.does(&format!("proposal show {proposal} --home home"));
    assert!(read.contains("g2") && read.contains("the current CA"), "{read}");
    desk.refuses(&format!("proposal approve {proposal} {qian}"), 5, "ca.root-key");
    desk.refuses(&format!("ca approve {proposal} {zhao}"), 4, "ra.self-approval");
    desk.does(&format!("ca approve {} {qian}", &proposal[..8]));
    let statuses: Vec<String> = desk.json("ca list --home home")["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ca| format!("{}={}", ca["ca"].as_str().unwrap(), ca["status"].as_str().unwrap()))
        .collect();
    assert_eq!(statuses, ["issuing=closing", "g2=current"]);
    let shown = desk.json("ca show g2 --home home");
    assert!(shown["pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE"));
    desk.refuses(&format!("ca retire issuing {zhao}"), 2, "cli.confirm");
    let retired = desk.json(&format!("ca retire issuing --yes {zhao}"));
    let proposal = retired["proposal"].as_str().unwrap().to_owned();
    desk.does(&format!("proposal approve {proposal} {qian}"));
    desk.refuses(&format!("ca retire nobody --yes {zhao}"), 3, "ca.unknown");
    desk.refuses(&format!("ca switch issuing {zhao}"), 5, "ca.step");
    desk.does("verify --all --home home");
}

/// Media from a sheet to a holder, lost, suspended in one go.
#[test]
fn the_ledger_of_media_by_hand() {
    let desk = Desk::founded();
    let sun = by("sun");
    let head = "id,kind,serial,vendor,model,sm2,org\n";
    let bad = format!("{head}u-1,ukey,A1,示例,K9,yes,lra-chengdu\nu-2,disk,A2,示例,K9,yes,lra-chengdu\nu-3,ukey\n");
    fs::write(desk.path("bad.csv"), bad).unwrap();
    let refused = desk.run(&format!("medium import bad.csv {sun}"));
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("row 3") && refused.err.contains("row 4"), "{}", refused.err);
    let good = format!("{head}u-1,ukey,A1,示例,K9,yes,lra-chengdu\nu-2,ukey,A2,示例,K9,no,lra-chengdu\n");
    fs::write(desk.path("media.csv"), good).unwrap();
    desk.does(&format!("medium import media.csv --dry-run {sun}"));
    assert_eq!(desk.json(&format!("medium list {sun}"))["items"].as_array().unwrap().len(), 0);
    desk.does(&format!("medium import media.csv {sun}"));
    let again = desk.run(&format!("medium import media.csv {sun}"));
    assert_eq!(again.code, 5, "{}", again.err);
    assert!(again.err.contains("row 2") && again.err.contains("row 3"), "{}", again.err);
    let list = desk.does(&format!("medium list --status in-stock {sun}"));
    assert!(list.contains("u-1") && list.contains("in stock"), "{list}");
    let csr = sample("openssl-person-zh.pem");
    let submit = |medium: &str| {
        desk.run(&format!(
            "request submit --id r1 --org lra-chengdu --holder person --profile person-sign --csr {} --fields zhang.toml \
             --medium-id {medium} {sun}",
            csr.display()
        ))
    };
    let unfit = submit("u-2");
    assert!(unfit.code == 5 && unfit.err.contains("medium.sm2"), "{}", unfit.err);
    assert_eq!(submit("u-1").code, 0);
    desk.does(&format!("request approve r1 {}", by("li")));
    let serial = desk.json(&format!("issue r1 {}", by("li")))["items"][0]["serial"].as_str().unwrap().to_owned();
    let shown = desk.json(&format!("medium show u-1 {sun}"));
    assert_eq!(shown["certificates"][0]["serial"], serial.as_str());
    let lost = desk.run(&format!("medium lost u-1 --suspend {sun}"));
    assert_eq!(lost.code, 0, "{}", lost.err);
    assert!(lost.err.contains(&format!("hufu cert revoke {serial}")), "{}", lost.err);
    assert_eq!(desk.json(&format!("cert show {serial} --home home"))["status"], "held");
    desk.refuses(&format!("medium lost u-1 {sun}"), 5, "medium.step");
    desk.refuses(&format!("medium show u-9 {sun}"), 3, "medium.unknown");
    let shown = desk.json(&format!("medium show u-2 {sun}"));
    assert_eq!((shown["sm2"].as_bool(), shown["status"].as_str()), (Some(false), Some("in-stock")));
    for verb in ["broken", "return", "restock"] {
        desk.does(&format!("medium {verb} u-2 {sun}"));
    }
    desk.does("verify --all --home home");
}
