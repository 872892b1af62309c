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

/** Removes steps; what came before each and what came after are joined. */
export const remove = (ids: string[]): EditOp[] => outermost(ids).map((id) => ({ op: 'remove_step', id, heal: true }));

/** The group around all of some steps: that of the first of them; null is the workflow. */
export const parentOf = (design: Pick<Design, 'nodes'>, ids: string[]): string | null => design.nodes.find((node) => node.id === ids[0])?.parent ?? null;

/** The last step of a group (null: of the workflow) that is none of some others. */
export function lastOf(design: Pick<Design, 'nodes'>, group: string | null, others: string[]): string | null {
  return design.nodes.filter((node) => (node.parent ?? null) === group && !others.includes(node.id)).at(-1)?.id ?? null;
}

/** The groups that steps can go into: none of themselves, nor in them, nor where all of them are already. */
export function groupsFor(design: Pick<Design, 'nodes'>, ids: string[]): StepNode[] {
  const within = (id: string) => ids.some((each) => id === each || id.startsWith(`${each}.`));
  return design.nodes.filter((node) => isContainer(node) && !within(node.id) && ids.some((id) => parentOf(design, [id]) !== node.id));
}

/** The text of steps as they stand, for the clipboard: a list in YAML. */
export function copyText(design: Pick<Design, 'text' | 'nodes'>, ids: string[]): string {
  const lines = design.text.replace(/\r\n/g, '\n').split('\n');
  const wanted = outermost(ids);
  const parts = design.nodes.filter((node) => wanted.includes(node.id)).map((node) => {
    const own = lines.slice(node.line - 1, node.end_line);
    const indent = indentOf(own[0] ?? '');
    // What does not begin with a dash of its own shares its lines with others: its values are copied. JSON is YAML.
    if (!own[0]?.startsWith('- ', indent)) return `- ${JSON.stringify(wholeFields(node, design.nodes))}`;
    return own.map((line) => line.slice(Math.min(indent, indentOf(line)))).join('\n').trimEnd();
  });
  return parts.length ? `${parts.join('\n')}\n` : '';
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** A step's fields with the steps that are in it. */
function wholeFields(node: StepNode, all: StepNode[]): Record<string, unknown> {
  if (!isContainer(node)) return node.fields;
  const steps = all.filter((each) => each.parent === node.id).map((each) => wholeFields(each, all));
  return { ...node.fields, steps };
}
