//! Numbers that are printed elsewhere: the standard's example, another implementation's, and what must be refused.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_sm2::{KeyError, VerifyError, VerifyingKey};

fn octets<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn check(point: &str, e: &str, r: &str, s: &str) -> Result<(), VerifyError> {
    let key = VerifyingKey::from_point(&octets(point)).unwrap();
    let (e, r, s) = (octets(e), octets(r), octets(s));
    let result = key.verify_digest(&e, &r, &s);
    assert_eq!(key.prepare().verify_digest(&e, &r, &s), result);
    result
}

/// GB/T 32918.5-2017 annex A (GM/T 0003.5-2012 annex A): key, digest and signature of "message digest".
const POINT: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed\
                     05fbf35e084a6632f6072da9ad13";
const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
const R: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
const S: &str = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ONES: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const N_LESS_1: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122";
const N_AND_1: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54124";

#[test]
fn the_standards_signature_is_valid() {
    assert_eq!(check(POINT, E, R, S), Ok(()));
}

/// The same key and nonce, with what the field has seen in place of e = SM3(ZA ‖ M): each is valid for its own digest,
/// and none for the standard's.
#[test]
fn digests_made_otherwise_are_other_digests() {
    let others = [
        // An empty identity.
        (
            "2305bdc3a3eb4bcb28f8b33816de087e70af98169c1a7b32c8589fa8711a1f10",
            "27f1ba35327863638afce55ea5560734b20dc6f4aa21b74217bcae759f2eb983",
            "9815b803017b841ee27bc729b026a72fabdf588d3e7041e03e6a1dd43485497b",
        ),
        // SM3(M) without ZA.
        (
            "c522a942e89bd80d97dd666e7a5531b36188c9817149e9b258dfe51ece98ed77",
            "ca0ea5b47728efa5f9e1989508cd3069a2e6f85f7f5125c1a843f3ebfcad87ea",
            "9f63abe109485c501c147632bc3d53d297d860a8df2ed3619fd75a776c93ff8c",
        ),
        // SM3(ZA ‖ SM3(M)).
        (
            "309854e39960fafc3cf7ea70de2cdee6f9fc62e9f4dbaed51cdc6f8cd1525784",
            "3584515527ee12949efc1c976ca4dd9d3b5a91c802e2eae46c407e59ff66f1f7",
            "968a8057c769ea7528f8b2169136b1b2a06528875943f1723d27553d83cd0dc0",
        ),
        // The identity of TLS 1.3 (RFC 8998 section 3.2.1).
        (
            "526882ee6889f320607e6aec935d69f3fe0c537799879774c713e53c6c2730e4",
            "57547f5ff7170ab8c2829d1321d568aa3f6a8255a78ed3841677f4099a3bcb57",
            "fbf7205b3bf7c4509786c4cbebc92391f16a2f75403aa4b410d608f9efba3782",
        ),
    ];
    for (e, r, s) in others {
        assert_eq!(check(POINT, E, r, s), Err(VerifyError::Mismatch));
        assert_eq!(check(POINT, e, r, s), Ok(()), "{e}");
        assert_eq!(check(POINT, e, R, S), Err(VerifyError::Mismatch));
    }
}

/// Prehashed signatures of the test suite of Tongsuo (evppkey_sm2.txt, key SM2_key1).
#[test]
fn another_implementations_signatures_are_valid() {
    let point = "04393a2ad9e27e43acaaab85a19d3b85591e14406157175addd37bf77ff0caf9ed37fcf3a8b4f55c038523261fca6636afe6a7afa2\
                 a1482a606f5cb3a18b2e2a1e";
    let first = (
        "d7ad397f6ffa5d4f7f11e7217f241607dc30618c236d2c09c1b9ea8fdadee2e8",
        "ab1db64de7c40edbde6651c9b8ebdb804673db836e5d5c7fe15dcf9ed2725037",
        "eba714451ff69b0bb930b379e192e7cd5fa6e3c41c7fbd8303b799ab54a54621",
    );
    let second = (
        "b1139602c6ecc9e15e2f3f9c635a1afe737058bc15387479c1ea0d0b3d90e9e5",
        "e6e0414ebd3a656c35602af14ab20287dbf30d57af75c49a188ed4b42391f224",
        "2f54f277c606f4605e1ce9514947ffddf94c67a539804a4ed17f852288bdbe2e",
    );
    for (e, r, s) in [first, second] {
        assert_eq!(check(point, e, r, s), Ok(()));
        assert_eq!(check(POINT, e, r, s), Err(VerifyError::Mismatch));
    }
    assert_eq!(check(point, first.0, second.1, second.2), Err(VerifyError::Mismatch));
}

/// GB/T 32918.2-2016 clause 7.1, steps B1, B2, B5 and B7, in this order.
#[test]
fn refusals_name_the_step_that_failed() {
    for outside in [ZERO, N, N_AND_1, ONES] {
        assert_eq!(check(POINT, E, outside, S), Err(VerifyError::RangeOfR));
        assert_eq!(check(POINT, E, R, outside), Err(VerifyError::RangeOfS));
        assert_eq!(check(POINT, E, outside, outside), Err(VerifyError::RangeOfR));
    }
    let n_less_r = "0a5fc4f8b72d3b9cf1153aec1e447e5e18bf0532f9f04dea100f755c4aee2070";
    assert_eq!(check(POINT, E, R, n_less_r), Err(VerifyError::ZeroSum));
    assert_eq!(check(POINT, E, N_LESS_1, N_LESS_1), Err(VerifyError::Mismatch));
    assert_eq!(check(POINT, E, S, R), Err(VerifyError::Mismatch));
    for digest in [ZERO, ONES, N] {
        assert_eq!(check(POINT, digest, R, S), Err(VerifyError::Mismatch));
    }
    // n - s: SM2 has no second signature by a change of sign.
    let n_less_s = "4e4955d520ded02789ce7d43f2bde35db673a66e0246c256cfb08a44b4197f79";
    assert_eq!(check(POINT, E, R, n_less_s), Err(VerifyError::Mismatch));
}

/// P = G with s = -t: the sum is infinity whatever the digest is.
#[test]
fn the_sum_at_infinity_is_refused() {
    let g = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc6\
             2a474002df32e52139f0a0";
    // t = 1, s = n - 1, r = t - s = 2.
    let two = "0000000000000000000000000000000000000000000000000000000000000002";
    for digest in [ZERO, two, N, E] {
        assert_eq!(check(g, digest, two, N_LESS_1), Err(VerifyError::Infinity));
    }
}

#[test]
fn points_that_are_no_keys_are_refused() {
    let key = |hex: &str| VerifyingKey::from_point(&octets(hex)).map(|_| ());
    assert_eq!(key(POINT), Ok(()));
    for (form, octet) in [("00", 0), ("02", 2), ("03", 3), ("05", 5), ("06", 6), ("07", 7), ("ff", 255)] {
        assert_eq!(key(&POINT.replacen("04", form, 1)), Err(KeyError::Form(octet)));
    }
    // Py + 1.
    assert_eq!(key(&POINT.replacen("a9ad13", "a9ad14", 1)), Err(KeyError::OffCurve));
    let p = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";
    let (x, y) = POINT[2..].split_at(64);
    assert_eq!(key(&format!("04{p}{y}")), Err(KeyError::Coordinate));
    assert_eq!(key(&format!("04{x}{p}")), Err(KeyError::Coordinate));
    assert_eq!(key(&format!("04{ONES}{ONES}")), Err(KeyError::Coordinate));
    assert_eq!(key(&format!("04{ZERO}{ZERO}")), Err(KeyError::OffCurve));
    assert_eq!(key(&format!("04{y}{x}")), Err(KeyError::OffCurve));
}

#[test]
fn a_key_comes_back_as_it_went_in() {
    let point = octets(POINT);
    assert_eq!(VerifyingKey::from_point(&point).unwrap().to_point(), point);
}
