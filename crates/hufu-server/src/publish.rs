//! Files of the publishing folder: revocation lists and certificates of CAs, by the names that certificates carry.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use hufu_authority::x509::crl::Crl;
use tokio::io::AsyncReadExt;

/// How many octets are read and sent at a time.
const CHUNK: usize = 64 * 1024;

/// Lists whose nextUpdate is remembered. When there are more, all are read again.
const REMEMBERED: usize = 4096;

/// What may be asked for: the folder, the ending, the media type (RFC 2585 §4, RFC 5280 §4.2.2.1).
const KINDS: [(&str, &str, &str); 3] = [
    ("crl", ".crl", "application/pkix-crl"),
    ("ca", ".cer", "application/pkix-cert"),
    ("ca", ".p7b", "application/pkcs7-mime"),
];

/// The folder.
pub(crate) struct Folder {
    path: PathBuf,
    /// nextUpdate of lists, each with the [`Found::tag`] of the contents it was read from.
    ends: Mutex<HashMap<PathBuf, (String, Option<i64>)>>,
}

/// The name of a file in the folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) folder: &'static str,
    pub(crate) media_type: &'static str,
    file: String,
}

/// A file that was found.
pub(crate) struct Found {
    pub(crate) file: File,
    pub(crate) length: u64,
    pub(crate) modified: SystemTime,
    /// Another one for any other contents, since files are replaced and never written into.
    pub(crate) tag: String,
    /// Until when it says what holds, in seconds since the epoch, where it says so.
    pub(crate) until: Option<i64>,
}

impl Name {
    /// The name in a path, such as `crl/0123.crl`: one folder, one file, and no other characters than published names
    /// have, so that no name leads anywhere else.
    pub(crate) fn read(path: &str) -> Option<Self> {
        let (folder, file) = path.split_once('/')?;
        let (folder, _, media_type) =
            KINDS.into_iter().find(|(f, ending, _)| *f == folder && file.ends_with(ending))?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let good = !file.starts_with('.') && file.len() <= 128 && file.bytes().all(plain);
        good.then(|| Self { folder, media_type, file: file.to_owned() })
    }
}

impl Folder {
    /// The folder at `path`, which must be there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        fs::read_dir(&path)?;
        Ok(Self { path, ends: Mutex::new(HashMap::new()) })
    }

    /// Opens a published file; none when there is none of this name.
    pub(crate) fn find(&self, name: &Name) -> io::Result<Option<Found>> {
        let path = self.path.join(name.folder).join(&name.file);
        let seen = match fs::symlink_metadata(&path) {
            Ok(seen) => seen,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        // A link could lead out of the folder; publishing makes none.
        if !seen.is_file() {
            return Ok(None);
        }
        let mut file = File::open(&path)?;
        let opened = file.metadata()?;
        if !opened.is_file() {
            return Ok(None);
        }
        let tag = tag(&opened);
        let until = if name.folder == "crl" { self.end(&mut file, &path, &tag)? } else { None };
        Ok(Some(Found { file, length: opened.len(), modified: opened.modified().unwrap_or(UNIX_EPOCH), tag, until }))
    }

    /// nextUpdate of a list, which is read once for each of its states. The file stands at its beginning then.
    fn end(&self, file: &mut File, path: &Path, tag: &str) -> io::Result<Option<i64>> {
        use std::io::Seek;
        // Held while a list is read: a large one is not read by all at once.
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, until)) = ends.get(path).filter(|(of, _)| of == tag) {
            return Ok(*until);
        }
        let mut der = Vec::new();
        file.read_to_end(&mut der)?;
        file.rewind()?;
        let until = Crl::from_bytes(&der).ok().and_then(|crl| crl.next_update());
        if ends.len() >= REMEMBERED {
            ends.clear();
        }
        ends.insert(path.to_owned(), (tag.to_owned(), until));
        Ok(until)
    }
}

/// Size, time and place of the contents: publishing writes another file each time and gives it the name.
fn tag(file: &Metadata) -> String {
    format!("\"{:x}-{:x}-{:x}-{:x}\"", file.ino(), file.len(), file.mtime(), file.mtime_nsec())
}

/// The contents as a body, read as they are sent. Who takes no octets for `patience` gets no more.
pub(crate) fn body(file: File, length: u64, patience: Duration) -> Channel<Bytes, io::Error> {
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(tokio::fs::File::from_std(file).take(length), sender, patience));
    body
}

async fn send(mut file: tokio::io::Take<tokio::fs::File>, mut to: Sender<Bytes, io::Error>, patience: Duration) {
    loop {
        let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
        match file.read_buf(&mut chunk).await {
            Ok(0) => return,
            Ok(_) => {}
            // Cut off rather than ended: nobody takes a part for the whole.
            Err(e) => return to.abort(e),
        }
        match tokio::time::timeout(patience, to.send_data(chunk.freeze())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => return to.abort(io::ErrorKind::TimedOut.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_published_names_are_names() {
        for (path, media_type) in [
            ("crl/00ff.crl", "application/pkix-crl"),
            ("crl/00ff-12.crl", "application/pkix-crl"),
            ("ca/00ff.cer", "application/pkix-cert"),
            ("ca/00ff.p7b", "application/pkcs7-mime"),
        ] {
            assert_eq!(Name::read(path).unwrap().media_type, media_type);
        }
        for path in [
            "",
            "crl",
            "crl/",
            "crl/x",
            "ca/x.crl",
            "crl/x.cer",
            "crl/../ledger.crl",
            "crl/..crl",
            "crl/.x.crl",
            "/crl/x.crl",
            "crl//x.crl",
            "crl/a/x.crl",
            "crl/%2e%2e%2fx.crl",
            "crl/x%00.crl",
            "crl/x y.crl",
            "crl/x\\y.crl",
            "keys/x.cer",
            "CRL/x.crl",
            "crl/x.CRL",
            "crl/证.crl",
            &format!("crl/{}.crl", "x".repeat(125)),
        ] {
            assert_eq!(Name::read(path), None, "{path}");
        }
    }

    #[test]
    fn links_folders_and_what_is_not_there_are_not_served() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("crl/folder.crl")).unwrap();
        fs::write(folder.path().join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join("crl/link.crl")).unwrap();
        fs::write(folder.path().join("crl/real.crl"), b"no list").unwrap();
        let opened = Folder::open(folder.path()).unwrap();
        let find = |path: &str| opened.find(&Name::read(path).unwrap()).unwrap();
        for absent in ["crl/link.crl", "crl/folder.crl", "crl/none.crl", "ca/none.cer"] {
            assert!(find(absent).is_none(), "{absent}");
        }
        let first = find("crl/real.crl").unwrap();
        assert_eq!((first.length, first.until), (7, None));
        fs::write(folder.path().join("new"), b"another").unwrap();
        fs::rename(folder.path().join("new"), folder.path().join("crl/real.crl")).unwrap();
        assert_ne!(find("crl/real.crl").unwrap().tag, first.tag);
        assert!(Folder::open(&folder.path().join("none")).is_err());
        assert!(Folder::open(&folder.path().join("secret")).is_err());
    }
}
