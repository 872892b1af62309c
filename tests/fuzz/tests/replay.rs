//! What was found once stays found: every kept input goes through its target again.

use std::path::{Path, PathBuf};

use loomwork_fuzz::TARGETS;

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.expect("the corpus can be listed").path()).collect();
    inputs.sort();
    inputs
}

#[test]
fn every_kept_input_is_survived_by_its_target() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() >= 20, "the corpus of {name} is all but empty");
        for input in inputs {
            let bytes = std::fs::read(&input).expect("an input can be read");
            let survived = std::panic::catch_unwind(|| target(&bytes));
            assert!(survived.is_ok(), "{}", input.display());
        }
    }
}
