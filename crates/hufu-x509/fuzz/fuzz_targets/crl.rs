//! Revocation lists: every entry that is counted is listed, and what is sorted is found.
#![no_main]

use hufu_x509::crl::Crl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(crl) = Crl::from_bytes(input) {
        assert_eq!(crl.entries().count(), crl.count());
        if crl.is_sorted() {
            assert!(crl.entries().take(1_000).all(|entry| crl.find(&entry.serial).as_ref() == Some(&entry)));
        }
    }
});
