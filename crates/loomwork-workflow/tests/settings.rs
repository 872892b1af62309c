//! What `engine.yaml` means, what is refused, and that its page in the documentation says the same.
//!
//! `UPDATE_DOCS=1 cargo test -p loomwork-workflow --test settings` writes the JSON Schema.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::disallowed_methods, reason = "the tests compare files of the repository; the crate itself reads none")]

use std::path::PathBuf;

use loomwork_workflow::{
    Durability, EngineSettings, RemovalAction, RetentionRule, RetentionSettings, read_settings, settings_schema,
};
use serde_json::Value;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(name)
}

#[test]
fn every_key_is_read() {
    let text = "concurrency: 3\nconcurrency_per_workflow: 2\ndefaults: { timeout: 5m, retry: { attempts: 4 } }\n\
        checkpoints: { every: 50, keep: 2, keep_for: 7d }\ndead_letter_after: 1h\nlogs: { keep_for: 2d }\n\
        durability: normal\nresources: { cpu: 1.5, memory: 2GiB, gpu: 2 }\n";
    let settings = read_settings(text).unwrap();
    assert_eq!((settings.concurrency, settings.concurrency_per_workflow), (Some(3), Some(2)));
    assert_eq!(settings.defaults.timeout_ms, Some(300_000));
    assert_eq!(settings.defaults.retry.map(|retry| retry.attempts), Some(4));
    assert_eq!((settings.checkpoints.every, settings.checkpoints.keep, settings.checkpoints.keep_for_ms), (50, 2, 604_800_000));
    assert_eq!((settings.dead_letter_after_ms, settings.logs_keep_for_ms), (3_600_000, Some(172_800_000)));
    assert_eq!(settings.durability, Durability::Normal);
    let kept =
        read_settings("retention: { keep_for: 90d, keep: 9, failed: { keep_for: 1d, action: purge }, cancelled: { keep: 0 } }\n");
    let RetentionSettings { succeeded, failed, cancelled, compensated } = kept.unwrap().retention;
    let rule = |keep_for_ms, keep, action| RetentionRule { keep_for_ms: Some(keep_for_ms), keep: Some(keep), action };
    assert_eq!([succeeded, compensated], [rule(7_776_000_000, 9, RemovalAction::Archive); 2]);
    assert_eq!(failed, rule(86_400_000, 9, RemovalAction::Purge));
    assert_eq!(cancelled, rule(7_776_000_000, 0, RemovalAction::Archive));
    assert_eq!((settings.resources.cpu, settings.resources.memory_bytes), (Some(1.5), Some(2_147_483_648)));
    assert_eq!(settings.resources.kinds.get("gpu"), Some(&2.0));
}

#[test]
fn a_file_that_says_nothing_gives_the_defaults() {
    for text in ["", "# later\n", "{}\n", "---\n"] {
        assert_eq!(read_settings(text), Ok(EngineSettings::default()), "{text:?}");
    }
}

#[test]
fn a_problem_is_told_with_its_line_and_the_nearest_key() {
    for (text, line, column, words) in [
        ("concurency: 3\n", 1, 1, "Did you mean `concurrency`?"),
        ("durability: full\ncheckpoints:\n  evry: 50\n", 3, 3, "Did you mean `every`?"),
        ("durability: safe\n", 1, 13, "`safe` is none of `full`, `normal`."),
        ("concurrency: 0\n", 1, 14, "from 1 to 10000"),
        ("dead_letter_after: soon\n", 1, 20, "`soon` is not a duration"),
        ("resources: { slots: 3 }\n", 1, 14, "`concurrency`"),
        ("resources: { memory: much }\n", 1, 22, "size such as 512MB"),
        ("resources: { gpu: none }\n", 1, 19, "amount above 0"),
        ("resources: { two words: 1 }\n", 1, 14, "cannot be the name of a kind"),
        ("retention: { keep_fr: 3d }\n", 1, 14, "Did you mean `keep_for`?"),
        ("retention: { failed: { action: burn } }\n", 1, 32, "`burn` is none of `archive`, `purge`."),
        ("- concurrency\n", 1, 1, "A map is expected here"),
        ("defaults: { timeout: 0s }\n", 1, 22, "longer than nothing"),
        ("durability: [\n", 2, 1, ""),
    ] {
        let problems = read_settings(text).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        let at = problems[0].span.start;
        assert!(problems[0].message.contains(words), "{text}: {}", problems[0].message);
        assert_eq!((at.line, at.column), (line, column), "{text}");
    }
}

#[test]
fn the_page_shows_every_key_with_its_default() {
    let page = std::fs::read_to_string(docs("engine.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(read_settings(example), Ok(EngineSettings::default()), "the example shows the defaults");

    let schema = settings_schema();
    let mut keys = Vec::new();
    keys_of(&schema, &schema, "", &mut keys);
    assert!(keys.len() > 12, "{keys:?}");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), keys.len(), "one row a key");
    for ((path, doc), row) in keys.iter().zip(&rows) {
        assert!(row.starts_with(&format!("| `{path}` | ")), "the row of `{path}` is {row}");
        assert!(row.contains(doc), "the row of `{path}` says: {doc}");
    }
    // Without the comment signs the example shows the rest.
    for (path, _) in keys {
        let key = path.rsplit('.').next().unwrap();
        assert!(example.contains(&format!("{key}:")), "{path} is not in the example");
    }
}

/// The keys below a table, in order, with what they mean; those of `retry` have a page of their own.
fn keys_of(whole: &Value, table: &Value, prefix: &str, into: &mut Vec<(String, String)>) {
    for (name, key) in table["properties"].as_object().unwrap() {
        let path = format!("{prefix}{name}");
        into.push((path.clone(), key["description"].as_str().unwrap().to_owned()));
        if let Some(reference) = key["$ref"].as_str().filter(|_| name != "retry") {
            keys_of(whole, whole.pointer(reference.trim_start_matches('#')).unwrap(), &format!("{path}."), into);
        }
    }
}

#[test]
fn the_published_schema_is_the_one_of_the_code_and_takes_the_example() {
    let file = docs("engine.schema.json");
    let text = format!("{:#}\n", settings_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == text, "run this test with UPDATE_DOCS=1");
    let validator = jsonschema::validator_for(&settings_schema()).unwrap();
    for (value, fits) in [
        (serde_json::json!({ "concurrency": 3, "resources": { "cpu": 2, "gpu": 1 } }), true),
        (serde_json::json!({ "resources": { "slots": 1 } }), false),
        (serde_json::json!({ "concurency": 3 }), false),
    ] {
        assert_eq!(validator.is_valid(&value), fits, "{value}");
    }
}
