//! No text makes an import panic, hang, or write what cannot be read.

mod support;

use loomwork_dialects::{Dialect, ImportOptions, detect, import};
use proptest::prelude::*;
use support::SAMPLES;

fn import_all(text: &str) {
    let _ = detect("hostile.yaml", text);
    for dialect in Dialect::ALL {
        let Ok(imported) = import(dialect, "hostile.yaml", text, &ImportOptions::default()) else { continue };
        for file in imported.files {
            let broken = loomwork_workflow::analyze(&file.text).diagnostics;
            let broken = broken.iter().find(|diagnostic| matches!(diagnostic.code, "LW0101" | "LW0102" | "LW0104" | "LW0105"));
            assert!(broken.is_none(), "{broken:?}\n{}", file.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_text_is_survived(text in "\\PC{0,200}") {
        import_all(&text);
    }

    #[test]
    fn text_of_the_signs_of_yaml_is_survived(text in "[a-c:\\-\\[\\]{},\"'$(){}|&*!#\\n .0-9]{0,160}") {
        import_all(&text);
    }

    #[test]
    fn samples_with_a_piece_cut_out_or_put_in_are_survived(
        at in 0..SAMPLES.len(), from in 0.0..1.0_f64, length in 0..60_usize, piece in "[a-z:\\-\\[\\]{}\"'$|\\n .é]{0,12}"
    ) {
        let text = SAMPLES[at].text;
        let limit = text.len().min(6_000);
        let boundary = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
        // The cast cannot truncate: the product is within the text.
        let start = boundary((from * limit as f64) as usize);
        let end = boundary((start + length).min(text.len()));
        import_all(&format!("{}{piece}{}", &text[..start], &text[end..]));
    }
}
