//! Sets of steps, for every step.

/// One set of small numbers for each row.
pub(super) struct Bits {
    words: usize,
    all: Vec<u64>,
}

impl Bits {
    pub(super) fn new(rows: usize) -> Self {
        let words = rows.div_ceil(64);
        Self { words, all: vec![0; words * rows] }
    }

    pub(super) fn insert(&mut self, row: usize, member: usize) {
        self.all[row * self.words + member / 64] |= 1 << (member % 64);
    }

    pub(super) fn contains(&self, row: usize, member: usize) -> bool {
        self.all[row * self.words + member / 64] >> (member % 64) & 1 == 1
    }

    /// Adds the members of another row.
    pub(super) fn add_row(&mut self, row: usize, other: usize) {
        for word in 0..self.words {
            self.all[row * self.words + word] |= self.all[other * self.words + word];
        }
    }

    pub(super) fn row(&self, row: usize) -> &[u64] {
        &self.all[row * self.words..(row + 1) * self.words]
    }

    pub(super) fn add(&mut self, row: usize, members: &[u64]) {
        for (word, members) in self.all[row * self.words..].iter_mut().zip(members) {
            *word |= members;
        }
    }
}
