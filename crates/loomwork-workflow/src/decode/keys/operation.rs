//! The keys of what operates a workflow: triggers, service levels, alerts.

use super::Shape::{Any, Condition, Duration, Either, List, Map, Scalar, Table, Text, Words};
use super::*;

/// How a run can end.
const ENDS: Shape = Words(&["succeeded", "failed", "cancelled", "compensated"]);
/// What an alert can be about.
const MATTERS: Shape = Words(&["failed", "succeeded", "cancelled", "compensated", "needs_approval", "needs_attention", "sla"]);
/// What can start a run.
pub(crate) const TRIGGERS: &[&str] = &["schedule", "file", "webhook", "event", "run_finished"];

keys! {
    TRIGGER "in a trigger" one_of [TRIGGERS] {
        "id": Scalar, "Names the trigger.";
        "schedule": Table(&SCHEDULE), "At certain times.";
        "file": Table(&FILE_TRIGGER), "When a file changes.";
        "webhook": Table(&WEBHOOK), "When somebody calls an address.";
        "event": Table(&EVENT_TRIGGER), "When an event is sent.";
        "run_finished": Table(&RUN_FINISHED), "When a run of a workflow ends.";
        "inputs": Map(&Any), "The inputs of the run; expressions see `event`.";
        "when": Condition, "Only when this is true; it sees `event`.";
    }
    SCHEDULE "in `schedule`" needs ["cron"] {
        "cron": Text, "Minute, hour, day of the month, month, day of the week: `0 8 * * 1-5`.";
        "time_zone": Text, "The time zone, like `Europe/Berlin`; else the machine's.";
        "catch_up": Words(&["none", "last", "all"]), "What happens to times that were missed.";
    }
    FILE_TRIGGER "in `file`" needs ["path"] {
        "path": Text, "A path or a pattern below the workspace.";
        "debounce": Duration, "How long nothing more must change before the run starts.";
    }
    WEBHOOK "in `webhook`" {
        "path": Scalar, "The last part of the address.";
        "secret": Any, "What the caller must know. Takes secrets.";
    }
    EVENT_TRIGGER "in `event`" needs ["name"] {
        "name": Scalar, "The name of the event.";
        "match": Condition, "Which events count, by `event.name` and `event.data`.";
    }
    RUN_FINISHED "in `run_finished`" needs ["workflow"] {
        "workflow": TEMPLATE, "The id of the workflow.";
        "status": Either(&[ENDS, List(&ENDS)]), "How the run must have ended.";
    }
    SLA "in `sla`" needs ["within"] {
        "within": Duration, "How long it should take.";
        "action": Words(&["warn", "alert", "fail", "cancel"]), "What happens when it takes longer.";
    }
    ALERT "in an alert" needs ["on"] one_of [&["run", "http", "emit"]] {
        "on": Either(&[MATTERS, List(&MATTERS)]), "What the alert is about.";
        "run": Scalar, "A script that tells somebody.";
        "http": Table(&HTTP), "A request that tells somebody.";
        "emit": Table(&EMIT), "An event that tells somebody.";
    }
}
