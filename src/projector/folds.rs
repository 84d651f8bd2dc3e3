//! Chronicles in memory between batches: those that were needed last, as many as memory is given to them.

use lru::LruCache;
use subject_record_projections::chronicle::Chronicle;
use subject_record_schemas::StreamName;

/// Chronicles by their streams.
#[derive(Debug)]
pub(super) struct Folds {
    kept: LruCache<StreamName, Chronicle>,
    bytes: usize,
    bytes_max: usize,
}

impl Folds {
    /// None yet, and never more than take so many bytes; but the one that was needed last is kept, however large it is.
    pub(super) fn within(bytes_max: usize) -> Self {
        Self { kept: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    pub(super) fn contains(&self, stream: &StreamName) -> bool {
        self.kept.contains(stream)
    }

    /// One that is kept. It does not count as needed.
    pub(super) fn peek(&self, stream: &StreamName) -> Option<&Chronicle> {
        self.kept.peek(stream)
    }

    pub(super) fn put(&mut self, stream: StreamName, chronicle: Chronicle) {
        self.bytes += chronicle.bytes();
        if let Some(replaced) = self.kept.put(stream, chronicle) {
            self.bytes -= replaced.bytes();
        }
        self.let_go();
    }

    /// Changes one, if it is kept.
    pub(super) fn change<T>(
        &mut self,
        stream: &StreamName,
        change: impl FnOnce(&mut Chronicle) -> T,
    ) -> Option<T> {
        let chronicle = self.kept.get_mut(stream)?;
        self.bytes -= chronicle.bytes();
        let changed = change(chronicle);
        self.bytes += chronicle.bytes();
        self.let_go();
        Some(changed)
    }

    /// Changes all, and lets go of those for which the answer is no.
    pub(super) fn retain(&mut self, mut change: impl FnMut(&StreamName, &mut Chronicle) -> bool) {
        let mut gone = Vec::new();
        self.bytes = 0;
        for (stream, chronicle) in &mut self.kept {
            if change(stream, chronicle) {
                self.bytes += chronicle.bytes();
            } else {
                gone.push(stream.clone());
            }
        }
        for stream in gone {
            self.kept.pop(&stream);
        }
        self.let_go();
    }

    fn let_go(&mut self) {
        while self.bytes > self.bytes_max && self.kept.len() > 1 {
            let Some((_, oldest)) = self.kept.pop_lru() else { return };
            self.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests;
