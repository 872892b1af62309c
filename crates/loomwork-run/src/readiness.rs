//! Whether a pending step may start, from the counts of its incoming edges. Dead-path elimination is here.

use loomwork_workflow::Join;

use crate::RunState;

/// Whether a pending step may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Something is not settled yet.
    Waits,
    /// Its join is satisfied, and all that it reads is there.
    Ready,
    /// Its join can no longer be satisfied, or something that it reads will never be there.
    Dead,
}

/// Whether a step may start.
pub fn readiness(state: &RunState, step: usize) -> Readiness {
    let counts = state.steps[step].edges;
    let definition = state.definition(step);
    let (needs, implied) = definition.incoming;
    let join = join_readiness(definition.step.join, needs, counts.taken, counts.dead);
    let reads = join_readiness(Join::All, implied, counts.implied_taken, counts.implied_dead);
    match (join, reads) {
        (Readiness::Dead, _) | (_, Readiness::Dead) => Readiness::Dead,
        (Readiness::Ready, Readiness::Ready) => Readiness::Ready,
        _ => Readiness::Waits,
    }
}

fn join_readiness(join: Join, total: u32, taken: u32, dead: u32) -> Readiness {
    if total == 0 {
        return Readiness::Ready;
    }
    let wanted = match join {
        Join::All => total,
        Join::First => 1,
        Join::AtLeast(n) => n,
        // `any` synchronises: it waits until every edge is settled.
        Join::Any if taken + dead < total => return Readiness::Waits,
        Join::Any => 1,
    };
    if taken >= wanted {
        Readiness::Ready
    } else if total - dead < wanted {
        Readiness::Dead
    } else {
        Readiness::Waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of each join, said again over every possible future of the unsettled edges.
    fn by_definition(join: Join, total: u32, taken: u32, dead: u32) -> Readiness {
        let open = total - taken - dead;
        let satisfied = |taken: u32, open: u32| match join {
            Join::All => taken == total,
            Join::Any => open == 0 && taken >= 1,
            Join::First => taken >= 1,
            Join::AtLeast(n) => taken >= n,
        };
        if satisfied(taken, open) {
            Readiness::Ready
        } else if (0..=open).all(|more| !satisfied(taken + more, 0)) {
            Readiness::Dead
        } else {
            Readiness::Waits
        }
    }

    #[test]
    fn every_join_agrees_with_its_definition_for_all_counts() {
        for total in 1..=6 {
            for taken in 0..=total {
                for dead in 0..=(total - taken) {
                    let joins = [Join::All, Join::Any, Join::First].into_iter().chain((1..=total).map(Join::AtLeast));
                    for join in joins {
                        assert_eq!(
                            join_readiness(join, total, taken, dead),
                            by_definition(join, total, taken, dead),
                            "{join:?} of {total} edges, {taken} taken, {dead} dead"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_step_without_edges_is_ready() {
        assert_eq!(join_readiness(Join::All, 0, 0, 0), Readiness::Ready);
    }
}
