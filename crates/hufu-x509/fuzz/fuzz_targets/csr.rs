//! Requests: whatever is read has a subject that is safe to print, and a request that verifies is made of exactly the
//! octets that came in.
#![no_main]

use hufu_x509::csr::Csr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(csr) = Csr::from_bytes(input) else { return };
    assert!(!csr.subject_text().contains(char::is_control));
    assert_eq!(Csr::from_bytes(csr.pem().as_bytes()).as_ref(), Ok(&csr));
    let _ = csr.public_key();
    let der = csr.der().to_vec();
    if let Ok(verified) = csr.verify() {
        assert_eq!(verified.der(), der);
    }
});
