//! The judges judge rightly: before their word counts for Hufu's certificates it is held against samples that other
//! programs made, good ones and each kind of bad one. Nothing here runs Hufu's own code.

use std::path::PathBuf;

use crate::judge::{CHAIN_JUDGES, Judge, LINTER, MESSAGE_JUDGES, all_accepted};
use crate::tree::{read, root};

fn sample(name: &str) -> PathBuf {
    root().join("tests/samples").join(name)
}

fn chain(name: &str) -> PathBuf {
    sample(&format!("chain/{name}.pem"))
}

#[test]
fn good_chains_are_accepted_by_all() {
    for judge in CHAIN_JUDGES {
        let files = ["leaf", "issuing", "root"].map(chain);
        all_accepted(judge, judge.chain(&chain("root"), &chain("issuing"), None, &files), files.len());
    }
}

#[test]
fn each_kind_of_bad_certificate_is_refused_by_all() {
    let bad = ["empty-id-leaf", "altered-leaf", "raw-rs-leaf", "mixed-algorithm-leaf"].map(chain);
    for judge in CHAIN_JUDGES {
        let Some(verdicts) = judge.chain(&chain("root"), &chain("issuing"), None, &bad) else { continue };
        assert_eq!(verdicts.len(), bad.len(), "{}", judge.0);
        assert!(verdicts.iter().all(|v| !v.ok), "{}: {verdicts:#?}", judge.0);
    }
}

#[test]
fn a_certificate_signed_by_an_end_entity_is_refused_by_all() {
    for judge in CHAIN_JUDGES {
        let (root, issuing, leaf) = (chain("root"), chain("issuing"), chain("leaf"));
        let arguments = [
            "chain",
            "--root",
            root.to_str().unwrap(),
            "--ca",
            issuing.to_str().unwrap(),
            "--ca",
            leaf.to_str().unwrap(),
        ];
        let Some(verdicts) = judge.run(&arguments, &[chain("leaf-of-leaf")]) else { continue };
        assert!(!verdicts[0].ok, "{}", judge.0);
    }
}

/// Same name, other key.
#[test]
fn a_root_of_the_same_name_does_not_pass_for_the_root() {
    for judge in CHAIN_JUDGES {
        let Some(verdicts) = judge.chain(&chain("other-root"), &chain("issuing"), None, &[chain("leaf")]) else {
            continue;
        };
        assert!(!verdicts[0].ok, "{}", judge.0);
    }
}

#[test]
fn expired_and_not_yet_valid_chains_are_refused_by_all() {
    for judge in CHAIN_JUDGES {
        for at in ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"] {
            let Some(verdicts) = judge.chain(&chain("root"), &chain("issuing"), Some(at), &[chain("leaf")]) else {
                continue;
            };
            assert!(!verdicts[0].ok, "{} at {at}", judge.0);
        }
    }
}

/// The signature is over the content octets, and one changed octet or another key is found.
#[test]
fn signed_data_is_verified_and_tampering_found_by_all() {
    for judge in MESSAGE_JUDGES {
        let files = ["signed", "altered", "other-key"].map(|n| sample(&format!("signed-data/{n}.p7s")));
        let Some(verdicts) = judge.run(&["signed-data"], &files) else { continue };
        let answers: Vec<bool> = verdicts.iter().map(|v| v.ok).collect();
        assert_eq!(answers, [true, false, false], "{}: {verdicts:#?}", judge.0);
    }
}

#[test]
fn a_bare_signature_is_verified_by_all() {
    let (key, message) = (sample("signed-data/signer.pem"), sample("signed-data/content.bin"));
    for judge in MESSAGE_JUDGES {
        let arguments = ["raw", "--key", key.to_str().unwrap(), "--message", message.to_str().unwrap()];
        all_accepted(judge, judge.run(&arguments, &[sample("signed-data/content.sig.der")]), 1);
    }
}

/// What the table says Hufu must accept, the judges accept. (Not the other way round: some of them are lenient.)
#[test]
fn requests_hufu_accepts_are_accepted_by_all() {
    let accepted: Vec<PathBuf> = read(&sample("csr/expected.csv"))
        .lines()
        .skip(1)
        .filter(|l| l.ends_with(",accepted"))
        .map(|l| sample("csr").join(l.split(',').next().unwrap()))
        .collect();
    assert!(accepted.len() >= 16, "the table lost its good rows");
    for judge in MESSAGE_JUDGES {
        all_accepted(judge, judge.run(&["csr"], &accepted), accepted.len());
    }
}

#[test]
fn an_empty_user_id_in_a_request_is_refused_by_all() {
    for judge in MESSAGE_JUDGES {
        let files = [sample("csr/openssl-empty-id.pem"), sample("csr/gmssl-empty-id.der")];
        let Some(verdicts) = judge.run(&["csr"], &files) else { continue };
        assert!(verdicts.iter().all(|v| !v.ok), "{}: {verdicts:#?}", judge.0);
    }
}

#[test]
fn the_linter_finds_a_missing_version_and_passes_the_rest() {
    let files = ["leaf", "issuing", "root", "no-version-leaf"].map(chain);
    let Some(verdicts) = LINTER.run(&["lint"], &files) else { return };
    let answers: Vec<bool> = verdicts.iter().map(|v| v.ok).collect();
    assert_eq!(answers, [true, true, true, false], "{verdicts:#?}");
    assert!(verdicts[3].reason.contains("pkix.certificate_version_is_not_v3"), "{}", verdicts[3].reason);
}

/// A judge that is not there is named and counted, never taken for a yes.
#[test]
fn a_missing_judge_gives_no_verdict() {
    assert!(Judge("no-such-judge").ask(&["chain"], &[chain("leaf")]).is_err());
}
