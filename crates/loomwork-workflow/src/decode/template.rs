//! Templates with the places of their expressions.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoder, ReadSite, Written, written};
use crate::codes::{self, Code};
use crate::expression::{Piece, Problem, ProblemKind, Program, Root, Template, TemplateProblem, split};
use crate::text::Place;
use crate::types::{Site, Wants, programs_of};
use crate::yaml::{Content, Node, Scalar, Style};

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
                let text = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "true" => "true".to_owned(),
                    "no" | "off" | "false" => "false".to_owned(),
                    _ => text,
                };
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
        let (template, problems) = self.expressions.parse(&scalar.text);
        let programs = programs_of(&template);
        self.note_site(node, &template, &programs, wants);
        self.expression_problems(node, scalar, &problems);
        let sources: Vec<&str> = programs.iter().map(|program| program.source.as_str()).collect();
        let places = if node.aliased { Vec::new() } else { written(self.text, node.place, &sources) };
        let field = self.path.join(".");
        for (number, program) in programs.iter().enumerate() {
            let mut names = Names { node, written: places.get(number).copied().flatten(), asked: HashMap::new() };
            for root in &program.roots {
                self.check_root(&mut names, root);
            }
            for reference in &program.references {
                self.reads.push(ReadSite {
                    reference: reference.clone(),
                    place: names.place(self.text, "steps", &reference.step),
                    field: field.clone(),
                    purpose: self.purpose,
                    step: self.step.clone(),
                });
            }
        }
        if self.sight.secrets { template.filled_later() } else { template }
    }

    /// Keeps the expressions of a text for when the types of what they read are known.
    fn note_site(&mut self, node: &Node, template: &Template, programs: &[Arc<Program>], wants: Wants) {
        if programs.is_empty() {
            return;
        }
        self.sites.push(Site {
            programs: programs.to_vec(),
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
    fn check_given(&mut self, names: &mut Names<'_, '_>, name: &'static str) {
        let (seen, message) = match name {
            "item" | "index" => (self.sight.item, format!("`{name}` is in scope only within a step that has a `for_each`.")),
            "pass" => (self.sight.pass, "`pass` is in scope only within a step that has a `loop`.".to_owned()),
            _ => (self.sight.event, format!("`{name}` is in scope only in the `match` of a wait for an event.")),
        };
        let place = names.place(self.text, "", name);
        if !seen {
            self.report(codes::OUT_OF_SCOPE, place, message);
        }
    }

    fn check_secret(&mut self, place: Place, name: &str) {
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

    fn check_root(&mut self, names: &mut Names<'_, '_>, root: &Root) {
        let (space, name, known) = match root {
            Root::Input(name) => ("inputs", name, &self.inputs),
            Root::Env(name) => ("env", name, &self.env),
            Root::Secret(name) => return self.check_secret(names.place(self.text, "secrets", name), name),
            Root::Local(name) => return self.check_given(names, name),
        };
        let place = names.place(self.text, space, name);
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
        let exact = place.slice(self.text) == name;
        let fix = nearest.filter(|_| exact).map(|nearest| self.replacement(format!("Change to `{nearest}`"), place, nearest));
        self.report(codes::UNKNOWN_NAME, place, message).fixes.extend(fix);
    }

    fn expression_problems(&mut self, node: &Node, scalar: &Scalar, problems: &[TemplateProblem]) {
        if problems.is_empty() {
            return;
        }
        let pieces = split(&scalar.text);
        let expressions = pieces.iter().filter_map(|piece| match piece {
            Piece::Expression { source, at } => Some((*source, *at)),
            _ => None,
        });
        let (sources, offsets): (Vec<&str>, Vec<usize>) = expressions.unzip();
        let places = if node.aliased { Vec::new() } else { written(self.text, node.place, &sources) };
        for problem in problems {
            let number = offsets.binary_search(&problem.at).ok();
            self.expression_problem(node, problem, number.and_then(|number| places.get(number).copied().flatten()));
        }
    }

    fn expression_problem(&mut self, node: &Node, found: &TemplateProblem, written: Option<Written<'_>>) {
        let fallback = super::first_line(self.text, node.place);
        let Some(problem) = &found.problem else {
            let at = node.place.slice(self.text).rfind("${{").filter(|_| !node.aliased);
            let place = at.map_or(fallback, |at| Place::new(node.place.start + at, node.place.start + at + 3));
            let message = "This `${{` is not closed by `}}`; a literal one is written `$${{`.";
            self.report(codes::EXPRESSION_SYNTAX, place, message);
            return;
        };
        let exact = written.filter(|written| written.source == found.source && !found.source.is_empty());
        let place = match (exact, written) {
            (Some(written), _) => written.part(problem.start, problem.end.saturating_sub(problem.start)),
            (None, Some(written)) if !found.source.is_empty() => super::first_line(self.text, written.trimmed()),
            _ => fallback,
        };
        let (message, suggestion) = match self.declared(problem, exact.map(|_| place.slice(self.text))) {
            Some((message, meant)) => (message, Some(meant)),
            None => (message_of(problem), problem.suggestion.clone()),
        };
        let fix = suggestion
            .filter(|_| exact.is_some())
            .map(|suggestion| self.replacement(format!("Change to `{suggestion}`"), place, suggestion));
        self.report(code_of(problem.kind), place, message).fixes.extend(fix);
    }

    /// What is to be said of an unknown name that the workflow declares, and how it is read.
    fn declared(&self, problem: &Problem, name: Option<&str>) -> Option<(String, String)> {
        let name = name.filter(|_| problem.kind == ProblemKind::UnknownName)?;
        let spaces = [("inputs", &self.inputs, "an input"), ("env", &self.env, "an environment variable")];
        let (space, _, what) = spaces.into_iter().find(|(_, known, _)| known.iter().any(|known| known == name))?;
        let meant = format!("{space}.{name}");
        Some((format!("`{name}` is {what}, which is read as `{meant}`."), meant))
    }
}

/// The names that one expression reads, asked for in their order.
struct Names<'n, 't> {
    node: &'n Node,
    written: Option<Written<'t>>,
    /// How often each was asked for.
    asked: HashMap<(&'static str, String), usize>,
}

impl Names<'_, '_> {
    /// Where the next read of a name of a space stands, as `inputs.NAME`; the scalar when that cannot be told.
    fn place(&mut self, text: &str, space: &'static str, name: &str) -> Place {
        let fallback = super::first_line(text, self.node.place);
        let Some(written) = self.written else { return fallback };
        let asked = self.asked.entry((space, name.to_owned())).or_default();
        *asked += 1;
        // The same name may be read of another space, or be a key.
        let of_space = |at: &usize| {
            let before = written.source[..*at].trim_end_matches(['.', '[', '\\', '\'', '"', ' ', '?']);
            before.len() < *at && before.ends_with(space) && !space.is_empty()
        };
        let bare = |at: &usize| space.is_empty() && !written.source[..*at].trim_end().ends_with(['.', '\'', '"']);
        let found: Vec<usize> = written.words(name).filter(|at| of_space(at) || bare(at)).collect();
        let at = found.get(*asked - 1).or(found.first());
        at.map_or(fallback, |at| written.part(*at, name.len()))
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
