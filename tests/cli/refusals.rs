//! What goes wrong: exit codes, hints, nothing asked without a terminal.

use std::fs;

use crate::desk::{Desk, by};

/// The table of the architecture: each kind of refusal has its exit code.
#[test]
fn exit_codes_say_what_kind_of_refusal_it_is() {
    let desk = Desk::founded();
    let serial = desk.issued();
    // 1: the answer is no.
    desk.does(&format!("cert export {serial} --out good.pem --home home"));
    let too_late = desk.run("verify good.pem --home home --at 2099-01-01");
    assert_eq!(too_late.code, 1, "{}{}", too_late.out, too_late.err);
    // 2: usage and input.
    desk.refuses("no-such-command", 2, "cli.usage");
    desk.refuses("org add x", 2, "cli.usage");
    assert_eq!(desk.submit("bad", "openssl-empty-id.pem").code, 2);
    assert_eq!(desk.submit("bad", "openssl-rsa-2048.pem").code, 2);
    desk.refuses("verify nowhere.pem --home home", 2, "cli.read");
    // 3: not found.
    desk.refuses("status --home nowhere", 3, "home.missing");
    desk.refuses(&format!("cert show {} --home home", "01".repeat(19)), 3, "certificate.unknown");
    desk.refuses("request show nobody --home home", 3, "request.unknown");
    // 4: not permitted.
    fs::write(desk.path("wrong.pass"), "not the passphrase\n").unwrap();
    desk.refuses(
        "request approve r1 --home home --as li --key li.key --passphrase-file wrong.pass",
        4,
        "x509.wrong-passphrase",
    );
    desk.refuses(
        "request approve r1 --home home --as li --key sun.key --passphrase-file sun.pass",
        4,
        "operator.wrong-key",
    );
    desk.refuses(&format!("org freeze lra-chengdu --yes {}", by("sun")), 4, "operator.no-role");
    // 7: a batch that is partly done.
    let partly = desk.run(&format!("request approve r1 no-such-request {}", by("li")));
    assert_eq!(partly.code, 7, "{}{}", partly.out, partly.err);
    // 5: a rule or the state.
    desk.refuses(
        &format!("org add ra-sichuan --parent ca --kind province-ra --name 四川 {}", by("zhao")),
        5,
        "org.exists",
    );
    desk.refuses(&format!("org freeze ra-sichuan {}", by("zhao")), 2, "cli.confirm");
    desk.does(&format!("org freeze ra-sichuan --yes {}", by("zhao")));
    assert_eq!(desk.submit("frozen", "babassl-person.pem").code, 5);
    desk.refuses(
        "init --home home --name 某 --base-http http://a.cn --administrator a:甲:zhao.csr \
                  --administrator b:乙:qian.csr --create-passphrases --home-passphrase-file h2.pass \
                  --ca-passphrase-file c2.pass",
        5,
        "home.exists",
    );
}

/// 8: somebody altered the file.
#[test]
fn an_altered_ledger_is_exit_code_8() {
    let desk = Desk::founded();
    desk.issued();
    let database = desk.path("home/ledger.db");
    // Everything into the database file first, so that the alteration is not in the log beside it.
    desk.does("status --home home");
    let name = "张三".as_bytes();
    let mut altered = 0;
    for file in [database.clone(), desk.path("home/ledger.db-wal")] {
        let Ok(mut bytes) = fs::read(&file) else { continue };
        let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
        for at in places {
            bytes[at..at + name.len()].copy_from_slice("张四".as_bytes());
            altered += 1;
        }
        fs::write(&file, bytes).unwrap();
    }
    assert!(altered > 0);
    let answer = desk.run("audit verify --home home");
    // A page of the log whose checksum fails is gone for SQLite: then rows are missing, and that too is found.
    assert_eq!(answer.code, 8, "{}{}", answer.out, answer.err);
}

/// Where nobody can answer, nothing is asked: the missing flag is named.
#[test]
fn nothing_is_asked_without_a_terminal() {
    let desk = Desk::founded();
    for (words, flag) in [
        ("org freeze ra-sichuan --home home --as zhao --key zhao.key --yes", "--passphrase-file"),
        ("org freeze ra-sichuan --home home --as zhao --passphrase-file zhao.pass --yes", "--key"),
        ("org freeze ra-sichuan --home home --as zhao --key zhao.key --passphrase-file zhao.pass", "--yes"),
        ("org freeze ra-sichuan --home home --key zhao.key --passphrase-file zhao.pass --yes", "--as"),
        ("key generate --out new.key", "--passphrase-file"),
    ] {
        let answer = desk.run(words);
        assert_eq!(answer.code, 2, "hufu {words}\n{}{}", answer.out, answer.err);
        assert!(answer.err.contains(flag), "hufu {words} does not name {flag}: {}", answer.err);
    }
}

/// Every refusal says what to do next, and names what it is about.
#[test]
fn founding_is_checked_before_any_passphrase() {
    let desk = Desk::new();
    ["zhao", "qian"].iter().for_each(|name| desk.person(name));
    let init = |administrators: &str, more: &str| {
        format!(
            "init --home home --name 示例 --base-http http://a.cn {administrators} --home-passphrase-file h.pass \
             --ca-passphrase-file c.pass --create-passphrases {more}"
        )
    };
    let zhao = "--administrator zhao:赵一:zhao.csr";
    desk.refuses(&init(zhao, ""), 2, "cli.administrators");
    desk.refuses(&init(&format!("{zhao} --administrator zhao:钱二:qian.csr"), ""), 2, "cli.administrators");
    desk.refuses(&init(&format!("{zhao} --administrator qian:钱二:zhao.csr"), ""), 2, "cli.administrators");
    desk.refuses(&init(&format!("{zhao} --administrator qian:钱二"), ""), 2, "cli.usage");
    desk.refuses(&init(&format!("{zhao} --administrator qian:钱二:none.csr"), ""), 2, "cli.read");
    // A URL is judged when the passphrases are made already: they are taken back.
    let both = format!("{zhao} --administrator qian:钱二:qian.csr");
    desk.refuses(&init(&both, "").replace("http://a.cn", "ftp://a.cn"), 2, "input.unreadable");
    for left in ["home", "h.pass", "c.pass", "home-anchor"] {
        assert!(!desk.path(left).exists(), "{left} was left behind");
    }
    let planned = desk.run(&init(&both, "--dry-run"));
    assert!(planned.code == 0 && planned.err.contains("nothing was changed") && !desk.path("home").exists());
    let founded = desk.run(&init(&both, ""));
    assert_eq!(founded.code, 0, "{}", founded.err);
    for taught in ["hufu org add", "hufu operator add", "hufu status", "export HUFU_HOME=/"] {
        assert!(founded.err.contains(taught), "{}", founded.err);
    }
}

#[test]
fn the_fields_of_a_holder_are_asked_for_together() {
    let desk = Desk::founded();
    let words = "request submit --org lra-chengdu --holder organisation --profile organisation-sign --csr zhao.csr \
                 --field name=某局 --dry-run";
    let answer = desk.run(words);
    assert_eq!(answer.code, 2, "{}", answer.err);
    assert!(answer.err.contains("region, credit-code, contact-name, contact-phone"), "{}", answer.err);
    desk.refuses(&format!("{words} --field colour=red"), 2, "cli.usage");
    assert!(desk.run(&format!("{words} --field colour=red")).err.contains("no field \"colour\""));
    // A wrong value names the field as it is typed, and never shows a number.
    let fields = fs::read_to_string(desk.path("zhang.toml")).unwrap().replace("002X", "0021");
    fs::write(desk.path("wrong.toml"), fields).unwrap();
    let wrong = desk.run(
        "request submit --org lra-chengdu --holder person --profile person-sign --csr zhao.csr --fields wrong.toml \
         --dry-run",
    );
    assert!(wrong.code == 2 && wrong.err.contains("field document-number:"), "{}", wrong.err);
    assert!(!wrong.err.contains("110105194912310021"), "{}", wrong.err);
    // Fields and CSR through a pipe; not both.
    let piped = "request submit --org lra-chengdu --holder person --profile person-sign --csr - --fields zhang.toml \
                 --dry-run";
    let csr = fs::read(desk.path("zhao.csr")).unwrap();
    assert_eq!(desk.fed(piped, &csr).code, 0);
    let fields = fs::read(desk.path("zhang.toml")).unwrap();
    let both = desk.fed(&piped.replace("zhang.toml", "-"), &fields);
    assert!(both.code == 2 && both.err.contains("cli.stdin-twice"), "{}", both.err);
}

/// The wrong person, in every way there is one.
#[test]
fn the_wrong_person_is_told_who_could() {
    let desk = Desk::founded();
    assert_eq!(desk.submit("r1", "openssl-person-zh.pem").code, 0);
    desk.refuses(&format!("request approve r1 {}", by("sun")), 4, "ra.self-approval");
    desk.refuses(&format!("request approve r1 {}", by("zhao")), 4, "operator.no-role");
    desk.refuses(&format!("issue r1 {}", by("li")), 5, "store.request-state");
    desk.refuses(&format!("request approve r1 {}", by("nobody").replace("nobody.", "sun.")), 4, "operator.unknown");
    desk.refuses(&format!("issue --approved ca {}", by("li")), 3, "cli.none-waiting");
    let all = desk.run(&format!("request approve --submitted ca {}", by("li")));
    assert!(all.code == 0 && all.err.contains("hufu issue"), "{}{}", all.out, all.err);
}

/// Who countersigns can read what is proposed, and needs not type 64 digits.
#[test]
fn a_proposal_is_read_before_it_is_approved() {
    let desk = Desk::founded();
    let proposed = desk.run(&format!("operator roles sun --set entry,approver {}", by("zhao")));
    assert!(proposed.code == 0 && proposed.err.contains("hufu proposal show"), "{}", proposed.err);
    let id = desk.json("proposal list --home home")["items"][0]["proposal"].as_str().unwrap().to_owned();
    let short = &id[..8];
    let shown = desk.run(&format!("proposal show {short} --home home"));
    assert!(shown.out.contains("sun") && shown.out.contains("entry approver"), "{}", shown.out);
    assert!(shown.err.contains(&format!("hufu proposal approve {id}")), "{}", shown.err);
    desk.refuses(&format!("proposal approve {short} {}", by("zhao")), 4, "ra.self-approval");
    desk.refuses("proposal show abc --home home", 2, "cli.usage");
    desk.refuses("proposal show 0000000 --home home", 3, "proposal.unknown");
    desk.does(&format!("proposal approve {short} {}", by("qian")));
    assert!(desk.does("operator list --home home --lang en").contains("entry approver"));
    desk.refuses(&format!("proposal reject {short} {}", by("qian")), 3, "proposal.unknown");

    // Limits and profiles are shown as they would be.
    desk.does(&format!("org limits lra-chengdu --quota-day 5 {}", by("zhao")));
    desk.does(&format!("org limits lra-chengdu --quota-day 50 {}", by("zhao")));
    let raised = desk.json("proposal list --home home")["items"][0]["proposal"].as_str().unwrap().to_owned();
    assert_eq!(desk.json(&format!("proposal show {raised} --home home"))["limits"]["quota_day"], 50);
}

/// While another program writes, a person is told so, and gets through when it is done.
#[test]
fn who_waits_for_another_program_is_told() {
    let desk = Desk::founded();
    let database = desk.path("home/ledger.db");
    let held = std::process::Command::new("python3")
        .args(["-c", HOLD_LOCK])
        .arg(&database)
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut held) = held else {
        eprintln!("SKIPPED: python3 is not here to hold the lock");
        return;
    };
    let mut ready = [0];
    std::io::Read::read_exact(held.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let answer = desk.run(&format!("org freeze lra-chengdu --yes {}", by("zhao")));
    assert_eq!(held.wait().unwrap().code(), Some(0));
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.contains("Another program is writing"), "{}", answer.err);
    assert!(!desk.run(&format!("org unfreeze lra-chengdu {}", by("zhao"))).err.contains("Another program"));
}

const HOLD_LOCK: &str = "import sqlite3, sys, time\n\
                         c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                         c.execute('BEGIN IMMEDIATE'); print('.', flush=True); time.sleep(2.5); c.execute('ROLLBACK')";

#[test]
fn slips_on_the_command_line_get_a_hint() {
    let desk = Desk::new();
    for (words, said) in [
        ("orgs list", "did you mean org?"),
        ("org list --undr ca", "did you mean --under?"),
        ("org list --under a --under b", "--under <ORG> is given twice"),
        ("org list --output yaml", "table, json, ndjson, csv"),
        ("org add x --parent ca --kind province --name y", "did you mean province-ra?"),
        ("init --name x --base-http http://a.cn --administrator a:b:c --instance 300", "1..=127"),
        ("org list --passphrase-file a --passphrase-fd 3", "cannot be used together"),
        ("cert show xyz", "hexadecimal"),
        ("org list extra", "extra"),
    ] {
        let answer = desk.run(words);
        assert_eq!(answer.code, 2, "hufu {words}: {}", answer.err);
        assert!(answer.err.contains(said), "hufu {words}: {}", answer.err);
        assert!(answer.err.contains("Hint:") && answer.out.is_empty(), "hufu {words}: {}", answer.err);
    }
}

/// Reading goes on where nothing can be written; writing says why not.
#[test]
fn a_home_that_cannot_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::founded();
    let home = desk.path("home");
    let mode = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&home, 0o500);
    mode(&home.join("ledger.db"), 0o400);
    if fs::File::create(home.join("probe")).is_ok() {
        fs::remove_file(home.join("probe")).unwrap();
        eprintln!("SKIPPED: permissions do not bind this user");
    } else {
        desk.does("status --home home");
        desk.does("cert list --home home");
        desk.refuses(&format!("org freeze lra-chengdu --yes {}", by("zhao")), 6, "store.read-only-home");
    }
    mode(&home, 0o700);
}
