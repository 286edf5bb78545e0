//! Cutovers by hand: proposed, read, approved by a second person, corrected, shown.

use crate::desk::{Desk, by, sample};

#[test]
fn a_cutover_by_hand() {
    let desk = Desk::founded();
    let (zhao, qian, sun) = (by("zhao"), by("qian"), by("sun"));
    let listed = desk.json("migration list --home home");
    assert_eq!(listed["items"][0]["migration"], "sm2");
    assert_eq!(listed["items"][1]["algorithm_to"], "ml-dsa");
    let propose = "migration cutover propose ra-sichuan";
    desk.refuses(&format!("{propose} {zhao}"), 2, "cli.usage");
    desk.refuses(&format!("{propose} --effective 2018-07-01 {zhao}"), 5, "migration.past");
    desk.refuses(&format!("{propose} --effective 2018-07-01 --attested {zhao}"), 2, "cli.usage");
    desk.refuses(&format!("{propose} --effective 2018-07-01 --attested --evidence 验收 {sun}"), 4, "operator.no-role");
    desk.refuses(&format!("{propose} --withdraw --evidence 误报 {zhao}"), 3, "migration.no-cutover");
    desk.refuses(&format!("{propose} --effective 2018-07-01 --migration rot13 {zhao}"), 3, "migration.unknown");
    let proposed = desk.json(&format!("{propose} --effective 2018-07-01 --attested --evidence 验收 {zhao}"));
    let proposal = proposed["proposal"].as_str().unwrap().to_owned();
    // What is proposed is read before it is signed, in both languages.
    let read = desk.json(&format!("proposal show {proposal} --home home"));
    assert_eq!((read["migration"].as_str(), read["attested"].as_str()), (Some("sm2"), Some("yes")));
    assert_eq!(read["effective"].as_str(), Some("2018-06-30T16:00:00.000Z"));
    desk.refuses(&format!("migration cutover approve {proposal} {zhao}"), 4, "ra.self-approval");
    let done = desk.json(&format!("migration cutover approve {} {qian}", &proposal[..8]));
    let event = done["event"].as_u64().unwrap();

    let rsa = sample("openssl-rsa-2048.pem");
    let words = format!(
        "request submit --id r1 --org lra-chengdu --holder person --profile person-sign --csr {} --fields zhang.toml {sun}",
        rsa.display()
    );
    desk.refuses(&words, 5, "request.after-cutover");
    let told = desk.run(&words);
    assert!(
        told.err.contains(&format!("event {event}")) && told.err.contains("2018-07-01T00:00:00+08:00"),
        "{}",
        told.err
    );
    let chinese = desk.chinese(&words);
    assert!(chinese.err.contains("切换") && chinese.err.contains("2018-07-01T00:00:00+08:00"), "{}", chinese.err);

    let status = desk.json("migration status --home home");
    let one = |id: &str| status["items"].as_array().unwrap().iter().find(|row| row["org"] == id).unwrap().clone();
    assert_eq!(one("ra-sichuan")["migration_state"], "retired");
    assert_eq!(one("ra-sichuan")["basis"], "attested");
    assert_eq!(one("lra-chengdu")["head"], "ra-sichuan");
    let table = desk.chinese("migration status --home home").out;
    assert!(table.contains("已退役") && table.contains("追认"), "{table}");
    assert!(desk.does("migration status --at 2018-06-30 --home home").contains("not started"));

    let back = desk.json(&format!("{propose} --withdraw --evidence 误报 {zhao}"));
    desk.does(&format!("proposal approve {} {qian}", back["proposal"].as_str().unwrap()));
    let records = desk.json("migration cutover list --home home");
    let withdrawn: Vec<_> = records["items"].as_array().unwrap().iter().map(|r| r["withdrawn"].clone()).collect();
    assert_eq!(withdrawn, [false, true]);
    assert_eq!(desk.json("migration list --home home")["items"][0]["cutovers"], 0);
    desk.refuses(&words, 2, "x509.key-rsa");
    desk.does("verify --all --home home");
}
