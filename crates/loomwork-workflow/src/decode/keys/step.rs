//! The keys of a step: its id, its place in the graph, its policies, its action.

use super::Shape::{
    Any, AsInStep, Boolean, Cases, Choose, Condition, Duration, Either, Expression, Integer, List, Map, Name, NonEmpty, Number,
    Refused, Scalar, Schema, ShellCommand, Steps, Table, Text, Words,
};
use super::*;

/// Classes of failure.
pub(crate) const CLASSES: Shape =
    Words(&["transient", "timeout", "resource", "dependency", "validation", "security", "permanent", "unknown"]);
/// Text with or without expressions, taken as it is written.
pub(crate) const TEMPLATE: Shape = Scalar;
/// A duration, or an expression that gives one.
pub(crate) const DURATION_TEMPLATE: Shape = Either(&[Duration, Expression]);
/// A map from names to text, or an expression that gives one.
pub(crate) const TEXTS: Shape = Either(&[Map(&TEMPLATE), Expression]);
/// What remains of others once something is decided.
const REST: Shape = Words(&["ignore", "cancel"]);
/// How long something should take.
pub(crate) const SERVICE_LEVEL: Shape = Either(&[Duration, Table(&SLA)]);

keys! {
    STEP "in a step" needs ["id"] one_of [ACTIONS] {
        "id": Name, "Names the step in `needs` and in expressions: letters, digits and `_`, not beginning with a digit, unique in its scope.";
        "title": Text, "What the canvas shows in place of the id.";
        "description": Text, "What the step is for.";
        "needs": List(&Text), "The steps before this one, each with the port that leads here: `[fetch, check.failed]`. Without a port, any but `failed`.";
        "join": Either(&[Words(&["all", "any", "first"]), Table(&JOIN)]), "When a step with several incoming edges starts: `all` (default), `any`, `first`, or `{ at_least: n }`.";
        "when": Condition, "Asked once the join is satisfied; when it is false the step is skipped.";
        "retry": Table(&RETRY), "How often and when a failed attempt is repeated. Takes the place of the one in `defaults`.";
        "timeout": Duration, "How long one attempt may take; of a group, loop or workflow the whole of it.";
        "on_restart": Words(&["rerun", "fail", "ask"]), "What happens to an attempt that was under way when the engine died.";
        "on_error": List(&Table(&ERROR_RULE)), "What is done about failures, once attempts are used up. The first rule that matches counts.";
        "compensate": Table(&COMPENSATE), "An action that undoes what the step did, should the run be compensated.";
        "breaker": Table(&BREAKER), "Refuses attempts for a while after many failures in a row.";
        "cache": Either(&[Boolean, Table(&CACHE)]), "Uses the output of an earlier success with the same inputs.";
        "isolation": Words(&["none", "process", "sandbox", "container"]), "How strictly the step is kept from the rest of the machine.";
        "resources": Table(&RESOURCES), "What each attempt takes of the machine. Other names are kinds that the engine's settings declare, with their amounts.";
        "runs_on": Either(&[Text, List(&Text)]), "Labels of the machine that runs the step.";
        "priority": Integer(0, 9), "From 0 (last) to 9 (first) among the steps that wait to be started.";
        "sla": SERVICE_LEVEL, "How long the step should take, and what happens when it takes longer.";
        "pin": Any, "The output that test runs use in place of running the step.";
        "for_each": Either(&[List(&Any), Expression]), "A list: the step is done once for each element, which it sees as `item` (and `index`).";
        "max_parallel": Integer(1, 10_000), "How many elements of a `for_each`, or steps of a group, may be under way at one time.";
        "on_item_failure": Words(&["fail", "continue"]), "Whether a failed element fails the step, or stands as null in its output.";
        "enough": Either(&[Integer(1, u32::MAX), Expression]), "How many elements must succeed for the step to succeed.";
        "rest": REST, "What happens to the other elements once there are `enough`.";
        "loop": Table(&LOOP), "Does the step again and again; it sees `pass.index` and `pass.previous`.";
        "run": Scalar, "A script for `shell`. Values reach it through `env`, never by expressions in its text.";
        "command": NonEmpty(&TEMPLATE), "A program and its arguments, without a shell. Expressions are allowed in each.";
        "http": Table(&HTTP), "A request by HTTP. Gives `{ status, headers, body }`.";
        "tool": Table(&TOOL), "A tool of an MCP server.";
        "container": Table(&CONTAINER), "A program in a container.";
        "agent": Text, "An agent, declared under `agents`, works on `prompt`.";
        "team": Table(&TEAM), "Several agents work together.";
        "workflow": Table(&CALL), "Another workflow as a child run. Gives its outputs.";
        "set": Map(&Any), "Named values, from expressions.";
        "jq": Table(&JQ), "A jq program over an input. Gives its result.";
        "choose": Choose, "The first case whose expression is true names the port; `else: NAME` names it when none is.";
        "steps": Steps, "A group: steps of a scope of their own.";
        "wait": Table(&WAIT), "Waits for a time or an event. Takes no slot.";
        "first_of": Cases(&Table(&WAIT)), "Several waits: the first to happen names the port, the others are withdrawn.";
        "approve": Table(&APPROVE), "A person decides. Ends on `approved` or `rejected`.";
        "emit": Table(&EMIT), "Sends an event to waiting steps and triggers of this workspace.";
        "cancel": NonEmpty(&Text), "Cancels the named steps of this scope, under way or not yet started.";
        "end": Either(&[Words(&["succeeded"]), Table(&END)]), "Ends the run here and now: `succeeded`, or `{ failed: MESSAGE }`.";
        "shell": Either(&[Words(&["bash", "sh", "python", "node"]), ShellCommand]), "What runs the script: a name, or a command line with `{0}` for the path of the script.";
        "env": Map(&TEMPLATE), "Environment variables of the process. Takes expressions and secrets.";
        "workdir": TEMPLATE, "The folder in which the process runs; else the workspace.";
        "stdin": Any, "What the process reads on standard input: text as it is, anything else as JSON.";
        "output": Table(&OUTPUT), "How standard output becomes the step's output.";
        "artifacts": List(&Text), "Files below the workspace to keep, as paths or patterns.";
        "prompt": TEMPLATE, "What the agent is to do.";
        "tools": List(&Text), "Tools as `server.tool`, or `server` for all of its tools.";
        "budget": Table(&BUDGET), "What an agent may use up before it is stopped.";
        "output_schema": Schema, "A JSON Schema that the answer must fit.";
        "outputs": Map(&Any), "What the group gives; else a map of the outputs of its steps.";
    }
    JOIN "in `join`" needs ["at_least"] {
        "at_least": Integer(1, 10_000), "How many edges must be taken.";
        "rest": REST, "What happens to what lies only on the other ways into this join.";
    }
    RETRY "in `retry`" {
        "attempts": Integer(1, 1_000), "How many attempts there are, the first one too.";
        "backoff": Words(&["constant", "linear", "exponential"]), "How the delays grow.";
        "initial": Duration, "The first delay.";
        "factor": Number(1.0, 100.0), "By how much an exponential delay grows each time.";
        "max": Duration, "The longest delay.";
        "jitter": Words(&["none", "full", "equal"]), "How much of a delay is left to chance.";
        "classes": List(&CLASSES), "The classes of failure that are retried.";
        "max_elapsed": Duration, "No attempt begins later than this after the first.";
    }
    LOOP "in `loop`" needs ["max"] {
        "while": Condition, "Asked before a pass; false ends the loop.";
        "until": Condition, "Asked after a pass; true ends the loop.";
        "break_when": Condition, "Asked after a pass; true ends the loop at once.";
        "max": Integer(1, 1_000_000), "How many passes there are at the most; without a condition, how many there are.";
    }
    ERROR_RULE "in a rule of `on_error`" needs ["do"] {
        "classes": List(&CLASSES), "Only failures of these classes.";
        "when": Condition, "Only failures for which this is true.";
        "do": Words(&["retry", "fallback", "continue", "skip", "ask", "fail", "compensate"]), "What is done about it.";
        "retry": Table(&RETRY), "How it is retried, with `do: retry`.";
        "fallback": Either(&[Text, Table(&FALLBACK)]), "What is done in place of the step, with `do: fallback`: an action, or the name of another agent.";
    }
    COMPENSATE "in `compensate`" one_of [PLAIN_ACTIONS] {
        "retry": Table(&RETRY), "How often and when a failed attempt to undo is repeated.";
        "timeout": Duration, "How long one attempt to undo may take.";
        "run": AsInStep, ""; "command": AsInStep, ""; "http": AsInStep, ""; "tool": AsInStep, ""; "container": AsInStep, "";
        "agent": AsInStep, ""; "workflow": AsInStep, ""; "set": AsInStep, ""; "jq": AsInStep, ""; "emit": AsInStep, "";
        "choose": Refused, ""; "steps": Refused, ""; "wait": Refused, ""; "first_of": Refused, ""; "approve": Refused, "";
        "cancel": Refused, ""; "end": Refused, ""; "team": Refused, "";
        "shell": AsInStep, ""; "env": AsInStep, ""; "workdir": AsInStep, ""; "stdin": AsInStep, ""; "output": AsInStep, "";
        "artifacts": AsInStep, ""; "prompt": AsInStep, ""; "tools": AsInStep, ""; "budget": AsInStep, ""; "output_schema": AsInStep, "";
    }
    FALLBACK "in a fallback" one_of [PLAIN_ACTIONS] {
        "run": AsInStep, ""; "command": AsInStep, ""; "http": AsInStep, ""; "tool": AsInStep, ""; "container": AsInStep, "";
        "agent": AsInStep, ""; "workflow": AsInStep, ""; "set": AsInStep, ""; "jq": AsInStep, ""; "emit": AsInStep, "";
        "choose": Refused, ""; "steps": Refused, ""; "wait": Refused, ""; "first_of": Refused, ""; "approve": Refused, "";
        "cancel": Refused, ""; "end": Refused, ""; "team": Refused, "";
        "shell": AsInStep, ""; "env": AsInStep, ""; "workdir": AsInStep, ""; "stdin": AsInStep, ""; "output": AsInStep, "";
        "artifacts": AsInStep, ""; "prompt": AsInStep, ""; "tools": AsInStep, ""; "budget": AsInStep, ""; "output_schema": AsInStep, "";
    }
    BREAKER "in `breaker`" needs ["failures" "cooldown"] {
        "failures": Integer(1, 10_000), "So many failures in a row open the breaker.";
        "cooldown": Duration, "How long it then refuses attempts.";
        "key": Text, "Steps with one key share a breaker; else each step has its own.";
    }
    CACHE "in `cache`" {
        "key": Any, "What must be equal for an output to be used again, besides the action and its inputs.";
        "ttl": Duration, "How long an output may be used again.";
        "files": List(&Scalar), "Files, as paths or patterns, whose content must be equal too.";
    }
    RESOURCES "in `resources`" {
        "cpu": Shape::Positive, "How many processors the step takes.";
        "memory": Shape::Bytes, "How much memory the step takes.";
        "slots": Integer(1, 10_000), "How many slots of the engine the step takes.";
    }
}

/// Actions that can stand in a compensation or a fallback.
pub(crate) const PLAIN_ACTIONS: &[&str] =
    &["run", "command", "http", "tool", "container", "agent", "workflow", "set", "jq", "emit"];
