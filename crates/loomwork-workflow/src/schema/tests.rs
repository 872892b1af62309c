//! The schema and decoding are held together, key by key, by changing documents bit by bit.
#![allow(clippy::disallowed_methods, reason = "the tests read files of the repository; the crate itself reads none")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::json_schema;
use crate::decode::keys::{Keys, STEP, Shape, TOP};
use crate::{Diagnostic, Severity, analyze};

const EVERY_KEY: &str = include_str!("../../tests/documents/every-key.yaml");

fn validator() -> Validator {
    let schema = json_schema();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is one");
    jsonschema::draft202012::new(&schema).expect("the schema can be used")
}

fn as_json(text: &str) -> Value {
    crate::yaml::read(text).0.expect("it can be read").to_json()
}

/// JSON is YAML, so a changed document needs no writer of YAML.
fn errors(document: &Value) -> Vec<Diagnostic> {
    let found = analyze(&document.to_string()).diagnostics;
    found.into_iter().filter(|found| found.severity == Severity::Error).collect()
}

fn told(errors: &[Diagnostic]) -> Vec<String> {
    errors.iter().map(|error| format!("{} {}", error.code, error.message)).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
}

fn of_the_repository(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder), &mut found);
    }
    found
}

#[test]
fn every_workflow_without_errors_fits_the_schema() {
    let validator = validator();
    let mut valid = 0;
    for path in of_the_repository(&["workflows", "tests/conformance/cases"]) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if analyze(&text).diagnostics.iter().any(|found| found.severity == Severity::Error) {
            continue;
        }
        valid += 1;
        let said: Vec<String> =
            validator.iter_errors(&as_json(&text)).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(said.is_empty(), "{}: {said:?}", path.display());
    }
    assert!(valid > 100, "only {valid} workflows were found");
}

#[test]
fn every_key_has_a_description() {
    fn visit(value: &Value, at: &str) {
        for (name, property) in value["properties"].as_object().into_iter().flatten() {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with(['.', '`']) && description.len() > 7, "{at}/{name}: {description:?}");
        }
    }
    let schema = json_schema();
    visit(&schema, "");
    schema["$defs"].as_object().expect("definitions").iter().for_each(|(name, table)| visit(table, name));
}

/// Every place of a document whose shape is told by a table: the pointer, its shape, and whether the key is one of a table.
struct Places {
    found: Vec<(String, Shape, bool)>,
    keys: BTreeSet<(&'static str, &'static str)>,
}

fn places(document: &Value) -> Places {
    let mut places = Places { found: Vec::new(), keys: BTreeSet::new() };
    places.table(document, "", &TOP);
    places
}

impl Places {
    fn table(&mut self, value: &Value, at: &str, keys: &'static Keys) {
        let Some(entries) = value.as_object() else { return };
        for (name, value) in entries {
            let Some(key) = keys.keys.iter().find(|key| key.name == name) else { continue };
            self.keys.insert((keys.name, key.name));
            let own = STEP.keys.iter().find(|own| own.name == key.name).map_or(key.shape, |own| own.shape);
            let shape = if matches!(key.shape, Shape::AsInStep) { own } else { key.shape };
            self.shape(value, &format!("{at}/{name}"), shape, true);
        }
    }

    fn shape(&mut self, value: &Value, at: &str, shape: Shape, key: bool) {
        if let Shape::Either(shapes) = shape {
            let fitting = shapes.iter().find(|shape| fits(**shape, value)).unwrap_or(&Shape::Any);
            return self.shape(value, at, *fitting, key);
        }
        self.found.push((at.to_owned(), shape, key));
        match shape {
            Shape::Table(keys) => self.table(value, at, keys),
            Shape::List(item) | Shape::NonEmpty(item) => {
                self.items(value, at, |this, value, at| this.shape(value, at, *item, false))
            }
            Shape::Steps => self.items(value, at, |this, value, at| this.table(value, at, &STEP)),
            Shape::Choose => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    let shape = if name == "else" { Shape::Name } else { Shape::Condition };
                    self.shape(value, &format!("{at}/{name}"), shape, false);
                }
            }
            Shape::Map(item) | Shape::Names(item) | Shape::Cases(item) => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    self.shape(value, &format!("{at}/{name}"), *item, false);
                }
            }
            _ => {}
        }
    }

    fn items(&mut self, value: &Value, at: &str, mut item: impl FnMut(&mut Self, &Value, &str)) {
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            item(self, value, &format!("{at}/{index}"));
        }
    }
}

/// Whether a value looks like one of several shapes.
fn fits(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Table(_) | Shape::Map(_) => value.is_object(),
        Shape::List(_) => value.is_array(),
        Shape::Words(words) => value.as_str().is_some_and(|value| words.contains(&value)),
        Shape::Expression => value.as_str().is_some_and(|value| value.contains("${{")),
        _ => !value.is_object() && !value.is_array(),
    }
}

fn documents() -> Vec<Value> {
    let examples = of_the_repository(&["workflows"]).into_iter().map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let mut documents = vec![as_json(EVERY_KEY)];
    documents.extend(examples.map(|text| as_json(&text)));
    documents
}

fn parent(pointer: &str) -> (&str, &str) {
    pointer.rsplit_once('/').expect("a pointer below the root")
}

fn renamed(document: &Value, pointer: &str) -> Value {
    let mut document = document.clone();
    let (parent, key) = parent(pointer);
    let map = document.pointer_mut(parent).and_then(Value::as_object_mut).expect("a map");
    *map = std::mem::take(map)
        .into_iter()
        .map(|(name, value)| if name == key { (format!("{name}_zz"), value) } else { (name, value) })
        .collect::<Map<_, _>>();
    document
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut document = document.clone();
    let (parent, key) = parent(pointer);
    document.pointer_mut(parent).and_then(Value::as_object_mut).expect("a map").shift_remove(key);
    document
}

#[test]
fn the_document_of_every_key_is_valid_and_has_every_key() {
    let document = as_json(EVERY_KEY);
    assert_eq!(told(&errors(&document)), Vec::<String>::new());
    let found = places(&document).keys;
    let mut missing = Vec::new();
    let mut visit = |keys: &Keys| {
        for key in keys.keys.iter().filter(|key| !matches!(key.shape, Shape::Refused)) {
            if !found.contains(&(keys.name, key.name)) {
                missing.push(format!("{} {}", keys.name, key.name));
            }
        }
    };
    let mut seen: Vec<&'static str> = Vec::new();
    let mut open: Vec<&'static Keys> = vec![&TOP, &STEP];
    while let Some(keys) = open.pop() {
        if seen.contains(&keys.name) {
            continue;
        }
        seen.push(keys.name);
        visit(keys);
        keys.keys.iter().for_each(|key| inside(key.shape, &mut open));
    }
    assert!(seen.len() > 30, "{seen:?}");
    assert_eq!(missing, Vec::<String>::new(), "add these to the document");
}

fn inside(shape: Shape, open: &mut Vec<&'static Keys>) {
    match shape {
        Shape::Table(keys) => open.push(keys),
        Shape::List(item) | Shape::NonEmpty(item) | Shape::Map(item) | Shape::Names(item) | Shape::Cases(item) => {
            inside(*item, open)
        }
        Shape::Either(shapes) => shapes.iter().for_each(|shape| inside(*shape, open)),
        _ => {}
    }
}

#[test]
fn a_misspelt_key_is_refused_by_both() {
    let validator = validator();
    for document in documents() {
        // Beside the keys that `resources` knows stand kinds of any name.
        let fixed = |pointer: &str| !pointer.contains("/resources/");
        for (pointer, ..) in places(&document).found.into_iter().filter(|(pointer, _, key)| *key && fixed(pointer)) {
            let changed = renamed(&document, &pointer);
            assert!(!validator.is_valid(&changed), "the schema takes {pointer}_zz");
            assert!(errors(&changed).iter().any(|error| error.code == "LW0111"), "{pointer}_zz is taken");
        }
    }
}

/// Problems that are about the shape of a value, and so are the schema's matter too.
const OF_SHAPE: [&str; 4] = ["LW0111", "LW0114", "LW0115", "LW0116"];

#[test]
fn a_value_of_another_shape_is_refused_by_both_or_by_none() {
    let validator = validator();
    let others = [json!(true), json!(-1.5), json!("zzz word"), json!(["zzz"]), json!({"zzz": 1})];
    let mut wrong = Vec::new();
    let document = as_json(EVERY_KEY);
    for (pointer, ..) in places(&document).found {
        for other in &others {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).expect("it is there") = other.clone();
            let (fits, errors) = (validator.is_valid(&changed), errors(&changed));
            if !fits && errors.is_empty() {
                wrong.push(format!("{pointer} = {other}: only the schema refuses it"));
            }
            // Whether a fallback may name an agent depends on the step around it.
            let of_shape = |error: &&Diagnostic| OF_SHAPE.contains(&error.code) && !error.message.starts_with("An action (only");
            if fits && errors.iter().any(|error| of_shape(&error)) {
                wrong.push(format!("{pointer} = {other}: only decoding refuses it: {:?}", told(&errors)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_key_that_is_left_out_is_missed_by_both_or_by_none() {
    let validator = validator();
    let mut wrong = Vec::new();
    for document in [as_json(EVERY_KEY)] {
        for (pointer, ..) in places(&document).found.into_iter().filter(|(_, _, key)| *key) {
            let changed = without(&document, &pointer);
            let (fits, errors) = (validator.is_valid(&changed), errors(&changed));
            let missed = errors.iter().any(|error| ["LW0111", "LW0113", "LW0131", "LW0134"].contains(&error.code));
            if fits == missed {
                wrong.push(format!("without {pointer}: fits {fits}, {:?}", told(&errors)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_words_of_the_schema_are_those_that_decoding_names() {
    let document = as_json(EVERY_KEY);
    let mut compared = 0;
    for (pointer, shape, _) in places(&document).found {
        let Shape::Words(words) = shape else { continue };
        let mut changed = document.clone();
        *changed.pointer_mut(&pointer).expect("it is there") = json!("zzz word");
        let errors = errors(&changed);
        let Some(listed) = errors.iter().find_map(|error| error.message.strip_prefix("`zzz word` is none of ")) else {
            // Where a word is one of several shapes, the message is about all of them.
            assert!(!errors.is_empty(), "{pointer} takes any word");
            continue;
        };
        let named: Vec<&str> = listed.trim_end_matches('.').split(", ").map(|word| word.trim_matches('`')).collect();
        assert_eq!(named, words, "{pointer}");
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}

#[test]
fn the_schema_in_the_documentation_is_the_one_that_is_made() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language/workflow.schema.json");
    let made = format!("{:#}\n", json_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(Path::new(path).parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(path, &made).expect("the schema can be written");
    }
    let written = std::fs::read_to_string(path).expect("the schema is there");
    assert!(
        written == made,
        "docs/language/workflow.schema.json is old: UPDATE_DOCS=1 cargo test -p loomwork-workflow --lib schema"
    );
}
