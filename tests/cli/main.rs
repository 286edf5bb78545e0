//! The command `hufu` as a person or a script meets it: the whole way by hand, exit codes, both languages, no question
//! where nobody can answer, and no secret in any output. The domain rules are tested through the library, in `tests/it`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The identity number of the applicant in these tests: the example of GB 11643.
const NUMBER: &str = "11010519491231002X";

/// A folder in which commands are run one after the other.
struct Desk {
    folder: tempfile::TempDir,
    /// Everything that was printed so far.
    printed: std::cell::RefCell<String>,
}

/// What a command answered.
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
        Self { folder, printed: String::new().into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `hufu` with these words, without a terminal and without an environment of its own.
    fn run(&self, words: &str) -> Answer {
        self.run_in(self.folder.path(), &[], &split(words))
    }

    fn run_in(&self, folder: &Path, environment: &[(&str, &str)], words: &[String]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_hufu"))
            .args(words)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("LANG", "en_US.UTF-8")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let answer = Answer {
            code: output.status.code().expect("it was killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!answer.err.contains("panicked"), "{words:?}: {}", answer.err);
        self.printed.borrow_mut().push_str(&format!("{}{}", answer.out, answer.err));
        answer
    }

    /// Runs `hufu`, which must do it.
    fn does(&self, words: &str) -> String {
        let answer = self.run(words);
        assert_eq!(answer.code, 0, "hufu {words}\n{}{}", answer.out, answer.err);
        answer.out
    }

    /// Runs `hufu`, which must refuse with this exit code and error code.
    fn refuses(&self, words: &str, exit: i32, code: &str) {
        let answer = self.run(words);
        let said = format!("hufu {words}\n{}{}", answer.out, answer.err);
        assert_eq!(answer.code, exit, "{said}");
        assert!(answer.err.contains(&format!("[{code}]")), "no {code} in {said}");
        assert!(answer.err.contains("Error:") && answer.err.contains("Hint:"), "{said}");
    }

    fn json(&self, words: &str) -> serde_json::Value {
        let text = self.does(&format!("{words} --output json"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("hufu {words}: {e}: {text}"))
    }

    /// A key, its passphrase file and a CSR for a person.
    fn person(&self, name: &str) {
        self.does(&format!("key generate --out {name}.key --passphrase-file {name}.pass --create-passphrase"));
        self.does(&format!(
            "key csr --key {name}.key --passphrase-file {name}.pass --subject C=CN,CN={name} --out {name}.csr"
        ));
    }

    /// A founded home with Sichuan, Chengdu and their operators.
    fn founded() -> Self {
        let desk = Self::new();
        ["zhao", "qian", "sun", "li"].iter().for_each(|name| desk.person(name));
        desk.does(
            "init --home home --name 示例电子政务 --base-http http://pki.example.cn --anchor anchor \
             --administrator zhao:赵一:zhao.csr --administrator qian:钱二:qian.csr --create-passphrases \
             --home-passphrase-file home.pass --ca-passphrase-file ca.pass",
        );
        desk.does(&format!(
            "org add ra-sichuan --parent ca --kind province-ra --name 四川省注册中心 --region 510000 \
             --limit-region 510000 {}",
            by("zhao")
        ));
        desk.does(&format!(
            "org add lra-chengdu --parent ra-sichuan --kind municipal-lra --name 成都市注册服务分中心 --region 510100 {}",
            by("zhao")
        ));
        for (id, name, org, role) in [("sun", "孙三", "lra-chengdu", "entry"), ("li", "李四", "ra-sichuan", "approver")]
        {
            desk.does(&format!(
                "operator add {id} --org {org} --name {name} --region 510100 --roles {role} --csr {id}.csr \
                 --request staff-{id} {}",
                by("zhao")
            ));
        }
        desk.does(&format!("request approve staff-sun staff-li {}", by("qian")));
        desk.does(&format!("issue staff-sun staff-li {}", by("qian")));
        let fields = format!(
            "name = \"张三\"\nregion = \"510100\"\ndocument-type = \"resident-id\"\ndocument-number = \"{NUMBER}\"\n\
             phone = \"13800138000\"\n"
        );
        fs::write(desk.path("zhang.toml"), fields).unwrap();
        desk
    }

    fn submit(&self, id: &str, csr: &str) -> Answer {
        let csr = sample(csr);
        self.run(&format!(
            "request submit --id {id} --org lra-chengdu --holder person --profile person-sign --csr {} \
             --fields zhang.toml {}",
            csr.display(),
            by("sun")
        ))
    }

    /// One certificate, from a CSR that openssl made; its serial number.
    fn issued(&self) -> String {
        assert_eq!(self.submit("r1", "openssl-person-zh.pem").code, 0);
        self.does(&format!("request approve r1 {}", by("li")));
        let answer = self.json(&format!("issue r1 {}", by("li")));
        answer["items"][0]["serial"].as_str().unwrap().to_owned()
    }
}

/// The flags with which `operator` acts.
fn by(operator: &str) -> String {
    format!(
        "--home home --as {operator} --key {operator}.key --passphrase-file {operator}.pass \
         --home-passphrase-file home.pass --ca-passphrase-file ca.pass"
    )
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples/csr").join(name)
}

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
    assert_eq!(report["total"]["issued"], 5);
    assert_eq!(report["organisations"][0]["org"], "ca");
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
    desk.refuses(&format!("{query} {sun}"), 2, "cli.confirm");
    desk.does(&format!("{query} --id close --yes {sun}"));
    desk.does(&format!("{query} --id close --yes {sun}"));
    desk.does(&format!("request approve --submitted lra-chengdu {li}"));
    let applied = desk.json(&format!("apply --approved ca {li}"));
    assert_eq!(applied["items"].as_array().unwrap().len(), 2);
    desk.refuses(&format!("apply --approved ca {li}"), 3, "cli.none-waiting");
    desk.refuses(&format!("cert renew {replaced} {sun}"), 5, "certificate.state");
    let report = desk.json("report summary --home home");
    let total = &report["total"];
    assert_eq!((&total["issued"], &total["revoked"], &total["valid"]), (&7.into(), &3.into(), &4.into()));
    assert!(desk.does("report summary --home home --lang zh").contains("撤销"));
    let request = desk.does(&format!("request show close-{replaced} --home home --lang zh"));
    assert!(request.contains("停止使用") && request.contains("已执行"), "{request}");
    assert!(desk.does("verify --all --home home --home-passphrase-file home.pass").contains("holds"));
}

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

/// The anchor is where it was put, from whatever folder the command is called.
#[test]
fn the_anchor_is_found_from_every_folder() {
    let desk = Desk::founded();
    let elsewhere = desk.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let status = |folder: &Path, home: &str| {
        let answer = desk.run_in(folder, &[], &split(&format!("status --home {home} --output json")));
        let value: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
        value["anchored"].as_u64().unwrap()
    };
    let here = status(desk.folder.path(), "home");
    assert!(here > 0);
    assert_eq!(status(&elsewhere, "../home"), here, "from another folder the anchor is not seen");
}

/// Flag before environment before file before default.
#[test]
fn environment_and_flags_say_the_same() {
    let desk = Desk::founded();
    let words = split("status --output json");
    let by_variable = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home")], &words);
    assert_eq!(by_variable.code, 0, "{}", by_variable.err);
    let over = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "nowhere")], &split("status --output json --home home"));
    assert_eq!(over.out, by_variable.out);
    let chinese = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home"), ("HUFU_LANG", "zh")], &split("status"));
    assert!(chinese.out.contains("证书"), "{}", chinese.out);
    let english =
        desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home"), ("HUFU_LANG", "zh")], &split("status --lang en"));
    assert!(english.out.contains("CERTIFICATES"), "{}", english.out);
    let locale = desk.run_in(desk.folder.path(), &[("LANG", "zh_CN.UTF-8")], &split("status --home nowhere"));
    assert!(locale.code == 3 && locale.err.contains("错误"), "{}", locale.err);
}

/// The names under `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|l| !(l.starts_with("Commands:") || l.starts_with("命令"))).skip(1);
    lines
        .take_while(|l| !l.is_empty())
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Every command, down to the last: help in both languages with examples, and no key of a message that has no text.
#[test]
fn every_command_has_its_help_in_both_languages() {
    let desk = Desk::new();
    let mut seen = 0;
    let mut waiting = vec![String::new()];
    while let Some(command) = waiting.pop() {
        for lang in ["en", "zh"] {
            let answer = desk.run(&format!("{command} --help --lang {lang}"));
            assert_eq!(answer.code, 0, "hufu {command} --help --lang {lang}: {}", answer.err);
            let example = if lang == "en" { "Examples:" } else { "示例" };
            assert!(answer.out.contains(example), "hufu {command} --help --lang {lang} shows no example");
            for raw in ["cmd-", "arg-", "ex-", "head-"] {
                let line = answer.out.lines().find(|l| l.split([' ', '[']).any(|w| w.starts_with(raw)));
                assert!(line.is_none(), "hufu {command} --help --lang {lang}: {line:?}");
            }
            let chinese = answer.out.lines().take(3).any(|l| l.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)));
            assert!(chinese || lang == "en", "hufu {command} --help --lang zh speaks no Chinese");
            if lang == "en" {
                waiting
                    .extend(subcommands(&answer.out).into_iter().map(|s| format!("{command} {s}").trim().to_owned()));
            }
        }
        seen += 1;
    }
    assert!(seen > 40, "only {seen} commands were found");
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
