//! A folder in which commands are run one after the other, without a terminal and without an environment of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The identity number of the applicant in these tests: the example of GB 11643.
pub(crate) const NUMBER: &str = "11010519491231002X";

/// A folder in which commands are run one after the other.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    /// Everything that was printed so far.
    pub(crate) printed: std::cell::RefCell<String>,
}

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
        Self { folder, printed: String::new().into() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `hufu` with these words, without a terminal and without an environment of its own.
    pub(crate) fn run(&self, words: &str) -> Answer {
        self.run_in(self.folder.path(), &[], &split(words))
    }

    pub(crate) fn run_in(&self, folder: &Path, environment: &[(&str, &str)], words: &[String]) -> Answer {
        self.run_with(folder, environment, words, b"")
    }

    /// Runs `hufu` with `input` on its standard input.
    pub(crate) fn fed(&self, words: &str, input: &[u8]) -> Answer {
        self.run_with(self.folder.path(), &[], &split(words), input)
    }

    fn run_with(&self, folder: &Path, environment: &[(&str, &str)], words: &[String], input: &[u8]) -> Answer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hufu"))
            .args(words)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("LANG", "en_US.UTF-8")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read it has closed it.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
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
    pub(crate) fn does(&self, words: &str) -> String {
        let answer = self.run(words);
        assert_eq!(answer.code, 0, "hufu {words}\n{}{}", answer.out, answer.err);
        answer.out
    }

    /// Runs `hufu`, which must refuse with this exit code and error code.
    pub(crate) fn refuses(&self, words: &str, exit: i32, code: &str) {
        let answer = self.run(words);
        let said = format!("hufu {words}\n{}{}", answer.out, answer.err);
        assert_eq!(answer.code, exit, "{said}");
        assert!(answer.err.contains(&format!("[{code}]")), "no {code} in {said}");
        assert!(answer.err.contains("Error:") && answer.err.contains("Hint:"), "{said}");
    }

    /// Runs `hufu` in Chinese, whatever comes of it.
    pub(crate) fn chinese(&self, words: &str) -> Answer {
        self.run(&format!("{words} --lang zh"))
    }

    pub(crate) fn json(&self, words: &str) -> serde_json::Value {
        let text = self.does(&format!("{words} --output json"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("hufu {words}: {e}: {text}"))
    }

    /// A key, its passphrase file and a CSR for a person.
    pub(crate) fn person(&self, name: &str) {
        self.does(&format!("key generate --out {name}.key --passphrase-file {name}.pass --create-passphrase"));
        self.does(&format!(
            "key csr --key {name}.key --passphrase-file {name}.pass --subject C=CN,CN={name} --out {name}.csr"
        ));
    }

    /// A founded home with Sichuan, Chengdu and their operators.
    pub(crate) fn founded() -> Self {
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

    pub(crate) fn submit(&self, id: &str, csr: &str) -> Answer {
        let csr = sample(csr);
        self.run(&format!(
            "request submit --id {id} --org lra-chengdu --holder person --profile person-sign --csr {} \
             --fields zhang.toml {}",
            csr.display(),
            by("sun")
        ))
    }

    /// One certificate, from a CSR that openssl made; its serial number.
    pub(crate) fn issued(&self) -> String {
        assert_eq!(self.submit("r1", "openssl-person-zh.pem").code, 0);
        self.does(&format!("request approve r1 {}", by("li")));
        let answer = self.json(&format!("issue r1 {}", by("li")));
        answer["items"][0]["serial"].as_str().unwrap().to_owned()
    }
}

/// The flags with which `operator` acts.
pub(crate) fn by(operator: &str) -> String {
    format!(
        "--home home --as {operator} --key {operator}.key --passphrase-file {operator}.pass \
         --home-passphrase-file home.pass --ca-passphrase-file ca.pass"
    )
}

/// The flags of an operator who knows no passphrase of the CA.
pub(crate) fn without_ca(operator: &str) -> String {
    by(operator).replace(" --ca-passphrase-file ca.pass", "")
}

pub(crate) fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// Text with what differs from run to run put into brackets: serial numbers, digests, times, made-up request ids.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let end = |word: &mut String, out: &mut String| {
        let hex = word.bytes().all(|b| b.is_ascii_hexdigit());
        out.push_str(match word.len() {
            38 if hex => "[SERIAL]",
            64 if hex => "[SM3]",
            _ if is_time(word) => "[TIME]",
            _ => word.as_str(),
        });
        word.clear();
    };
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "+-:.".contains(c) {
            word.push(c);
        } else {
            end(&mut word, &mut out);
            out.push(c);
        }
    }
    end(&mut word, &mut out);
    out
}

/// `2018-06-30T12:00:00+08:00`.
fn is_time(word: &str) -> bool {
    word.len() == 25 && word.ends_with("+08:00") && word.as_bytes()[10] == b'T'
}

/// Whether a text has a Chinese character.
pub(crate) fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
}

/// A file of `tests/samples/chain`.
pub(crate) fn chain(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples/chain").join(name).display().to_string()
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples/csr").join(name)
}
