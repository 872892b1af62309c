/** What gestures on the canvas mean as operations on the text, and which wires cannot be. Pure. */
import type { Design } from '@/generated/Design';
import type { Edge } from '@/generated/Edge';
import type { EditOp } from '@/generated/EditOp';
import type { StepNode } from '@/generated/StepNode';
import { handleOf, isContainer, portOf } from '@/shared/canvas';

export interface Template {
  /** Names it among the templates. */
  key: string;
  action: string;
  name: string;
  about: string;
  id: string;
  fields: Record<string, unknown>;
  control: boolean;
}

function template(key: string, action: string, name: string, about: string, id: string, fields: Record<string, unknown>, control = false): Template {
  return { key, action, name, about, id, fields, control };
}

const greet = { id: 'script', run: 'echo hello' };

/** What the palette offers. */
export const templates: Template[] = [
  template('run', 'run', 'Run script', 'A script in a shell', 'script', { run: 'echo hello' }),
  template('command', 'command', 'Run command', 'A program with its arguments', 'command', { command: ['echo', 'hello'] }),
  template('http', 'http', 'HTTP request', 'Asks a server', 'request', { http: { url: 'https://example.com' } }),
  template('set', 'set', 'Set values', 'Named values from expressions', 'values', { set: { name: 'value' } }),
  template('jq', 'jq', 'jq program', 'Reshapes JSON', 'query', { jq: { program: '.', input: {} } }),
  template('workflow', 'workflow', 'Workflow', 'Another workflow as a run of its own', 'call', { workflow: { id: 'other' } }),
  template('choose', 'choose', 'Choose', 'The first case that is true', 'choice', { choose: { yes: '${{ true }}', else: 'no' } }, true),
  template('steps', 'steps', 'Group', 'Steps that belong together', 'group', { steps: [greet] }, true),
  template('for_each', 'steps', 'For each', 'The same steps for each element of a list', 'each', { for_each: [1, 2, 3], max_parallel: 2, steps: [greet] }, true),
  template('wait', 'wait', 'Wait', 'For a time or an event', 'wait', { wait: { for: '10s' } }, true),
  template('approve', 'approve', 'Approval', 'A person decides', 'approval', { approve: { message: 'Go on?' } }, true),
];

export interface Exit {
  step: string;
  handle: string;
}

type Graph = Pick<Design, 'nodes' | 'edges'>;

export function freshId(wish: string, taken: Iterable<string>): string {
  const used = new Set(taken);
  if (!used.has(wish)) return wish;
  const stem = wish.replace(/_?\d+$/, '');
  let n = 2;
  while (used.has(`${stem}_${n}`)) n += 1;
  return `${stem}_${n}`;
}

/** Why a wire cannot be drawn, or null when it can. */
export function whyNot(graph: Graph, from: Exit, to: string): string | null {
  if (from.step === to) return 'A step cannot wait for itself.';
  const source = graph.nodes.find((node) => node.id === from.step);
  if (!source) return 'This step is not in the workflow any more.';
  if (graph.nodes.find((node) => node.id === to)?.parent !== source.parent) return 'Only steps of one group can be connected: connect the group itself.';
  const there = graph.edges.some((edge) => !edge.implied && edge.from === from.step && edge.to === to && handleOf(source, edge.port) === from.handle);
  if (there) return 'These two ports are already connected.';
  const path = pathBetween(graph.edges, to, from.step);
  return path ? `This would be a cycle: ${[from.step, ...path].join(' → ')}.` : null;
}

function pathBetween(edges: Edge[], from: string, to: string): string[] | null {
  const before = new Map<string, string | null>([[from, null]]);
  const waiting = [from];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    if (at === to) {
      const path: string[] = [];
      for (let back: string | null | undefined = at; back; back = before.get(back)) path.unshift(back);
      return path;
    }
    for (const edge of edges) {
      if (edge.from === at && !before.has(edge.to)) {
        before.set(edge.to, at);
        waiting.push(edge.to);
      }
    }
  }
  return null;
}

export function connectOp(graph: Graph, from: Exit, to: string): EditOp {
  const source = graph.nodes.find((node) => node.id === from.step);
  return { op: 'connect', from: from.step, port: source ? portOf(source, from.handle) : from.handle, to };
}

/** Adds a step; on a wire it is spliced in, behind an exit it is connected. */
export function addOps(graph: Graph, template: Template, place: { edge?: Edge; after?: Exit; into?: string }): { id: string; ops: EditOp[] } {
  const near = place.edge?.to ?? place.after?.step;
  const group = near === undefined ? place.into : graph.nodes.find((node) => node.id === near)?.parent;
  const id = freshId(group === undefined ? template.id : `${group}.${template.id}`, graph.nodes.map((node) => node.id));
  const ops: EditOp[] = [{ op: 'add_step', id, fields: template.fields }];
  if (place.edge) ops.push(...spliceOps(place.edge, id));
  else if (place.after) ops.push(connectOp(graph, place.after, id));
  return { id, ops };
}

/** Puts a step into a wire: the wire's ends reconnect through it. */
export function spliceOps({ from, port, to }: Edge, id: string): EditOp[] {
  return [
    { op: 'disconnect', from, port, to },
    { op: 'connect', from, port, to: id },
    { op: 'connect', from: id, port: null, to },
  ];
}

/** Whether a step that exists can be spliced into a wire by dropping it there: it must have no wires of its own. */
export function canSplice(graph: Graph, id: string, edge: Edge): boolean {
  return !edge.implied && edge.from !== id && edge.to !== id && !graph.edges.some((each) => each.from === id || each.to === id);
}

/** Of some steps those that are in no other one of them: what is in a group goes with it. */
export function outermost(ids: string[]): string[] {
  return ids.filter((id) => !ids.some((other) => id.startsWith(`${other}.`)));
}

/** The text of steps as they stand, for the clipboard. */
export function copyText(design: Design, ids: string[]): string {
  const lines = design.text.split('\n');
  const wanted = outermost(ids);
  const parts = design.nodes.filter((node) => wanted.includes(node.id)).map((node) => {
    const own = lines.slice(node.line - 1, node.end_line);
    const indent = /^\s*/.exec(own[0] ?? '')?.[0].length ?? 0;
    return own.map((line) => line.slice(Math.min(indent, /^\s*/.exec(line)?.[0].length ?? 0))).join('\n').trimEnd();
  });
  return parts.length ? `${parts.join('\n')}\n` : '';
}

/** A step's fields with the steps that are in it. */
function wholeFields(node: StepNode, all: StepNode[]): Record<string, unknown> {
  if (!isContainer(node)) return node.fields;
  const steps = all.filter((each) => each.parent === node.id).map((each) => wholeFields(each, all));
  return { ...node.fields, steps };
}

/** A whole workflow around copied steps, so that they can be read as any other text is. */
export function wrapCopied(text: string): string {
  const body = text.replace(/\r\n/g, '\n').split('\n').map((line) => (line ? `  ${line}` : line)).join('\n');
  return `loomwork: 1\nid: clipboard\nsteps:\n${body}\n`;
}

/** Adds copied steps under fresh ids; wires among them follow, wires to steps that are not here are dropped. */
export function pasteOps(graph: Graph, copied: Design): { ids: string[]; ops: EditOp[]; renamed: Map<string, string> } {
  const here = new Set(graph.nodes.map((node) => node.id));
  const renamed = new Map<string, string>();
  const nodes = copied.nodes.filter((node) => node.parent === undefined);
  for (const node of nodes) renamed.set(node.id, freshId(node.id.replace(/^@/, 'step_'), [...here, ...renamed.values()]));
  const ops: EditOp[] = [];
  for (const node of nodes) {
    const { id: _id, needs, ...fields } = wholeFields(node, copied.nodes);
    const kept = (Array.isArray(needs) ? needs : typeof needs === 'string' ? [needs] : []).flatMap((need: unknown) => {
      const [step, port] = String(need).split('.');
      const target = renamed.get(step ?? '') ?? (here.has(step ?? '') ? step : undefined);
      return target ? [port ? `${target}.${port}` : target] : [];
    });
    const id = renamed.get(node.id) ?? node.id;
    ops.push({ op: 'add_step', id, fields: kept.length ? { needs: kept, ...reread(fields, renamed) } : reread(fields, renamed) });
  }
  return { ids: [...renamed.values()], ops, renamed };
}

/** Expressions among the copied steps read the copies. */
function reread(fields: Record<string, unknown>, renamed: Map<string, string>): Record<string, unknown> {
  const visit = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replace(/\$\{\{.*?\}\}/gs, (expression) => expression.replace(/\bsteps\.([A-Za-z_]\w*)/g, (all, id: string) => `steps.${renamed.get(id) ?? id}` || all));
    }
    if (Array.isArray(value)) return value.map(visit);
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
    return value;
  };
  return visit(fields) as Record<string, unknown>;
}
