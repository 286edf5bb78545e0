//! Power cuts. Every write and sync of a real issuing run is recorded with strace; then the states a disk may legally be
//! in after a cut are built and opened: any prefix of the writes, of which those not yet synced may be there, missing or
//! torn, in any combination. Nothing that was acknowledged before the cut may be missing, and the ledger must verify.
//!
//! The model: a write reaches the disk in sectors of 512 octets, each whole or not at all; a sync of a file makes
//! everything written to that file before it durable; files do not order each other; the folder entry of a file is
//! durable once the file was synced. `HUFU_POWER_STATES` sets how many states are opened.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use hufu_authority::{Authority, Depth, Mode};
use hufu_model::entropy::Entropy;
use hufu_model::ident::{Serial, hex};
use hufu_model::time::Instant;
use hufu_tests::{SeededEntropy, TestAuthority, TestClock, copy_home, ready_requests};

use disk::{Contents, Disk};
use trace::{CALLS, FILES, Step, read_trace};

mod disk;
mod trace;

/// Certificates that the recorded run issues, one by one. At full size the write-ahead log is copied into the database
/// and begun again on the way.
fn requests() -> u64 {
    if std::env::var_os("HUFU_FULL").is_some() { 120 } else { 20 }
}

fn states() -> usize {
    std::env::var("HUFU_POWER_STATES").ok().map_or(5_000, |n| n.parse().unwrap())
}

struct Recording {
    /// The home before the run.
    before: Contents,
    steps: Vec<Step>,
    now: Instant,
}

/// Makes a home, lets the child issue under strace, and reads what it did. `None`, after saying SKIPPED, without strace.
fn record(seed: &str, environment: Option<&str>) -> Option<Recording> {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let made = folder.path().join("made");
    std::fs::create_dir(&made).unwrap();
    let t = TestAuthority::found_in(made.clone(), None, seed);
    t.build_hierarchy();
    let ids = ready_requests(&t, 1, requests());
    let now = t.now();
    drop(t);
    let base = folder.path().join("base");
    copy_home(&made, &base);
    let before = FILES.map(|f| std::fs::read(base.join(f)).ok());
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-xx", "-s", "1000000", "-e"]).arg(format!("trace={CALLS}")).arg("-o").arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_fault-child")).arg(&base);
    command.args([&now.unix_millis().to_string(), "recorded", "issue-each"]).args(ids.iter().map(|i| i.as_str()));
    if let Some(variable) = environment {
        command.env(variable, "1");
    }
    let output = match command.output() {
        Ok(output) if output.status.success() => output,
        Ok(output) if output.stdout.is_empty() && output.stderr.starts_with(b"strace: ") => {
            eprintln!("SKIPPED power loss: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        Ok(output) => panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        Err(e) => {
            eprintln!("SKIPPED power loss: strace cannot be started: {e}");
            return None;
        }
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), ids.len());
    let sizes = [0, 1, 2].map(|file: usize| before[file].as_ref().map_or(0, Vec::len));
    let steps = read_trace(&std::fs::read_to_string(&trace).unwrap(), &base, sizes);
    // The recording is complete: played to its end it gives the files as they are.
    let mut disk = Disk::new(&before);
    steps.iter().for_each(|s| disk.step(s));
    let end = disk.everything();
    for (file, name) in FILES.iter().enumerate() {
        assert!(end[file] == std::fs::read(base.join(name)).ok(), "the recording of {name} is not complete");
    }
    Some(Recording { before, steps, now })
}

/// One state to be opened, and what had been acknowledged before the cut.
struct State {
    contents: Contents,
    acknowledged: Vec<(Serial, String)>,
    step: usize,
}

/// What was found; a state may be counted in several.
#[derive(Debug, Default)]
struct Tally {
    opened: usize,
    lost: usize,
    broken: usize,
    first: Option<String>,
}

/// Builds about `wanted` different states and opens each.
fn replay(recording: &Recording, wanted: usize) -> Tally {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (send, receive) = sync_channel::<State>(4);
    let receive = Arc::new(Mutex::new(receive));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (receive, tally) = (Arc::clone(&receive), Arc::clone(&tally));
            scope.spawn(move || open_states(&receive, &tally, recording.now));
        }
        // Only the workers hold the receiver: when both have died, sending fails instead of waiting.
        drop(receive);
        build_states(recording, wanted, &|state| send.send(state).unwrap());
        drop(send);
    });
    Arc::into_inner(tally).unwrap().into_inner().unwrap()
}

fn build_states(recording: &Recording, wanted: usize, send: &dyn Fn(State)) {
    let entropy = SeededEntropy::new("power cuts");
    let random = |below: u8| {
        let entropy: &dyn Entropy = &entropy;
        let [byte] = entropy.array().unwrap();
        byte < below
    };
    let per_step = wanted.div_ceil(recording.steps.len()) + 1;
    let mut disk = Disk::new(&recording.before);
    let mut seen = HashSet::new();
    // Few states are taken from all over the recording, not from its beginning.
    let stride = (recording.steps.len() * 4 / wanted).max(1);
    for (number, step) in recording.steps.iter().enumerate() {
        disk.step(step);
        if number % stride != 0 {
            continue;
        }
        let mut cuts = vec![disk.everything(), disk.cut(&mut |_, _| false, &mut |_| false)];
        let few: usize = disk.pending.iter().map(Vec::len).sum();
        if few <= 4 {
            // All combinations of a handful.
            for choice in 0..1_u32 << few {
                let mut bit = 0;
                let mut there = |_: usize, _: usize| {
                    bit += 1;
                    choice >> (bit - 1) & 1 == 1
                };
                cuts.push(disk.cut(&mut there, &mut |_| true));
            }
        }
        for turn in 0..per_step {
            // By turns most, half and few of the writes; whole ones and torn ones.
            let share = [230, 128, 30][turn % 3];
            let torn = if turn % 2 == 0 { 255 } else { 160 };
            cuts.push(disk.cut(&mut |_, _| random(share), &mut |_| torn == 255 || random(torn)));
        }
        for contents in cuts {
            let mut hasher = DefaultHasher::new();
            (&contents, disk.acknowledged.len()).hash(&mut hasher);
            if seen.insert(hasher.finish()) {
                send(State { contents, acknowledged: disk.acknowledged.clone(), step: number });
            }
        }
    }
}

fn open_states(receive: &Mutex<Receiver<State>>, tally: &Mutex<Tally>, now: Instant) {
    // In memory where there is such a disk: the states are small and many.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir_in(place).unwrap();
    for part in ["home", "anchor"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    let settings = format!("anchor = {:?}\n", folder.path().join("anchor/checkpoints.pem").to_str().unwrap());
    std::fs::write(folder.path().join("home/hufu.toml"), settings).unwrap();
    loop {
        let Ok(state) = receive.lock().unwrap().recv() else { return };
        for (name, contents) in FILES.iter().zip(&state.contents) {
            put(&folder.path().join(name), contents.as_deref());
        }
        put(&folder.path().join("home/ledger.db-shm"), None);
        let (lost, broken) = judge(folder.path(), &state, now);
        let mut tally = tally.lock().unwrap();
        tally.opened += 1;
        tally.lost += usize::from(lost > 0);
        tally.broken += usize::from(broken.is_some());
        if lost > 0 || broken.is_some() {
            let of = state.acknowledged.len();
            tally.first.get_or_insert(format!("cut after step {}: {lost} of {of} lost; {broken:?}", state.step));
        }
    }
}

fn put(path: &PathBuf, contents: Option<&[u8]>) {
    match contents {
        Some(contents) => std::fs::write(path, contents).unwrap(),
        None => drop(std::fs::remove_file(path)),
    }
}

/// How many acknowledged certificates are not there, and why the home does not open or does not verify, if so.
fn judge(base: &Path, state: &State, now: Instant) -> (usize, Option<String>) {
    let text = |e: hufu_authority::Error| Some(format!("{}: {e}", e.code()));
    let clock = Arc::new(TestClock::new(now));
    let entropy = Arc::new(SeededEntropy::new("after the cut"));
    let authority = match Authority::open_with(&base.join("home"), Mode::ReadWrite, clock, entropy) {
        Ok(authority) => authority,
        Err(e) => return (state.acknowledged.len(), text(e)),
    };
    let there = |serial: &Serial, der: &str| {
        authority.certificate(serial).is_ok_and(|view| hex(view.certificate.der()) == *der)
    };
    let lost = state.acknowledged.iter().filter(|(serial, der)| !there(serial, der)).count();
    match authority.audit(Depth::Ledger, &|_| ()) {
        Ok(report) => (lost, report.findings.first().map(|f| format!("{f:?}"))),
        Err(e) => (lost, text(e)),
    }
}

#[test]
fn no_power_cut_loses_an_acknowledged_certificate() {
    let Some(recording) = record("power cut", None) else { return };
    let syncs = recording.steps.iter().filter(|s| matches!(s, Step::Sync { .. })).count();
    assert!(syncs as u64 > 3 * requests(), "only {syncs} syncs were recorded");
    let tally = replay(&recording, states());
    println!(
        "power loss: {} states of {} recorded steps with {syncs} syncs: {} lost, {} broken",
        tally.opened,
        recording.steps.len(),
        tally.lost,
        tally.broken
    );
    assert!(tally.opened >= states(), "only {} states", tally.opened);
    assert_eq!((tally.lost, tally.broken), (0, 0), "{:?}", tally.first);
}

/// Negative control: the same run by a build that does not wait for the disk loses what it acknowledged, and this test
/// sees it.
#[test]
fn the_test_finds_a_store_that_does_not_wait_for_the_disk() {
    let Some(recording) = record("no sync", Some("HUFU_FAULT_SYNC_OFF")) else { return };
    let tally = replay(&recording, 500);
    println!("without syncs: {} states: {} lost, {} broken", tally.opened, tally.lost, tally.broken);
    assert!(tally.lost > 0, "a store without syncs lost nothing: this test would find nothing");
}
