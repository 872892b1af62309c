/**
 * Completion and explanations in an editor. Who asks whom is the caller's business: an `Assist` answers for a place.
 */
import { autocompletion, closeCompletion, completionKeymap, startCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { Prec, type EditorState, type Extension } from '@codemirror/state';
import { hoverTooltip, keymap, type EditorView, type Tooltip } from '@codemirror/view';
import type { Completions } from '@/generated/Completions';
import type { Hover } from '@/generated/Hover';
import { plain } from '../format';
import { offsetAt } from '../text';

/** A place of a text; line and column count from 1, columns in characters. */
export interface Place { text: string; line: number; column: number }

export interface Assist {
  complete: (place: Place) => Promise<Completions>;
  hover: (place: Place) => Promise<Hover>;
}

const words: Record<string, string> = { key: 'keyword', step: 'class', port: 'enum', name: 'variable', field: 'property', function: 'function' };

function placeAt(state: EditorState, offset: number): Place {
  const line = state.doc.lineAt(offset);
  const before = state.sliceDoc(line.from, offset);
  return { text: state.doc.toString(), line: line.number, column: [...before].length + 1 };
}

export function assisting(assist: () => Assist | undefined): Extension {
  return [
    autocompletion({ override: [(context) => offered(context, assist())], icons: false, maxRenderedOptions: 60, tooltipClass: () => 'cm-offers' }),
    Prec.high(keymap.of([...completionKeymap, { key: 'Ctrl-Space', run: startCompletion }, { key: 'Escape', run: closeCompletion }])),
    hoverTooltip((view, at) => explained(view, at, assist()), { hoverTime: 250 }),
  ];
}

async function offered(context: CompletionContext, assist: Assist | undefined): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w.]+$/);
  if (!assist || (!context.explicit && !word)) return null;
  const place = placeAt(context.state, context.pos);
  const { from_column, items } = await assist.complete(place).catch(() => ({ from_column: 0, items: [] }));
  if (context.aborted || items.length === 0) return null;
  const options = items.map((item, at): Completion => ({
    label: item.label,
    type: words[item.kind] ?? 'text',
    detail: item.type ?? (item.kind === 'key' ? '' : item.kind),
    boost: -at / 100,
    info: () => card(item.detail, null, item.value),
  }));
  return { from: offsetAt(place.text, place.line, from_column), options, validFor: /^\w*$/ };
}

async function explained(view: EditorView, at: number, assist: Assist | undefined): Promise<Tooltip | null> {
  if (!assist) return null;
  const place = placeAt(view.state, at);
  const found = await assist.hover(place).catch(() => null);
  if (!found || found.text === null) return null;
  const [pos, end] = [offsetAt(place.text, place.line, found.from_column), offsetAt(place.text, place.line, found.to_column)];
  return { pos, end, above: true, create: () => ({ dom: card(found.text ?? '', found.type, found.value) }) };
}

/** Meaning, type and value, one below the other. */
function card(text: string, type: string | null, value: string | null): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'cm-meaning';
  const line = (className: string, content: string) => {
    const part = dom.appendChild(document.createElement('div'));
    part.className = className;
    part.textContent = content;
  };
  if (type) line('cm-meaning-type', type);
  line('cm-meaning-text', plain(text));
  if (value !== null) line('cm-meaning-value', `= ${value}`);
  return dom;
}
