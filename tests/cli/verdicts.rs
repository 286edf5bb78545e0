//! Certificates, proofs and checkpoints as files, here and where there is no home.

use std::fs;

use crate::desk::{Desk, chain};

#[test]
fn the_sample_chains_are_judged_by_their_names() {
    let desk = Desk::new();
    for (file, code, rule) in [
        ("leaf.pem", 0, ""),
        ("issuing.pem", 0, ""),
        ("root.pem", 0, ""),
        ("altered-leaf.pem", 1, "verify.altered"),
        ("empty-id-leaf.pem", 1, "verify.empty-id"),
        ("empty-id-root.pem", 1, "verify.empty-id"),
        ("leaf-of-leaf.pem", 1, "verify.no-issuer"),
        ("mixed-algorithm-leaf.pem", 1, "verify.mixed-algorithm"),
        ("no-version-leaf.pem", 1, "verify.version"),
        ("other-root.pem", 1, "verify.untrusted-root"),
        ("raw-rs-leaf.pem", 1, "verify.raw-rs"),
    ] {
        let answer =
            desk.run(&format!("verify {} --root {} --ca {}", chain(file), chain("root.pem"), chain("issuing.pem")));
        assert_eq!(answer.code, code, "{file}: {}{}", answer.out, answer.err);
        assert!(answer.out.contains(rule), "{file}: {}", answer.out);
        assert_eq!(answer.out.contains("OUTCOME  valid"), code == 0, "{file}: {}", answer.out);
    }
}

/// One file that cannot be read takes nothing from the verdicts of the others.
#[test]
fn every_file_of_several_gets_its_verdict() {
    let desk = Desk::new();
    fs::write(desk.path("cut.der"), b"0\x82\x10\x00").unwrap();
    let all = format!(
        "verify {} cut.der {} --root {} --ca {}",
        chain("altered-leaf.pem"),
        chain("leaf.pem"),
        chain("root.pem"),
        chain("issuing.pem")
    );
    let answer = desk.run(&all);
    assert_eq!(answer.code, 2, "{}{}", answer.out, answer.err);
    for outcome in ["OUTCOME  not readable", "OUTCOME      not valid", "OUTCOME  valid"] {
        assert!(answer.out.contains(outcome), "no {outcome}: {}", answer.out);
    }
    let csv = desk.run(&format!("{all} --output csv"));
    assert_eq!(csv.out.lines().count(), 4, "{}", csv.out);
}

#[test]
fn what_is_exported_verifies_in_every_form_and_through_a_pipe() {
    let desk = Desk::founded();
    let serial = desk.issued();
    for form in ["pem", "chain", "der", "p7b"] {
        desk.does(&format!("cert export {serial} --form {form} --out zhang.{form} --home home"));
        desk.does(&format!("verify zhang.{form} --home home"));
    }
    desk.refuses(&format!("cert export {serial} --out zhang.pem --home home"), 5, "cli.exists");
    let pem = desk.does(&format!("cert export {serial} --home home"));
    let piped = desk.fed("verify - --home home", pem.as_bytes());
    assert!(piped.code == 0 && piped.out.contains("FILE     -"), "{}{}", piped.out, piped.err);
    let twice = desk.fed("verify - --root -", pem.as_bytes());
    assert!(twice.code == 2 && twice.err.contains("cli.stdin-twice"), "{}", twice.err);
    // Without the home: its root and issuing CA as files.
    for role in ["root", "issuing"] {
        desk.does(&format!("cert ca {role} --out {role}.pem --home home"));
    }
    desk.does("verify zhang.pem --root root.pem --ca issuing.pem --home nowhere");
}

/// A person who holds a checkpoint and the ledger's certificate needs nothing else.
#[test]
fn proofs_are_checked_where_there_is_no_home() {
    let desk = Desk::founded();
    desk.does("audit anchor export --out kept.pem --home home");
    let size = desk.json("status --home home")["checkpointed"].as_u64().unwrap();
    let serial = desk.issued();
    desk.does("cert ca ledger --out ledger.pem --home home");
    let told = desk.run(&format!("audit proof inclusion {serial} --out in.txt --home home"));
    assert!(told.err.contains("hufu audit proof check in.txt --ledger ledger.pem"), "{}", told.err);
    desk.does(&format!("audit proof consistency --from-size {size} --out on.txt --home home"));
    desk.does("audit anchor export --out now.pem --home home");

    let away = "--home nowhere --ledger ledger.pem";
    let weak = desk.run(&format!("audit proof check in.txt {away}"));
    assert!(weak.code == 0 && weak.out.contains(&serial) && weak.err.contains("only its signature"), "{}", weak.err);
    let strong = desk.run(&format!("audit proof check in.txt {away} --checkpoint now.pem"));
    assert_eq!((strong.code, strong.err.as_str()), (0, ""));
    desk.does(&format!("audit proof check on.txt {away} --checkpoint kept.pem"));
    // Whoever holds only an older checkpoint is told to ask for another proof.
    desk.refuses(&format!("audit proof check in.txt {away} --checkpoint kept.pem"), 8, "record.document");
    desk.refuses("audit proof check in.txt --home nowhere", 2, "cli.ledger-missing");
    desk.refuses(&format!("audit proof check zhang.toml {away}"), 2, "input.unreadable");

    let proof = fs::read_to_string(desk.path("in.txt")).unwrap();
    let line = proof.lines().find(|l| l.starts_with("path ")).unwrap();
    let forged = line.chars().rev().enumerate().map(|(i, c)| if i == 0 { if c == '0' { '1' } else { '0' } } else { c });
    let forged: String = forged.collect::<Vec<_>>().into_iter().rev().collect();
    fs::write(desk.path("forged.txt"), proof.replace(line, &forged)).unwrap();
    desk.refuses(&format!("audit proof check forged.txt {away}"), 8, "record.document");
}

#[test]
fn checkpoints_that_were_kept_are_held_against_the_ledger() {
    let desk = Desk::founded();
    desk.does("audit anchor export --out kept.pem --home home");
    desk.issued();
    assert!(desk.does("audit anchor check kept.pem --home home").contains("holds"));
    let other = Desk::founded();
    other.does("audit anchor export --out kept.pem --home home");
    fs::copy(other.path("kept.pem"), desk.path("other.pem")).unwrap();
    let answer = desk.run("audit anchor check other.pem --home home");
    assert!(answer.code != 0, "{}", answer.out);
    desk.refuses("audit anchor check zhang.toml --home home", 2, "cli.unreadable");
}

/// What others made is linted where there is no home; what is wrong is named with rule, clause and octet.
#[test]
fn files_from_anywhere_are_linted() {
    let desk = Desk::new();
    let clean = desk.does(&format!("lint {}", chain("leaf.pem")));
    assert!(clean.is_empty() || !clean.contains("lint."), "{clean}");
    let mixed = desk.run(&format!("lint {} {}", chain("leaf.pem"), chain("mixed-algorithm-leaf.pem")));
    assert_eq!(mixed.code, 1, "{}{}", mixed.out, mixed.err);
    assert!(mixed.out.contains("lint.algorithms-differ"), "{}", mixed.out);
    let document = desk.run(&format!("lint {} --output json", chain("raw-rs-leaf.pem")));
    let document: serde_json::Value = serde_json::from_str(&document.out).unwrap();
    let first = &document["items"][0];
    assert_eq!((first["rule"].as_str(), first["object"].as_u64()), (Some("lint.signature-form"), Some(1)));
    assert!(first["offset"].is_u64() && first["clause"].as_str().unwrap().contains("GM/T 0009"), "{first}");
    fs::write(desk.path("text.pem"), "words").unwrap();
    desk.refuses("lint text.pem", 2, "x509.not-der");
    desk.refuses("lint text.pem --profile nobody", 3, "profile.unknown");
    for lang in ["en", "zh"] {
        let rules = desk.does(&format!("lint --rules --lang {lang} --output ndjson"));
        assert!(rules.lines().count() > 100, "{}", rules.lines().count());
    }
}

/// A certificate of ours is linted against its profile and against another one.
#[test]
fn our_certificates_are_linted_against_their_profile() {
    let desk = Desk::founded();
    let serial = desk.issued();
    desk.does(&format!("cert export {serial} --out zhang.pem --home home"));
    desk.does("lint zhang.pem --home home");
    desk.does("lint zhang.pem --profile person-sign --home home");
    let other = desk.run("lint zhang.pem --profile tls-server --home home");
    assert!(other.code == 1 && other.out.contains("lint.policy"), "{}{}", other.out, other.err);
    desk.refuses("lint zhang.pem --profile person-sign --home nowhere", 2, "cli.issuer-missing");
    desk.does("cert ca issuing --out issuing.pem --home home");
    desk.does("lint zhang.pem --profile person-sign --home nowhere --ca issuing.pem");
    // Without a list nothing is said about status; one that is no list is refused; one certificate is no pair.
    desk.refuses("verify zhang.pem --home home --crl zhang.pem", 2, "x509.not-der");
    let twice = desk.run("verify --pair zhang.pem zhang.pem --home home");
    assert!(twice.code == 1 && twice.out.contains("verify.pair-key"), "{}{}", twice.out, twice.err);
    let chinese = desk.run("verify --pair zhang.pem zhang.pem --home home --lang zh");
    assert!(chinese.out.contains("两张证书") && !chinese.out.contains("the halves"), "{}", chinese.out);
}
