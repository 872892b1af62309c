//! The text of a script: never a template. Values reach it through its environment.

use super::Decoder;
use crate::codes;
use crate::diagnostic::Fix;
use crate::expression::{Piece, split};
use crate::shell::Quotes;
use crate::text::Place;
use crate::yaml::{Node, Style, behind_bracket};

/// Most expressions of one script that a fix is offered for: each is looked at with all that stands before it.
const MAX_MOVED: usize = 100;

impl Decoder<'_> {
    pub(super) fn script(&mut self, step: &Node, node: &Node, shell: &[String]) -> Option<String> {
        // `run: true` is the program `true`, not a boolean.
        let scalar = node.scalar().filter(|scalar| !scalar.text.trim().is_empty());
        let Some(scalar) = scalar else {
            self.wrong_type(node, "the text of a script");
            return None;
        };
        let mut script = String::new();
        // The same with something in place of each expression, for what a shell makes of the next.
        let mut before = String::new();
        let mut taken = Vec::new();
        // Where the search for what is written goes on: the same expression may stand there several times.
        let mut from = 0;
        for piece in split(&scalar.text) {
            match piece {
                Piece::Text(text) => {
                    script.push_str(&text);
                    before.push_str(&text);
                }
                Piece::Unclosed { at } => {
                    let place = self.find_in(node, from, &scalar.text[at..]);
                    let message = "Expressions cannot stand in a script; a literal `${{` is written `$${{`.";
                    self.report(codes::EXPRESSION_IN_SCRIPT, place, message);
                }
                Piece::Expression { source, .. } => {
                    let written = format!("${{{{{source}}}}}");
                    let place = self.find_in(node, from, &written);
                    let found = place.slice(self.text) == written;
                    if found {
                        from = place.end - node.place.start;
                    }
                    let fix = (found && is_posix(shell) && taken.len() < MAX_MOVED)
                        .then(|| self.move_to_env(step, (node, Quotes::at_the_end_of(&before)), place, source, &mut taken));
                    before.push('x');
                    let message = "An expression cannot stand in a script: its value could be taken for commands. Put it into `env` and use the variable.";
                    self.report(codes::EXPRESSION_IN_SCRIPT, place, message).fixes.extend(fix.flatten());
                }
            }
        }
        Some(script)
    }

    fn find_in(&self, node: &Node, from: usize, written: &str) -> Place {
        let raw = node.place.slice(self.text);
        match raw.get(from..).and_then(|rest| rest.find(written)).filter(|_| !node.aliased) {
            Some(at) => {
                let start = node.place.start + from + at;
                Place::new(start, start + written.len())
            }
            None => super::first_line(self.text, node.place),
        }
    }

    fn move_to_env(
        &self,
        step: &Node,
        (run, quotes): (&Node, Quotes<'_>),
        place: Place,
        source: &str,
        taken: &mut Vec<String>,
    ) -> Option<Fix> {
        let env = step.get("env");
        let known: Vec<&str> = env.and_then(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
        let name = variable_name(source, &known, taken);
        let value = serde_json::Value::from(format!("${{{{{source}}}}}")).to_string();
        let style = run.scalar().map(|scalar| scalar.style);
        let used = quotes.around(&name)?;
        let used = match style {
            Some(Style::Double) => used.replace('"', "\\\""),
            Some(Style::Single) => used.replace('\'', "''"),
            // A quote at the start would be one of YAML.
            Some(Style::Plain) if place.start == run.place.start => format!("${{{name}}}"),
            _ => used,
        };
        let used = self.edit(place, used);
        let added = match env {
            Some(env) if env.aliased => return None,
            Some(env) if env.flow => {
                let empty = env.entries().is_some_and(<[_]>::is_empty);
                let at = behind_bracket(self.text, env)?;
                self.edit(Place::new(at, at), if empty { format!(" {name}: {value} ") } else { format!(" {name}: {value},") })
            }
            Some(env) => {
                let first = env.entries()?.first()?.key_place.start;
                self.edit(Place::new(first, first), format!("{name}: {value}{}{}", self.line_break(), self.indent_of(first)))
            }
            None if step.flow => self.edit(Place::new(run.place.end, run.place.end), format!(", env: {{ {name}: {value} }}")),
            None => {
                let key = step.entry("run")?.key_place.start;
                // Behind a script of several lines it would be far from sight, before it is always on its own line.
                let before = format!("env: {{ {name}: {value} }}{}{}", self.line_break(), self.indent_of(key));
                self.edit(Place::new(key, key), before)
            }
        };
        if step.aliased || style.is_none() || matches!(style, Some(Style::Folded)) {
            return None;
        }
        taken.push(name.clone());
        let mut edits = vec![used, added];
        edits.sort_by_key(|edit| edit.span.start);
        Some(Fix { title: format!("Move it to `env` as `{name}`"), edits })
    }

    /// The white space that puts a further line below the text at an offset.
    pub(super) fn indent_of(&self, offset: usize) -> String {
        let line_start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        self.text[line_start..offset].chars().map(|c| if c == '-' { ' ' } else { c }).collect()
    }
}

fn is_posix(shell: &[String]) -> bool {
    shell.first().is_some_and(|program| matches!(program.as_str(), "bash" | "sh"))
}

/// A name after what is read: `inputs.repository` is `REPOSITORY`, `steps.log.output` is `LOG`.
fn variable_name(source: &str, known: &[&str], taken: &[String]) -> String {
    let words: Vec<&str> =
        source.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let base = match words[..] {
        ["steps", step, "output"] => step,
        ["steps", _, "output", .., last] | [.., last] if !last.starts_with(|c: char| c.is_ascii_digit()) => last,
        _ => "VALUE",
    };
    let base = base.to_ascii_uppercase();
    let free = |name: &String| !known.contains(&name.as_str()) && !taken.contains(name);
    std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}"))).find(free).unwrap_or(base)
}
