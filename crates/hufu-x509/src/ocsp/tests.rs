#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::process::Command;

use hufu_model::ident::Serial;
use hufu_model::time::Instant;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::certificate::Certificate;
use crate::fixture::{seed, vectors};
use crate::forge::{How, Plan, key};
use crate::mutate::mutated;
use crate::pem;
use crate::sign::Signer;
use crate::tlv::{self, Reader};

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

fn now() -> Instant {
    Instant::from_unix_seconds(NOW)
}

fn ca() -> Certificate {
    Plan::ca("CA", 1, "CA", 1, None).sign(1)
}

/// A certificate that may answer.
fn plan() -> Plan {
    let purpose = tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid::KP_OCSP_SIGNING.as_bytes()));
    Plan::leaf("Responder", 2, "CA", 1).with(oid::EXTENDED_KEY_USAGE, false, &purpose)
}

fn responder() -> Certificate {
    plan().sign(1)
}

fn serial(n: u8) -> Serial {
    Serial::from_bytes(&[0x81, n]).unwrap()
}

fn answer(id: &CertId, status: Status) -> Answer<'_> {
    Answer { id, status, this_update: NOW - 60, next_update: NOW + 3_600, invalid_since: None }
}

fn code<T: std::fmt::Debug>(result: crate::Result<T>) -> &'static str {
    result.unwrap_err().kind().code()
}

const REVOKED: Status = Status::Revoked { at: NOW - 90, reason: Some(Reason::KeyCompromise) };

#[test]
fn a_request_is_read_as_it_was_written() {
    let issuer = Issuer::of(&ca()).unwrap();
    let ids: Vec<CertId> = Hash::ALL.into_iter().zip(1..).map(|(hash, n)| issuer.cert_id(hash, &serial(n))).collect();
    let der = build_request(&ids, Some(&[7; 32])).unwrap();
    let request = Request::from_der(&der).unwrap();
    assert_eq!((request.ids(), request.nonce()), (&ids[..], Some(&[7_u8; 32][..])));
    for (id, n) in request.ids().iter().zip(1..) {
        assert!(issuer.is_meant_by(id) && !Issuer::new(b"0", key(1).public_key()).is_meant_by(id));
        assert!(!Issuer::new(ca().subject_der(), key(3).public_key()).is_meant_by(id));
        assert_eq!(id.serial(), Some(serial(n)));
        // What the constructor notes is what a reader finds.
        let read = CertId::read(&Reader::new(id.der()).any().unwrap()).unwrap();
        assert!(read.is_same_as(id));
        assert_eq!((read.hash(), read.name_hash(), read.key_hash()), (id.hash(), id.name_hash(), id.key_hash()));
    }
    assert_eq!(Request::from_der(&build_request(&ids[..1], None).unwrap()).unwrap().nonce(), None);
    // As the path of a GET, with and without percent-encoding.
    let path = pem::base64(&der);
    assert_eq!(Request::from_get(&path).unwrap(), request);
    let encoded = path.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    assert_eq!(Request::from_get(&encoded).unwrap(), request);
    for bad in ["", "%", "%4", "%zz", "%+1", "é", "MA", "MA=="] {
        assert!(Request::from_get(bad).is_err(), "{bad}");
    }
    assert_eq!(code(Request::from_get(&"A".repeat(300_000))), "x509.too-large");
}

#[test]
fn a_request_that_is_too_much_or_too_little_is_refused() {
    let issuer = Issuer::of(&ca()).unwrap();
    let id = issuer.cert_id(Hash::Sm3, &serial(1));
    let many = vec![id.clone(); MAX_REQUESTS];
    assert_eq!(Request::from_der(&build_request(&many, None).unwrap()).unwrap().ids().len(), MAX_REQUESTS);
    assert_eq!(code(build_request(&[], None)), "x509.ocsp");
    assert_eq!(code(build_request(&vec![id.clone(); MAX_REQUESTS + 1], None)), "x509.ocsp");
    for length in [0, MAX_NONCE + 1] {
        assert_eq!(code(build_request(std::slice::from_ref(&id), Some(&vec![1; length]))), "x509.ocsp");
    }
    // The same by other programs' hands.
    let request = |list: &[u8], extensions: &[u8]| {
        let mut tbs = tlv::element(tag::SEQUENCE, list);
        if !extensions.is_empty() {
            tlv::nest(&mut tbs, tag::constructed(2), |out| tlv::put(out, tag::SEQUENCE, extensions));
        }
        Request::from_der(&tlv::element(tag::SEQUENCE, &tlv::element(tag::SEQUENCE, &tbs)))
    };
    let one = tlv::element(tag::SEQUENCE, id.der());
    assert!(request(&one, &[]).is_ok());
    assert_eq!(code(request(&[], &[])), "x509.ocsp");
    assert_eq!(code(request(&one.repeat(MAX_REQUESTS + 1), &[])), "x509.ocsp");
    assert_eq!(code(request(&one.repeat(1_000), &[])), "x509.too-large");
    let nonce = |length: usize, critical| {
        let mut out = Vec::new();
        crate::tbs::extension(&mut out, oid::OCSP_NONCE, critical, |out| {
            tlv::put(out, tag::OCTET_STRING, &vec![1; length])
        });
        out
    };
    for (length, good) in [(0, false), (1, true), (16, true), (32, true), (128, true), (129, false)] {
        assert_eq!(request(&one, &nonce(length, false)).is_ok(), good, "{length}");
    }
    assert!(request(&one, &nonce(8, true)).is_ok());
    assert_eq!(code(request(&one, &[nonce(8, false), nonce(8, false)].concat())), "x509.ocsp");
    let mut unknown = Vec::new();
    crate::tbs::extension(&mut unknown, oid::KEY_USAGE, true, |out| tlv::put(out, tag::NULL, &[]));
    assert_eq!(code(request(&one, &unknown)), "x509.ocsp");
    for garbage in [&b""[..], b"GET / HTTP/1.1", &[0x30; 100], &[0xff; 64], &[0x30, 0x80, 0, 0], &vec![0x30; 70_000]] {
        assert!(Request::from_der(garbage).is_err());
    }
}

#[test]
fn an_odd_serial_number_is_no_serial_number_and_can_still_be_repeated() {
    let issuer = Issuer::of(&ca()).unwrap();
    let sound = issuer.cert_id(Hash::Sha1, &serial(1));
    for (number, wanted) in
        [(&[0_u8][..], None), (&[0x80], None), (&[0x7f; 21], None), (&[0, 0x80], Some(&[0x80][..])), (&[1], Some(&[1]))]
    {
        let head = &sound.der()[2..sound.der().len() - 5];
        let der = tlv::element(tag::SEQUENCE, &[head, &tlv::element(tag::INTEGER, number)].concat());
        let list = tlv::element(tag::SEQUENCE, &tlv::element(tag::SEQUENCE, &der));
        let request = tlv::element(tag::SEQUENCE, &tlv::element(tag::SEQUENCE, &list));
        let request = Request::from_der(&request).unwrap();
        let id = &request.ids()[0];
        assert_eq!(id.serial().as_ref().map(Serial::as_bytes), wanted);
        assert!(issuer.is_meant_by(id));
        let tbs = build_tbs(&[answer(id, Status::Unknown)], key(2).public_key(), NOW, None).unwrap();
        assert!(tbs.windows(der.len()).any(|w| w == der));
    }
}

#[test]
fn every_status_is_read_as_it_was_written_and_verifies() {
    let (ca, responder) = (ca(), responder());
    let issuer = Issuer::of(&ca).unwrap();
    let statuses = [
        Status::Good,
        REVOKED,
        Status::Revoked { at: NOW - 90, reason: None },
        Status::Revoked { at: NOW - 60, reason: Some(Reason::CertificateHold) },
        Status::Unknown,
    ];
    for hash in Hash::ALL {
        let ids: Vec<_> = (1..=5).map(|n| issuer.cert_id(hash, &serial(n))).collect();
        let answers: Vec<_> = ids.iter().zip(statuses).map(|(id, status)| answer(id, status)).collect();
        let der = respond(&answers, &responder, &key(2), NOW, Some(b"nonce"), [4; 32]).unwrap();
        let response = Response::from_der(&der).unwrap();
        response.verify(&ca, now()).unwrap();
        assert_eq!((response.produced_at(), response.nonce()), (NOW, Some(&b"nonce"[..])));
        assert_eq!(*response.responder_id(), ResponderId::Key(key(2).public_key().key_id().to_vec()));
        assert_eq!(response.certificates(), std::slice::from_ref(&responder));
        for (id, status) in ids.iter().zip(statuses) {
            let single = response.single(id).unwrap();
            assert_eq!((single.status, single.this_update, single.next_update), (status, NOW - 60, Some(NOW + 3_600)));
        }
        assert_eq!(response.single(&issuer.cert_id(hash, &serial(6))), None);
        let pem = pem::encode(PEM_LABEL, &der);
        assert_eq!(Response::from_bytes(pem.as_bytes()).unwrap(), response);
    }
}

/// The time from which a certificate should not have been relied upon, as a revocation list says it.
#[test]
fn the_invalidity_date_stands_beside_a_revocation_only() {
    let id = Issuer::of(&ca()).unwrap().cert_id(Hash::Sm3, &serial(1));
    let since = |status, since| {
        let answer = Answer { invalid_since: since, ..answer(&id, status) };
        let der = respond(&[answer], &responder(), &key(2), NOW, None, [4; 32]).unwrap();
        assert_eq!(Response::from_der(&der).unwrap().single(&id).unwrap().status, status);
        der.windows(3).any(|w| w == oid::INVALIDITY_DATE.as_bytes())
    };
    assert!(since(REVOKED, Some(NOW - 900)) && !since(REVOKED, None) && !since(Status::Good, Some(NOW - 900)));
}

#[test]
fn wrong_input_makes_no_answer() {
    let (ca, responder) = (ca(), responder());
    let id = Issuer::of(&ca).unwrap().cert_id(Hash::Sm3, &serial(1));
    let good = answer(&id, Status::Good);
    let make = |answers: &[Answer<'_>], nonce: Option<&[u8]>| build_tbs(answers, key(2).public_key(), NOW, nonce);
    make(&[good], Some(&[1; 32])).unwrap();
    for (answers, nonce) in [
        (&[][..], None),
        (&[good; MAX_REQUESTS + 1], None),
        (&[good], Some(&[][..])),
        (&[good], Some(&[1; MAX_NONCE + 1])),
        (&[Answer { next_update: NOW - 60, ..good }], None),
        (&[Answer { this_update: NOW + 1, ..good }], None),
        (&[Answer { next_update: i64::MAX, ..good }], None),
        (&[answer(&id, Status::Revoked { at: NOW, reason: None })], None),
        (&[Answer { invalid_since: Some(i64::MIN), ..answer(&id, REVOKED) }], None),
        (&[answer(&id, Status::Revoked { at: i64::MIN, reason: None })], None),
        (&[answer(&id, Status::Revoked { at: 0, reason: Some(Reason::RemoveFromCrl) })], None),
    ] {
        assert_eq!(code(make(answers, nonce)), "x509.ocsp");
    }
    assert_eq!(code(respond(&[good], &responder, &key(3), NOW, None, [0; 32])), "x509.ocsp");
    let signature = key(2).sign(b"x", [0; 32]).unwrap();
    assert_eq!(code(assemble(b"0", &signature, &responder)), "x509.not-der");
}

#[test]
fn only_who_may_answer_is_believed() {
    let ca = ca();
    let id = Issuer::of(&ca).unwrap().cert_id(Hash::Sm3, &serial(1));
    let respond = |certificate: &Certificate, number| {
        Response::from_der(
            &respond(&[answer(&id, Status::Good)], certificate, &key(number), NOW, None, [4; 32]).unwrap(),
        )
    };
    let judge = |certificate: &Certificate, number| respond(certificate, number).unwrap().verify(&ca, now());
    judge(&responder(), 2).unwrap();
    judge(&ca, 1).unwrap();
    let purpose = tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid::KP_SERVER_AUTH.as_bytes()));
    let other_ca = Plan::leaf("Responder", 2, "Other", 1).with(
        oid::EXTENDED_KEY_USAGE,
        false,
        &tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid::KP_OCSP_SIGNING.as_bytes())),
    );
    for (certificate, wanted) in [
        (plan().without(oid::EXTENDED_KEY_USAGE).sign(1), "key purpose OCSPSigning"),
        (plan().with(oid::EXTENDED_KEY_USAGE, false, &purpose).sign(1), "key purpose OCSPSigning"),
        (plan().with(oid::KEY_USAGE, true, &[3, 2, 3, 0x38]).sign(1), "keyUsage"),
        (plan().sign(3), "is not signed by"),
        (plan().sign_as(1, How::EmptyId), "is not signed by"),
        (other_ca.sign(1), "was issued by"),
    ] {
        let e = judge(&certificate, 2).unwrap_err();
        assert_eq!(e.kind().code(), "x509.ocsp-responder");
        assert!(e.to_string().contains(wanted), "{e}");
    }
    let late = respond(&responder(), 2).unwrap().verify(&ca, "2040-01-01".parse().unwrap());
    assert_eq!(code(late), "x509.ocsp-responder");

    // The right certificate beside another's signature.
    let tbs = build_tbs(&[answer(&id, Status::Good)], key(2).public_key(), NOW, None).unwrap();
    let forged = assemble(&tbs, &key(3).sign(&tbs, [4; 32]).unwrap(), &responder()).unwrap();
    assert_eq!(code(Response::from_der(&forged).unwrap().verify(&ca, now())), "x509.signature");
    // A responder whose certificate is not there.
    let tbs = build_tbs(&[answer(&id, Status::Good)], key(5).public_key(), NOW, None).unwrap();
    let orphan = assemble(&tbs, &key(5).sign(&tbs, [4; 32]).unwrap(), &responder()).unwrap();
    assert_eq!(code(Response::from_der(&orphan).unwrap().verify(&ca, now())), "x509.ocsp-responder");
}

#[test]
fn errors_are_five_octets_and_read_as_such() {
    for status in ErrorStatus::ALL {
        let der = status.response();
        assert_eq!(der, [0x30, 3, 0x0a, 1, status.number()]);
        let e = Response::from_der(&der).unwrap_err();
        assert_eq!((e.kind().code(), e.context()), ("x509.ocsp-unsuccessful", Some(status.code())));
    }
    assert_eq!(code(Response::from_der(&[0x30, 3, 0x0a, 1, 4])), "x509.ocsp-unsuccessful");
    assert_eq!(code(Response::from_der(&[0x30, 3, 0x0a, 1, 0])), "x509.not-der");
}

#[test]
fn answers_of_openssl_are_read_and_the_one_with_an_empty_id_is_refused() {
    let Some(file) = vectors("14-certs-openssl-3.0.19.pem") else { return };
    let blocks: Vec<_> = pem::blocks(&file).map(std::result::Result::unwrap).collect();
    let find = |label: &'static str| blocks.iter().filter(move |(l, _)| l == label).map(|(_, der)| der.clone());
    let root = Certificate::from_der(&find("CERTIFICATE").next().unwrap()).unwrap();
    let answers: Vec<_> = find(PEM_LABEL).map(|der| Response::from_der(&der).unwrap()).collect();
    let [good, empty] = &answers[..] else { panic!("{} answers", answers.len()) };
    good.verify(&root, now()).unwrap();
    assert_eq!(code(empty.verify(&root, now())), "x509.signature");
    assert_eq!(*good.responder_id(), ResponderId::Name(root.subject_der().to_vec()));
    let serial: Serial = "07E83C45FE7284AF288BAE7F8D0DB4B72355F35F".parse().unwrap();
    let single = good.single(&Issuer::of(&root).unwrap().cert_id(Hash::Sha1, &serial)).unwrap();
    assert_eq!((single.status, single.this_update, single.next_update), (Status::Good, 1_795_469_183, None));
}

/// OpenSSL reads what is written here; it cannot verify it (3.x knows no standard ID for answers).
#[test]
fn openssl_reads_requests_and_answers_and_its_request_is_read() {
    let dir = std::env::temp_dir().join(format!("hufu-ocsp-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = |name: &str| dir.join(name);
    let openssl = |arguments: &[&str]| Command::new("openssl").arg("ocsp").args(arguments).current_dir(&dir).output();
    let (ca, responder) = (ca(), responder());
    let issuer = Issuer::of(&ca).unwrap();
    let id = issuer.cert_id(Hash::Sha256, &serial(9));
    std::fs::write(file("ca.pem"), ca.pem()).unwrap();
    std::fs::write(file("request.der"), build_request(std::slice::from_ref(&id), Some(&[9; 16])).unwrap()).unwrap();
    let answer = respond(&[answer(&id, REVOKED)], &responder, &key(2), NOW, Some(&[9; 16]), [4; 32]).unwrap();
    std::fs::write(file("answer.der"), answer).unwrap();
    let shown = match openssl(&["-reqin", "request.der", "-respin", "answer.der", "-text", "-noverify"]) {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(e) => return eprintln!("SKIPPED: openssl: {e}"),
    };
    for wanted in [
        "sha256",
        "8109",
        "OCSP Nonce",
        "Cert Status: revoked",
        "keyCompromise",
        "Next Update",
        "Responder Id",
        "OCSP Signing",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    for (arguments, hash, nonce) in [
        (&["-sha1"][..], Hash::Sha1, true),
        (&["-sha256", "-no_nonce"], Hash::Sha256, false),
        (&["-sm3"], Hash::Sm3, true),
    ] {
        let mut all = arguments.to_vec();
        all.extend(["-issuer", "ca.pem", "-serial", "0x8109", "-reqout", "theirs.der"]);
        let output = openssl(&all).unwrap();
        let Ok(theirs) = std::fs::read(file("theirs.der")) else {
            panic!("{}", String::from_utf8_lossy(&output.stderr));
        };
        let request = Request::from_der(&theirs).unwrap();
        assert!(request.ids()[0].is_same_as(&issuer.cert_id(hash, &serial(9))), "{arguments:?}");
        assert_eq!(request.nonce().is_some(), nonce);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn no_mutation_panics() {
    let (ca, responder) = (ca(), responder());
    let issuer = Issuer::of(&ca).unwrap();
    let ids: Vec<_> = Hash::ALL.into_iter().map(|hash| issuer.cert_id(hash, &serial(3))).collect();
    let request = build_request(&ids, Some(&[1; 8])).unwrap();
    let answers: Vec<_> =
        ids.iter().zip([Status::Good, REVOKED, Status::Unknown]).map(|(id, s)| answer(id, s)).collect();
    let response = respond(&answers, &responder, &key(2), NOW, Some(&[1; 8]), [4; 32]).unwrap();
    let basic = Response::from_der(&response).unwrap();
    // The response lies in an OCTET STRING: what is inside is changed on its own and put back.
    let start = response.windows(basic.tbs_der().len()).position(|w| w == basic.tbs_der()).unwrap();
    let (head, inner) = response.split_at(start - 4);
    assert_eq!(inner[0], tag::SEQUENCE);
    let wrap = |inner: &[u8]| {
        let mut bytes = tlv::element(tag::OID, oid::OCSP_BASIC.as_bytes());
        tlv::put(&mut bytes, tag::OCTET_STRING, inner);
        let bytes = tlv::element(tag::constructed(0), &tlv::element(tag::SEQUENCE, &bytes));
        tlv::element(tag::SEQUENCE, &[&[0x0a, 1, 0][..], &bytes].concat())
    };
    assert_eq!(wrap(inner), response, "{head:02x?}");
    let mut rng = StdRng::seed_from_u64(seed("mutations of OCSP messages"));
    let (mut requests, mut responses) = (0, 0);
    for round in 0..10_000 {
        if let Ok(read) = Request::from_der(&mutated(&request, &mut rng)) {
            requests += 1;
            let answers: Vec<_> = read.ids().iter().map(|id| answer(id, Status::Unknown)).collect();
            build_tbs(&answers, key(2).public_key(), NOW, read.nonce()).unwrap();
        }
        let changed = if round % 4 == 0 { mutated(&response, &mut rng) } else { wrap(&mutated(inner, &mut rng)) };
        if let Ok(read) = Response::from_der(&changed) {
            responses += 1;
            let untouched = read.tbs_der() == basic.tbs_der();
            // Two thousand signature checks suffice to see that none is fooled.
            assert!(untouched || responses > 2_000 || read.verify(&ca, now()).is_err());
        }
    }
    assert!(requests > 300 && responses > 300, "read {requests} requests and {responses} responses");
}

#[test]
fn no_prefix_is_read() {
    let (ca, responder) = (ca(), responder());
    let id = Issuer::of(&ca).unwrap().cert_id(Hash::Sm3, &serial(1));
    let request = build_request(std::slice::from_ref(&id), Some(&[1; 8])).unwrap();
    let response = respond(&[answer(&id, REVOKED)], &responder, &key(2), NOW, None, [4; 32]).unwrap();
    assert!((0..request.len()).all(|end| Request::from_der(&request[..end]).is_err()));
    assert!((0..response.len()).all(|end| Response::from_der(&response[..end]).is_err()));
}
