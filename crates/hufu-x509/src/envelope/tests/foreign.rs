//! Envelopes that other programs made, each opened, or refused with its reason.

use super::*;

/// The lines `NAME = HEX` of a file, by the letter of the sample they stand under.
fn samples(file: &str) -> Vec<(String, std::collections::HashMap<String, String>)> {
    let mut found: Vec<(String, std::collections::HashMap<String, String>)> = Vec::new();
    for line in file.lines() {
        if let Some((letter, _)) = line.trim_start_matches("# ").trim_start_matches("#").trim().split_once(": ")
            && line.starts_with('#')
            && letter.len() <= 2
        {
            found.push((letter.to_owned(), Default::default()));
        }
        if let (Some((name, value)), Some((_, fields))) = (line.split_once(" = "), found.last_mut()) {
            let value = value.split_whitespace().next().unwrap_or_default();
            fields.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    found
}

/// Sample, dialect, findings without a key, with it opening and importing; `None` where the key is not published.
type Expected = (&'static str, Dialect, &'static [&'static str], Option<(&'static str, &'static str)>);

const ENVELOPES: &[Expected] = &[
    ("A", Dialect::EnvelopedKey, &["envelope.null-parameters"], Some(("good", "good"))),
    (
        "B",
        Dialect::EnvelopedKey,
        &["envelope.algorithm", "envelope.null-parameters"],
        Some(("x509.envelope-algorithm", "x509.envelope-algorithm")),
    ),
    ("C", Dialect::EnvelopedKey, &["envelope.high-bit"], None),
    ("D", Dialect::EnvelopedKey, &["envelope.bare-point"], None),
    ("E", Dialect::EnvelopedKey, &["envelope.nonce", "envelope.no-mode"], None),
    ("F", Dialect::EnvelopedKey, &[], Some(("good", "good"))),
    ("G1", Dialect::Skf, &[], None),
    ("G2", Dialect::SkfBare, &[], None),
];

#[test]
fn enveloped_keys_of_other_programs() {
    let Some(file) = vectors("06-enveloped-key.txt") else { return };
    let samples = samples(&String::from_utf8(file).unwrap());
    for (letter, dialect, findings, opened) in ENVELOPES {
        let (_, fields) = samples.iter().find(|(name, _)| name == letter).expect(letter);
        let envelope = unhex(fields.get("DER").or(fields.get("hex")).unwrap()).unwrap();
        let seen = inspect(&envelope);
        assert_eq!((seen.dialect, rules(&seen)), (Some(*dialect), findings.to_vec()), "{letter}");
        let Some((opening, importing)) = opened else {
            // Nobody's key: the refusal names the first thing that stops it.
            let expected = match findings.first() {
                Some(&"envelope.nonce") => "x509.envelope-nonce",
                Some(&("envelope.high-bit" | "envelope.bare-point")) => "x509.envelope-deviation",
                _ => "x509.decrypt",
            };
            assert_eq!(code(open(&envelope, &key("nobody"))), expected, "{letter}");
            continue;
        };
        let owner = secret(&fields["recipient (signing) private key"]);
        assert_eq!(code(open(&envelope, &owner)), *opening, "{letter}");
        assert_eq!(code(import(&envelope, &owner, &Terms::default())), *importing, "{letter}");
        // Also the refused one is whole: only its algorithm is named wrongly.
        let seen = inspect_with(&envelope, &owner, &Terms::default());
        assert_eq!((seen.opened, seen.halves), (Some(true), Halves::Match), "{letter}");
        if *opening == "good" {
            let key = open(&envelope, &owner).unwrap();
            assert_eq!(hex(&*key.to_scalar()), fields["decrypted encryption private key"], "{letter}");
        }
    }
    assert_eq!(samples.len(), ENVELOPES.len());
}

/// Sample F again, octet for octet: the canonical form is the one written here.
#[test]
fn the_canonical_form_is_that_of_sample_f() {
    let Some(file) = vectors("06-enveloped-key.txt") else { return };
    let samples = samples(&String::from_utf8(file).unwrap());
    let (_, fields) = samples.iter().find(|(name, _)| name == "F").unwrap();
    let owner = secret(&fields["recipient (signing) private key"]);
    let delivered = secret(&fields["decrypted encryption private key"]);
    let k = secret(&fields["SM2 encryption k"]);
    let symmetric: [u8; 16] = unhex(&fields["SM4 key"]).unwrap().try_into().unwrap();
    let sealed = encrypt_with_nonce(owner.public_key(), &symmetric, k.secret().scalar()).unwrap().unwrap();
    let mut encrypted = delivered.to_scalar().to_vec();
    blocks(&mut encrypted).for_each(|block| Sm4::new((&symmetric).into()).encrypt_block(block));
    let der = enveloped_key::write(tag::SEQUENCE, &sealed, delivered.public_key(), &encrypted);
    assert_eq!(hex(&der), fields["DER"]);
}

/// What the key centres of two authorities deliver.
#[test]
fn deliveries_of_key_centres() {
    let Some(file) = vectors("07-kmc-signed-enveloped.pem") else { return };
    let text = String::from_utf8(file.clone()).unwrap();
    let scalars: Vec<SecretKey> = pem::blocks(&file)
        .map(std::result::Result::unwrap)
        .filter(|(label, _)| label == "PRIVATE KEY")
        .map(|(_, der)| SecretKey::from_scalar(der[36..68].try_into().unwrap()).unwrap())
        .collect();
    let [owner, delivered] = &scalars[..] else { panic!("{} keys", scalars.len()) };
    let certificates = Certificate::all_from_bytes(&file).unwrap();
    let [signing, encryption, centre, _] = &certificates[..] else { panic!("{} certificates", certificates.len()) };
    assert_eq!(signing.public_key().unwrap(), *owner.public_key());

    // The whole file, with the certificates of the pair beside the message.
    let seen = inspect(&file);
    assert_eq!((seen.dialect, seen.encoding), (Some(Dialect::SignedEnveloped), Some(Encoding::Pem)));
    assert_eq!((rules(&seen), seen.halves), (vec!["envelope.empty-name"], Halves::Untested));
    assert_eq!(code(open(&file, owner)), "x509.envelope-deviation");
    let (expected, signer) = (encryption.public_key().unwrap(), centre.public_key().unwrap());
    let terms = Terms { expected: Some(&expected), signer: Some(&signer) };
    let seen = inspect_with(&file, owner, &terms);
    assert_eq!((seen.opened, seen.halves), (Some(true), Halves::Match), "{seen:?}");
    let (key, findings) = import(&file, owner, &terms).unwrap();
    assert_eq!((*key.to_scalar(), findings.len()), (*delivered.to_scalar(), 1));
    let impostor = Terms { signer: Some(&expected), ..terms };
    assert_eq!(code(import(&file, owner, &impostor)), "x509.signature");
    assert_eq!(code(import(&file, delivered, &terms)), "x509.decrypt");

    // Its own form and the others.
    for dialect in [Dialect::EnvelopedKey, Dialect::Cfca, Dialect::Skf, Dialect::SkfBare] {
        let form = Scene::new();
        let made = convert(&file, &form.form(dialect), owner, &terms, &entropy()).unwrap();
        assert_eq!(open_on(&made, owner, &terms).unwrap().public_key(), delivered.public_key());
    }
    // One altered octet of the encrypted key or of the signature.
    let (_, der) = pem::blocks(&file).map(std::result::Result::unwrap).find(|(label, _)| label == "PKCS7").unwrap();
    let content = unhex("ccd69502fcc0d3091090b99888c59619").unwrap();
    let content = der.windows(content.len()).position(|w| w == content).unwrap();
    for (place, expected) in
        [(content + 40, "x509.signature"), (content, "x509.envelope-key-pair"), (der.len() - 1, "x509.signature")]
    {
        let mut altered = der.clone();
        altered[place] ^= 1;
        assert_eq!(code(import(&altered, owner, &Terms::default())), expected, "{place}");
    }

    // The other one has no ContentInfo around it, and nobody published its key.
    let bare = text.lines().find_map(|l| l.strip_prefix("# SignedAndEnvelopedData DER (hex) = ")).unwrap();
    let bare = unhex(bare).unwrap();
    let seen = inspect(&bare);
    assert_eq!(rules(&seen), ["envelope.long-length", "envelope.version", "envelope.no-content-info"]);
    assert!(seen.parts.iter().any(|p| p.name == "recipient-issuer" && p.value.contains("AnXin")), "{seen:?}");
    assert_eq!(code(open(&bare, owner)), "x509.envelope-deviation");
    assert_eq!(code(import(&bare, owner, &Terms::default())), "x509.decrypt");
}

/// The encryption key that CFCA returned to a test request; both keys are published with it in the tests of the library
/// gmsm (emmansun/gmsm, folder cfca, MIT licence, Copyright (c) 2020 Sun Yimin).
#[test]
fn the_form_of_cfca() {
    let owner = secret("cacece36cac24aab94e52bcd5c0f552c95028f2856053135a1e47510b4c307ba");
    let delivered = "f6e02c941a0dfdac58d8b3b1bc1bd136f179741b7465ebc7b0b25bb381840a3b";
    let text = "MIHGAgEBBIHArhtKwTVT8dPEkykVRpvQNMxHv/yeqtaKZiSp2MbjcqMZtPfKW8IatiIPPitNhQtU5C7gMbsUxgf5Yo16vDSXdoWqoOOaes2p\
                EJwmXWZI55lMMWc168WgzQ82fmMi05Vhlw9HNjGI3azE6MS5/ujSNGLZ0qAAmLnBiHlXFAXXAWRiy9MxZKwF4xKn6qMaKmkqbYmTbBbEJEhz\
                JBmu0IJ1kNDcTFirAyapghHSw267erSUwsHjkQis9mKYpzGied0E";
    let head = "00000000000000010000000000000001000000000000000000000000000000000000000000000268";
    let commas = text.as_bytes().chunks(64).collect::<Vec<_>>().join(&b","[..]);
    let der = pem::read_base64(text.as_bytes()).unwrap();
    for (envelope, found) in [
        ([head, text].concat().into_bytes(), &[][..]),
        ([head, text, "\n"].concat().into_bytes(), &[]),
        (text.as_bytes().to_vec(), &[]),
        (der.clone(), &[]),
        (commas, &["envelope.commas"]),
    ] {
        let seen = inspect_with(&envelope, &owner, &Terms::default());
        assert_eq!((seen.dialect, rules(&seen), seen.halves), (Some(Dialect::Cfca), found.to_vec(), Halves::Match));
        assert_eq!(hex(&*open(&envelope, &owner).unwrap().to_scalar()), delivered);
    }
    assert_eq!(rules(&inspect([head, &text[4..]].concat().as_bytes())), ["envelope.form"]);
    // The order of SADK before 3.2.
    let sealed = Ciphertext::from_c1c3c2(&[&[0x04], &der[9..]].concat()).unwrap().to_c1c3c2();
    let old = [&der[..9], &sealed[1..65], &sealed[97..], &sealed[65..97]].concat();
    assert_eq!(code(open(&old, &owner)), "x509.envelope-deviation");
    let (key, findings) = import(&old, &owner, &Terms::default()).unwrap();
    assert_eq!((hex(&*key.to_scalar()).as_str(), findings[0].rule), (delivered, Rule::OldOrder));
}
