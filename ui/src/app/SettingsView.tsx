/** What a person can choose, and facts about the workspace. */
import { Monitor, Moon, Sun } from 'lucide-react';
import { useWorkspace } from '@/api';
import { useSetTitle } from '@/shared/title';
import { useTheme, type Theme } from '@/shared/theme';
import { Segments } from '@/shared/ui';

export function SettingsView() {
  const { theme, choose } = useTheme();
  const { data } = useWorkspace();
  useSetTitle('Settings');
  return (
    <div className="scroll grow">
      <div className="toolbar"><h1>Settings</h1></div>
      <div className="settings">
        <h2>Appearance</h2>
        <div className="set">
          <span><span className="med">Theme</span><br /><span className="sm t3">Kept in this browser or window.</span></span>
          <Segments<Theme> label="Theme" value={theme} onChange={choose} choices={[
            { id: 'system', label: 'System', icon: <Monitor size={13} /> },
            { id: 'light', label: 'Light', icon: <Sun size={13} /> },
            { id: 'dark', label: 'Dark', icon: <Moon size={13} /> },
          ]} />
        </div>
        {data && (
          <>
            <h2 style={{ marginTop: 28 }}>Workspace</h2>
            {([['Folder', data.path], ['Your actions are recorded as', data.actor], ['Processes at one time', String(data.slots)], ['Engine', data.owner ? `this process (${data.owner_pid})` : `process ${data.owner_pid}`], ['Version', data.version]] as const).map(([name, value]) => (
              <div key={name} className="set sm"><span className="t2">{name}</span><span className="mono ell" style={{ userSelect: 'text' }}>{value}</span></div>
            ))}
          </>
        )}
      </div>
    </div>
  );
}
