//! A disk that may lose what was not synced.

use hufu_model::ident::Serial;

use super::trace::Step;

/// What reaches the disk whole or not at all.
const SECTOR: usize = 512;

/// A disk while the recording plays: what is durable, and what is written and not yet synced.
pub(crate) struct Disk {
    durable: [Option<Vec<u8>>; 3],
    pub(crate) pending: [Vec<Step>; 3],
    pub(crate) acknowledged: Vec<(Serial, String)>,
}

/// The contents of [`FILES`]; none of one that does not exist.
pub(crate) type Contents = [Option<Vec<u8>>; 3];

impl Disk {
    pub(crate) fn new(before: &Contents) -> Self {
        Self { durable: before.clone(), pending: Default::default(), acknowledged: Vec::new() }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Write { file, .. } | Step::Truncate { file, .. } | Step::Remove { file } => {
                self.pending[*file].push(step.clone());
            }
            Step::Sync { file } => {
                for step in std::mem::take(&mut self.pending[*file]) {
                    apply(&mut self.durable[*file], &step, |_| true);
                }
            }
            Step::Acknowledged(serial, der) => self.acknowledged.push((serial.clone(), der.clone())),
        }
    }

    /// Everything that was written, synced or not.
    pub(crate) fn everything(&self) -> Contents {
        self.cut(&mut |_, _| true, &mut |_| true)
    }

    /// The contents after a cut: `there` says whether a pending step reached the disk, `sector` whether each of its
    /// sectors did.
    pub(crate) fn cut(
        &self,
        there: &mut dyn FnMut(usize, usize) -> bool,
        sector: &mut dyn FnMut(usize) -> bool,
    ) -> Contents {
        let mut contents = self.durable.clone();
        for (file, pending) in self.pending.iter().enumerate() {
            for (number, step) in pending.iter().enumerate() {
                if there(file, number) {
                    apply(&mut contents[file], step, &mut *sector);
                }
            }
        }
        contents
    }
}

fn apply(contents: &mut Option<Vec<u8>>, step: &Step, mut sector: impl FnMut(usize) -> bool) {
    match step {
        Step::Write { at, bytes, .. } => {
            let whole = contents.get_or_insert_default();
            let mut from = 0;
            while from < bytes.len() {
                let place = at + from;
                let to = bytes.len().min(from + SECTOR - place % SECTOR);
                if sector(place / SECTOR) {
                    if whole.len() < place + to - from {
                        whole.resize(place + to - from, 0);
                    }
                    whole[place..place + to - from].copy_from_slice(&bytes[from..to]);
                }
                from = to;
            }
        }
        Step::Truncate { length, .. } => contents.get_or_insert_default().resize(*length, 0),
        Step::Remove { .. } => *contents = None,
        Step::Sync { .. } | Step::Acknowledged(..) => {}
    }
}
