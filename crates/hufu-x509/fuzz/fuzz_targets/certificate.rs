//! Certificates: our reader and the second one never panic, and agree about whatever both of them read.
#![no_main]

use hufu_x509::certificate::Certificate;
use hufu_x509::legacy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = legacy::read(input);
    let Ok(certificate) = Certificate::from_bytes(input) else { return };
    assert!(!certificate.subject_text().contains(char::is_control));
    assert!(!certificate.issuer_text().contains(char::is_control));
    assert_eq!(Certificate::from_bytes(certificate.pem().as_bytes()).as_ref(), Ok(&certificate));
    let _ = (certificate.basic_constraints(), certificate.key_usage(), certificate.extended_key_usage());
    let _ = (certificate.subject_key_id(), certificate.authority_key_id(), certificate.hosts());
    let _ = (certificate.signature_algorithm(), certificate.is_signed_with_sm2(), certificate.algorithms_agree());
    if let Ok(key) = certificate.public_key() {
        let _ = certificate.verify_signed_by(&key);
    }
    if let Ok(second) = legacy::reread(certificate.der()) {
        assert_eq!(&second.serial, certificate.serial());
        assert_eq!(second.validity, certificate.validity());
        assert_eq!(second.subject_der, certificate.subject_der());
        assert_eq!(second.issuer_der, certificate.issuer_der());
        assert_eq!(second.spki_der, certificate.spki_der());
    }
});
