//! Key envelopes: no file opens with a key it was not made for, and what is shown of it is safe to print.
#![no_main]

use std::sync::LazyLock;

use hufu_x509::envelope::{self, Terms, Weight};
use hufu_x509::key::SecretKey;
use libfuzzer_sys::fuzz_target;

static OWNER: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::from_scalar(&[0x17; 32]).expect("in range"));

fuzz_target!(|input: &[u8]| {
    let seen = envelope::inspect(input);
    assert!(seen.parts.iter().all(|p| !p.value.contains(char::is_control)));
    assert!(seen.dialect.is_some() || seen.weight() == Some(Weight::Refused));
    let imported = envelope::import(input, &OWNER, &Terms::default());
    assert!(imported.is_err(), "nobody made an envelope for this key");
});
