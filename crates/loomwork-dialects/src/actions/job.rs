//! A job: a group of steps that run one after the other.

use super::conditions;
use super::runner::System;
use super::scope::Scope;
use super::{Defaults, Env, matrix, read_env, step};
use crate::cel;
use crate::draft;
use crate::duration;
use crate::names::Names;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Keys of a job that have no counterpart, and why.
const DROPPED: [(&str, &str); 7] = [
    ("runs-on", "steps run on this machine; give the job `runs_on` if workers with labels are set up"),
    ("permissions", "there is no token whose rights could be limited"),
    ("environment", "there are no deployment environments; an `approve` step before the job can take their place"),
    ("concurrency", "only a whole workflow has `concurrency`: make the job a workflow of its own that this one calls"),
    ("container", "give the steps the action `container` with this image"),
    ("services", "start them before the run, or by a step before this job"),
    ("defaults", "only `run` with `shell` and `working-directory` is known there"),
];

/// So many conditional steps one after the other are gathered by a step of their own: an expression has a bound.
const MANY: usize = 16;

pub(super) fn job(node: Node<'_>, id: &str, name: &str, defaults: &Defaults, scope: &mut Scope<'_>) -> Map {
    let title = node.get("name").and_then(|title| super::shown_text(title, scope.report));
    let mut group = draft::step(id, title.as_deref().or((name != id).then_some(name)));
    name.clone_into(&mut scope.job);
    scope.env = scope.secret_env.clone();
    scope.matrix = None;
    scope.system = None;
    scope.continued_steps.clear();
    scope.steps.clear();
    let needs = needs(node, scope);
    scope.before.clone_from(&needs);
    let condition = conditions::read(node.get("if"), scope, &mut group);
    conditions::put(&mut group, &condition, &needs, &[]);
    scope.matrix = matrix::put(&mut group, node, id, scope);
    scope.system = System::of(node);
    put_policies(&mut group, node, scope);
    let defaults = defaults.within(node, scope.report);
    for (key, why) in DROPPED.into_iter().filter(|(key, _)| *key != "defaults") {
        scope.report.drop_key(node, key, why);
    }
    if let Some(uses) = node.get("uses") {
        call(&mut group, node, uses, scope);
        return group;
    }
    let env = read_env(node.get("env"), &scope.secret_env.clone(), scope);
    let steps = node.get("steps").map(Node::items).unwrap_or_default();
    let made = steps_of(&steps, &env, &defaults, scope);
    if made.is_empty() {
        scope.report.placeholder(node, format!("the job `{name}` has no steps"));
        draft::placeholder(&mut group, "This job had no steps where it came from. Give it some.");
        return group;
    }
    group.put("steps", made);
    let mut outputs = Map::new();
    scope.env = env;
    for (key, value) in node.get("outputs").map(Node::entries).unwrap_or_default() {
        if let Some(text) = value.text() {
            let parts = scope.open_parts(text, value);
            outputs.put(key, cel::template(&parts));
        }
    }
    if !outputs.is_empty() && scope.matrix.is_some() {
        scope.report.approximated(node.peek("outputs").unwrap_or(node), "the outputs of a job with a matrix are a list here, one element for each combination: choose one where they are read");
    }
    group.put_filled("outputs", outputs);
    group
}

/// Whether a failure of a job or step does not count.
pub(super) fn is_continued(node: Node<'_>) -> bool {
    node.peek("continue-on-error").and_then(Node::boolean) == Some(true)
}

fn needs(node: Node<'_>, scope: &Scope<'_>) -> Vec<String> {
    let mut needs = Vec::new();
    for need in node.get("needs").map(Node::items_or_one).unwrap_or_default() {
        let Some(name) = need.text() else { continue };
        match scope.jobs.get(name) {
            Some(id) if !needs.contains(id) => needs.push(id.clone()),
            Some(_) => {}
            None => scope.report.dropped(need, format!("there is no job `{name}`")),
        }
    }
    needs
}

/// `timeout-minutes` and `continue-on-error`, of a job or a step.
pub(super) fn put_policies(step: &mut Map, node: Node<'_>, scope: &Scope<'_>) {
    if let Some(minutes) = node.get("timeout-minutes") {
        match duration::number(minutes, 60_000.0) {
            Some(text) => step.put("timeout", text),
            None => scope
                .report
                .dropped(minutes, format!("`timeout-minutes: {}` is no number of minutes: there is no timeout", minutes.shown())),
        }
    }
    if let Some(goes_on) = node.get("continue-on-error") {
        match goes_on.boolean() {
            Some(true) => {
                let classes =
                    vec!["transient", "timeout", "resource", "dependency", "validation", "security", "permanent", "unknown"];
                step.put("on_error", vec![Map::new().with("classes", classes).with("do", "continue")]);
            }
            Some(false) => {}
            None => scope.report.dropped(
                goes_on,
                format!("`continue-on-error: {}` depends on a value: a failure is a failure here", goes_on.shown()),
            ),
        }
    }
}

fn steps_of(steps: &[Node<'_>], env: &Env, defaults: &Defaults, scope: &mut Scope<'_>) -> Vec<Map> {
    let mut names = Names::new();
    let mut made = Vec::new();
    let (mut sure, mut maybe): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    scope.before.clear();
    for node in steps.iter().filter(|node| node.is_map()) {
        let given = node.get("id").and_then(|id| draft::text_of(id, scope.report));
        let title = node.get("name").and_then(|name| super::shown_text(name, scope.report));
        let uses = node.get("uses").and_then(Node::text);
        let run = node.peek("run").and_then(Node::string);
        let wanted =
            given.as_deref().or(title.as_deref()).or(uses.map(action_name)).or(run.and_then(first_words)).unwrap_or("step");
        let id = names.claim(&short(wanted));
        if let Some(given) = &given {
            if *given != id {
                scope.report.translated(*node, format!("the step `{given}` has the id `{id}` here"));
            }
            scope.steps.insert(given.clone(), id.clone());
        }
        let mut step = draft::step(&id, title.as_deref());
        let step_env = read_env(node.get("env"), env, scope);
        scope.env.clone_from(&step_env);
        let condition = conditions::read(node.get("if"), scope, &mut step);
        conditions::put(&mut step, &condition, &sure, &maybe);
        put_policies(&mut step, *node, scope);
        step::put_action(&mut step, *node, &step_env, defaults, scope);
        if condition.when.is_none() && !condition.always {
            (sure, maybe) = (vec![id.clone()], Vec::new());
        } else {
            maybe.push(id.clone());
        }
        if is_continued(*node) {
            scope.continued_steps.push(id.clone());
        }
        scope.before.push(id);
        made.push(step);
        if maybe.len() >= MANY {
            let id = names.claim("so_far");
            let mut gate = draft::step(&id, Some("All before went well"));
            conditions::put(&mut gate, &conditions::Condition::default(), &sure, &maybe);
            gate.put("set", Map::new().with("passed", true));
            made.push(gate);
            (sure, maybe) = (vec![id], Vec::new());
        }
    }
    made
}

/// `actions/checkout@v4` → `checkout`.
fn action_name(uses: &str) -> &str {
    let path = uses.split('@').next().unwrap_or(uses);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

fn first_words(run: &str) -> Option<&str> {
    run.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The first few words of a name: an id is read more often than it is written.
fn short(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).take(4).collect();
    words.join("_").to_ascii_lowercase()
}

/// A job that calls a reusable workflow.
fn call(step: &mut Map, node: Node<'_>, uses: Node<'_>, scope: &mut Scope<'_>) {
    let Some(text) = uses.text() else { return };
    let mut inputs = Map::new();
    for (key, value) in node.get("with").map(Node::entries).unwrap_or_default() {
        match value.string() {
            Some(text) => {
                let parts = scope.open_parts(text, value);
                inputs.put(&crate::names::identifier(key), cel::template(&parts));
            }
            None => inputs.put(&crate::names::identifier(key), Yaml::from(value.value())),
        }
    }
    scope.report.drop_key(node, "secrets", "a workflow takes its secrets from the secret store itself");
    if let Some(path) = text.strip_prefix("./") {
        let id = crate::names::workflow_id(crate::names::stem(path));
        scope.report.approximated(uses, format!("calls the workflow `{id}`: import `{path}` too"));
        step.put("workflow", Map::new().with("id", id).with("inputs", inputs));
    } else {
        scope
            .report
            .placeholder(uses, format!("`{text}` is a workflow of another repository: import it and call it with `workflow`"));
        inputs
            .keys()
            .for_each(|key| step.comment.push(format!("with {key}: {}", inputs.get(key).map_or_else(String::new, shown))));
        draft::placeholder(
            step,
            &format!("{text} is a workflow of another repository. Import it and call it with the action `workflow`."),
        );
    }
}

fn shown(value: &Yaml) -> String {
    match value {
        Yaml::Text(text) => text.clone(),
        Yaml::Plain(value) => value.to_string(),
        Yaml::List(_) | Yaml::Map(_) => "…".to_owned(),
    }
}
