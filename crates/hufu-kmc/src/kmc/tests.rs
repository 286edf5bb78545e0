#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use hufu_store::Mode;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::Held;
use crate::sample::{
    Centre, Chance, NOON, at, digest, founding, held, held_with, is_envelope, key, op, request, serial,
};

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "ok")
}

fn intact(kmc: &Kmc) {
    let report = kmc.verify(&|_, _, _| {}).unwrap();
    assert_eq!(report.findings, []);
}

fn read_again(share: &Share) -> Share {
    Share::from_pem(share.to_pem().as_bytes()).unwrap()
}

/// K1 at the key centre: all 32 subsets of five shares, through their files.
#[test]
fn all_subsets_of_the_custodians() {
    let centre = Centre::founded();
    let (mut opened, mut refused) = (0, 0);
    for subset in 0..32u32 {
        let chosen: Vec<Share> =
            centre.shares.iter().filter(|s| subset >> (s.number - 1) & 1 == 1).map(read_again).collect();
        match centre.kmc.combine(&chosen) {
            Ok(kek) => {
                centre.kmc.unlock(&held(kek)).unwrap();
                opened += 1;
            }
            Err(e) => {
                assert_eq!(e.kind().code(), "kmc.shares-few");
                refused += 1;
            }
        }
        assert_eq!(opened + refused, subset + 1);
    }
    assert_eq!((opened, refused), (16, 16));
}

/// A share that is intact and not the right one is named: another centre's under this name, one made up, one twice.
#[test]
fn a_wrong_share_is_named() {
    let (centre, other) = (Centre::founded(), Centre::founded());
    let mine = || centre.shares.iter().take(2).map(read_again).collect::<Vec<_>>();
    let with = |last: Share| {
        let mut shares = mine();
        shares.push(last);
        centre.kmc.combine(&shares).map(|_| ()).unwrap_err()
    };
    let third = &centre.shares[2];
    let made_up = Share::new(&third.kek, 3, (3, 5), &third.custodian, Zeroizing::new([7; 32]));
    let e = with(made_up);
    assert_eq!(e.kind().code(), "kmc.share-wrong");
    assert!(e.to_string().contains("share 3 of custodian 3"), "{e}");
    let moved = Share::new(&third.kek, 4, (3, 5), &third.custodian, third.values().clone());
    assert_eq!(with(moved).kind().code(), "kmc.share-wrong");
    let stranger = Share::new(&third.kek, 6, (3, 6), "stranger", third.values().clone());
    assert_eq!(with(stranger).kind().code(), "kmc.share-wrong");
    assert_eq!(with(read_again(&centre.shares[1])).kind().code(), "kmc.share-twice");
    // Both were founded with the same random octets in this test; a share of another key has another name.
    let foreign = Share::new("kek-0000000000000000", 3, (3, 5), "x", other.shares[2].values().clone());
    assert_eq!(with(foreign).kind().code(), "kmc.share-foreign");
    // A fourth share is checked although three would do.
    let mut four: Vec<Share> = centre.shares.iter().take(3).map(read_again).collect();
    four.push(Share::new(&third.kek, 5, (3, 5), "custodian 5", Zeroizing::new([7; 32])));
    assert_eq!(code(centre.kmc.combine(&four)), "kmc.share-wrong");
}

#[test]
fn another_key_unlocks_nothing() {
    let centre = Centre::founded();
    let (other, _) = Kek::generate(&Chance::new(99)).unwrap();
    assert_eq!(code(centre.kmc.unlock(&held(other))), "kmc.wrong-kek");
    let named_alike = Kek::new(centre.kmc.kek().to_owned(), Zeroizing::new([1; 32]));
    assert_eq!(code(centre.kmc.unlock(&held(named_alike))), "kmc.wrong-kek");
}

#[test]
fn what_cannot_be_founded() {
    let centre = Centre::founded();
    let try_it = |change: &dyn Fn(&mut Founding)| {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::create(&folder.path().join("v.db"), at(NOON)).unwrap();
        let mut founding = founding();
        change(&mut founding);
        code(Kmc::found(vault, &founding, at(NOON), &Chance::new(1)))
    };
    assert_eq!(try_it(&|_| ()), "ok");
    assert_eq!(try_it(&|f| f.threshold = 1), "kmc.split");
    assert_eq!(try_it(&|f| f.threshold = 6), "kmc.split");
    assert_eq!(try_it(&|f| f.custodians[0] = f.custodians[1].clone()), "kmc.founding");
    assert_eq!(try_it(&|f| f.custodians[0] = "a\u{1b}".to_owned()), "kmc.founding");
    assert_eq!(try_it(&|f| f.name = String::new()), "kmc.founding");
    assert_eq!(try_it(&|f| f.officers[0].id = f.officers[1].id.clone()), "kmc.founding");
    assert_eq!(try_it(&|f| f.officers[0].key = f.officers[1].key.clone()), "kmc.founding");
    assert_eq!(try_it(&|f| f.officers.retain(|o| o.id == op("rec-1"))), "kmc.founding");
    assert_eq!(try_it(&|f| f.officers.retain(|o| o.part != RecoveryPart::Supervisor)), "kmc.founding");
    assert_eq!(try_it(&|f| f.officers.retain(|o| o.part == RecoveryPart::Recovery)), "ok");
    assert_eq!(try_it(&|f| f.caps.user = 0), "kmc.founding");
    // A vault is founded once, and an empty one holds no key centre.
    let vault = Vault::open(&centre.path, Mode::ReadWrite).unwrap();
    assert_eq!(code(Kmc::found(vault, &founding(), at(NOON), &Chance::new(1))), "kmc.founding");
    let folder = tempfile::tempdir().unwrap();
    let empty = Vault::create(&folder.path().join("v.db"), at(NOON)).unwrap();
    assert_eq!(code(Kmc::open(empty)), "kmc.not-founded");
}

#[test]
fn the_way_of_a_key() {
    let centre = Centre::founded();
    let unlocked = centre.unlocked();
    assert_eq!(unlocked.fill(at(NOON), Some(&op("zhao")), 5).unwrap(), 5);
    let requests: Vec<_> = (1..=3).map(request).collect();
    let keys = centre.kmc.reserve(at(NOON), &requests).unwrap();
    assert_eq!(keys.iter().map(|k| &k.request).collect::<Vec<_>>(), requests.iter().collect::<Vec<_>>());
    assert_eq!(keys.iter().map(|k| k.id).collect::<BTreeSet<_>>().len(), 3);
    // Again: the same keys, and no event.
    let events = centre.kmc.vault().read(|r| r.event_count()).unwrap();
    assert_eq!(unlocked.reserve(at(NOON), &requests).unwrap(), keys);
    assert_eq!(centre.kmc.vault().read(|r| r.event_count()).unwrap(), events);
    let binds: Vec<_> = (1..).zip(&keys).map(|(n, key)| centre.bind(key, n)).collect();
    centre.kmc.bind(at(NOON), &binds).unwrap();
    let events = centre.kmc.vault().read(|r| r.event_count()).unwrap();
    centre.kmc.bind(at(NOON), &binds).unwrap();
    assert_eq!(centre.kmc.vault().read(|r| r.event_count()).unwrap(), events);
    let to: Vec<_> = binds.iter().map(|bind| (bind.key, bind.recipient.clone())).collect();
    for _ in 0..2 {
        let envelopes = unlocked.deliver(at(NOON), &to).unwrap();
        for (envelope, (key, bind)) in envelopes.iter().zip(keys.iter().zip(&binds)) {
            assert!(is_envelope(envelope, &key.public, &bind.recipient));
        }
    }
    // A renewal keeps the key and gets a further serial number.
    let renewal = Bind { serial: serial(90), request: request(90), ..binds[0].clone() };
    centre.kmc.bind(at(NOON), &[renewal]).unwrap();
    let known = centre.kmc.key_of_serial(&serial(90)).unwrap().unwrap();
    assert_eq!((known.id, known.serials), (keys[0].id, vec![serial(1), serial(90)]));
    assert_eq!(known.holder, Some(digest("holder 1")));
    assert!(centre.kmc.knows(&keys[0].public.spki_digest()).unwrap());
    assert!(!centre.kmc.knows(&binds[0].recipient.spki_digest()).unwrap());
    centre.kmc.retire(at(NOON), None, &[keys[0].id], "rekeyed").unwrap();
    centre.kmc.retire(at(NOON), None, &[keys[0].id], "rekeyed").unwrap();
    assert_eq!(centre.kmc.pool().unwrap(), Pool { pooled: 2, reserved: 0, escrowed: 2, history: 1 });
    assert_eq!(code(unlocked.deliver(at(NOON), &to[..1])), "kmc.key-state");
    intact(&centre.kmc);
}

#[test]
fn an_empty_pool_says_what_is_missing() {
    let centre = Centre::founded();
    centre.unlocked().fill(at(NOON), None, 1).unwrap();
    let requests: Vec<_> = (1..=3).map(request).collect();
    let e = centre.kmc.reserve(at(NOON), &requests).unwrap_err();
    assert!(matches!(e.kind(), ErrorKind::PoolEmpty { missing: 2 }), "{e:?}");
    assert_eq!(centre.kmc.pool().unwrap().pooled, 1);
    assert_eq!(centre.unlocked().reserve(at(NOON), &requests).unwrap().len(), 3);
    assert_eq!(centre.kmc.pool().unwrap(), Pool { reserved: 3, ..Pool::default() });
    assert_eq!(code(centre.kmc.reserve(at(NOON), &[request(1), request(1)])), "kmc.twice");
    assert_eq!(centre.unlocked().reserve(at(NOON), &[]).unwrap(), []);
    assert_eq!(centre.unlocked().deliver(at(NOON), &[]).unwrap(), Vec::<Vec<u8>>::new());
    centre.kmc.bind(at(NOON), &[]).unwrap();
}

/// Every rule of binding, delivering and retiring has its refusal, which changes nothing and is on record.
#[test]
fn a_key_stays_its_holders() {
    let centre = Centre::founded();
    let escrowed = centre.escrowed(1);
    let reserved = centre.unlocked().reserve(at(NOON), &[request(2)]).unwrap().remove(0);
    centre.unlocked().fill(at(NOON), None, 1).unwrap();
    let pooled = centre.kmc.vault().read(|r| r.pooled(1)).unwrap().remove(0).id;
    let before = centre.kmc.pool().unwrap();
    let old = centre.bind(&escrowed, 1);
    let new = centre.bind(&reserved, 2);
    let other = key("other").public_key().clone();
    let kmc = &centre.kmc;
    let bind = |bind: Bind| code(kmc.bind(at(NOON), &[bind]));
    assert_eq!(bind(Bind { request: request(9), ..new.clone() }), "kmc.not-theirs");
    assert_eq!(bind(Bind { key: pooled, ..new.clone() }), "kmc.key-state");
    assert_eq!(bind(Bind { key: EscrowId([0; 16]), ..new.clone() }), "kmc.no-key");
    assert_eq!(bind(Bind { serial: serial(1), ..new.clone() }), "kmc.serial-bound");
    assert_eq!(bind(Bind { recipient: reserved.public.clone(), ..new.clone() }), "kmc.recipient-escrowed");
    assert_eq!(bind(Bind { recipient: escrowed.public.clone(), ..new.clone() }), "kmc.recipient-escrowed");
    // A further serial number is no way to another recipient or holder.
    assert_eq!(bind(Bind { serial: serial(8), recipient: other.clone(), ..old.clone() }), "kmc.not-theirs");
    assert_eq!(bind(Bind { serial: serial(8), holder: digest("x"), ..old.clone() }), "kmc.not-theirs");
    assert_eq!(bind(Bind { request: request(9), ..old.clone() }), "kmc.not-theirs");
    assert_eq!(code(kmc.bind(at(NOON), &[new.clone(), new.clone()])), "kmc.twice");
    let twice = Bind { serial: serial(7), ..new.clone() };
    assert_eq!(code(kmc.bind(at(NOON), &[new.clone(), twice])), "kmc.twice");
    // One bad item keeps the whole batch out.
    let bad = Bind { request: request(9), serial: serial(3), key: escrowed.id, ..old.clone() };
    assert_eq!(code(kmc.bind(at(NOON), &[new.clone(), Bind { holder: digest("x"), ..bad }])), "kmc.not-theirs");
    let unlocked = centre.unlocked();
    let deliver = |key, to: &PublicKey| code(unlocked.deliver(at(NOON), &[(key, to.clone())]));
    assert_eq!(deliver(escrowed.id, &other), "kmc.not-theirs");
    assert_eq!(deliver(reserved.id, &new.recipient), "kmc.key-state");
    assert_eq!(deliver(pooled, &new.recipient), "kmc.key-state");
    assert_eq!(deliver(EscrowId([0; 16]), &other), "kmc.no-key");
    assert_eq!(code(kmc.retire(at(NOON), None, &[pooled], "x")), "kmc.key-state");
    assert_eq!(code(kmc.retire(at(NOON), None, &[EscrowId([0; 16])], "x")), "kmc.no-key");
    assert_eq!(kmc.pool().unwrap(), before);
    let denied = kmc.vault().read(|r| r.events(Some(EscrowEvent::Denied), 0, 0)).unwrap();
    assert_eq!(denied.len(), 14);
    // A request that came to nothing never gets a key again, nor anybody else its key.
    kmc.retire(at(NOON), None, &[reserved.id], "rejected").unwrap();
    assert_eq!(code(kmc.reserve(at(NOON), &[request(2)])), "kmc.request-over");
    assert_eq!(bind(new), "kmc.key-state");
    intact(kmc);
}

/// Who can write the file puts a public key of their own into the pool: no envelope, hence no certificate.
#[test]
fn an_exchanged_public_key_is_not_delivered() {
    let centre = Centre::founded();
    centre.unlocked().fill(at(NOON), None, 1).unwrap();
    let row = centre.kmc.vault().read(|r| r.pooled(1)).unwrap().remove(0);
    let forged = EscrowRow {
        id: EscrowId([0; 16]),
        spki: key("mallory").public_key().spki_digest(),
        point: key("mallory").public_key().point().to_vec(),
        ..row.clone()
    };
    let put = |row: &EscrowRow| {
        centre.kmc.vault().write(at(NOON), |w| -> hufu_store::Result<()> {
            let mut event = w.event(EscrowEvent::Fill, None, "mallory");
            event.put_key(row)?;
            event.close()?;
            Ok(())
        })
    };
    put(&forged).unwrap();
    let taken = centre.kmc.reserve(at(NOON), &[request(1)]).unwrap().remove(0);
    assert_eq!(taken.id, forged.id);
    let bind = centre.bind(&taken, 1);
    centre.kmc.bind(at(NOON), std::slice::from_ref(&bind)).unwrap();
    assert_eq!(code(centre.unlocked().deliver(at(NOON), &[(bind.key, bind.recipient)])), "kmc.altered");
    // Columns that do not even agree are found before.
    let torn = EscrowRow { id: EscrowId([1; 16]), spki: digest("x"), ..row };
    put(&torn).unwrap();
    assert_eq!(code(centre.kmc.reserve(at(NOON), &[request(2), request(3)])), "kmc.altered");
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The stolen vault: neither a private key, nor the wrapping key, nor a share is in any of its files, in octets or in
/// hexadecimal; and without the wrapping key nothing is given out.
#[test]
fn the_stolen_file_opens_nothing() {
    use std::sync::Mutex;
    let seen: &'static Mutex<Vec<Vec<u8>>> = Box::leak(Box::default());
    /// Remembers every 32 octets that were drawn: private keys are among them.
    struct Watched(Chance, &'static Mutex<Vec<Vec<u8>>>);
    impl Entropy for Watched {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), hufu_model::entropy::EntropyError> {
            self.0.fill(buffer)?;
            if buffer.len() == 32 {
                self.1.lock().unwrap().push(buffer.to_vec());
            }
            Ok(())
        }
    }
    let watched: &'static Watched = Box::leak(Box::new(Watched(Chance::new(4), seen)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let vault = Vault::create(&path, at(NOON)).unwrap();
    let (kmc, kek, shares) = Kmc::found(vault, &founding(), at(NOON), watched).unwrap();
    let custody = Held::new(kek, watched, crate::sample::ENVELOPE);
    let keys = kmc.unlock(&custody).unwrap().reserve(at(NOON), &(0..200).map(request).collect::<Vec<_>>()).unwrap();
    let mut secrets = seen.lock().unwrap().clone();
    // The wrapping key, two coefficients, and a scalar for each key.
    assert_eq!(secrets.len(), 3 + keys.len());
    for secret in &secrets[3..] {
        let secret: [u8; 32] = secret.as_slice().try_into().unwrap();
        let made = hufu_x509::key::SecretKey::from_scalar(&secret).unwrap();
        assert!(keys.iter().any(|key| key.public == *made.public_key()));
    }
    secrets.extend(shares.iter().map(|share| share.values().to_vec()));
    let files: Vec<Vec<u8>> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| std::fs::read(e.unwrap().path()).unwrap()).collect();
    assert!(files.iter().any(|file| holds(file, &keys[0].id.0)), "the file is the one that was written");
    for file in &files {
        let lower = file.to_ascii_lowercase();
        for secret in &secrets {
            assert!(!holds(file, secret));
            // Half of one would be as bad.
            assert!(!holds(file, &secret[..16]) && !holds(file, &secret[16..]));
            assert!(!holds(&lower, hufu_model::ident::hex(secret).as_bytes()));
        }
    }
    // A thief opens a copy with a key of their own.
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path().join("vault.db-wal"), folder.path().join("copy.db-wal")).unwrap();
    let stolen = Kmc::open(Vault::open(&copy, Mode::ReadWrite).unwrap()).unwrap();
    for seed in 0..20 {
        let (thief, _) = Kek::generate(&Chance::new(1000 + seed)).unwrap();
        let guess = Kek::new(stolen.kek().to_owned(), Zeroizing::new([u8::try_from(seed).unwrap(); 32]));
        assert_eq!(code(stolen.unlock(&held(guess))), "kmc.wrong-kek");
        let row = stolen.vault().read(|r| r.escrow(&keys[0].id)).unwrap().unwrap();
        let opened = held(thief).envelope(&[(wrapped(row).unwrap(), key("thief").public_key().clone())]);
        assert_eq!(code(opened), "kmc.altered");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is asked in whatever order: a request has one key, a key one request, and the ledger holds.
    #[test]
    fn any_order_of_steps(steps in proptest::collection::vec((0..5u8, 1..6u32), 1..30)) {
        let centre = Centre::founded();
        let mut first = BTreeMap::new();
        let mut over = BTreeSet::new();
        for (step, n) in steps {
            match step {
                0 | 1 => match centre.unlocked().reserve(at(NOON), &[request(n)]) {
                    Ok(keys) => {
                        prop_assert!(!over.contains(&n));
                        prop_assert_eq!(&keys[0], first.entry(n).or_insert_with(|| keys[0].clone()));
                    }
                    Err(e) => {
                        prop_assert_eq!(e.kind().code(), "kmc.request-over");
                        prop_assert!(over.contains(&n));
                    }
                },
                2 | 3 => if let Some(key) = first.get(&n) {
                    let bind = centre.bind(key, n);
                    let done = centre.kmc.bind(at(NOON), std::slice::from_ref(&bind));
                    prop_assert_eq!(done.is_err(), over.contains(&n));
                    let delivered = centre.unlocked().deliver(at(NOON), &[(key.id, bind.recipient)]);
                    prop_assert_eq!(delivered.is_err(), over.contains(&n));
                },
                _ => if let Some(key) = first.get(&n) {
                    centre.kmc.retire(at(NOON), None, &[key.id], "x").unwrap();
                    over.insert(n);
                },
            }
        }
        let ids: BTreeSet<_> = first.values().map(|key| key.id).collect();
        prop_assert_eq!(ids.len(), first.len());
        intact(&centre.kmc);
    }
}

/// In a process that [`Scene::victim`] started: works on the vault that the environment names until it is killed. In the
/// test that started it: nothing.
fn work_until_killed() {
    let Some(path) = std::env::var_os("HUFU_KMC_VICTIM") else { return };
    let kmc = Kmc::open(Vault::open(path.as_ref(), Mode::ReadWrite).unwrap()).unwrap();
    let file = std::env::var("HUFU_KMC_SHARES").unwrap();
    let shares: Vec<Share> = file.split(';').map(|f| Share::from_pem(&std::fs::read(f).unwrap()).unwrap()).collect();
    // Not the numbers of the one that was killed before.
    let custody = held_with(kmc.combine(&shares).unwrap(), std::process::id().into());
    let unlocked = kmc.unlock(&custody).unwrap();
    let journal = std::path::PathBuf::from(std::env::var_os("HUFU_KMC_JOURNAL").unwrap());
    let from: u32 = std::env::var("HUFU_KMC_FROM").unwrap().parse().unwrap();
    for n in from.. {
        let taken = unlocked.reserve(at(NOON), &[request(n)]).unwrap().remove(0);
        let bind = Bind {
            key: taken.id,
            request: taken.request.clone(),
            serial: serial(n),
            holder: digest(&format!("holder {n}")),
            recipient: key(&format!("sign {n}")).public_key().clone(),
        };
        kmc.bind(at(NOON), &[bind]).unwrap();
        // Acknowledged from here on.
        use std::io::Write;
        let mut acknowledged = std::fs::OpenOptions::new().append(true).create(true).open(&journal).unwrap();
        acknowledged.write_all(format!("{n} {}\n", taken.id).as_bytes()).unwrap();
    }
}

/// A vault, its custodians' files, and the journal of a process that is killed while it works on the vault.
struct Scene {
    centre: Centre,
    files: Vec<String>,
    journal: std::path::PathBuf,
}

impl Scene {
    fn new() -> Self {
        let centre = Centre::founded();
        let file = |share: &Share| {
            let file = centre.folder.path().join(format!("share-{}.pem", share.number));
            std::fs::write(&file, share.to_pem().as_bytes()).unwrap();
            file.display().to_string()
        };
        let files = centre.shares.iter().take(3).map(file).collect();
        let journal = centre.folder.path().join("journal");
        std::fs::write(&journal, "").unwrap();
        Self { centre, files, journal }
    }

    /// The process that is killed: the test `name` once more, which then only does what [`work_until_killed`] does.
    fn victim(&self, name: &str, from: u32) -> Command {
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim
            .args(["--exact", &format!("kmc::tests::{name}"), "--test-threads=1"])
            .env("HUFU_KMC_VICTIM", &self.centre.path)
            .env("HUFU_KMC_SHARES", self.files.join(";"))
            .env("HUFU_KMC_JOURNAL", &self.journal)
            .env("HUFU_KMC_FROM", from.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        victim
    }

    fn open(&self) -> Kmc {
        Kmc::open(Vault::open(&self.centre.path, Mode::ReadWrite).unwrap()).unwrap()
    }

    fn acknowledged(&self) -> Vec<(u32, EscrowId)> {
        let text = std::fs::read_to_string(&self.journal).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.filter_map(|(n, id)| Some((n.parse().ok()?, id.parse().ok()?))).collect()
    }
}

/// Killed where the escrow is committed and nobody knows: the key is its holder's, and asking again changes nothing.
#[cfg(feature = "faults")]
#[test]
fn killed_when_the_escrow_is_committed() {
    work_until_killed();
    let scene = Scene::new();
    for n in 1..=5 {
        let status = scene.victim("killed_when_the_escrow_is_committed", n).env("HUFU_FAULT", "f4:1").status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        let kmc = scene.open();
        intact(&kmc);
        assert_eq!(scene.acknowledged(), []);
        let found = kmc.key_of_serial(&serial(n)).unwrap().unwrap();
        assert_eq!(found.status, EscrowStatus::Escrowed);
        let again = kmc.reserve(at(NOON), &[request(n)]).unwrap().remove(0);
        assert_eq!(again.id, found.id);
        let events = kmc.vault().read(|r| r.event_count()).unwrap();
        kmc.bind(at(NOON), &[scene.centre.bind(&again, n)]).unwrap();
        assert_eq!(kmc.vault().read(|r| r.event_count()).unwrap(), events);
    }
}

/// A process that works on the vault is killed with SIGKILL at any moment, again and again. What was acknowledged is
/// there, the ledger holds, and what was half done is done to its end by asking again.
#[test]
fn killed_at_any_moment() {
    const ROUNDS: u32 = 12;
    work_until_killed();
    let scene = Scene::new();
    let mut from = 1;
    for round in 0..ROUNDS {
        let mut victim = scene.victim("killed_at_any_moment", from).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + u64::from(round) * 23));
        victim.kill().unwrap();
        victim.wait().unwrap();
        let kmc = scene.open();
        intact(&kmc);
        let done = scene.acknowledged();
        for (n, id) in &done {
            let found = kmc.key_of_serial(&serial(*n)).unwrap().expect("acknowledged and lost");
            assert_eq!((found.id, found.status), (*id, EscrowStatus::Escrowed));
        }
        // At most one step was in the air: it is either wholly there or not at all, and asking again ends it.
        let pool = kmc.pool().unwrap();
        assert!(pool.reserved <= 1 && pool.escrowed - done.len() as u64 <= 1, "{pool:?} {}", done.len());
        from = done.iter().map(|(n, _)| n + 1).max().unwrap_or(1);
    }
    assert!(!scene.acknowledged().is_empty(), "nothing was ever acknowledged: the test tests nothing");
}
