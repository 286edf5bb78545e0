//! A workbook is unpacked into nothing and counted before a parser sees it: what the archive says about its own sizes is
//! not believed.

use std::io::{self, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{ErrorKind, Result};
use crate::limits::Limits;

/// Octets unpacked at a time.
const PIECE: usize = 64 << 10;

/// The begin of one of the texts that a workbook keeps beside its sheets.
const TEXT: &[u8] = b"<si";

/// Refuses a workbook that unpacks to more than the limits allow.
pub(crate) fn check(file: &mut (impl Read + Seek), limits: &Limits) -> Result<()> {
    file.rewind()?;
    let packed = file.seek(io::SeekFrom::End(0))?;
    let allowed = limits.unpacked.min(packed.saturating_mul(limits.ratio).max(1 << 20));
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    let (mut octets, mut texts, mut text_octets) = (0_u64, 0_u64, 0_u64);
    let mut piece = vec![0; PIECE];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let shared = entry.name().map_err(damaged)?.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let read = match entry.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) => return Err(ErrorKind::Damaged(e.to_string()).into()),
            };
            octets += read as u64;
            if octets > allowed {
                return Err(ErrorKind::TooLarge { what: "octets when unpacked", limit: allowed }.into());
            }
            if shared {
                text_octets += read as u64;
                if text_octets > limits.text_octets {
                    return Err(ErrorKind::TooLarge { what: "octets of texts", limit: limits.text_octets }.into());
                }
                tail.extend_from_slice(piece.get(..read).unwrap_or_default());
                texts += tail.windows(TEXT.len()).filter(|w| *w == TEXT).count() as u64;
                tail.drain(..tail.len().saturating_sub(TEXT.len() - 1));
                if texts > limits.texts {
                    return Err(ErrorKind::TooLarge { what: "texts", limit: limits.texts }.into());
                }
            }
        }
    }
    Ok(())
}

fn damaged(e: ZipError) -> crate::error::Error {
    match e {
        ZipError::Io(e) if e.kind() != io::ErrorKind::UnexpectedEof => e.into(),
        e => ErrorKind::Damaged(e.to_string()).into(),
    }
}
