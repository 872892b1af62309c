//! Whole workflows with nested groups, in every style of writing that YAML has, made from a number.
//!
//! Not here: what must hold of them (`scopes`).

use proptest::prelude::*;

/// Numbers that follow from a first one.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("it is below a usize")
    }

    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == 0
    }

    pub(crate) fn pick<'p>(&mut self, among: &[&'p str]) -> &'p str {
        among[self.roll(among.len())]
    }
}

/// A workflow as text.
#[derive(Debug, Clone)]
pub(crate) struct Forest {
    pub(crate) text: String,
    /// Whether anchors and aliases or groups in flow style stand in it, so that an edit may be refused.
    pub(crate) tangled: bool,
}

struct Writer {
    dice: Dice,
    lines: Vec<String>,
    names: usize,
    comments: usize,
    anchored: bool,
    tangled: bool,
    most: usize,
}

const NAMES: [&str; 6] = ["a", "b", "c", "fetch", "item_1", "größe"];

impl Writer {
    fn comment(&mut self) -> String {
        if !self.dice.chance(3) {
            return String::new();
        }
        self.comments += 1;
        format!(
            "{} # c{} {}",
            self.dice.pick(&["", "  "]),
            self.comments,
            self.dice.pick(&["", "é: [x]", "\"it's\"", "- id: no", "\t"])
        )
    }

    fn above(&mut self, indent: &str) {
        if self.dice.chance(4) {
            self.lines.push(self.dice.pick(&["", "   "]).to_owned());
        }
        for _ in 0..self.dice.roll(3).saturating_sub(1) {
            self.comments += 1;
            self.lines.push(format!("{indent}# over {}", self.comments));
        }
    }

    /// An expression's text that reads one of the names, without quotes.
    fn read(&mut self, seen: &[String]) -> String {
        if seen.is_empty() {
            return "${{ inputs }}".to_owned();
        }
        let name = seen[self.dice.roll(seen.len())].clone();
        let way = self.dice.pick(&["output.v", "status", "output", "error"]);
        match self.dice.roll(3) {
            0 => format!("${{{{ has(steps.{name}.{way}) }}}}"),
            1 => format!("x ${{{{ steps.{name}.{way} }}}} é"),
            _ => format!("${{{{ steps.{name}.{way} }}}}"),
        }
    }

    fn scope(&mut self, column: usize, depth: usize, around: &[String]) {
        let own: Vec<String> = {
            let count = 1 + self.dice.roll(self.most);
            let mut own: Vec<String> = Vec::new();
            for _ in 0..count {
                self.names += 1;
                let plain = self.dice.pick(&NAMES[..5]).to_owned();
                own.push(if own.contains(&plain) { format!("s{}", self.names) } else { plain });
            }
            own
        };
        let indent = " ".repeat(column);
        for (index, id) in own.iter().enumerate() {
            self.above(&indent);
            let before = &own[..index];
            let seen: Vec<String> = around.iter().filter(|name| !own.contains(name)).chain(before).cloned().collect();
            if depth < 2 && self.dice.chance(3) {
                self.group(column, depth, id, before, &seen);
            } else {
                self.step(column, id, before, &seen);
            }
        }
    }

    fn needs(&mut self, pad: &str, before: &[String]) {
        if before.is_empty() || self.dice.chance(3) {
            return;
        }
        let one = &before[self.dice.roll(before.len())];
        let need = if self.dice.chance(4) { format!("{one}.failed") } else { one.clone() };
        let comment = self.comment();
        match self.dice.roll(4) {
            0 => self.lines.extend([format!("{pad}needs:{comment}"), format!("{pad}  - {need}")]),
            1 => self.lines.extend([format!("{pad}needs:"), format!("{pad}- '{need}'{comment}")]),
            2 => self.lines.push(format!("{pad}needs: [ \"{need}\",]{comment}")),
            _ => self.lines.push(format!("{pad}needs: [{need}]{comment}")),
        }
    }

    fn group(&mut self, column: usize, depth: usize, id: &str, before: &[String], seen: &[String]) {
        let (indent, pad) = (" ".repeat(column), " ".repeat(column + 2));
        let comment = self.comment();
        self.lines.push(format!("{indent}- id: {id}{comment}"));
        self.needs(&pad, before);
        if self.dice.chance(3) {
            self.lines.push(format!("{pad}for_each: [1, 2]"));
        }
        if self.dice.chance(6) {
            self.tangled = true;
            self.lines.push(format!("{pad}steps: [{{ id: f1, run: x }}, {{ id: f2, needs: [f1], run: y }}]"));
            return;
        }
        let comment = self.comment();
        self.lines.push(format!("{pad}steps:{comment}"));
        let inner = column + 2 + 2 * self.dice.roll(2);
        self.scope(inner, depth + 1, seen);
        if self.dice.chance(4) {
            let read = self.read(seen);
            self.lines.push(format!("{pad}outputs: {{ o: \"{read}\" }}"));
        }
    }

    fn step(&mut self, column: usize, id: &str, before: &[String], seen: &[String]) {
        let (indent, pad) = (" ".repeat(column), " ".repeat(column + 2));
        let (comment, read) = (self.comment(), self.read(seen));
        if self.dice.chance(8) {
            self.lines.push(format!("{indent}- {{ id: {id}, set: {{ v: '{read}', \"w\": [1, b] }} }}{comment}"));
            return;
        }
        if self.dice.chance(10) {
            self.lines.push(format!("{indent}-{comment}"));
            self.lines.push(format!("{pad}id: '{id}'"));
        } else {
            self.lines.push(format!("{indent}- id: {id}{comment}"));
        }
        self.needs(&pad, before);
        let comment = self.comment();
        match self.dice.roll(7) {
            0 => self.lines.extend([
                format!("{pad}run: |{comment}"),
                format!("{pad}  one"),
                String::new(),
                format!("{pad}    # not a comment  "),
                format!("{pad}  two"),
            ]),
            1 => self.lines.extend([
                format!("{pad}set:"),
                format!("{pad}  v: >-{comment}"),
                format!("{pad}    folded {read}"),
                format!("{pad}    text"),
            ]),
            2 => self.lines.extend([
                format!("{pad}set:"),
                format!("{pad}  v: \"{read}"),
                format!("{pad}    goes on\\"),
                format!("{pad}    \\u00e9\"{comment}"),
            ]),
            3 => self.lines.extend([
                format!("{pad}set:{comment}"),
                format!("{pad}  v: plain text"),
                format!("{pad}    in two lines"),
            ]),
            4 => {
                let value =
                    if self.anchored && self.dice.chance(2) { "*shared".to_owned() } else { "&shared { A: '1' }".to_owned() };
                if value.starts_with('*') || !self.anchored {
                    self.anchored = true;
                    self.tangled = true;
                    self.lines.push(format!("{pad}set: {value}{comment}"));
                } else {
                    self.lines.push(format!("{pad}run: x{comment}"));
                }
            }
            5 => self.lines.extend([format!("{pad}run: |2-{comment}"), format!("{pad}   led by a space"), format!("{pad}  end")]),
            _ => self.lines.extend([format!("{pad}set: {{ v: '{read}' }}{comment}"), format!("{pad}title: 'It''s é'   ")]),
        }
        if self.dice.chance(5) {
            self.comments += 1;
            self.lines.push(format!("{pad}# under {}", self.comments));
        }
    }
}

/// A workflow made from a number; `most` bounds the steps of a scope.
pub(crate) fn forest(seed: u64, most: usize) -> Forest {
    let dice = Dice::new(seed);
    let mut writer = Writer { dice, lines: Vec::new(), names: 0, comments: 0, anchored: false, tangled: false, most };
    writer.lines.extend(["# head".to_owned(), "loomwork: 1".to_owned(), "id: forest".to_owned(), "steps:".to_owned()]);
    let column = 2 * writer.dice.roll(2);
    writer.scope(column, 0, &[]);
    if writer.dice.chance(2) {
        let read = writer.read(&["a".to_owned(), "b".to_owned()]);
        writer.lines.extend(["outputs:".to_owned(), format!("  out: \"{read}\"")]);
    }
    let eol = if writer.dice.chance(3) { "\r\n" } else { "\n" };
    let mut text = writer.lines.join(eol);
    if !writer.dice.chance(3) {
        text.push_str(eol);
    }
    if writer.dice.chance(5) {
        text.insert(0, '\u{feff}');
    }
    Forest { text, tangled: writer.tangled }
}

pub(crate) fn any_forest() -> impl Strategy<Value = Forest> {
    (any::<u64>(), 1..5_usize).prop_map(|(seed, most)| forest(seed, most))
}

/// How many cases a property of edits is tried with; `LOOMWORK_EDIT_CASES` for a long hunt.
#[allow(
    clippy::disallowed_methods,
    reason = "the length of a hunt is asked for by who runs it; the crate itself reads no environment"
)]
pub(crate) fn cases(usual: u32) -> u32 {
    std::env::var("LOOMWORK_EDIT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
