//! What a traced process did to the files of a home, from the output of `strace -f -y -xx`.

use std::collections::HashMap;
use std::path::Path;

use hufu_model::ident::{Serial, unhex};

/// The files whose contents survive a cut. The index of the write-ahead log is shared memory and made anew.
pub(crate) const FILES: [&str; 3] = ["home/ledger.db", "home/ledger.db-wal", "anchor/checkpoints.pem"];

/// The calls to be traced.
pub(crate) const CALLS: &str =
    "openat,open,creat,write,pwrite64,lseek,fsync,fdatasync,sync_file_range,ftruncate,unlink,unlinkat,rename";

/// What a recorded call did.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Write {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: usize,
        length: usize,
    },
    Remove {
        file: usize,
    },
    Sync {
        file: usize,
    },
    /// The client has the certificate of this serial number and these bytes.
    Acknowledged(Serial, String),
}

/// Reads a trace of `strace -f -y -xx`.
pub(crate) fn read_trace(text: &str, base: &Path, sizes: [usize; 3]) -> Vec<Step> {
    let files: HashMap<String, usize> =
        FILES.iter().enumerate().map(|(i, f)| (base.join(f).to_str().unwrap().to_owned(), i)).collect();
    let mut begun: HashMap<&str, String> = HashMap::new();
    let mut tracer = Tracer { files, open: HashMap::new(), sizes, steps: Vec::new() };
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process, start.to_owned());
        } else if let Some(end) = rest.strip_prefix("<... ") {
            let (Some(start), Some((_, end))) = (begun.remove(process), end.split_once("resumed>")) else { continue };
            tracer.call(&format!("{start}{end}"));
        } else {
            tracer.call(rest);
        }
    }
    tracer.steps
}

struct Tracer {
    files: HashMap<String, usize>,
    /// Of each descriptor on one of our files: where it stands, or none when it appends.
    open: HashMap<i32, Option<usize>>,
    sizes: [usize; 3],
    steps: Vec<Step>,
}

impl Tracer {
    fn call(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once('(') else { return };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return };
        let result: i64 = match result.split([' ', '<']).next().and_then(|r| r.parse().ok()) {
            Some(result) if result >= 0 => result,
            _ => return,
        };
        let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
        match name {
            "open" | "openat" | "creat" => self.opened(arguments, result),
            "unlink" | "unlinkat" => {
                if let Some(file) = texts(arguments).last().and_then(|p| self.files.get(p).copied()) {
                    self.steps.push(Step::Remove { file });
                    self.sizes[file] = 0;
                }
            }
            "rename" => {
                let ours = texts(arguments).iter().any(|p| self.files.contains_key(p));
                assert!(!ours, "a file of the database was renamed: the model does not know that");
            }
            _ => self.on_descriptor(name, arguments, result),
        }
    }

    fn opened(&mut self, arguments: &str, descriptor: i64) {
        let descriptor = i32::try_from(descriptor).unwrap();
        self.open.remove(&descriptor);
        let path = texts(arguments).pop();
        if path.is_some_and(|p| self.files.contains_key(&p)) {
            assert!(!arguments.contains("O_TRUNC"), "a file of the database was cut at opening");
            self.open.insert(descriptor, if arguments.contains("O_APPEND") { None } else { Some(0) });
        }
    }

    fn on_descriptor(&mut self, name: &str, arguments: &str, result: i64) {
        let Some((descriptor, path)) = descriptor(arguments) else { return };
        if descriptor == 1 && name == "write" {
            return self.said(&bytes(arguments));
        }
        let Some(file) = self.files.get(&path).copied() else { return };
        let result = usize::try_from(result).unwrap();
        match name {
            "lseek" => {
                self.open.insert(descriptor, Some(result));
            }
            "write" => {
                let at = self.open.get(&descriptor).copied().flatten().unwrap_or(self.sizes[file]);
                self.write(file, at, &bytes(arguments)[..result]);
                if let Some(Some(place)) = self.open.get_mut(&descriptor) {
                    *place += result;
                }
            }
            "pwrite64" => {
                let at = arguments.rsplit(", ").next().unwrap().parse().unwrap();
                self.write(file, at, &bytes(arguments)[..result]);
            }
            "ftruncate" => {
                let length = arguments.rsplit(", ").next().unwrap().parse().unwrap();
                self.sizes[file] = length;
                self.steps.push(Step::Truncate { file, length });
            }
            "fsync" | "fdatasync" => self.steps.push(Step::Sync { file }),
            other => panic!("{other} on {path}: the model does not know that"),
        }
    }

    fn write(&mut self, file: usize, at: usize, bytes: &[u8]) {
        self.sizes[file] = self.sizes[file].max(at + bytes.len());
        self.steps.push(Step::Write { file, at, bytes: bytes.to_vec() });
    }

    fn said(&mut self, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let mut parts = line.split(' ');
            if parts.next() == Some("acked") {
                let serial = parts.nth(1).unwrap().parse().unwrap();
                self.steps.push(Step::Acknowledged(serial, parts.next().unwrap().to_owned()));
            }
        }
    }
}

/// `4<\x2f...>` at the beginning of the arguments: the descriptor and what it is open on.
fn descriptor(arguments: &str) -> Option<(i32, String)> {
    let (number, rest) = arguments.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some((number.parse().ok()?, String::from_utf8(escaped(path)).ok()?))
}

/// The quoted arguments, as text.
fn texts(arguments: &str) -> Vec<String> {
    arguments.split('"').skip(1).step_by(2).map(|t| String::from_utf8_lossy(&escaped(t)).into_owned()).collect()
}

/// The first quoted argument.
fn bytes(arguments: &str) -> Vec<u8> {
    escaped(arguments.split('"').nth(1).unwrap())
}

/// `\x2f\x74`, or plain text where strace leaves it plain.
fn escaped(text: &str) -> Vec<u8> {
    if text.starts_with("\\x") { unhex(&text.replace("\\x", "")).unwrap() } else { text.as_bytes().to_vec() }
}
