//! The whole way by hand, and the demonstration.

use std::fs;

use crate::desk::{Desk, NUMBER, by};

#[test]
fn the_whole_way_by_hand() {
    let desk = Desk::founded();
    let serial = desk.issued();
    // The same request again: the same certificate.
    let again = desk.json(&format!("issue r1 {}", by("li")));
    assert_eq!(again["items"][0]["serial"], serial.as_str());

    desk.does(&format!("cert export {serial} --form chain --out zhang.pem --home home"));
    assert!(desk.does("verify zhang.pem --home home").contains("张三"));
    let shown = desk.json(&format!("cert show {serial} --home home"));
    let pem = fs::read_to_string(desk.path("zhang.pem")).unwrap();
    let text = shown.to_string();
    assert!(text.contains("hufu/1") && text.contains("C=CN,ST=四川省,L=成都市,CN=张三"), "{text}");
    let body: String = pem.lines().nth(1).unwrap().to_owned();
    assert!(text.contains(&body), "JSON carries the PEM");

    let report = desk.json("report summary --home home");
    let whole = &report["tables"][0]["rows"][0]["values"];
    assert_eq!((&whole["issued"], &whole["org"]), (&1.into(), &"ca".into()));
    assert!(desk.does("cert list --home home --lang en").contains("lra-chengdu"));
    assert!(desk.does("verify --all --home home --home-passphrase-file home.pass").contains("holds"));
    assert!(desk.does("audit verify --deep --home home --home-passphrase-file home.pass").contains("holds"));

    // I12: no passphrase, no private key and no identity number in anything that was printed.
    let printed = desk.printed.borrow();
    assert!(printed.len() > 5_000);
    let mut secrets = vec![NUMBER.to_owned(), "13800138000".to_owned(), "PRIVATE KEY".to_owned()];
    for file in ["zhao.pass", "qian.pass", "sun.pass", "li.pass", "home.pass", "ca.pass"] {
        secrets.push(fs::read_to_string(desk.path(file)).unwrap().trim().to_owned());
    }
    for secret in secrets {
        assert!(secret.len() > 8 && !printed.contains(&secret), "{secret} was printed");
    }
}

/// The main job in one command, with real input from other programs.
#[test]
fn the_demonstration_runs_and_its_home_verifies() {
    let desk = Desk::new();
    let answer = desk.run("demo --dir demo --count 40 --lang en");
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("Sichuan") && answer.err.contains("Next, try:"), "{}", answer.err);
    let whole = desk.run("verify --all --home demo/home --home-passphrase-file demo/keys/home.pass");
    assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
    let organisations = desk.json("org list --home demo/home");
    // The CA and the sixty.
    assert_eq!(organisations["items"].as_array().unwrap().len(), 61);
    // It never overwrites.
    let again = desk.run("demo --dir demo --count 40");
    assert_eq!(again.code, 5, "{}{}", again.out, again.err);
}
