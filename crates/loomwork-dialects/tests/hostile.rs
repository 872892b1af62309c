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

/// Large texts that ask for work beyond their size: many names alike, long conditions, data that doubles with each task.
#[test]
fn large_and_cunning_texts_are_survived() {
    let steps = "      - if: steps.a.outputs.b == 'c'\n        run: echo\n".repeat(9_000);
    import_all(&format!("jobs:\n  a:\n    steps:\n{steps}"));
    import_all(&format!("jobs:\n  a:\n    steps:\n      - if: {}\n        run: x\n", "a.b && ".repeat(100_000)));
    let agents = "    - {agent: a, inputs: {x: $steps.step_9.y}}\n".repeat(5_000);
    import_all(&format!("workflow:\n  steps:\n{agents}"));
    let doubling: String =
        (0..60).map(|at| format!("  - t{at}: {{set: {{a: 1}}, output: {{as: {{l: '${{ . }}', r: '${{ . }}'}}}}}}\n")).collect();
    import_all(&format!("document: {{dsl: 1.0.0, name: x}}\ndo:\n{doubling}"));
    let nested = "(".repeat(50_000);
    import_all(&format!("document: {{dsl: 1.0.0, name: x}}\ndo:\n  - a: {{set: '${{ {nested} }}'}}\n"));
    let calls: String =
        (0..40).map(|at| format!("    f{at}: {{do: [{{a: {{call: f{0}}}}}, {{b: {{call: f{0}}}}}]}}\n", at + 1)).collect();
    import_all(&format!("document: {{dsl: 1.0.0, name: x}}\nuse:\n  functions:\n{calls}\ndo:\n  - a: {{call: f0}}\n"));
    let tasks: Vec<String> =
        (0..9_000).map(|at| format!("{{\"id\": \"{at}\", \"name\": \"same\", \"parents\": [\"same\"]}}")).collect();
    import_all(&format!("{{\"workflow\": {{\"specification\": {{\"tasks\": [{}]}}}}}}", tasks.join(",")));
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
