//! The agent's end of the socket.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use region::LockGuard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroizing;

use super::wire::{Answer, Request, Status, bad, io_error, receive, send};
use crate::custody::{Custody, Held};
use crate::error::{ErrorKind, Result};

/// The most connections at once.
const CONNECTIONS: usize = 16;

/// How long one end may keep the other waiting in the middle of a message, and how often the end is looked for.
const PATIENCE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(200);

/// Why an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A client locked it.
    Locked,
    /// Nobody used it for as long as was agreed.
    Idle,
    /// The process was told to end.
    Stopped,
    /// Its socket is no longer where it was made.
    SocketGone,
}

/// An agent that listens.
pub struct Agent<'a> {
    listener: UnixListener,
    path: PathBuf,
    /// The socket's device and number: what else may stand in its place later is not ours to remove.
    place: (u64, u64),
    inside: RwLock<Option<Inside<'a>>>,
    idle: Duration,
    used: Mutex<Instant>,
    locked: AtomicBool,
}

/// What an agent holds. It is dropped, and so wiped, when the agent ends.
struct Inside<'a> {
    // First, so that the pages are unlocked only after what is on them was wiped: fields drop in this order.
    held: Box<Held<'a>>,
    secrets: BTreeMap<String, Zeroizing<String>>,
    memory_locked: bool,
    _guards: Vec<LockGuard>,
}

impl<'a> Agent<'a> {
    /// Begins to listen at `path`. A socket that a dead agent left there is replaced.
    ///
    /// # Errors
    /// `kmc.agent-runs`; `kmc.agent` when something else stands there, when others may write the folder, or when the
    /// socket cannot be made.
    pub fn listen(
        path: &Path,
        held: Held<'a>,
        secrets: Vec<(String, Zeroizing<String>)>,
        idle: Duration,
    ) -> Result<Self> {
        let listener = socket(path)?;
        listener.set_nonblocking(true).map_err(io_error)?;
        let place = place_of(path).ok_or_else(|| bad("the socket cannot be made"))?;
        let inside = RwLock::new(Some(Inside::new(held, secrets)));
        let (idle_from, locked) = (Mutex::new(Instant::now()), AtomicBool::new(false));
        Ok(Self { listener, path: path.to_owned(), place, inside, idle, used: idle_from, locked })
    }

    /// Answers until a client locks the agent, nobody used it for the idle time, or `stop` is set. When it returns, what
    /// it held is wiped and the socket is gone.
    ///
    /// # Errors
    /// `kmc.agent` when the socket fails.
    pub fn serve(self, stop: &AtomicBool) -> Result<End> {
        let open = AtomicUsize::new(0);
        let result = std::thread::scope(|scope| {
            let end = loop {
                if let Some(end) = self.ended(stop) {
                    break Ok(end);
                }
                let stream = match self.accept() {
                    Ok(Some(stream)) => stream,
                    Ok(None) => continue,
                    Err(e) => break Err(e),
                };
                if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
                    open.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                let (agent, open) = (&self, &open);
                scope.spawn(move || {
                    agent.converse(stream, stop);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            };
            // Conversations see this and end; no request that comes now finds anything.
            self.locked.store(true, Ordering::SeqCst);
            drop(self.inside.write().unwrap_or_else(PoisonError::into_inner).take());
            end
        });
        if place_of(&self.path) == Some(self.place) {
            let _ = fs::remove_file(&self.path);
        }
        result
    }

    fn ended(&self, stop: &AtomicBool) -> Option<End> {
        if self.locked.load(Ordering::SeqCst) {
            Some(End::Locked)
        } else if stop.load(Ordering::SeqCst) {
            Some(End::Stopped)
        } else if self.idle_left() == Duration::ZERO {
            Some(End::Idle)
        } else if place_of(&self.path) != Some(self.place) {
            Some(End::SocketGone)
        } else {
            None
        }
    }

    fn idle_left(&self) -> Duration {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.idle.saturating_sub(used.elapsed())
    }

    /// The next connection, if one comes within a tick.
    fn accept(&self) -> Result<Option<UnixStream>> {
        if !readable(&self.listener)? {
            return Ok(None);
        }
        match self.listener.accept() {
            Ok((stream, _)) if same_user(&stream).is_ok() => Ok(Some(stream)),
            Ok(_) => Ok(None),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => Ok(None),
            Err(e) => Err(io_error(e)),
        }
    }

    /// Answers one client until it goes or breaks the protocol.
    fn converse(&self, stream: UnixStream, stop: &AtomicBool) {
        let set = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(TICK)));
        if set.and_then(|()| stream.set_write_timeout(Some(TICK))).is_err() {
            return;
        }
        while self.ended(stop).is_none() {
            match readable(&stream) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => return,
            }
            let mut stream = Patient { stream: &stream, until: Instant::now() + PATIENCE, locked: &self.locked };
            let asked = match receive(&mut stream) {
                Ok(Some(asked)) => Request::decode(&asked),
                Ok(None) => return,
                Err(e) => Err(e),
            };
            let (answer, go_on) = match asked {
                Ok(request) => (self.answer(&request), request != Request::Lock),
                Err(e) => (Err(e), false),
            };
            let answer = answer.unwrap_or_else(|e| Answer::refused(e.kind().code()));
            if send(&mut stream, answer.octets()).is_err() || !go_on {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Result<Answer> {
        let inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
        let inside = inside.as_ref().ok_or_else(|| bad("it is locked"))?;
        if *request != Request::Status {
            *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        Ok(match request {
            Request::Status => {
                let (kek, check) = inside.held.identity()?;
                let idle_left = u32::try_from(self.idle_left().as_secs()).unwrap_or(u32::MAX);
                Answer::of_status(&Status { kek, check, idle_left, memory_locked: inside.memory_locked })
            }
            Request::Generate { now, count } => Answer::of_keys(&inside.held.generate(*now, *count)?),
            Request::Envelope(keys) => Answer::of_octets(&inside.held.envelope(keys)?),
            Request::Mac(text) => Answer::of_digest(&inside.held.mac(text)?),
            Request::Secret(name) => match inside.secrets.get(name) {
                Some(secret) => Answer::of_octets(&[secret.as_bytes()]),
                None => Answer::refused("kmc.no-secret"),
            },
            Request::Lock => {
                self.locked.store(true, Ordering::SeqCst);
                Answer::done()
            }
        })
    }
}

impl<'a> Inside<'a> {
    fn new(held: Held<'a>, secrets: Vec<(String, Zeroizing<String>)>) -> Self {
        let held = Box::new(held);
        let secrets: BTreeMap<_, _> = secrets.into_iter().collect();
        let places = secrets.values().filter(|secret| !secret.is_empty()).map(|secret| (secret.as_ptr(), secret.len()));
        let locks: Vec<_> = places.chain([held.kek().place()]).map(|(at, length)| region::lock(at, length)).collect();
        let memory_locked = locks.iter().all(std::result::Result::is_ok);
        Self { held, secrets, memory_locked, _guards: locks.into_iter().flatten().collect() }
    }
}

/// A connection on which one message and its answer have their time, and none at all once the agent ended: who sends an
/// octet now and then keeps nothing open.
struct Patient<'s> {
    stream: &'s UnixStream,
    until: Instant,
    locked: &'s AtomicBool,
}

impl Patient<'_> {
    fn again<T>(&self, mut f: impl FnMut(&UnixStream) -> io::Result<T>) -> io::Result<T> {
        loop {
            let late = Instant::now() >= self.until;
            match f(self.stream) {
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if late || self.locked.load(Ordering::SeqCst) {
                        return Err(e);
                    }
                }
                Ok(_) if late => return Err(io::ErrorKind::TimedOut.into()),
                done => return done,
            }
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.again(|mut stream| stream.read(buffer))
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.again(|mut stream| stream.write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether something can be read, a connection or octets, within a tick.
fn readable(socket: &impl std::os::fd::AsFd) -> Result<bool> {
    let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
    let mut waiting = [PollFd::new(socket, PollFlags::IN)];
    match poll(&mut waiting, Some(&tick)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(e) => Err(io_error(e.into())),
    }
}

fn place_of(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// The longest path of a socket: `sun_path` has 108 octets, of which the last is 0.
const LONGEST_PATH: usize = 107;

/// Makes the socket so that at no moment anybody else can connect to it.
fn socket(path: &Path) -> Result<UnixListener> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = fs::metadata(folder).map_err(io_error)?;
    if found.mode() & 0o022 != 0 {
        return Err(bad("others may write the folder of its socket; use one of your own with mode 0700"));
    }
    if let Ok(found) = fs::symlink_metadata(path) {
        if !std::os::unix::fs::FileTypeExt::is_socket(&found.file_type()) {
            return Err(bad("what stands in the place of its socket is not a socket"));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(ErrorKind::AgentRuns { path: path.to_owned() }.into());
        }
        fs::remove_file(path).map_err(io_error)?;
    }
    // A socket's mode is set after it was made: until then it stands in a folder that nobody else can enter.
    let closed = folder.join(format!(".kmc-{}", std::process::id()));
    let length = closed.as_os_str().len() + "/s".len();
    let length = length.max(path.as_os_str().len());
    if length > LONGEST_PATH {
        return Err(ErrorKind::SocketPath { length, most: LONGEST_PATH }.into());
    }
    DirBuilder::new().mode(0o700).create(&closed).map_err(io_error)?;
    let inner = closed.join("s");
    let made = UnixListener::bind(&inner).and_then(|listener| {
        fs::set_permissions(&inner, Permissions::from_mode(0o600))?;
        // Not over what another agent made meanwhile.
        fs::hard_link(&inner, path)?;
        Ok(listener)
    });
    let _ = fs::remove_file(&inner);
    let _ = fs::remove_dir(&closed);
    made.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => ErrorKind::AgentRuns { path: path.to_owned() }.into(),
        _ => io_error(e),
    })
}

/// Refuses another user's process at the other end. Only Linux can be asked; elsewhere the socket's mode has to do.
#[cfg(target_os = "linux")]
pub(super) fn same_user(stream: &UnixStream) -> Result<()> {
    let peer = rustix::net::sockopt::socket_peercred(stream).map_err(|e| io_error(e.into()))?;
    if peer.uid == rustix::process::getuid() { Ok(()) } else { Err(bad("another user's process is at its end")) }
}

/// Refuses another user's process at the other end. Only Linux can be asked; elsewhere the socket's mode has to do.
#[cfg(not(target_os = "linux"))]
pub(super) fn same_user(_: &UnixStream) -> Result<()> {
    Ok(())
}

/// Forbids core dumps of this process, and to other processes of the same user to look into it. Returns whether the
/// system knows how to.
#[must_use]
pub fn protect_process() -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        false
    }
}

/// Takes this process out of its terminal's session, so that closing the terminal does not end it, and out of the folder
/// it was started in.
///
/// # Errors
/// `kmc.agent` when the system refuses.
pub fn detach() -> Result<()> {
    rustix::process::setsid().map_err(|e| io_error(e.into()))?;
    std::env::set_current_dir("/").map_err(io_error)
}

/// A flag for [`Agent::serve`] that SIGTERM, SIGINT and SIGHUP set, so that the agent wipes what it holds and removes
/// its socket before it ends.
///
/// # Errors
/// `kmc.agent` when the system refuses.
pub fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(io_error)?;
    }
    Ok(stop)
}
