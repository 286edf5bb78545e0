//! Encrypted key files: no panic, and no key out of a file that the passphrase does not fit.
//!
//! Files that may ask for many iterations are passed over: they cost time by design and would hide everything else.
#![no_main]

use hufu_x509::key::Passphrase;
use hufu_x509::pkcs8;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // An INTEGER of three octets or more, or a text, in which one could hide.
    let long = input.windows(2).any(|w| matches!(w, [0x02, 3..=8]));
    if long || input.first() != Some(&0x30) {
        return;
    }
    let _ = pkcs8::decrypt(input, &Passphrase::existing("a passphrase of the fuzz target".to_owned()));
});
