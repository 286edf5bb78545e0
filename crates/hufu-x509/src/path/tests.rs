#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod vectors;

use hufu_model::time::Instant;

use super::*;
use crate::forge::{How, Plan, name_as};
use crate::oid;
use crate::tlv::tag;

fn sample(name: &str) -> Certificate {
    let path = format!("{}/../../tests/samples/chain/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Certificate::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// An instant at which all samples are valid.
fn sampled() -> Instant {
    at("2030-01-01T00:00:00Z")
}

/// An instant at which everything forged is valid.
fn now() -> Instant {
    at("2026-06-01T00:00:00Z")
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.findings.iter().map(Finding::code).collect()
}

#[test]
fn the_good_sample_chain_is_valid_in_any_order() {
    let [root, issuing, leaf] = ["root", "issuing", "leaf"].map(sample);
    let chain = [leaf.clone(), issuing.clone(), root.clone()];
    for others in [vec![issuing.clone()], vec![root.clone(), issuing.clone()], chain.to_vec()] {
        let verdict = validate(&leaf, &others, std::slice::from_ref(&root), sampled());
        assert!(verdict.is_valid(), "{:?}", verdict.findings);
        assert_eq!(verdict.chain, chain);
    }
    assert!(validate(&root, &[], std::slice::from_ref(&root), sampled()).is_valid());
    // A CA under a CA with pathLen 0 is itself still within it: only what it issues is not (RFC 5280 §4.2.1.9).
    assert!(validate(&sample("beyond-path-length"), &[issuing], &[root], sampled()).is_valid());
}

#[test]
fn each_bad_sample_gives_its_rule_first() {
    let cases: &[(&str, &[&str], &str, &[&str])] = &[
        ("empty-id-leaf", &["issuing"], "root", &["verify.empty-id"]),
        ("raw-rs-leaf", &["issuing"], "root", &["verify.raw-rs"]),
        ("altered-leaf", &["issuing"], "root", &["verify.altered"]),
        ("mixed-algorithm-leaf", &["issuing"], "root", &["verify.mixed-algorithm"]),
        ("no-version-leaf", &["issuing"], "root", &["verify.version", "verify.altered"]),
        ("leaf-of-leaf", &["leaf", "issuing"], "root", &["verify.not-ca", "verify.path-length"]),
        ("leaf", &["issuing"], "other-root", &["verify.issuer-key"]),
        ("leaf", &["issuing", "root"], "other-root", &["verify.untrusted-root"]),
        ("leaf", &[], "root", &["verify.no-issuer"]),
        ("empty-id-root", &[], "empty-id-root", &["verify.empty-id"]),
        ("empty-id-root", &[], "root", &["verify.empty-id"]),
        ("other-root", &[], "root", &["verify.untrusted-root"]),
    ];
    for (target, others, root, expected) in cases {
        let others: Vec<_> = others.iter().map(|n| sample(n)).collect();
        let verdict = validate(&sample(target), &others, &[sample(root)], sampled());
        assert_eq!(codes(&verdict), *expected, "{target}: {:#?}", verdict.findings);
        for finding in &verdict.findings {
            println!("{target}\n{finding}\n");
        }
    }
}

#[test]
fn a_finding_reads_as_advice() {
    let verdict = validate(&sample("empty-id-leaf"), &[sample("issuing")], &[sample("root")], sampled());
    let leaf = sample("empty-id-leaf");
    let expected = format!(
        "verify.empty-id: {} (serial number {}): the issuer signed it with an empty SM2 ID instead of 1234567812345678 \
         (octet {})\n  likely cause: it was signed with an empty SM2 ID, which OpenSSL before 4.0 uses when it is given \
         none\n  what to do: sign it again with the default ID; with OpenSSL: rerun with -sigopt distid:1234567812345678",
        leaf.subject_text(),
        leaf.serial(),
        leaf.der().len() - leaf.signature_value().len(),
    );
    assert_eq!(verdict.findings[0].to_string(), expected);
}

#[test]
fn both_ends_of_the_validity_belong_to_it() {
    let [root, issuing, leaf] = ["root", "issuing", "leaf"].map(sample);
    let judge = |at| codes(&validate(&leaf, std::slice::from_ref(&issuing), std::slice::from_ref(&root), at));
    // All three were made within one second.
    let (first, last) = (leaf.validity().not_before(), root.validity().not_after());
    let seconds = Instant::from_unix_seconds;
    assert!(judge(seconds(first)).is_empty() && judge(seconds(last)).is_empty());
    assert!(judge(seconds(first).plus_seconds(-10)).iter().all(|c| *c == "verify.not-yet-valid"));
    assert_eq!(judge(seconds(last).plus_seconds(10)), ["verify.expired"; 3]);
    let verdict = validate(&leaf, &[issuing], std::slice::from_ref(&root), seconds(last).plus_seconds(10));
    assert!(verdict.findings[0].certificate.starts_with(&root.subject_text()), "nearest to the root first");
}

fn root() -> Certificate {
    Plan::ca("root", 1, "root", 1, None).sign(1)
}

fn issuing() -> Plan {
    Plan::ca("issuing", 2, "root", 1, Some(0))
}

fn leaf() -> Plan {
    Plan::leaf("leaf", 3, "issuing", 2)
}

fn judged(target: &Certificate, others: &[Certificate]) -> Verdict {
    validate(target, others, &[root()], now())
}

#[test]
fn known_mistakes_of_signing_programs_are_named() {
    let issuing = [issuing().sign(1)];
    assert!(judged(&leaf().sign(2), &issuing).is_valid());
    for (how, code) in [
        (How::EmptyId, "verify.empty-id"),
        (How::NoZa, "verify.no-za"),
        (How::DoubleHash, "verify.double-hash"),
        (How::RawRs, "verify.raw-rs"),
        (How::NotAtAll, "verify.altered"),
    ] {
        let verdict = judged(&leaf().sign_as(2, how), &issuing);
        assert_eq!(codes(&verdict), [code]);
    }
    // The mistake is found wherever in the chain it is.
    let verdict = judged(&leaf().sign(2), &[self::issuing().sign_as(1, How::NoZa)]);
    assert_eq!(codes(&verdict), ["verify.no-za"]);
    assert_eq!(verdict.chain.len(), 2);
}

#[test]
fn every_rule_about_issuers_is_checked() {
    let not_ca = [0x30, 0];
    let usage = [3, 2, 4, 0x30]; // keyEncipherment, dataEncipherment
    let leaf = leaf().sign(2);
    let cases = [
        (issuing().with(oid::BASIC_CONSTRAINTS, true, &not_ca), &["verify.not-ca"][..]),
        (issuing().without(oid::BASIC_CONSTRAINTS), &["verify.not-ca"]),
        (issuing().with(oid::KEY_USAGE, true, &usage), &["verify.key-usage"]),
        (issuing().with(oid::KEY_USAGE, true, &[4, 0]), &["verify.extension"]),
        (issuing().with(oid::BASIC_CONSTRAINTS, true, &[4, 0]), &["verify.extension"]),
        (issuing().with(oid::SUBJECT_KEY_IDENTIFIER, false, &[4, 1, 7]), &["verify.key-identifier"]),
        (issuing().with(oid::NAME_CONSTRAINTS, true, &[0x30, 0]), &["verify.critical-extension"]),
        (issuing().with(oid::NAME_CONSTRAINTS, false, &[0x30, 0]), &["verify.critical-extension"]),
        (issuing().with(oid::POLICY_CONSTRAINTS, true, &[0x30, 0]), &["verify.critical-extension"]),
        (issuing().with(oid::POLICY_CONSTRAINTS, false, &[0x30, 0]), &[]),
        (issuing().without(oid::KEY_USAGE), &[]),
        (issuing().without(oid::SUBJECT_KEY_IDENTIFIER), &[]),
    ];
    for (plan, expected) in cases {
        let verdict = judged(&leaf, &[plan.sign(1)]);
        assert_eq!(codes(&verdict), expected, "{:#?}", verdict.findings);
        assert_eq!(verdict.chain.len(), 3);
    }
}

#[test]
fn path_lengths_count_the_cas_between() {
    let third = Plan::ca("third", 4, "issuing", 2, None).sign(2);
    let below = Plan::leaf("leaf", 3, "third", 4).sign(4);
    assert_eq!(codes(&judged(&below, &[issuing().sign(1), third.clone()])), ["verify.path-length"]);
    let one = Plan::ca("issuing", 2, "root", 1, Some(1)).sign(1);
    assert!(judged(&below, &[one, third]).is_valid());
    // A certificate for the CA's next key, issued by itself, does not count (RFC 5280 §6.1.4 l).
    let rolled = Plan::ca("issuing", 5, "issuing", 2, Some(0)).sign(2);
    let leaf = Plan::leaf("leaf", 3, "issuing", 5).sign(5);
    assert!(judged(&leaf, &[issuing().sign(1), rolled]).is_valid());
}

#[test]
fn the_issuers_name_is_compared_octet_for_octet() {
    let printable = name_as(tag::PRINTABLE, "issuing");
    let verdict = judged(&Plan { issuer: printable, ..leaf() }.sign(2), &[issuing().sign(1)]);
    assert_eq!(codes(&verdict), ["verify.name-chain"]);
    assert!(verdict.findings[0].message.contains("encoded otherwise"), "{}", verdict.findings[0]);
    assert!(verdict.findings[0].offset.is_some());
    let other = Plan::leaf("leaf", 3, "another authority", 2).sign(2);
    let verdict = judged(&other, &[issuing().sign(1)]);
    assert_eq!(codes(&verdict), ["verify.name-chain"]);
    assert!(verdict.findings[0].message.contains("the key of"), "{}", verdict.findings[0]);
}

#[test]
fn of_several_issuers_the_right_one_is_found() {
    // Same name: another key, an expired one of the same key, and the good one.
    let expired = Plan { times: ["200101000000Z", "210101000000Z"], serial: vec![9], ..issuing() }.sign(1);
    let rekeyed = Plan::ca("issuing", 7, "root", 1, Some(0)).sign(1);
    let others = [rekeyed.clone(), expired.clone(), issuing().sign(1)];
    assert!(judged(&leaf().sign(2), &others).is_valid());
    assert_eq!(codes(&judged(&leaf().sign(2), &[rekeyed.clone(), expired])), ["verify.expired"]);
    let verdict = judged(&leaf().sign(2), &[rekeyed]);
    assert_eq!(codes(&verdict), ["verify.issuer-key"]);
    // Without authorityKeyIdentifier the two explanations cannot be told apart, and the finding says so.
    let nameless = leaf().without(oid::AUTHORITY_KEY_IDENTIFIER).sign(2);
    let verdict = judged(&nameless, &[Plan::ca("issuing", 7, "root", 1, Some(0)).sign(1)]);
    assert_eq!(codes(&verdict), ["verify.altered"]);
    assert!(verdict.findings[0].cause.contains("another key"));
}

#[test]
fn what_is_not_understood_and_critical_is_refused() {
    let unknown: oid::Oid = "1.2.3.4".parse().unwrap();
    let issuing = [issuing().sign(1)];
    assert_eq!(codes(&judged(&leaf().with(unknown, true, &[5, 0]).sign(2), &issuing)), ["verify.critical-extension"]);
    assert!(judged(&leaf().with(unknown, false, &[5, 0]).sign(2), &issuing).is_valid());
}

#[test]
fn trust_is_only_what_the_caller_gives() {
    let leaf = leaf().sign(2);
    let issuing = issuing().sign(1);
    let verdict = validate(&leaf, &[issuing.clone(), root()], &[], now());
    assert_eq!(codes(&verdict), ["verify.untrusted-root"]);
    assert_eq!(verdict.chain.len(), 3);
    // A trusted issuing CA ends the chain: nobody has to hold the root above it.
    assert!(validate(&leaf, &[], std::slice::from_ref(&issuing), now()).is_valid());
    // A root whose own certificate was altered is not relied on, trusted or not.
    let forged = Plan::ca("root", 1, "root", 1, None).sign_as(1, How::NotAtAll);
    let verdict = validate(&leaf, &[issuing], &[forged], now());
    assert_eq!(codes(&verdict), ["verify.altered"]);
}

#[test]
fn many_candidates_cost_a_bounded_time() {
    // A hundred and twenty CAs of the right name and the wrong key.
    let crowd: Vec<Certificate> = (0..120_u8)
        .map(|n| Plan { serial: vec![1, n], ..Plan::ca("issuing", 100 + n, "root", 1, None) }.sign(1))
        .collect();
    let start = std::time::Instant::now();
    let verdict = judged(&leaf().without(oid::AUTHORITY_KEY_IDENTIFIER).sign(2), &crowd);
    assert_eq!(codes(&verdict), ["verify.budget"]);
    // Twelve CAs of one name and key that all issue each other: every order of them is a chain.
    let mesh: Vec<Certificate> =
        (0..12_u8).map(|n| Plan { serial: vec![2, n + 1], ..Plan::ca("mesh", 8, "mesh", 8, None) }.sign(8)).collect();
    let verdict = judged(&Plan::leaf("leaf", 3, "mesh", 8).sign(8), &mesh);
    assert!(!verdict.is_valid());
    // A line longer than any chain.
    let names: Vec<String> = (0..12).map(|n| format!("ca {n}")).collect();
    let line: Vec<Certificate> = (1..12_u8)
        .map(|n| Plan::ca(&names[usize::from(n)], 20 + n, &names[usize::from(n) - 1], 19 + n, None).sign(19 + n))
        .collect();
    let verdict = judged(&Plan::leaf("leaf", 3, "ca 11", 31).sign(31), &line);
    assert_eq!(codes(&verdict), ["verify.too-long"]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_target_that_is_altered_anywhere_is_never_valid() {
    let good = leaf().sign(2);
    let others = [issuing().sign(1)];
    let mut read = 0;
    for position in 0..good.der().len() {
        let mut der = good.der().to_vec();
        der[position] ^= 1;
        if let Ok(altered) = Certificate::from_der(&der) {
            read += 1;
            let verdict = judged(&altered, &others);
            assert!(!verdict.is_valid(), "octet {position}");
        }
    }
    assert!(read > 100, "only {read} alterations were read");
}

#[test]
fn rules_have_codes_of_their_own_and_say_what_to_do() {
    let codes: std::collections::HashSet<_> = Rule::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        let name = rule.code().strip_prefix("verify.").unwrap();
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(!rule.cause().is_empty() && !rule.remedy().is_empty());
    }
    assert!(Rule::ALL.is_sorted(), "the order of the table is the order of the enum");
}

#[test]
fn structure_aware_mutations_are_never_valid() {
    use rand::SeedableRng;
    let seed = std::env::var("HUFU_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0xca7_u64);
    println!("seed {seed} (set HUFU_SEED for another)");
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let good = [leaf().sign(2), issuing().sign(1)];
    let mut read = 0;
    for round in 0..10_000 {
        let original = &good[round % 2];
        let Ok(altered) = Certificate::from_der(&crate::mutate::mutated(original.der(), &mut rng)) else { continue };
        read += 1;
        // As the target, and as the issuer of a good one.
        let verdict = if round % 2 == 0 {
            judged(&altered, &good[1..])
        } else {
            judged(&good[0], std::slice::from_ref(&altered))
        };
        assert!(!verdict.is_valid() || altered == *original, "round {round} of seed {seed}");
    }
    assert!(read > 500, "only {read} mutations were read");
}
