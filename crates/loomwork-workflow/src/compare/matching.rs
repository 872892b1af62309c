//! Which step of one workflow is which step of another.
//!
//! In this order, until nothing more is found: a step with the same id in the same group is the same step; a step whose
//! definition is equal up to its id and the names of steps that are in one workflow only was renamed; a step that has
//! its id in another group and is near enough was moved; a step in the same group that is near enough was renamed.
//!
//! *Near enough*: of the fields of both definitions (a field holding text counts once for each of its lines), at least
//! [`NEAR_ENOUGH`] percent are equal, and the action is of the same kind. Of several candidates the nearest wins.
//!
//! Invariant: which workflow is called old and which new makes no difference to who is paired with whom.

use std::collections::HashMap;

use serde_json::Value;

use super::table::Table;

/// Percentage of equal fields from which on two definitions count as one that was renamed or moved.
pub(super) const NEAR_ENOUGH: usize = 60;
/// Beyond so many candidate pairs only equal definitions are paired: their number grows with the square of the steps.
const MOST_PAIRS: usize = 100_000;

/// Who is who: row → row of the other side.
pub(super) struct Matching {
    pub(super) old: Vec<Option<usize>>,
    pub(super) new: Vec<Option<usize>>,
}

/// Pairs the steps of two workflows.
pub(super) fn matching(old: &Table<'_>, new: &Table<'_>) -> Matching {
    let none = Matching { old: vec![None; old.rows.len()], new: vec![None; new.rows.len()] };
    let mut search = Search { old, new, found: none };
    search.same_ids(None, None);
    while search.equal_shapes() || search.moved() || search.near() {}
    search.found
}

struct Search<'s, 'w> {
    old: &'s Table<'w>,
    new: &'s Table<'w>,
    found: Matching,
}

impl Search<'_, '_> {
    fn pair(&mut self, old: usize, new: usize) {
        self.found.old[old] = Some(new);
        self.found.new[new] = Some(old);
        self.same_ids(Some(old), Some(new));
    }

    /// Pairs what has the same id in two scopes that are the same.
    fn same_ids(&mut self, old_scope: Option<usize>, new_scope: Option<usize>) {
        for old in self.old.children(old_scope).to_vec() {
            let twin = self.new.child(new_scope, &self.old.rows[old].step.id);
            if let Some(new) = twin.filter(|new| self.found.old[old].is_none() && self.found.new[*new].is_none()) {
                self.pair(old, new);
            }
        }
    }

    fn left(table: &Table<'_>, partners: &[Option<usize>]) -> Vec<usize> {
        (0..table.rows.len()).filter(|row| partners[*row].is_none()).collect()
    }

    /// Candidates whose groups are paired: (old, new), by group.
    fn scopes(&self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut scopes: HashMap<Option<usize>, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for old in Self::left(self.old, &self.found.old) {
            // A scope goes by the number that its group has in the old workflow.
            let scope = self.old.rows[old].parent;
            if scope.is_none_or(|group| self.found.old[group].is_some()) {
                scopes.entry(scope).or_default().0.push(old);
            }
        }
        for new in Self::left(self.new, &self.found.new) {
            let scope = match self.new.rows[new].parent {
                None => None,
                Some(group) => match self.found.new[group] {
                    Some(old) => Some(old),
                    None => continue,
                },
            };
            scopes.entry(scope).or_default().1.push(new);
        }
        scopes.into_values().filter(|(old, new)| !old.is_empty() && !new.is_empty()).collect()
    }

    /// The shape of a step, in which one that has a partner goes by a name common to both, and the others by none.
    fn old_shape(&self, row: usize) -> Value {
        self.old.shape(row, &|named| if self.found.old[named].is_some() { format!("={named}") } else { "?".to_owned() })
    }

    fn new_shape(&self, row: usize) -> Value {
        self.new.shape(row, &|named| self.found.new[named].map_or_else(|| "?".to_owned(), |old| format!("={old}")))
    }

    /// Pairs what is equal up to names, in the order of the file where several are alike.
    fn equal_shapes(&mut self) -> bool {
        let mut pairs = Vec::new();
        for (old, new) in self.scopes() {
            let mut alike: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
            for row in old {
                alike.entry(sorted(&self.old_shape(row)).to_string()).or_default().0.push(row);
            }
            for row in new {
                alike.entry(sorted(&self.new_shape(row)).to_string()).or_default().1.push(row);
            }
            pairs.extend(alike.into_values().flat_map(|(old, new)| old.into_iter().zip(new)));
        }
        self.pair_all(pairs)
    }

    /// Pairs what has its id elsewhere: once in each workflow, and near enough.
    fn moved(&mut self) -> bool {
        let mut ids: HashMap<&str, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for row in Self::left(self.old, &self.found.old) {
            ids.entry(&self.old.rows[row].step.id).or_default().0.push(row);
        }
        for row in Self::left(self.new, &self.found.new) {
            ids.entry(&self.new.rows[row].step.id).or_default().1.push(row);
        }
        let single = ids.into_values().filter_map(|(old, new)| match (&old[..], &new[..]) {
            ([old], [new]) => Some((*old, *new)),
            _ => None,
        });
        let near = |(old, new): &(usize, usize)| {
            // Edges lead to steps of the same group, so a move changes them.
            let leaves = |mut shape: Value| {
                shape.as_object_mut().and_then(|form| form.shift_remove("needs"));
                leaves(&shape)
            };
            self.same_action(*old, *new) && closeness(&leaves(self.old_shape(*old)), &leaves(self.new_shape(*new))) >= NEAR_ENOUGH
        };
        let pairs: Vec<(usize, usize)> = single.filter(near).collect();
        self.pair_all(pairs)
    }

    /// Pairs what is near enough in the same group, the nearest first.
    fn near(&mut self) -> bool {
        let mut pairs = Vec::new();
        for (old, new) in self.scopes() {
            if old.len().saturating_mul(new.len()) > MOST_PAIRS {
                continue;
            }
            let old_leaves: Vec<_> = old.iter().map(|row| leaves(&self.old_shape(*row))).collect();
            let new_leaves: Vec<_> = new.iter().map(|row| leaves(&self.new_shape(*row))).collect();
            let mut candidates = Vec::new();
            for (i, one) in old_leaves.iter().enumerate() {
                for (j, other) in new_leaves.iter().enumerate() {
                    let close = if self.same_action(old[i], new[j]) { closeness(one, other) } else { 0 };
                    if close >= NEAR_ENOUGH {
                        // Pairs that share a step differ in the sum of their places: the order is the same from both sides.
                        candidates.push((std::cmp::Reverse(close), i + j, old[i], new[j]));
                    }
                }
            }
            candidates.sort_unstable();
            pairs.extend(candidates.into_iter().map(|(_, _, old, new)| (old, new)));
        }
        self.pair_all(pairs)
    }

    fn same_action(&self, old: usize, new: usize) -> bool {
        self.old.rows[old].step.action.name() == self.new.rows[new].step.action.name()
    }

    fn pair_all(&mut self, pairs: Vec<(usize, usize)>) -> bool {
        let mut any = false;
        for (old, new) in pairs {
            if self.found.old[old].is_none() && self.found.new[new].is_none() {
                self.pair(old, new);
                any = true;
            }
        }
        any
    }
}

/// A value with its keys in order: their order says nothing.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, Value)> = map.iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(other.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        plain => plain.clone(),
    }
}

/// What a definition says, piece by piece: path of the field and value; text by lines.
fn leaves(value: &Value) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, at: &str, found: &mut HashMap<String, usize>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, &format!("{at}.{key}"), found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, at, found)),
        Value::String(text) => text.lines().for_each(|line| *found.entry(format!("{at}={}", line.trim_end())).or_default() += 1),
        plain => *found.entry(format!("{at}={plain}")).or_default() += 1,
    }
}

/// Percentage of equal pieces (Sørensen and Dice: twice the common ones over all).
fn closeness(one: &HashMap<String, usize>, other: &HashMap<String, usize>) -> usize {
    let all: usize = one.values().sum::<usize>() + other.values().sum::<usize>();
    let common: usize = one.iter().map(|(piece, count)| other.get(piece).map_or(0, |twin| *count.min(twin))).sum();
    (200 * common).checked_div(all).unwrap_or(0)
}
