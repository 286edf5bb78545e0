//! A process that works on a test home and may be killed or starved while it does: crash, power-loss, full-disk and
//! read-only tests run it. It says what it has done on standard output, one flushed line for each thing; a line that was
//! printed is an acknowledgement.
//!
//! ```text
//! BASE NOW_MS CHANCE issue ID...         one batch; prints `acked ID SERIAL DER` in hexadecimal
//! BASE NOW_MS CHANCE issue-each ID...    one batch for each
//! BASE NOW_MS CHANCE submit FIRST COUNT  enters requests of persons; prints `entered ID`
//! BASE NOW_MS CHANCE apply ID...         changes of status, one batch; prints `applied ID EVENT`
//! BASE NOW_MS CHANCE apply-each ID...    one batch for each
//! BASE NOW_MS CHANCE propose-ca NAME     a CA in place of the current one; prints `proposed DIGEST`
//! BASE NOW_MS CHANCE approve-ca DIGEST   makes it; prints `made EVENT`
//! BASE NOW_MS CHANCE name-first NAME     deliberately wrong: writes a CA's key under its name before it is on record
//! BASE NOW_MS CHANCE order ID SERIAL       orders a user recovery; prints `ordered ID DIGEST`
//! BASE NOW_MS CHANCE approve-order ID OFFICER  prints `approved ID OFFICER`
//! BASE NOW_MS CHANCE carry-out ID          prints `carried ID ENVELOPE` in hexadecimal
//! BASE NOW_MS CHANCE hand-out-first ID     deliberately wrong: hands a key out before the home knows
//! BASE NOW_MS CHANCE apply-batch NAME SIZE  what was approved under a name, SIZE in each batch; prints as `apply`
//! BASE NOW_MS CHANCE import NAME COUNT      imports so many certificates of another authority; prints `imported N` as it goes
//! BASE NOW_MS CHANCE publish ID...       changes of status, then lists in BASE/public; prints `applied ID EVENT`,
//!                                        `published NUMBER` and `visible ID`
//! BASE NOW_MS CHANCE publish-in-place    deliberately wrong: writes into the files that others read
//! BASE NOW_MS CHANCE export DIR SERIAL...  writes PEM files; prints `exported SERIAL`
//! BASE NOW_MS CHANCE backup DIR          makes a backup; prints `kept`
//! BASE NOW_MS CHANCE upgrade DIR         upgrades the home, with its backup in DIR; prints `upgraded`
//! BASE NOW_MS CHANCE read                prints `events N` and `certificates N`, opening for reading only
//! BASE NOW_MS CHANCE apply-first ID...   deliberately wrong: says that it is done before anything is stored
//! BASE NOW_MS CHANCE sign-first ID...    deliberately wrong: acknowledges before anything is stored
//! BASE NOW_MS CHANCE half-first ID...    deliberately wrong: stores one half of each pair, then the other
//! ```

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hufu_authority::import::ImportReport;
use hufu_authority::{
    Authority, CaWish, Error, ExportForm, IssuedCertificate, KeyOrder, NewKey, NewRequest, Ordered, Publishing,
    RequestFilter, Visibility, write_atomically,
};
use hufu_model::entropy::Entropy;
use hufu_model::ident::{RequestId, Serial, hex};
use hufu_model::request::RequestStatus;
use hufu_model::time::{Instant, Validity};
use hufu_x509::csr::Csr;
use hufu_x509::sign::Signer;
use hufu_x509::tbs::{self, TbsInput};

use crate::authority::TestAuthority;
use crate::chance::SeededEntropy;
use crate::inventory::{import_plan, old_certificate};

/// Does what the arguments say.
#[must_use]
#[allow(clippy::print_stderr)]
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, now, chance, verb, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: BASE NOW_MS CHANCE VERB ...");
        return ExitCode::from(2);
    };
    let now = Instant::from_unix_millis(now.parse().unwrap());
    match work(Path::new(base), now, chance, verb, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("error {} {e}", e.code()));
            ExitCode::FAILURE
        }
    }
}

fn work(base: &Path, now: Instant, chance: &str, verb: &str, rest: &[String]) -> Result<(), Error> {
    if verb == "read" {
        let authority = Authority::open_read_only(&base.join("home"))?;
        let status = authority.status()?;
        say(&format!("events {}", status.events));
        say(&format!("certificates {}", status.certificates));
        return Ok(());
    }
    if verb == "upgrade" {
        Authority::upgrade_at(&base.join("home"), Path::new(&rest[0]), now, &|_| ())?;
        say("upgraded");
        return Ok(());
    }
    let t = TestAuthority::open_in(base, now, chance)?;
    match verb {
        "backup" => {
            t.authority.backup(Path::new(&rest[0]), hufu_authority::Keys::With, &|_| ())?;
            say("kept");
            Ok(())
        }
        "issue" => issue(&t, &[ids(rest)]),
        "issue-each" => issue(&t, &ids(rest).into_iter().map(|id| vec![id]).collect::<Vec<_>>()),
        "apply" => apply(&t, &[ids(rest)]),
        "apply-each" => apply(&t, &ids(rest).into_iter().map(|id| vec![id]).collect::<Vec<_>>()),
        "apply-batch" => apply_batch(&t, &rest[0], rest[1].parse().unwrap()),
        "import" => {
            let (count, second) = (rest[1].parse::<u64>().unwrap(), t.now().unix_seconds());
            let entries = (0..count).map(|n| Ok(old_certificate(n, second)));
            let far = |report: &ImportReport| say(&format!("imported {}", report.new));
            let session = t.session("zhao");
            t.authority.import(&session, &import_plan(&rest[0]), entries, &mut |_| (), &far)?;
            Ok(())
        }
        "apply-first" => apply_first(&t, &ids(rest)),
        "order" => order(&t, &rest[0], &rest[1]),
        "approve-order" => {
            t.authority.approve_key_order(&t.session(&rest[1]), &rest[0].parse().unwrap())?;
            say(&format!("approved {} {}", rest[0], rest[1]));
            Ok(())
        }
        "carry-out" => {
            let done =
                t.authority.carry_out(&t.session("chengdu-entry"), &t.key_centre(), &rest[0].parse().unwrap())?;
            say(&format!("carried {} {}", rest[0], hex(&done.envelope.unwrap())));
            Ok(())
        }
        "hand-out-first" => hand_out_first(&t, &rest[0]),
        "submit" => submit(&t, rest[0].parse().unwrap(), rest[1].parse().unwrap()),
        "propose-ca" => propose_ca(&t, &rest[0]),
        "approve-ca" => approve_ca(&t, &rest[0]),
        "name-first" => name_first(&t, &rest[0]),
        "publish" => publish(&t, &ids(rest)),
        "publish-in-place" => publish_in_place(&t),
        "export" => export(&t, Path::new(&rest[0]), &rest[1..]),
        "sign-first" => sign_first(&t, chance, &ids(rest)),
        "half-first" => half_first(&t, &ids(rest)),
        _ => panic!("no verb {verb}"),
    }
}

fn issue(t: &TestAuthority, batches: &[Vec<RequestId>]) -> Result<(), Error> {
    let signer = t.signer();
    let session = t.session("sichuan-approver");
    for batch in batches {
        for result in t.authority.issue(&session, &signer, batch)? {
            acknowledge(&result?);
        }
    }
    Ok(())
}

fn apply(t: &TestAuthority, batches: &[Vec<RequestId>]) -> Result<(), Error> {
    let session = t.session("sichuan-approver");
    for batch in batches {
        for result in t.authority.apply(&session, batch)? {
            let applied = result?;
            say(&format!("applied {} {}", applied.request, applied.change.event));
            hufu_store::fault!("f13");
        }
    }
    Ok(())
}

/// As the command line goes through a mass revocation.
fn apply_batch(t: &TestAuthority, name: &str, size: u32) -> Result<(), Error> {
    let session = t.session("qian");
    loop {
        let (batch, status) = (Some(name.parse().unwrap()), Some(RequestStatus::Approved));
        let filter = RequestFilter { batch, status, limit: size, ..RequestFilter::default() };
        let ids: Vec<RequestId> = t.authority.requests(&filter)?.into_iter().map(|r| r.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for result in t.authority.apply(&session, &ids)? {
            let applied = result?;
            say(&format!("applied {} {}", applied.request, applied.change.event));
        }
    }
}

/// What the child publishes, and where.
#[must_use]
pub fn publishing(t: &TestAuthority) -> Publishing {
    Publishing { deltas: true, ..Publishing::full(t.base().join("public")) }
}

fn publish(t: &TestAuthority, requests: &[RequestId]) -> Result<(), Error> {
    let mut changes = Vec::new();
    for result in t.authority.apply(&t.session("sichuan-approver"), requests)? {
        let applied = result?;
        say(&format!("applied {} {}", applied.request, applied.change.event));
        changes.push(applied.change);
    }
    for publication in t.authority.publish_crl(&t.session("zhao"), &t.signer(), &publishing(t))? {
        say(&format!("published {}", publication.issue.number));
    }
    let seen = t.authority.visible(&publishing(t).folder, &changes)?;
    for (id, _) in requests.iter().zip(seen).filter(|(_, seen)| *seen == Visibility::Visible) {
        say(&format!("visible {id}"));
        hufu_store::fault!("f13");
    }
    Ok(())
}

/// What many scripts do: write over the file that is being served. The crash test must find the torn list.
fn publish_in_place(t: &TestAuthority) -> Result<(), Error> {
    let beside = Publishing { folder: t.base().join("beside"), ..publishing(t) };
    std::fs::create_dir(&beside.folder).unwrap();
    for publication in t.authority.publish_crl(&t.session("zhao"), &t.signer(), &beside)? {
        for list in publication.lists {
            let place = t.base().join("public").join(list.path.strip_prefix(&beside.folder).unwrap());
            let bytes = std::fs::read(&list.path).unwrap();
            let mut file = std::fs::File::create(place).unwrap();
            let (half, rest) = bytes.split_at(bytes.len() / 2);
            file.write_all(half).unwrap();
            hufu_store::fault!("f5");
            file.write_all(rest).unwrap();
        }
    }
    Ok(())
}

/// Says that a certificate is revoked before it is. The crash test must find what it loses.
fn apply_first(t: &TestAuthority, requests: &[RequestId]) -> Result<(), Error> {
    let next = t.authority.status()?.events;
    for (id, event) in requests.iter().zip(next..) {
        say(&format!("applied {id} {event}"));
        hufu_store::fault!("f5");
    }
    apply(t, &[requests.to_vec()])
}

/// The order of a user recovery to a new key.
#[must_use]
pub fn key_order(t: &TestAuthority, id: &str, serial: &str) -> KeyOrder {
    let to = NewKey::Csr(t.people.csr(&format!("new key {id}")));
    let what = Ordered::Recovery { serial: serial.parse().unwrap(), to, reason: "介质损坏".to_owned() };
    KeyOrder { id: id.parse().unwrap(), what }
}

fn order(t: &TestAuthority, id: &str, serial: &str) -> Result<(), Error> {
    let row = t.authority.order_key(&t.session("chengdu-entry"), &key_order(t, id, serial))?;
    say(&format!("ordered {id} {}", row.digest));
    Ok(())
}

/// Hands a key out when the vault gave it, before the home knows. The crash test must find what it loses.
fn hand_out_first(t: &TestAuthority, id: &str) -> Result<(), Error> {
    let order = t.authority.key_order(&id.parse().unwrap())?.row;
    let centre = t.key_centre();
    let envelope = centre.unlocked()?.recover(t.now(), None, &order.digest)?;
    say(&format!("carried {id} {}", hex(&envelope)));
    hufu_store::fault!("f5");
    Ok(())
}

fn acknowledge(issued: &IssuedCertificate) {
    say(&format!("acked {} {} {}", issued.request, issued.serial, hex(&whole(issued))));
    hufu_store::fault!("f13");
}

/// Everything that is handed out for a request: the certificate; for a pair the other half and its envelope, too.
#[must_use]
pub fn whole(issued: &IssuedCertificate) -> Vec<u8> {
    let mut octets = issued.der.clone();
    if let Some(half) = &issued.encryption {
        octets.extend([half.der.as_slice(), &half.envelope].concat());
    }
    octets
}

fn propose_ca(t: &TestAuthority, name: &str) -> Result<(), Error> {
    let wish = CaWish { name: name.parse().unwrap(), common_name: None, days: None, current: true };
    let digest = t.authority.propose_ca(&t.session("zhao"), &wish, &t.ca_passphrase())?;
    say(&format!("proposed {digest}"));
    Ok(())
}

fn approve_ca(t: &TestAuthority, digest: &str) -> Result<(), Error> {
    let digest = digest.parse().unwrap();
    let event = t.authority.approve_ca(&t.session("qian"), &digest, None, &t.ca_passphrase())?;
    say(&format!("made {event}"));
    Ok(())
}

/// Gives a key file the name of a CA that is not on record. The crash test must find it.
fn name_first(t: &TestAuthority, name: &str) -> Result<(), Error> {
    std::fs::copy(t.authority.home().key("issuing"), t.authority.home().key("ca-2")).unwrap();
    hufu_store::fault!("ca-key");
    propose_ca(t, name)
}

fn submit(t: &TestAuthority, first: u64, count: u64) -> Result<(), Error> {
    let session = t.session("chengdu-entry");
    for n in first..first + count {
        let request: NewRequest = t.people.person(n, "lra-chengdu");
        for result in t.authority.submit(&session, &[request])? {
            say(&format!("entered {}", result?.id));
        }
    }
    Ok(())
}

fn export(t: &TestAuthority, folder: &Path, serials: &[String]) -> Result<(), Error> {
    for text in serials {
        let serial: Serial = text.parse().unwrap();
        let pem = t.authority.export(&serial, ExportForm::Pem)?;
        write_atomically(&folder.join(format!("{serial}.pem")), &pem)?;
        say(&format!("exported {serial}"));
        hufu_store::fault!("f13");
    }
    Ok(())
}

/// What other CA programs do: sign, hand out, then store. The crash test must find what it loses. It goes around the
/// issuer, which would not sign without an intent.
fn sign_first(t: &TestAuthority, chance: &str, requests: &[RequestId]) -> Result<(), Error> {
    let key = std::fs::read(t.authority.home().key("issuing")).unwrap();
    let key = hufu_x509::pkcs8::decrypt(&key, &t.ca_passphrase())?;
    let identity = t.authority.identity();
    let entropy = SeededEntropy::new(&format!("{chance} sign first"));
    let entropy: &dyn Entropy = &entropy;
    let signer = t.signer();
    let session = t.session("sichuan-approver");
    for id in requests {
        let view = t.authority.request(id)?;
        let profile = &hufu_data::profile(view.row.profile.as_str()).unwrap();
        let mut serial = [1; 19];
        entropy.fill(&mut serial[1..]).unwrap();
        let serial = Serial::from_bytes(&serial).unwrap();
        let csr = Csr::from_bytes(&t.people.csr(id.as_str()))?;
        let tbs = tbs::build(&TbsInput {
            profile,
            serial: &serial,
            issuer_der: identity.issuing.subject_der(),
            issuer_key: key.public_key(),
            subject_der: &hufu_issuer::prepare::subject(profile, &view.public).unwrap().to_der(),
            subject_key: &csr.public_key()?,
            validity: Validity::days_from(t.now(), view.row.days).unwrap(),
            hosts: &[],
            urls: &identity.urls,
        })?;
        let signature = key.sign(&tbs, entropy.array().unwrap())?;
        let der = tbs::assemble(&tbs, &signature)?;
        acknowledge(&IssuedCertificate { request: id.clone(), serial, der, encryption: None });
        hufu_store::fault!("f5");
        for result in t.authority.issue(&session, &signer, std::slice::from_ref(id))? {
            result?;
        }
    }
    Ok(())
}

/// What other CA programs do: the encryption certificate is stored after the signing one, in a transaction of its own. What
/// lies between the two is what the crash test must find.
fn half_first(t: &TestAuthority, requests: &[RequestId]) -> Result<(), Error> {
    issue(t, &[requests.to_vec()])?;
    let connection = rusqlite::Connection::open(t.database()).unwrap();
    let halves = "SELECT encryption FROM pair";
    connection
        .execute_batch(&format!(
            "CREATE TEMP TABLE half AS {halves}; DELETE FROM pair; DELETE FROM envelope; \
             DELETE FROM certificate_der WHERE serial IN half; DELETE FROM certificate WHERE serial IN half;"
        ))
        .unwrap();
    hufu_store::fault!("f12");
    Ok(())
}

fn ids(texts: &[String]) -> Vec<RequestId> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}
