//! From text to nodes, through the events of `saphyr-parser`.
//!
//! Invariant: what was read before a syntax error is kept, so that a half-written file can still be shown.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::fault::{Fault, FaultKind, tab_indentation};
use super::places::opens_flow;
use super::surrogates;
use super::{Content, Entry, MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_EXPANDED, MAX_NODES, Node, Scalar, Style, entry_removal};
use crate::text::Place;

/// Reads a text. The tree is `None` when there is nothing in it, or nothing was kept.
pub(crate) fn read(text: &str) -> (Option<Node>, Vec<Fault>) {
    let (root, faults, _) = read_all(text);
    (root, faults)
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) nodes: usize,
    /// Whether there are anchors or aliases.
    pub(super) linked: bool,
}

/// Reads a text, and says how much there was.
pub(super) fn read_all(text: &str) -> (Option<Node>, Vec<Fault>, Extent) {
    if text.len() > MAX_BYTES {
        let message = format!("The file has {} bytes; at most {MAX_BYTES} are read. Split the workflow.", text.len());
        return (None, vec![Fault::new(FaultKind::TooLarge, Place::new(0, 0), message)], Extent::default());
    }
    let mut reader = Reader::new(text);
    reader.run();
    let extent = Extent { nodes: reader.nodes, linked: reader.kept > 0 || reader.aliases > 0 };
    let (root, faults) = reader.finish();
    (root, faults, extent)
}

/// Entries of a map that are compared one by one.
const SMALL_MAP: usize = 24;

/// A collection that is not closed yet.
pub(super) enum Open {
    List { start: usize, flow: bool, anchor: usize, items: Vec<Node> },
    Map { start: usize, flow: bool, anchor: usize, entries: Vec<Entry>, key: Option<(String, Place)>, seen: HashSet<String> },
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    /// Byte offset of every character, only for text that is not ASCII.
    offsets: Vec<usize>,
    pub(super) stack: Vec<Open>,
    root: Option<Node>,
    /// Anchored nodes with their size and depth.
    anchors: HashMap<usize, (Node, Size)>,
    kept: usize,
    faults: Vec<Fault>,
    nodes: usize,
    aliases: usize,
    expanded: usize,
    /// End of what was read last: the header of a block scalar is looked for from here.
    pub(super) last_end: usize,
    documents: usize,
    /// Whether characters are written as pairs of escapes.
    paired: bool,
    stop: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self {
            text,
            offsets,
            stack: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            kept: 0,
            faults: Vec::new(),
            nodes: 0,
            aliases: 0,
            expanded: 0,
            last_end: 0,
            documents: 0,
            paired: false,
            stop: false,
        }
    }

    fn byte(&self, char_index: usize) -> usize {
        if self.offsets.is_empty() {
            char_index.min(self.text.len())
        } else {
            self.offsets.get(char_index).copied().unwrap_or(self.text.len())
        }
    }

    fn fault(&mut self, kind: FaultKind, place: Place, message: String) {
        self.faults.push(Fault::new(kind, place, message));
    }

    fn run(&mut self) {
        let prepared = surrogates::prepared(self.text);
        self.paired = matches!(prepared, Cow::Owned(_));
        for event in Parser::new_from_str(&prepared) {
            match event {
                Ok((event, span)) => {
                    let place = Place::new(self.byte(span.start.index()), self.byte(span.end.index()));
                    self.event(event, place);
                }
                Err(error) => {
                    let at = self.byte(error.marker().index());
                    self.syntax_error(at, error.info());
                    return;
                }
            }
            if self.stop {
                return;
            }
        }
    }

    fn syntax_error(&mut self, at: usize, info: &str) {
        let place = Place::new(at, at + self.text[at..].chars().next().map_or(0, char::len_utf8));
        if let Some(tabs) = tab_indentation(self.text, at) {
            let message = "A tab cannot indent in YAML; indent with spaces.".to_owned();
            self.fault(FaultKind::Tab, tabs, message);
        } else {
            self.fault(FaultKind::Syntax, place, format!("This is not valid YAML: {info}."));
        }
    }

    fn event(&mut self, event: Event<'_>, place: Place) {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fault(
                        FaultKind::Unsupported,
                        place,
                        "A file holds one workflow; remove the second document (`---`).".to_owned(),
                    );
                    self.stop = true;
                }
            }
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), place),
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", place);
                let flow = opens_flow(place.slice(self.text), '[');
                let start = if flow { place.start } else { self.dash_before(place.start) };
                self.open(Open::List { start, flow, anchor, items: Vec::new() }, place);
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", place);
                let flow = opens_flow(place.slice(self.text), '{');
                self.open(
                    Open::Map { start: place.start, flow, anchor, entries: Vec::new(), key: None, seen: HashSet::new() },
                    place,
                );
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(place.start + 1)),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    fn open(&mut self, open: Open, place: Place) {
        if self.stack.len() >= MAX_DEPTH {
            let message = format!("This is nested deeper than {MAX_DEPTH} levels.");
            self.fault(FaultKind::TooLarge, place, message);
            self.stop = true;
            return;
        }
        self.last_end = self.last_end.max(place.start);
        self.stack.push(open);
    }

    /// Closes the innermost collection; without an end (the text broke off) it ends where its last part ends.
    fn close(&mut self, end: Option<usize>) {
        let last_end = self.last_end;
        let (start, flow, anchor, content) = match self.stack.pop() {
            Some(Open::List { start, flow, anchor, items }) => (start, flow, anchor, Content::List(items)),
            Some(Open::Map { start, flow, anchor, entries, .. }) => (start, flow, anchor, Content::Map(entries)),
            None => return,
        };
        // A block collection is reported to end where the next thing begins; comments there are not its own.
        let end = match end {
            Some(end) if flow => end,
            _ => last_end.max(start),
        };
        self.last_end = self.last_end.max(end);
        let node = Node { place: Place::new(start, end), content, flow, aliased: false, anchored: anchor > 0 };
        self.add(node, anchor);
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, place: Place) {
        let tagged_string = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        if !tagged_string {
            self.refuse_tag(tag, "str", place);
        }
        let (style, place) = self.scalar_place(style, place);
        self.last_end = self.last_end.max(place.end);
        let source = place.slice(self.text);
        let paired = self.paired.then(|| surrogates::restored(&text, source, style == Style::Double)).flatten();
        let scalar = Scalar { text: paired.unwrap_or_else(|| text.into_owned()), style, tagged_string };
        let node = Node { place, content: Content::Scalar(scalar), flow: false, aliased: false, anchored: anchor > 0 };
        self.add(node, anchor);
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, allowed: &str, place: Place) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == allowed)
        {
            self.fault(FaultKind::Unsupported, place, format!("Tags such as `{tag}` are not used here; remove it."));
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) {
        self.aliases += 1;
        self.last_end = self.last_end.max(place.end);
        let Some((target, size)) = self.anchors.get(&anchor) else {
            // The scanner refuses unknown anchors, so this one is still open: it would contain itself.
            self.fault(FaultKind::Unsupported, place, "An alias cannot stand inside the anchor it names.".to_owned());
            self.stop = true;
            return;
        };
        self.expanded += size.nodes;
        let too_deep = self.stack.len() + size.depth > MAX_DEPTH;
        if self.aliases > MAX_ALIASES || self.expanded > MAX_EXPANDED || too_deep {
            let message = format!(
                "Aliases may unfold to {MAX_EXPANDED} values, {MAX_DEPTH} levels deep, and a file may hold {MAX_ALIASES} of them."
            );
            self.fault(FaultKind::TooLarge, place, message);
            self.stop = true;
            return;
        }
        let mut node = target.clone();
        node.place = place;
        node.aliased = true;
        self.add(node, 0);
    }

    fn add(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if anchor > 0 && self.nodes <= MAX_NODES {
            let size = size(&node);
            self.kept += size.nodes;
            if self.kept <= MAX_NODES {
                self.anchors.insert(anchor, (node.clone(), size));
            }
        }
        if self.nodes > MAX_NODES || self.kept > MAX_NODES {
            let message = format!("The file has more than {MAX_NODES} values.");
            self.fault(FaultKind::TooLarge, node.place, message);
            self.stop = true;
            return;
        }
        let duplicate = match self.stack.last_mut() {
            None => {
                self.root = Some(node);
                return;
            }
            Some(Open::List { items, .. }) => {
                items.push(node);
                return;
            }
            Some(Open::Map { entries, key, seen, flow, .. }) => match key.take() {
                None => match node.content {
                    Content::Scalar(scalar) => {
                        *key = Some((scalar.text, node.place));
                        return;
                    }
                    _ => {
                        *key = Some((String::new(), node.place));
                        Err(node.place)
                    }
                },
                Some((name, key_place)) => {
                    if stands_twice(&name, entries, seen) {
                        let first = entries.iter().find(|entry| entry.key == name).map(|entry| entry.key_place);
                        let written = node.place.end > key_place.end;
                        let part = Place::new(key_place.start, node.place.end);
                        let removal = written.then(|| entry_removal(self.text, part, *flow)).flatten();
                        let message = format!("The key `{name}` stands twice in this map; remove one.");
                        Ok(Fault { first, removal, ..Fault::new(FaultKind::DuplicateKey, key_place, message) })
                    } else {
                        entries.push(Entry { key: name, key_place, value: node });
                        return;
                    }
                }
            },
        };
        match duplicate {
            Ok(fault) => self.faults.push(fault),
            Err(place) => self.fault(FaultKind::Unsupported, place, "A key must be text.".to_owned()),
        }
    }

    fn finish(mut self) -> (Option<Node>, Vec<Fault>) {
        while !self.stack.is_empty() {
            if let Some(Open::Map { entries, key, .. }) = self.stack.last_mut()
                && let Some((name, key_place)) = key.take()
            {
                let place = Place::new(key_place.end, key_place.end);
                let scalar = Scalar { text: String::new(), style: Style::Plain, tagged_string: false };
                let value = Node { place, content: Content::Scalar(scalar), flow: false, aliased: false, anchored: false };
                entries.push(Entry { key: name, key_place, value });
            }
            self.close(None);
        }
        (self.root, self.faults)
    }
}

/// Whether a map already has a key; of a large map the keys are remembered, a small one is looked through.
fn stands_twice(name: &str, entries: &[Entry], seen: &mut HashSet<String>) -> bool {
    if entries.len() < SMALL_MAP {
        return entries.iter().any(|entry| entry.key == name);
    }
    if seen.is_empty() {
        seen.extend(entries.iter().map(|entry| entry.key.clone()));
    }
    !seen.insert(name.to_owned())
}

/// How large a tree is.
#[derive(Debug, Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

fn size(node: &Node) -> Size {
    let children: Box<dyn Iterator<Item = &Node> + '_> = match &node.content {
        Content::Scalar(_) => return Size { nodes: 1, depth: 1 },
        Content::List(items) => Box::new(items.iter()),
        Content::Map(entries) => Box::new(entries.iter().map(|entry| &entry.value)),
    };
    let inner = children.map(size).fold(Size { nodes: 0, depth: 0 }, |sum, child| Size {
        nodes: sum.nodes + child.nodes,
        depth: sum.depth.max(child.depth),
    });
    Size { nodes: inner.nodes + 1, depth: inner.depth + 1 }
}
