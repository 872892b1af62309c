//! The types of all steps of a workflow, and what its expressions can never do.
//!
//! Invariant: every expression is looked at once, after the steps that come before it; those of a step of which there was nothing
//! to say are not looked at again before it, or what it reads, has changed.

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::infer::{Finding, FindingKind, Steps, View, infer};
use super::lattice::{Heads, Type};
use super::outputs::{of_input, of_once, of_outputs, of_step, of_template, previous};
use super::passed::{asked_about, may_be_null, plain_reads};
use super::signature::{Parameter, Signature};
use crate::check::order;
use crate::codes;
use crate::decode::{BodySketch, Decoder, Draft, Purpose, Sketch, Written, written};
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
#[derive(Debug)]
pub(crate) struct StepTypes {
    /// What it gives back, as others see it.
    pub(crate) output: Type,
    /// `item` inside it.
    pub(crate) item: Type,
    /// `pass.previous` inside it.
    pub(crate) previous: Type,
    /// Its own steps, by label.
    inside: Inside,
}

type Inside = IndexMap<String, Arc<StepTypes>>;

/// What was found out about a step with those inside it, when there was nothing to say about it.
#[derive(Debug)]
pub(crate) struct Typed {
    /// What it read, in the order of its reads.
    read: Vec<(String, Option<Type>)>,
    types: Arc<StepTypes>,
}

/// What a workflow is given.
#[derive(Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) inputs: Type,
    pub(crate) env: Type,
}

impl Default for Given {
    fn default() -> Self {
        Self { inputs: Type::Dyn, env: Type::Dyn }
    }
}

/// What is known of the values of a workflow.
#[derive(Debug, Clone)]
pub(crate) struct Types {
    pub(crate) inputs: Type,
    pub(crate) env: Type,
    /// Those at the top, by label; versions of a workflow share those that are the same.
    steps: Inside,
}

impl Default for Types {
    fn default() -> Self {
        Self { inputs: Type::Dyn, env: Type::Dyn, steps: Inside::new() }
    }
}

impl Types {
    /// What a step holds, by its path.
    pub(crate) fn step(&self, path: &str) -> Option<&StepTypes> {
        let mut labels = path.split('.');
        let first = self.steps.get(labels.next()?)?;
        labels.try_fold(first.as_ref(), |step, label| step.inside.get(label).map(Arc::as_ref))
    }
}

/// What is in scope besides steps.
#[derive(Clone, Copy)]
struct Around<'a> {
    inputs: &'a Type,
    env: &'a Type,
    item: &'a Type,
    previous: &'a Type,
}

impl<'a> Around<'a> {
    fn view(self, steps: &'a Steps<'a>) -> View<'a> {
        View { inputs: self.inputs, env: self.env, steps, item: self.item, previous: self.previous }
    }
}

struct Walk<'d, 't, 'b> {
    decoder: &'d mut Decoder<'t>,
    body: &'b BodySketch<'b>,
    /// The names of steps that conditions ask about, once it is asked.
    asked: OnceCell<HashSet<String>>,
    /// Whether conditions were asked about since a step was begun: they may stand anywhere.
    looked_far: Cell<bool>,
    /// Whether what was found out before holds, as far as what the workflow is given goes.
    same: bool,
    /// What was found out about steps at the top, by index.
    fresh: Vec<(usize, Typed)>,
}

/// Works out all types, and reports what can never work.
pub(crate) fn check(decoder: &mut Decoder<'_>, sketch: &mut Sketch<'_>, before: &Given) -> (Types, Signature) {
    // What is not declared is reported as such.
    let inputs = Type::object(sketch.inputs.iter().map(|(name, input)| (name.clone(), of_input(input))), true);
    let env = Type::object(sketch.env.keys().map(|name| (name.clone(), Type::Text)), true);
    let same = before.inputs == inputs && before.env == env;
    let mut walk =
        Walk { decoder, body: &sketch.body, asked: OnceCell::new(), looked_far: Cell::new(false), same, fresh: Vec::new() };
    let given = Around { inputs: &inputs, env: &env, item: &Type::Dyn, previous: &Type::Dyn };
    let (outputs, steps) = walk.scope(&sketch.body, given, None, |walk, view| {
        for site in &sketch.sites {
            walk.site(site, view);
        }
        of_outputs(&sketch.outputs, view)
    });
    for (at, typed) in walk.fresh {
        sketch.body.steps[at].typed = Some(typed);
    }
    let parameters: IndexMap<String, Parameter> =
        sketch.inputs.iter().map(|(name, input)| (name.clone(), Parameter::new(input))).collect();
    let signature = Signature { inputs: parameters, outputs: outputs.into_iter().collect() };
    (Types { inputs, env, steps }, signature)
}

/// One expression of a text.
#[derive(Clone, Copy)]
struct Part<'a, 't> {
    site: &'a Site,
    number: usize,
    program: &'a Program,
    /// Where the expressions of the text are written, once it is asked.
    written: &'a OnceCell<Vec<Option<Written<'t>>>>,
}

impl<'t, 'b> Walk<'_, 't, 'b> {
    /// One scope with those inside it; what its outputs are is asked when all its steps are known.
    fn scope<T>(
        &mut self,
        body: &BodySketch<'_>,
        given: Around<'_>,
        outer: Option<&Steps<'_>>,
        outputs: impl FnOnce(&mut Self, View<'_>) -> T,
    ) -> (T, Inside) {
        let order = order(&body.graph).unwrap_or_else(|| (0..body.steps.len()).collect());
        let mut steps = Steps { own: HashMap::with_capacity(body.steps.len()), passed: HashMap::new(), outer };
        let mut known = Inside::with_capacity(body.steps.len());
        // A step that comes later says nothing yet, and hides one of the same name in a scope around this one.
        steps.own.extend(body.steps.iter().map(|step| (step.label.as_str(), Type::Dyn)));
        for at in order {
            let step = &body.steps[at];
            let of = match &step.typed {
                Some(typed) if outer.is_none() && self.same && typed.holds(step, &steps) => Arc::clone(&typed.types),
                _ => self.anew(at, step, given, &steps),
            };
            steps.own.insert(&step.label, of.output.clone());
            known.insert(step.label.clone(), of);
            if let (true, Some(rules)) = (step.step.as_deref().is_some_and(may_be_null), step.node.entry("on_error")) {
                steps.passed.insert(&step.label, rules.key_place);
            }
        }
        for step in body.steps.iter().filter(|step| step.sites.iter().any(|site| site.purpose == Purpose::Undo)) {
            let Some(known) = known.get(&step.label) else { continue };
            let inside = Around { item: &known.item, previous: &known.previous, ..given };
            let repeated = step.step.as_ref().is_some_and(|step| step.repeat.is_some());
            let undone = if repeated { Type::Dyn } else { known.output.clone() };
            let own = HashMap::from([(step.label.as_str(), undone)]);
            let own = Steps { own, passed: HashMap::new(), outer: Some(&steps) };
            for site in step.sites.iter().filter(|site| site.purpose == Purpose::Undo) {
                self.site(site, inside.view(&own));
            }
        }
        let view = given.view(&steps);
        for site in &body.output_sites {
            self.site(site, view);
        }
        (outputs(self, view), known)
    }

    /// What a step holds that was not looked at before.
    fn anew(&mut self, at: usize, step: &Draft<'_>, given: Around<'_>, steps: &Steps<'_>) -> Arc<StepTypes> {
        let said = self.decoder.diagnostics.len();
        if steps.outer.is_none() {
            self.looked_far.set(false);
        }
        let types = Arc::new(self.step(step, given, steps));
        if steps.outer.is_none() && self.decoder.diagnostics.len() == said && !self.looked_far.get() {
            self.fresh.extend(Typed::of(step, steps, &types).map(|typed| (at, typed)));
        }
        types
    }

    fn step(&mut self, draft: &Draft<'_>, around: Around<'_>, steps: &Steps<'_>) -> StepTypes {
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
        let inside = Around { item: &item, previous: &before, ..around };
        let group = matches!(draft.step.as_ref().map(|step| &step.action), Some(Action::Group(_)));
        for site in draft.sites.iter().filter(|site| site.purpose != Purpose::Undo) {
            let given = match site.field.split('.').next() {
                Some("for_each" | "enough" | "when") => around,
                Some("loop") => Around { item: around.item, ..inside },
                Some("on_error") if group => Around { item: around.item, ..inside },
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
                    let of = |label: &String| view.steps.own.get(label.as_str()).cloned().unwrap_or(Type::Dyn);
                    Type::object(own.map(|step| (step.label.clone(), of(&step.label))), false)
                }
            })
        });
        let (inner, inside_it) = inner.unzip();
        let output = match &draft.step {
            Some(step) => {
                let once = of_once(step, inner, inside.view(steps));
                of_step(step, once, inside.view(steps))
            }
            None => Type::Dyn,
        };
        StepTypes { output, item, previous: before, inside: inside_it.unwrap_or_default() }
    }

    fn site(&mut self, site: &Site, view: View<'_>) {
        let written = OnceCell::new();
        for (number, program) in site.programs.iter().enumerate() {
            let (of, findings) = infer(program, view);
            let fails = of == Type::Never;
            let part = Part { site, number, program, written: &written };
            for finding in &findings {
                self.report(part, finding, fails);
            }
            if !fails && site.purpose != Purpose::Undo {
                self.passed(part, view);
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
                let place = self.place(part, "");
                self.tell(site, code, place, message);
            }
        }
    }

    fn report(&mut self, part: Part<'_, 't>, finding: &Finding, fails: bool) {
        let code = match finding.kind {
            FindingKind::Fails if fails => codes::NEVER_WORKS,
            FindingKind::Fails => codes::FAILS_WHEN_REACHED,
            FindingKind::Compares => codes::NEVER_EQUAL,
            FindingKind::Fraction => codes::FRACTION,
            FindingKind::Lacks => codes::UNKNOWN_FIELD,
            FindingKind::Resembles => codes::DOUBTFUL_FIELD,
        };
        let place = self.place(part, &finding.word);
        let exact = place.slice(self.decoder.text) == finding.word;
        let fix = finding
            .suggestion
            .as_ref()
            .filter(|_| exact)
            .map(|suggestion| self.decoder.replacement(format!("Change to `{suggestion}`"), place, suggestion.clone()));
        let diagnostic = self.tell(part.site, code, place, finding.message.clone());
        diagnostic.fixes.extend(fix);
    }

    fn asked(&self) -> &HashSet<String> {
        self.looked_far.set(true);
        self.asked.get_or_init(|| {
            let mut asked = HashSet::new();
            asked_about(self.body, &mut asked);
            asked
        })
    }

    /// Warns of reads that fail when a step failed and the run went on.
    fn passed(&mut self, part: Part<'_, 't>, view: View<'_>) {
        let Part { site, program, .. } = part;
        for (step, field) in plain_reads(program) {
            let Some(rules) = view.steps.passed(step).filter(|_| !self.asked().contains(step)) else { continue };
            let path = format!("steps.{step}.output");
            let message = format!(
                "`{path}` is null when `{step}` failed, because the run goes on then; null has no `{field}`, and this would fail. Ask first: {path} != null ? … : …"
            );
            let source = program.source.trim();
            let whole = self.place(part, "");
            let plain = |rest: &str| rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
            let alone = source.strip_prefix(&path).is_some_and(plain) && whole.slice(self.decoder.text) == source;
            let fix = (alone && site.wants == Wants::Anything).then(|| {
                self.decoder.replacement("Use null when there is no output", whole, format!("{path} != null ? {source} : null"))
            });
            let related = self.decoder.related(rules, format!("The run goes on here when `{step}` fails."));
            let place = self.place(part, &path);
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
    fn place(&self, part: Part<'_, 't>, word: &str) -> Place {
        let Part { site, number, written: places, .. } = part;
        let text = self.decoder.text;
        let places = places.get_or_init(|| {
            let sources: Vec<&str> = site.programs.iter().map(|program| program.source.as_str()).collect();
            if site.aliased { Vec::new() } else { written(text, site.place, &sources) }
        });
        let Some(here) = places.get(number).copied().flatten() else {
            return crate::decode::first_line(text, site.place);
        };
        let mut words = here.words(word);
        match (words.next(), words.next()) {
            (Some(at), None) => here.part(at, word.len()),
            _ => crate::decode::first_line(text, here.trimmed()),
        }
    }
}

impl Typed {
    /// None of a step whose reads may still be spoken of when conditions elsewhere change.
    fn of(step: &Draft<'_>, steps: &Steps<'_>, types: &Arc<StepTypes>) -> Option<Self> {
        let read = |name: &str| steps.passed(name).is_none().then(|| (name.to_owned(), steps.get(name).cloned()));
        let read = reads(step).map(read).collect::<Option<Vec<_>>>()?;
        Some(Self { read, types: Arc::clone(types) })
    }

    /// Whether what the step reads is still the same.
    fn holds(&self, step: &Draft<'_>, steps: &Steps<'_>) -> bool {
        let same = |((name, of), read): (&(String, Option<Type>), &str)| {
            name == read && of.as_ref() == steps.get(read) && steps.passed(read).is_none()
        };
        self.read.len() == reads(step).count() && self.read.iter().zip(reads(step)).all(same)
    }
}

/// The names of the steps that a step reads, and those inside it.
fn reads<'d>(step: &'d Draft<'_>) -> impl Iterator<Item = &'d str> {
    step.reads.iter().chain(&step.escaped).map(|read| read.reference.step.as_str())
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
