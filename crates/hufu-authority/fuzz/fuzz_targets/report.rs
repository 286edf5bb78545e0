//! The text of a signed report: what is read is written again as the same octets, so that no two texts are one report.
#![no_main]

use hufu_authority::report::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(statement) = Statement::decode(input) {
        assert_eq!(statement.encode().expect("it was read").as_bytes(), input);
    }
});
