/**
 * An editor of text. The text belongs to the caller: `value` may change at any time and the cursor stays put.
 * It keeps no history of its own when `onUndo` is given: undo then belongs to the whole document.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput, StreamLanguage } from '@codemirror/language';
import { javascript } from '@codemirror/legacy-modes/mode/javascript';
import { python } from '@codemirror/legacy-modes/mode/python';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { lintGutter, setDiagnostics, type Diagnostic as Mark } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';
import { EditorView, highlightActiveLine, keymap, lineNumbers, placeholder as placeholderText } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { difference, lineAt, offsetAt } from '../text';
import { assisting, type Assist } from './assist';
import { codeLook } from './theme';

export type Language = 'yaml' | 'shell' | 'python' | 'javascript' | 'json' | 'text';
export type { Mark };

const languages: Record<Language, () => Extension> = {
  yaml,
  shell: () => StreamLanguage.define(shell),
  python: () => StreamLanguage.define(python),
  javascript: () => StreamLanguage.define({ ...javascript, tokenTable: { property: tags.propertyName } }),
  json,
  text: () => [],
};

const fromOutside = Annotation.define<boolean>();

interface CodeEditorProps {
  label: string;
  value: string;
  language: Language;
  onChange?: (value: string) => void;
  onBlur?: () => void;
  onCursorLine?: (line: number) => void;
  onUndo?: () => void;
  onRedo?: () => void;
  marks?: Mark[];
  /** Who says what can be written and what names mean. */
  assist?: Assist;
  /** A line to bring into view; a new object scrolls again. */
  reveal?: { line: number } | null;
  gutter?: boolean;
  autoFocus?: boolean;
  placeholder?: string;
}

export function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const mode = useRef(new Compartment());
  const { value, language, marks, reveal } = props;

  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({ parent: host.current, doc: latest.current.value, extensions: extensionsFor(latest, mode.current) });
    view.current = editor;
    if (latest.current.autoFocus) editor.focus();
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const change = difference(editor.state.doc.toString(), value);
    if (change) editor.dispatch({ changes: change, annotations: fromOutside.of(true) });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: mode.current.reconfigure(languages[language]()) });
  }, [language]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !marks) return;
    const end = editor.state.doc.length;
    editor.dispatch(setDiagnostics(editor.state, marks.map((mark) => ({ ...mark, from: Math.min(mark.from, end), to: Math.min(mark.to, end) }))));
  }, [marks]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !reveal) return;
    const at = offsetAt(editor.state.doc.toString(), reveal.line, 1);
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }), annotations: fromOutside.of(true) });
  }, [reveal]);

  return <div ref={host} className="code" />;
}

function extensionsFor(latest: { current: CodeEditorProps }, mode: Compartment): Extension[] {
  const { language, label, onChange, onUndo, gutter, placeholder, assist } = latest.current;
  const run = (act?: () => void) => () => {
    act?.();
    return true;
  };
  return [
    onUndo
      ? keymap.of([
          { key: 'Mod-z', run: () => run(latest.current.onUndo)() },
          { key: 'Mod-Shift-z', run: () => run(latest.current.onRedo)() },
          { key: 'Mod-y', run: () => run(latest.current.onRedo)() },
        ])
      : history(),
    keymap.of([...(onUndo ? [] : historyKeymap), ...(gutter ? searchKeymap : []), ...defaultKeymap, ...(gutter ? [indentWithTab] : [])]),
    mode.of(languages[language]()),
    gutter ? [lineNumbers(), lintGutter(), highlightActiveLine(), highlightSelectionMatches()] : EditorView.lineWrapping,
    indentOnInput(),
    bracketMatching(),
    assist ? assisting(() => latest.current.assist) : [],
    codeLook,
    placeholder ? placeholderText(placeholder) : [],
    EditorState.readOnly.of(!onChange),
    EditorState.tabSize.of(2),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false' }),
    EditorView.domEventHandlers({ blur: () => latest.current.onBlur?.() }),
    EditorView.updateListener.of((update) => {
      if (update.transactions.some((transaction) => transaction.annotation(fromOutside))) return;
      if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
      else if (update.selectionSet) latest.current.onCursorLine?.(lineAt(update.state.doc.toString(), update.state.selection.main.head));
    }),
  ];
}
