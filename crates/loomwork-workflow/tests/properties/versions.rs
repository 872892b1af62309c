//! A text that is analysed while it is edited says what it says alone.

use loomwork_workflow::{Analyzer, analyze};
use proptest::prelude::*;

use crate::documents::any_document;
use crate::pieces::PIECES;

/// A change: where (in thousandths of the text), how many characters go, and what comes.
fn any_change() -> impl Strategy<Value = (usize, usize, &'static str)> {
    (0..1000_usize, prop::sample::select(vec![0_usize, 0, 1, 1, 2, 9, 80]), prop::sample::select(PIECES))
}

fn changed(text: &str, (place, gone, piece): (usize, usize, &str)) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = place * characters.len() / 1000;
    let rest = characters.iter().skip(at + gone);
    characters.iter().take(at).copied().chain(piece.chars()).chain(rest.copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 5_000 }) })]

    #[test]
    fn every_version_is_analysed_as_if_it_were_the_only_one(
        (text, _) in any_document(),
        (more, _) in any_document(),
        changes in prop::collection::vec((any_change(), any::<bool>()), 1..8),
    ) {
        // Two documents in one have steps with the same ids, and more steps than one.
        let second = more.split_once("steps:").map_or("", |(_, steps)| steps);
        let mut text = format!("{}{second}", text.trim_end());
        let mut analyzer = Analyzer::default();
        let _ = analyzer.analyze(&text);
        for (change, kept) in changes {
            let version = changed(&text, change);
            prop_assert_eq!(format!("{:?}", analyzer.analyze(&version)), format!("{:?}", analyze(&version)), "{}", version);
            // What is not kept was typed and taken back.
            if kept { text = version; }
        }
    }
}
