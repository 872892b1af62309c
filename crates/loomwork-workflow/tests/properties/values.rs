//! Texts and values that are hard to write as YAML.

use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            " ",
            "plain",
            "two words",
            "it's",
            "say \"hi\"",
            "a: b",
            "a #b",
            "# no",
            "- x",
            "[x]",
            "{x}",
            "12",
            "1.5",
            "true",
            "null",
            "~",
            "on",
            "é ü",
            "tab\there",
            "line\nline",
            "line\nline\n",
            "\nlead",
            "  lead\nx",
            "trail \nx\n\n",
            "a\r\nb",
            "\u{1F600}",
            "\u{85}",
            "\u{feff}x",
            "x\u{2028}y",
            "${{ inputs.n }}",
            "a ${{ 1 }} b",
            "*a",
            "&a",
            "!x",
            "%x",
            "@x",
            "`x`",
            "...",
            "---",
            "key:",
            "? x",
            "|",
            ">",
            "a\n\n\n",
            "\n",
            "\n\n",
            "0x1F",
            "1e3",
            ".5",
            "\\n",
            "a\u{0}b",
            "${{ {'a': 1} }}",
            "x\n# c\ny",
            "x: y\n- z",
        ])
        .prop_map(str::to_owned),
        "[ -~éü\n]{0,20}",
    ]
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1000..1000_i32).prop_map(|n| json!(f64::from(n) / 8.0)),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..3).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}
