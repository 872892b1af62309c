//! The keys at the top of a file and of what is declared there.

use super::Shape::{
    Any, Boolean, Integer, List, Map, Name, Names, NonEmpty, Number, Scalar, Schema, Steps, Table, Text, Version, Words,
    WorkflowId,
};
use super::*;

keys! {
    TOP "at the top of a workflow" needs ["loomwork" "id" "steps"] {
        "loomwork": Version, "The version of the language: 1.";
        "id": WorkflowId, "Names the workflow on the command line and in other workflows: letters, digits, `-`, `_` and `.`.";
        "version": Scalar, "The version of the workflow, as you count it.";
        "description": Text, "What the workflow is for.";
        "inputs": Names(&Table(&INPUT)), "What a run is given, by name. Expressions read it as `inputs.NAME`.";
        "env": Map(&TEMPLATE), "Values of the workflow's own environment. Expressions read them as `env.NAME`.";
        "secrets": List(&Name), "Names of the secrets that the workflow may use. Values are kept in the secret store.";
        "defaults": Table(&DEFAULTS), "What holds for every step that does not say otherwise.";
        "agents": Names(&Table(&AGENT)), "The agents that steps name.";
        "servers": Names(&Table(&SERVER)), "The MCP servers whose tools steps and agents use.";
        "triggers": List(&Table(&TRIGGER)), "What starts a run by itself.";
        "concurrency": Table(&CONCURRENCY), "How many runs of a group may be under way at one time.";
        "profiles": Names(&Table(&PROFILE)), "Named sets of other values, chosen when a run is started.";
        "timeout": Shape::Duration, "How long a run may take.";
        "priority": Integer(0, 9), "From 0 (last) to 9 (first) among the runs that want slots; 5 by default.";
        "on_failure": Words(&["finish", "stop", "compensate"]), "What happens when a step fails and nothing handles it.";
        "sla": SERVICE_LEVEL, "How long a run should take, and what happens when it takes longer.";
        "alerts": List(&Table(&ALERT)), "Who is told, and when.";
        "labels": Map(&Scalar), "Labels of every run, to find it by.";
        "steps": Steps, "What is done.";
        "outputs": Map(&Any), "What a run gives, by name, from expressions.";
    }
    INPUT "in an input" {
        "type": Words(&["string", "integer", "number", "boolean", "array", "object", "file"]), "The type of the value; `string` by default.";
        "required": Boolean, "Whether a run cannot start without it.";
        "default": Any, "The value of a run that is given none.";
        "enum": NonEmpty(&Any), "The values that are allowed.";
        "description": Text, "What the input is for.";
        "schema": Schema, "A JSON Schema that the value must fit.";
    }
    DEFAULTS "in `defaults`" {
        "timeout": Shape::Duration, "How long an attempt may take.";
        "retry": Table(&RETRY), "How often and when a failed attempt is repeated.";
    }
    CONCURRENCY "in `concurrency`" needs ["group"] {
        "group": TEMPLATE, "The group; it may read inputs.";
        "max": Integer(1, 10_000), "How many runs of the group may be under way at one time; 1 by default.";
        "on_conflict": Words(&["queue", "skip", "cancel_running"]), "What happens to a run that finds the group full.";
    }
    AGENT "in an agent" needs ["model"] {
        "model": Text, "Provider and model, like `ollama/llama3.2`.";
        "system": TEMPLATE, "What the agent is told before every prompt.";
        "tools": List(&Text), "Tools as `server.tool`, or `server` for all of its tools.";
        "budget": Table(&BUDGET), "What the agent may use up before it is stopped.";
        "temperature": Number(0.0, f64::INFINITY), "How freely it answers, from 0.";
        "description": Text, "What the agent is for.";
    }
    SERVER "in a server" one_of [&["command", "url"]] {
        "command": NonEmpty(&Any), "The program that is the server, and its arguments.";
        "env": TEXTS, "Environment variables of the program. Takes secrets.";
        "workdir": TEMPLATE, "The folder in which the program runs.";
        "url": TEMPLATE, "Where the server is.";
        "headers": TEXTS, "Headers of every request. Takes secrets.";
        "description": Text, "What the server is for.";
        "timeout": Shape::Duration, "How long a call of a tool may take.";
    }
    PROFILE "in a profile" {
        "env": Map(&TEMPLATE), "Other values of the environment.";
        "agents": Names(&Table(&AGENT)), "Other agents under the same names.";
        "servers": Names(&Table(&SERVER)), "Other servers under the same names.";
        "defaults": Table(&DEFAULTS), "Other defaults.";
    }
}
