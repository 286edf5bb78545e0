#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hufu_model::escrow::RecoveryKind;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::serve::{Agent, End};
use super::wire::{LONGEST, Request};
use super::{Client, protect_process, stop_on_signals};
use crate::custody::{Custody, Held, WrappedKey, sm2_enveloped_key};
use crate::error::Result;
use crate::sample::{Centre, Chance, NOON, at, consent, is_envelope, key, op, order, request};

const LONG: Duration = Duration::from_secs(600);

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "ok")
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    (folder, path)
}

/// Runs an agent of a centre while `f` runs, and locks it then.
fn with_agent<T>(centre: &Centre, idle: Duration, f: impl FnOnce(&Path, &AtomicBool) -> T) -> (T, End) {
    let path = centre.folder.path().join("agent.sock");
    let kek = centre.kmc.combine(&centre.shares[1..4]).unwrap();
    let secrets = vec![("ca".to_owned(), Zeroizing::new("a passphrase 口令".to_owned()))];
    let agent = Agent::listen(&path, crate::sample::held_with(kek, 5), secrets, idle).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let serving = scope.spawn(|| agent.serve(&stop).unwrap());
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&path, &stop)));
        if let Ok(client) = Client::connect(&path) {
            let _ = client.lock();
        }
        let end = serving.join().unwrap();
        assert!(!path.exists(), "the socket is still there");
        (done.unwrap_or_else(|e| std::panic::resume_unwind(e)), end)
    })
}

#[test]
fn a_key_centre_works_through_its_agent() {
    let centre = Centre::founded();
    let (client, end) = with_agent(&centre, LONG, |path, _| {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        let client = Client::connect(path).unwrap();
        let status = client.status().unwrap();
        assert_eq!(status.kek, centre.kmc.kek());
        assert!(status.idle_left > 590 && status.idle_left <= 600);
        let unlocked = centre.kmc.unlock(&client).unwrap();
        // More than one message takes.
        assert_eq!(unlocked.fill(at(NOON), None, 600).unwrap(), 600);
        let requests: Vec<_> = (0..100).map(request).collect();
        let keys = unlocked.reserve(at(NOON), &requests).unwrap();
        let binds: Vec<_> = (0..).zip(&keys).map(|(n, key)| centre.bind(key, n)).collect();
        centre.kmc.bind(at(NOON), &binds).unwrap();
        let to: Vec<_> = binds.iter().map(|bind| (bind.key, bind.recipient.clone())).collect();
        let envelopes = unlocked.deliver(at(NOON), &to).unwrap();
        assert_eq!(envelopes.len(), 100);
        for (envelope, (key, bind)) in envelopes.iter().zip(keys.iter().zip(&binds)) {
            assert!(is_envelope(envelope, &key.public, &bind.recipient));
        }
        let act = centre.kmc.order_recovery(at(NOON), &order(RecoveryKind::User, keys[0].id, 1)).unwrap();
        for who in ["rec-1", "rec-2"] {
            centre.kmc.approve_recovery(at(NOON), &consent(who, act)).unwrap();
        }
        let recovered = unlocked.recover(at(NOON), Some(&op("li")), &act).unwrap();
        assert!(is_envelope(&recovered, &keys[0].public, key("new key").public_key()));
        assert_eq!(client.secret("ca").unwrap().as_str(), "a passphrase 口令");
        let refused = client.secret("root").unwrap_err();
        assert_eq!(refused.kind().code(), "kmc.agent-refused");
        assert!(refused.to_string().contains("kmc.no-secret"));
        // A key that does not open is refused with its code, and the connection goes on.
        let row = WrappedKey { id: keys[0].id, public: keys[1].public.clone(), sealed: vec![1; 61] };
        let refused = client.envelope(&[(row, key("x").public_key().clone())]).unwrap_err();
        assert!(refused.to_string().contains("kmc.altered"), "{refused}");
        client.status().unwrap();
        client
    });
    assert_eq!(end, End::Locked);
    // Whoever is still connected gets nothing.
    assert_eq!(code(client.generate(at(NOON), 1)), "kmc.agent");
    assert_eq!(code(Client::connect(&centre.folder.path().join("agent.sock"))), "kmc.no-agent");
}

#[test]
fn envelopes_of_the_real_form_pass_the_socket() {
    let centre = Centre::founded();
    let (_folder, path) = folder();
    let chance = Chance::new(3);
    let seal = sm2_enveloped_key(&chance);
    let held = Held::new(centre.kmc.combine(&centre.shares[..3]).unwrap(), &chance, &seal);
    let agent = Agent::listen(&path, held, Vec::new(), LONG).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let serving = scope.spawn(|| agent.serve(&stop).unwrap());
        let client = Client::connect(&path).unwrap();
        let unlocked = centre.kmc.unlock(&client).unwrap();
        let taken = unlocked.reserve(at(NOON), &(0..70).map(request).collect::<Vec<_>>()).unwrap();
        let binds: Vec<_> = (0..).zip(&taken).map(|(n, key)| centre.bind(key, n)).collect();
        centre.kmc.bind(at(NOON), &binds).unwrap();
        let to: Vec<_> = binds.iter().map(|bind| (bind.key, bind.recipient.clone())).collect();
        for (n, envelope) in unlocked.deliver(at(NOON), &to).unwrap().iter().enumerate() {
            let opened = hufu_x509::envelope::open(envelope, &key(&format!("sign {n}"))).unwrap();
            assert_eq!(opened.public_key(), &taken[n].public);
        }
        client.lock().unwrap();
        assert_eq!(serving.join().unwrap(), End::Locked);
    });
}

#[test]
fn it_ends_when_it_is_idle_told_to_or_gone() {
    let centre = Centre::founded();
    let started = Instant::now();
    let (_, end) = with_agent(&centre, Duration::from_millis(900), |path, _| {
        let client = Client::connect(path).unwrap();
        // Asking how it is does not keep it awake.
        while Client::connect(path).is_ok() && started.elapsed() < Duration::from_secs(20) {
            let _ = client.status();
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(end, End::Idle);
    assert!(started.elapsed() < Duration::from_secs(10));
    let (_, end) = with_agent(&centre, LONG, |path, stop| {
        stop.store(true, Ordering::SeqCst);
        while Client::connect(path).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(end, End::Stopped);
    let (_, end) = with_agent(&centre, LONG, |path, _| {
        std::fs::remove_file(path).unwrap();
    });
    assert_eq!(end, End::SocketGone);
}

/// One slow or silent client keeps neither the others nor the end waiting.
#[test]
fn a_silent_client_keeps_nobody_waiting() {
    let centre = Centre::founded();
    let ((), end) = with_agent(&centre, LONG, |path, _| {
        let mut silent: Vec<UnixStream> = (0..40).filter_map(|_| UnixStream::connect(path).ok()).collect();
        for stream in &mut silent {
            let _ = stream.write_all(&[0, 0, 0, 9, 1]);
        }
        // Those beyond the limit were closed; the first ones are told to go after ten seconds. Until then there is no
        // room, and afterwards there is.
        let started = Instant::now();
        let mut answered = false;
        while !answered && started.elapsed() < Duration::from_secs(30) {
            answered = Client::connect(path).and_then(|client| client.status()).is_ok();
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(answered);
    });
    assert_eq!(end, End::Locked);
    let started = Instant::now();
    let ((), end) = with_agent(&centre, LONG, |path, _| {
        let mut silent = UnixStream::connect(path).unwrap();
        silent.write_all(&[0, 0]).unwrap();
        std::mem::forget(silent);
    });
    assert_eq!(end, End::Locked);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

fn raw(path: &Path, octets: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    let _ = stream.write_all(octets);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn frame(content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

/// Garbage of every kind: refused or closed, nothing given out, and the agent serves on.
#[test]
fn garbage_is_refused() {
    let centre = Centre::founded();
    let ((), end) = with_agent(&centre, LONG, |path, _| {
        let refusal = |answer: &[u8]| answer.get(4..6) == Some(&[1, 1]);
        for content in [
            &[][..],
            &[0],
            &[1],
            &[2, 1],
            &[1, 0],
            &[1, 7],
            &[1, 255],
            &[1, 1, 0],
            &[1, 2],
            &[1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
            &[1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            &[1, 3, 0, 0],
            &[1, 3, 0, 33],
            &[1, 3, 0, 1, 1, 2, 3],
            &[1, 4, 0xff, 0xff, 65],
            &[1, 4, 0, 1, 0xff],
            &[1, 5, 0, 2, 99],
            &[1, 6, 6],
        ] {
            let answer = raw(path, &frame(content));
            assert!(refusal(&answer), "{content:?}: {answer:?}");
        }
        // Lengths beyond the limit and frames that end early.
        for octets in [&[0, 1, 0, 1][..], &[0xff; 4], &[0x7f, 0xff, 0xff, 0xff, 1, 2], &[0, 0], &[0, 0, 0, 4, 1]] {
            let answer = raw(path, octets);
            assert!(answer.is_empty() || refusal(&answer), "{octets:?}: {answer:?}");
        }
        assert!(refusal(&raw(path, &frame(&[1; LONGEST]))));
        let seed = std::env::var("HUFU_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
        let chance = Chance::new(seed);
        for _ in 0..300 {
            let [length, verb, ..] = (&chance as &dyn hufu_model::entropy::Entropy).array::<8>().unwrap();
            let mut content = vec![0; usize::from(length)];
            hufu_model::entropy::Entropy::fill(&chance, &mut content).unwrap();
            // Never a lock; what happens to be a good request is answered.
            let content = [&[1, verb % 5 + 1][..], &content].concat();
            let _ = raw(path, &frame(&content));
            let _ = raw(path, &content);
        }
        Client::connect(path).unwrap().status().unwrap();
    });
    assert_eq!(end, End::Locked);
}

#[test]
fn a_socket_of_others_is_not_used() {
    let centre = Centre::founded();
    let held = || crate::sample::held(centre.kmc.combine(&centre.shares[..3]).unwrap());
    let (folder, path) = folder();
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(code(Client::connect(&path)), "kmc.agent");
    assert_eq!(code(Agent::listen(&path, held(), Vec::new(), LONG)), "kmc.agent-runs");
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert_eq!(code(Client::connect(&file)), "kmc.agent");
    assert_eq!(code(Agent::listen(&file, held(), Vec::new(), LONG)), "kmc.agent");
    let open = folder.path().join("open");
    std::fs::DirBuilder::new().mode(0o700).create(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(code(Agent::listen(&open.join("s"), held(), Vec::new(), LONG)), "kmc.agent");
    assert_eq!(code(Agent::listen(&folder.path().join("none/s"), held(), Vec::new(), LONG)), "kmc.agent");
    // What a dead agent left is replaced.
    let left = folder.path().join("left");
    drop(UnixListener::bind(&left).unwrap());
    assert!(left.exists());
    let agent = Agent::listen(&left, held(), Vec::new(), LONG).unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with(".kmc")), "{names:?}");
    let stop = AtomicBool::new(true);
    assert_eq!(agent.serve(&stop).unwrap(), End::Stopped);
}

/// What the process does that [`a_signal_ends_it`] signals.
fn serve_until_signalled(path: &Path) {
    assert!(protect_process() || !cfg!(target_os = "linux"));
    let stop = stop_on_signals().unwrap();
    let centre = Centre::founded();
    let held = crate::sample::held(centre.kmc.combine(&centre.shares[..3]).unwrap());
    let agent = Agent::listen(path, held, Vec::new(), LONG).unwrap();
    assert_eq!(agent.serve(&stop).unwrap(), End::Stopped);
}

/// The process that is signalled is this test once more, which then only serves.
#[test]
fn a_signal_ends_it() {
    if let Some(path) = std::env::var_os("HUFU_KMC_SOCKET") {
        return serve_until_signalled(path.as_ref());
    }
    let (_folder, path) = folder();
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "agent::tests::a_signal_ends_it", "--test-threads=1"])
            .env("HUFU_KMC_SOCKET", &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while Client::connect(&path).is_err() && started.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Client::connect(&path).unwrap().status().unwrap();
        let sent = std::process::Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(process.wait().unwrap().success(), "{signal}");
        assert!(!path.exists(), "{signal}");
    }
}

proptest! {
    #[test]
    fn no_octets_panic_and_what_is_read_has_one_form(mut octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let [version, verb, ..] = octets.as_mut_slice() {
            *version = 1;
            *verb %= 8;
        }
        if let Ok(request) = Request::decode(&octets) {
            prop_assert_eq!(&*request.encode(), &octets);
        }
        let _ = super::wire::answer(&octets);
    }

    #[test]
    fn requests_come_back(
        now: i32, count in 1..=256usize, text in "\\PC{0,40}",
        keys in proptest::collection::vec((any::<[u8; 16]>(), 0..9u8, proptest::collection::vec(any::<u8>(), 0..80)), 1..33),
    ) {
        let keys = keys.into_iter().map(|(id, n, sealed)| {
            let id = hufu_model::ident::EscrowId(id);
            let public = key(&n.to_string()).public_key().clone();
            (WrappedKey { id, public: public.clone(), sealed }, public)
        }).collect();
        for request in [
            Request::Status,
            Request::Generate { now: at(now.into()), count },
            Request::Envelope(keys),
            Request::Mac(text.clone()),
            Request::Secret(text),
            Request::Lock,
        ] {
            let octets = request.encode();
            prop_assert!(octets.len() <= LONGEST);
            prop_assert_eq!(Request::decode(&octets).unwrap(), request);
            for length in 0..octets.len() {
                prop_assert!(Request::decode(&octets[..length]).is_err());
            }
        }
    }
}
