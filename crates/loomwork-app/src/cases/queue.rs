//! What waits to be started, and why.

use loomwork_api::{ApiResult, GetQueue, Queue, QueueEntry, QueueReason, ResourceUse, RunName};
use loomwork_engine::{Engine, QueueLine, Queued, WaitReason};

use crate::{
    journal::{Journal, of_engine},
    views,
};

/// Entries of an answer, unless asked otherwise.
const USUAL: u32 = 1_000;

pub(super) async fn queue(journal: &Journal, engine: &Engine, request: GetQueue) -> ApiResult<Queue> {
    let run = match &request.run {
        Some(run) => Some(journal.run_id(run).await?),
        None => None,
    };
    let limit = request.limit.unwrap_or(USUAL) as usize;
    let QueueLine { slots: (taken, slots), resources, waiting, more } =
        engine.line(run.as_deref(), limit).await.map_err(of_engine)?;
    let resources = resources.into_iter().map(|(kind, taken, of)| {
        let kind = kind.to_string();
        ResourceUse { taken: whole(taken), of: whole(of), kind }
    });
    Ok(Queue {
        slots,
        taken,
        resources: resources.collect(),
        waiting: waiting.into_iter().map(entry).collect(),
        more: u32::try_from(more).unwrap_or(u32::MAX),
    })
}

fn entry(queued: Queued) -> QueueEntry {
    let message = message(&queued.reason);
    let (reason, held_by) = match queued.reason {
        WaitReason::Slots { .. } => (QueueReason::Slots, Vec::new()),
        WaitReason::Workflow { .. } => (QueueReason::Workflow, Vec::new()),
        WaitReason::Resource { .. } => (QueueReason::Resource, Vec::new()),
        WaitReason::Turn => (QueueReason::Turn, Vec::new()),
        WaitReason::Paused => (QueueReason::Paused, Vec::new()),
        WaitReason::Group { held_by, .. } => (QueueReason::Group, held_by),
    };
    let held_by = held_by.into_iter().map(|(id, workflow, number)| RunName { id: id.to_string(), workflow, number });
    QueueEntry {
        run: RunName { id: queued.run, workflow: queued.workflow, number: queued.number },
        step: queued.step,
        priority: queued.priority,
        rank: queued.rank.map(|rank| u32::try_from(rank).unwrap_or(0)),
        since: queued.since_ms.map(views::time),
        reason,
        message,
        held_by: held_by.collect(),
    }
}

/// The reason as people read it.
fn message(reason: &WaitReason) -> String {
    match reason {
        WaitReason::Slots { wants: 1, used, of } if used >= of => match of {
            1 => "The only slot is taken.".to_owned(),
            _ => format!("All {of} slots are taken."),
        },
        WaitReason::Slots { wants, used, of } => {
            format!("It takes {wants} slots; {} of {of} are free.", of.saturating_sub(*used))
        }
        WaitReason::Workflow { limit: 1 } => "Of its workflow one attempt may be under way at a time.".to_owned(),
        WaitReason::Workflow { limit } => format!("Of its workflow {limit} attempts are under way, as many as may be."),
        WaitReason::Resource { kind, wants, free } => {
            format!("It takes {}; {} free.", amount(kind, *wants), is_or_are(kind, *free))
        }
        WaitReason::Turn => "There is room for it, kept for steps that come first.".to_owned(),
        WaitReason::Paused => "The run is paused.".to_owned(),
        WaitReason::Group { group, held_by } => match held_by.as_slice() {
            [] => format!("Its concurrency group `{group}` has no room."),
            [(_, workflow, number)] => {
                format!("It waits for the end of {workflow} #{number}, in the concurrency group `{group}`.")
            }
            several => format!("It waits for the end of one of {} runs in the concurrency group `{group}`.", several.len()),
        },
    }
}

fn is_or_are(kind: &str, free: u64) -> String {
    match free {
        0 => "none is".to_owned(),
        _ => format!("{} {}", amount(kind, free), if free == 1_000 && kind != "memory" { "is" } else { "are" }),
    }
}

/// Thousandths of a kind with its unit.
fn amount(kind: &str, thousandths: u64) -> String {
    let number = whole(thousandths);
    match kind {
        "cpu" if thousandths == 1_000 => "1 processor".to_owned(),
        "cpu" => format!("{number} processors"),
        "memory" => bytes(number),
        _ => format!("{number} `{kind}`"),
    }
}

fn bytes(number: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) => format!("{} {unit} of memory", (number / size * 10.0).round() / 10.0),
        None => format!("{number} B of memory"),
    }
}

fn whole(thousandths: u64) -> f64 {
    thousandths as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_whole_sentences_with_units() {
        let kind = |kind: &str, wants, free| message(&WaitReason::Resource { kind: kind.into(), wants, free });
        let of_group = |held_by| message(&WaitReason::Group { group: "deploy".to_owned(), held_by });
        let run = |number| ("id".into(), "ship".to_owned(), number);
        let said = [
            message(&WaitReason::Slots { wants: 1, used: 8, of: 8 }),
            message(&WaitReason::Slots { wants: 3, used: 6, of: 8 }),
            kind("cpu", 2_500, 1_000),
            kind("memory", 2_000_000_000_000, 512_000_000_000),
            kind("gpu", 1_000, 0),
            of_group(vec![run(4)]),
            of_group(vec![run(4), run(5)]),
        ];
        assert_eq!(
            said,
            [
                "All 8 slots are taken.",
                "It takes 3 slots; 2 of 8 are free.",
                "It takes 2.5 processors; 1 processor is free.",
                "It takes 2 GB of memory; 512 MB of memory are free.",
                "It takes 1 `gpu`; none is free.",
                "It waits for the end of ship #4, in the concurrency group `deploy`.",
                "It waits for the end of one of 2 runs in the concurrency group `deploy`.",
            ]
        );
    }
}
