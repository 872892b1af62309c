//! The types of all steps of a workflow, and what its expressions can never do.
//!
//! Invariant: every expression is looked at once, after the steps that come before it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::infer::{Finding, FindingKind, Steps, View, infer};
use super::lattice::{Heads, Type};
use super::outputs::{of_input, of_once, of_outputs, of_step, of_template, previous};
use super::passed::{asked_about, may_be_null, plain_reads};
use super::signature::{Parameter, Signature};
use crate::check::order;
use crate::codes;
use crate::decode::{BodySketch, Decoder, Draft, Purpose, Sketch};
use crate::expression::{Program, Template};
use crate::model::{Action, Repeat};
use crate::text::Place;

/// What a place wants of the value of its expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wants {
    /// Nothing in particular.
    #[default]
    Anything,
    /// True or false.
    Condition,
    /// A list.
    List,
    /// A whole number.
    Number,
    /// A length of time.
    Duration,
    /// A moment.
    Moment,
}

/// A text with expressions, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) programs: Vec<Arc<Program>>,
    /// Whether it is one whole expression.
    pub(crate) whole: bool,
    /// The scalar.
    pub(crate) place: Place,
    /// Whether the scalar is written elsewhere.
    pub(crate) aliased: bool,
    pub(crate) field: String,
    pub(crate) step: Option<String>,
    pub(crate) purpose: Purpose,
    pub(crate) wants: Wants,
}

/// What a step holds, for whoever writes an expression.
#[derive(Debug, Clone)]
pub(crate) struct StepTypes {
    /// What it gives back, as others see it.
    pub(crate) output: Type,
    /// `item` inside it.
    pub(crate) item: Type,
    /// `pass.previous` inside it.
    pub(crate) previous: Type,
}

/// What is known of the values of a workflow.
#[derive(Debug, Clone)]
pub(crate) struct Types {
    pub(crate) inputs: Type,
    pub(crate) env: Type,
    /// By path.
    pub(crate) steps: BTreeMap<String, StepTypes>,
}

impl Default for Types {
    fn default() -> Self {
        Self { inputs: Type::Dyn, env: Type::Dyn, steps: BTreeMap::new() }
    }
}

/// What is in scope besides steps.
#[derive(Clone, Copy)]
struct Given<'a> {
    inputs: &'a Type,
    env: &'a Type,
    item: &'a Type,
    previous: &'a Type,
}

impl<'a> Given<'a> {
    fn view(self, steps: &'a Steps<'a>) -> View<'a> {
        View { inputs: self.inputs, env: self.env, steps, item: self.item, previous: self.previous }
    }
}

struct Walk<'d, 't> {
    decoder: &'d mut Decoder<'t>,
    steps: BTreeMap<String, StepTypes>,
    /// The names of steps that conditions ask about.
    asked: HashSet<String>,
}

/// Works out all types, and reports what can never work.
pub(crate) fn check(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>) -> (Types, Signature) {
    // What is not declared is reported as such.
    let inputs = Type::object(sketch.inputs.iter().map(|(name, input)| (name.clone(), of_input(input))), true);
    let env = Type::object(sketch.env.keys().map(|name| (name.clone(), Type::Text)), true);
    let mut asked = HashSet::new();
    asked_about(&sketch.body, &mut asked);
    let mut walk = Walk { decoder, steps: BTreeMap::new(), asked };
    let given = Given { inputs: &inputs, env: &env, item: &Type::Dyn, previous: &Type::Dyn };
    let outputs = walk.scope(&sketch.body, given, None, |walk, view| {
        for site in &sketch.sites {
            walk.site(site, view);
        }
        of_outputs(&sketch.outputs, view)
    });
    let steps = walk.steps;
    let parameters: IndexMap<String, Parameter> =
        sketch.inputs.iter().map(|(name, input)| (name.clone(), Parameter::new(input))).collect();
    let signature = Signature { inputs: parameters, outputs: outputs.into_iter().collect() };
    (Types { inputs, env, steps }, signature)
}

impl Walk<'_, '_> {
    /// One scope with those inside it; what its outputs are is asked when all its steps are known.
    fn scope<T>(
        &mut self,
        body: &BodySketch<'_>,
        given: Given<'_>,
        outer: Option<&Steps<'_>>,
        outputs: impl FnOnce(&mut Self, View<'_>) -> T,
    ) -> T {
        let order = order(&body.graph).unwrap_or_else(|| (0..body.steps.len()).collect());
        let mut steps = Steps { own: HashMap::with_capacity(body.steps.len()), passed: HashMap::new(), outer };
        // A step that comes later says nothing yet, and hides one of the same name in a scope around this one.
        steps.own.extend(body.steps.iter().map(|step| (step.label.clone(), Type::Dyn)));
        for at in order {
            let step = &body.steps[at];
            let of = self.step(step, given, &steps);
            steps.own.insert(step.label.clone(), of);
            if let (true, Some(rules)) = (step.step.as_deref().is_some_and(may_be_null), step.node.entry("on_error")) {
                steps.passed.insert(step.label.clone(), rules.key_place);
            }
        }
        for step in &body.steps {
            if let Some(known) = self.steps.get(&step.path).cloned()
                && step.sites.iter().any(|site| site.purpose == Purpose::Undo)
            {
                let inside = Given { item: &known.item, previous: &known.previous, ..given };
                let undone = if step.step.as_ref().is_some_and(|step| step.repeat.is_some()) { Type::Dyn } else { known.output };
                let own = HashMap::from([(step.label.clone(), undone)]);
                let own = Steps { own, passed: HashMap::new(), outer: Some(&steps) };
                for site in step.sites.iter().filter(|site| site.purpose == Purpose::Undo) {
                    self.site(site, inside.view(&own));
                }
            }
        }
        let view = given.view(&steps);
        for site in &body.output_sites {
            self.site(site, view);
        }
        outputs(self, view)
    }

    fn step(&mut self, draft: &Draft<'_>, around: Given<'_>, steps: &Steps<'_>) -> Type {
        let repeat = draft.step.as_ref().and_then(|step| step.repeat.as_ref());
        let item = match repeat {
            Some(Repeat::ForEach(each)) => of_template(&each.list, around.view(steps)).elements(),
            _ => around.item.clone(),
        };
        let before = match (&draft.step, repeat) {
            (Some(step), Some(Repeat::Loop(_))) => {
                let inner = draft.body.as_ref().map_or(&[][..], |body| &body.steps);
                previous(step, &mut inner.iter().map(|step| step.label.clone()))
            }
            _ => around.previous.clone(),
        };
        let inside = Given { item: &item, previous: &before, ..around };
        let group = matches!(draft.step.as_ref().map(|step| &step.action), Some(Action::Group(_)));
        for site in draft.sites.iter().filter(|site| site.purpose != Purpose::Undo) {
            let given = match site.field.split('.').next() {
                Some("for_each" | "enough" | "when") => around,
                Some("loop") => Given { item: around.item, ..inside },
                Some("on_error") if group => Given { item: around.item, ..inside },
                _ => inside,
            };
            self.site(site, given.view(steps));
        }
        let inner = draft.body.as_ref().map(|body| {
            self.scope(body, inside, Some(steps), |_, view| match draft.step.as_ref().map(|step| &step.action) {
                Some(Action::Group(group)) if group.outputs.is_some() => {
                    Type::object(group.outputs.iter().flat_map(|outputs| of_outputs(outputs, view)), false)
                }
                _ => {
                    let own = body.steps.iter().filter(|step| step.named);
                    let of = |label: &String| view.steps.own.get(label).cloned().unwrap_or(Type::Dyn);
                    Type::object(own.map(|step| (step.label.clone(), of(&step.label))), false)
                }
            })
        });
        let output = match &draft.step {
            Some(step) => {
                let once = of_once(step, inner, inside.view(steps));
                of_step(step, once, inside.view(steps))
            }
            None => Type::Dyn,
        };
        self.steps.insert(draft.path.clone(), StepTypes { output: output.clone(), item, previous: before });
        output
    }

    fn site(&mut self, site: &Site, view: View<'_>) {
        for program in &site.programs {
            let (of, findings) = infer(program, view);
            let fails = of == Type::Never;
            for finding in &findings {
                self.report(site, program, finding, fails);
            }
            if !fails && site.purpose != Purpose::Undo {
                self.passed(site, program, view);
            }
            let (heads, code, wanted) = match site.wants {
                // Text around an expression is reported as such.
                _ if !site.whole => continue,
                Wants::Anything => continue,
                Wants::Condition => (Heads::BOOL, codes::NEVER_A_CONDITION, "true or false"),
                Wants::List => (Heads::LIST, codes::NEVER_A_LIST, "a list"),
                Wants::Number => (Heads::NUMBER, codes::NEVER_A_LIST, "a whole number"),
                Wants::Duration => (Heads::TEXT.or(Heads::DURATION), codes::BAD_DURATION, "a duration such as '1h30m'"),
                Wants::Moment => {
                    (Heads::TEXT.or(Heads::TIMESTAMP), codes::BAD_DURATION, "a moment such as '2026-01-31T08:00:00Z'")
                }
            };
            if !fails && !of.heads().meets(heads) {
                let hint = match (site.wants, &of) {
                    (Wants::List, Type::Text) => "; `lines(…)` and `.split(…)` make a list of text",
                    _ => "",
                };
                let message = format!("The value here is {of}, but {wanted} is needed{hint}.");
                let place = self.place(site, program, "");
                self.tell(site, code, place, message);
            }
        }
    }

    fn report(&mut self, site: &Site, program: &Program, finding: &Finding, fails: bool) {
        let code = match finding.kind {
            FindingKind::Fails if fails => codes::NEVER_WORKS,
            FindingKind::Fails => codes::FAILS_WHEN_REACHED,
            FindingKind::Compares => codes::NEVER_EQUAL,
            FindingKind::Fraction => codes::FRACTION,
            FindingKind::Lacks => codes::UNKNOWN_FIELD,
            FindingKind::Resembles => codes::DOUBTFUL_FIELD,
        };
        let place = self.place(site, program, &finding.word);
        let exact = place.slice(self.decoder.text) == finding.word;
        let fix = finding
            .suggestion
            .as_ref()
            .filter(|_| exact)
            .map(|suggestion| self.decoder.replacement(format!("Change to `{suggestion}`"), place, suggestion.clone()));
        let diagnostic = self.tell(site, code, place, finding.message.clone());
        diagnostic.fixes.extend(fix);
    }

    /// Warns of reads that fail when a step failed and the run went on.
    fn passed(&mut self, site: &Site, program: &Program, view: View<'_>) {
        for (step, field) in plain_reads(program) {
            let Some(rules) = view.steps.passed(step).filter(|_| !self.asked.contains(step)) else { continue };
            let path = format!("steps.{step}.output");
            let message = format!(
                "`{path}` is null when `{step}` failed, because the run goes on then; null has no `{field}`, and this would fail. Ask first: {path} != null ? … : …"
            );
            let source = program.source.trim();
            let whole = self.place(site, program, "");
            let plain = |rest: &str| rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
            let alone = source.strip_prefix(&path).is_some_and(plain) && whole.slice(self.decoder.text) == source;
            let fix = (alone && site.wants == Wants::Anything).then(|| {
                self.decoder.replacement("Use null when there is no output", whole, format!("{path} != null ? {source} : null"))
            });
            let related = self.decoder.related(rules, format!("The run goes on here when `{step}` fails."));
            let place = self.place(site, program, &path);
            let diagnostic = self.tell(site, codes::NULL_WHEN_FAILED, place, message);
            diagnostic.related.push(related);
            diagnostic.fixes.extend(fix);
        }
    }

    fn tell(&mut self, site: &Site, code: codes::Code, place: Place, message: String) -> &mut crate::Diagnostic {
        let diagnostic = self.decoder.report(code, place, message);
        diagnostic.step.clone_from(&site.step);
        diagnostic.field = (!site.field.is_empty()).then(|| site.field.clone());
        diagnostic
    }

    /// Where a word of an expression stands, when it stands there once; else the expression, else the scalar.
    fn place(&self, site: &Site, program: &Program, word: &str) -> Place {
        let raw = site.place.slice(self.decoder.text);
        let found = raw.find(&program.source).filter(|_| !site.aliased);
        let Some(start) = found.map(|at| site.place.start + at) else {
            return crate::decode::first_line(self.decoder.text, site.place);
        };
        let source = &program.source;
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let named = word.starts_with(part_of_word);
        let whole = |at: &usize| {
            !named || (!source[..*at].ends_with(part_of_word) && !source[at + word.len()..].starts_with(part_of_word))
        };
        let mut places = source.match_indices(word).map(|(at, _)| at).filter(|at| !word.is_empty() && whole(at));
        match (places.next(), places.next()) {
            (Some(at), None) => Place::new(start + at, start + at + word.len()),
            _ => {
                let trimmed = source.trim();
                let at = start + (source.len() - source.trim_start().len());
                crate::decode::first_line(self.decoder.text, Place::new(at, at + trimmed.len()))
            }
        }
    }
}

/// The programs of a template that is one text.
pub(crate) fn programs_of(template: &Template) -> Vec<Arc<Program>> {
    use crate::expression::{Chunk, Part};
    match template.part() {
        Part::Whole(program) => vec![Arc::clone(program)],
        Part::Text(chunks) => {
            let program = |chunk: &Chunk| match chunk {
                Chunk::Expression(program) => Some(Arc::clone(program)),
                Chunk::Text(_) => None,
            };
            chunks.iter().filter_map(program).collect()
        }
        _ => Vec::new(),
    }
}
