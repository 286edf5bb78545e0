//! Files and folders in the order of their names.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hufu_model::text;

use super::Spot;
use super::index::{self, Index};
use crate::error::{ErrorKind, Result};
use crate::import::entry::SourceFault;

/// How deep folders are read.
const DEPTH: usize = 32;

/// What comes next.
pub(super) enum Step {
    File {
        path: PathBuf,
        place: String,
        index: Option<Arc<Index>>,
    },
    /// Everything that an index tells of was walked through.
    IndexEnds(Arc<Index>),
    Note(SourceFault),
    Fault(SourceFault),
}

pub(super) struct Walk {
    /// What was asked for and is not begun.
    asked: std::vec::IntoIter<PathBuf>,
    /// The folders that are open, the innermost last.
    levels: Vec<Level>,
    /// What comes before anything else.
    waiting: std::collections::VecDeque<Step>,
}

struct Level {
    folder: PathBuf,
    /// The folder as messages name it.
    shown: String,
    /// What was asked for, with links resolved: links lead nowhere else.
    root: PathBuf,
    names: std::vec::IntoIter<OsString>,
    /// The index that tells of what is here: the one in this folder or in the next one above.
    index: Option<Arc<Index>>,
    own_index: bool,
}

/// The name of a file or folder, safe to show.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    text::printable(&name.to_string_lossy())
}

impl Walk {
    /// A walk through `paths`. An index stands for the folder it lies in.
    pub(super) fn of(paths: &[PathBuf]) -> Result<Self> {
        let mut asked = Vec::new();
        for path in paths {
            fs::metadata(path).map_err(|source| ErrorKind::File { path: path.clone(), source })?;
            let folder = path.parent().filter(|_| path.file_name().is_some_and(|n| n == index::NAME));
            let folder = folder.map(|f| if f.as_os_str().is_empty() { PathBuf::from(".") } else { f.to_path_buf() });
            let path = folder.unwrap_or_else(|| path.clone());
            if !asked.contains(&path) {
                asked.push(path);
            }
        }
        Ok(Self { asked: asked.into_iter(), levels: Vec::new(), waiting: std::collections::VecDeque::new() })
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.waiting.pop_front() {
                return Some(step);
            }
            let Some(level) = self.levels.last_mut() else {
                let path = self.asked.next()?;
                let shown = name(&path);
                if path.is_dir() {
                    let root = path.canonicalize().unwrap_or_else(|_| path.clone());
                    self.enter(path, shown, root, None);
                } else {
                    return Some(Step::File { path, place: shown, index: None });
                }
                continue;
            };
            let Some(file) = level.names.next() else {
                let level = self.levels.pop()?;
                if let Some(index) = level.index.filter(|_| level.own_index) {
                    return Some(Step::IndexEnds(index));
                }
                continue;
            };
            let path = level.folder.join(&file);
            let place = format!("{}/{}", level.shown, name(Path::new(&file)));
            let (root, index) = (level.root.clone(), level.index.clone());
            match kind(&path, &root) {
                Ok(Kind::File) => return Some(Step::File { path, place, index }),
                Ok(Kind::Folder) if self.levels.len() < DEPTH => self.enter(path, place, root, index),
                Ok(Kind::Folder) => return Some(Step::Fault(fault(place, "folders are nested too deep"))),
                Ok(Kind::Away) => {
                    let what = "a link that leads out of the folder, or to a folder, is not followed";
                    return Some(Step::Note(Spot { position: 0, place }.fault("legacy.link", what)));
                }
                Err(e) => return Some(Step::Fault(fault(place, &e.to_string()))),
            }
        }
    }

    fn enter(&mut self, folder: PathBuf, shown: String, root: PathBuf, above: Option<Arc<Index>>) {
        let read = || -> io::Result<Vec<OsString>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&folder)? {
                let name = entry?.file_name();
                if !name.as_encoded_bytes().starts_with(b".") {
                    names.push(name);
                }
            }
            names.sort_unstable();
            Ok(names)
        };
        let mut names = match read() {
            Ok(names) => names,
            Err(e) => return self.waiting.push_back(Step::Fault(fault(shown, &e.to_string()))),
        };
        let (mut index, mut own_index) = (above, false);
        if let Some(at) = names.iter().position(|n| n == index::NAME) {
            names.remove(at);
            let place = format!("{shown}/{}", index::NAME);
            match Index::read(&folder.join(index::NAME), place.clone()) {
                Ok((own, faults)) => {
                    self.waiting.extend(faults.into_iter().map(Step::Fault));
                    (index, own_index) = (Some(Arc::new(own)), true);
                }
                Err(e) => self.waiting.push_back(Step::Fault(fault(place, &e.to_string()))),
            }
        }
        self.levels.push(Level { folder, shown, root, names: names.into_iter(), index, own_index });
    }
}

fn fault(place: String, what: &str) -> SourceFault {
    Spot { position: 0, place }.fault("legacy.file", what)
}

enum Kind {
    File,
    Folder,
    /// A link that is not followed.
    Away,
}

fn kind(path: &Path, root: &Path) -> io::Result<Kind> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        // A link to a folder could lead round in a circle.
        let inside = path.canonicalize().is_ok_and(|target| target.starts_with(root) && target.is_file());
        return Ok(if inside { Kind::File } else { Kind::Away });
    }
    if found.is_dir() {
        Ok(Kind::Folder)
    } else if found.is_file() {
        Ok(Kind::File)
    } else {
        Err(io::Error::other("it is neither a file nor a folder"))
    }
}
