//! What is signed about the ledger, and how it is made sure that it is true.

use hufu_ledger::{Checkpoint, Event, Frontier, leaf_hash};
use rusqlite::Connection;

use crate::cell::{Cell, execute, int, query_one};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::write;

impl Store {
    /// The size and the root of the tree, for the next checkpoint.
    ///
    /// The leaves since the last checkpoint are read back and hashed again, in a connection that did not write them:
    /// one flipped bit in a stored hash would otherwise be signed, and no proof would hold ever after.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LedgerBroken`] when what is stored is not what was hashed; database errors.
    pub fn checkpoint_material(&self) -> Result<(u64, [u8; 32])> {
        self.read(|r| {
            let connection = r.connection();
            let found = grown(connection, last_edge(connection)?, None, Again::FromLeaves)?;
            if found != write::frontier(connection)? {
                return Err(Error::broken("the edge of its tree is not that of its leaves"));
            }
            Ok((found.size(), found.root()))
        })
    }

    /// Stores a checkpoint that was signed.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Fenced`]; [`crate::ErrorKind::Duplicate`] when a checkpoint of this size or a larger one is
    /// stored; [`crate::ErrorKind::LedgerBroken`] when the ledger does not have this root at this size; as
    /// [`Store::write`].
    pub fn append_checkpoint(&self, epoch: u64, checkpoint: &Checkpoint, signed: &[u8]) -> Result<()> {
        self.transaction(|connection| {
            write::fence(connection, epoch)?;
            append(connection, checkpoint, signed)
        })
    }
}

/// Stores a checkpoint that was signed, when the ledger has this root at this size.
pub(crate) fn append(connection: &Connection, checkpoint: &Checkpoint, signed: &[u8]) -> Result<()> {
    let before = last_edge(connection)?;
    if checkpoint.size <= before.size() {
        return Err(Error::duplicate(format!("a checkpoint of {} events", before.size())));
    }
    let edge = grown(connection, before, Some(checkpoint.size), Again::FromHashes)?;
    if edge.size() != checkpoint.size || edge.root() != checkpoint.root {
        let what = format!("it does not have the root that was signed for {} events", checkpoint.size);
        return Err(Error::broken(what));
    }
    const INSERT: &str = "INSERT INTO checkpoint (size, root, at, edge, signed) VALUES (?, ?, ?, ?, ?)";
    let edge = edge.to_bytes();
    let cells = [
        Cell::count(checkpoint.size),
        Cell::Blob(&checkpoint.root),
        Cell::Int(checkpoint.at),
        Cell::Blob(&edge),
        Cell::Blob(signed),
    ];
    execute(connection, INSERT, &cells)?;
    Ok(())
}

/// How much of a leaf is computed again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Its hash, and everything its columns repeat.
    FromLeaves,
    /// Nothing.
    FromHashes,
}

/// The edge of the tree at the last checkpoint; of the empty tree when there is none.
fn last_edge(connection: &Connection) -> Result<Frontier> {
    const LAST: &str = "SELECT size, root, edge FROM checkpoint ORDER BY size DESC LIMIT 1";
    let last = query_one(connection, "checkpoint", LAST, &[], |c| Ok((c.number::<u64>()?, c.hash()?, c.bytes()?)))?;
    let Some((size, root, edge)) = last else { return Ok(Frontier::new()) };
    let edge = Frontier::from_bytes(&edge).map_err(|e| Error::broken(e.to_string()))?;
    if edge.size() != size || edge.root() != root {
        return Err(Error::broken(format!("the stored edge of checkpoint {size} does not have its root")));
    }
    Ok(edge)
}

/// `edge` with the leaves behind it, up to `size` or to the end.
fn grown(connection: &Connection, mut edge: Frontier, size: Option<u64>, again: Again) -> Result<Frontier> {
    const LEAVES: &str =
        "SELECT seq, at, kind, actor, object, hash, leaf FROM event WHERE seq >= ? AND seq < ? ORDER BY seq";
    let range = [edge.size(), size.unwrap_or(u64::MAX)].map(int);
    let mut statement = connection.prepare_cached(LEAVES)?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        if seq != edge.size() {
            return Err(Error::broken(format!("event {} is missing", edge.size())));
        }
        let hash: [u8; 32] = row.get(5)?;
        if again == Again::FromLeaves {
            let leaf = row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?;
            if leaf_hash(leaf) != hash {
                return Err(Error::broken(format!("event {seq} does not have its hash")));
            }
            let event = Event::decode(leaf).map_err(|e| Error::broken(format!("event {seq}: {e}")))?;
            let same = event.seq == seq
                && event.at == row.get::<_, i64>(1)?
                && event.kind == row.get::<_, String>(2)?
                && event.actor == row.get::<_, Option<String>>(3)?
                && event.object == row.get::<_, String>(4)?;
            if !same {
                return Err(Error::broken(format!("event {seq} says otherwise than its leaf")));
            }
        }
        edge.push(hash);
    }
    Ok(edge)
}

#[cfg(test)]
mod tests;
