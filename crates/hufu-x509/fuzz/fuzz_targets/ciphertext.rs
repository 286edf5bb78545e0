//! SM2 ciphertexts: one form for one meaning, and none opens with a key it was not made for.
#![no_main]

use std::sync::LazyLock;

use hufu_x509::encrypt::Ciphertext;
use hufu_x509::key::SecretKey;
use libfuzzer_sys::fuzz_target;

static OWNER: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::from_scalar(&[0x17; 32]).expect("in range"));

fuzz_target!(|input: &[u8]| {
    if let Ok(sealed) = Ciphertext::from_der(input) {
        assert_eq!(sealed.to_der(), input);
        assert_eq!(Ciphertext::from_c1c3c2(&sealed.to_c1c3c2()).as_ref(), Ok(&sealed));
        assert!(OWNER.decrypt(&sealed).is_err());
    }
});
