//! The samples, and how they are imported in tests.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its own part of this, and fails by unwrapping"
)]

use indexmap::IndexMap;
use loomwork_dialects::{Dialect, ImportOptions, Imported, import};

/// A sample: its dialect, its file name, its text, and whether its agents are bound to commands.
pub struct Sample {
    pub dialect: Dialect,
    pub name: &'static str,
    pub text: &'static str,
    pub bound: bool,
}

impl Sample {
    pub fn options(&self) -> ImportOptions {
        let agents = ["planner", "collector", "editor", "coordinator", "judge", "reader", "writer", "triage", "reply-writer"];
        let bind = |agent: &&str| ((*agent).to_owned(), vec!["sh".to_owned(), format!("agents/{agent}.sh")]);
        let bind_agents = if self.bound { agents.iter().map(bind).collect() } else { IndexMap::new() };
        ImportOptions { bind_agents, ..ImportOptions::default() }
    }

    pub fn import(&self) -> Imported {
        import(self.dialect, self.name, self.text, &self.options()).unwrap()
    }

    pub fn title(&self) -> String {
        let stem = self.name.split('.').next().unwrap_or(self.name);
        format!("{}-{stem}{}", self.dialect, if self.bound { "-bound" } else { "" })
    }
}

pub const SAMPLES: [Sample; 14] = [
    sample(Dialect::AgentSteps, "survey.yaml", include_str!("../samples/agent-steps/survey.yaml"), false),
    sample(Dialect::AgentSteps, "survey.yaml", include_str!("../samples/agent-steps/survey.yaml"), true),
    sample(Dialect::AgentSteps, "templates.yaml", include_str!("../samples/agent-steps/templates.yaml"), false),
    sample(Dialect::AgentSteps, "templates.yaml", include_str!("../samples/agent-steps/templates.yaml"), true),
    sample(Dialect::AgentTools, "digest.yaml", include_str!("../samples/agent-tools/digest.yaml"), false),
    sample(Dialect::AgentTools, "digest.yaml", include_str!("../samples/agent-tools/digest.yaml"), true),
    sample(Dialect::AgentTools, "support.yaml", include_str!("../samples/agent-tools/support.yaml"), false),
    sample(Dialect::AgentTools, "support.yaml", include_str!("../samples/agent-tools/support.yaml"), true),
    sample(Dialect::GithubActions, "ci.yml", include_str!("../samples/github-actions/ci.yml"), false),
    sample(Dialect::GithubActions, "nightly.yaml", include_str!("../samples/github-actions/nightly.yaml"), false),
    sample(Dialect::ServerlessWorkflow, "order.yaml", include_str!("../samples/serverless-workflow/order.yaml"), false),
    sample(Dialect::ServerlessWorkflow, "tools.json", include_str!("../samples/serverless-workflow/tools.json"), false),
    sample(Dialect::Wfformat, "montage.json", include_str!("../samples/wfformat/montage.json"), false),
    sample(Dialect::Wfformat, "small.json", include_str!("../samples/wfformat/small.json"), false),
];

const fn sample(dialect: Dialect, name: &'static str, text: &'static str, bound: bool) -> Sample {
    Sample { dialect, name, text, bound }
}
