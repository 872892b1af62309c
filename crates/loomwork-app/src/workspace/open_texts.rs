//! Texts that are being edited: what was found out about one version is used for the next.
//!
//! Invariant: an answer is what `loomwork_workflow` gives for the text alone. Only a few texts are kept, the latest ones,
//! and no more bytes of them than a bound. Not here: files (`catalog`).

use std::sync::{Arc, Mutex, PoisonError};

use loomwork_workflow::{Analysis, Analyzer, EditError, EditOp, Edited};

/// Most texts that are kept.
const MAX_TEXTS: usize = 4;
/// Most bytes of text that are kept; what is known of a text takes some forty times its size.
const MAX_BYTES: usize = 5_000_000;

/// The texts, the latest last.
#[derive(Debug, Default)]
pub(crate) struct OpenTexts {
    texts: Mutex<Vec<Analyzer>>,
}

impl OpenTexts {
    /// Analyses a text that is being edited.
    pub(crate) fn analyze(&self, text: &str) -> Arc<Analysis> {
        let mut analyzer = self.take(text).unwrap_or_default();
        let analysis = analyzer.analyze(text);
        self.keep(analyzer);
        analysis
    }

    /// Edits a text, and analyses what comes out.
    pub(crate) fn edit(&self, text: &str, ops: &[EditOp]) -> Result<(Edited, Arc<Analysis>), EditError> {
        let mut analyzer = self.take(text).unwrap_or_default();
        let edited = analyzer.edit(text, ops);
        self.keep(analyzer);
        edited
    }

    /// Analyses a text of a file, which may have been edited before it was saved.
    pub(crate) fn analyze_file(&self, text: &str) -> Arc<Analysis> {
        let Some(mut analyzer) = self.take(text) else { return Arc::new(loomwork_workflow::analyze(text)) };
        let analysis = analyzer.analyze(text);
        self.keep(analyzer);
        analysis
    }

    /// Takes the text that is most like another, when they have more than half in common. Whoever asks meanwhile goes
    /// without.
    fn take(&self, text: &str) -> Option<Analyzer> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = texts.iter().map(|known| known.bytes_in_common(text)).enumerate().max_by_key(|(_, bytes)| *bytes);
        let (at, _) = alike.filter(|(_, bytes)| bytes * 2 > text.len())?;
        Some(texts.remove(at))
    }

    fn keep(&self, analyzer: Analyzer) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(analyzer);
        while texts.len() > MAX_TEXTS || texts.iter().map(Analyzer::text_bytes).sum::<usize>() > MAX_BYTES {
            texts.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: &str, steps: usize) -> String {
        let steps: String = (0..steps).map(|step| format!("  - id: {id}_{step}\n    run: echo {step}\n")).collect();
        format!("loomwork: 1\nid: {id}\nsteps:\n{steps}")
    }

    #[test]
    fn versions_of_a_text_are_one_text_and_only_the_latest_texts_are_kept() {
        let open = OpenTexts::default();
        for round in 0..3 {
            let version = format!("{}# {round}\n", text("a", 20));
            let found = open.analyze(&version);
            assert_eq!(format!("{found:?}"), format!("{:?}", loomwork_workflow::analyze(&version)));
        }
        assert_eq!(open.texts.lock().unwrap().len(), 1);
        for id in ["b", "c", "d", "e", "f"] {
            let _ = open.analyze(&text(id, 20));
        }
        assert_eq!(open.texts.lock().unwrap().len(), MAX_TEXTS);
        assert!(open.take(&text("a", 20)).is_none(), "it was used longest ago");
        assert!(open.take(&text("f", 20)).is_some());
    }

    #[test]
    fn texts_beyond_the_bound_are_not_kept() {
        let open = OpenTexts::default();
        let large = |letter: char| format!("# {}\n", letter.to_string().repeat(MAX_BYTES / 2));
        let _ = open.analyze(&large('a'));
        let _ = open.analyze(&large('b'));
        assert_eq!(open.texts.lock().unwrap().len(), 1);
        let _ = open.analyze(&"#".repeat(MAX_BYTES + 1));
        assert!(open.texts.lock().unwrap().iter().map(Analyzer::text_bytes).sum::<usize>() <= MAX_BYTES);
    }

    #[test]
    fn a_file_that_nobody_edits_is_not_kept() {
        let open = OpenTexts::default();
        let _ = open.analyze_file(&text("a", 3));
        assert!(open.texts.lock().unwrap().is_empty());
    }
}
