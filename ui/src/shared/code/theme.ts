/** The look of code, from the design tokens, so that it follows the theme by itself. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags as t } from '@lezer/highlight';

export const codeLook = [
  EditorView.theme({
    '&': { color: 'var(--text-1)', backgroundColor: 'transparent', fontSize: '12px', height: '100%' },
    '&.cm-focused': { outline: 'none' },
    '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '18px', scrollbarWidth: 'thin', scrollbarColor: 'var(--border-strong) transparent' },
    '.cm-content': { caretColor: 'var(--accent)', padding: '8px 0' },
    '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '1.5px' },
    '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--text-3)', border: 'none', paddingLeft: '4px' },
    '.cm-activeLine': { backgroundColor: 'color-mix(in oklab, var(--surface-3) 60%, transparent)' },
    '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--text-2)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in oklab, var(--accent) 24%, transparent) !important' },
    '.cm-selectionMatch': { backgroundColor: 'color-mix(in oklab, var(--accent) 12%, transparent)' },
    '.cm-step-line': { boxShadow: 'inset 2px 0 0 var(--accent)' },
    '.cm-tooltip': { border: '1px solid var(--border-strong)', borderRadius: '8px', backgroundColor: 'var(--surface)', color: 'var(--text-1)', boxShadow: 'var(--shadow-3)', overflow: 'hidden' },
    '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--font-ui)', fontSize: '12px', borderLeft: 'none', maxWidth: '460px' },
    '.cm-diagnostic-error': { borderLeft: '3px solid var(--st-failed)' },
    '.cm-diagnostic-warning': { borderLeft: '3px solid var(--st-retrying)' },
    '.cm-diagnostic-hint, .cm-diagnostic-info': { borderLeft: '3px solid var(--st-running)' },
    '.cm-diagnosticText': { display: 'block', lineHeight: '17px' },
    '.cm-diagnosticSource': { fontFamily: 'var(--font-mono)', fontSize: '11px', opacity: '1', color: 'var(--text-3)', marginTop: '4px' },
    '.cm-diagnosticAction': { font: '500 11px var(--font-ui)', color: 'var(--text-1)', backgroundColor: 'var(--surface-3)', borderRadius: '6px', padding: '3px 8px', margin: '4px 6px 0 0' },
    '.cm-lint-marker': { width: '10px', height: '10px' },
    '.cm-gutter-lint': { width: '14px' },
    '.cm-panels': { backgroundColor: 'var(--surface-2)', color: 'var(--text-1)', borderColor: 'var(--border)' },
    '.cm-panel.cm-search': { fontFamily: 'var(--font-ui)', padding: '6px 10px' },
    '.cm-textfield': { border: '1px solid var(--border)', borderRadius: '6px', backgroundColor: 'var(--surface)', padding: '2px 6px' },
    '.cm-button': { border: '1px solid var(--border)', borderRadius: '6px', backgroundImage: 'none', backgroundColor: 'var(--surface)', padding: '2px 8px' },
    '.cm-foldPlaceholder': { backgroundColor: 'var(--surface-3)', border: 'none', color: 'var(--text-3)' },
  }),
  syntaxHighlighting(HighlightStyle.define([
    { tag: [t.propertyName, t.definition(t.propertyName), t.attributeName], color: 'var(--code-key)' },
    { tag: [t.string, t.special(t.string), t.content], color: 'var(--code-str)' },
    { tag: [t.number, t.bool, t.null, t.atom], color: 'var(--code-num)' },
    { tag: [t.keyword, t.function(t.variableName), t.standard(t.variableName), t.tagName], color: 'var(--code-fn)' },
    { tag: [t.punctuation, t.separator, t.bracket, t.meta, t.operator], color: 'var(--code-punc)' },
    { tag: t.comment, color: 'var(--text-3)', fontStyle: 'italic' },
  ])),
];
