//! The macros over lists and maps, recognised in the expansion that the parser makes of them.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Lowering, RESERVED_ROOTS};
use crate::expression::program::{Code, Fold, ProblemKind};

impl Lowering<'_> {
    pub(super) fn comprehension(&mut self, node: &ComprehensionExpr, depth: usize) -> Option<Code> {
        let range = self.lower_box(&node.iter_range, depth);
        if RESERVED_ROOTS.contains(&node.iter_var.as_str()) {
            let message = format!("`{}` already has a meaning; give the element another name", node.iter_var);
            self.problem(ProblemKind::UnknownName, &node.iter_var, message, None);
            return None;
        }
        let (fold, filter, body) = parts(node)?;
        self.locals.push(node.iter_var.clone());
        let filter = filter.map(|filter| self.lower_box(filter, depth));
        let body = self.lower_box(body, depth);
        self.locals.pop();
        let filter = match filter {
            Some(None) => return None,
            Some(filter) => filter,
            None => None,
        };
        Some(Code::Fold { fold, range: range?, filter, body: body? })
    }
}

/// Recognises the standard macros in their expansion: the kind, the filter, and the body.
fn parts(node: &ComprehensionExpr) -> Option<(Fold, Option<&IdedExpr>, &IdedExpr)> {
    let Expr::Call(step) = &node.loop_step.expr else {
        return None;
    };
    match &node.accu_init.expr {
        Expr::Literal(LiteralValue::Boolean(initial)) => {
            let fold = if *initial.inner() { Fold::All } else { Fold::Exists };
            Some((fold, None, step.args.get(1)?))
        }
        Expr::Literal(LiteralValue::Int(_)) => Some((Fold::ExistsOne, None, step.args.first()?)),
        Expr::List(_) if step.func_name == operators::CONDITIONAL => {
            let Expr::Call(add) = &step.args.get(1)?.expr else {
                return None;
            };
            Some((Fold::Map, step.args.first(), appended(add)?))
        }
        Expr::List(_) => Some((Fold::Map, None, appended(step)?)),
        _ => None,
    }
}

fn appended(add: &CallExpr) -> Option<&IdedExpr> {
    match &add.args.get(1)?.expr {
        Expr::List(list) => list.elements.first(),
        _ => None,
    }
}
