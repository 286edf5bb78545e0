//! Certificates of real authorities and of other projects, which are kept beside the project and not in it.

use super::*;

/// The certificates of a file; those that cannot be read at all are left out and printed.
fn vectors(file: &str) -> Option<Vec<Certificate>> {
    let path = format!("{}/../../../shared/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let Ok(bytes) = std::fs::read(&path) else {
        println!("SKIPPED: the certificates of {file} are not at hand");
        return None;
    };
    let blocks = crate::pem::blocks(&bytes).map(Result::unwrap).filter(|(label, _)| label == "CERTIFICATE");
    let read = blocks.filter_map(|(_, der)| match Certificate::from_der(&der) {
        Ok(certificate) => Some(certificate),
        Err(e) => {
            println!("{file}: {e}");
            None
        }
    });
    Some(read.collect())
}

fn named(certificates: &[Certificate], subject_end: &str, nth: usize) -> Certificate {
    let mut found = certificates.iter().filter(|c| c.subject_text().ends_with(subject_end));
    found.nth(nth).unwrap_or_else(|| panic!("no certificate of {subject_end}")).clone()
}

fn judge(target: &Certificate, others: &[Certificate], root: &Certificate, when: &str) -> Vec<&'static str> {
    let verdict = validate(target, others, std::slice::from_ref(root), at(when));
    verdict.findings.iter().for_each(|finding| println!("{finding}\n"));
    codes(&verdict)
}

#[test]
fn national_and_bank_authorities_are_valid() {
    for (file, root, below) in [
        ("09-certs-nrcac.pem", "CN=ROOTCA", &["CN=MCSCA", "CN=SHECA SM2"][..]),
        ("10-certs-cfca.pem", "CN=CFCA EV SM2 ROOT", &["CN=CFCA EV SM2 OCA"]),
        ("12-certs-gmssl.pem", "CN=RootCA for Test", &["CN=MiddleCA for Test"]),
    ] {
        let Some(all) = vectors(file) else { continue };
        let root = named(&all, root, 0);
        for name in below.iter().copied().chain([""]) {
            let target = if name.is_empty() { root.clone() } else { named(&all, name, 0) };
            assert!(judge(&target, &[], &root, "2026-01-01").is_empty(), "{name}");
            assert_eq!(judge(&target, &all, &sample("root"), "2026-01-01"), ["verify.untrusted-root"], "{name}");
        }
    }
}

#[test]
fn a_missing_issuer_is_said_and_named() {
    let (Some(cfca), Some(gmssl)) = (vectors("10-certs-cfca.pem"), vectors("12-certs-gmssl.pem")) else { return };
    let target = named(&cfca, "CN=CFCA TEST SM2 OCA1", 0);
    assert_eq!(judge(&target, &cfca, &sample("root"), "2026-01-01"), ["verify.no-issuer"]);
    let target = named(&gmssl, "CN=client@pku.edu.cn", 0);
    assert_eq!(judge(&target, &gmssl, &sample("root"), "2026-01-01"), ["verify.no-issuer", "verify.expired"]);
}

#[test]
fn tongsuos_chains_are_valid_and_those_without_za_are_not() {
    let Some(all) = vectors("13-certs-tongsuo.pem") else { return };
    // The root above this CA has serial number 0, which RFC 5280 §4.1.2.2 forbids: the CA itself is trusted here.
    let ca = named(&all, "CN=sub ca", 0);
    for name in ["CN=server sign", "CN=server enc", "CN=client sign", "CN=client enc"] {
        assert!(judge(&named(&all, name, 0), &[], &ca, "2026-01-01").is_empty(), "{name}");
    }
    // Root and leaf of these two pairs bear the same name. Both write the curve's identifier in the place of the key's
    // algorithm, so that their keys cannot be used; that the second pair left ZA out is said all the same.
    let pair = |name| (named(&all, name, 0), named(&all, name, 1));
    let (root, leaf) = pair("CN=SM2 certificate signing key,emailAddress=ca@sm2");
    assert_eq!(judge(&leaf, &[], &root, "2026-01-01"), ["verify.key"; 2]);
    assert_eq!(judge(&root, &[], &root, "2026-01-01"), ["verify.key"]);
    let (root, leaf) = pair("emailAddress=ca@sm2-noza");
    assert_eq!(judge(&leaf, &[], &root, "2026-01-01"), ["verify.key", "verify.no-za"]);
    assert_eq!(judge(&root, &[], &root, "2026-01-01"), ["verify.key", "verify.no-za"]);
}

#[test]
fn openssls_chains_are_valid_and_mixed_parameters_are_not() {
    let Some(all) = vectors("14-certs-openssl-3.0.19.pem") else { return };
    let [root, issuing, leaf, below, null, inside, outside] = <[Certificate; 7]>::try_from(all).unwrap();
    let when = "2027-06-01";
    for target in [&root, &issuing, &leaf, &null] {
        assert!(judge(target, &[], &root, when).is_empty());
    }
    assert!(judge(&below, std::slice::from_ref(&issuing), &root, when).is_empty());
    assert_eq!(judge(&below, &[], &root, when), ["verify.no-issuer"]);
    assert_eq!(judge(&below, &[issuing], &root, "2028-01-01"), ["verify.expired"]);
    for target in [inside, outside] {
        assert_eq!(judge(&target, &[], &root, when), ["verify.mixed-algorithm"]);
    }
}
