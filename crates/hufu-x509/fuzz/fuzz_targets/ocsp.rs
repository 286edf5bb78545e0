//! OCSP requests and answers: what is read of a request can be asked again.
#![no_main]

use hufu_x509::ocsp::{Request, Response, build_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(request) = Request::from_der(input) {
        let again = build_request(request.ids(), request.nonce()).expect("within bounds");
        assert_eq!(Request::from_der(&again).as_ref(), Ok(&request));
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Request::from_get(text);
    }
    if let Ok(response) = Response::from_bytes(input) {
        assert!(
            response.singles().iter().all(|single| response.single(&single.id).is_some() == single.id.hash().is_some())
        );
    }
});
