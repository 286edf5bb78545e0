//! Checkpoints and their anchor.
//!
//! A checkpoint says "the ledger had N events and this root at this time" and is signed with SM2. It is stored, and then
//! appended to the anchor, a file outside the home. A home that was put back from an older copy is behind its anchor,
//! and nothing may be signed with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::PoisonError;

use hufu_ledger::checkpoint::Checkpoint;
use hufu_model::ident::{Digest, hex};
use hufu_model::time::Instant;
use hufu_x509::pem;
use hufu_x509::sign::Signer;
use hufu_x509::signed_data::{self, SignedData};

use crate::authority::{Authority, CaSigner};
use crate::error::{ErrorKind, Result};
use crate::home::{file_error, sync_dir};

/// The PEM label of a signed checkpoint.
pub const LABEL: &str = "HUFU CHECKPOINT";

/// A checkpoint whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// GM/T 0010 SignedData over its text.
    pub signed: Vec<u8>,
}

impl Authority {
    /// Signs a checkpoint over everything in the ledger, stores it and appends it to the anchor. Does nothing when the
    /// last one covers everything already.
    ///
    /// The last checkpoint's signature is verified, and the events since are read back from disk and hashed again first.
    ///
    /// # Errors
    /// `store.ledger-broken` when what is on disk is not what was hashed; signing, database and file errors.
    pub fn checkpoint(&self, ca: &CaSigner) -> Result<SignedCheckpoint> {
        // A thread that panicked here left nothing half done that the next line would not see in the database.
        let mut anchored = self.anchored.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = self.read(|r| Ok((r.last_checkpoint()?, r.event_count()?)))?;
        if let Some(last) = last {
            // The new tree grows from the last edge on disk: it must be the one that was signed.
            let done = self.verified(&last.signed)?;
            if done.checkpoint.size != last.size || done.checkpoint.root != last.root {
                return Err(crate::document::fault("checkpoint", "what is stored beside it is not what it says"));
            }
            // What an earlier process could not append any more is appended first; without an anchor nothing is signed.
            if last.size == count || anchored.is_none() {
                self.write_anchor(&mut anchored)?;
            }
            if last.size == count {
                return Ok(done);
            }
        }
        let (size, root) = self.store().checkpoint_material()?;
        let checkpoint = Checkpoint { origin: self.origin(), size, root, at: self.now().unix_seconds() };
        let text = checkpoint.encode();
        let key: &dyn Signer = &ca.ledger_key;
        let signed = signed_data::sign(text.as_bytes(), &self.identity.ledger, key, self.entropy.array()?)?;
        let done = self.verified(&signed)?;
        hufu_store::fault!("f9");
        self.store().append_checkpoint(ca.epoch, &done.checkpoint, &signed)?;
        hufu_store::fault!("f9-stored");
        self.write_anchor(&mut anchored)?;
        hufu_store::fault!("f10");
        Ok(done)
    }

    /// The name of this ledger in its checkpoints.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(&self.identity.ca)
    }

    /// Verifies a signed checkpoint of this authority.
    ///
    /// # Errors
    /// Structure and signature errors.
    pub fn verified(&self, signed: &[u8]) -> Result<SignedCheckpoint> {
        let data = SignedData::from_der(signed)?;
        data.verify(&self.identity.ledger.public_key()?)?;
        let checkpoint = decode(data.content())?;
        if checkpoint.origin != self.origin() {
            return Err(crate::document::fault("checkpoint", "it is another ledger's"));
        }
        Ok(SignedCheckpoint { checkpoint, signed: signed.to_vec() })
    }

    /// The checkpoints in the ledger, oldest first, each verified: what an anchor that was lost is written again from.
    ///
    /// # Errors
    /// Database errors; a checkpoint that does not verify.
    pub fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>> {
        let stored = self.read(|r| Ok(r.checkpoints_after(0)?))?;
        stored.iter().map(|c| self.verified(&c.signed)).collect()
    }

    /// The checkpoints in the anchor, oldest first, each verified.
    ///
    /// # Errors
    /// File errors; an entry that does not verify.
    pub fn anchor(&self) -> Result<Vec<SignedCheckpoint>> {
        let entries = self.anchor_entries()?;
        let mut seen = entries.iter().map(|signed| self.verified(signed)).collect::<Result<Vec<_>>>()?;
        // A process that was slow, and fenced off meanwhile, may have added an older one behind a newer one.
        seen.sort_by_key(|c| c.checkpoint.size);
        Ok(seen)
    }

    /// The largest checkpoint in the anchor, verified.
    fn last_anchored(&self) -> Result<Option<SignedCheckpoint>> {
        let mut last: Option<(u64, Vec<u8>)> = None;
        for signed in self.anchor_entries()? {
            let size = decode(SignedData::from_der(&signed)?.content())?.size;
            if last.as_ref().is_none_or(|(known, _)| size >= *known) {
                last = Some((size, signed));
            }
        }
        last.map(|(_, signed)| self.verified(&signed)).transpose()
    }

    fn anchor_entries(&self) -> Result<Vec<Vec<u8>>> {
        let path = self.home.anchor();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(file_error(path, e)),
        };
        // A power cut may have left the last entry half written: it is not counted, and written again.
        let entries = pem::blocks(&bytes).flatten().filter(|(label, _)| label == LABEL);
        Ok(entries.map(|(_, der)| der).collect())
    }

    /// Compares the home with its anchor, as every start of a signer does.
    ///
    /// # Errors
    /// [`ErrorKind::BehindAnchor`], [`ErrorKind::AnchorDiffers`], [`ErrorKind::AnchorMissing`].
    pub fn check_anchor(&self) -> Result<()> {
        let Some(seen) = self.last_anchored()? else {
            // The founding stores its checkpoint before it writes the anchor; after that there is always an anchor.
            let stored = self.read(|r| Ok(r.checkpoints_after(0)?.len()))?;
            let missing = || ErrorKind::AnchorMissing(self.home.anchor().to_owned()).into();
            return if stored > 1 { Err(missing()) } else { Ok(()) };
        };
        let (ledger, last, ours) =
            self.read(|r| Ok((r.event_count()?, r.last_event_at()?, r.checkpoint(seen.checkpoint.size)?)))?;
        if ledger < seen.checkpoint.size {
            let (anchor, at) = (seen.checkpoint.size, Instant::from_unix_seconds(seen.checkpoint.at));
            return Err(ErrorKind::BehindAnchor { ledger, last: last.unwrap_or(at), anchor, seen: at }.into());
        }
        match ours {
            Some(ours) if ours.signed == seen.signed => Ok(()),
            _ => Err(ErrorKind::AnchorDiffers { size: seen.checkpoint.size }.into()),
        }
    }

    /// Appends to the anchor every stored checkpoint that it lacks, and syncs it.
    ///
    /// # Errors
    /// [`ErrorKind::AnchorMissing`]; file and database errors.
    fn write_anchor(&self, anchored: &mut Option<u64>) -> Result<()> {
        let path = self.home.anchor();
        let known = match *anchored {
            Some(size) => size,
            None => self.last_anchored()?.map_or(0, |c| c.checkpoint.size),
        };
        let missing: Vec<_> = self.read(|r| Ok(r.checkpoints_after(known)?))?;
        // Only the founding begins an anchor. Elsewhere the medium is not there, and what stands in its place is another.
        let fresh = !path.exists();
        if (known > 0 && fresh) || (known == 0 && missing.len() > 1) {
            return Err(ErrorKind::AnchorMissing(path.to_owned()).into());
        }
        let Some(newest) = missing.last().map(|c| c.size) else {
            *anchored = Some(known);
            return Ok(());
        };
        // A line end first: the file may end in the half of an entry.
        let mut text = String::from("\n");
        for checkpoint in missing {
            text.push_str(&pem::encode(LABEL, &checkpoint.signed));
        }
        let mut file =
            OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|e| file_error(path, e))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(|e| file_error(path, e))?;
        if fresh {
            sync_dir(path.parent().unwrap_or(path))?;
        }
        *anchored = Some(newest);
        Ok(())
    }
}

/// The name of the ledger of the authority `ca`, SM3 of its founding CA's SubjectPublicKeyInfo.
pub(crate) fn origin(ca: &Digest) -> String {
    format!("hufu/{}", hex(&ca.0[..16]))
}

/// Reads a checkpoint's text.
pub(crate) fn decode(content: &[u8]) -> Result<Checkpoint> {
    let text = std::str::from_utf8(content).unwrap_or_default();
    Checkpoint::decode(text).map_err(|e| crate::document::fault("checkpoint", &e.to_string()))
}
