//! The keys inside the actions of steps.

use super::Shape::{
    Address, Any, Boolean, Condition, Either, Expression, Integer, List, Map, NonEmpty, Scalar, Schema, Status, Table, Text,
    Words,
};
use super::*;

keys! {
    OUTPUT "in `output`" needs ["as"] {
        "from": Words(&["stdout"]), "What the output is read from.";
        "as": Words(&["text", "lines", "json"]), "What it is read as.";
    }
    WAIT "in a wait" one_of [&["for", "until", "event"]] {
        "for": DURATION_TEMPLATE, "How long to wait.";
        "until": TEMPLATE, "A moment (RFC 3339), like `2026-01-31T08:00:00Z`.";
        "event": TEMPLATE, "The name of an event. The output is its data.";
        "match": Condition, "Which events count, by `event.name` and `event.data`.";
        "timeout": DURATION_TEMPLATE, "How long to wait for the event; then the step fails.";
    }
    APPROVE "in `approve`" needs ["message"] {
        "message": TEMPLATE, "What the person is asked.";
        "form": Schema, "A JSON Schema of what the person fills in.";
        "timeout": DURATION_TEMPLATE, "How long to wait for the decision.";
        "on_timeout": Words(&["approved", "rejected"]), "The decision when nobody decides in time; else the step fails.";
    }
    EMIT "in `emit`" needs ["event"] {
        "event": TEMPLATE, "The name of the event.";
        "data": Any, "What the event carries.";
    }
    CALL "in `workflow`" needs ["id"] {
        "id": TEMPLATE, "The id of the workflow; never a path.";
        "inputs": Either(&[Map(&Any), Expression]), "The inputs of the child run.";
        "wait": Boolean, "Whether the step waits for the child's end (it does by default).";
        "detach": Boolean, "Whether the step ends as soon as the child is started.";
    }
    END "in `end`" needs ["failed"] {
        "failed": TEMPLATE, "Why the run fails.";
    }
    HTTP "in `http`" needs ["url"] {
        "method": Either(&[Words(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), Expression]), "The method; `GET` by default.";
        "url": Address, "The whole address.";
        "query": TEXTS, "What is added to the address as its query.";
        "headers": TEXTS, "Headers of the request. Takes secrets.";
        "auth": Table(&HTTP_AUTH), "Who asks. Takes secrets.";
        "json": Any, "The body, as JSON.";
        "text": Any, "The body, as text.";
        "form": Any, "The body, as the fields of a form.";
        "expect": Table(&HTTP_EXPECT), "What the answer must be like; else any status from 200 to 299 is welcome.";
        "follow_redirects": Boolean, "Whether redirects are followed (they are by default).";
        "timeout": DURATION_TEMPLATE, "How long the request may take.";
    }
    HTTP_EXPECT "in `expect`" {
        "status": Either(&[Status, List(&Status)]), "The statuses that are welcome: `200`, `2xx`, or a list.";
        "schema": Schema, "A JSON Schema that the body must fit.";
    }
    HTTP_AUTH "in `auth`" {
        "bearer": Any, "A token.";
        "basic": Table(&HTTP_BASIC), "A name and a password.";
    }
    HTTP_BASIC "in `basic`" needs ["user" "password"] {
        "user": Any, "The name.";
        "password": Any, "The password.";
    }
    TOOL "in `tool`" needs ["server" "name"] {
        "server": Text, "An MCP server, declared under `servers`.";
        "name": Scalar, "The name of the tool.";
        "arguments": Either(&[Map(&Any), Expression]), "What the tool is given. Takes secrets.";
    }
    CONTAINER "in `container`" needs ["image"] {
        "image": TEMPLATE, "The image, with its tag or digest.";
        "command": List(&Any), "The program and its arguments; else what the image says.";
        "env": TEXTS, "Environment variables. Takes secrets.";
        "volumes": List(&Any), "Folders that the container sees: `FROM:TO`, `FROM:TO:ro`.";
        "workdir": TEMPLATE, "The folder in the container in which the program runs.";
        "stdin": Any, "What the program reads on standard input.";
        "cpu": Shape::Positive, "How many processors it may use.";
        "memory": Shape::Bytes, "How much memory it may use.";
        "network": Words(&["none", "host", "bridge"]), "What it may reach.";
        "output": Table(&OUTPUT), "How standard output becomes the step's output.";
    }
    TEAM "in `team`" needs ["strategy" "agents" "prompt"] {
        "strategy": Words(&["sequential", "parallel", "debate", "vote", "supervisor", "handoff"]), "How the agents work together.";
        "agents": NonEmpty(&Text), "The agents, declared under `agents`.";
        "prompt": TEMPLATE, "What the team is to do.";
        "tools": List(&Text), "Tools as `server.tool`, or `server` for all of its tools.";
        "budget": Table(&BUDGET), "What the team may use up before it is stopped.";
        "rounds": Integer(1, 1_000), "How many rounds there are at the most.";
        "output_schema": Schema, "A JSON Schema that the answer must fit.";
    }
    BUDGET "in `budget`" {
        "turns": Integer(1, u32::MAX), "How many times a model may be asked.";
        "tokens": Integer(1, u32::MAX), "How many tokens may be used.";
        "cost": Shape::Positive, "How much money may be spent.";
    }
    JQ "in `jq`" needs ["program"] {
        "program": Text, "The jq program.";
        "input": Any, "What the program works on.";
    }
}
