//! From text to the tree, through the events of `saphyr-parser`.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Number, Value};

use super::{Content, Data, MAX_BYTES, MAX_DEPTH, MAX_NODES, Source, Step};
use crate::ImportError;

impl Source {
    /// Reads a text.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, ImportError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader { name, ..Reader::default() };
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes, and at most {MAX_BYTES} are imported; split it", text.len());
            return Err(reader.too_large(1, message));
        }
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, span)) => reader.event(event, line(span.start.line()), line(span.start.col() + 1))?,
                Err(error) => {
                    let marker = error.marker();
                    return Err(reader.unreadable(line(marker.line()), line(marker.col() + 1), error.info()));
                }
            }
        }
        if reader.nodes.is_empty() {
            return Err(reader.unreadable(1, 1, "there is nothing in the file"));
        }
        Ok(Self { name: name.to_owned(), nodes: reader.nodes })
    }
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A collection that is not closed yet.
struct Open {
    at: u32,
    anchor: usize,
    /// The key whose value comes next, in a map.
    key: Option<String>,
    seen: HashSet<String>,
}

#[derive(Default)]
struct Reader<'n> {
    name: &'n str,
    nodes: Vec<Data>,
    open: Vec<Open>,
    anchors: HashMap<usize, u32>,
    documents: usize,
}

impl Reader<'_> {
    fn unreadable(&self, line: u32, column: u32, message: &str) -> ImportError {
        let line = line.max(1);
        ImportError::Unreadable { name: self.name.to_owned(), line, column, message: message.to_owned() }
    }

    fn too_large(&self, line: u32, message: String) -> ImportError {
        ImportError::TooLarge { name: self.name.to_owned(), line: line.max(1), message }
    }

    fn event(&mut self, event: Event<'_>, line: u32, column: u32) -> Result<(), ImportError> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a file holds one workflow; put the second document (`---`) into a file of its own";
                    return Err(self.unreadable(line, column, message));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar_value(&text, style, tag.as_deref());
                if self.is_key() {
                    return self.key(text.into_owned(), line, column);
                }
                let at = self.add(line, Content::Scalar(text.into_owned(), value))?;
                self.remember(anchor, at);
            }
            Event::SequenceStart(anchor, _) => self.start(anchor, line, column, Content::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => self.start(anchor, line, column, Content::Map(Vec::new()))?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.remember(open.anchor, open.at);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, line, column)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Whether the next scalar is the key of an entry.
    fn is_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.key.is_none() && matches!(self.nodes[open.at as usize].content, Content::Map(_)))
    }

    fn key(&mut self, key: String, line: u32, column: u32) -> Result<(), ImportError> {
        let twice = self.open.last_mut().is_some_and(|open| {
            open.key = Some(key.clone());
            !open.seen.insert(key.clone())
        });
        if twice {
            let shown: String = key.chars().take(60).collect();
            return Err(self.unreadable(line, column, &format!("the key `{shown}` stands twice in this map; remove one")));
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, at: u32) {
        if anchor > 0 {
            self.anchors.insert(anchor, at);
        }
    }

    fn start(&mut self, anchor: usize, line: u32, column: u32, content: Content) -> Result<(), ImportError> {
        if self.is_key() {
            return Err(self.unreadable(line, column, "a key must be text"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_large(line, format!("this is nested deeper than {MAX_DEPTH} levels")));
        }
        let at = self.add(line, content)?;
        self.open.push(Open { at, anchor, key: None, seen: HashSet::new() });
        Ok(())
    }

    fn add(&mut self, line: u32, content: Content) -> Result<u32, ImportError> {
        let parent = self.open.last().map(|open| open.at);
        let step = match self.open.last_mut() {
            None => Step::Root,
            Some(open) => match open.key.take() {
                Some(key) => Step::Key(key),
                None => Step::Index(match &self.nodes[open.at as usize].content {
                    Content::List(items) => items.len(),
                    _ => 0,
                }),
            },
        };
        self.push(parent, step, line, content)
    }

    fn push(&mut self, parent: Option<u32>, step: Step, line: u32, content: Content) -> Result<u32, ImportError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(self.too_large(line, format!("the file has more than {MAX_NODES} values; split it")));
        }
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Data { parent: parent.unwrap_or(0), step, line, content, read: Cell::new(false) });
        if let Some(parent) = parent {
            match &mut self.nodes[parent as usize].content {
                Content::List(children) | Content::Map(children) => children.push(at),
                Content::Scalar(..) => {}
            }
        }
        Ok(at)
    }

    fn alias(&mut self, anchor: usize, line: u32, column: u32) -> Result<(), ImportError> {
        let Some(&target) = self.anchors.get(&anchor) else {
            return Err(self.unreadable(line, column, "an alias cannot stand inside the anchor it names"));
        };
        if self.is_key() {
            let Content::Scalar(text, _) = self.nodes[target as usize].content.clone() else {
                return Err(self.unreadable(line, column, "a key must be text"));
            };
            return self.key(text, line, column);
        }
        let content = shell(&self.nodes[target as usize].content);
        let at = self.add(line, content)?;
        self.copy_children(target, at, line)
    }

    /// Unfolds an alias: each copy remembers for itself whether it was read.
    fn copy_children(&mut self, from: u32, to: u32, line: u32) -> Result<(), ImportError> {
        let mut rest = vec![(from, to, self.open.len() + 1)];
        while let Some((from, to, depth)) = rest.pop() {
            let children = match &self.nodes[from as usize].content {
                Content::List(children) | Content::Map(children) => children.clone(),
                Content::Scalar(..) => continue,
            };
            if depth > MAX_DEPTH {
                return Err(self.too_large(line, format!("aliases unfold deeper than {MAX_DEPTH} levels")));
            }
            for child in children {
                let (step, content) = {
                    let data = &self.nodes[child as usize];
                    (data.step.clone(), shell(&data.content))
                };
                let copy = self.push(Some(to), step, line, content)?;
                rest.push((child, copy, depth + 1));
            }
        }
        Ok(())
    }
}

/// A scalar itself, a collection without what it holds.
fn shell(content: &Content) -> Content {
    match content {
        Content::Scalar(text, value) => Content::Scalar(text.clone(), value.clone()),
        Content::List(_) => Content::List(Vec::new()),
        Content::Map(_) => Content::Map(Vec::new()),
    }
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let string = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style == ScalarStyle::Plain && !string { resolve_plain(text) } else { Value::String(text.to_owned()) }
}

/// The value of an unquoted scalar by the core schema of YAML 1.2 (section 10.3.2); what JSON cannot hold stays text.
pub(crate) fn resolve_plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let number = if let Some(digits) = text.strip_prefix("0x") {
        u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).map(Number::from)
    } else if let Some(digits) = text.strip_prefix("0o") {
        u64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')).map(Number::from)
    } else if text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'))
        && text.contains(|c: char| c.is_ascii_digit())
        && !text.starts_with(['e', 'E'])
    {
        let plain = text.strip_prefix('+').filter(|rest| !rest.starts_with(['+', '-'])).unwrap_or(text);
        let whole = plain.parse::<i64>().map(Number::from).or_else(|_| plain.parse::<u64>().map(Number::from));
        whole.ok().or_else(|| plain.parse::<f64>().ok().and_then(Number::from_f64))
    } else {
        None
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_found_at_its_topmost_place() {
        let source = Source::read("x.yaml", "a: {b: 1, c: {d: 2, e: []}}\nf: [x, y]\n").unwrap();
        let root = source.root();
        assert_eq!(root.get("a").and_then(|a| a.get("b")).and_then(Node::whole), Some(1));
        assert_eq!(root.get("f").map(|f| f.items()[0]).and_then(Node::string), Some("x"));
        let unread: Vec<(String, u32)> = source.unread().iter().map(|node| (node.path(), node.line())).collect();
        assert_eq!(unread, [("/a/c".to_owned(), 1), ("/f/1".to_owned(), 2)]);
    }

    #[test]
    fn asking_for_the_wrong_kind_does_not_count_as_reading() {
        let source = Source::read("x.yaml", "a: soon\n").unwrap();
        assert_eq!(source.root().get("a").and_then(Node::whole), None);
        assert_eq!(source.unread().len(), 1);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let refs = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
        }
        assert!(matches!(Source::read("x.yaml", &text), Err(ImportError::TooLarge { .. })));
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let error = Source::read("x.yaml", "a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.line() >= 2, "{error}");
        assert!(Source::read("x.yaml", "a: 1\na: 2\n").unwrap_err().to_string().contains("line 2"));
    }

    use super::super::Node;
}
