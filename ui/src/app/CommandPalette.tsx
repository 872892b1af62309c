/** Every action, workflow and run by name. */
import * as Radix from '@radix-ui/react-dialog';
import { Command } from 'cmdk';
import { Archive, CirclePlay, Keyboard, ListChecks, MailX, Moon, Play, Search, Settings, Sun, Unplug, Workflow, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRuns, useWorkflows } from '@/api';
import { requestRun, useCommandList } from '@/shared/commands';
import { moment } from '@/shared/format';
import { navigate } from '@/shared/router';
import { useTheme } from '@/shared/theme';
import { Keys, StatusIcon } from '@/shared/ui';
import { openLastFailed } from './globalShortcuts';

export function CommandPalette({ onClose, onShortcuts }: { onClose: () => void; onShortcuts: () => void }) {
  const { data: workflows } = useWorkflows();
  const { data: runs } = useRuns({ limit: 50 });
  const commands = useCommandList((state) => state.commands);
  const { shown, choose } = useTheme();
  const other = shown === 'dark' ? 'light' : 'dark';
  const go = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className="pop dialog palette-dialog" aria-describedby={undefined}>
          <Radix.Title className="hidden-text">Commands</Radix.Title>
          <Command label="Commands" loop>
            <div className="cmdk-field"><Search size={15} /><Command.Input placeholder="Search or run a command" autoFocus /></div>
            <Command.List className="scroll">
              <Command.Empty>Nothing has that name.</Command.Empty>
              {commands.length > 0 && (
                <Command.Group heading="Here">
                  {commands.map((command) => <Entry key={command.id} value={command.id} icon={<Zap size={15} />} title={command.title} keys={command.keys} onSelect={go(command.run)} />)}
                </Command.Group>
              )}
              <Command.Group heading="Workflows">
                {workflows?.workflows.map((workflow) => (
                  <Entry key={workflow.path} value={`open ${workflow.path}`} icon={<Workflow size={15} />} title={workflow.id ?? workflow.path} note={workflow.path}
                    onSelect={go(() => navigate({ view: 'design', path: workflow.path }))} />
                ))}
                {workflows?.workflows.filter((w) => w.errors === 0).map((workflow) => (
                  <Entry key={`run ${workflow.path}`} value={`run ${workflow.path}`} icon={<Play size={15} />} title={`Run ${workflow.id ?? workflow.path}`}
                    onSelect={go(() => requestRun(workflow.path))} />
                ))}
              </Command.Group>
              <Command.Group heading="Go to">
                <Entry value="go workflows" icon={<ListChecks size={15} />} title="Workflows" keys="G W" onSelect={go(() => navigate({ view: 'workflows' }))} />
                <Entry value="go runs" icon={<CirclePlay size={15} />} title="Runs" keys="G R" onSelect={go(() => navigate({ view: 'runs' }))} />
                <Entry value="go last failed run" icon={<CirclePlay size={15} />} title="Last failed run" keys="G F" onSelect={go(() => void openLastFailed())} />
                <Entry value="go dead letters" icon={<MailX size={15} />} title="Dead letters" onSelect={go(() => navigate({ view: 'letters' }))} />
                <Entry value="go circuit breakers" icon={<Unplug size={15} />} title="Circuit breakers" onSelect={go(() => navigate({ view: 'breakers' }))} />
                <Entry value="go archive" icon={<Archive size={15} />} title="Archive" note="bring back, or remove ended runs" onSelect={go(() => navigate({ view: 'archive' }))} />
                <Entry value="go settings" icon={<Settings size={15} />} title="Settings" keys="Ctrl ," onSelect={go(() => navigate({ view: 'settings' }))} />
                <Entry value="shortcuts" icon={<Keyboard size={15} />} title="Show shortcuts" keys="?" onSelect={go(onShortcuts)} />
                <Entry value={`theme ${other}`} icon={other === 'dark' ? <Moon size={15} /> : <Sun size={15} />} title={`Switch to the ${other} theme`} onSelect={go(() => choose(other))} />
              </Command.Group>
              <Command.Group heading="Runs">
                {runs?.runs.map((run) => (
                  <Entry key={run.id} value={`${run.workflow} #${run.number} ${run.id}`} icon={<StatusIcon status={run.status} size={14} />} title={`${run.workflow} #${run.number}`}
                    note={moment(run.created_at)} onSelect={go(() => navigate({ view: 'run', id: run.id }))} />
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Entry({ value, icon, title, note, keys, onSelect }: { value: string; icon: ReactNode; title: string; note?: string; keys?: string; onSelect: () => void }) {
  return (
    <Command.Item value={`${title} ${value}`} onSelect={onSelect}>
      {icon}<span className="grow ell">{title}</span>{note && <span className="xs t3">{note}</span>}{keys && <Keys keys={keys} />}
    </Command.Item>
  );
}
