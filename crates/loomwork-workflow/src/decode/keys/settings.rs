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
    MACHINE "in `resources`" {
        "cpu": Positive, "Processors.";
        "memory": Bytes, "Memory, like `16GB`.";
    }
}
