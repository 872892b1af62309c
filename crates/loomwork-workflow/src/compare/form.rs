//! The canonical form of a definition: a map of fields in the words of the language, with what goes without saying left
//! out and every way of writing a thing made one.
//!
//! Invariant: two definitions have equal forms exactly when they mean the same. Types are taken apart by all of their
//! fields, so that a new field cannot be forgotten here.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::model::{
    Action, Approve, Backoff, Breaker, Cache, Call, Choose, Compensation, Concurrency, Defaults, ErrorAction, ErrorRule, ForEach,
    Group, Input, Jitter, Join, Loop, OnConflict, OnFailure, OnItemFailure, OnRestart, Process, ProgramText, Repeat, Rest, Retry,
    Step, Wait, Workflow,
};
use crate::{DEFAULT_SHELL, Template, format_duration};

/// The fields of a definition.
pub(super) type Form = Map<String, Value>;

/// How expressions and the names of steps are written.
#[derive(Clone, Copy)]
pub(super) enum Pen<'n> {
    /// As in the file.
    Written,
    /// The same for all ways of writing them, with names of steps from elsewhere.
    Canonical(&'n dyn Fn(&str) -> String),
}

impl Pen<'_> {
    fn template(self, template: &Template) -> Value {
        match self {
            Self::Written => template.as_written(),
            Self::Canonical(names) => template.canonical(names),
        }
    }

    pub(super) fn step(self, id: &str) -> String {
        match self {
            Self::Written => id.to_owned(),
            Self::Canonical(names) => names(id),
        }
    }

    fn templates(self, templates: &IndexMap<String, Template>) -> Value {
        Value::Object(templates.iter().map(|(name, template)| (name.clone(), self.template(template))).collect())
    }

    fn some(self, form: &mut Form, field: &str, template: Option<&Template>) {
        if let Some(template) = template {
            form.insert(field.to_owned(), self.template(template));
        }
    }
}

/// The form of a step: without its id, its edges and its own steps. `inside` is for what sees the steps of a group.
pub(super) fn step_form(step: &Step, pen: Pen<'_>, inside: Pen<'_>) -> Form {
    let Step { id: _, title, description, action, join, rest, repeat, when, .. } = step;
    let Step { retry, timeout_ms, on_restart, on_error, compensate, breaker, cache, pin, other, .. } = step;
    let mut form = Form::new();
    text(&mut form, "title", title.as_deref());
    text(&mut form, "description", description.as_deref());
    action_form(action, pen, inside, &mut form);
    join_form(*join, *rest, &mut form);
    pen.some(&mut form, "when", when.as_ref());
    match repeat {
        Some(Repeat::ForEach(each)) => for_each_form(each, pen, &mut form),
        Some(Repeat::Loop(repeat)) => put(&mut form, "loop", loop_form(repeat, pen)),
        None => {}
    }
    if let Some(retry) = retry {
        put(&mut form, "retry", retry_form(retry));
    }
    duration(&mut form, "timeout", *timeout_ms);
    match on_restart {
        OnRestart::Rerun => {}
        OnRestart::Fail => put(&mut form, "on_restart", "fail"),
        OnRestart::Ask => put(&mut form, "on_restart", "ask"),
    }
    if !on_error.is_empty() {
        put(&mut form, "on_error", on_error.iter().map(|rule| rule_form(rule, pen)).collect::<Vec<_>>());
    }
    if let Some(compensate) = compensate {
        let Compensation { action, retry, timeout_ms } = &**compensate;
        let mut undo = Form::new();
        action_form(action, pen, pen, &mut undo);
        if let Some(retry) = retry {
            put(&mut undo, "retry", retry_form(retry));
        }
        duration(&mut undo, "timeout", *timeout_ms);
        put(&mut form, "compensate", undo);
    }
    if let Some(Breaker { failures, cooldown_ms, key }) = breaker {
        let mut breaker = Form::new();
        put(&mut breaker, "failures", *failures);
        duration(&mut breaker, "cooldown", Some(*cooldown_ms));
        text(&mut breaker, "key", key.as_deref());
        put(&mut form, "breaker", breaker);
    }
    if let Some(cache) = cache {
        put(&mut form, "cache", cache_form(cache, pen));
    }
    if let Some(pin) = pin {
        put(&mut form, "pin", pin.clone());
    }
    form.extend(other.clone());
    form
}

fn cache_form(cache: &Cache, pen: Pen<'_>) -> Value {
    let Cache { key, ttl_ms, files } = cache;
    let mut form = Form::new();
    pen.some(&mut form, "key", key.as_ref());
    duration(&mut form, "ttl", *ttl_ms);
    if !files.is_empty() {
        put(&mut form, "files", files.iter().map(|file| pen.template(file)).collect::<Vec<_>>());
    }
    if form.is_empty() { Value::Bool(true) } else { Value::Object(form) }
}

fn action_form(action: &Action, pen: Pen<'_>, inside: Pen<'_>, form: &mut Form) {
    let key = action.name();
    let value = match action {
        Action::Process(process) => process_form(process, pen, form),
        Action::Set(values) => pen.templates(values),
        Action::Choose(Choose { cases, otherwise }) => {
            let cases = cases.iter().map(|(port, condition)| json!({ port.as_str(): pen.template(condition) }));
            cases.chain(otherwise.iter().map(|port| json!({ "else": port }))).collect()
        }
        Action::Group(Group { body: _, outputs, max_parallel }) => {
            if let Some(outputs) = outputs {
                put(form, "outputs", inside.templates(outputs));
            }
            number(form, "max_parallel", *max_parallel);
            Value::Bool(true)
        }
        Action::Wait(wait) => wait_form(wait, pen),
        Action::FirstOf(branches) => branches.iter().map(|(port, wait)| json!({ port.as_str(): wait_form(wait, pen) })).collect(),
        Action::Approve(Approve { message, form: fields, timeout, on_timeout }) => {
            let mut approve = Form::new();
            put(&mut approve, "message", pen.template(message));
            if let Some(fields) = fields {
                put(&mut approve, "form", fields.clone());
            }
            pen.some(&mut approve, "timeout", timeout.as_ref());
            text(&mut approve, "on_timeout", on_timeout.as_deref());
            Value::Object(approve)
        }
        Action::Emit { event, data } => json!({ "event": pen.template(event), "data": pen.template(data) }),
        Action::Cancel(steps) => {
            let mut names: Vec<String> = steps.iter().map(|id| pen.step(id)).collect();
            names.sort_unstable();
            names.into()
        }
        Action::End(None) => "succeeded".into(),
        Action::End(Some(message)) => json!({ "failed": pen.template(message) }),
        Action::Call(Call { id, inputs, wait }) => {
            json!({ "id": pen.template(id), "inputs": pen.template(inputs), "wait": wait })
        }
        Action::Effect { name: _, input } => pen.template(input),
    };
    form.insert(key.to_owned(), value);
}

fn process_form(process: &Process, pen: Pen<'_>, form: &mut Form) -> Value {
    let Process { program, env, workdir, stdin, output } = process;
    if !env.is_empty() {
        put(form, "env", pen.templates(env));
    }
    pen.some(form, "workdir", workdir.as_ref());
    pen.some(form, "stdin", stdin.as_ref());
    text(form, "output", output.map(crate::OutputAs::as_str));
    match program {
        ProgramText::Script { script, shell } => {
            if *shell != DEFAULT_SHELL {
                put(form, "shell", shell.clone());
            }
            script.as_str().into()
        }
        ProgramText::Command(argv) => argv.iter().map(|argument| pen.template(argument)).collect(),
    }
}

fn wait_form(wait: &Wait, pen: Pen<'_>) -> Value {
    let mut form = Form::new();
    match wait {
        Wait::For(duration) => pen.some(&mut form, "for", Some(duration)),
        Wait::Until(moment) => pen.some(&mut form, "until", Some(moment)),
        Wait::Event { name, matches, timeout } => {
            pen.some(&mut form, "event", Some(name));
            pen.some(&mut form, "match", matches.as_ref());
            pen.some(&mut form, "timeout", timeout.as_ref());
        }
    }
    Value::Object(form)
}

fn for_each_form(each: &ForEach, pen: Pen<'_>, form: &mut Form) {
    let ForEach { list, max_parallel, on_item_failure, enough, rest } = each;
    put(form, "for_each", pen.template(list));
    number(form, "max_parallel", *max_parallel);
    if *on_item_failure == OnItemFailure::Continue {
        put(form, "on_item_failure", "continue");
    }
    pen.some(form, "enough", enough.as_ref());
    if *rest == Rest::Cancel {
        put(form, "rest", "cancel");
    }
}

fn loop_form(repeat: &Loop, pen: Pen<'_>) -> Form {
    let Loop { while_, until, break_when, max } = repeat;
    let mut form = Form::new();
    pen.some(&mut form, "while", while_.as_ref());
    pen.some(&mut form, "until", until.as_ref());
    pen.some(&mut form, "break_when", break_when.as_ref());
    put(&mut form, "max", *max);
    form
}

fn join_form(join: Join, rest: Rest, form: &mut Form) {
    match (join, rest) {
        (Join::All, _) => {}
        (Join::Any, _) => put(form, "join", "any"),
        (Join::First, _) => put(form, "join", "first"),
        (Join::AtLeast(count), Rest::Ignore) => put(form, "join", json!({ "at_least": count })),
        (Join::AtLeast(count), Rest::Cancel) => put(form, "join", json!({ "at_least": count, "rest": "cancel" })),
    }
}

fn rule_form(rule: &ErrorRule, pen: Pen<'_>) -> Value {
    let ErrorRule { classes, when, then } = rule;
    let mut form = Form::new();
    if !classes.is_empty() {
        let mut classes = classes.clone();
        classes.sort_unstable();
        put(&mut form, "classes", classes);
    }
    pen.some(&mut form, "when", when.as_ref());
    let word = match then {
        ErrorAction::Retry(retry) => {
            if let Some(retry) = retry {
                put(&mut form, "retry", retry_form(retry));
            }
            "retry"
        }
        ErrorAction::Fallback(action) => {
            let mut fallback = Form::new();
            action_form(action, pen, pen, &mut fallback);
            put(&mut form, "fallback", fallback);
            "fallback"
        }
        ErrorAction::Continue => "continue",
        ErrorAction::Skip => "skip",
        ErrorAction::Ask => "ask",
        ErrorAction::Fail => "fail",
        ErrorAction::Compensate => "compensate",
    };
    put(&mut form, "do", word);
    Value::Object(form)
}

fn retry_form(retry: &Retry) -> Form {
    let Retry { attempts, backoff, initial_ms, factor, max_ms, jitter, classes, max_elapsed_ms } = retry;
    let mut form = Form::new();
    put(&mut form, "attempts", *attempts);
    let backoff = match backoff {
        Backoff::Constant => "constant",
        Backoff::Linear => "linear",
        Backoff::Exponential => "exponential",
    };
    put(&mut form, "backoff", backoff);
    duration(&mut form, "initial", Some(*initial_ms));
    put(&mut form, "factor", *factor);
    duration(&mut form, "max", Some(*max_ms));
    let jitter = match jitter {
        Jitter::None => "none",
        Jitter::Full => "full",
        Jitter::Equal => "equal",
    };
    put(&mut form, "jitter", jitter);
    let mut classes = classes.clone();
    classes.sort_unstable();
    put(&mut form, "classes", classes);
    duration(&mut form, "max_elapsed", *max_elapsed_ms);
    form
}

/// The form of what stands at the top of a file, without the steps.
pub(super) fn workflow_form(workflow: &Workflow, pen: Pen<'_>) -> Form {
    let Workflow { id, version, description, inputs, env, defaults, timeout_ms, on_failure, .. } = workflow;
    let Workflow { priority, labels, body: _, outputs, concurrency, secrets, other, unsupported: _, .. } = workflow;
    let mut form = Form::new();
    put(&mut form, "id", id.as_str());
    text(&mut form, "version", version.as_deref());
    text(&mut form, "description", description.as_deref());
    put(&mut form, "inputs", inputs.iter().map(|(name, input)| (name.clone(), input_form(input))).collect::<Form>());
    put(&mut form, "env", pen.templates(env));
    let Defaults { timeout_ms: default_timeout, retry } = defaults;
    let mut inherited = Form::new();
    duration(&mut inherited, "timeout", *default_timeout);
    if let Some(retry) = retry {
        put(&mut inherited, "retry", retry_form(retry));
    }
    put(&mut form, "defaults", inherited);
    duration(&mut form, "timeout", *timeout_ms);
    match on_failure {
        OnFailure::Finish => {}
        OnFailure::Stop => put(&mut form, "on_failure", "stop"),
        OnFailure::Compensate => put(&mut form, "on_failure", "compensate"),
    }
    if let Some(priority) = priority {
        put(&mut form, "priority", *priority);
    }
    put(&mut form, "labels", labels.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect::<Form>());
    put(&mut form, "outputs", pen.templates(outputs));
    if let Some(Concurrency { group, max, on_conflict }) = concurrency {
        let on_conflict = match on_conflict {
            OnConflict::Queue => "queue",
            OnConflict::Skip => "skip",
            OnConflict::CancelRunning => "cancel_running",
        };
        put(&mut form, "concurrency", json!({ "group": pen.template(group), "max": max, "on_conflict": on_conflict }));
    }
    let mut secrets = secrets.clone();
    secrets.sort_unstable();
    if !secrets.is_empty() {
        put(&mut form, "secrets", secrets);
    }
    form.extend(other.clone());
    form
}

fn input_form(input: &Input) -> Value {
    let Input { kind, required, default, values, schema, description } = input;
    let mut form = Form::new();
    put(&mut form, "type", kind.as_str());
    if *required {
        put(&mut form, "required", true);
    }
    if let Some(default) = default {
        put(&mut form, "default", default.clone());
    }
    if let Some(values) = values {
        put(&mut form, "enum", values.clone());
    }
    if let Some(schema) = schema {
        put(&mut form, "schema", schema.clone());
    }
    text(&mut form, "description", description.as_deref());
    Value::Object(form)
}

fn put(form: &mut Form, field: &str, value: impl Into<Value>) {
    form.insert(field.to_owned(), value.into());
}

fn text(form: &mut Form, field: &str, value: Option<&str>) {
    if let Some(value) = value {
        put(form, field, value);
    }
}

fn number(form: &mut Form, field: &str, value: Option<u32>) {
    if let Some(value) = value {
        put(form, field, value);
    }
}

fn duration(form: &mut Form, field: &str, ms: Option<u64>) {
    if let Some(ms) = ms {
        put(form, field, format_duration(ms));
    }
}
