#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::convert::Infallible;

use hufu_model::ident::unhex;
use proptest::prelude::*;
use sm2::dsa::signature::hazmat::RandomizedPrehashSigner;
use sm2::dsa::signature::rand_core::{TryCryptoRng, TryRng};

use super::*;
use crate::key::SecretKey;

/// GM/T 0003.5-2012 Annex A, GB/T 32918.5-2017 Annex A.
const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const POINT: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                     ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const ZA: &str = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3";
const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
const K: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
const R: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
const S: &str = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const MESSAGE: &[u8] = b"message digest";

fn octets<const L: usize>(text: &str) -> [u8; L] {
    unhex(text).unwrap().try_into().unwrap()
}

fn standard_key() -> SecretKey {
    SecretKey::from_scalar(&octets(D)).unwrap()
}

fn scalar(text: &str) -> Scalar {
    Scalar::from_repr(FieldBytes::from(octets::<32>(text))).unwrap()
}

/// SEQUENCE of two INTEGERs with the content given, whatever it is.
fn sequence(r: &str, s: &str) -> Vec<u8> {
    let integer = |text: &str| {
        let content = unhex(text).unwrap();
        [&[0x02, u8::try_from(content.len()).unwrap()], &content[..]].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

fn refusal(der: &[u8]) -> (&'static str, Option<String>) {
    let error = Signature::from_der(der).unwrap_err();
    (error.kind().code(), error.context().map(str::to_owned))
}

#[test]
fn the_example_of_the_standard() {
    let key = standard_key();
    let public = key.public_key();
    assert_eq!(hex(public.point()), POINT);
    assert_eq!(hex(&za(DEFAULT_ID, public).unwrap()), ZA);
    assert_eq!(hex(public.za()), ZA);
    let e = hash_message(public.za(), MESSAGE);
    assert_eq!(hex(&e), E);
    let signature = sign_with_nonce(key.secret(), &reduce(&e), &scalar(K)).unwrap();
    assert_eq!(hex(signature.der()), format!("3046022100{R}022100{S}"));
    assert_eq!(Signature::from_der(signature.der()).unwrap(), signature);
    assert_eq!(Signature::from_raw(&unhex(&format!("{R}{S}")).unwrap()).unwrap(), signature);
    public.verify(MESSAGE, &signature).unwrap();
}

/// ZA and e of a certificate of Topsec CA.
#[test]
fn za_of_a_real_authority() {
    let point = "04d69c2f1eec3bfb6b95b30c28085c77b125d77a9c39525d8190768f37d6b205b5\
                 89dcd316bbe7d89a9dc21917f17799e698531f5e6e3e10bd31370b259c3f81c3";
    let public = PublicKey::from_point(&unhex(point).unwrap()).unwrap();
    assert_eq!(hex(public.za()), "4d38d2958ca7fd2cfae3af04486959cf92c8ef48e8b83a05c112e739d5f181d0");
}

#[test]
fn an_id_of_8192_octets_does_not_fit_its_length_field() {
    let key = standard_key();
    assert!(za(&[b'x'; 8191], key.public_key()).is_ok());
    assert_eq!(za(&[b'x'; 8192], key.public_key()).unwrap_err().kind(), &ErrorKind::Signing);
}

/// The same key and nonce with the mistakes that are seen in the field: refused, and named.
#[test]
fn other_conventions_are_refused_and_named() {
    let key = standard_key();
    let raw = format!("{R}{S}");
    let no_za = "3046022100ca0ea5b47728efa5f9e1989508cd3069a2e6f85f7f5125c1a843f3ebfcad87ea0221009f63abe109485c501c1476\
                 32bc3d53d297d860a8df2ed3619fd75a776c93ff8c";
    for (cause, signature) in [
        (
            Some(Cause::EmptyId),
            "3045022027f1ba35327863638afce55ea5560734b20dc6f4aa21b74217bcae759f2eb9830221009815b803017b841ee27bc729b026\
             a72fabdf588d3e7041e03e6a1dd43485497b",
        ),
        (Some(Cause::NoZa), no_za),
        (
            Some(Cause::DoubleHash),
            "304502203584515527ee12949efc1c976ca4dd9d3b5a91c802e2eae46c407e59ff66f1f7022100968a8057c769ea7528f8b2169136\
             b1b2a06528875943f1723d27553d83cd0dc0",
        ),
        // The ID of TLS 1.3 (RFC 8998 §3.2.1) is right there and nowhere else.
        (
            None,
            "3045022057547f5ff7170ab8c2829d1321d568aa3f6a8255a78ed3841677f4099a3bcb57022100fbf7205b3bf7c4509786c4cbebc9\
             2391f16a2f75403aa4b410d608f9efba3782",
        ),
        (Some(Cause::RawRs), &raw),
        (None, "00"),
    ] {
        let octets = unhex(signature).unwrap();
        let verified = Signature::from_der(&octets).and_then(|s| key.public_key().verify(MESSAGE, &s));
        assert!(verified.is_err(), "{cause:?}");
        assert_eq!(diagnose(key.public_key(), MESSAGE, &octets), cause);
    }
    let right = key.sign(MESSAGE, [7; 32]).unwrap();
    assert_eq!(diagnose(key.public_key(), b"another message", right.der()), None);
}

#[test]
fn other_forms_of_the_same_signature_are_refused() {
    let right = sequence(&format!("00{R}"), &format!("00{S}"));
    Signature::from_der(&right).unwrap();
    let form = |rule: &str| ("x509.signature-form", Some(rule.to_owned()));
    let range = form("an INTEGER is not in 1..n-1");
    assert_eq!(refusal(&unhex(&format!("{R}{S}")).unwrap()), form("it is not a SEQUENCE"));
    assert_eq!(refusal(&sequence(R, &format!("00{S}"))), form("an INTEGER is negative"));
    assert_eq!(refusal(&sequence(&format!("00{R}"), S)), form("an INTEGER is negative"));
    assert_eq!(refusal(&sequence(&format!("0000{R}"), &format!("00{S}"))), form("an INTEGER is padded"));
    assert_eq!(refusal(&sequence("", "01")), form("an INTEGER is empty"));
    assert_eq!(refusal(&sequence("00", &format!("00{S}"))), range);
    assert_eq!(refusal(&sequence(&format!("00{R}"), "00")), range);
    for too_large in [N, "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54124", &"ff".repeat(32)] {
        assert_eq!(refusal(&sequence(&format!("00{too_large}"), "01")), range);
        assert_eq!(refusal(&sequence("01", &format!("00{too_large}"))), range);
    }
    let r_plus_n = "01f5a03b0548d2c4630eeac513e1bb81a0cb48b9a3499bbc6c976872b628bc61d6";
    let s_plus_n = "01b1b6aa28df212fd8763182bc0d421ca12d941868414547ffd7c75dcdbf9102cd";
    let too_long = form("an INTEGER has more than 256 bits");
    assert_eq!(refusal(&sequence(r_plus_n, &format!("00{S}"))), too_long);
    assert_eq!(refusal(&sequence(&format!("00{R}"), s_plus_n)), too_long);
    let long_form = [&[0x30, 0x81, 0x46], &right[2..]].concat();
    assert_eq!(refusal(&long_form), form("the length is not minimal"));
    let trailing = [&right[..], &[0x00]].concat();
    assert_eq!(refusal(&trailing), form("it does not end where its length says"));
    let three = [&[0x30, 0x49], &right[2..], &[0x02, 0x01, 0x01]].concat();
    assert_eq!(refusal(&three), form("it has more than two INTEGERs"));
    for cut in 0..right.len() {
        assert!(Signature::from_der(&right[..cut]).is_err(), "{cut}");
    }
}

/// GM/T 0003.2 §7.1 B5, and that there is no second valid s.
#[test]
fn in_range_but_wrong() {
    let key = standard_key();
    for s in [
        "0a5fc4f8b72d3b9cf1153aec1e447e5e18bf0532f9f04dea100f755c4aee2070",
        "4e4955d520ded02789ce7d43f2bde35db673a66e0246c256cfb08a44b4197f79",
    ] {
        let signature = Signature::from_der(&sequence(&format!("00{R}"), s)).unwrap();
        assert_eq!(key.public_key().verify(MESSAGE, &signature).unwrap_err().kind(), &ErrorKind::Signature);
    }
}

#[test]
fn the_infinite_sum_is_refused() {
    // With s = -t·d the sum [s]G + [t]P vanishes; choose t = 1, so s = -d and r = t - s = 1 + d.
    let key = standard_key();
    let d = scalar(D);
    let signature = Signature::from_scalars(Scalar::ONE + d, -d);
    let e: [u8; 32] = (Scalar::ONE + d).to_repr().into();
    assert!(verify_prehash(key.public_key(), &e, &signature).is_err());
}

/// From the tests of Tongsuo: e is given, ID and ZA are in it.
#[test]
fn signatures_of_another_program_over_e() {
    let d = "d09156733017bdad809fd9bbd8c693f60230593169b6f94aaf1c8ee138cc99b5";
    let key = SecretKey::from_scalar(&octets(d)).unwrap();
    for (e, signature) in [
        (
            "d7ad397f6ffa5d4f7f11e7217f241607dc30618c236d2c09c1b9ea8fdadee2e8",
            "3046022100ab1db64de7c40edbde6651c9b8ebdb804673db836e5d5c7fe15dcf9ed2725037022100eba714451ff69b0bb930b379e1\
             92e7cd5fa6e3c41c7fbd8303b799ab54a54621",
        ),
        (
            "b1139602c6ecc9e15e2f3f9c635a1afe737058bc15387479c1ea0d0b3d90e9e5",
            "3045022100e6e0414ebd3a656c35602af14ab20287dbf30d57af75c49a188ed4b42391f22402202f54f277c606f4605e1ce9514947\
             ffddf94c67a539804a4ed17f852288bdbe2e",
        ),
    ] {
        let signature = Signature::from_der(&unhex(signature).unwrap()).unwrap();
        verify_prehash(key.public_key(), &octets(e), &signature).unwrap();
    }
}

/// A "generator" that gives the same octets each time.
struct Fixed([u8; 32]);

impl TryRng for Fixed {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        unreachable!("only octets are asked for")
    }
    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        unreachable!("only octets are asked for")
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> std::result::Result<(), Infallible> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

/// Prints what signing and verifying cost here; asserts nothing about time.
#[test]
fn cost() {
    let key = standard_key();
    let public = key.public_key();
    let message = [0x5a; 600];
    let signature = key.sign(&message, [1; 32]).unwrap();
    let time = |what: &str, run: &dyn Fn()| {
        run();
        let (times, start) = (200u32, std::time::Instant::now());
        (0..times).for_each(|_| run());
        println!("{what}: {:.1} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    };
    time("sign", &|| _ = key.sign(&message, [1; 32]).unwrap());
    time("verify", &|| public.verify(&message, &signature).unwrap());
    time("public key from its point", &|| _ = PublicKey::from_point(public.point()).unwrap());
}

prop_compose! {
    fn any_key()(scalar in any::<[u8; 32]>().prop_filter_map("scalar", |d| SecretKey::from_scalar(&d).ok())) -> SecretKey {
        scalar
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_signed_verifies_and_nothing_else(
        key in any_key(), other in any_key(), entropy: [u8; 32],
        message in proptest::collection::vec(any::<u8>(), 1..200), place: prop::sample::Index, bit in 0..8u8,
    ) {
        let signature = key.sign(&message, entropy).unwrap();
        prop_assert_eq!(&Signature::from_der(signature.der()).unwrap(), &signature);
        prop_assert!(signature.der().len() <= Signature::MAX_LENGTH);
        prop_assert!(key.public_key().verify(&message, &signature).is_ok());
        prop_assert!(other.public_key().verify(&message, &signature).is_err());
        let mut altered = message.clone();
        altered[place.index(message.len())] ^= 1 << bit;
        prop_assert!(key.public_key().verify(&altered, &signature).is_err());
    }

    #[test]
    fn a_signature_with_any_bit_changed_is_refused(
        key in any_key(), entropy: [u8; 32], place: prop::sample::Index, bit in 0..8u8,
    ) {
        let mut der = key.sign(MESSAGE, entropy).unwrap().der().to_vec();
        let place = place.index(der.len());
        der[place] ^= 1 << bit;
        let verified = Signature::from_der(&der).and_then(|s| key.public_key().verify(MESSAGE, &s));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn an_accepted_form_is_the_only_one(input in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(signature) = Signature::from_der(&input) {
            prop_assert_eq!(signature.der(), &input[..]);
        }
    }

    #[test]
    fn small_integers_keep_their_form(r in 1..=u64::MAX, s in 1..=u64::MAX) {
        let signature = Signature::from_scalars(Scalar::from(r), Scalar::from(s));
        prop_assert_eq!(&Signature::from_der(signature.der()).unwrap(), &signature);
        prop_assert!(crate::strict::check(signature.der()).is_ok());
    }

    /// The same nonce generator and the same equations in another implementation give the same octets.
    #[test]
    fn signatures_agree_with_the_sm2_crate(key in any_key(), entropy: [u8; 32], e: [u8; 32]) {
        let ours = key.sign_prehash(&e, entropy).unwrap();
        let theirs = sm2::dsa::SigningKey::from_slice("1234567812345678", &*key.to_scalar()).unwrap();
        let theirs: sm2::dsa::Signature = theirs.sign_prehash_with_rng(&mut Fixed(entropy), &e).unwrap();
        prop_assert_eq!(Signature::from_raw(&theirs.to_bytes()).unwrap(), ours.clone());
        prop_assert!(verify_prehash(key.public_key(), &e, &ours).is_ok());
    }

    #[test]
    fn fresh_entropy_gives_a_fresh_nonce_and_none_a_deterministic_one(
        key in any_key(), entropy: [[u8; 32]; 2],
    ) {
        prop_assume!(entropy[0] != entropy[1]);
        let sign = |entropy| key.sign(MESSAGE, entropy).unwrap();
        prop_assert_ne!(sign(entropy[0]), sign(entropy[1]));
        prop_assert_eq!(sign([0; 32]), sign([0; 32]));
        prop_assert_ne!(sign([0; 32]), key.sign(b"another", [0; 32]).unwrap());
    }

    /// [s]G + [t]P through the constant-time multiplication, to check the variable-time one of verification.
    #[test]
    fn both_multiplications_agree(s: [u8; 32], t: [u8; 32], key in any_key()) {
        let (s, t) = (reduce(&s), reduce(&t));
        let terms = [(ProjectivePoint::GENERATOR, s), (ProjectivePoint::from(*key.public_key().affine()), t)];
        prop_assert_eq!(ProjectivePoint::lincomb_vartime(&terms), ProjectivePoint::lincomb(&terms));
    }
}
