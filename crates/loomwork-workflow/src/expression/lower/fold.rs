//! The macros over lists and maps, recognised in the expansion that the parser makes of them, and those that it leaves as
//! they are written.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Lowering, RESERVED_ROOTS};
use crate::expression::functions::MACROS;
use crate::expression::program::{Code, Fold, ProblemKind};

impl Lowering<'_> {
    pub(super) fn comprehension(&mut self, node: &ComprehensionExpr, depth: usize) -> Option<Code> {
        let range = self.lower_box(&node.iter_range, depth);
        self.is_free(&node.iter_var)?;
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

    /// `list.sortBy(x, key)`.
    pub(super) fn sort_by(&mut self, list: &IdedExpr, element: &str, key: &IdedExpr, depth: usize) -> Option<Code> {
        let range = self.lower_box(list, depth);
        self.is_free(element)?;
        self.locals.push(element.to_owned());
        let body = self.lower_box(key, depth);
        self.locals.pop();
        Some(Code::Fold { fold: Fold::SortBy, range: range?, filter: None, body: body? })
    }

    /// `cel.bind(x, value, expression)`.
    pub(super) fn bind(&mut self, name: &str, value: &IdedExpr, inside: &IdedExpr, depth: usize) -> Option<Code> {
        let value = self.lower_box(value, depth);
        self.is_free(name)?;
        self.locals.push(name.to_owned());
        let inside = self.lower_box(inside, depth);
        self.locals.pop();
        Some(Code::Bind(value?, inside?))
    }

    pub(super) fn macro_misused(&mut self, name: &str) -> Option<Code> {
        let written = MACROS.iter().find(|(known, ..)| *known == name).map_or(name, |(_, signature, _)| signature);
        let message = format!("`{name}` is written `{written}`, with a name for `x`");
        self.problem(ProblemKind::UnknownFunction, name.rsplit('.').next().unwrap_or(name), message, None);
        None
    }

    /// Whether a name can be given to something; none when it already has a meaning.
    fn is_free(&mut self, name: &str) -> Option<()> {
        if !RESERVED_ROOTS.contains(&name) {
            return Some(());
        }
        let message = format!("`{name}` already has a meaning; give the element another name");
        self.problem(ProblemKind::UnknownName, name, message, None);
        None
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
