//! What becomes of a certificate after it was issued, by hand.

use crate::desk::{Desk, by};

/// The life of a certificate by hand: each step is a request, an approval and a last step.
#[test]
fn the_life_of_a_certificate_by_hand() {
    let desk = Desk::founded();
    let serial = desk.issued();
    let (sun, li) = (by("sun"), by("li"));
    // Renewed with the same key, replaced with another one; the replaced one ends with that.
    desk.does(&format!("cert renew {serial} --id renewal {sun}"));
    desk.does(&format!("request approve renewal {li}"));
    let renewed = desk.json(&format!("issue renewal {li}"))["items"][0]["serial"].as_str().unwrap().to_owned();
    desk.person("zhang");
    desk.does(&format!("cert replace {renewed} --csr zhang.csr --id replacement {sun}"));
    desk.does(&format!("request approve replacement {li}"));
    let replaced = desk.json(&format!("issue --approved ca {li}"))["items"][0]["serial"].as_str().unwrap().to_owned();
    let shown = desk.json(&format!("cert show {renewed} --home home"));
    assert_eq!(
        (&shown["status"], &shown["changes"][0]["revocation_reason"]),
        (&"revoked".into(), &"superseded".into())
    );
    // Suspended at once by one person, resumed by two.
    desk.does(&format!("cert suspend {replaced} --emergency --note 介质遗失 {sun}"));
    desk.refuses(&format!("cert suspend {replaced} {sun}"), 5, "certificate.state");
    desk.does(&format!("cert resume {replaced} --id back {sun}"));
    desk.refuses(&format!("apply back {li}"), 5, "request.state");
    desk.refuses(&format!("request approve back {sun}"), 4, "ra.self-approval");
    desk.does(&format!("request approve back {li}"));
    desk.refuses(&format!("issue back {li}"), 5, "request.verb");
    desk.does(&format!("apply back {li}"));
    // Revoked by query: counted first.
    let query = "cert revoke --org lra-chengdu --profile person-sign --reason cessationOfOperation";
    let planned = desk.json(&format!("{query} --dry-run --home home"));
    assert_eq!(planned["items"].as_array().unwrap().len(), 2);
    // What is asked for is what was planned, and an interrupted command is given again.
    let selection = |answer: &crate::desk::Answer| {
        assert!(answer.err.contains("2 certificate(s): lra-chengdu 2."), "{}", answer.err);
        answer.err.split("Selection ").nth(1).unwrap().split('.').next().unwrap().to_owned()
    };
    let planned = selection(&desk.run(&format!("{query} --dry-run --home home")));
    desk.refuses(&format!("{query} {sun}"), 2, "cli.confirm");
    for _ in 0..2 {
        let asked = desk.run(&format!("{query} --id close --yes {sun}"));
        assert_eq!((asked.code, selection(&asked)), (0, planned.clone()));
    }
    // Another person approves all of it by its name, or by the list that was signed.
    let listed = desk.json("request list --batch close --home home");
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    desk.refuses(&format!("request approve --batch clos --yes {li}"), 3, "cli.none-waiting");
    desk.refuses(&format!("request approve --batch close {li}"), 2, "cli.confirm");
    desk.does(&format!("request approve --batch close --yes {li}"));
    let manifest = listed["items"][0]["manifest"].as_str().unwrap();
    let planned = desk.json(&format!("apply --manifest {manifest} --dry-run --home home"));
    assert_eq!(planned["items"].as_array().unwrap().len(), 2);
    let applied = desk.json(&format!("apply --batch close {li}"));
    assert_eq!(applied["items"].as_array().unwrap().len(), 2);
    desk.refuses(&format!("apply --approved ca {li}"), 3, "cli.none-waiting");
    desk.refuses(&format!("cert renew {replaced} {sun}"), 5, "certificate.state");
    let report = desk.json("report summary --home home");
    let total = &report["tables"][0]["rows"][0]["values"];
    assert_eq!((&total["issued"], &total["revoked"], &total["valid"]), (&3.into(), &3.into(), &0.into()));
    assert!(desk.does("report summary --home home --lang zh").contains("撤销"));
    let request = desk.does(&format!("request show close-{replaced} --home home --lang zh"));
    assert!(request.contains("停止使用") && request.contains("已执行"), "{request}");
    assert!(desk.does("verify --all --home home --home-passphrase-file home.pass").contains("holds"));
}
