//! Chinese and English say the same, and no English is left in Chinese.

use std::fs;

use crate::desk::{Desk, by, chain, has_chinese, sample};

/// What may stand in Chinese text as it is: names, codes, commands, abbreviations.
fn words_left(text: &str) -> Vec<String> {
    // What is quoted or in brackets is somebody's own text or a code.
    let mut plain = String::new();
    let (mut quoted, mut bracket) = (false, 0);
    for c in text.chars() {
        match c {
            '"' | '`' => quoted = !quoted,
            '“' => quoted = true,
            '”' => quoted = false,
            '[' => bracket += 1,
            ']' => bracket -= 1,
            _ => {}
        }
        plain.push(if quoted || bracket > 0 { ' ' } else { c });
    }
    // A code behind the word for it.
    let code = |p: &str| p.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    plain =
        plain.split('（').map(|p| p.split_once('）').filter(|(c, _)| code(c)).map_or(p, |(_, rest)| rest)).collect();
    // What may be written is listed as it is written.
    plain.truncate(plain.find("可用").unwrap_or(plain.len()));
    // A command ends where Chinese goes on.
    for program in ["hufu ", "openssl "] {
        while let Some(at) = plain.find(program) {
            let end = plain[at..].find(|c: char| !c.is_ascii()).map_or(plain.len(), |n| at + n);
            plain.replace_range(at..end, "");
        }
    }
    let words = plain.split(|c: char| !(c.is_ascii_alphanumeric() || "-_./=:+*".contains(c)));
    let ordinary = |w: &&str| w.len() > 2 && w.bytes().all(|b| b.is_ascii_lowercase());
    let known =
        ["hufu", "openssl", "org", "list", "show", "request", "cert", "audit", "verify", "zhao", "lra", "ledger"];
    words.filter(ordinary).filter(|w| !known.contains(w)).map(str::to_owned).collect()
}

/// Two English words side by side are a sentence that nobody translated.
fn assert_no_sentence(text: &str, words: &str) {
    for line in text.lines() {
        let left = words_left(line);
        assert!(left.len() < 2, "hufu {words} --lang zh: {left:?} in: {line}");
    }
}

#[test]
fn refusals_are_chinese_to_the_last_detail() {
    let desk = Desk::founded();
    desk.issued();
    fs::write(desk.path("bad.toml"), "id = \"x\"\nmax_days = 0\n").unwrap();
    fs::write(desk.path("short.pass"), "short\n").unwrap();
    fs::write(desk.path("cut.der"), [0x30, 0x82, 0x10, 0x00, 0x01]).unwrap();
    fs::write(desk.path("half.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    desk.does(&format!("org freeze lra-chengdu --yes {}", by("zhao")));
    for words in [
        "status --home nowhere".to_owned(),
        "verify nowhere.pem".to_owned(),
        "verify cut.der --root cut.der".to_owned(),
        "verify half.pem --root half.pem".to_owned(),
        "cert list --home home --issued-from yesterday".to_owned(),
        "org show Ch-ü --home home".to_owned(),
        format!("org freeze lra-chengdu --yes {}", by("zhao")),
        format!("profile set bad.toml {}", by("zhao")),
        format!("org add x --parent ca --kind municipal-lra --name 某 {}", by("zhao")),
        format!("org add y --parent ca --kind province-ra --name 某 --region 999999 {}", by("zhao")),
        format!("request approve r1 {}", by("sun")),
        format!("issue r1 {}", by("sun")),
        "audit proof check bad.toml --home home".to_owned(),
        "audit proof consistency --from-size 3 --home home".to_owned(),
        "report summary --home home --as-of 2000-01-01".to_owned(),
        "key generate --out k --passphrase-file short.pass".to_owned(),
        "proposal show 0123456 --home home".to_owned(),
        "request submit --org lra-chengdu --holder person --profile person-sign --csr x --field a=b".to_owned(),
        "request submit --org lra-chengdu --holder person --profile person-sign --csr x".to_owned(),
        "audit log --limit x".to_owned(),
    ] {
        let answer = desk.chinese(&words);
        assert_ne!(answer.code, 0, "hufu {words}");
        assert!(has_chinese(&answer.err), "hufu {words}: {}", answer.err);
        assert!(answer.err.contains("错误:") && answer.err.contains("提示:"), "hufu {words}: {}", answer.err);
        assert_no_sentence(&answer.err, &words);
    }
}

#[test]
fn verdicts_are_chinese_to_the_last_detail() {
    let desk = Desk::new();
    let (root, issuing) = (chain("root.pem"), chain("issuing.pem"));
    for file in [
        "altered-leaf",
        "empty-id-leaf",
        "leaf-of-leaf",
        "mixed-algorithm-leaf",
        "no-version-leaf",
        "raw-rs-leaf",
        "other-root",
    ] {
        let answer = desk.chinese(&format!("verify {} --root {root} --ca {issuing}", chain(&format!("{file}.pem"))));
        assert_eq!(answer.code, 1, "{file}: {}{}", answer.out, answer.err);
        let told: Vec<&str> = answer.out.lines().filter(|l| l.starts_with("说明") || l.starts_with("提示")).collect();
        assert_eq!(told.len(), 2, "{file}: {}", answer.out);
        told.iter().for_each(|line| assert_no_sentence(line, file));
        let json = desk
            .chinese(&format!("verify {} --root {root} --ca {issuing} --output json", chain(&format!("{file}.pem"))));
        let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        for name in ["message", "cause", "remedy"] {
            let text = document["items"][0]["findings"][0][name].as_str().unwrap().to_owned();
            assert!(has_chinese(&text), "{file}: {name}: {text}");
        }
    }
    for (at, rule) in [("2099-01-01", "verify.expired"), ("2000-01-01", "verify.not-yet-valid")] {
        let answer = desk.chinese(&format!("verify {} --root {root} --ca {issuing} --at {at}", chain("leaf.pem")));
        assert!(answer.code == 1 && answer.out.contains(rule), "{}", answer.out);
        // All times are those of China.
        assert!(answer.out.contains("+08:00") && !answer.out.contains("00Z"), "{}", answer.out);
        assert_no_sentence(answer.out.lines().find(|l| l.starts_with("说明")).unwrap(), at);
    }
}

#[test]
fn refused_requests_say_why_in_both_languages() {
    let desk = Desk::founded();
    for (file, english, chinese) in [
        ("openssl-empty-id.pem", "empty SM2 ID", "空的 SM2"),
        ("openssl-rsa-2048.pem", "RSA key", "RSA"),
        ("gmssl-double-hash.der", "hashed twice", "两次"),
        ("gmssl-raw-rs.der", "raw r and s", "裸"),
        ("altered-subject.der", "does not verify", "不"),
    ] {
        let words = format!(
            "request submit --id bad --org lra-chengdu --holder person --profile person-sign --csr {} --fields zhang.toml {}",
            sample(file).display(),
            by("sun")
        );
        let (en, zh) = (desk.run(&words), desk.chinese(&words));
        assert!(en.code == 2 && en.err.contains(english) && en.err.contains("Hint:"), "{file}: {}", en.err);
        assert!(zh.code == 2 && zh.err.contains(chinese) && zh.err.contains("提示:"), "{file}: {}", zh.err);
        assert_no_sentence(&zh.err, file);
    }
}

/// The notes that teach the next command have the same commands in both languages.
#[test]
fn both_languages_teach_the_same_commands() {
    let (english, chinese) = (Desk::founded(), Desk::founded());
    let commands = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|l| l.starts_with("  hufu "));
        lines.map(|l| l.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).collect()
    };
    let submit = format!(
        "request submit --id r1 --org lra-chengdu --holder person --profile person-sign --csr {} --fields zhang.toml {}",
        sample("openssl-person-zh.pem").display(),
        by("sun")
    );
    for (words, taught) in [
        (submit, "hufu request approve"),
        (format!("request approve r1 {}", by("li")), "hufu issue r1"),
        (format!("issue r1 {}", by("li")), "hufu cert show"),
    ] {
        let (en, zh) = (english.run(&words), chinese.chinese(&words));
        assert_eq!((en.code, zh.code), (0, 0), "{}{}", en.err, zh.err);
        assert_eq!(commands(&en.err), commands(&zh.err), "hufu {words}");
        assert!(commands(&en.err).iter().any(|c| c == taught), "hufu {words}: {}", en.err);
        assert!(has_chinese(&zh.err));
    }
}
