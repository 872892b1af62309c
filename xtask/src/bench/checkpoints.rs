//! What it costs to keep the state of a run and to begin a new one there, inside the engine's process.

use serde_json::Value;

use super::{Measured, middle, workspace};
use crate::shell::{Done, capture, cargo, command, run, target_folder};

const ROUNDS: usize = 3;

/// Keeping, restoring and the size of checkpoints, of a run with 1,000 steps that ran.
pub(super) fn checkpoints() -> Done<Vec<Measured>> {
    run(cargo().args(["build", "--locked", "--release", "--package", "loomwork-engine", "--example", "checkpoints"]))?;
    let name = format!("checkpoints{}", std::env::consts::EXE_SUFFIX);
    let program = target_folder()?.join("release").join("examples").join(name);
    let folder = workspace("checkpoints")?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let line = capture(command(&program).current_dir(&folder))?;
        rounds.push(serde_json::from_str::<Value>(&line).map_err(|error| format!("the measurement cannot be read: {error}"))?);
    }
    let figure = |pointer: &str| {
        let of = |round: &Value| round.pointer(pointer).and_then(Value::as_f64);
        let all: Option<Vec<f64>> = rounds.iter().map(of).collect();
        all.map(middle).ok_or_else(|| format!("the measurement says nothing of {pointer}"))
    };
    let half = |of: &str| Ok::<_, String>(format!("half of them within {:.1} ms", figure(&format!("/{of}/p50_ms"))?));
    let size = format!("{:.0} bytes for {:.0} events", figure("/bytes")?, figure("/events")?);
    let measured = |name, value, bound, unit, details| Measured { name, value, bound, unit, details };
    Ok(vec![
        measured("a checkpoint of 1,000 steps, 95 of 100", figure("/create/p95_ms")?, 100.0, "ms", half("create")?),
        measured("a restored checkpoint, 95 of 100", figure("/restore/p95_ms")?, 500.0, "ms", half("restore")?),
        measured("a checkpoint's size to that of what it holds", 100.0 - figure("/saved_percent")?, 40.0, "%", size),
    ])
}
