/** Places in a text. Lines and columns count from 1, columns in characters, the way problems name them. */
import type { TextEdit } from '@/generated/TextEdit';

/** Offset (in UTF-16 units) of a place; beyond the end of a line means its end. */
export function offsetAt(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  const lineEnd = text.indexOf('\n', start);
  const end = lineEnd < 0 ? text.length : lineEnd;
  let offset = start;
  for (let at = 1; at < column && offset < end; at += 1) offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: TextEdit[]): string {
  const spans = edits
    .map((edit) => ({ from: offsetAt(text, edit.line, edit.column), to: offsetAt(text, edit.end_line, edit.end_column), text: edit.text }))
    .sort((a, b) => b.from - a.from);
  return spans.reduce((result, span) => result.slice(0, span.from) + span.text + result.slice(span.to), text);
}

/** The smallest replacement that makes one text of another. */
export function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let tail = 0;
  while (tail < shorter - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}
