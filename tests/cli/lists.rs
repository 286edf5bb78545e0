//! Revocation lists, as an operator and a monitor meet them.

use std::fs;

use crate::desk::{Desk, by, has_chinese, without_ca};

#[test]
fn a_revocation_is_pending_until_it_was_read_in_the_folder() {
    let desk = Desk::founded();
    let serial = desk.issued();
    let (sun, li, zhao) = (by("sun"), by("li"), by("zhao"));
    desk.refuses(&format!("crl publish {zhao}"), 2, "cli.publish-missing");
    let planned = desk.json(&format!("crl publish --dir www --dry-run {zhao}"));
    assert_eq!((&planned["items"][0]["number"], &planned["items"][0]["outcome"]), (&1.into(), &"planned".into()));
    assert!(!desk.path("www").exists());
    desk.refuses(&format!("crl publish --dir www --delta {zhao}"), 5, "crl.no-base");
    // The folder is a setting of the home.
    let settings = desk.path("home/hufu.toml");
    let www = desk.path("www");
    let text = format!("{}publish = {:?}\n", fs::read_to_string(&settings).unwrap(), www.to_str().unwrap());
    fs::write(&settings, text).unwrap();
    desk.refuses("crl show --latest --home home", 3, "cli.no-crl");
    let first = desk.json(&format!("crl publish {zhao}"));
    assert_eq!(first["items"].as_array().unwrap().len(), 17);
    assert_eq!(desk.json("crl show --latest --home home")["entries"], 0);

    // Without the CA's passphrase: recorded, and pending.
    let hold = format!("cert suspend {serial} --id hold --emergency --note 介质遗失 {}", without_ca("sun"));
    let answer = desk.run(&hold);
    assert_eq!(answer.code, 0);
    assert!(answer.out.contains("pending") && answer.err.contains("hufu crl publish"), "{}{}", answer.out, answer.err);
    // Taken back before anybody saw it: what is published says so already.
    desk.does(&format!("cert resume {serial} --id back {sun}"));
    desk.does(&format!("request approve back {li}"));
    assert!(desk.does(&format!("apply back {}", without_ca("li"))).contains("visible"));
    // With it, what is printed was read in the folder.
    desk.does(&format!("cert revoke {serial} --reason keyCompromise --id end {sun}"));
    desk.does(&format!("request approve end {li}"));
    let applied = desk.json(&format!("apply end {li}"));
    assert_eq!(applied["items"][0]["visibility"], "visible");
    let latest = desk.json("crl show --latest --entries --home home");
    assert_eq!((&latest["number"], &latest["entries"]), (&2.into(), &1.into()));
    assert_eq!(latest["revoked"][0]["serial"], serial.as_str());
    let numbers = desk.json("crl list --home home");
    let number = |n: usize| (numbers["items"][n]["number"].clone(), numbers["items"][n]["outcome"].clone());
    assert_eq!((number(0), number(1)), ((1.into(), "published".into()), (2.into(), "published".into())));
    desk.does("audit verify --deep --home home --home-passphrase-file home.pass");

    // The monitor has the folder and the CA's certificate, nothing else.
    let ca = fs::read_dir(www.join("ca")).unwrap().map(|entry| entry.unwrap().path());
    let cas: Vec<String> = ca.map(|path| format!("--ca {}", path.display())).collect();
    assert_eq!(cas.len(), 2);
    let issuing = cas.iter().find(|ca| desk.run(&format!("crl watch --dir www {ca} --once")).code == 0).unwrap();
    let watch = format!("crl watch --dir www {issuing} --once --state seen");
    let seen = desk.json(&watch);
    assert!(seen["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "good"));
    desk.refuses(&format!("{watch} --at 2049-01-01T00:00:00Z"), 1, "cli.crl-alarm");
    let list = &desk.path(seen["items"][0]["path"].as_str().unwrap());
    fs::remove_file(list).unwrap();
    let answer = desk.run(&format!("{watch} --output json"));
    assert_eq!(answer.code, 1);
    let found: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&found["items"][0]["outcome"], &found["items"][0]["alarms"][0]), (&"alarm".into(), &"missing".into()));
    let answer = desk.chinese(&watch);
    assert!(answer.err.lines().all(has_chinese) && answer.out.contains("缺失"), "{}{}", answer.out, answer.err);
    // Another CA's list in its place stops the next publication.
    fs::write(list, b"not a list").unwrap();
    let answer = desk.run(&format!("crl publish {zhao}"));
    assert!(answer.code == 0 && answer.err.contains("damaged"), "{}", answer.err);
    desk.does(&watch);
}
