//! Templates with the places of their expressions.

use super::{Decoder, ReadSite};
use crate::codes::{self, Code};
use crate::expression::{Problem, ProblemKind, Root, Template, TemplateProblem};
use crate::text::Place;
use crate::types::{Site, Wants, programs_of};
use crate::yaml::{Content, Node, Scalar, Style};

const GIVEN: [&str; 4] = ["item", "index", "pass", "event"];

impl Decoder<'_> {
    /// Any value, with expressions in its strings.
    pub(super) fn template(&mut self, node: &Node) -> Template {
        match &node.content {
            Content::Scalar(scalar) if scalar.is_text() => self.text_template(node, scalar),
            Content::Scalar(scalar) => Template::literal(scalar.value()),
            // As written it would be taken for a secret's place once secrets are filled in.
            Content::Map(_) if self.sight.secrets && crate::expression::holds_hole(&node.to_json()) => {
                let message = "`$secret` and `$secret_text` stand for secrets here; write `${{ secrets.NAME }}`.";
                self.report(codes::UNKNOWN_KEY, super::first_line(self.text, node.place), message);
                Template::literal(serde_json::Value::Null)
            }
            Content::List(items) => Template::list(items.iter().map(|item| self.template(item)).collect()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|entry| {
                    self.name_not_worked_out(entry);
                    (entry.key.clone(), self.at(&entry.key, |this| this.template(&entry.value)))
                });
                Template::map(entries.collect())
            }
        }
    }

    /// A value of which something is wanted, when it is one whole expression.
    pub(super) fn template_for(&mut self, node: &Node, wants: Wants) -> Template {
        self.wants = if node.scalar().is_some() { wants } else { Wants::Anything };
        let template = self.template(node);
        self.wants = Wants::Anything;
        template
    }

    /// The same of text.
    pub(super) fn text_for(&mut self, node: &Node, wants: Wants) -> Option<Template> {
        self.wants = wants;
        let template = self.string_template(node);
        self.wants = Wants::Anything;
        template
    }

    /// Text with expressions in it. Numbers and booleans count as the text that is written.
    pub(super) fn string_template(&mut self, node: &Node) -> Option<Template> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, "text");
            return None;
        };
        Some(self.text_template(node, scalar))
    }

    /// One whole expression that gives true or false, or one of these two words.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Template> {
        let scalar = node.scalar();
        if let Some(value) = scalar.map(Scalar::value).filter(serde_json::Value::is_boolean) {
            return Some(Template::literal(value));
        }
        let before = self.diagnostics.len();
        self.wants = Wants::Condition;
        let template = scalar.map(|scalar| self.text_template(node, scalar));
        self.wants = Wants::Anything;
        if template.as_ref().is_some_and(Template::is_expression) {
            return template;
        }
        if self.diagnostics.len() == before {
            let fix =
                node.string().filter(|text| !text.contains("${{") && scalar.is_some_and(|scalar| scalar.style == Style::Plain));
            let fix = fix.map(|text| {
                let quoted = serde_json::Value::from(format!("${{{{ {text} }}}}")).to_string();
                self.replacement("Make it an expression", node.place, quoted)
            });
            let message = "A condition is one whole expression that gives true or false, like \"${{ inputs.n > 1 }}\".";
            self.report(codes::NOT_AN_EXPRESSION, super::first_line(self.text, node.place), message).fixes.extend(fix);
        }
        None
    }

    fn text_template(&mut self, node: &Node, scalar: &Scalar) -> Template {
        let wants = std::mem::take(&mut self.wants);
        let (template, problems, roots) = self.expressions.parse(&scalar.text);
        self.note_site(node, &template, wants);
        for problem in problems {
            self.expression_problem(node, &problem);
        }
        for root in roots {
            self.check_root(node, &root);
        }
        if template.references().is_empty() {
            return if self.sight.secrets { template.filled_later() } else { template };
        }
        let field = self.path.join(".");
        for reference in template.references() {
            let place = self.name_place(node, &reference.step);
            self.reads.push(ReadSite {
                reference: reference.clone(),
                place,
                field: field.clone(),
                purpose: self.purpose,
                step: self.step.clone(),
            });
        }
        if self.sight.secrets { template.filled_later() } else { template }
    }

    /// Keeps the expressions of a text for when the types of what they read are known.
    fn note_site(&mut self, node: &Node, template: &Template, wants: Wants) {
        let programs = programs_of(template);
        if programs.is_empty() {
            return;
        }
        self.sites.push(Site {
            programs,
            whole: template.is_expression(),
            place: node.place,
            aliased: node.aliased,
            field: self.path.join("."),
            step: self.step.clone(),
            purpose: self.purpose,
            wants,
        });
    }

    /// A name that is in scope at some places only.
    fn check_given(&mut self, node: &Node, name: &'static str) {
        let (seen, message) = match name {
            "item" | "index" => (self.sight.item, format!("`{name}` is in scope only within a step that has a `for_each`.")),
            "pass" => (self.sight.pass, "`pass` is in scope only within a step that has a `loop`.".to_owned()),
            _ => (self.sight.event, format!("`{name}` is in scope only in the `match` of a wait for an event.")),
        };
        if !seen {
            let place = self.name_place(node, name);
            self.report(codes::OUT_OF_SCOPE, place, message);
        }
    }

    fn check_secret(&mut self, node: &Node, name: &str) {
        let place = self.name_place(node, name);
        if !self.sight.secrets {
            let message = format!(
                "The secret `{name}` cannot stand here, where it would be stored or shown. Secrets go into `env` of processes, headers, auth and body of `http`, and arguments of tools."
            );
            self.report(codes::MISPLACED_SECRET, place, message);
            return;
        }
        if self.secrets.iter().any(|known| known == name) {
            return;
        }
        let nearest = crate::nearest(name, self.secrets.iter().map(String::as_str));
        let meant = nearest.as_ref().map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
        let message = format!("The secret `{name}` is not declared: add it to `secrets` at the top of the file.{meant}");
        let exact = place.slice(self.text) == name;
        let fix = nearest.filter(|_| exact).map(|nearest| self.replacement(format!("Change to `{nearest}`"), place, nearest));
        let declared = self.secret_declared(name);
        self.report(codes::UNKNOWN_SECRET, place, message).fixes.extend(fix.into_iter().chain(declared));
    }

    fn check_root(&mut self, node: &Node, root: &Root) {
        let (space, name, known) = match root {
            Root::Input(name) => ("inputs", name, &self.inputs),
            Root::Env(name) => ("env", name, &self.env),
            Root::Secret(name) => return self.check_secret(node, name),
            Root::Local(name) => return self.check_given(node, name),
        };
        if known.iter().any(|known| known == name) {
            return;
        }
        let nearest = crate::nearest(name, known.iter().map(String::as_str));
        let message = match &nearest {
            Some(nearest) => {
                format!("There is no `{name}` under `{space}`. Did you mean `{nearest}`?")
            }
            None if known.is_empty() => {
                format!("There is no `{name}` under `{space}`: the workflow declares none.")
            }
            None => format!("There is no `{name}` under `{space}`; there are {}.", known.join(", ")),
        };
        let place = self.name_place(node, name);
        let exact = place.slice(self.text) == name;
        let fix = nearest.filter(|_| exact).map(|nearest| self.replacement(format!("Change to `{nearest}`"), place, nearest));
        self.report(codes::UNKNOWN_NAME, place, message).fixes.extend(fix);
    }

    /// Where a name stands in the expressions of a scalar; the scalar when that cannot be told.
    fn name_place(&self, node: &Node, name: &str) -> Place {
        let fallback = super::first_line(self.text, node.place);
        if node.aliased || name.is_empty() {
            return fallback;
        }
        let raw = node.place.slice(self.text);
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let from = raw.find("${{").unwrap_or(0);
        raw[from..]
            .match_indices(name)
            .map(|(at, _)| from + at)
            .filter(|at| raw[..*at].ends_with(['.', '\'', '"']) || (GIVEN.contains(&name) && !raw[..*at].ends_with(part_of_word)))
            .find(|at| !raw[at + name.len()..].starts_with(part_of_word))
            .map_or(fallback, |at| Place::new(node.place.start + at, node.place.start + at + name.len()))
    }

    fn expression_problem(&mut self, node: &Node, found: &TemplateProblem) {
        let raw = node.place.slice(self.text);
        let fallback = super::first_line(self.text, node.place);
        let Some(problem) = &found.problem else {
            let at = raw.rfind("${{").filter(|_| !node.aliased);
            let place = at.map_or(fallback, |at| Place::new(node.place.start + at, node.place.start + at + 3));
            let message = "This `${{` is not closed by `}}`; a literal one is written `$${{`.";
            self.report(codes::EXPRESSION_SYNTAX, place, message);
            return;
        };
        let at = raw.find(&found.source).filter(|_| !node.aliased && !found.source.is_empty());
        let exact = at.map(|at| node.place.start + at);
        let place = exact.map_or(fallback, |start| {
            let end = (start + problem.end).max(start + problem.start);
            Place::new(start + problem.start, end)
        });
        let message = message_of(problem);
        let fix = problem
            .suggestion
            .as_ref()
            .filter(|_| exact.is_some())
            .map(|suggestion| self.replacement(format!("Change to `{suggestion}`"), place, suggestion.clone()));
        self.report(code_of(problem.kind), place, message).fixes.extend(fix);
    }
}

fn message_of(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Syntax => format!("This is not an expression: {}.", problem.message),
        _ => super::capitalised(&if problem.message.ends_with(['.', '?']) {
            problem.message.clone()
        } else {
            format!("{}.", problem.message)
        }),
    }
}

fn code_of(kind: ProblemKind) -> Code {
    match kind {
        ProblemKind::Syntax => codes::EXPRESSION_SYNTAX,
        ProblemKind::UnknownName => codes::UNKNOWN_NAME,
        ProblemKind::UnknownFunction => codes::UNKNOWN_FUNCTION,
        ProblemKind::UnknownField => codes::UNKNOWN_FIELD,
        ProblemKind::DynamicStep => codes::DYNAMIC_STEP,
        ProblemKind::TooLarge => codes::EXPRESSION_TOO_LARGE,
        ProblemKind::SecretInside => codes::MISPLACED_SECRET,
    }
}
