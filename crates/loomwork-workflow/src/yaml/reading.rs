//! A text that is read again and again while it is edited: steps that did not change are not read anew.
//!
//! Invariant: after every `update` the tree and the faults are those that `read` gives for the text. This rests on how
//! block lists are read: at the start of a line with an item's dash nothing is open but the lists and maps around it. So
//! whole items can be left out of what is read and put back. An item right behind the change is read as a witness: when
//! it is found where it stood, so are those behind it. Whatever is unusual is read anew: faults, anchors, flow lists.
//! Not here: what an item means.

use std::cell::RefCell;
use std::ops::Range;

use super::read::{Extent, read_all};
use super::{Content, Fault, MAX_BYTES, MAX_NODES, Node};
use crate::text::{Place, common_end, common_start};

/// Items of the text before that stand in this one as they were, though perhaps elsewhere. So do their neighbours' lines.
#[derive(Debug, Clone)]
pub(crate) struct Same {
    /// Which they were.
    pub(crate) before: Range<usize>,
    /// The first of them now.
    pub(crate) now: usize,
    /// How far they have moved, in bytes.
    pub(crate) moved: isize,
}

/// A text that was read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    text: String,
    root: Option<Node>,
    faults: Vec<Fault>,
    /// How many nodes there are at the most.
    nodes: usize,
    /// Whether nodes depend on each other through anchors.
    linked: bool,
    /// For each update since they were asked for: what was not read anew.
    changes: RefCell<Vec<Vec<Same>>>,
}

/// The tree of the version before, without the items that stand in the new one.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) root: Option<Node>,
    pub(crate) same: Vec<Same>,
}

/// What is left out of the new text: the items `from..to` of the old one, whose text is `start..end` in the new one.
#[derive(Debug, Clone, Copy)]
struct Gap {
    from: usize,
    to: usize,
    start: usize,
    end: usize,
}

impl Gap {
    fn none(item: usize, at: usize) -> Self {
        Self { from: item, to: item, start: at, end: at }
    }

    fn length(self) -> usize {
        self.end - self.start
    }

    fn is_some(self) -> bool {
        self.from < self.to
    }
}

/// The two gaps, and how far what stands behind the change has moved.
struct Plan {
    before: Gap,
    behind: Gap,
    moved: isize,
}

impl Reading {
    /// The tree, and what is wrong with the text.
    pub(crate) fn outcome(&self) -> (Option<&Node>, &[Fault]) {
        (self.root.as_ref(), &self.faults)
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What became of the items under `steps`, for each update since this was asked before.
    pub(crate) fn take_changes(&self) -> Vec<Vec<Same>> {
        self.changes.take()
    }

    /// Reads the next version of the text.
    pub(crate) fn update(&mut self, text: &str) {
        if self.root.is_none() || text != self.text {
            drop(self.turn(text));
        }
    }

    /// Reads the next version of the text; gives what is left of this one.
    pub(crate) fn turn(&mut self, text: &str) -> Before {
        let (before, same) = match self.reread(text) {
            Some((root, same)) => (self.root.replace(root), same),
            None => {
                let before = self.root.take();
                let (root, faults, Extent { nodes, linked }) = read_all(text);
                (self.root, self.faults, self.nodes, self.linked) = (root, faults, nodes, linked);
                (before, Vec::new())
            }
        };
        text.clone_into(&mut self.text);
        // Nothing is left of what was before.
        let changes = self.changes.get_mut();
        if same.is_empty() {
            changes.clear();
        }
        changes.push(same.clone());
        Before { root: before, same }
    }

    /// The tree of the next version, when most of its items are those of this one; they are taken out of the old tree.
    fn reread(&mut self, text: &str) -> Option<(Node, Vec<Same>)> {
        if !self.faults.is_empty() || self.linked || text.len() > MAX_BYTES {
            return None;
        }
        let plan = plan(&self.text, text, items(self.root.as_ref()?)?)?;
        let Plan { before, behind, moved } = plan;
        let short = [&text[..before.start], &text[before.end..behind.start], &text[behind.end..]].concat();
        let (root, faults, extent) = read_all(&short);
        let nodes = self.nodes + extent.nodes;
        if !faults.is_empty() || extent.linked || nodes > MAX_NODES {
            return None;
        }
        let mut root = root?;
        shift(&mut root, &|at| {
            let at = if at >= before.start { at + before.length() } else { at };
            if at >= behind.start { at + behind.length() } else { at }
        });
        let fresh = items(&root)?;
        if !fresh.iter().all(|item| item.entries().is_some()) {
            return None;
        }
        let old = items_mut(self.root.as_mut()?)?;
        if behind.is_some() {
            let [.., witness, last] = fresh else { return None };
            let expected = |item: &Node| item.place.start.checked_add_signed(moved);
            let (old_witness, old_last) = (old.get(behind.from - 1)?, old.get(behind.to)?);
            if expected(old_witness) != Some(witness.place.start) || expected(old_last) != Some(last.place.start) {
                return None;
            }
        }
        if before.is_some() && fresh.first()?.place.start != old.first()?.place.start {
            return None;
        }
        self.nodes = nodes;
        let same = splice(items_mut(&mut root)?, old, &plan);
        Some((root, same))
    }
}

/// Puts the items back that were left out, with their neighbours: an empty value at an item's end is placed at the next
/// item, so those are taken as they were. Says which they are.
fn splice(fresh: &mut Vec<Node>, old: &mut [Node], plan: &Plan) -> Vec<Same> {
    let Plan { before, behind, moved } = *plan;
    let mut same = Vec::new();
    if behind.is_some() {
        let mut kept: Vec<Node> = old[behind.from - 1..behind.to].iter_mut().map(taken).collect();
        if moved != 0 {
            kept.iter_mut().for_each(|item| shift(item, &|at| at.saturating_add_signed(moved)));
        }
        let end = fresh.len();
        fresh.splice(end - 2..end - 1, kept);
    }
    if before.is_some() {
        fresh.splice(..1, old[..before.to].iter_mut().map(taken));
        same.push(Same { before: 0..before.to, now: 0, moved: 0 });
    }
    if behind.is_some() {
        let kept = behind.from - 1..behind.to;
        same.push(Same { now: fresh.len() - 1 - kept.len(), before: kept, moved });
    }
    same
}

/// Takes a node out of its tree.
fn taken(node: &mut Node) -> Node {
    let hole = Node { place: node.place, content: Content::List(Vec::new()), flow: false, aliased: false, anchored: false };
    std::mem::replace(node, hole)
}

/// The items of a block list under `steps` at the top.
fn items(root: &Node) -> Option<&[Node]> {
    let list = root.get("steps").filter(|list| !root.flow && !list.flow)?;
    list.items()
}

fn items_mut(root: &mut Node) -> Option<&mut Vec<Node>> {
    let Content::Map(entries) = &mut root.content else { return None };
    match &mut entries.iter_mut().find(|entry| entry.key == "steps")?.value.content {
        Content::List(items) => Some(items),
        _ => None,
    }
}

/// What of the new text need not be read. None when it is little.
fn plan(old: &str, new: &str, items: &[Node]) -> Option<Plan> {
    let same_before = common_start(old.as_bytes(), new.as_bytes());
    let same_behind = common_end(&old.as_bytes()[same_before..], &new.as_bytes()[same_before..]);
    let moved = isize::try_from(new.len()).ok()? - isize::try_from(old.len()).ok()?;
    let changed_to = old.len() - same_behind;
    let dash = |at: usize| line_of_dash(old, items.get(at)?);

    // Items 1 to `to`: the first one stays, so that the list begins; the last one before the change is read again.
    let to = items.partition_point(|item| item.place.end.max(item.place.start) < same_before).saturating_sub(1);
    let before = match (to > 1).then(|| dash(1).zip(dash(to))).flatten() {
        Some((start, end)) => Gap { from: 1, to, start, end },
        None => Gap::none(0, 0),
    };
    // The first item behind the change is the witness, and the last one of all stays.
    let witness = items.partition_point(|item| item.place.start <= changed_to) + 1;
    let last = items.len().checked_sub(1)?;
    let behind = match (witness + 1 < last).then(|| dash(witness + 1).zip(dash(last))).flatten() {
        Some((start, end)) => {
            Gap { from: witness + 1, to: last, start: start.checked_add_signed(moved)?, end: end.checked_add_signed(moved)? }
        }
        None => Gap::none(last, new.len()),
    };
    (before.is_some() || behind.is_some()).then_some(Plan { before, behind, moved })
}

/// Where the line of an item begins, when there is nothing on it before the item but its dash.
fn line_of_dash(text: &str, item: &Node) -> Option<usize> {
    let start = text[..item.place.start].rfind('\n')? + 1;
    let before = text[start..item.place.start].trim_matches(' ');
    (before == "-" && item.entries().is_some()).then_some(start)
}

fn shift(node: &mut Node, to: &impl Fn(usize) -> usize) {
    let move_place = |place: &mut Place| *place = Place::new(to(place.start), to(place.end));
    move_place(&mut node.place);
    match &mut node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter_mut().for_each(|item| shift(item, to)),
        Content::Map(entries) => {
            for entry in entries {
                move_place(&mut entry.key_place);
                shift(&mut entry.value, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read;

    const TEXT: &str = "# é\nloomwork: 1\nid: w\nsteps:\n# a | b\n- id: a\n  run: |\n    one\n\n    two\n  title:\n- id: b\n  needs: [a, 'é']\n  set: { v: \"x\", w: }\n  # c\n- id: c\n  steps:\n    - id: d\n      run: x\n- id: e\n  env:\n    A: 'y'\n- {id: f}\n- id: g\n  run: >+\n    x\n\n- id: h\n  title:\n- id: i\n  when: y # z\n- id: j\n  run: k\noutputs:\n  - id: l\n";
    const PIECES: [&str; 34] = [
        "",
        "x",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "  ",
        "\t",
        ":",
        ": ",
        "- ",
        "\n- ",
        "\n  - x\n",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        ",",
        "#",
        " #",
        "|",
        ">",
        "|\n",
        "&a ",
        "*a",
        "!!str ",
        "\n---\n",
        "\n...\n",
        "é",
        "\noutputs:\n",
        "\nsteps:\n",
        "\n- id: z\n  run: y\n",
    ];

    /// Reads a version after another, as if each were the first; says how many could be read in part.
    fn follow(first: &str, versions: impl Iterator<Item = String>) -> (usize, usize) {
        let (mut all, mut partly) = (0, 0);
        for version in versions {
            let mut reading = Reading::default();
            reading.update(first);
            partly += usize::from(reading.reread(&version).is_some());
            all += 1;
            let mut reading = Reading::default();
            reading.update(first);
            reading.update(&version);
            let (root, faults) = read(&version);
            assert_eq!(reading.root, root, "{version}");
            assert_eq!(format!("{:?}", reading.faults), format!("{faults:?}"), "{version}");
        }
        (all, partly)
    }

    #[test]
    fn whatever_is_typed_wherever_it_reads_as_if_it_were_read_at_once() {
        let places: Vec<usize> = (0..=TEXT.len()).filter(|at| TEXT.is_char_boundary(*at)).collect();
        let insert = |at: usize, piece: &str| format!("{}{piece}{}", &TEXT[..at], &TEXT[at..]);
        let pieces = |at: usize| {
            PIECES.iter().enumerate().filter(move |(index, _)| (at + index).is_multiple_of(4)).map(|(_, piece)| piece)
        };
        let typed = places.iter().flat_map(|at| pieces(*at).map(move |piece| insert(*at, piece)));
        let (all, partly) = follow(TEXT, typed);
        assert!(partly * 4 > all, "only {partly} of {all} were read in part");
    }

    #[test]
    fn whatever_is_cut_out_the_rest_reads_as_if_it_were_read_at_once() {
        let places: Vec<usize> = (0..=TEXT.len()).filter(|at| TEXT.is_char_boundary(*at)).collect();
        let cut = |from: usize, to: usize| format!("{}{}", &TEXT[..from], &TEXT[to..]);
        let pairs = places.iter().enumerate().flat_map(|(index, from)| {
            places[index + 1..]
                .iter()
                .enumerate()
                .filter(|(length, _)| *length < 3 || length % 29 == 0)
                .map(move |(_, to)| (*from, *to))
        });
        let (all, partly) = follow(TEXT, pairs.map(|(from, to)| cut(from, to)));
        assert!(partly * 6 > all, "only {partly} of {all} were read in part");
    }

    #[test]
    fn versions_in_a_row_are_read_like_each_alone() {
        let mut reading = Reading::default();
        let mut text = TEXT.to_owned();
        for round in 0..600_usize {
            let mut at = (round * 7919) % (text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            // A broken text is mended by beginning again, so that most versions have something in common.
            text = if round % 10 == 0 {
                TEXT.to_owned()
            } else {
                format!("{}{}{}", &text[..at], PIECES[round % PIECES.len()], &text[at..])
            };
            reading.update(&text);
            assert_eq!(reading.root, read(&text).0, "{text}");
        }
    }
}
