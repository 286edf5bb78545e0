//! The key centre by hand: the founding, the custodians' shares, the agent as a process, orders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::desk::{Answer, Desk, by, without_ca};

/// A founded home with a key centre in force, its shares in `shares`, each under its custodian's passphrase.
fn centre() -> Desk {
    let desk = Desk::founded();
    for id in ["rec1", "rec2", "rec3"] {
        desk.person(id);
        desk.does(&format!(
            "operator add {id} --org ca --name {id} --region 510100 --roles auditor --csr {id}.csr --request staff-{id} {}",
            by("zhao")
        ));
    }
    desk.does(&format!("request approve staff-rec1 staff-rec2 staff-rec3 {}", by("qian")));
    desk.does(&format!("issue staff-rec1 staff-rec2 staff-rec3 {}", by("qian")));
    let mut words = String::from("kmc init --name 示例密钥管理中心 --out shares");
    for n in 1..=5 {
        fs::write(desk.path(&format!("s{n}.pass")), format!("the {n}. custodian guards it\n")).unwrap();
        words.push_str(&format!(" --custodian 保管员{n} --share-passphrase-file s{n}.pass"));
    }
    words.push_str(&format!(" --officer rec1:recovery --officer rec2:recovery {}", by("zhao")));
    desk.does(&words);
    desk.refuses(&format!("kmc fill --count 1 {HOME}"), 5, "kmc.waits");
    let proposal = desk.json(&format!("proposal list {HOME}"))["items"][0]["proposal"].as_str().unwrap().to_owned();
    desk.does(&format!("proposal approve {proposal} {}", by("qian")));
    desk
}

const HOME: &str = "--home home";

/// The words that unlock with these shares, and their passphrases.
fn unlock(numbers: &[u8], more: &str) -> String {
    let share = |n: &u8| format!(" --share shares/share-{n}.pem --share-passphrase-file s{n}.pass");
    format!("kmc unlock{} {more} {HOME}", numbers.iter().map(share).collect::<String>())
}

fn socket(desk: &Desk) -> PathBuf {
    desk.path("home").join("kmc.sock")
}

/// Waits for the agent's end; it has its socket removed by then.
fn gone(desk: &Desk) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    while socket(desk).exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    !socket(desk).exists()
}

/// The agent of this desk's home: its process id and its arguments.
fn agent(desk: &Desk) -> Option<(String, String)> {
    let home = desk.path("home").display().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| {
            let arguments = fs::read_to_string(entry.path().join("cmdline")).ok()?.replace('\0', " ");
            Some((entry.file_name().into_string().ok()?, arguments))
        })
        .find(|(_, arguments)| arguments.contains("kmc agent") && arguments.contains(&home))
}

fn signal(desk: &Desk, name: &str) {
    let (process, _) = agent(desk).unwrap();
    assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
}

/// The agent of a test must not outlive it.
struct Ended<'d>(&'d Desk);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.run(&format!("kmc lock {HOME}"));
    }
}

fn state(desk: &Desk) -> serde_json::Value {
    desk.json(&format!("kmc status {HOME}"))["state"].clone()
}

/// Three custodians unlock; from then on certificates are issued without the CA's passphrase, until it is locked.
#[test]
fn the_agent_knows_the_passphrase_until_it_is_locked() {
    let desk = centre();
    let _ended = Ended(&desk);
    assert_eq!(state(&desk), "locked");
    desk.refuses(&format!("kmc fill --count 1 {HOME}"), 6, "kmc.no-agent");
    let said = desk.does(&unlock(&[1, 3, 5], "--keep-ca-passphrase --ca-passphrase-file ca.pass"));
    assert!(!said.contains("PRIVATE") && !said.contains("SHARE"), "{said}");
    assert_eq!(state(&desk), "unlocked");
    assert_eq!(fs::symlink_metadata(socket(&desk)).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, arguments) = agent(&desk).unwrap();
    assert!(!arguments.contains("share") && !arguments.contains("pass"), "{arguments}");
    desk.refuses(&unlock(&[2, 3, 4], ""), 5, "kmc.agent-runs");
    let settings = desk.does(&format!("config show --origin {HOME}"));
    assert!(settings.contains("agent "), "{settings}");
    assert_eq!(desk.submit("r1", "openssl-person-zh.pem").code, 0);
    desk.does(&format!("request approve r1 {}", by("li")));
    desk.does(&format!("issue r1 {}", without_ca("li")));
    desk.does(&format!("kmc fill --count 30 {HOME}"));
    assert_eq!(desk.json(&format!("kmc status {HOME}"))["pooled"], 30);
    assert!(desk.does(&format!("kmc verify {HOME}")).contains("sound"));
    desk.does(&format!("kmc lock {HOME}"));
    assert!(!socket(&desk).exists());
    assert_eq!(state(&desk), "locked");
    desk.refuses(&format!("issue r1 {}", without_ca("li")), 2, "cli.passphrase-missing");
    desk.refuses(&format!("kmc lock {HOME}"), 6, "kmc.no-agent");
    // Without that flag the agent holds no passphrase.
    desk.does(&unlock(&[1, 2, 4], ""));
    desk.refuses(&format!("issue r1 {}", without_ca("li")), 2, "cli.passphrase-missing");
    assert!(desk.does(&format!("kmc status {HOME} --lang zh")).contains("已解锁"));
}

/// An agent ends when nobody uses it, on a signal, and a dead one's socket is in nobody's way.
#[test]
fn the_agent_ends_by_itself_and_on_a_signal() {
    let desk = centre();
    let _ended = Ended(&desk);
    desk.does(&unlock(&[1, 2, 3], "--idle 1s"));
    assert!(gone(&desk) && state(&desk) == "locked");
    desk.does(&unlock(&[1, 2, 3], ""));
    signal(&desk, "-TERM");
    assert!(gone(&desk));
    desk.does(&unlock(&[1, 2, 3], ""));
    let (process, _) = agent(&desk).unwrap();
    signal(&desk, "-KILL");
    while fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|text| !text.is_empty()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(socket(&desk).exists(), "a killed agent removes nothing");
    assert_eq!(state(&desk), "locked");
    desk.does(&unlock(&[1, 2, 3], ""));
    assert_eq!(state(&desk), "unlocked");
}

/// Every wrong share is named by its number and its custodian.
#[test]
fn a_wrong_share_is_named() {
    let desk = centre();
    let says = |answer: Answer, code: &str, name: &str| {
        assert!(answer.err.contains(&format!("[{code}]")) && answer.err.contains(name), "{}", answer.err);
        assert!(!socket(&desk).exists());
    };
    says(desk.run(&unlock(&[1, 2], "")), "kmc.shares-few", "3");
    says(desk.run(&unlock(&[1, 2, 2], "")), "kmc.share-twice", "保管员2");
    let mixed = unlock(&[1, 2, 4], "").replace("s4.pass", "s5.pass");
    says(desk.run(&mixed), "kmc.share-passphrase", "保管员4");
    says(
        desk.run(&unlock(&[1, 2, 3], "").replace("--share-passphrase-file s3.pass", "")),
        "cli.passphrase-missing",
        "--share-passphrase-file",
    );
    let file = desk.path("shares/share-3.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("保管员3") && text.contains("HUFU SEALED KEY SHARE"), "{text}");
    let checked = desk.json(&format!("kmc check-share shares/share-3.pem --share-passphrase-file s3.pass {HOME}"));
    assert_eq!((&checked["share"], &checked["outcome"]), (&3.into(), &"holds".into()));
    // One character of the block is another one.
    let place = text.rfind("-----END").unwrap() - 20;
    let mut altered = text.into_bytes();
    altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
    fs::write(&file, altered).unwrap();
    says(desk.run(&unlock(&[1, 2, 3], "")), "kmc.share-form", "share-3.pem");
    desk.refuses(&format!("kmc check-share home/hufu.toml {HOME}"), 2, "kmc.share-form");
    let chinese = desk.chinese(&unlock(&[1, 2, 2], ""));
    assert!(chinese.err.contains("保管员2 的第 2 份份额"), "{}", chinese.err);
}

/// An officer is ordered by an administrator and approved by two officers; what the key centre does not have is refused.
#[test]
fn orders_by_hand() {
    let desk = centre();
    let _ended = Ended(&desk);
    let serial = desk.issued();
    let order = "kmc officer add rec3 --part recovery --id add-3";
    desk.refuses(&format!("{order} {}", by("rec1")), 4, "operator.no-role");
    desk.does(&format!("{order} {}", by("zhao")));
    desk.does(&format!("{order} {}", by("zhao")));
    desk.does(&format!("kmc order approve add-3 {}", by("rec1")));
    desk.refuses(&format!("kmc order approve add-3 {}", by("rec1")), 5, "kmc.approved-twice");
    desk.refuses(&format!("kmc order approve add-3 {}", by("li")), 4, "kmc.not-an-officer");
    desk.refuses(&format!("kmc order carry-out add-3 {}", by("zhao")), 6, "kmc.no-agent");
    desk.does(&unlock(&[3, 4, 5], ""));
    desk.refuses(&format!("kmc order carry-out add-3 {}", by("zhao")), 4, "kmc.approvals-missing");
    desk.does(&format!("kmc order approve add-3 {}", by("rec2")));
    desk.does(&format!("kmc order carry-out add-3 {}", by("zhao")));
    let officers = desk.json(&format!("kmc status {HOME}"))["officers"].as_array().unwrap().len();
    assert_eq!(officers, 3);
    let shown = desk.json(&format!("kmc order show add-3 {HOME}"));
    assert_eq!((&shown["status"], shown["approvals"].as_array().unwrap().len()), (&"done".into(), 2));
    let recover = format!("cert recover {serial} --csr rec3.csr --reason 介质损坏 --id back");
    desk.refuses(&format!("{recover} {}", by("sun")), 3, "kmc.no-key");
    desk.refuses(&format!("cert recover {serial} --reason x {}", by("sun")), 2, "cli.usage");
    desk.refuses(&format!("kmc order show back {HOME}"), 3, "kmc.no-order");
    let listed = desk.does(&format!("kmc order list --all {HOME} --lang zh"));
    assert!(listed.contains("审批员变更"), "{listed}");
    desk.does(&format!("audit verify --deep {HOME}"));
}

/// A pair by hand: asked for, refused while the key centre is locked, issued through the agent, handed out in files, and
/// opened by its holder.
#[test]
fn a_pair_is_issued_and_handed_out() {
    let desk = centre();
    desk.person("zhang");
    desk.does(&format!(
        "request submit --id p1 --org lra-chengdu --holder person --profile person-sign --pair --csr zhang.csr --fields \
         zhang.toml {}",
        by("sun")
    ));
    assert_eq!(desk.json(&format!("request show p1 {HOME}"))["pair"], true);
    desk.does(&format!("request approve p1 {}", by("li")));
    desk.refuses(&format!("issue p1 --out-dir out {}", by("li")), 5, "pair.no-key-centre");
    let _end = Ended(&desk);
    desk.does(&unlock(&[1, 2, 3], "--ca-passphrase-file ca.pass"));
    let issued = desk.json(&format!("issue p1 --out-dir out {}", by("li")));
    let issued = &issued["items"][0];
    for (file, field) in [("p1-sign.pem", "pem"), ("p1-enc.pem", "encryption_pem"), ("p1-enc.envelope", "envelope")] {
        assert_eq!(fs::read_to_string(desk.path(&format!("out/{file}"))).unwrap(), issued[field].as_str().unwrap());
        assert_eq!(fs::metadata(desk.path(&format!("out/{file}"))).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Again: the same bytes, in the same files. Another's file is not written over.
    desk.does(&format!("issue p1 --out-dir out {}", by("li")));
    fs::write(desk.path("out/p1-enc.pem"), "somebody else's\n").unwrap();
    desk.refuses(&format!("issue p1 --out-dir out {}", by("li")), 5, "cli.exists");
    let (signing, encryption) = (issued["serial"].as_str().unwrap(), issued["encryption_serial"].as_str().unwrap());
    for serial in [signing, encryption] {
        let pair = &desk.json(&format!("cert show {serial} {HOME}"))["pair"];
        assert_eq!((&pair["signing"], &pair["encryption"]), (&issued["serial"], &issued["encryption_serial"]));
    }
    let holder = "--key zhang.key --passphrase-file zhang.pass";
    let seen = desk.json(&format!("envelope inspect out/p1-enc.envelope {holder}"));
    assert_eq!((&seen["opened"], &seen["halves"]), (&true.into(), &"match".into()));
    desk.refuses(&format!("cert export {signing} --envelope cfca --out zhang.cfca {HOME}"), 2, "pair.owner-key");
    desk.does(&format!("cert export {encryption} --envelope cfca --out zhang.cfca {HOME} {holder}"));
    desk.does(&format!("cert export {signing} --envelope csr-response --out zhang.response {HOME}"));
    for (file, dialect) in [("zhang.cfca", "cfca"), ("zhang.response", "csr-response")] {
        let seen = desk.json(&format!("envelope inspect {file} {holder}"));
        assert_eq!((&seen["dialect"], &seen["opened"]), (&dialect.into(), &true.into()));
    }
    desk.does(&format!("audit verify {HOME}"));
}
