//! The keys of `engine.yaml`.

use super::Shape::{Bytes, Integer, Positive, Table, Words};
use super::*;

keys! {
    SETTINGS "in `engine.yaml`" {
        "concurrency": Integer(1, 10_000), "How many attempts may be under way at one time.";
        "concurrency_per_workflow": Integer(1, 10_000), "How many attempts of the runs of one workflow may be under way at one time.";
        "defaults": Table(&DEFAULTS), "What holds for steps where neither they nor the `defaults` of their workflow say otherwise.";
        "checkpoints": Table(&CHECKPOINTS), "The checkpoints that are made by themselves.";
        "dead_letter_after": Shape::Duration, "How long a failed run waits for a person before it becomes a dead letter.";
        "logs": Table(&LOGS), "The logs of attempts.";
        "retention": Shape::Table(&RETENTION), "Which ended runs the engine removes by itself.";
        "durability": Words(&["full", "normal"]), "What a commit survives: `full` a loss of power, `normal` only the end of the process, which is faster.";
        "resources": Shape::Table(&MACHINE), "What steps may take of the machine, all together. Other names are kinds of your own, with their amounts.";
    }
    CHECKPOINTS "in `checkpoints`" {
        "every": Integer(10, 1_000_000), "Events of a run between two checkpoints, at least.";
        "keep": Integer(1, 10_000), "How many of a run are kept.";
        "keep_for": Shape::Duration, "How long one is kept. The newest one of a run that has not ended stays.";
    }
    LOGS "in `logs`" {
        "keep_for": Shape::Duration, "How long the logs of an ended run are kept.";
    }
    RETENTION "in `retention`" {
        "action": Words(&["archive", "purge"]), "Where they go: into the archive, or nowhere.";
        "keep_for": Shape::Duration, "How long an ended run stays.";
        "keep": Integer(0, 1_000_000), "How many ended runs of a workflow stay, of each way of ending.";
        "succeeded": Shape::Table(&RETAINED), "What is different for runs that succeeded.";
        "failed": Shape::Table(&RETAINED), "What is different for runs that failed. A dead letter stays.";
        "cancelled": Shape::Table(&RETAINED), "What is different for runs that were cancelled.";
        "compensated": Shape::Table(&RETAINED), "What is different for runs whose steps were undone.";
    }
    RETAINED "in a part of `retention`" {
        "action": Words(&["archive", "purge"]), "Where these go.";
        "keep_for": Shape::Duration, "How long one of these stays.";
        "keep": Integer(0, 1_000_000), "How many of these stay of each workflow.";
    }
    MACHINE "in `resources`" {
        "cpu": Positive, "Processors.";
        "memory": Bytes, "Memory, like `16GB`.";
    }
}
