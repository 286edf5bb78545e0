//! Request records: there is one encoding of each, so what is read is written again octet for octet.
#![no_main]

use hufu_x509::record::{Act, Approval, Countersign, Manifest, RequestRecord, StatusRecord};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(record) = RequestRecord::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
    if let Ok(record) = StatusRecord::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
    if let Ok(record) = Manifest::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
    if let Ok(record) = Approval::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
    if let Ok(record) = Act::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
    if let Ok(record) = Countersign::from_der(input) {
        assert_eq!(record.to_der(), input);
    }
});
