//! Distinguished names as text and as DER: a text that is read is written in one form, which is read back to the same
//! name, and any DER name is shown without a control character.
#![no_main]

use hufu_x509::name::Name;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(shown) = Name::display_der(input) {
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(name) = Name::parse_text(text) else { return };
    assert_eq!(Name::parse_text(&name.to_string()).as_ref(), Ok(&name));
    assert_eq!(Name::display_der(&name.to_der()).as_ref(), Ok(&name.to_string()));
});
